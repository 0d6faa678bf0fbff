"""The variables as the product reads them: the process environment over `.env`, keys cleaned."""

from collections.abc import Collection, Iterator, Mapping
from typing import final

from msgspec import Struct

from .errors import Findings
from .secrets import clean_key


@final
class Environment(Mapping[str, str]):
    """Variables by name. Printing it shows the names and not one value."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Environment({len(self._values)} variables)"

    def __reduce__(self) -> tuple[object, tuple[dict[str, str]]]:
        return Environment, ({},)


class Variables(Struct, frozen=True):
    """The variables of one source, and how that source is called in a complaint."""

    place: str
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Variables({self.place!r}, {len(self.values)} variables)"

    def given(self, name: str) -> str | None:
        """Give a variable's value; a blank one is as unset."""
        value = self.values.get(name)
        return value if value is not None and value.strip() else None


def first_given(name: str, sources: tuple[Variables, ...]) -> tuple[str, str] | None:
    """Give a variable from the first source that has it, with where it stands: "X in .env"."""
    for source in sources:
        value = source.given(name)
        if value is not None:
            return value, f"{name} in {source.place}"
    return None


def merged(
    sources: tuple[Variables, ...], keys: Collection[str], findings: Findings
) -> Environment:
    """Lay the sources over one another, the first on top; clean the variables named in `keys`.

    A blank variable is left out of its source, so that it hides nothing below.
    """
    values: dict[str, str] = {}
    for name in dict.fromkeys(name for source in sources for name in source.values):
        value = _first_key(name, sources, findings) if name in keys else _first(name, sources)
        if value is not None:
            values[name] = value
    return Environment(values)


def _first(name: str, sources: tuple[Variables, ...]) -> str | None:
    return next((value for source in sources if (value := source.given(name)) is not None), None)


def _first_key(name: str, sources: tuple[Variables, ...], findings: Findings) -> str | None:
    for source in sources:
        cleaned = clean_key(f"{name} in {source.place}", source.values.get(name, ""))
        if cleaned.problem is not None:
            findings.problem(cleaned.problem)
            return None
        if cleaned.value is not None:
            for warning in cleaned.warnings:
                findings.warning(warning)
            findings.secret(cleaned.value)
            return cleaned.value
    return None
