"""Vectors by vendors with words of their own: what each is asked, and what a client is told."""

import asyncio
import base64
import json
import struct
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dragoman.chat import Category, JsonObject, LLMServiceError, Usage
from dragoman.config.facts import ModelEntry
from dragoman.services.embedding import create_embeddings
from dragoman.services.providers import (
    BedrockProvider,
    Embedded,
    Engines,
    GeminiProvider,
    HttpProvider,
    Runtime,
    VertexProvider,
)
from dragoman.services.providers.bedrock_vectors import TitanRoute
from dragoman.services.providers.calls import Answered
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.vectors import AT_ONCE, made_by
from dragoman.services.routing import Candidate
from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import Received, Script, whole

from .asked import KEY, TIMEOUTS

ENVIRON = {"GEMINI_API_KEY": KEY, "AWS_BEARER_TOKEN_BEDROCK": KEY, "AWS_REGION": "eu-west-1"}


class KeylessVertex(VertexProvider, frozen=True, kw_only=True):
    """Vertex AI without credentials, which have tests of their own."""

    def signer(self, config, runtime):
        return None


GEMINI, VERTEX, BEDROCK = GeminiProvider(), KeylessVertex(), BedrockProvider()


@asynccontextmanager
async def here(provider: HttpProvider, model: str):
    async with scripted_upstream() as server:
        upstream = HttptoolsUpstream(TIMEOUTS)
        environ = ENVIRON | {f"{provider.provider_id.upper()}_BASE_URL": server.url}
        try:
            runtime = Runtime(environ, upstream, TIMEOUTS, Engines())
            entry = ModelEntry("ours", "Ours", "", provider.provider_id, upstream_id=model)
            yield server, Candidate(entry, provider, runtime)
        finally:
            await upstream.close()


async def asked(
    provider: HttpProvider, model: str, *answers: Any, **fields: Any
) -> tuple[list[Received], Embedded]:
    """Ask with `fields`; every answer is a JSON body with status 200, or a script."""
    async with here(provider, model) as (server, candidate):
        server.play(*(one if isinstance(one, Script) else whole(one) for one in answers))
        made = await create_embeddings({"model": "ours", **fields}, candidate)
        return server.received, made


def told(made: Embedded) -> JsonObject:
    said: JsonObject = json.loads(made.body)
    return said


def vectors(made: Embedded) -> list[Any]:
    return [one["embedding"] for one in told(made)["data"]]


async def test_gemini_is_asked_for_all_texts_at_once():
    answer = {
        "embeddings": [{"values": [1.5, -2.0]}, {"values": [0.25, 4.0]}],
        "usageMetadata": {"promptTokenCount": 7},
    }

    (received,), made = await asked(
        GEMINI, "m-1", answer, input=["a", "b"], dimensions=2, taskType="CLUSTERING"
    )

    def request(text: str) -> JsonObject:
        return {
            "model": "models/m-1",
            "content": {"parts": [{"text": text}]},
            "taskType": "CLUSTERING",
            "outputDimensionality": 2,
        }

    assert received.path == "/models/m-1:batchEmbedContents"
    assert received.json == {"requests": [request("a"), request("b")]}
    assert received.headers["x-goog-api-key"] == KEY
    assert told(made) == {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [1.5, -2.0]},
            {"object": "embedding", "index": 1, "embedding": [0.25, 4.0]},
        ],
        "model": "ours",
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }
    assert made.usage == Usage(input=7)


async def test_more_texts_than_one_request_takes_are_asked_for_in_several():
    texts = [f"text {number}" for number in range(250)]
    lots = [texts[:100], texts[100:200], texts[200:]]
    answers = [
        {
            "embeddings": [{"values": [float(text.split()[1])]} for text in lot],
            "usageMetadata": {"promptTokenCount": len(lot)},
        }
        for lot in lots
    ]

    received, made = await asked(GEMINI, "m-1", *answers, input=texts)

    assert sorted(len(each.json["requests"]) for each in received) == [50, 100, 100]
    assert made.usage == Usage(input=250)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({}, {"content": {"parts": [{"text": "a"}]}}),
        (
            {"dimensions": 3, "title": "T"},
            {
                "content": {"parts": [{"text": "a"}]},
                "embedContentConfig": {"title": "T", "outputDimensionality": 3},
            },
        ),
    ],
)
async def test_a_newer_model_of_vertex_is_asked_for_one_text(fields, body):
    answer = {"embedding": {"values": [1.0]}, "usageMetadata": {"promptTokenCount": 2}}

    (received,), made = await asked(VERTEX, "gemini-embedding-2", answer, input="a", **fields)

    assert (received.path, received.json) == ("/models/gemini-embedding-2:embedContent", body)
    assert (vectors(made), made.usage) == ([[1.0]], Usage(input=2))


