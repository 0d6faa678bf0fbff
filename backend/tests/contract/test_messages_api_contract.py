"""What `POST /api/v1/messages` promises, whole and streamed, on good days and bad ones."""

import asyncio
import json
from dataclasses import replace
from io import BytesIO

import pytest

from dragoman.testing import Script
from dragoman.testing.upstream import streamed, whole
from tests.support.tapes import (
    anthropic_stream,
    anthropic_whole,
    named_sse,
    openai_stream,
    openai_whole,
    sse,
)

WHOLE = {"gpt": openai_whole, "claude": anthropic_whole}
STREAM = {"gpt": openai_stream, "claude": anthropic_stream}
BOTH = pytest.mark.parametrize("model", ["gpt", "claude"])


@BOTH
async def test_a_whole_answer_has_its_text_model_usage_and_reason(dragoman, upstream, model):
    upstream.play(whole(WHOLE[model]("Good day")))

    response = await dragoman.ask(model=model)
    answer = await response.json()

    assert response.status == 200
    assert (answer["status"], answer["message"], answer["model"]) == ("success", "Good day", model)
    assert answer["stopReason"] == "stop"
    assert answer["usage"]["inputTokens"] == 7
    assert answer["usage"]["totalTokens"] == 9
    assert answer["usage"]["cacheReadTokens"] in {None, 0}
    assert answer["request_id"] == response.headers["x-request-id"]
    assert answer["timestamp"].endswith("Z")


@BOTH
async def test_a_streamed_answer_is_tokens_and_one_complete(dragoman, upstream, model):
    upstream.play(streamed(STREAM[model](["Good", " ", "day"])))

    response = await dragoman.ask_streamed(model=model)
    body = (await response.read()).decode()
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ")]

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert "event:" not in body
    assert [event["type"] for event in events] == ["token", "token", "token", "complete"]
    assert "".join(event["content"] for event in events[:-1]) == "Good day"
    assert events[-1]["model"] == model
    assert events[-1]["totalTokens"] == 10
    assert events[-1]["stopReason"] == "stop"


async def test_tokens_arrive_while_the_answer_is_still_being_written(dragoman, upstream):
    upstream.play(streamed(openai_stream(["one", "two"])[:3], end="hang"))

    response = await dragoman.ask_streamed()
    first = await asyncio.wait_for(response.content.readuntil(b"\n\n"), 2)

    assert b"one" in first
    response.close()


@BOTH
async def test_the_default_model_answers_when_none_is_named(dragoman, upstream, model):
    upstream.play(whole(openai_whole("hi")))
    assert (await (await dragoman.ask()).json())["model"] == "gpt"
    assert upstream.received[0].json["model"] == "vendor-gpt"


async def test_the_history_is_sent_with_system_as_the_assistants_turn(dragoman, upstream):
    upstream.play(whole(openai_whole("Ada")))
    history = [{"sender": "user", "text": "I am Ada"}, {"sender": "system", "text": "Hello Ada"}]

    await dragoman.ask("Who am I?", history=history)

    assert upstream.received[0].json["messages"] == [
        {"role": "user", "content": "I am Ada"},
        {"role": "assistant", "content": "Hello Ada"},
        {"role": "user", "content": "Who am I?"},
    ]


async def test_upstream_gets_the_callers_mode_its_key_and_asks_for_usage(dragoman, upstream):
    upstream.play(streamed(openai_stream(["x"])))
    await dragoman.events()
    (request,) = upstream.received

    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer canary-openai-key"
    assert request.json["stream"] is True
    assert request.json["stream_options"] == {"include_usage": True}


async def test_an_anthropic_upstream_gets_its_own_headers(dragoman, upstream):
    upstream.play(whole(anthropic_whole("x")))
    await dragoman.ask(model="claude")
    (request,) = upstream.received

    assert request.path == "/v1/messages"
    assert request.headers["x-api-key"] == "canary-anthropic-key"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in request.headers
    assert request.json["max_tokens"] > 0
    assert request.json["model"] == "vendor-claude"


FAILURES = [
    (401, {}, 503, "AUTH_ERROR"),
    (402, {}, 503, "RATE_LIMIT"),
    (403, {}, 503, "AUTH_ERROR"),
    (404, {}, 400, "LLM_ERROR"),
    (400, {}, 400, "LLM_ERROR"),
    (413, {}, 400, "LLM_ERROR"),
    (422, {}, 400, "LLM_ERROR"),
    (429, {"retry-after": "7"}, 503, "RATE_LIMIT"),
    (500, {}, 503, "LLM_ERROR"),
    (503, {}, 503, "LLM_ERROR"),
    (529, {}, 503, "LLM_ERROR"),
]


