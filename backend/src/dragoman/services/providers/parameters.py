"""What a model refuses, though its wire has a word for it: rows of data, and one look-up."""

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct


class Refusal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of `parameters.toml`, which explains the columns."""

    provider: str
    models: tuple[str, ...]
    but_not: tuple[str, ...] = ()
    api_version: str | None = None
    unless_effort: tuple[str, ...] = ()
    refuses: tuple[str, ...]
    as_of: date
    source: str

    def is_of(self, provider: str, model: str, api_version: str | None) -> bool:
        """Tell whether this row is about that model, under that version of the API."""
        return (
            self.provider == provider
            and self.api_version in (None, api_version)
            and any(fnmatchcase(model, pattern) for pattern in self.models)
            and not any(fnmatchcase(model, pattern) for pattern in self.but_not)
        )


class _Table(Struct):
    refusals: tuple[Refusal, ...]


@cache
def refusals() -> tuple[Refusal, ...]:
    """Give every row, in the file's order."""
    text = files(__package__).joinpath("parameters.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Table, strict=True).refusals


_KEPT: Final = 1024
"""How many models are remembered, each with a version of the API that its clients name."""


@lru_cache(_KEPT)
def _rows_of(provider: str, model: str, api_version: str | None) -> tuple[Refusal, ...]:
    return tuple(row for row in refusals() if row.is_of(provider, model, api_version))


def refused_by(
    provider: str, model: str, api_version: str | None, *, effort: str | None
) -> tuple[str, ...]:
    """Give the words that a vendor's model refuses now; none where nothing is known of it."""
    rows = _rows_of(provider, model, api_version)
    return tuple(word for row in rows if effort not in row.unless_effort for word in row.refuses)
