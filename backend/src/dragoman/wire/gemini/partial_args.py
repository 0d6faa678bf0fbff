"""A call's arguments that come in pieces, put together.

{"partialArgs": [{"jsonPath": "$.steps[0].name", "stringValue": "Boi", "willContinue": true}]}

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from dragoman.chat import InvalidInput, Json, JsonObject

_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d{1,6})\]|\[['\"]([^'\"]*)['\"]\]")
_VALUES: Final = ("stringValue", "numberValue", "boolValue")
_MOST: Final = 100_000
"""How far into a list a piece may point: beyond, it is a mistake or an attack."""


class PartialArgs:
    """Arguments in the making."""

    def __init__(self) -> None:
        self.whole: JsonObject = {}
        self._open: str | None = None

    def add(self, pieces: Json) -> None:
        """Take the next pieces. Raises `InvalidInput` for one that points to no place."""
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, dict):
                self._add(piece)

    def _add(self, piece: JsonObject) -> None:
        path = str(piece.get("jsonPath", ""))
        value = next((piece[name] for name in _VALUES if name in piece), None)
        steps = list(_steps(path))
        if not steps:
            raise InvalidInput("partialArgs", "a piece of the arguments points to no place")
        grows = path == self._open
        self._open = path if piece.get("willContinue") is True else None
        _put(self.whole, steps, value, grows=grows)


def _steps(path: str) -> Iterator[str | int]:
    for found in _STEP.finditer(path.removeprefix("$")):
        yield int(found[2]) if found[2] is not None else found[1] or found[3] or ""


def _put(whole: JsonObject, steps: list[str | int], value: Json, *, grows: bool) -> None:
    place: Json = whole
    for step, following in pairwise(steps):
        place = _inside(place, step, [] if isinstance(following, int) else {})
    before = _inside(place, steps[-1], None)
    if grows and isinstance(before, str) and isinstance(value, str):
        value = before + value
    place[steps[-1]] = value


def _inside(place: Json, step: str | int, fresh: Json) -> Json:
    """Give what is at a step of an object or a list, which grows until it has that place."""
    match place, step:
        case dict(), str():
            if place.get(step) is None:
                place[step] = fresh
        case list(), int() if step <= len(place) and step < _MOST:
            if step == len(place):
                place.append(fresh)
            elif place[step] is None:
                place[step] = fresh
        case _:
            raise InvalidInput("partialArgs", "a piece of the arguments points to no place")
    return place[step]