@BOTH
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("status", "headers", "expected", "code"), FAILURES, ids=[str(row[0]) for row in FAILURES]
)
async def test_a_failure_before_the_first_event_has_its_true_status(
    dragoman, upstream, model, stream, status, headers, expected, code
):
    upstream.play(Script(status, {"content-type": "application/json", **headers}, (b"{}",)))

    response = await (dragoman.ask_streamed if stream else dragoman.ask)(model=model)
    error = await response.json()

    assert (response.status, error["code"], error["status"]) == (expected, code, "error")
    assert error["reason"]
    assert error["detail"]["model"] == model
    assert response.headers.get("retry-after") == headers.get("retry-after")
    assert len(upstream.received) == 1, "one attempt, so that nothing is billed twice"
    assert "canary" not in await response.text()


@BOTH
@pytest.mark.parametrize("end", ["cut", "reset"])
async def test_a_cut_stream_ends_in_one_error_and_never_in_complete(dragoman, upstream, model, end):
    upstream.play(streamed(STREAM[model](["Good", "day"])[:-3], end=end, pause=0.02))

    events = await dragoman.events(model=model)

    assert events[0].content["type"] == "token"
    assert [event.content["type"] for event in events].count("complete") == 0
    last = events[-1]
    assert (last.name, last.content["type"], last.content["code"]) == (
        "error",
        "error",
        "CONNECTION_ERROR",
    )


async def test_a_clean_end_without_a_finish_is_no_success_either(dragoman, upstream):
    upstream.play(streamed(openai_stream(["Good", "day"])[:-3]))
    assert (await dragoman.events())[-1].content["code"] == "CONNECTION_ERROR"


async def test_a_finished_stream_without_its_mark_is_complete(dragoman, upstream):
    upstream.play(streamed(openai_stream(["Good", "day"])[:-1]))
    assert (await dragoman.events())[-1].content["type"] == "complete"


async def test_an_error_inside_a_stream_keeps_what_was_said(dragoman, upstream):
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    told = streamed([*anthropic_stream(["Good"])[:4], *named_sse(overloaded)], pause=0.02)
    upstream.play(replace(told, headers={**told.headers, "request-id": "req_vendor"}))

    events = await dragoman.events(model="claude")

    assert events[0].content == {"type": "token", "content": "Good"}
    assert events[-1].content["code"] == "LLM_ERROR"
    assert events[-1].content["detail"]["category"] == "overloaded"
    assert events[-1].content["detail"]["vendorRequestId"] == "req_vendor"


async def test_an_error_as_the_first_event_has_its_true_status(dragoman, upstream):
    upstream.play(streamed(sse({"error": {"message": "no", "code": "insufficient_quota"}})))
    response = await dragoman.ask_streamed()
    error = await response.json()
    assert (response.status, error["code"]) == (503, "RATE_LIMIT")
    assert error["detail"]["category"] == "quota_exhausted"


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_an_answer_that_ended_early_is_complete_with_its_reason(dragoman, upstream, finish):
    upstream.play(whole(openai_whole("Good d", finish=finish)))
    answer = await (await dragoman.ask()).json()
    assert (answer["message"], answer["stopReason"]) == ("Good d", finish)


@pytest.mark.parametrize(
    "script",
    [
        Script(headers={"content-type": "application/json"}, pieces=(b"{not json",)),
        Script(headers={"content-type": "application/json"}),
        Script(headers={"content-type": "application/json"}, pieces=(b'{"choices": []}',)),
        whole(openai_whole("")),
        Script(headers={"content-type": "text/html"}, pieces=(b"<html>login</html>",)),
        Script(302, {"location": "http://127.0.0.1:1/"}),
        streamed(sse("[DONE]")),
    ],
    ids=["bad json", "empty", "no choices", "no words", "a page", "a redirect", "only the mark"],
)
async def test_nonsense_from_upstream_is_the_providers_fault(dragoman, upstream, script):
    upstream.play(script)
    response = await dragoman.ask()
    text = await response.text()
    assert (response.status, json.loads(text)["code"]) == (503, "LLM_ERROR")
    assert "<html" not in text


async def test_silence_before_the_first_byte_is_a_true_504(dragoman, upstream):
    upstream.play(Script(before=5))
    response = await dragoman.ask()
    assert (response.status, (await response.json())["code"]) == (504, "TIMEOUT")