async def test_an_older_model_of_vertex_predicts():
    answer = {
        "predictions": [
            {"embeddings": {"values": [1.0], "statistics": {"token_count": 3}}},
            {"embeddings": {"values": [2.0], "statistics": {"token_count": 4}}},
        ]
    }

    (received,), made = await asked(
        VERTEX,
        "text-embedding-005",
        answer,
        input=["a", "b"],
        dimensions=1,
        taskType="CLUSTERING",
        autoTruncate=False,
    )

    assert received.path == "/models/text-embedding-005:predict"
    assert received.json == {
        "instances": [
            {"content": "a", "task_type": "CLUSTERING"},
            {"content": "b", "task_type": "CLUSTERING"},
        ],
        "parameters": {"autoTruncate": False, "outputDimensionality": 1},
    }
    assert (vectors(made), made.usage) == ([[1.0], [2.0]], Usage(input=7))


async def test_the_first_gemini_model_of_vertex_predicts_one_text_at_a_time():
    answer = {"predictions": [{"embeddings": {"values": [1.0]}}]}

    received, made = await asked(VERTEX, "gemini-embedding-001", answer, answer, input=["a", "b"])

    assert sorted(each.json["instances"][0]["content"] for each in received) == ["a", "b"]
    assert (len(vectors(made)), made.usage) == (2, Usage())


COHERE = {"texts": ["a"], "input_type": "search_document"}
NOVA = {"value": "a", "truncationMode": "NONE"}


@pytest.mark.parametrize(
    ("model", "fields", "body", "answer", "usage"),
    [
        ("cohere.embed-english-v3", {}, COHERE, {"embeddings": [[1.0]]}, None),
        (
            "eu.cohere.embed-v4:0",
            {"dimensions": 256, "input_type": "search_query"},
            {"texts": ["a"], "input_type": "search_query", "output_dimension": 256},
            {"embeddings": {"float": [[1.0]]}},
            None,
        ),
        (
            "amazon.titan-embed-text-v2:0",
            {"dimensions": 256, "normalize": True},
            {"inputText": "a", "dimensions": 256, "normalize": True},
            {"embedding": [1.0], "inputTextTokenCount": 4},
            4,
        ),
        (
            "amazon.nova-2-multimodal-embeddings-v1:0",
            {"dimensions": 256, "truncationMode": "END", "embeddingPurpose": "CLUSTERING"},
            {
                "taskType": "SINGLE_EMBEDDING",
                "singleEmbeddingParams": {
                    "embeddingPurpose": "CLUSTERING",
                    "embeddingDimension": 256,
                    "text": NOVA | {"truncationMode": "END"},
                },
            },
            {"embeddings": [{"embedding": [1.0], "embeddingType": "TEXT"}]},
            None,
        ),
        (
            "amazon.nova-2-multimodal-embeddings-v1:0",
            {},
            {
                "taskType": "SINGLE_EMBEDDING",
                "singleEmbeddingParams": {"embeddingPurpose": "GENERIC_INDEX", "text": NOVA},
            },
            {"embeddings": [{"embedding": [1.0]}]},
            None,
        ),
    ],
)
async def test_each_maker_on_bedrock_is_asked_in_its_own_words(model, fields, body, answer, usage):
    (received,), made = await asked(BEDROCK, model, answer, input="a", **fields)

    assert received.path == f"/model/{model}/invoke"
    assert received.json == body
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert (vectors(made), made.usage) == ([[1.0]], Usage(input=usage))
    assert told(made)["usage"]["prompt_tokens"] == (usage or 0)


async def test_many_texts_of_a_model_that_takes_one_are_asked_for_some_at_a_time():
    count = 2 * AT_ONCE + 1
    answer = {"embedding": [1.0], "inputTextTokenCount": 1}

    received, made = await asked(
        BEDROCK, "amazon.titan-embed-text-v2:0", *[answer] * count, input=["a"] * count
    )

    assert len(received) == len(vectors(made)) == count
    assert made.usage == Usage(input=count)


