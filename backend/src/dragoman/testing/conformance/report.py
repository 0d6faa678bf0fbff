"""What the kit found, told to people as a table, to machines as JUnit and JSON."""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

import msgspec
from msgspec import Struct

from dragoman.testing.conformance.case import Outcome, Verdict

MARKS: Final[dict[Verdict, str]] = {"pass": "pass", "fail": "FAIL", "not offered": "not offered"}


class Column(Struct, frozen=True):
    """One way of asking (a wire format, by name), and what became of each case."""

    name: str
    outcomes: tuple[Outcome, ...]

    def cell(self, feature: str) -> str:
        """Sum up a feature: the verdict, and how many of its cases it holds for if not for all."""
        verdicts = [outcome.verdict for outcome in self.outcomes if outcome.feature == feature]
        for verdict in ("fail", "pass", "not offered"):
            if count := verdicts.count(verdict):
                some = f" {count} of {len(verdicts)}" if count < len(verdicts) else ""
                return MARKS[verdict] + some
        return "-"


class Report(Struct, frozen=True):
    """Everything that was tried on `target`, in one column for each way of asking."""

    target: str
    columns: tuple[Column, ...]

    @property
    def failed(self) -> bool:
        """Whether any promise was not kept."""
        return any(True for _ in self.told("fail"))

    def told(self, verdict: Verdict) -> Iterator[tuple[str, Outcome]]:
        """Give each outcome with this verdict, and its column's name."""
        for column in self.columns:
            for outcome in column.outcomes:
                if outcome.verdict == verdict:
                    yield column.name, outcome

    def rows(self) -> list[Sequence[str]]:
        """Give the table of capabilities: a row for each feature, a column for each wire."""
        features = dict.fromkeys(o.feature for column in self.columns for o in column.outcomes)
        heading = ("", *(column.name for column in self.columns))
        cells = [
            (feature.replace("_", " "), *(column.cell(feature) for column in self.columns))
            for feature in features
        ]
        return [heading, *cells]

    def summary(self) -> str:
        """Count the outcomes, in one sentence."""
        counts = [
            f"{count} {words}"
            for verdict, words in (
                ("pass", "passed"),
                ("fail", "failed"),
                ("not offered", "not offered"),
            )
            if (count := sum(o.verdict == verdict for c in self.columns for o in c.outcomes))
        ]
        return f"{self.target}: {', '.join(counts) or 'nothing was tried'}."

    def json(self) -> bytes:
        """Write it as JSON: `{"target", "columns": [{"name", "outcomes": [...]}]}`."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    def junit(self) -> bytes:
        """Write it as JUnit XML: a suite for each column, a test case for each case."""
        suites = ET.Element("testsuites", name=self.target)
        for column in self.columns:
            _suite(suites, self.target, column)
        ET.indent(suites)
        written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
        return written + b"\n"


def _suite(parent: ET.Element, target: str, column: Column) -> None:
    verdicts = [outcome.verdict for outcome in column.outcomes]
    suite = ET.SubElement(
        parent,
        "testsuite",
        name=f"{target} in {column.name}",
        tests=str(len(verdicts)),
        failures=str(verdicts.count("fail")),
        skipped=str(verdicts.count("not offered")),
        errors="0",
        time=f"{sum(outcome.seconds for outcome in column.outcomes):.3f}",
    )
    for outcome in column.outcomes:
        tried = ET.SubElement(
            suite,
            "testcase",
            classname=f"{target}.{column.name}",
            name=outcome.name,
            time=f"{outcome.seconds:.3f}",
        )
        match outcome.verdict:
            case "fail":
                failure = ET.SubElement(tried, "failure", message=_plain(outcome.detail))
                failure.text = outcome.promise
            case "not offered":
                ET.SubElement(tried, "skipped", message=_plain(outcome.detail))
            case "pass":
                pass


def _plain(text: str) -> str:
    """Leave out what XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets)."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
