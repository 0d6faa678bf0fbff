"""Headers by their names."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from dragoman.api.errors import Scope

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]
Told: TypeAlias = Mapping[bytes, bytes]
"""Headers by their names, which are in lower case."""

KEY: Final = "dragoman.headers"
"""Under which name a scope has its headers as `Told`, beside those that ASGI demands."""


def by_name(headers: RawHeaders) -> Told:
    """Give each header's value; of one that is repeated, its values joined as HTTP says."""
    told = dict(headers)
    if len(told) == len(headers):
        return told
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return {name: b", ".join(said) for name, said in values.items()}


def told_in(scope: Scope) -> Told:
    """Give the headers of a request by their names, as whoever took it in has found them."""
    told: Told | None = scope.get(KEY)
    return by_name(scope["headers"]) if told is None else told
