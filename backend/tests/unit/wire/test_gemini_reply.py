"""Whole replies of Gemini's format, and errors: what they say, and what a client is told."""

import json
from typing import Any

import pytest

from dragoman.chat import (
    Category,
    Extras,
    Failure,
    LLMAuthenticationError,
    LLMBadRequestError,
    LLMRateLimitError,
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
from dragoman.wire import gemini as wire

COUNTS = {
    "promptTokenCount": 10,
    "toolUsePromptTokenCount": 5,
    "candidatesTokenCount": 3,
    "thoughtsTokenCount": 4,
    "cachedContentTokenCount": 6,
    "totalTokenCount": 22,
}


def answered(*parts: Any, **candidate: Any) -> dict[str, Any]:
    content = {"parts": list(parts), "role": "model"}
    said = {"content": content, "finishReason": "STOP"} | candidate
    return {"candidates": [said], "modelVersion": "m", "responseId": "r"}


def read(body: Any) -> Reply:
    return wire.read_reply(json.dumps(body).encode())


def failure_of(body: Any) -> Failure:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(UpstreamError) as caught:
        wire.read_reply(raw)
    return caught.value.failure


def test_a_reply_says_what_the_vendor_said():
    body = {
        **answered(
            {"text": "Hm.", "thought": True},
            {"text": "Hi"},
            {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}},
            {"executableCode": {"code": "1"}},
            index=0,
            groundingMetadata={"webSearchQueries": ["q"]},
        ),
        "usageMetadata": COUNTS,
        "createTime": "2026-01-02T03:04:05.678Z",
    }

    reply = read(body)

    assert reply.parts == (
        Reasoning("Hm.", origin="gemini"),
        Text("Hi"),
        ToolCall("a", "f", '{"x":1}'),
        Opaque("gemini", "executableCode", {"executableCode": {"code": "1"}}),
    )
    assert (reply.id, reply.model, reply.created) == ("r", "m", 1767323045)
    assert reply.stop == Stop(StopReason.TOOL, "STOP")
    assert reply.usage is not None
    assert reply.usage == Usage(
        input=15, output=7, cache_read=6, reasoning=4, extras=reply.usage.extras
    )
    assert reply.extras is not None
    assert reply.extras.fields["candidates"] == [
        {"index": 0, "groundingMetadata": {"webSearchQueries": ["q"]}}
    ]
    assert json.loads(wire.write_reply(reply)) == body


@pytest.mark.parametrize(
    "body",
    [
        answered(),
        answered({"text": ""}, {"text": "a"}, {"text": "b"}),
        answered({"text": "x", "partMetadata": {"a": 1}, "thoughtSignature": "cw=="}),
        answered({"functionCall": {"name": "f"}}, {"functionCall": {"name": "f"}}),
        answered({"text": "x"}, finishReason=1),
        answered({"text": "x"}, finishReason="SOMETHING_NEW", citationMetadata={}),
        {"candidates": [{"finishReason": "SAFETY"}]},
        {"candidates": [{"content": {}, "finishReason": "MAX_TOKENS"}]},
        {"candidates": [{"content": {"role": "model", "x": 1}, "finishReason": "MAX_TOKENS"}]},
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"trafficType": "x"}},
        answered({"text": "x"}) | {"usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}},
        answered({"text": "x"}) | {"usageMetadata": {"candidatesTokenCount": 3}},
        answered({"text": "x"}) | {"usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 9}},
        answered({"text": "x"}) | {"usageMetadata": {"toolUsePromptTokenCount": 3}},
    ],
)
def test_a_reply_goes_out_as_it_came(body: Any):
    assert json.loads(wire.write_reply(read(body))) == body


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", StopReason.STOP),
        ("MAX_TOKENS", StopReason.LENGTH),
        ("SAFETY", StopReason.CONTENT_FILTER),
        ("RECITATION", StopReason.CONTENT_FILTER),
        ("MALFORMED_FUNCTION_CALL", StopReason.MALFORMED),
        ("OTHER", StopReason.ERROR),
        ("SOMETHING_NEW", StopReason.STOP),
    ],
)
def test_every_reason_to_finish_has_its_meaning(word: str, reason: StopReason):
    assert read(answered({"text": "x"}, finishReason=word)).stop == Stop(reason, word)


def test_a_refused_prompt_is_a_reply_without_words():
    reply = read({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "responseId": "r"})

    assert (reply.parts, reply.stop) == ((), Stop(StopReason.CONTENT_FILTER, "PROHIBITED_CONTENT"))


def ids_in(body: Any) -> list[str]:
    return [part.id for part in read(body).parts if isinstance(part, ToolCall)]


