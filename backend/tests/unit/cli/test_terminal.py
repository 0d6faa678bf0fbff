"""What reaches the terminal, and what must not."""

import asyncio

import pytest

from dragoman.cli.terminal import Waiting

from .partners import terminal


def test_a_reply_goes_to_standard_output_and_remarks_to_standard_error():
    shown, out, err = terminal()
    shown.say("Hello")
    shown.note("a remark")
    assert (out.getvalue(), err.getvalue()) == ("Hello", "a remark\n")


@pytest.mark.parametrize(("reply", "written"), [("a", "a\n"), ("a\n", "a\n"), ("", "")])
def test_the_last_line_is_ended_once(reply, written):
    shown, out, _ = terminal()
    shown.say(reply)
    shown.end_line()
    shown.end_line()
    assert out.getvalue() == written


def test_a_model_cannot_steer_the_terminal():
    shown, out, _ = terminal(tty=True)
    shown.say("a\x1b[2Jb\x07\x9bc\x08\r\td\x7f\n\x00é中")
    assert out.getvalue() == "a[2Jbc\td\né中"


def test_a_file_gets_a_reply_as_it_is():
    shown, out, _ = terminal()
    shown.say("a\x1b[2Jb\r\n")
    assert out.getvalue() == "a\x1b[2Jb\r\n"


def test_remarks_are_dim_on_a_terminal_only_where_colour_is_wanted():
    for environ, written in (
        ({}, "\x1b[2mhm\x1b[0m\n"),
        ({"NO_COLOR": "1"}, "hm\n"),
        ({"NO_COLOR": ""}, "\x1b[2mhm\x1b[0m\n"),  # no-color.org: an empty value says nothing
        ({"TERM": "dumb"}, "hm\n"),
    ):
        shown, _, err = terminal(tty=True, **environ)
        shown.note("hm")
        assert err.getvalue() == written


def test_the_status_makes_way_for_words():
    shown, out, err = terminal(tty=True, NO_COLOR="1")
    shown.status("loading…")
    shown.say("Hello")
    assert err.getvalue() == "\r\x1b[Kloading…\r\x1b[K"
    assert out.getvalue() == "Hello"


async def test_waiting_is_told_with_its_seconds_and_taken_away():
    shown, _, err = terminal(tty=True, NO_COLOR="1")
    async with Waiting(shown, lambda: "loading…", quiet=0, beat=0.2):
        await asyncio.sleep(1.4)
    assert err.getvalue().startswith("\r\x1b[Kloading…\r\x1b[K")
    assert "loading… 1 s" in err.getvalue()
    assert err.getvalue().endswith("\r\x1b[K")


async def test_a_quick_answer_is_not_waited_for_aloud():
    shown, _, err = terminal(tty=True)
    async with Waiting(shown, lambda: "loading…") as waiting:
        waiting.over()
    assert err.getvalue() == ""


async def test_nothing_is_said_about_waiting_to_a_file():
    shown, _, err = terminal()
    async with Waiting(shown, lambda: "loading…", quiet=0):
        await asyncio.sleep(0.1)
    assert err.getvalue() == ""
