"""Which models their vendors have switched off, or will: rows of data, and one look-up."""

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct


class Retirement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of `retired.toml`, which explains the columns."""

    provider: str
    models: tuple[str, ...]
    on: date
    instead: str
    as_of: date
    source: str


class _Table(Struct):
    retired: tuple[Retirement, ...]


@cache
def retirements() -> tuple[Retirement, ...]:
    """Give every row, in the file's order."""
    text = files(__package__).joinpath("retired.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Table, strict=True).retired


def retirement_of(provider: str, model: str) -> Retirement | None:
    """Give what is known of the end of a vendor's model, by the vendor's own id."""
    return next(
        (
            row
            for row in retirements()
            if row.provider == provider
            and any(fnmatchcase(model, pattern) for pattern in row.models)
        ),
        None,
    )
