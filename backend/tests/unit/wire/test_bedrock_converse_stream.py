"""Replies in Converse's words: whole, streamed in frames, cut, and broken off."""

import json
from typing import Any

import pytest

from dragoman.chat import (
    Extras,
    Image,
    Opaque,
    Reasoning,
    Reply,
    Stop,
    StopReason,
    Text,
    ToolCall,
    UpstreamError,
    Usage,
)
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import pieces_of, read_stream
from dragoman.wire import bedrock_converse
from tests.support.frames import event, exception, frame

USAGE = {
    "inputTokens": 10,
    "outputTokens": 5,
    "totalTokens": 45,
    "cacheReadInputTokens": 20,
    "cacheWriteInputTokens": 10,
    "serverToolUsage": {},
}
START = event("messageStart", role="assistant", p="abc")
STOP = event("messageStop", stopReason="tool_use", p="ab")
METADATA = event("metadata", usage=USAGE, metrics={"latencyMs": 7}, p="a")


def delta(index: int, **piece: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=piece, p="abcd")


def start(index: int, **block: Any) -> bytes:
    return event("contentBlockStart", contentBlockIndex=index, start=block)


def stop(index: int) -> bytes:
    return event("contentBlockStop", contentBlockIndex=index)


TAPE = b"".join(
    [
        START,
        delta(0, reasoningContent={"text": "h"}),
        delta(0, reasoningContent={"text": "m"}),
        delta(0, reasoningContent={"signature": "c2ln"}),
        stop(0),
        delta(1, reasoningContent={"redactedContent": "c2VhbA=="}),
        delta(1, reasoningContent={"redactedContent": "ZWQ="}),
        stop(1),
        delta(2, text="Hel"),
        delta(2, text="lo"),
        delta(2, citation={"title": "t"}),
        stop(2),
        start(3, toolUse={"toolUseId": "c1", "name": "f", "type": "tool_use"}),
        delta(3, toolUse={"input": '{"a"'}),
        delta(3, toolUse={"input": ":1}"}),
        stop(3),
        start(4, toolUse={"toolUseId": "s", "name": "g", "type": "server_tool_use"}),
        delta(4, toolUse={"input": "{}"}),
        stop(4),
        start(5, toolResult={"toolUseId": "s", "type": "done", "status": "success"}),
        delta(5, toolResult=[{"json": {"a": 1}}]),
        stop(5),
        start(6, image={"format": "png"}),
        delta(6, image={"source": {"bytes": "AAAA"}}),
        stop(6),
        stop(7),
        STOP,
        METADATA,
    ]
)


def test_a_stream_tells_every_kind_of_block():
    told = read_stream(bedrock_converse, [TAPE])

    assert told.failure is None
    check_grammar(told.events, finished=True)
    thought, sealed, words, call, server, result, picture = told.reply.parts
    assert thought == Reasoning("hm", "c2ln", origin="bedrock_converse")
    assert sealed == Reasoning(encrypted="c2VhbGVk", origin="bedrock_converse")
    assert words == Text("Hello", Extras("bedrock_converse", {"citations": [{"title": "t"}]}))
    assert call == ToolCall("c1", "f", '{"a":1}', Extras("bedrock_converse", {"type": "tool_use"}))
    assert isinstance(server, Opaque)
    assert (server.kind, server.text) == ("toolUse", "{}")
    assert isinstance(result, Opaque)
    assert result.fields["toolResult"]["content"] == [{"json": {"a": 1}}]
    assert isinstance(picture, Image)
    assert told.reply.stop == Stop(StopReason.TOOL, "tool_use")
    assert told.reply.extras == Extras("bedrock_converse", {"metrics": {"latencyMs": 7}})


def test_the_cache_is_counted_as_a_part_of_the_input():
    usage = read_stream(bedrock_converse, [TAPE]).reply.usage

    extras = Extras("bedrock_converse", {"serverToolUsage": {}})
    assert usage == Usage(40, 5, cache_read=20, cache_write=10, extras=extras)


@pytest.mark.parametrize("seed", range(5))
def test_a_stream_tells_the_same_however_it_is_cut(seed):
    assert read_stream(bedrock_converse, pieces_of(TAPE, seed)) == read_stream(
        bedrock_converse, [TAPE]
    )


def test_a_stream_carries_every_byte_it_came_from():
    told = read_stream(bedrock_converse, [TAPE])

    assert b"".join(event.source or b"" for event in told.events) == TAPE


@pytest.mark.parametrize("clean", [False, True], ids=["torn", "ended"])
def test_a_stream_that_was_cut_is_never_whole(clean):
    said_enough = len(TAPE) - len(METADATA)
    for cut in range(len(TAPE)):
        told = read_stream(bedrock_converse, [TAPE[:cut]], clean=clean)

        whole = clean and cut == said_enough
        assert (told.failure is None) is whole, cut
        assert told.failure is None or told.failure.reason == "stream_interrupted"
        check_grammar(told.events, finished=whole)


