"""The Dragoman that runs at the configured address, and how it finds its providers."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from dragoman.chat import UpstreamError
from dragoman.config import Settings
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import read_body

from .at_home import GLANCE, is_loopback

_PATH: Final = "/api/v1/providers"


class Told(Struct, frozen=True, rename="camel"):
    """What a running server says of one of its providers."""

    name: str
    state: str
    reason: str
    models: int
    checked_at: datetime | None = None


class _Answer(Struct):
    providers: tuple[Told, ...]


async def told_by(settings: Settings) -> tuple[Told, ...]:
    """Ask the server at the configured address about the providers of its models.

    Gives nothing where none runs, and asks nobody beyond this machine.
    """
    if not is_loopback(settings.host) or settings.port == 0:
        return ()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    upstream = HttptoolsUpstream(GLANCE)
    try:
        with suppress(UpstreamError, msgspec.DecodeError, TimeoutError):
            url = f"http://{host}:{settings.port}{_PATH}"
            async with (
                asyncio.timeout(GLANCE.total),
                upstream.send("GET", url, headers={}) as response,
            ):
                answer = msgspec.json.decode(await read_body(response), type=_Answer)
                return tuple(one for one in answer.providers if one.models)
    finally:
        await upstream.close()
    return ()
