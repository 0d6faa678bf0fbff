"""The tables at the end of a run: which client did what, with versions, and what it raised."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

_VERDICTS: Final = ("passed", "failed", "xfailed")


@dataclass(frozen=True)
class Seen:
    """One cell of one client, and what became of its test."""

    client: str
    door: str
    column: str
    verdict: str
    outcome: dict[str, Any]

    @property
    def row(self) -> tuple[str, str]:
        return self.client, self.door

    @property
    def mark(self) -> str:
        if self.verdict != "passed":
            return "known" if self.verdict == "xfailed" else "FAILED"
        return "n/a" if self.outcome.get("outcome") == "n/a" else "ok"


def print_tables(reporter: pytest.TerminalReporter) -> None:
    """Print them, if any client ran."""
    reports = [x for verdict in _VERDICTS for x in reporter.stats.get(verdict, [])]
    told = [dict(x.user_properties) | {"verdict": x.outcome} for x in reports if x.user_properties]
    told = [x for x in told if "row" in x]
    if not told:
        return
    seen = [Seen(*x["row"], x["column"], x["verdict"], x.get("outcome", {})) for x in told]
    versions = {x["row"][0]: x["versions"] for x in told}
    suites = [dict(x.user_properties).get("suite") for x in reports]
    for title, lines in (
        ("versions", _versions(versions)),
        ("clients and cells", _cells([x for x in seen if not x.column.startswith("!")])),
        ("what a client cannot do", _reasons(seen)),
        ("LangChain's standard tests", sorted(filter(None, suites))),
        ("failures, as a client sees them", _failures(x for x in seen if x.column[0] == "!")),
    ):
        reporter.section(title, sep="-")
        for line in lines:
            reporter.line(line)


def _versions(versions: dict[str, dict[str, str]]) -> Iterator[str]:
    for client, packages in sorted(versions.items()):
        named = ", ".join(f"{name} {number}" for name, number in packages.items())
        yield f"{client}: {named}"


def _cells(seen: list[Seen]) -> Iterator[str]:
    marks: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for cell in seen:
        marks[cell.row][cell.column].add(cell.mark)
    columns = sorted({cell.column for cell in seen})
    head = ["client", "door", *columns]
    rows = [
        [*row, *(" ".join(sorted(found.get(column, {"-"}))) for column in columns)]
        for row, found in sorted(marks.items())
    ]
    yield from aligned([head, *rows])


def _reasons(seen: list[Seen]) -> Iterator[str]:
    reasons = {
        (*cell.row, cell.column): cell.outcome.get("reason", "")
        for cell in seen
        if cell.mark == "n/a"
    }
    for (client, door, column), reason in sorted(reasons.items()):
        yield f"{client} {door} {column}: {reason}"


def _failures(seen: Iterable[Seen]) -> Iterator[str]:
    raised: dict[str, dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    for cell in seen:
        status = cell.outcome.get("status")
        words = f"{cell.outcome.get('error', cell.mark)}" + (f" {status}" if status else "")
        raised[cell.column[1:]][cell.row].add(words if cell.verdict == "passed" else "FAILED")
    rows = sorted({row for found in raised.values() for row in found})
    for failure, found in sorted(raised.items()):
        yield failure
        for row in rows:
            yield f"    {' '.join(row):32} {' | '.join(sorted(found.get(row, {'-'})))}"


def aligned(rows: list[list[str]]) -> Iterator[str]:
    """Lay rows out in columns."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(x.ljust(width) for x, width in zip(row, widths, strict=True)).rstrip()
