"""Vectors by Bedrock's `InvokeModel`, where each maker's models have a body of their own."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from dragoman.chat import InvalidInput, JsonObject
from dragoman.services.providers.vectors import Made, Question, VectorRoute, Wish, in_lots
from dragoman.wire.base import malformed

_MOST: Final = 96
"""Texts in one request to a model of Cohere's: https://docs.cohere.com/reference/embed."""


class _Cohere(Struct):
    embeddings: list[msgspec.Raw] | dict[str, list[msgspec.Raw]]


class _Titan(Struct, rename="camel"):
    embedding: msgspec.Raw
    input_text_token_count: int | None = None


class _Vector(Struct):
    embedding: msgspec.Raw


class _Nova(Struct):
    embeddings: list[_Vector]


_decode_cohere: Final = msgspec.json.Decoder(_Cohere).decode
_decode_titan: Final = msgspec.json.Decoder(_Titan).decode
_decode_nova: Final = msgspec.json.Decoder(_Nova).decode
_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError)


class CohereRoute(Struct, frozen=True):
    """Cohere's models, which want to know what the texts are for.

    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
    """

    def questions(self, wish: Wish, model: str) -> Sequence[Question]:
        """Give requests of 96 texts: documents to be found, if nothing else is said."""
        size: JsonObject = {} if wish.dimensions is None else {"output_dimension": wish.dimensions}
        asked: JsonObject = {"input_type": "search_document", **wish.own, **size}
        path = _path(model)
        return [(path, {"texts": list(lot), **asked}) for lot in in_lots(wish, _MOST)]

    def read(self, answer: bytes) -> Made:
        """Read one answer, which names the type of its numbers or not."""
        try:
            said = _decode_cohere(answer).embeddings
        except _BROKEN as error:
            raise malformed("bad_json", "the answer is no list of vectors") from error
        match said:
            case list():
                return Made(tuple(said))
            case dict() if len(said) == 1:
                return Made(tuple(next(iter(said.values()))))
            case _:
                raise malformed("bad_json", "the vectors are told in more than one type, or none")


class TitanRoute(Struct, frozen=True):
    """Amazon's Titan, of one text at a time.

    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
    """

    def questions(self, wish: Wish, model: str) -> Sequence[Question]:
        """Give one request for each text."""
        size: JsonObject = {} if wish.dimensions is None else {"dimensions": wish.dimensions}
        path = _path(model)
        return [(path, {"inputText": text, **wish.own, **size}) for text in wish.texts]

    def read(self, answer: bytes) -> Made:
        """Read one answer. Raises `UpstreamError` (`bad_json`)."""
        try:
            said = _decode_titan(answer)
        except _BROKEN as error:
            raise malformed("bad_json", "there is no vector in the answer") from error
        return Made((said.embedding,), said.input_text_token_count)


class NovaRoute(Struct, frozen=True):
    """Amazon's Nova, of one text at a time; what is beside it is asked of the one vector.

    https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
    """

    def questions(self, wish: Wish, model: str) -> Sequence[Question]:
        """Give one request for each text, to be stored and found, if nothing else is said."""
        own = dict(wish.own)
        cut = own.pop("truncationMode", "NONE")
        asked: JsonObject = {"embeddingPurpose": "GENERIC_INDEX", **own}
        if wish.dimensions is not None:
            asked["embeddingDimension"] = wish.dimensions
        path = _path(model)
        return [(path, _single(text, cut, asked)) for text in wish.texts]

    def read(self, answer: bytes) -> Made:
        """Read one answer. Raises `UpstreamError` (`bad_json`)."""
        try:
            said = _decode_nova(answer).embeddings
        except _BROKEN as error:
            raise malformed("bad_json", "there is no vector in the answer") from error
        return Made(tuple(one.embedding for one in said))


def _single(text: str, cut: object, asked: JsonObject) -> JsonObject:
    said: JsonObject = {"text": {"value": text, "truncationMode": cut}, **asked}
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": said}


# Each maker's models, wherever their names stand: after a region, or in an ARN.
_MAKERS: Final[tuple[tuple[re.Pattern[str], VectorRoute], ...]] = (
    (re.compile(r"\bcohere\.embed"), CohereRoute()),
    (re.compile(r"\bamazon\.titan-embed-text"), TitanRoute()),
    (re.compile(r"\bamazon\.nova.*embeddings"), NovaRoute()),
)


def bedrock_route(model: str) -> VectorRoute:
    """Give the way that a model is asked. Raises `InvalidInput` for one that makes no vectors."""
    for made, route in _MAKERS:
        if made.search(model):
            return route
    makers = "cohere.embed-…, amazon.titan-embed-text-… or amazon.nova-…-embeddings-…"
    raise InvalidInput("model", f"it makes no vectors on Bedrock: choose one of {makers}")


def _path(model: str) -> str:
    # A colon stays as it is: what is signed has to be what is sent.
    return f"/model/{quote(model, safe=':')}/invoke"
