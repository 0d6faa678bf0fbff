"""Headers by their names."""

from collections.abc import Sequence
from typing import TypeAlias

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]


def by_name(headers: RawHeaders) -> dict[bytes, bytes]:
    """Give each header's value; of one that is repeated, its values joined as HTTP says."""
    told = dict(headers)
    if len(told) == len(headers):
        return told
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return {name: b", ".join(said) for name, said in values.items()}
