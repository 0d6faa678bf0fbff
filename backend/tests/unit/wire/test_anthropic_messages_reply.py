"""A whole Messages reply, and the errors of this format, read and written."""

from typing import Final

import msgspec
import pytest

from dragoman.chat import (
    Audio,
    Base64,
    Category,
    Document,
    Extras,
    FileRef,
    Image,
    Json,
    JsonObject,
    Link,
    LLMServiceError,
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
from dragoman.wire import anthropic_messages as wire

_NAME: Final = "anthropic_messages"


def _said(**said: Json) -> JsonObject:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 7},
    } | said


def _read(said: Json) -> Reply:
    return wire.read_reply(msgspec.json.encode(said))


def _written(reply: Reply) -> JsonObject:
    written: JsonObject = msgspec.json.decode(wire.write_reply(reply))
    return written


def test_a_reply_is_read():
    assert _read(_said()) == Reply(
        id="msg_1",
        model="claude",
        parts=(Text("Hi"),),
        stop=Stop(StopReason.STOP, "end_turn"),
        usage=Usage(10, 7),
    )


def test_input_counts_what_the_cache_read_and_wrote():
    counts = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 20,
        "cache_creation": {"ephemeral_5m_input_tokens": 100},
        "output_tokens": 90,
        "output_tokens_details": {"thinking_tokens": 60},
    }

    reply = _read(_said(usage=counts))

    extras = Extras(_NAME, {"cache_creation": {"ephemeral_5m_input_tokens": 100}})
    assert reply.usage == Usage(123, 90, 20, 100, 60, extras)
    assert _written(reply)["usage"] == counts


@pytest.mark.parametrize(
    "counts",
    [
        {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": None},
        {"input_tokens": 1, "output_tokens": 2, "output_tokens_details": None},
        {"input_tokens": 1, "output_tokens": 2, "output_tokens_details": {}},
        {
            "input_tokens": 1,
            "output_tokens": 2,
            "output_tokens_details": {"thinking_tokens": 1, "new": 1},
        },
        {"input_tokens": 1, "output_tokens": True, "service_tier": "standard"},
    ],
    ids=str,
)
def test_odd_counts_go_back_as_they_came(counts: JsonObject):
    assert _written(_read(_said(usage=counts)))["usage"] == counts


def test_counts_nobody_knows_are_zero_here():
    assert _written(Reply(id="x"))["usage"] == {"input_tokens": 0, "output_tokens": 0}


def test_where_the_cache_counts_more_than_the_whole_the_whole_holds():
    # As OpenRouter told of a Gemini model: what was read from the cache counts as written, too.
    usage = Usage(input=2168, output=100, cache_read=2161, cache_write=2161)

    counts = _written(Reply(id="x", usage=usage))["usage"]

    assert counts == {
        "input_tokens": 0,
        "cache_creation_input_tokens": 7,
        "cache_read_input_tokens": 2161,
        "output_tokens": 100,
    }


def test_a_cache_may_be_counted_where_the_input_is_not():
    counts = {"cache_read_input_tokens": 5, "output_tokens": 1}

    assert _written(_read(_said(usage=counts)))["usage"] == counts | {"input_tokens": 0}


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", StopReason.STOP),
        ("max_tokens", StopReason.LENGTH),
        ("stop_sequence", StopReason.STOP_SEQUENCE),
        ("tool_use", StopReason.TOOL),
        ("pause_turn", StopReason.PAUSE),
        ("refusal", StopReason.REFUSAL),
        ("model_context_window_exceeded", StopReason.CONTEXT_FULL),
        ("invented_tomorrow", StopReason.STOP),
    ],
)
def test_every_end_has_its_reason_and_keeps_its_word(word: str, reason: StopReason):
    said = _said(stop_reason=word, stop_sequence="END")

    reply = _read(said)

    assert reply.stop == Stop(reason, word, "END")
    assert _written(reply) == said


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (StopReason.CONTENT_FILTER, "refusal"),
        (StopReason.ERROR, "max_tokens"),
        (StopReason.MALFORMED, "max_tokens"),
        (StopReason.LENGTH, "max_tokens"),
    ],
)
def test_every_reason_has_a_word_whatever_it_was_called_elsewhere(reason: StopReason, word: str):
    reply = Reply(id="x", stop=Stop(reason, "word of another wire"))

    assert _written(reply)["stop_reason"] == word


