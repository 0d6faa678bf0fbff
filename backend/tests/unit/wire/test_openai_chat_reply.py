"""A whole reply in Chat Completions: what it says, what is unknown in it, and what it cost."""

import json
from typing import Final

import pytest

from dragoman.chat import (
    Audio,
    Base64,
    Extras,
    Failure,
    Image,
    Json,
    JsonObject,
    Link,
    Opaque,
    Part,
    Reasoning,
    Reply,
    Stop,
    StopReason,
    Text,
    ToolCall,
    UpstreamError,
    Usage,
)
from dragoman.wire import openai_chat as wire

_NAME: Final = "openai_chat"
_CALL: Final = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def body_of(message: Json, finish: Json = "stop", **fields: Json) -> JsonObject:
    message = {"role": "assistant", **message} if isinstance(message, dict) else message
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "m-2",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        **fields,
    }


def read(body: Json) -> Reply:
    return wire.read_reply(json.dumps(body).encode())


def written(reply: Reply) -> JsonObject:
    body: JsonObject = json.loads(wire.write_reply(reply))
    return body


def failure_of(body: bytes) -> Failure:
    with pytest.raises(UpstreamError) as caught:
        wire.read_reply(body)
    return caught.value.failure


def mark(*form: str, **fields: Json) -> Extras:
    return Extras(_NAME, fields, form)


def test_a_plain_answer_is_understood():
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}

    assert read(body_of({"content": "Hello!"}, usage=usage)) == Reply(
        id="chatcmpl-1",
        model="m-2",
        created=1_700_000_000,
        parts=(Text("Hello!"),),
        stop=Stop(StopReason.STOP, "stop"),
        usage=Usage(9, 2),
    )


def test_what_nobody_here_knows_is_laid_out_as_it_came():
    body = body_of({"content": "Hi", "annotations": [1]}, system_fingerprint="fp", x=None)
    body["choices"][0]["logprobs"] = None

    reply = read(body)

    assert reply.extras == mark(
        system_fingerprint="fp",
        x=None,
        choices=[{"logprobs": None, "message": {"annotations": [1]}}],
    )
    assert written(reply) == body


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ({"content": None, "tool_calls": [_CALL]}, (ToolCall("c", "f", "{}"),)),
        ({"content": "Hi", "tool_calls": [_CALL]}, (Text("Hi"), ToolCall("c", "f", "{}"))),
        (
            {"content": "4", "reasoning": "2+2"},
            (Reasoning("2+2", origin=_NAME, extras=mark("reasoning")), Text("4")),
        ),
        ({"content": "4", "reasoning_content": "2+2"}, (Reasoning("2+2", origin=_NAME), Text("4"))),
        (
            {"content": "4", "reasoning": "a", "reasoning_content": "a"},
            (
                Reasoning("a", origin=_NAME, extras=mark("reasoning_content", "reasoning")),
                Text("4"),
            ),
        ),
        ({"content": "Hi", "function_call": {"name": "", "arguments": ""}}, (Text("Hi"),)),
        (
            {"content": None, "function_call": {"name": "f", "arguments": "{}"}},
            (ToolCall("call_0", "f", "{}", mark("function")),),
        ),
        (
            {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            (Text("a"), Text("b")),
        ),
        (
            {"content": [{"type": "text", "text": "a"}, {"type": "reference", "ids": [1]}]},
            (Text("a"), Opaque(_NAME, "reference", {"type": "reference", "ids": [1]})),
        ),
        (
            {"content": None, "tool_calls": [{"id": "c", "type": "novel", "novel": 1}]},
            (Opaque(_NAME, "tool_call:novel", {"id": "c", "type": "novel", "novel": 1}),),
        ),
        ({"content": "", "audio": {"id": "a", "data": "AA=="}}, ()),
    ],
)
def test_each_kind_of_message_is_understood_and_written_back(
    message: JsonObject, parts: tuple[Part, ...]
):
    body = body_of(message)

    reply = read(body)

    assert reply.parts == parts
    assert written(reply) == body


