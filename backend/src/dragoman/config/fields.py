"""Objects read field by field: a table says which fields there are, and how each is read."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias

from .errors import Findings, Mistake
from .wording import listing, nearest, quoted

Readers: TypeAlias = Mapping[str, Callable[[object], object]]

# What to know of a field before correcting a wrong key into it.
_REMARKS: Final = {
    "api_key_env": "it takes the name of a variable; the key itself belongs in .env",
}


def read_fields(
    raw: Mapping[str, object],
    readers: Readers,
    *,
    required: Collection[str],
    place: str,
    findings: Findings,
) -> dict[str, object]:
    """Read the fields of one object and give those that are right; note the rest with its place.

    A reader raises `Mistake` for a wrong value. An optional field that is null is as not given.
    """
    fields: dict[str, object] = {}
    for field, read in readers.items():
        if field not in raw:
            if field in required:
                findings.problem(f"{place}: the field {field!r} is missing: add it")
            continue
        if raw[field] is None and field not in required:
            continue
        try:
            fields[field] = read(raw[field])
        except Mistake as mistake:
            findings.problem(f"{place}.{field}: {mistake}")
    for key in raw:
        if key not in readers:
            findings.problem(f"{place}: {unknown_key(key, readers)}")
    return fields


def unknown_key(key: str, known: Collection[str]) -> str:
    """Say that nobody knows this key, what it may have been meant for, and which there are."""
    meant = nearest(key, known)
    cure = f"take it out or correct it, the keys are {listing(known)}"
    if meant is None:
        return f"unknown key {quoted(key)}: {cure}"
    return f"unknown key {quoted(key)} (did you mean {meant!r}?): {_REMARKS.get(meant, cure)}"
