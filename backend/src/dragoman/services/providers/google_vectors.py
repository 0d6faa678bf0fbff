"""Google's ways to ask for vectors: of many texts at once, of one, and by a model of Vertex AI's.

https://ai.google.dev/api/embeddings, and google-genai 3.3, models.py and _transformers.py.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from dragoman.chat import JsonObject
from dragoman.services.providers.vectors import Made, Question, VectorRoute, Wish, in_lots
from dragoman.wire.base import malformed

_MOST: Final = 100
"""Texts in one request: https://ai.google.dev/gemini-api/docs/embeddings."""
# A request takes 20,000 tokens, and a text 2,048 at most:
# https://cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings
_MOST_INSTANCES: Final = 9
_ONE_AT_A_TIME: Final = "gemini-embedding-001"


class _Values(Struct):
    values: msgspec.Raw


class _Spent(Struct, frozen=True, rename="camel"):
    prompt_token_count: int | None = None


class _Many(Struct, rename="camel"):
    embeddings: list[_Values]
    usage_metadata: _Spent = _Spent()


class _One(Struct, rename="camel"):
    embedding: _Values
    usage_metadata: _Spent = _Spent()


class _Statistics(Struct, frozen=True):
    token_count: int | None = None


class _Embeddings(Struct):
    values: msgspec.Raw
    statistics: _Statistics = _Statistics()


class _Prediction(Struct):
    embeddings: _Embeddings


class _Predicted(Struct):
    predictions: list[_Prediction]


_decode_many: Final = msgspec.json.Decoder(_Many).decode
_decode_one: Final = msgspec.json.Decoder(_One).decode
_decode_predicted: Final = msgspec.json.Decoder(_Predicted).decode
_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError)


class BatchRoute(Struct, frozen=True):
    """`:batchEmbedContents` of the Gemini API."""

    def questions(self, wish: Wish, model: str) -> Sequence[Question]:
        """Give requests of a hundred texts; a field of the vendor's own goes with each text."""
        place = model if "/" in model else f"models/{model}"
        with_each: JsonObject = {"model": place, **_sized(wish)}
        return [
            (
                f"/{quote(place, safe='/')}:batchEmbedContents",
                {"requests": [{"content": _content(text), **with_each} for text in lot]},
            )
            for lot in in_lots(wish, _MOST)
        ]

    def read(self, answer: bytes) -> Made:
        """Read one answer. Raises `UpstreamError` (`bad_json`)."""
        try:
            said = _decode_many(answer)
        except _BROKEN as error:
            raise malformed("bad_json", "the answer is no list of vectors") from error
        vectors = tuple(one.values for one in said.embeddings)
        return Made(vectors, said.usage_metadata.prompt_token_count)


class SingleRoute(Struct, frozen=True):
    """`:embedContent` of Vertex AI: one text, and what is asked of it in a place of its own."""

    def questions(self, wish: Wish, model: str) -> Sequence[Question]:
        """Give one request for each text."""
        wanted = _sized(wish)
        asked: JsonObject = {"embedContentConfig": wanted} if wanted else {}
        path = f"/models/{quote(model)}:embedContent"
        return [(path, {"content": _content(text), **asked}) for text in wish.texts]

    def read(self, answer: bytes) -> Made:
        """Read one answer. Raises `UpstreamError` (`bad_json`)."""
        try:
            said = _decode_one(answer)
        except _BROKEN as error:
            raise malformed("bad_json", "there is no vector in the answer") from error
        return Made((said.embedding.values,), said.usage_metadata.prompt_token_count)


class PredictRoute(Struct, frozen=True):
    """`:predict` of Vertex AI, for its older models: the words of a text are its instance's."""

    of_an_instance = {"taskType": "task_type", "task_type": "task_type", "title": "title"}

    def questions(self, wish: Wish, model: str) -> Sequence[Question]:
        """Give requests of as many texts as always fit; one, for the model that takes one."""
        own = _sized(wish)
        names = self.of_an_instance
        with_each = {names[name]: own.pop(name) for name in tuple(own) if name in names}
        asked: JsonObject = {"parameters": own} if own else {}
        most = 1 if model == _ONE_AT_A_TIME else _MOST_INSTANCES
        return [
            (
                f"/models/{quote(model)}:predict",
                {"instances": [{"content": text, **with_each} for text in lot], **asked},
            )
            for lot in in_lots(wish, most)
        ]

    def read(self, answer: bytes) -> Made:
        """Read one answer. Raises `UpstreamError` (`bad_json`)."""
        try:
            told = [one.embeddings for one in _decode_predicted(answer).predictions]
        except _BROKEN as error:
            raise malformed("bad_json", "the answer is no list of vectors") from error
        counts = [one.statistics.token_count for one in told]
        known = [count for count in counts if count is not None]
        tokens = sum(known) if len(known) == len(counts) else None
        return Made(tuple(one.values for one in told), tokens)


def vertex_route(model: str) -> VectorRoute:
    """Give the way that a model of Vertex AI is asked (`t_is_vertex_embed_content_model`)."""
    newer = "gemini" in model and model != _ONE_AT_A_TIME
    return SingleRoute() if newer or "maas" in model else PredictRoute()


def _content(text: str) -> JsonObject:
    return {"parts": [{"text": text}]}


def _sized(wish: Wish) -> JsonObject:
    size = {} if wish.dimensions is None else {"outputDimensionality": wish.dimensions}
    return {**wish.own, **size}
