"""A reply that ended in error is a success to nobody, whichever format it came in."""

import json
from typing import Any, Final

import pytest

from dragoman.testing.upstream import streamed, whole
from tests.support.tapes import openai_whole, sse

CHAT: Final = {"model": "gpt", "messages": [{"role": "user", "content": "Hello"}]}
PLACES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "anthropic": ("/v1/messages", {**CHAT, "max_tokens": 64}),
    "gemini": (
        "/v1beta/models/gpt:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    ),
}
SUCCESS: Final = (b"message_stop", b"finishReason")


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "vendor-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


BAD_STREAM: Final = sse(chunk({"content": "Good"}), chunk({}, "error"), "[DONE]")


@pytest.mark.parametrize("client", PLACES)
async def test_a_whole_reply_that_ended_in_error_is_an_error(dragoman, upstream, client):
    upstream.play(whole(openai_whole("Good", finish="error")))
    path, asking = PLACES[client]

    response = await dragoman.client.post(path, json=asking)

    assert response.status == 502
    assert "stopped in error" in json.dumps((await response.json())["error"])


@pytest.mark.parametrize("client", PLACES)
async def test_a_stream_that_ended_in_error_fails(dragoman, upstream, client):
    upstream.play(streamed(BAD_STREAM, pause=0.05))
    path, asking = PLACES[client]
    if client == "gemini":
        path = path.replace("generateContent", "streamGenerateContent?alt=sse")
    else:
        asking = {**asking, "stream": True}

    response = await dragoman.client.post(path, json=asking)
    body = await response.read()

    assert b"Good" in body
    assert b"stopped in error" in body
    assert not any(mark in body for mark in SUCCESS)


async def test_a_client_of_the_same_format_is_told_what_the_vendor_said(dragoman, upstream):
    upstream.play(whole(openai_whole("Good", finish="error")), streamed(BAD_STREAM))

    told = await dragoman.client.post("/v1/chat/completions", json=CHAT)
    heard = await dragoman.client.post("/v1/chat/completions", json={**CHAT, "stream": True})

    assert (await told.json())["choices"][0]["finish_reason"] == "error"
    assert b'"finish_reason": "error"' in await heard.read()


async def test_our_own_api_says_so_in_its_stop_reason(dragoman, upstream):
    upstream.play(whole(openai_whole("Good", finish="error")))

    response = await dragoman.client.post(
        "/api/v1/messages", json={"message": "Hello", "model": "gpt"}
    )

    assert (await response.json())["stopReason"] == "error"
