"""Counting tokens and making vectors: the vendor's own numbers where it has them."""

import asyncio
import base64
import json
import struct

import pytest

from dragoman.testing import Script
from dragoman.testing.upstream import whole

COUNT = "/v1/messages/count_tokens"
ASKING = {"model": "claude", "messages": [{"role": "user", "content": "Hello there, how are you?"}]}
GOOGLES = {"contents": [{"role": "user", "parts": [{"text": "Hello there, how are you?"}]}]}


async def test_anthropics_own_route_counts_for_its_models(dragoman, upstream):
    upstream.play(whole({"input_tokens": 42}))

    response = await dragoman.client.post(
        COUNT, json=ASKING, headers={"anthropic-version": "2026-10-21", "anthropic-beta": "one"}
    )

    assert await response.json() == {"input_tokens": 42}
    assert "x-dragoman-receipt" not in response.headers
    (sent,) = upstream.received
    assert sent.path == "/v1/messages/count_tokens"
    assert sent.json["model"] == "vendor-claude"
    assert "max_tokens" not in sent.json
    assert sent.headers["anthropic-version"] == "2026-10-21"
    assert sent.headers["anthropic-beta"] == "one"


async def test_where_nobody_counts_the_number_is_a_guess_and_says_so(dragoman, upstream):
    upstream.play(Script(404, {"content-type": "application/json"}, (b"{}",)))

    response = await dragoman.client.post(COUNT, json=ASKING | {"model": "gpt"})

    assert 5 <= (await response.json())["input_tokens"] <= 30
    assert response.headers["x-dragoman-receipt"] == "emulated input_tokens"


@pytest.mark.parametrize("body", [GOOGLES, {"generateContentRequest": {"model": "x"} | GOOGLES}])
async def test_googles_clients_count_too(dragoman, upstream, body):
    upstream.play(whole({"input_tokens": 42}))

    response = await dragoman.client.post("/v1beta/models/claude:countTokens", json=body)

    assert await response.json() == {"totalTokens": 42}
    assert upstream.received[0].json["messages"][0]["role"] == "user"


@pytest.mark.parametrize(
    ("path", "body"), [(COUNT, ASKING), ("/v1beta/models/claude:countTokens", GOOGLES)]
)
async def test_a_client_that_leaves_ends_the_call_that_counts(dragoman, upstream, path, body):
    upstream.play(Script(before=20))
    asking = asyncio.create_task(dragoman.client.post(path, json=body))
    await asyncio.wait_for(upstream.asked.wait(), 2)

    asking.cancel()

    await asyncio.wait_for(upstream.closed_by_peer.wait(), 2)


async def test_a_refusal_to_count_is_an_error_in_the_callers_dialect(dragoman, upstream):
    upstream.play(Script(429, {"content-type": "application/json", "retry-after": "7"}, (b"{}",)))

    response = await dragoman.client.post(COUNT, json=ASKING)

    assert response.status == 429
    assert response.headers["retry-after"] == "7"
    assert (await response.json())["error"]["type"] == "rate_limit_error"


VECTORS = {
    "object": "list",
    "model": "vendor-gpt",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


async def test_vectors_come_as_their_vendor_made_them_under_our_name(dragoman, upstream):
    upstream.play(whole(VECTORS))

    response = await dragoman.client.post(
        "/v1/embeddings", json={"model": "gpt", "input": "Hello", "glitter": 1}
    )

    assert await response.json() == VECTORS | {"model": "gpt"}
    assert upstream.received[0].path == "/v1/embeddings"
    assert upstream.received[0].json == {"model": "vendor-gpt", "input": "Hello", "glitter": 1}


@pytest.fixture
def gemini(environ, upstream):
    """A model that makes vectors in words of its own, beside the others."""
    row = {"id": "vectors", "name": "V", "description": "", "provider": "gemini"}
    environ["MODELS"] = json.dumps([*json.loads(environ["MODELS"]), row])
    environ |= {"GEMINI_API_KEY": "canary-gemini-key", "GEMINI_BASE_URL": f"{upstream.url}/v1beta"}


@pytest.mark.usefixtures("gemini")
async def test_vectors_in_other_words_come_as_openais_client_wants_them(dragoman, upstream):
    upstream.play(whole({"embeddings": [{"values": [0.5, 0.25]}]}))

    response = await dragoman.client.post(
        "/v1/embeddings",
        json={"model": "vectors", "input": "Hello", "encoding_format": "base64", "user": "u"},
    )

    said = await response.json()
    assert base64.b64decode(said["data"][0]["embedding"]) == struct.pack("<2f", 0.5, 0.25)
    assert said["model"] == "vectors"
    assert response.headers["x-dragoman-receipt"] == "dropped user"
    assert upstream.received[0].path == "/v1beta/models/vectors:batchEmbedContents"


@pytest.mark.usefixtures("gemini")
async def test_tokens_of_another_vocabulary_are_refused_before_anything_is_sent(dragoman, upstream):
    response = await dragoman.client.post(
        "/v1/embeddings", json={"model": "vectors", "input": [1, 2]}
    )

    assert response.status == 400
    assert "texts alone" in (await response.json())["error"]["message"]
    assert upstream.received == []


async def test_a_provider_without_vectors_is_told_before_anything_is_sent(dragoman, upstream):
    response = await dragoman.client.post("/v1/embeddings", json={"model": "claude", "input": "x"})
    error = (await response.json())["error"]

    assert (response.status, error["param"]) == (400, "model")
    assert "no embeddings" in error["message"]
    assert upstream.received == []


@pytest.mark.parametrize("path", ["/v1/embeddings", COUNT])
async def test_a_model_that_is_missing_or_unknown_is_named(dragoman, path):
    missing = await dragoman.client.post(path, json={"input": "x", "messages": []})
    unknown = await dragoman.client.post(
        path, json={"model": "nope", "input": "x", "messages": ASKING["messages"]}
    )

    assert (missing.status, unknown.status) == (400, 404)
    assert "model" in (await missing.json())["error"]["message"]
