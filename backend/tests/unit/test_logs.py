"""What a log line looks like, and what can never stand in one."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from dragoman.observability.logs import LONGEST, configure_logging, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def log_to(out: io.StringIO, *, level: str = "info", **environ: str) -> None:
    configure_logging(
        level, lambda text: text.replace("canary", "***"), stream=out, environ=environ
    )


def test_a_line_is_one_json_object_with_its_fields():
    out = io.StringIO()
    log_to(out)
    structlog.get_logger("x").info("request", status=200, model="gpt")
    (line,) = lines(out)
    assert (line["event"], line["status"], line["model"], line["level"]) == (
        "request",
        200,
        "gpt",
        "info",
    )
    assert str(line["timestamp"]).endswith("Z")


def test_a_secret_stands_in_no_value_and_in_no_trace():
    out = io.StringIO()
    log_to(out)
    structlog.get_logger("x").error(
        "unhandled", why="canary", exc_info=ValueError("the canary sang")
    )
    assert "canary" not in out.getvalue()
    assert "ValueError" in out.getvalue()


def test_lines_of_other_libraries_are_treated_alike():
    out = io.StringIO()
    log_to(out)
    logging.getLogger("other").warning("a canary\nand a %s", "colour \x1b[31m")
    (line,) = lines(out)
    assert line["event"] == "a ***\\nand a colour \\x1b[31m"


def test_a_value_cannot_begin_a_line_of_its_own():
    assert printable('one\r\n{"event": "forged"}\x1b[2J') == 'one\\r\\n{"event": "forged"}\\x1b[2J'
    assert printable("Ünïcode ✓ stays") == "Ünïcode ✓ stays"


def test_a_value_without_end_is_cut():
    out = io.StringIO()
    log_to(out)
    structlog.get_logger("x").info("long", value="x" * (LONGEST + 100))
    assert len(str(lines(out)[0]["value"])) == LONGEST


def test_what_is_below_the_level_is_not_written():
    out = io.StringIO()
    log_to(out, level="WARNING")
    structlog.get_logger("x").info("quiet")
    assert out.getvalue() == ""


def test_a_terminal_gets_columns_and_colours_unless_they_are_unwanted():
    coloured, plain = Terminal(), Terminal()
    log_to(coloured)
    structlog.get_logger("x").info("request", status=200)
    log_to(plain, NO_COLOR="1")
    structlog.get_logger("y").info("request", status=200)
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[" not in plain.getvalue()
    assert "status=200" in plain.getvalue()