def test_calls_without_ids_get_some_that_no_other_reply_has():
    call = {"functionCall": {"name": "f", "args": {}}}

    ids = [*ids_in(answered(call, call)), *ids_in(answered(call) | {"responseId": "s"})]

    assert len(set(ids)) == 3
    assert ids_in(answered(call, call)) == ids[:2]
    assert json.loads(wire.write_reply(read(answered(call)))) == answered(call)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "bad_json"),
        (b"[]", "bad_json"),
        ({}, "empty_response"),
        ({"candidates": [{}]}, "empty_response"),
        ({"candidates": [{"content": {"parts": [1]}}]}, "bad_payload"),
        ({"candidates": [{"finishReason": "STOP"}] * 2}, "many_choices"),
    ],
)
def test_what_is_no_reply_is_the_vendors_fault(body: Any, reason: str):
    assert failure_of(body).reason == reason


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_error_in_the_place_of_a_reply_is_one(*, wrapped: bool):
    error = {"error": {"code": 503, "message": "Later.", "status": "UNAVAILABLE"}}

    failure = failure_of([error] if wrapped else error)

    assert failure == Failure(message="Later.", status=503, type="UNAVAILABLE")


def test_a_page_of_a_proxy_tells_its_status_alone():
    assert wire.read_failure(502, {}, b"<html>no</html>") == Failure(status=502)


def test_a_stream_that_came_as_one_list_is_a_reply():
    chunks = [answered({"text": "Good "}), answered({"text": "day"})]
    del chunks[0]["candidates"][0]["finishReason"]

    assert read(chunks).text == "Good day"


def test_another_formats_reply_is_told_without_what_is_its_own():
    reply = Reply(
        id="r",
        model="m",
        created=1767323045,
        parts=(
            Reasoning("Hm.", "seal", origin="other", extras=Extras("other", {"a": 1})),
            Text("Hi", Extras("other", {"a": 1})),
            Opaque("other", "x", {}),
            ToolCall("a", "f", '{"x":'),
        ),
        stop=Stop(StopReason.TOOL, "tool_use"),
        usage=Usage(9, 5, cache_read=3, reasoning=2),
        extras=Extras("other", {"b": 1}),
    )

    assert json.loads(wire.write_reply(reply)) == {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [
                        {"text": "Hm.", "thought": True},
                        {"text": "Hi"},
                        {
                            "functionCall": {
                                "id": "a",
                                "name": "f",
                                "args": {"raw_arguments": '{"x":'},
                            }
                        },
                    ],
                },
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 9,
            "candidatesTokenCount": 3,
            "totalTokenCount": 14,
            "cachedContentTokenCount": 3,
            "thoughtsTokenCount": 2,
        },
        "createTime": "2026-01-02T03:04:05Z",
        "modelVersion": "m",
        "responseId": "r",
    }


def test_a_failure_is_told_in_googles_words_with_how_long_to_wait():
    error = LLMRateLimitError(Category.RATE_LIMIT, "Wait.", reason="rate_limited", retry_after=7.5)

    assert json.loads(wire.write_failure(error)) == {
        "error": {
            "code": 429,
            "message": "Wait.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "RATE_LIMITED",
                    "domain": "dragoman",
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"},
            ],
        }
    }


def test_a_conversation_that_is_too_long_is_told_in_the_words_that_clients_look_for():
    error = LLMBadRequestError(Category.CONTEXT_TOO_LONG, "Shorten it.")

    said = json.loads(wire.write_failure(error))["error"]

    words = "the input token count exceeds the maximum number of tokens allowed: Shorten it."
    assert (said["code"], said["message"]) == (400, words)


def test_a_vendor_that_refuses_our_key_is_no_fault_of_the_clients():
    error = LLMAuthenticationError(Category.AUTHENTICATION, "No.", status=401)

    said = json.loads(wire.write_failure(error))["error"]

    assert (said["code"], said["status"]) == (502, "INTERNAL")


@pytest.mark.parametrize(
    ("status", "word"), [(400, "INVALID_ARGUMENT"), (401, "UNAUTHENTICATED"), (413, None)]
)
def test_what_is_wrong_with_the_request_itself_keeps_its_status(status: int, word: str | None):
    error = LLMBadRequestError(Category.INVALID_REQUEST, "No.", status=status)

    said = json.loads(wire.write_failure(error))["error"]

    assert (said["code"], said["status"]) == (status, word or "INVALID_ARGUMENT")


@pytest.mark.parametrize("created", [1_700_000_000_000, 2**63 - 1, -(2**63)])
def test_a_moment_that_is_none_is_left_out(created: int):
    reply = Reply(id="r", parts=(Text("Hi"),), stop=Stop(StopReason.STOP), created=created)

    assert "createTime" not in json.loads(wire.write_reply(reply))