async def test_vectors_are_packed_for_a_client_that_asks_for_it():
    answer = {"embeddings": [{"values": [1.5, -2.0]}]}

    (received,), made = await asked(GEMINI, "m", answer, input="a", encoding_format="base64")

    assert "encoding_format" not in received.json["requests"][0]
    (packed,) = vectors(made)
    assert struct.unpack("<2f", base64.b64decode(packed)) == (1.5, -2.0)


class Echo:
    """An asker whose answers come last first, each with its text's number as the vector."""

    async def ask(self, path: str, body: JsonObject) -> Answered:
        number = int(body["inputText"])
        await asyncio.sleep((9 - number) / 1000)
        said = {"embedding": [number], "inputTextTokenCount": 1}
        return Answered(json.dumps(said).encode(), ())


async def test_vectors_stand_in_the_order_of_their_texts_whichever_came_first():
    texts = [str(number) for number in range(10)]
    model = ModelEntry("ours", "Ours", "", "bedrock", upstream_id="amazon.titan-embed-text-v2:0")

    made = await made_by(TitanRoute(), {"input": texts}, model, Echo().ask)

    assert vectors(made) == [[number] for number in range(10)]


async def test_a_vector_keeps_its_digits():
    body = b'{"embeddings":[{"values":[0.10,-1e-7,0.30000000000000004]}]}'
    script = Script(200, {"content-type": "application/json"}, (body,))

    _, made = await asked(GEMINI, "m", script, input="a")

    assert b'"embedding":[0.10,-1e-7,0.30000000000000004]' in made.body


async def test_who_the_end_user_is_stays_here_with_a_receipt():
    answer = {"embeddings": [{"values": [1.0]}]}

    (received,), made = await asked(GEMINI, "m", answer, input="a", user="u-1", title=None)

    assert received.json["requests"][0].keys() == {"model", "content"}
    assert [(one.field, one.action) for one in made.receipts] == [("user", "dropped")]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"input": [1, 2]}, "input: .*texts alone"),
        ({"input": [[1, 2]]}, "input: .*texts alone"),
        ({"input": []}, "input: must be a text"),
        ({}, "input: must be a text"),
        ({"input": "a", "dimensions": 0}, "dimensions: must be at least 1"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format: must be"),
    ],
)
async def test_what_cannot_be_asked_for_is_said_and_not_sent(fields, complaint):
    async with here(GEMINI, "m") as (server, candidate):
        with pytest.raises(LLMServiceError, match=complaint) as caught:
            await create_embeddings(fields, candidate)
        assert server.received == []
    assert caught.value.category is Category.INVALID_REQUEST


async def test_a_model_of_bedrock_that_makes_none_is_told_from_those_that_do():
    async with here(BEDROCK, "us.amazon.nova-2-lite-v1:0") as (server, candidate):
        with pytest.raises(LLMServiceError, match=r"cohere\.embed") as caught:
            await create_embeddings({"input": "a"}, candidate)
        assert server.received == []
    assert caught.value.category is Category.INVALID_REQUEST


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        (GEMINI, "m"),
        (VERTEX, "gemini-embedding-2"),
        (VERTEX, "text-embedding-005"),
        (BEDROCK, "cohere.embed-v4:0"),
        (BEDROCK, "amazon.titan-embed-text-v2:0"),
        (BEDROCK, "amazon.nova-2-multimodal-embeddings-v1:0"),
    ],
)
@pytest.mark.parametrize(
    ("script", "category"),
    [
        (whole({"error": {"message": "slow"}}, status=429), Category.RATE_LIMIT),
        (whole({}), Category.BAD_RESPONSE),
        (whole([]), Category.BAD_RESPONSE),
        (whole({"embeddings": [], "predictions": []}), Category.BAD_RESPONSE),
        (whole({"embeddings": {"float": [[1]], "int8": [[1]]}}), Category.BAD_RESPONSE),
    ],
)
async def test_a_failure_is_judged_by_the_providers_table(provider, model, script, category):
    with pytest.raises(LLMServiceError) as caught:
        await asked(provider, model, script, input="a")

    assert (caught.value.category, caught.value.model) == (category, "ours")


async def test_the_first_failure_ends_the_requests_beside_it():
    slow = whole({"error": {"message": "slow"}}, status=429)
    waiting = Script(before=20)

    with pytest.raises(LLMServiceError) as caught:
        await asked(BEDROCK, "amazon.titan-embed-text-v2:0", slow, waiting, input=["a", "b"])

    assert caught.value.category is Category.RATE_LIMIT
