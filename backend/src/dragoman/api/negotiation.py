"""What a client would like best, by its `Accept` and `Accept-Encoding` (RFC 9110, section 12.5)."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from dragoman.chat import InvalidInput

_JSON: Final = "application/json"
_EVENT_STREAM: Final = "text/event-stream"
# What nearly every client says, and what it wants.
_STREAMED: Final = {"*/*": False, _JSON: False, _EVENT_STREAM: True}
_WEIGHT: Final = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


class _Range(NamedTuple):
    """One media range: how much it is wanted, how exactly it is named, how early it stands."""

    weight: float
    exactness: int
    earliness: int


def wants_event_stream(accept: str | None) -> bool:
    """Tell whether a client wants the answer as server-sent events; if not, it wants JSON.

    The larger weight wins, then the more exact name, then the one that stands first; a client that
    says nothing, or takes anything, gets JSON. What is no media range is passed over. Raises
    `InvalidInput` (406) if the client takes neither.
    """
    if accept is None or not accept.strip():
        return False
    if accept in _STREAMED:
        return _STREAMED[accept]
    ranges = accept.lower().split(",")
    whole, streamed = _best(ranges, _JSON), _best(ranges, _EVENT_STREAM)
    if whole.weight == streamed.weight == 0:
        problem = f"nothing acceptable can be sent: take {_JSON} or {_EVENT_STREAM}"
        raise InvalidInput("accept", problem, status=406, reason="not_acceptable")
    return streamed > whole


def best_coding(accept_encoding: str | None, available: Iterable[str]) -> str:
    """Choose a content coding: the largest weight wins, then what comes first in `available`.

    A client that says nothing, or takes none of them, gets `identity`: the content as it is.
    """
    wishes: dict[str, float] = {}
    for text in (accept_encoding or "").lower().split(","):
        name, *parameters = (part.strip() for part in text.split(";"))
        wishes[name] = _weight(parameters) or 0
    otherwise = wishes.get("*", 0)
    weights = {coding: wishes.get(coding, otherwise) for coding in available}
    best = max(weights, key=weights.__getitem__, default="identity")
    return best if weights.get(best) else "identity"


def _best(ranges: list[str], media_type: str) -> _Range:
    """Find the range that decides about a type: the most exact one, whatever its weight."""
    names = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    best = _Range(0, -1, 0)
    for place, text in enumerate(ranges):
        name, *parameters = (part.strip() for part in text.split(";"))
        weight = _weight(parameters)
        if name in names and weight is not None and names.index(name) > best.exactness:
            best = _Range(weight, names.index(name), -place)
    return best


def _weight(parameters: list[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if _WEIGHT.fullmatch(value.strip()) else None
    return 1.0
