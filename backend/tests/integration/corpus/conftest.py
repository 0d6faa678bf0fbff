"""Counts what the recordings show, and prints it by provider and kind."""

import os
from collections import Counter
from collections.abc import Generator
from enum import IntEnum
from typing import Final

import pytest

from .asides import Aside
from .recordings import Recording, corpus_folder
from .rows import Asked, unspoken

# Without recordings there is nothing to collect but the one test that says so.
collect_ignore = (
    []
    if corpus_folder(os.environ)
    else [
        "test_counts.py",
        "test_cuts.py",
        "test_cuts_told.py",
        "test_errors.py",
        "test_known_failures.py",
        "test_laws.py",
        "test_rows.py",
        "test_translations.py",
        "test_vectors.py",
    ]
)


class Verdict(IntEnum):
    """What became of a recording; the worst of its tests decides."""

    PASSED = 0
    LISTED = 1
    FAILED = 2


Place = tuple[str, str, str]
"""A recording's provider, kind and name."""

VERDICTS: Final = pytest.StashKey[dict[Place, Verdict]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[VERDICTS] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    params = item.callspec.params if hasattr(item, "callspec") else {}
    recording = params.get("recording", params.get("asked"))
    if isinstance(recording, Recording | Asked | Aside):
        verdicts = item.config.stash[VERDICTS]
        place = (recording.provider, recording.kind, recording.name)
        verdicts[place] = max(verdicts.get(place, Verdict.PASSED), _verdict(report))
    return report


def _verdict(report: pytest.TestReport) -> Verdict:
    if report.failed:
        return Verdict.FAILED
    return Verdict.LISTED if hasattr(report, "wasxfail") else Verdict.PASSED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
    config: pytest.Config,
) -> None:
    verdicts = config.stash[VERDICTS]
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
    terminalreporter.line("")
    terminalreporter.line(f"{'nothing speaks':20}{'endpoint':19}{'cases':>7}")
    for provider, endpoint, count in unspoken():
        terminalreporter.line(f"{provider:20}{endpoint:19}{count:7}")
