"""What a vendor's stream can do instead of ending well: rows U31 to U46, on both wires."""

import asyncio
import codecs
import json

import pytest

from dragoman.testing import Script
from dragoman.testing.upstream import streamed

from .vendors import ANTHROPIC, BOTH_MODES, BOTH_VENDORS, OPENAI, Vendor

SSE = {"content-type": "text/event-stream"}
WORDS = [f"word{number} " for number in range(20)]
# Whoever writes pieces one after the other has them arrive together, unless a moment is between.
MOMENT = 0.003


@BOTH_VENDORS
async def test_u31_an_error_in_mid_stream_ends_it_and_keeps_what_was_said(asker, upstream, vendor):
    upstream.play(streamed([*vendor.said(*WORDS), *vendor.framed(vendor.overloaded)]))
    answer = await asker.ask(vendor.model, "streamed")
    assert answer.text == "".join(WORDS)
    assert answer.outcome == (200, "LLM_ERROR", "upstream_overloaded")
    assert answer.last["detail"]["category"] == "overloaded"


@BOTH_VENDORS
async def test_u31_what_follows_an_error_is_not_told(asker, upstream, vendor):
    events = [*vendor.said("Good"), *vendor.framed(vendor.overloaded), *vendor.ending()]
    upstream.play(streamed(events))
    answer = await asker.ask(vendor.model, "streamed")
    assert (answer.text, answer.last["type"]) == ("Good", "error")


@BOTH_VENDORS
@BOTH_MODES
async def test_u31_an_error_as_the_first_event_has_its_true_status(asker, upstream, vendor, mode):
    upstream.play(streamed(vendor.framed(vendor.overloaded)))
    answer = await asker.ask(vendor.model, mode)
    assert answer.outcome == (503, "LLM_ERROR", "upstream_overloaded")


@BOTH_VENDORS
@pytest.mark.parametrize("end", ["cut", "reset"])
async def test_u32_a_connection_that_breaks_ends_in_an_error(asker, upstream, vendor, end):
    upstream.play(streamed(vendor.said("Good", " day"), end=end, pause=MOMENT))
    answer = await asker.ask(vendor.model, "streamed")
    assert answer.text == "Good day"
    assert answer.outcome == (200, "CONNECTION_ERROR", "stream_interrupted")


@BOTH_VENDORS
@pytest.mark.parametrize("end", ["cut", "reset"])
async def test_u32_a_stream_for_a_whole_answer_that_breaks_is_no_answer(
    asker, upstream, vendor, end
):
    upstream.play(streamed(vendor.said("Good", " day"), end=end, pause=MOMENT))
    answer = await asker.ask(vendor.model, "whole")
    assert answer.outcome == (503, "CONNECTION_ERROR", "stream_interrupted")
    assert "Good" not in answer.body


async def test_u33_a_finished_stream_without_its_mark_is_complete(asker, upstream):
    upstream.play(streamed(OPENAI.stream(["Good", " day"])[:-1]))
    answer = await asker.ask("gpt", "streamed")
    assert (answer.text, answer.last["type"]) == ("Good day", "complete")
    assert answer.last["totalTokens"] == 9


@pytest.mark.parametrize("end", ["cut", "reset"])
async def test_u33_a_finished_stream_that_breaks_before_its_mark_is_not_complete(
    asker, upstream, end
):
    upstream.play(streamed(OPENAI.stream(["Good", " day"])[:-1], end=end, pause=MOMENT))
    answer = await asker.ask("gpt", "streamed")
    assert (answer.text, answer.outcome) == (
        "Good day",
        (200, "CONNECTION_ERROR", "stream_interrupted"),
    )


async def test_u33_a_message_without_its_stop_is_not_complete(asker, upstream):
    upstream.play(streamed(ANTHROPIC.stream(["Good", " day"])[:-1]))
    answer = await asker.ask("claude", "streamed")
    assert (answer.text, answer.outcome) == (
        "Good day",
        (200, "CONNECTION_ERROR", "stream_interrupted"),
    )


@BOTH_VENDORS
@pytest.mark.parametrize("lost", range(1, 6))
async def test_u34_a_clean_end_before_the_finish_is_an_error(asker, upstream, vendor, lost):
    events = vendor.stream(["Good", " day"])[: -3 - lost]
    upstream.play(streamed(events))
    answer = await asker.ask(vendor.model, "streamed")
    assert answer.outcome[1:] == ("CONNECTION_ERROR", "stream_interrupted")
    assert "Good day".startswith(answer.text)


@BOTH_VENDORS
async def test_u35_what_follows_the_mark_of_the_end_is_not_told(asker, upstream, vendor):
    events = vendor.stream(["Good", " day"])
    upstream.play(streamed([*events, *events[-1:], *events, vendor.word("more")]))
    answer = await asker.ask(vendor.model, "streamed")
    assert (answer.text, answer.last["type"]) == ("Good day", "complete")


@BOTH_VENDORS
async def test_u35_a_vendor_that_talks_on_after_the_end_is_hung_up_on(asker, upstream, vendor):
    upstream.play(streamed([*vendor.stream(["Good"]), b": still here\n\n"], end="hang"))
    answer = await asker.ask(vendor.model, "streamed")
    assert (answer.text, answer.last["type"]) == ("Good", "complete")
    async with asyncio.timeout(2):
        await upstream.closed_by_peer.wait()


TEXT = "é€👋ü中"


def around(vendor: Vendor) -> tuple[bytes, bytes, bytes]:
    """Give a stream in three: up to the event with all kinds of characters, that one, the rest."""
    return b"".join(vendor.said()), vendor.word(TEXT), b"".join(vendor.ending())


