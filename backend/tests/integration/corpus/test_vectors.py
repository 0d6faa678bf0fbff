"""Vectors that vendors made, and lists of models: what was asked and said, held against ours."""

import json
import os
from typing import Any, Final
from urllib.parse import unquote

import pytest

from dragoman.chat import Category, LLMServiceError
from dragoman.services.embedding import create_embeddings
from dragoman.services.providers.bedrock_vectors import CohereRoute
from dragoman.services.providers.google_vectors import PredictRoute

from .asides import ASIDES, Aside, Replay, asides, candidate_of
from .recordings import corpus_folder

# Recorded elsewhere than where the row asks, and why that is no mistake of the row's.
ELSEWHERE: Final = {"azure-openai": "the older API, with the deployment in the path"}

CATEGORIES: Final = {
    "test-azure-openai-embeddings-2": Category.AUTHENTICATION,
    "embeddings-bad-request-0": Category.INVALID_REQUEST,
    "embeddings-unknown-model-0": Category.MODEL_NOT_FOUND,
    "test-async-embeddings-error-handling-0": Category.MODEL_NOT_FOUND,
    "test-embeddings-model-not-found-0": Category.MODEL_NOT_FOUND,
    "testopenai-test-embed-error-0": Category.MODEL_NOT_FOUND,
    "testgoogle-test-embed-error-0": Category.MODEL_NOT_FOUND,
    # Its model is the fault, but only in prose.
    "testvoyageai-test-embed-error-0": Category.INVALID_REQUEST,
}


REFUSED: Final = pytest.mark.parametrize(
    "recording",
    [one for one in ASIDES if one.kind == "vectors" and one.status != 200],
    ids=lambda one: one.name,
)


def wish_of(recording: Aside) -> dict[str, Any]:
    """Say in OpenAI's words what was asked for."""
    match recording.asked:
        case {"requests": [{"content": _, "model": _, **wanted}, *_] as requests}:
            texts = [part["text"] for one in requests for part in one["content"]["parts"]]
        case {"content": {"parts": [{"text": text}]}, **wanted}:
            texts = [text]
        case {"texts": texts, **wanted}:
            pass
        case {"singleEmbeddingParams": {"text": {"value": text, **cut}, **wanted}}:
            texts, wanted = [text], wanted | cut
        case asked:
            return dict(asked)
    sizes = ("outputDimensionality", "embeddingDimension")
    size = [wanted.pop(name) for name in sizes if name in wanted]
    return {"input": texts, **wanted} | ({"dimensions": size[0]} if size else {})


def vectors_in(told: Any) -> list[Any]:
    """Give the vectors of an answer, by each vendor's own page."""
    match told:
        case {"data": data}:
            return [one["embedding"] for one in sorted(data, key=lambda one: one["index"])]
        case {"embedding": {"values": values}}:
            return [values]
        case {"embeddings": {"float": vectors}}:
            return list(vectors)
        case {"predictions": predictions}:
            return [one["embeddings"]["values"] for one in predictions]
        case {"embeddings": embeddings}:
            return [one.get("values", one.get("embedding")) for one in embeddings]
        case _:
            raise AssertionError(told)


def tokens_in(told: Any) -> int | None:
    match told:
        case {"usage": {"total_tokens": int(count)}} | {
            "usageMetadata": {"promptTokenCount": count}
        }:
            return int(count)
        case _:
            return None


@asides("vectors")
async def test_the_vendor_is_asked_where_and_what_was_recorded(recording: Aside):
    replay = Replay(recording)
    if recording.status == 200:
        await create_embeddings(wish_of(recording), candidate_of(recording, replay))
    else:
        with pytest.raises(LLMServiceError):
            await create_embeddings(wish_of(recording), candidate_of(recording, replay))

    (sent,) = replay.sent
    assert sent.method == recording.method
    assert sent.json == recording.asked
    if recording.provider not in ELSEWHERE:
        assert unquote(sent.url) == f"https://{recording.host}{unquote(recording.path)}"


@asides("vectors", status=200)
async def test_the_vectors_are_the_vendors_in_the_form_of_openais_answer(recording: Aside):
    candidate = candidate_of(recording, Replay(recording))

    made = await create_embeddings(wish_of(recording), candidate)

    told = json.loads(made.body)
    assert vectors_in(told) == vectors_in(recording.told)
    assert (told["object"], told["model"]) == ("list", "ours")
    assert {one["object"] for one in told["data"]} == {"embedding"}
    assert (made.usage.input if made.usage else None) == tokens_in(recording.told)
    if "data" in recording.told:
        assert told == recording.told | {"model": "ours"}


@REFUSED
async def test_a_refusal_gets_its_category(recording: Aside):
    with pytest.raises(LLMServiceError) as caught:
        await create_embeddings(wish_of(recording), candidate_of(recording, Replay(recording)))

    assert caught.value.category is CATEGORIES[recording.name.partition("--")[2]]
    assert caught.value.status == recording.status


# Answers of these routes that were recorded without a request, and filed under conversations.
FILED_ELSEWHERE: Final = {
    "google-vertex/generateContent--vercel-google-vertex-embedding": PredictRoute(),
    "cohere/chat--vercel-cohere-embedding": CohereRoute(),
}


@pytest.mark.parametrize("name", FILED_ELSEWHERE)
def test_an_answer_that_was_filed_elsewhere_is_read_as_the_vectors_that_it_is(name: str):
    folder = corpus_folder(os.environ)
    assert folder is not None
    answer = json.loads((folder / f"{name}.json").read_bytes())["response"]["body"]

    made = FILED_ELSEWHERE[name].read(answer.encode())

    assert [json.loads(bytes(vector)) for vector in made.vectors] == vectors_in(json.loads(answer))


@asides("models")
async def test_the_models_that_a_vendor_lists_are_found(recording: Aside):
    replay = Replay(recording)
    candidate = candidate_of(recording, replay)

    found = await recording.ours.list_models(candidate.runtime)

    assert list(found) == [one["id"] for one in recording.told["data"]]
    (sent,) = replay.sent
    assert (sent.method, sent.url) == ("GET", f"https://{recording.host}{recording.path}")
