"""The tables at the end of a run: which client did what, with versions, and what it raised."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

_VERDICTS: Final = ("passed", "failed", "xfailed")
_FIRST: Final = (
    "plain",
    "stream",
    "tools",
    "tools_streamed",
    "parallel",
    "schema",
    "reasoning",
    "errors",
    "cancel",
)
"""The columns that every client has, in their order."""


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
    def behind(self) -> bool:
        """Whether the column names what stood behind Dragoman."""
        return ", " in self.column and not self.is_failure

    @property
    def is_failure(self) -> bool:
        return self.column.startswith("!")

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
        ("clients and cells", _cells([x for x in seen if not x.behind], _FIRST)),
        ("the same before other upstreams", _cells([x for x in seen if x.behind], ())),
        ("what a client cannot do", _reasons(seen)),
        ("LangChain's standard tests", sorted(filter(None, suites))),
        ("failures, as a client sees them", _failures(x for x in seen if x.is_failure)),
    ):
        reporter.section(title, sep="-")
        for line in lines:
            reporter.line(line)


def _versions(versions: dict[str, dict[str, str]]) -> Iterator[str]:
    for client, packages in sorted(versions.items()):
        named = ", ".join(f"{name} {number}" for name, number in packages.items())
        yield f"{client}: {named}"


def _cells(seen: list[Seen], first: tuple[str, ...]) -> Iterator[str]:
    marks: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for cell in seen:
        marks[cell.row]["errors" if cell.is_failure else cell.column].add(cell.mark)
    known = {cell.column for cell in seen if not cell.is_failure}
    columns = [*first, *sorted(known - set(first))]
    rows = [
        [*row, *(" ".join(sorted(found.get(column, {"-"}))) for column in columns)]
        for row, found in sorted(marks.items())
    ]
    yield from aligned([["client", "door", *columns], *rows])
    yield "-: that format has no such thing, or it was not tried"


def _reasons(seen: list[Seen]) -> Iterator[str]:
    reasons = {
        (*cell.row, cell.column): cell.outcome.get("reason", "")
        for cell in seen
        if cell.mark == "n/a"
    }
    for (client, door, column), reason in sorted(reasons.items()):
        yield f"{client} {door} {column}: {reason}"


def _failures(seen: Iterable[Seen]) -> Iterator[str]:
    raised: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for cell in seen:
        status = cell.outcome.get("status")
        words = f"{cell.outcome.get('error')} {status or ''}".strip()
        raised[cell.column[1:]][words if cell.verdict == "passed" else "FAILED"].add(
            " ".join(cell.row)
        )
    for failure, found in sorted(raised.items()):
        yield failure
        for words, rows in sorted(found.items()):
            yield f"    {words}: {', '.join(sorted(rows))}"


def aligned(rows: list[list[str]]) -> Iterator[str]:
    """Lay rows out in columns."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(x.ljust(width) for x, width in zip(row, widths, strict=True)).rstrip()
