"""The page about errors says what the code does."""

import re
from pathlib import Path

from dragoman.api.errors import problem_of
from dragoman.chat import ERROR_CLASSES, Category
from dragoman.services.providers.anthropic import ANTHROPIC_ERRORS
from dragoman.services.providers.error_rows import DEFAULTS, ErrorRow
from dragoman.services.providers.error_words import COMMON, IN_BAND
from dragoman.services.providers.openai import OPENAI_ERRORS
from dragoman.storage.errors import WORDS, StorageError

PAGE = (Path(__file__).parents[3] / "docs" / "errors.md").read_text("utf-8")
ROWS = COMMON + IN_BAND + OPENAI_ERRORS + ANTHROPIC_ERRORS


def table(head: str) -> list[list[str]]:
    """Give the cells of every table whose first columns are `head`."""
    found = re.findall(rf"^\| {head} .*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    lines = [line for body in found for line in body.splitlines()]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def test_every_category_stands_there_with_its_status_code_actor_and_whether_to_try_again():
    promised = {
        (category, actor, status, code, again)
        for category, _, actor, status, code, again in table("category")
    }

    assert promised == {
        (category.value, str(DEFAULTS[category].actor), *_answer(category), _again(category))
        for category in Category
    }


def _answer(category: Category) -> tuple[str, str]:
    problem = problem_of(ERROR_CLASSES[category](category, "no"))
    return str(problem.status), problem.code


def _again(category: Category) -> str:
    return "yes" if DEFAULTS[category].retryable else "no"


def test_every_reason_that_a_client_can_see_stands_there():
    promised = {(reason, category, again) for reason, category, again, _ in table("reason")}
    verdicts = [row.verdict for row in ROWS] + list(DEFAULTS.values())
    known = {
        (verdict.word, verdict.category.value, "yes" if verdict.retryable else "no")
        for verdict in verdicts
        if verdict.word != "invalid_input"  # the edge tells these itself
    }
    # A transient failure by the word of one exception class, which has no reason of its own.
    known.discard(("upstream_bad_response", "bad_response", "yes"))

    assert promised == known


def test_every_trouble_of_the_storage_that_a_client_can_see_stands_there_with_its_status():
    promised = {(reason, status) for reason, status, _ in table("storage reason")}

    assert promised == {
        (str(trouble), str(problem_of(StorageError(trouble)).status)) for trouble in WORDS
    }


def test_the_rows_that_it_shows_are_rows():
    (code,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    names: dict[str, tuple[ErrorRow, ...]] = {}
    exec(code, names)

    assert all(isinstance(row, ErrorRow) for row in names["ERRORS"])
