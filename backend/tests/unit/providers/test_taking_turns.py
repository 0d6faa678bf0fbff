"""A stream that has arrived already, all of it: others, and the clock, must have their turn."""

import asyncio
import gzip
from contextlib import asynccontextmanager

import pytest

from dragoman.chat import ChatRequest, Message, Text, UpstreamError
from dragoman.config.facts import ModelEntry
from dragoman.services.providers import Engines, HttpProvider, Runtime
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import MAX_CHUNK, Timeouts
from dragoman.testing import Script, scripted_upstream
from dragoman.wire import openai_chat

PROVIDER = HttpProvider(
    provider_id="box", name="Box", wire=openai_chat, base_url="http://127.0.0.1:9"
)
ENTRY = ModelEntry("m", "M", "", "box")
REQUEST = ChatRequest(model="m", messages=(Message("user", (Text("Hello"),)),), stream=True)
REMARKS = b":\n\n" * (MAX_CHUNK // 3)


class Buffered:
    """An upstream whose answer is there before it is asked for: reading it never waits."""

    status = 200
    headers = {"content-type": "text/event-stream"}  # noqa: RUF012 - as the protocol has it

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces

    async def read(self, *, limit: int = 0):
        self._pieces -= 1
        return REMARKS + b"\n" if self._pieces >= 0 else b""

    @asynccontextmanager
    async def send(self, _method, _url, *, headers, body=b""):
        yield self


def model(upstream, timeouts: Timeouts):
    world = Runtime(environ={}, upstream=upstream, timeouts=timeouts, engines=Engines())
    return PROVIDER.create_llm(ENTRY, world)


async def reason_of(upstream, timeouts: Timeouts) -> str | None:
    with pytest.raises(UpstreamError) as caught:
        async for _ in model(upstream, timeouts).stream(REQUEST):
            pass
    return caught.value.failure.reason


async def test_others_have_their_turn_while_much_of_a_stream_is_read():
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    assert await reason_of(Buffered(20), Timeouts()) == "stream_interrupted"
    other.cancel()
    assert turns >= 15


async def test_a_stream_of_remarks_without_end_meets_its_limit():
    limits = Timeouts(first_token=0.05)
    async with asyncio.timeout(20):
        assert await reason_of(Buffered(1_000_000), limits) == "timeout_first_token"


async def test_time_that_the_client_takes_is_not_the_providers():
    event = b'data: {"id":"1","choices":[{"delta":{"content":"a"},"finish_reason":%b}]}\n\n'
    script = Script(
        200,
        {"content-type": "text/event-stream"},
        (event % b"null", event % b'"stop"', b"data: [DONE]\n\n"),
        pause=0.05,
    )
    upstream = HttptoolsUpstream(Timeouts())
    try:
        async with scripted_upstream() as peer:
            peer.play(script)
            provider = HttpProvider(
                provider_id="box", name="Box", wire=openai_chat, base_url=peer.url
            )
            limits = Timeouts(idle=0.4)
            world = Runtime(environ={}, upstream=upstream, timeouts=limits, engines=Engines())
            heard = []
            async for batch in provider.create_llm(ENTRY, world).stream(REQUEST):
                if not heard:
                    await asyncio.sleep(0.6)  # longer than the provider may be silent
                heard += batch
    finally:
        await upstream.close()
    assert heard[-1].stop.reason == "stop"


async def test_what_was_packed_tightly_is_handed_on_in_pieces():
    upstream = HttptoolsUpstream(Timeouts())
    packed = gzip.compress(b"x" * (1 << 20))
    try:
        async with scripted_upstream() as peer:
            peer.play(Script(200, {"content-encoding": "gzip"}, (packed,)))
            async with upstream.send("GET", peer.url, headers={}) as response:
                pieces = [len(piece) async for piece in response.chunks()]
    finally:
        await upstream.close()
    assert sum(pieces) == 1 << 20
    assert max(pieces) <= MAX_CHUNK


async def test_a_reply_that_nobody_closes_is_closed_all_the_same():
    event = b'data: {"id":"1","choices":[{"delta":{"content":"a"},"finish_reason":null}]}\n\n'
    endless = Script(200, {"content-type": "text/event-stream"}, (event,), end="hang")
    upstream = HttptoolsUpstream(Timeouts())
    try:
        async with scripted_upstream() as peer:
            peer.play(endless)
            provider = HttpProvider(
                provider_id="box", name="Box", wire=openai_chat, base_url=peer.url
            )
            world = Runtime(environ={}, upstream=upstream, timeouts=Timeouts(), engines=Engines())
            reply = provider.create_llm(ENTRY, world).stream(REQUEST)
            await anext(reply)
            assert not peer.closed_by_peer.is_set()
            del reply
            await asyncio.wait_for(peer.closed_by_peer.wait(), 20)
    finally:
        await upstream.close()


async def test_a_reply_that_is_closed_before_it_began_asks_nobody():
    reply = model(Buffered(1), Timeouts()).stream(REQUEST)
    await reply.aclose()
    assert [batch async for batch in reply] == []