async def test_a_long_wait_is_bridged_by_comments_and_then_told_in_band(dragoman, upstream):
    upstream.play(Script(before=5))
    response = await dragoman.ask_streamed()
    body = (await response.read()).decode()
    assert response.status == 200
    assert body.startswith(": keep-alive")
    assert json.loads(body.rpartition("data: ")[2])["code"] == "TIMEOUT"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_client_that_leaves_ends_the_call_upstream(dragoman, upstream, stream):
    upstream.play(Script(before=30))
    asking = asyncio.create_task((dragoman.ask_streamed if stream else dragoman.ask)())
    await asyncio.wait_for(upstream.asked.wait(), 2)

    asking.cancel()

    await asyncio.wait_for(upstream.closed_by_peer.wait(), 1)
    health = await (await dragoman.client.get("/health")).json()
    assert health["status"] == "ok"


async def test_a_client_that_leaves_in_mid_stream_ends_the_call_upstream(dragoman, upstream):
    upstream.play(streamed(openai_stream(["one", "two"])[:3], end="hang"))
    response = await dragoman.ask_streamed()
    await response.content.readuntil(b"\n\n")

    response.close()

    await asyncio.wait_for(upstream.closed_by_peer.wait(), 1)


BAD = [
    ({}, "message"),
    ({"message": ""}, "message"),
    ({"message": " \n "}, "message"),
    ({"message": "x" * 10_001}, "message"),
    ({"message": 5}, "message"),
    ({"message": None}, "message"),
    ({"message": "x", "model": 7}, "model"),
    ({"message": "x", "conversationId": "../etc/passwd"}, "conversationId"),
    ({"message": "x", "conversationId": "conv-1"}, "conversationId"),
    ({"message": "x", "history": "no"}, "history"),
    ({"message": "x", "history": ["no"]}, "history[0]"),
    ({"message": "x", "history": [{"sender": "robot", "text": "x"}]}, "history[0].sender"),
    ({"message": "x", "history": [{"sender": "user"}]}, "history[0].text"),
    ({"message": "x", "history": [{"sender": "user", "text": " "}]}, "history[0].text"),
    ({"message": "x", "history": [{"sender": "user", "text": "x"}] * 201}, "history"),
    ([], None),
    ("text", None),
]


@pytest.mark.parametrize(("body", "field"), BAD, ids=[str(row[0])[:40] for row in BAD])
async def test_a_wrong_field_is_named_and_nothing_is_sent(dragoman, upstream, body, field):
    response = await dragoman.client.post("/api/v1/messages", json=body)
    error = await response.json()

    assert (response.status, error["code"]) == (422, "INVALID_REQUEST")
    assert error.get("detail", {}).get("field") == field
    assert upstream.received == []


async def test_the_longest_message_is_accepted(dragoman, upstream):
    upstream.play(whole(openai_whole("ok")))
    assert (await dragoman.ask("x" * 10_000)).status == 200


async def test_an_unknown_model_is_answered_with_the_known_ones(dragoman, upstream):
    response = await dragoman.ask(model="gtp")
    error = await response.json()
    assert (response.status, error["code"]) == (400, "INVALID_REQUEST")
    assert "gpt, claude" in error["error"]
    assert upstream.received == []


async def test_unknown_fields_change_neither_route_nor_credentials(dragoman, upstream):
    upstream.play(whole(openai_whole("ok")))
    more = {"api_base": "http://127.0.0.1:1", "api_key": "mine", "headers": {"a": "b"}}
    response = await dragoman.ask(**more)
    assert response.status == 200
    assert upstream.received[0].headers["authorization"] == "Bearer canary-openai-key"


async def test_the_schema_tells_of_the_streaming_route(dragoman):
    schema = await (await dragoman.client.get("/openapi.json")).json()
    operation = schema["paths"]["/api/v1/messages"]["post"]
    assert set(operation["responses"]["200"]["content"]) == {
        "application/json",
        "text/event-stream",
    }
    assert "message" in schema["components"]["schemas"]["Question"]["properties"]


async def test_a_body_too_long_is_refused_and_the_connection_ends(dragoman):
    response = await dragoman.client.post(
        "/api/v1/messages",
        data=BytesIO(b"x" * ((1 << 20) + 1)),
        headers={"content-type": "application/json"},
    )
    error = await response.json()
    assert (response.status, error["reason"]) == (413, "body_too_large")
    assert response.headers["connection"] == "close"


async def test_the_fine_word_tells_one_mistake_from_another(dragoman):
    async def reason(**sent: object) -> str:
        response = await dragoman.client.post("/api/v1/messages", **sent)
        return (await response.json())["reason"]

    assert await reason(json={"message": "x", "model": "no"}) == "unknown_model"
    assert await reason(data=b"{}", headers={"content-type": "text/plain"}) == "bad_content_type"
    assert await reason(json={}) == "validation"
    assert await reason(json={"message": "x"}, headers={"accept": "image/png"}) == "not_acceptable"
