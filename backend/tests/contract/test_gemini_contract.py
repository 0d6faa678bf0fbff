"""What programs that speak Google's format are promised, under both versions of its API."""

import json

import pytest

from dragoman.testing import Script
from dragoman.testing.upstream import streamed, whole
from tests.support.tapes import anthropic_stream, anthropic_whole, openai_stream, openai_whole

WHOLE = {"gpt": openai_whole, "claude": anthropic_whole}
STREAM = {"gpt": openai_stream, "claude": anthropic_stream}
MODELS = pytest.mark.parametrize("model", ["gpt", "claude"])
VERSIONS = pytest.mark.parametrize("version", ["v1beta", "v1"])
ASKING = {
    "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
    "generationConfig": {"maxOutputTokens": 64},
}


@VERSIONS
@MODELS
async def test_a_whole_answer(dragoman, upstream, model, version):
    upstream.play(whole(WHOLE[model]("Good day")))

    response = await dragoman.client.post(f"/{version}/models/{model}:generateContent", json=ASKING)
    answer = await response.json()

    assert response.status == 200
    assert answer["candidates"][0]["content"]["parts"] == [{"text": "Good day"}]
    assert answer["candidates"][0]["finishReason"] == "STOP"
    assert answer["modelVersion"] == model
    assert answer["usageMetadata"]["promptTokenCount"] == 7
    assert upstream.received[0].json["messages"][-1]["role"] == "user"


@VERSIONS
@MODELS
async def test_a_stream(dragoman, upstream, model, version):
    upstream.play(streamed(STREAM[model](["Good", " day"])))

    response = await dragoman.client.post(
        f"/{version}/models/{model}:streamGenerateContent?alt=sse", json=ASKING
    )
    lines = [line[6:] for line in (await response.read()).splitlines() if line[:6] == b"data: "]
    chunks = [json.loads(line) for line in lines]
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]

    assert "".join(part["text"] for part in parts) == "Good day"
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    assert {chunk["modelVersion"] for chunk in chunks} == {model}
    assert upstream.received[0].json["stream"] is True


@MODELS
async def test_a_stream_that_breaks_off_has_no_reason_to_finish(dragoman, upstream, model):
    upstream.play(streamed(STREAM[model](["Good", " day"])[:2], end="cut"))

    response = await dragoman.client.post(
        f"/v1beta/models/{model}:streamGenerateContent?alt=sse", json=ASKING
    )
    body = await response.read()

    assert b"finishReason" not in body
    assert "error" in json.loads(body.strip().split(b"\n\n")[-1].removeprefix(b"data: "))


@pytest.mark.parametrize(
    ("status", "told", "word"),
    [
        (401, 502, "INTERNAL"),
        (429, 429, "RESOURCE_EXHAUSTED"),
        (503, 503, "UNAVAILABLE"),
        (400, 400, "INVALID_ARGUMENT"),
        (404, 404, "NOT_FOUND"),
    ],
)
async def test_a_failure_is_told_as_google_tells_it(dragoman, upstream, status, told, word):
    upstream.play(Script(status, {"content-type": "application/json"}, (b"{}",)))

    response = await dragoman.client.post("/v1beta/models/gpt:generateContent", json=ASKING)
    error = (await response.json())["error"]

    assert (response.status, error["code"], error["status"]) == (told, told, word)
    assert error["message"]


async def test_a_model_that_is_not_there_is_not_found(dragoman):
    response = await dragoman.client.post("/v1beta/models/nope:generateContent", json=ASKING)

    assert response.status == 404
    assert (await response.json())["error"]["status"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/v1beta/models/gpt:dance", "/v1beta/models/gpt", "/v1beta/x"])
async def test_a_method_that_is_not_there_is_not_found(dragoman, path):
    response = await dragoman.client.post(path, json=ASKING)

    assert response.status in {404, 405}
    assert set((await response.json())["error"]) >= {"code", "message", "status"}


async def test_a_stream_without_alt_sse_is_told_what_to_add(dragoman, upstream):
    response = await dragoman.client.post("/v1beta/models/gpt:streamGenerateContent", json=ASKING)

    assert response.status == 400
    assert "?alt=sse" in (await response.json())["error"]["message"]
    assert upstream.received == []
