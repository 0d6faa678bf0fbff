"""What was found is told as a table, as JUnit and as JSON."""

import json
from xml.etree import ElementTree as ET

from dragoman.testing.conformance.case import Case, NotOffered, Outcome, require_equal
from dragoman.testing.conformance.report import Column, Report

REPORT = Report(
    "mine",
    (
        Column(
            "openai_chat",
            (
                Outcome("plain.arrives", "It arrives.", "pass", "", 0.25),
                Outcome("stream.cut.is_interrupted", "A cut is one.", "fail", "saw \x1b <b>"),
                Outcome("stream.arrives", "It arrives.", "pass"),
                Outcome("images.are_sent", "They are.", "not offered", "it is blind"),
            ),
        ),
        Column("gemini", (Outcome("plain.arrives", "It arrives.", "pass"),)),
    ),
)


def test_a_table_has_a_row_for_each_feature_and_a_column_for_each_wire():
    assert [tuple(row) for row in REPORT.rows()] == [
        ("", "openai_chat", "gemini"),
        ("plain", "pass", "pass"),
        ("stream", "FAIL 1 of 2", "-"),
        ("images", "not offered", "-"),
    ]
    assert REPORT.summary() == "mine: 3 passed, 1 failed, 1 not offered."
    assert REPORT.failed


def test_junit_counts_and_names_every_case():
    suites = ET.fromstring(REPORT.junit())
    first, second = suites.findall("testsuite")
    counts = [first.get(name) for name in ("tests", "failures", "skipped", "errors")]
    assert counts == ["4", "1", "1", "0"]
    assert second.get("tests") == "1"
    names = {tried.get("name"): tried for tried in first}
    failure = names["stream.cut.is_interrupted"].find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == (
        "saw \N{REPLACEMENT CHARACTER} <b>",
        "A cut is one.",
    )
    assert names["images.are_sent"].find("skipped") is not None
    assert list(names["plain.arrives"]) == []


def test_json_holds_every_outcome():
    said = json.loads(REPORT.json())
    assert said["target"] == "mine"
    assert said["columns"][0]["outcomes"][1] == {
        "name": "stream.cut.is_interrupted",
        "promise": "A cut is one.",
        "verdict": "fail",
        "detail": "saw \x1b <b>",
        "seconds": 0.0,
    }


async def judged(run) -> tuple[str, str]:
    outcome = await Case("some.name", "It does.", run).judge(None)
    return outcome.verdict, outcome.detail


async def test_whatever_a_case_comes_to_is_an_outcome():
    async def passes(_: None) -> str:
        return "well\ndone"

    async def falls_short(_: None) -> None:
        require_equal((1, "a"), (1, "b"), "the pair")

    async def is_not_offered(_: None) -> None:
        raise NotOffered("it is blind")

    async def breaks(_: None) -> None:
        raise KeyError("surprise")

    assert await judged(passes) == ("pass", "well done")
    assert await judged(falls_short) == ("fail", "the pair: saw (1, 'a'), expected (1, 'b')")
    assert await judged(is_not_offered) == ("not offered", "it is blind")
    assert await judged(breaks) == ("fail", "KeyError: 'surprise'")