def test_reasoning_in_details_alone_is_read_from_them_and_goes_back_there():
    details = [
        {"type": "reasoning.text", "text": "One, ", "signature": "seal", "index": 0},
        {"type": "reasoning.summary", "summary": "two.", "index": 1},
        {"type": "reasoning.encrypted", "data": "…", "index": 2},
    ]
    body = body_of({"content": "3", "reasoning_details": details})

    reply = read(body)

    extras = mark("reasoning_details", reasoning_details=details)
    assert reply.parts[0] == Reasoning("One, two.", origin=_NAME, extras=extras)
    assert written(reply) == body


@pytest.mark.parametrize(
    ("message", "finish", "stop"),
    [
        ({"content": "x"}, "stop", Stop(StopReason.STOP, "stop")),
        ({"content": "x"}, "length", Stop(StopReason.LENGTH, "length")),
        ({"content": "x"}, "content_filter", Stop(StopReason.CONTENT_FILTER, "content_filter")),
        ({"tool_calls": [_CALL]}, "tool_calls", Stop(StopReason.TOOL, "tool_calls")),
        ({"tool_calls": [_CALL]}, "function_call", Stop(StopReason.TOOL, "function_call")),
        ({"tool_calls": [_CALL]}, "stop", Stop(StopReason.STOP, "stop")),
        ({"tool_calls": [_CALL]}, None, Stop(StopReason.TOOL)),
        ({"tool_calls": [_CALL]}, "", Stop(StopReason.TOOL)),
        ({"content": "x"}, None, Stop(StopReason.STOP)),
        ({"content": "x"}, "", Stop(StopReason.STOP)),
        ({"content": "x"}, "eos", Stop(StopReason.STOP, "eos")),
        ({"content": "x"}, "bored", Stop(StopReason.STOP, "bored")),
        ({"content": "x"}, "error", Stop(StopReason.ERROR, "error")),
        ({"content": "x"}, "model_length", Stop(StopReason.CONTEXT_FULL, "model_length")),
        ({"content": None, "refusal": "No."}, "stop", Stop(StopReason.REFUSAL, "stop")),
        ({"content": None, "refusal": "No."}, "length", Stop(StopReason.LENGTH, "length")),
        (
            {"content": [{"type": "refusal", "refusal": "No."}]},
            "stop",
            Stop(StopReason.REFUSAL, "stop"),
        ),
    ],
)
def test_each_word_for_the_end_is_understood_and_written_back(
    message: JsonObject, finish: Json, stop: Stop
):
    body = body_of(message, finish)

    reply = read(body)

    assert reply.stop == stop
    assert written(reply) == body


@pytest.mark.parametrize(
    ("usage", "understood"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "total_tokens": 120,
                "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 8},
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            Usage(100, 20, 64, 8, 5),
        ),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "total_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": None,
                "cost": 0.1,
            },
            Usage(
                1,
                1,
                0,
                extras=mark(
                    prompt_tokens_details={"audio_tokens": 0},
                    completion_tokens_details=None,
                    cost=0.1,
                ),
            ),
        ),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "total_tokens": 2,
                "prompt_cache_hit_tokens": 0,
            },
            Usage(1, 1, 0, extras=mark("prompt_cache_hit_tokens")),
        ),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "total_tokens": 2,
                "cached_tokens": 1,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
            Usage(1, 1, 0, extras=mark(cached_tokens=1)),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 20},
            Usage(10, 10, extras=mark(completion_tokens=2)),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 10},
            Usage(10, 2, extras=mark(total_tokens=10)),
        ),
        (
            {"completion_tokens": 2, "total_tokens": 2},
            Usage(None, 2, extras=mark("uncounted", total_tokens=2)),
        ),
        (
            {"prompt_tokens": "many", "new": 1},
            Usage(extras=mark("uncounted", prompt_tokens="many", new=1)),
        ),
        ({}, None),
        (None, None),
    ],
)
def test_what_it_cost_is_understood_and_written_back(usage: Json, understood: Usage | None):
    body = body_of({"content": "x"}, usage=usage)

    reply = read(body)

    assert reply.usage == understood
    assert written(reply) == body