@pytest.mark.parametrize(
    "said",
    [
        _said(stop_details={"category": "cyber"}, container={"id": "c"}, context_management=None),
        _said(content=[]),
        {name: value for name, value in _said().items() if name != "stop_sequence"},
        _said(content=[{"type": "text", "text": "", "citations": [{"n": 1}]}]),
        _said(content=[{"type": "thinking", "thinking": "", "signature": "c2ln=="}]),
        _said(content=[{"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {}}]),
        _said(content=[{"type": "server_tool_use", "id": "s", "name": "w", "input": {"q": 1}}]),
    ],
    ids=str,
)
def test_a_reply_goes_back_as_it_came(said: JsonObject):
    assert _written(_read(said)) == said


def test_a_reply_without_a_reason_ended_all_the_same():
    assert _read(_said(stop_reason=None)).stop == Stop(StopReason.STOP)


def test_an_unfinished_reply_is_written_without_an_end():
    assert _written(Reply(id="x", parts=(Text("Hi"),)))["stop_reason"] is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([], "bad_json"),
        (None, "bad_json"),
        ({}, "empty_response"),
        ({"error": None}, "empty_response"),
        (_said(content=None), "empty_response"),
        (_said(content=[], stop_reason=None), "empty_response"),
        (_said(content=[{"type": "text"}]), "bad_payload"),
        (_said(content=["Hi"]), "bad_payload"),
        (_said(model=5), "bad_payload"),
    ],
)
def test_a_reply_that_cannot_be_used_is_a_failure(said: Json, reason: str):
    with pytest.raises(UpstreamError) as caught:
        _read(said)

    assert caught.value.failure.reason == reason


def test_bytes_that_are_no_json_are_a_failure():
    with pytest.raises(UpstreamError, match="not a JSON object"):
        wire.read_reply(b"<html>")


def test_an_error_is_an_error_even_with_status_200():
    said = {"type": "error", "error": {"type": "api_error", "message": "Oh."}, "request_id": "r"}

    with pytest.raises(UpstreamError) as caught:
        _read(said)

    failure = caught.value.failure
    assert (failure.status, failure.type, failure.message) == (200, "api_error", "Oh.")
    assert failure.request_id == "r"


def _blocks(*parts: Part) -> Json:
    return _written(Reply(id="x", parts=parts))["content"]


def test_malformed_arguments_are_shown_and_never_replaced():
    assert _blocks(
        ToolCall("t", "f", '{"a":'), ToolCall("u", "f", ""), ToolCall("v", "f", "[]")
    ) == [
        {"type": "tool_use", "id": "t", "name": "f", "input": {"raw_arguments": '{"a":'}},
        {"type": "tool_use", "id": "u", "name": "f", "input": {}},
        {"type": "tool_use", "id": "v", "name": "f", "input": {"raw_arguments": "[]"}},
    ]


def test_another_wires_reasoning_is_shown_unsigned():
    foreign = Extras("openai_chat", {"reasoning_details": [1]})

    assert _blocks(Reasoning("Hm.", "seal", "sealed", "openai_responses", foreign)) == [
        {"type": "thinking", "thinking": "Hm.", "signature": ""},
    ]


def test_what_has_no_words_here_is_left_out_of_a_reply():
    parts = (
        Opaque("openai_chat", "custom", {"type": "custom"}),
        Text("Hi", Extras("openai_chat", {"annotations": []})),
    )

    assert _blocks(*parts) == [{"type": "text", "text": "Hi"}]


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (Audio(Base64("audio/wav", "AA==")), "a recording (audio/wav)"),
        (Image(Base64("image/png", "AA==")), "a picture (image/png)"),
        (Image(FileRef("f1", "openai_chat")), "a picture (a file)"),
        (Document(Link("https://a.test/b")), "a file (https://a.test/b)"),
    ],
)
def test_words_stand_for_a_file_that_the_sdk_has_no_type_for(part: Part, what: str):
    said = f"[The model answered with {what}, which this format cannot show.]"

    assert _blocks(part) == [{"type": "text", "text": said}]


# Errors


def test_the_facts_of_an_error_are_gathered():
    body = msgspec.json.encode(
        {
            "type": "error",
            "error": {
                "type": "rate_limit_error",
                "message": "Slow down.",
                "details": {"error_code": "enforced_spend_limit_reached", "more": 1},
            },
            "request_id": "req_1",
        }
    )

    failure = wire.read_failure(429, {"Request-Id": "req_2"}, body)

    assert (failure.status, failure.type) == (429, "rate_limit_error")
    assert failure.code == "enforced_spend_limit_reached"
    assert (failure.message, failure.request_id) == ("Slow down.", "req_1")
    assert (failure.retry_after, failure.reason) == (None, None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b"<html>Bad gateway</html>", ""),
        (b"[]", ""),
        (b'{"error":null}', ""),
        (b'{"error":"busy"}', "busy"),
        (b'{"error":{"message":5,"type":[],"details":null},"request_id":5}', ""),
        (b'{"error":{"message":"bad \xff byte"}}', "bad \ufffd byte"),
    ],
)
def test_an_error_in_any_shape_is_read(body: bytes, message: str):
    failure = wire.read_failure(502, {"request-id": "req_2"}, body)

    assert (failure.status, failure.message, failure.request_id) == (502, message, "req_2")
    assert (failure.type, failure.code) == (None, None)


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        (Category.AUTHENTICATION, "authentication_error"),
        (Category.PERMISSION, "permission_error"),
        (Category.QUOTA_EXHAUSTED, "billing_error"),
        (Category.RATE_LIMIT, "rate_limit_error"),
        (Category.OVERLOADED, "overloaded_error"),
        (Category.TIMEOUT, "timeout_error"),
        (Category.MODEL_NOT_FOUND, "not_found_error"),
        (Category.STREAM_INTERRUPTED, "api_error"),
    ],
)
def test_an_error_is_written_in_the_formats_words(category: Category, kind: str):
    error = LLMServiceError(category, "What to do.", request_id="req_1")

    assert msgspec.json.decode(wire.write_failure(error)) == {
        "type": "error",
        "error": {"type": kind, "message": "What to do."},
        "request_id": "req_1",
    }


@pytest.mark.parametrize("said", ["Too long for gpt.", "prompt is too long: 9 tokens"])
def test_a_conversation_that_is_too_long_is_told_in_the_words_that_clients_look_for(said: str):
    error = LLMServiceError(Category.CONTEXT_TOO_LONG, said)

    told = msgspec.json.decode(wire.write_failure(error))["error"]

    assert told["type"] == "invalid_request_error"
    assert told["message"] == "prompt is too long: " + said.removeprefix("prompt is too long: ")


@pytest.mark.parametrize("category", list(Category))
def test_every_category_has_a_word(category: Category):
    failure = wire.read_failure(500, {}, wire.write_failure(LLMServiceError(category, "x")))

    assert failure.type is not None
    assert failure.type.endswith("_error")
