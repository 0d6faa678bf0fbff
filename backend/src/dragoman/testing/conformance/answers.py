"""Cases about what a provider makes of good answers, whole and streamed."""

from typing import Final

import msgspec
from msgspec.structs import replace

from dragoman.chat import ChatRequest, Reasoning, Reply, Stop, StopReason, ToolCall, Usage
from dragoman.testing.conformance.bench import Bench
from dragoman.testing.conformance.case import (
    Case,
    NotOffered,
    case,
    cases_in,
    require,
    require_equal,
)
from dragoman.testing.conformance.questions import (
    GOOD_DAY,
    ONE_CALL,
    PRICED,
    REASONED,
    TALK,
    THOUGHT,
    TWO_CALLS,
    WITH_TOOLS,
)
from dragoman.testing.upstream import Answer, Received, Script

_MODES: Final = (False, True)


def _in(*, stream: bool) -> str:
    return "streamed" if stream else "whole"


async def _reply(bench: Bench, reply: Reply, request: ChatRequest = TALK, *, stream: bool) -> Reply:
    """Have `reply` said in this mode, and give what arrives."""
    answer = bench.stream(reply) if stream else bench.whole(reply)
    return (await bench.ask(answer, request, stream=stream)).answer


@case("plain.arrives")
async def plain(bench: Bench) -> None:
    """A whole reply arrives: its words, and that it is finished."""
    reply = await _reply(bench, GOOD_DAY, stream=False)
    require_equal(reply.text, "Good day", "the text")
    require_equal(reply.stop and reply.stop.reason, StopReason.STOP, "the reason to stop")


@case("stream.arrives")
async def streamed(bench: Bench) -> None:
    """A streamed reply arrives: its words, and that it is finished."""
    reply = await _reply(bench, GOOD_DAY, stream=True)
    require_equal(reply.text, "Good day", "the text")
    require_equal(reply.stop and reply.stop.reason, StopReason.STOP, "the reason to stop")


@case("plain.other_mode_is_understood")
async def other_mode(bench: Bench) -> None:
    """An answer in the other mode than was asked for is understood all the same."""
    streamed_for = await bench.ask(bench.whole(GOOD_DAY), stream=True)
    require_equal(streamed_for.answer.text, "Good day", "a whole reply to who wants a stream")
    whole_for = await bench.ask(bench.stream(GOOD_DAY))
    require_equal(whole_for.answer.text, "Good day", "a stream to who wants it whole")


async def _calls(bench: Bench, said: Reply, *, stream: bool) -> None:
    reply = await _reply(bench, said, WITH_TOOLS, stream=stream)
    heard = [part for part in reply.parts if isinstance(part, ToolCall)]
    wanted = [part for part in said.parts if isinstance(part, ToolCall)]
    require_equal(
        [(call.name, _arguments(call)) for call in heard],
        [(call.name, _arguments(call)) for call in wanted],
        f"the calls of a reply told {_in(stream=stream)}",
    )
    ids = {call.id for call in heard}
    require(len(ids) == len(heard) and all(ids), f"calls without ids of their own: {sorted(ids)}")
    require_equal(reply.stop and reply.stop.reason, StopReason.TOOL, "the reason to stop")


def _arguments(call: ToolCall) -> object:
    try:
        return msgspec.json.decode(call.arguments)
    except msgspec.DecodeError:
        return call.arguments


@case("tools.call_arrives_whole")
async def call_whole(bench: Bench) -> None:
    """A tool call in a whole reply arrives with its name, arguments and id."""
    await _calls(bench, ONE_CALL, stream=False)


@case("tools.call_arrives_streamed")
async def call_streamed(bench: Bench) -> None:
    """A tool call split over a stream arrives whole."""
    await _calls(bench, ONE_CALL, stream=True)


@case("parallel_tools.arrive_whole")
async def calls_whole(bench: Bench) -> None:
    """Two calls in a whole reply arrive in order, each with its own arguments and id."""
    await _calls(bench, TWO_CALLS, stream=False)


@case("parallel_tools.arrive_streamed")
async def calls_streamed(bench: Bench) -> None:
    """Two calls in a stream arrive in order, each with its own arguments and id."""
    await _calls(bench, TWO_CALLS, stream=True)


@case("reasoning.is_kept_apart")
async def reasoning(bench: Bench) -> None:
    """What a model thinks arrives as thinking, and not among its words."""
    for stream in _MODES:
        noted: list[bytes] = []
        answer = bench.stream(REASONED) if stream else bench.whole(REASONED)
        heard = await bench.ask(_noting(answer, noted), stream=stream)
        if not stream and THOUGHT.encode() not in b"".join(noted):
            raise NotOffered("its wire has no words for what a model thinks")
        reply = heard.answer
        thought = "".join(part.text for part in reply.parts if isinstance(part, Reasoning))
        require_equal(
            (thought, reply.text), (THOUGHT, "Good day"), f"thinking and words {_in(stream=stream)}"
        )


def _noting(answer: Answer, noted: list[bytes]) -> Answer:
    """Answer so, and note what was said."""

    def answering(asked: Received) -> Script:
        script = answer(asked)
        noted.extend(script.pieces)
        return script

    return answering


async def _usage(bench: Bench, *, stream: bool) -> None:
    usage = (await _reply(bench, PRICED, stream=stream)).usage or Usage()
    wanted = bench.usage
    require_equal(
        (usage.input, usage.output),
        (wanted.input, wanted.output),
        f"tokens in and out {_in(stream=stream)}",
    )


@case("usage.arrives_whole")
async def usage_whole(bench: Bench) -> None:
    """What a whole reply cost is told."""
    await _usage(bench, stream=False)


@case("usage.arrives_streamed")
async def usage_streamed(bench: Bench) -> None:
    """What a streamed reply cost is asked for, and told."""
    await _usage(bench, stream=True)


async def _stops(bench: Bench, reason: StopReason, *others: StopReason) -> None:
    said = replace(GOOD_DAY, stop=Stop(reason))
    for stream in _MODES:
        reply = await _reply(bench, said, stream=stream)
        seen = reply.stop and reply.stop.reason
        require(seen in (reason, *others), f"saw {seen}, expected {reason} {_in(stream=stream)}")


@case("stop.length_is_told")
async def length(bench: Bench) -> None:
    """A reply that met its limit is told from one that is finished."""
    await _stops(bench, StopReason.LENGTH)


@case("stop.filter_is_told")
async def content_filter(bench: Bench) -> None:
    """A reply that a filter ended is told from one that is finished."""
    # Some wires have one word for a filter and a refusal.
    await _stops(bench, StopReason.CONTENT_FILTER, StopReason.REFUSAL)


CASES: Final[tuple[Case[Bench], ...]] = cases_in(globals(), Case)
