"""Providers that are rows of an operator's configuration, or of this package's catalog."""

from collections.abc import Mapping

from dragoman.config import ProviderRow
from dragoman.services.providers.http import HttpProvider
from dragoman.wire.base import ProviderSide


def provider_of(row: ProviderRow, families: Mapping[str, HttpProvider]) -> HttpProvider:
    """Make the provider that a row describes: like the first of its family, but for the row."""
    family = families[row.speaks]
    wire, *others = _wires(row, family)
    return HttpProvider(
        provider_id=row.id,
        name=row.name,
        wire=wire,
        other_wires=tuple(others),
        base_url=row.base_url,
        api_key_env=row.api_key_env,
        models_env=row.models_env,
        key_header=family.key_header,
        headers={**family.headers, **row.headers},
        api_version_header=family.api_version_header,
        api_version=family.api_version,
        error_rows=family.error_rows,
        without=family.without | frozenset(row.without),
        needs_output_limit=family.needs_output_limit,
        models_path=family.models_path,
        embeddings_path=family.embeddings_path,
        stream_types=family.stream_types,
    )


def _wires(row: ProviderRow, family: HttpProvider) -> tuple[ProviderSide, ...]:
    """Give the formats that a row names, or the usual one: compatible servers rarely know more."""
    known = {wire.name: wire for wire in (family.wire, *family.other_wires)}
    return tuple(known[name] for name in row.wires) or (family.wire,)
