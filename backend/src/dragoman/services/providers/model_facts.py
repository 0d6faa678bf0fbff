"""What vendors say of their models, limits and abilities: rows of data, and one look-up."""

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.config.facts import ModelEntry


class ModelFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of `models.toml`, which explains the columns; `None`: it does not say."""

    providers: tuple[str, ...]
    models: tuple[str, ...]
    context_window: int | None = None
    max_output_tokens: int | None = None
    capabilities: tuple[str, ...] | None = None
    lacks: tuple[str, ...] = ()
    efforts: tuple[str, ...] | None = None
    as_of: date
    source: str

    def is_of(self, provider: str, model: str) -> bool:
        """Tell whether this row is about that model, by the vendor's own id."""
        return provider in self.providers and any(
            fnmatchcase(model, pattern) for pattern in self.models
        )


class _Table(Struct):
    models: tuple[ModelFacts, ...]


@cache
def model_rows() -> tuple[ModelFacts, ...]:
    """Give every row, in the file's order."""
    text = files(__package__).joinpath("models.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Table, strict=True).models


_KEPT: Final = 1024
"""How many models are remembered: clients may name any number that nobody listed."""


@lru_cache(_KEPT)
def model_facts_of(provider: str, model: str) -> ModelFacts | None:
    """Give what is known of a vendor's model, by the vendor's own id: the first row that fits."""
    return next((row for row in model_rows() if row.is_of(provider, model)), None)


def described(entry: ModelEntry) -> ModelEntry:
    """Give an entry with what is known of its model; what the entry says itself counts."""
    facts = model_facts_of(entry.provider, entry.vendor_id)
    if facts is None:
        return entry
    known = replace(
        entry,
        context_window=entry.context_window or facts.context_window,
        max_output_tokens=entry.max_output_tokens or facts.max_output_tokens,
        efforts=facts.efforts if entry.efforts is None else entry.efforts,
    )
    if entry.capabilities is not None:
        return known
    return replace(known, capabilities=facts.capabilities, lacks=facts.lacks)
