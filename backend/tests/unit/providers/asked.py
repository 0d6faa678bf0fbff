"""Asking a provider over loopback, to see what is sent and what is made of the answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from dragoman.chat import ChatRequest, Extras, Message, Reply, Text
from dragoman.config.facts import ModelEntry
from dragoman.services.llm_service import get_ai_response
from dragoman.services.providers import Engines, HttpProvider, Runtime
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import Timeouts
from dragoman.services.routing import Candidate
from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import Received, Script, ScriptedUpstream

TIMEOUTS = Timeouts(connect=2, first_byte=2, first_token=2, idle=2, total=5)
KEY = "canary-5b1f0a9c3d7e"
MODEL = ModelEntry("ours", "Ours", "", "any", upstream_id="vendor-model")


class Renamed:
    """A wire that is another one by another name and on another route."""

    def __init__(self, wire, name: str, path: str) -> None:
        self.name, self.path = name, path
        self.write_request, self.read_reply = wire.write_request, wire.read_reply
        self.stream_reader, self.read_failure = wire.stream_reader, wire.read_failure


def asking(wire: str | None = None, **fields: object) -> ChatRequest:
    """Make a request as a client of `wire` would send it; `None`: it came in no wire."""
    request = ChatRequest(
        model="ours",
        messages=(Message("user", (Text("Good day"),)),),
        extras=None if wire is None else Extras(wire),
    )
    return replace(request, **fields)


@asynccontextmanager
async def world(
    provider: HttpProvider, model: ModelEntry = MODEL
) -> AsyncIterator[tuple[ScriptedUpstream, Candidate]]:
    """Run a scripted upstream, and give the candidate that is asked there."""
    async with scripted_upstream() as server:
        upstream = HttptoolsUpstream(TIMEOUTS)
        config = provider.get_config({})
        environ = {} if config.api_key_env is None else {config.api_key_env: KEY}
        here = replace(provider, base_url=server.url)
        try:
            runtime = Runtime(environ, upstream, TIMEOUTS, Engines())
            yield server, Candidate(model, here, runtime)
        finally:
            await upstream.close()


async def exchange(
    provider: HttpProvider, script: Script, request: ChatRequest, model: ModelEntry = MODEL
) -> tuple[Received, Reply]:
    """Ask once; give what arrived there, and the reply."""
    async with world(provider, model) as (server, candidate):
        server.play(script)
        reply = await get_ai_response(request, candidate)
        (received,) = server.received
        return received, reply