def test_a_field_of_another_kind_than_promised_is_left_unread():
    body = body_of({"content": "x"}, id=7, model=None, created=1.5, object="text")

    reply = read(body)

    assert (reply.id, reply.model, reply.created) == (None, None, None)
    assert written(reply) == body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"[1]", "bad_json"),
        (b"<html>", "bad_json"),
        (b"{}", "empty_response"),
        (b'{"choices":[]}', "empty_response"),
        (b'{"choices":null}', "empty_response"),
        (b'{"choices":[{"index":0,"message":null}]}', "empty_response"),
        (b'{"choices":[{"message":{}},{"message":{}}]}', "many_choices"),
        (b'{"choices":{}}', "bad_payload"),
        (b'{"choices":[{"message":[]}]}', "bad_payload"),
        (b'{"choices":[{"message":{"content":7}}]}', "bad_payload"),
        (b'{"choices":[{"message":{"tool_calls":[{"id":"c"}]}}]}', "bad_payload"),
    ],
)
def test_a_body_that_is_no_reply_is_malformed(body: bytes, reason: str):
    failure = failure_of(body)

    assert failure.reason == reason
    assert failure.message


def test_an_error_is_one_though_the_status_said_otherwise():
    body = b'{"error":{"message":"Out of credit.","code":402,"type":"billing"}}'

    assert failure_of(body) == Failure(
        message="Out of credit.", status=402, code="402", type="billing"
    )


def test_a_text_that_is_no_utf8_is_read_as_far_as_it_is():
    body = json.dumps(body_of({"content": "_"})).encode().replace(b"_", b"a\xffb")

    assert wire.read_reply(body).text == "a\ufffdb"


def test_a_reply_from_another_format_is_told_in_these_words():
    reply = Reply(
        id="msg_1",
        model="other",
        parts=(
            Reasoning("hm", "seal", origin="anthropic_messages"),
            Reasoning("", encrypted="…", origin="anthropic_messages"),
            Text("One ", Extras("anthropic_messages", {"citations": []})),
            ToolCall("toolu_1", "f", "{}"),
            Text("two"),
            Opaque("anthropic_messages", "server_tool_use", {}),
            Image(Link("https://x.test/a")),
        ),
        stop=Stop(StopReason.TOOL, "tool_use"),
        usage=Usage(5, None, 2),
        extras=Extras("anthropic_messages", {"container": None}),
    )

    assert written(reply) == {
        "id": "msg_1",
        "object": "chat.completion",
        "model": "other",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "reasoning_content": "hm",
                    "content": "One two",
                    "tool_calls": [
                        {
                            "id": "toolu_1",
                            "type": "function",
                            "function": {"name": "f", "arguments": "{}"},
                        }
                    ],
                    "images": [{"type": "image_url", "image_url": {"url": "https://x.test/a"}}],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {
            "prompt_tokens": 5,
            "completion_tokens": 0,  # clients need the number
            "total_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 2},
        },
    }


def test_words_stand_for_a_file_that_nobody_can_show():
    sound = Audio(Base64("audio/wav", "AA=="))
    reply = Reply(parts=(Text("Listen: "), sound), stop=Stop(StopReason.STOP))

    message = written(reply)["choices"][0]["message"]

    assert message["content"].startswith("Listen: [The model answered with a recording (audio/wav)")


def test_a_call_of_another_format_without_arguments_is_told_in_json():
    reply = Reply(parts=(ToolCall("toolu_1", "f", ""),), stop=Stop(StopReason.TOOL))

    (call,) = written(reply)["choices"][0]["message"]["tool_calls"]

    assert call["function"] == {"name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("stop", "word"),
    [
        (Stop(StopReason.STOP, "end_turn"), "stop"),
        (Stop(StopReason.LENGTH, "max_tokens"), "length"),
        (Stop(StopReason.STOP_SEQUENCE, "stop_sequence", "END"), "stop"),
        (Stop(StopReason.PAUSE, "pause_turn"), "stop"),
        (Stop(StopReason.REFUSAL, "refusal"), "content_filter"),
        (Stop(StopReason.CONTEXT_FULL), "length"),
        (Stop(StopReason.TOOL, "stop"), "tool_calls"),
        (Stop(StopReason.ERROR), "length"),
        (Stop(StopReason.MALFORMED), "length"),
        (None, None),
    ],
)
def test_another_formats_word_for_the_end_is_put_into_ours(stop: Stop | None, word: str | None):
    assert written(Reply(stop=stop))["choices"][0]["finish_reason"] == word
