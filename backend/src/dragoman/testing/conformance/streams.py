"""Cases about streams: their reads, their ends, and whoever stops listening."""

import asyncio
from contextlib import aclosing
from typing import Final

from msgspec.structs import replace

from dragoman.chat import Category, PartDelta, PartStart, StopReason, Text
from dragoman.services.llm_service import stream_ai_response
from dragoman.testing.conformance.bench import HASTY, Bench, Heard, told
from dragoman.testing.conformance.case import (
    Case,
    Shortfall,
    case,
    cases_in,
    require,
    require_equal,
)
from dragoman.testing.conformance.questions import GOOD_DAY, TALK
from dragoman.testing.upstream import ScriptedUpstream, scripted_upstream

BROKEN: Final = frozenset({Category.STREAM_INTERRUPTED, Category.CONNECTION, Category.BAD_RESPONSE})
"""What an answer may be called that is not whole, or no answer."""

_SOON: Final = 3.0
"""Seconds within which a call that nobody listens to has to end."""


@case("stream.is_the_same_in_any_cut")
async def any_cut(bench: Bench) -> None:
    """A stream says the same however it is cut into reads."""
    said = await bench.streamed(GOOD_DAY)
    body = b"".join(said.pieces)
    for pieces in ([body], [body[i : i + 1] for i in range(len(body))]):
        reply = (await bench.ask(bench.stream_of(pieces), stream=True)).answer
        require_equal(
            (reply.text, reply.stop and reply.stop.reason),
            ("Good day", StopReason.STOP),
            f"the reply in {len(pieces)} reads",
        )


@case("stream.comes_as_it_is_said")
async def not_held_back(bench: Bench) -> None:
    """The first words are passed on before the last are said."""
    said = await bench.streamed(GOOD_DAY)
    async with scripted_upstream() as upstream:
        upstream.play(bench.stream_of(said.pieces[: -1 - said.spare], end="hang"))
        await _listen(bench, upstream)


@case("stream.cut.is_interrupted")
async def cut(bench: Bench) -> None:
    """A stream whose connection breaks before its last event is never taken for whole."""
    said = await bench.streamed(GOOD_DAY)
    for kept in range(len(said.pieces)):
        heard = await bench.ask(bench.stream_of(said.pieces[:kept], end="cut"), stream=True)
        _check_broken(heard, f"cut after {kept} of {len(said.pieces)} events")


@case("stream.early_end.is_interrupted")
async def early_end(bench: Bench) -> None:
    """A stream that ends in good order, but too early, is never taken for whole."""
    said = await bench.streamed(GOOD_DAY)
    for kept in range(len(said.pieces) - said.spare):
        heard = await bench.ask(bench.stream_of(said.pieces[:kept]), stream=True)
        _check_broken(heard, f"ended after {kept} of {len(said.pieces)} events")


def _check_broken(heard: Heard, where: str) -> None:
    require(heard.reply is None, f"{where}: saw a whole reply, expected an error")
    seen = heard.failure.category
    require(seen in BROKEN, f"{where}: saw {seen}, expected stream_interrupted")


@case("cancel.ends_the_call")
async def cancelled(bench: Bench) -> None:
    """Whoever stops listening to a stream ends the call upstream."""
    said = await bench.streamed(GOOD_DAY)
    async with scripted_upstream() as upstream:
        upstream.play(bench.stream_of(said.pieces[: -1 - said.spare], end="hang"))
        async with bench.candidate(upstream.url) as candidate:
            asked = stream_ai_response(replace(TALK, stream=True), candidate)
            async with aclosing(asked) as batches:
                await anext(batches)
            await _closed(upstream)


@case("cancel.before_the_first_word_ends_the_call")
async def cancelled_early(bench: Bench) -> None:
    """A question that is given up before anything is answered ends upstream, too."""
    async with scripted_upstream() as upstream:
        upstream.play(bench.stream_of((), end="hang"))
        async with bench.candidate(upstream.url) as candidate:
            waiting = asyncio.create_task(told(replace(TALK, stream=True), candidate))
            await asyncio.wait_for(upstream.asked.wait(), _SOON)
            waiting.cancel()
            await asyncio.wait([waiting], timeout=_SOON)
            await _closed(upstream)


async def _closed(upstream: ScriptedUpstream) -> None:
    try:
        await asyncio.wait_for(upstream.closed_by_peer.wait(), _SOON)
    except TimeoutError:
        raise Shortfall(
            f"the call goes on upstream {_SOON:.0f} s after its listener left; "
            "expected its connection to be closed"
        ) from None


async def _listen(bench: Bench, upstream: ScriptedUpstream) -> None:
    """Listen until a word comes."""
    async with bench.candidate(upstream.url) as candidate:
        asked = stream_ai_response(replace(TALK, stream=True), candidate)
        try:
            async with asyncio.timeout(_SOON), aclosing(asked) as batches:
                async for batch in batches:
                    if any(_is_word(event) for event in batch):
                        return
        except TimeoutError:
            pass
    raise Shortfall("no word was passed on while the stream went on; expected each as it comes")


def _is_word(event: object) -> bool:
    match event:
        case PartDelta(text=text) | PartStart(part=Text(text=text)):
            return bool(text)
        case _:
            return False


@case("error.timeout.idle")
async def idle(bench: Bench) -> None:
    """A stream that falls silent runs into a timeout."""
    said = await bench.streamed(GOOD_DAY)
    script = bench.stream_of(said.pieces[: -1 - said.spare], end="hang")
    heard = await bench.ask(script, stream=True, timeouts=HASTY)
    require_equal(heard.failure.category, Category.TIMEOUT, "the category of silence")


CASES: Final[tuple[Case[Bench], ...]] = cases_in(globals(), Case)
