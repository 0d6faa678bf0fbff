"""Vectors by vendors with words of their own: what a request of OpenAI's asks them for."""

import array
import asyncio
import base64
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from dragoman.chat import InvalidInput, JsonObject, Receipt, Usage
from dragoman.config.facts import ModelEntry
from dragoman.services.providers.base import Embedded
from dragoman.services.providers.calls import Answered
from dragoman.wire.base import malformed
from dragoman.wire.fields import Fields

AT_ONCE: Final = 8
"""How many requests are under way at a time, where a vendor takes few texts in one."""

Question: TypeAlias = tuple[str, JsonObject]
"""Where to ask, below the base URL, and the body."""


class Wish(Struct, frozen=True):
    """What is asked for: `own` are the fields that OpenAI has not, for the vendor as they came."""

    texts: tuple[str, ...]
    dimensions: int | None = None
    own: JsonObject = {}


class Made(Struct, frozen=True):
    """The vectors of one answer, in the order of its texts, each as its vendor wrote it."""

    vectors: tuple[msgspec.Raw, ...]
    tokens: int | None = None


class VectorRoute(Protocol):
    """A vendor's way to ask for vectors of texts."""

    def questions(self, wish: Wish, model: str) -> Sequence[Question]:
        """Give the requests that ask for all texts, in their order; `model` is the vendor's name.

        Raises `InvalidInput` for what cannot be asked for.
        """
        ...

    def read(self, answer: bytes) -> Made:
        """Read one answer. Raises `UpstreamError` (`bad_json`) where there are no vectors."""
        ...


async def made_by(
    route: VectorRoute,
    fields: JsonObject,
    model: ModelEntry,
    ask: Callable[[str, JsonObject], Awaitable[Answered]],
) -> Embedded:
    """Ask for the vectors that a request of OpenAI's wants, and give them in its answer.

    Raises `InvalidInput`, or what asking raises, perhaps in a group.
    """
    asked = Fields(fields)
    asked.skip("model")
    packed = asked.maybe_text("encoding_format")
    if packed not in (None, "float", "base64"):
        raise InvalidInput("encoding_format", "must be 'float' or 'base64'")
    receipts = _not_said(asked)
    texts = _texts(asked)
    wish = Wish(texts, asked.maybe_int("dimensions", least=1), _said(asked))
    answers = await _all(route.questions(wish, model.vendor_id), ask)
    made = [route.read(answer.body) for answer in answers]
    vectors = [vector for one in made for vector in one.vectors]
    if len(vectors) != len(texts):
        raise malformed("bad_json", f"there are {len(vectors)} vectors of {len(texts)} texts")
    counts = [one.tokens for one in made if one.tokens is not None]
    tokens = sum(counts) if len(counts) == len(made) else None
    body = _written(vectors, model.id, tokens, packed=packed == "base64")
    return Embedded(body, Usage(input=tokens), answers[-1].headers, receipts)


def _texts(asked: Fields) -> tuple[str, ...]:
    match asked.take("input"):
        case str(text):
            return (text,)
        case [*texts] if texts and all(isinstance(text, str) for text in texts):
            return tuple(str(text) for text in texts)
        case [*numbers] if numbers:
            raise InvalidInput(
                "input", "this model takes texts alone, and no tokens of another's vocabulary"
            )
        case _:
            raise InvalidInput("input", "must be a text, or a list of texts")


def _not_said(asked: Fields) -> tuple[Receipt, ...]:
    """Leave out what only OpenAI has a use for."""
    if asked.take("user") is None:
        return ()
    return (Receipt("user", "dropped", "the vendor does not ask who the end user is"),)


def _said(asked: Fields) -> JsonObject:
    return {name: value for name, value in asked.rest().items() if value is not None}


async def _all(
    questions: Sequence[Question], ask: Callable[[str, JsonObject], Awaitable[Answered]]
) -> list[Answered]:
    """Ask some at a time, and keep the order; the first failure ends those beside it."""

    async def one(question: Question) -> Answered:
        return await ask(*question)

    answers: list[Answered] = []
    for begin in range(0, len(questions), AT_ONCE):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(each)) for each in questions[begin : begin + AT_ONCE]]
        answers += [task.result() for task in tasks]
    return answers


def _written(
    vectors: Sequence[msgspec.Raw], model: str, tokens: int | None, *, packed: bool
) -> bytes:
    """Write OpenAI's answer, which insists on numbers: what is unknown is 0 there."""
    count = tokens or 0
    told = [
        {"object": "embedding", "index": place, "embedding": _packed(one) if packed else one}
        for place, one in enumerate(vectors)
    ]
    usage = {"prompt_tokens": count, "total_tokens": count}
    return _encode({"object": "list", "data": told, "model": model, "usage": usage})


def _packed(vector: msgspec.Raw) -> str:
    """Pack numbers as OpenAI does: little-endian, four bytes each, in base64."""
    numbers = array.array("f", _decode_numbers(vector))
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()


def in_lots(wish: Wish, most: int) -> list[tuple[str, ...]]:
    """Give the texts in lots of `most`, which is what one request takes."""
    return [wish.texts[begin : begin + most] for begin in range(0, len(wish.texts), most)]


_encode: Final = msgspec.json.Encoder().encode
_decode_numbers: Final = msgspec.json.Decoder(list[float]).decode
