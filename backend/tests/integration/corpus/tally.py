"""Counts what the recordings show, and prints it by provider and kind.

A plugin for all tests: where several processes run them, the one that prints collects none itself.
"""

from collections import Counter
from enum import IntEnum
from typing import Final

import pytest

PLACE: Final = "recording"
"""The property of a report that names a recording: its provider, kind and name."""


class Verdict(IntEnum):
    """What became of a recording; the worst of its tests decides."""

    PASSED = 0
    LISTED = 1
    FAILED = 2


Verdicts = dict[tuple[str, str, str], Verdict]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    verdicts = _verdicts(terminalreporter)
    if not verdicts:
        return
    terminalreporter.section("recorded exchanges")
    rows: dict[tuple[str, str], Counter[Verdict]] = {}
    for (provider, kind, _), verdict in verdicts.items():
        for row in ((provider, kind), ("all", "")):
            rows.setdefault(row, Counter())[verdict] += 1
    terminalreporter.line(f"{'provider':20}{'kind':8}{'cases':>7}{'passed':>8}{'listed':>8}")
    for provider, kind in sorted(rows, key=lambda row: (row[0] == "all", row)):
        counts = rows[provider, kind]
        failed = f"{counts[Verdict.FAILED]:8} FAILED" if counts[Verdict.FAILED] else ""
        terminalreporter.line(
            f"{provider:20}{kind:8}{counts.total():7}{counts[Verdict.PASSED]:8}"
            f"{counts[Verdict.LISTED]:8}{failed}",
        )
    _print_unspoken(terminalreporter)


def _verdicts(reporter: pytest.TerminalReporter) -> Verdicts:
    verdicts: Verdicts = {}
    for reports in reporter.stats.values():
        for report in reports:
            if place := dict(getattr(report, "user_properties", ())).get(PLACE):
                found = verdicts.get(tuple(place), Verdict.PASSED)
                verdicts[tuple(place)] = max(found, _verdict(report))
    return verdicts


def _verdict(report: pytest.TestReport) -> Verdict:
    if report.failed:
        return Verdict.FAILED
    return Verdict.LISTED if hasattr(report, "wasxfail") else Verdict.PASSED


def _print_unspoken(reporter: pytest.TerminalReporter) -> None:
    from .rows import unspoken  # noqa: PLC0415 - it reads the whole corpus

    reporter.line("")
    reporter.line(f"{'nothing speaks':20}{'endpoint':19}{'cases':>7}")
    for provider, endpoint, count in unspoken():
        reporter.line(f"{provider:20}{endpoint:19}{count:7}")