@BOTH_VENDORS
async def test_u40_text_is_the_same_wherever_its_bytes_are_split(asker, upstream, vendor):
    before, event, after = around(vendor)
    begin, end = event.index(TEXT.encode()[:1]), event.rindex(TEXT.encode()[-1:])
    for cut in range(begin - 2, end + 3):
        pieces = (before + event[:cut], event[cut:] + after)
        upstream.play(Script(200, SSE, pieces, pause=MOMENT))
        answer = await asker.ask(vendor.model, "streamed")
        assert (answer.text, answer.last["type"]) == (TEXT, "complete"), cut


@BOTH_VENDORS
@BOTH_MODES
async def test_u40_text_is_the_same_when_every_byte_comes_alone(asker, upstream, vendor, mode):
    stream = b"".join(around(vendor))
    pieces = tuple(stream[at : at + 1] for at in range(len(stream)))
    upstream.play(Script(200, SSE, pieces, pause=0.0001))
    answer = await asker.ask(vendor.model, mode)
    assert answer.text == TEXT


@BOTH_VENDORS
@pytest.mark.parametrize("wrong", [b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf"])
async def test_u41_invalid_utf8_becomes_replacement_characters(asker, upstream, vendor, wrong):
    before, event, after = around(vendor)
    broken = event.replace(TEXT.encode(), b"one " + wrong + b" two")
    upstream.play(Script(200, SSE, (before, broken, vendor.word("three"), after)))
    answer = await asker.ask(vendor.model, "streamed")
    assert answer.last["type"] == "complete"
    assert answer.text == f"one {wrong.decode('utf-8', 'replace')} twothree"


ODDITIES = {
    "LF": lambda stream: stream,
    "CRLF": lambda stream: stream.replace(b"\n", b"\r\n"),
    "CR": lambda stream: stream.replace(b"\n", b"\r"),
    "a byte order mark": lambda stream: codecs.BOM_UTF8 + stream,
    "comments": lambda stream: b": hello\n\n" + stream.replace(b"data:", b":ping\n:\ndata:"),
    "no space after the colon": lambda stream: stream.replace(b"data: ", b"data:"),
    "ids and retries": lambda stream: stream.replace(b"data:", b"id: 7\nretry: 10\nfoo: x\ndata:"),
    "several lines of data": lambda stream: stream.replace(b', "', b',\ndata: "'),
    "unknown events": lambda stream: stream.replace(
        b"\n\n", b'\n\nevent: news\ndata: {"type": "news", "choices": []}\n\n'
    ),
    "blank lines": lambda stream: stream.replace(b"\n\n", b"\n\n\n\n\n"),
}


@BOTH_VENDORS
@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("length", [3, 1 << 20], ids=["in shreds", "at once"])
async def test_u44_whatever_the_standard_allows_is_understood(
    asker, upstream, vendor, oddity, length
):
    stream = ODDITIES[oddity](b"".join(vendor.stream(["Good", " day"])))
    pieces = tuple(stream[at : at + length] for at in range(0, len(stream), length))
    upstream.play(Script(200, SSE, pieces, pause=0.0001))
    answer = await asker.ask(vendor.model, "streamed")
    assert (answer.text, answer.last["type"]) == ("Good day", "complete")
    assert answer.last["totalTokens"] == 9


async def test_u45_usage_that_nobody_told_is_unknown_and_not_zero(asker, upstream):
    upstream.play(streamed([*OPENAI.said("Good"), *OPENAI.ending()[:1], b"data: [DONE]\n\n"]))
    answer = await asker.ask("gpt", "streamed")
    assert (answer.last["type"], answer.last["totalTokens"]) == ("complete", None)
    assert answer.last["usage"]["outputTokens"] is None


def openai_usage(**counts: object) -> bytes:
    return OPENAI.framed({"id": "x", "choices": [], "usage": counts})[0]


@BOTH_MODES
async def test_u46_usage_in_a_chunk_of_its_own_is_counted_once(asker, upstream, mode):
    finish = OPENAI.ending()[0]
    usage = openai_usage(
        prompt_tokens=100,
        completion_tokens=30,
        total_tokens=130,
        prompt_tokens_details={"cached_tokens": 40},
        completion_tokens_details={"reasoning_tokens": 10},
    )
    upstream.play(streamed([*OPENAI.said("Good"), finish, usage, b"data: [DONE]\n\n"]))
    answer = await asker.ask("gpt", mode)
    assert answer.last["usage"] == {
        "inputTokens": 100,
        "outputTokens": 30,
        "totalTokens": 130,
        "cacheReadTokens": 40,
        "cacheWriteTokens": None,
        "reasoningTokens": 10,
    }


@BOTH_MODES
async def test_u46_usage_that_grows_from_event_to_event_is_not_added_up(asker, upstream, mode):
    events = ANTHROPIC.stream(["Good"])
    begun = json.loads(events[0].partition(b"data: ")[2])
    begun["message"]["usage"] = {
        "input_tokens": 10,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 3,
        "output_tokens": 1,
    }
    growing = [
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": count}}
        for count in (4, 9)
    ]
    events[0:1] = ANTHROPIC.framed(begun)
    events[-2:-2] = ANTHROPIC.framed(*growing)
    last = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 12},
    }
    events[-2:-1] = ANTHROPIC.framed(last)
    upstream.play(streamed(events))
    answer = await asker.ask("claude", mode)
    usage = answer.last["usage"]
    assert (usage["inputTokens"], usage["outputTokens"], usage["totalTokens"]) == (18, 12, 30)
    assert (usage["cacheReadTokens"], usage["cacheWriteTokens"]) == (5, 3)
