"""Vectors, passed on as their vendor wrote them."""

import pytest

from dragoman.chat import Category, LLMServiceError, Usage
from dragoman.config import ProviderRow
from dragoman.services.embedding import create_embeddings
from dragoman.services.providers import (
    FAMILIES,
    AnthropicProvider,
    LocalProvider,
    OpenAIProvider,
    provider_of,
)
from dragoman.services.routing import Candidate
from dragoman.testing.upstream import Script, whole
from tests.unit.providers.asked import KEY, MODEL, world

VECTORS = (
    b'{"object":"list","data":[{"object":"embedding","index":0,'
    b'"embedding":[0.10,-1e-7,0.30000000000000004]}],'
    b'"model":"vendor-model","usage":{"prompt_tokens":5,"total_tokens":5},"more":1}'
)
FIELDS = {"model": "ours", "input": ["Hi"], "dimensions": 3, "zeal": 1}


def script(body: bytes, status: int = 200, **headers: str) -> Script:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Script(status, {"content-type": "application/json"} | named, (body,))


async def test_all_but_the_models_name_goes_there_and_back_as_it_was():
    async with world(OpenAIProvider()) as (server, candidate):
        server.play(script(VECTORS, x_request_id="req_1", set_cookie="a=b"))
        made = await create_embeddings(FIELDS, candidate)
        (received,) = server.received
    assert (received.method, received.path) == ("POST", "/embeddings")
    assert received.json == {**FIELDS, "model": "vendor-model"}
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert made.body == VECTORS.replace(b'"vendor-model"', b'"ours"')
    assert made.usage == Usage(input=5)
    assert made.headers == (("x-request-id", "req_1"),)


async def test_a_row_that_speaks_openais_format_makes_them_too():
    row = ProviderRow("box", "Box", "openai", "http://127.0.0.1:9")
    async with world(provider_of(row, FAMILIES)) as (server, candidate):
        server.play(script(b'{"data":[]}'))
        assert (await create_embeddings(FIELDS, candidate)).body == b'{"data":[],"model":"ours"}'


@pytest.mark.parametrize("provider", [AnthropicProvider(), LocalProvider()])
async def test_a_provider_that_makes_none_says_so_and_is_not_asked(provider):
    async with world(OpenAIProvider()) as (server, candidate):
        asked = Candidate(MODEL, provider, candidate.runtime)
        with pytest.raises(LLMServiceError, match="makes no embeddings") as caught:
            await create_embeddings(FIELDS, asked)
        assert server.received == []
    assert caught.value.category is Category.UNSUPPORTED


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        (whole({"error": {"message": "slow"}}, status=429), Category.RATE_LIMIT),
        (script(b"<html>"), Category.BAD_RESPONSE),
        (script(b'{"object":"list"}'), Category.BAD_RESPONSE),
        (script(b'{"data":[],"usage":7}'), Category.BAD_RESPONSE),
    ],
)
async def test_a_failure_is_judged_by_the_providers_table(answer, category):
    async with world(OpenAIProvider()) as (server, candidate):
        server.play(answer)
        with pytest.raises(LLMServiceError) as caught:
            await create_embeddings(FIELDS, candidate)
    assert (caught.value.category, caught.value.model) == (category, "ours")
