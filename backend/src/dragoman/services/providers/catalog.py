"""The providers that everybody gets: `catalog.toml`, row by row, and what each row comes to."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.config import ProviderRow
from dragoman.services.providers.error_rows import ErrorRow
from dragoman.services.providers.http import HttpProvider
from dragoman.services.providers.rows import provider_of


class CatalogRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of `catalog.toml`, which explains the columns."""

    id: str
    name: str
    speaks: str
    base_url: str = ""
    address: str = ""
    api_key_env: str | None = None
    key_header: tuple[str, str] | None = None
    wires: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    notes: str = ""
    errors: tuple[ErrorRow, ...] = ()
    as_of: date
    source: str

    def __post_init__(self) -> None:
        """Refuse a row that says nowhere where it is, or twice."""
        if bool(self.base_url) == bool(self.address):
            raise ValueError("a row has a base_url, or, where each customer's differs, an address")

    def provider(self, families: Mapping[str, HttpProvider]) -> HttpProvider:
        """Make the provider: like the first of its family, but for the row."""
        family = families[self.speaks]
        like = ProviderRow(
            id=self.id,
            name=self.name,
            speaks=self.speaks,
            base_url=self.base_url,
            api_key_env=self.api_key_env,
            without=self.without,
            wires=self.wires,
        )
        made = provider_of(like, families)
        return replace(
            made,
            without=made.without - frozenset(self.takes),
            key_header=self.key_header or family.key_header,
            error_rows=self.errors + family.error_rows,
        )


@cache
def catalog_rows() -> tuple[CatalogRow, ...]:
    """Give every row, in the file's order."""
    tables = tomllib.loads(files(__package__).joinpath("catalog.toml").read_text("utf-8"))
    rows = [{"id": name, **table} for name, table in tables.items()]
    return msgspec.convert(rows, tuple[CatalogRow, ...], strict=True)


def catalog(families: Mapping[str, HttpProvider]) -> tuple[HttpProvider, ...]:
    """Give the providers of the catalog, in its order."""
    return tuple(row.provider(families) for row in catalog_rows())