def test_a_stream_told_as_a_whole_is_the_same_reply():
    reply = read_stream(bedrock_converse, [TAPE]).reply

    assert bedrock_converse.read_reply(bedrock_converse.write_reply(reply)) == reply


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("throttlingException", "ThrottlingException"),
        ("modelStreamErrorException", "ModelStreamErrorException"),
        ("", None),
    ],
)
def test_an_exception_ends_a_stream_as_a_failure(word, code):
    told = read_stream(
        bedrock_converse,
        [START, delta(0, text="Hi"), exception(word, message="no", originalMessage="more")],
    )

    assert told.failure is not None
    assert (told.failure.code, told.failure.message) == (code, "no (more)")
    assert told.reply.text == "Hi"
    assert told.reply.stop is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (delta(0, text="x"), "bad_payload"),
        (START + START, "bad_payload"),
        (START + METADATA, "bad_payload"),
        (START + event("contentBlockStop"), "bad_payload"),
        (START + delta(0, text="a") + stop(0) + delta(0, text="b"), "bad_payload"),
        (START + start(0, toolUse={"name": "f"}), "bad_payload"),
        (START + frame(b"[", event_type="metadata"), "bad_json"),
        (START[:-1] + b"x" + STOP, "bad_payload"),
        (b"HTTP/1.1 200 OK\r\n", "bad_payload"),
    ],
)
def test_a_stream_that_makes_no_sense_fails_with_a_reason(body, reason):
    told = read_stream(bedrock_converse, [body])

    assert told.failure is not None
    assert told.failure.reason == reason


def test_what_nobody_knows_is_passed_over_in_a_stream():
    body = [
        START,
        event("news", x=1),
        start(0, novelty={"a": 1}),
        delta(0, novelty={"b": 2}),
        delta(1, mystery=1),
        event("contentBlockStart", contentBlockIndex=2, start=None),
        delta(2, text="Hi"),
        event("messageStop", stopReason="new_word"),
        event("metadata"),
    ]

    told = read_stream(bedrock_converse, body)

    assert told.failure is None
    check_grammar(told.events, finished=True)
    assert told.reply.text == "Hi"
    assert told.reply.stop == Stop(StopReason.STOP, "new_word")
    assert told.reply.usage is None


def test_broken_base64_of_sealed_thinking_is_kept_as_it_came():
    sealed = [delta(0, reasoningContent={"redactedContent": piece}) for piece in ("A", "B")]

    told = read_stream(bedrock_converse, [START, *sealed, STOP, METADATA])

    assert told.reply.parts == (Reasoning(encrypted="AB", origin="bedrock_converse"),)


def whole(content: list[Any], **fields: Any) -> bytes:
    message = {"role": "assistant", "content": content}
    said = {"output": {"message": message}, "stopReason": "end_turn", "usage": USAGE} | fields
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", StopReason.STOP),
        ("tool_use", StopReason.TOOL),
        ("max_tokens", StopReason.LENGTH),
        ("stop_sequence", StopReason.STOP_SEQUENCE),
        ("guardrail_intervened", StopReason.CONTENT_FILTER),
        ("content_filtered", StopReason.CONTENT_FILTER),
        ("malformed_model_output", StopReason.MALFORMED),
        ("malformed_tool_use", StopReason.MALFORMED),
        ("model_context_window_exceeded", StopReason.CONTEXT_FULL),
        ("something_new", StopReason.STOP),
        (None, StopReason.STOP),
    ],
)
def test_a_reason_to_stop_has_a_meaning(word, reason):
    reply = bedrock_converse.read_reply(whole([{"text": "x"}], stopReason=word))

    assert reply.stop == Stop(reason, word)


def test_a_whole_reply_survives_being_read_and_written():
    body = whole(
        [
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
            {"text": "Hi"},
            {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
            {"toolUse": {"toolUseId": "d", "name": "f", "input": {}}},
        ],
        metrics={"latencyMs": 1},
        additionalModelResponseFields={"stop_sequence": "x"},
        trace={"guardrail": {}},
    )

    written = bedrock_converse.write_reply(bedrock_converse.read_reply(body))

    assert json.loads(written) == json.loads(body)


def test_a_reply_of_another_format_is_said_as_far_as_it_can_be():
    reply = Reply(
        parts=(Text("Hi"), Reasoning("hm", origin="gemini"), ToolCall("c", "f", "[")),
        stop=Stop(StopReason.PAUSE, "pause_turn"),
    )

    said = json.loads(bedrock_converse.write_reply(reply))

    call = {"toolUseId": "c", "name": "f", "input": {"raw_arguments": "["}}
    assert said["output"]["message"]["content"] == [{"text": "Hi"}, {"toolUse": call}]
    assert said["stopReason"] == "end_turn"
    assert said["usage"] == {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    unfinished = json.loads(bedrock_converse.write_reply(Reply(usage=Usage(3))))
    assert unfinished["usage"]["inputTokens"] == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "bad_json"),
        (b'{"output":{}}', "empty_response"),
        (whole([], stopReason=None), "empty_response"),
        (whole([{"text": 1}]), "bad_payload"),
        (b'{"message":"no"}', None),
    ],
)
def test_a_reply_that_is_none_is_refused(body, reason):
    with pytest.raises(UpstreamError) as refused:
        bedrock_converse.read_reply(body)

    assert refused.value.failure.reason == reason


def test_counts_that_make_no_sense_are_kept_and_not_believed():
    usage = {"inputTokens": -1, "outputTokens": "5", "totalTokens": True}

    reply = bedrock_converse.read_reply(whole([{"text": "x"}], usage=usage))

    assert reply.usage == Usage(extras=Extras("bedrock_converse", usage))


@pytest.mark.parametrize(
    ("headers", "body", "code", "message"),
    [
        (
            {"X-Amzn-ErrorType": "ValidationException:http://internal.amazon.com/"},
            b'{"message":"no"}',
            "ValidationException",
            "no",
        ),
        ({}, b'{"__type":"com.amazon.coral#Unknown","Message":"no"}', "Unknown", "no"),
        ({}, b"<html>", None, ""),
    ],
)
def test_an_error_answer_says_its_type_in_a_header_or_in_its_body(headers, body, code, message):
    failure = bedrock_converse.read_failure(400, headers | {"x-amzn-RequestId": "r"}, body)

    assert (failure.code, failure.message, failure.status) == (code, message, 400)
    assert failure.request_id == "r"
