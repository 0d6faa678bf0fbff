"""One question and its whole answer: what is asked of a provider beside replies."""

from collections.abc import Mapping
from contextlib import closing

from msgspec import Struct

from dragoman.config.facts import ModelEntry
from dragoman.observability.secrets import Secret
from dragoman.services.providers.answers import Account, fail
from dragoman.services.providers.base import Runtime
from dragoman.services.providers.headers import heard
from dragoman.services.providers.patience import Patience
from dragoman.services.providers.signing import Signer, vouched_for
from dragoman.services.providers.transport import read_body
from dragoman.wire.base import ProviderSide


class Call(Struct, frozen=True, kw_only=True):
    """What to send, and what no failure may repeat: the `secrets`, the `model`'s other name."""

    url: str
    headers: Mapping[str, str]
    secrets: tuple[Secret, ...]
    model: ModelEntry | None = None
    method: str = "POST"
    body: bytes = b""


class Answered(Struct, frozen=True):
    """A body that came with status 200, and those headers that a client may hear."""

    body: bytes
    headers: tuple[tuple[str, str], ...]


async def ask(
    call: Call, runtime: Runtime, wire: ProviderSide, *, signer: Signer | None = None
) -> Answered:
    """Send once; `wire` reads a failure. Raises `UpstreamError`, or what the signer raises."""
    with (
        closing(Patience(runtime.timeouts)) as patience,
        Account(call.model, call.secrets) as account,
        patience,
    ):
        headers, account.secrets = await vouched_for(call, signer)
        sending = runtime.upstream.send(call.method, call.url, headers=headers, body=call.body)
        async with sending as response:
            account.headers = response.headers
            if response.status != 200:
                await fail(wire, response, patience)
            body = await read_body(response)
            return Answered(body, heard(response.headers, account.secrets))
