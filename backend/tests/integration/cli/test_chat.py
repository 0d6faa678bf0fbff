"""`dragoman chat` as a process: pipes, a server elsewhere, a terminal."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from signal import SIGINT

import pytest

from dragoman.services.providers import LocalProvider
from dragoman.testing import Script, ScriptedUpstream, scripted_upstream
from dragoman.testing.upstream import Received, streamed, whole
from tests.support.program import (
    PATIENCE,
    Terminal,
    at_a_terminal,
    run,
    serving,
    started,
    variables,
)
from tests.support.tapes import anthropic_stream

from .conftest import KEY

needs_local_model = pytest.mark.skipif(
    LocalProvider().problem({}) is not None,
    reason="the local model is not installed: `make setup` installs it",
)


def saying(*words: str, pause: float = 0.0) -> Script:
    return streamed(anthropic_stream(words), pause=pause)


def beginning(*words: str) -> Script:
    """Begin to answer, and never come to an end."""
    return streamed(anthropic_stream(words)[: 3 + len(words)], end="hang")


def heard(asked: Received) -> list[tuple[str, str]]:
    """What the vendor was told: who said what."""
    return [
        (turn["role"], "".join(part["text"] for part in turn["content"]))
        for turn in asked.json["messages"]
    ]


# --- one question ------------------------------------------------------------------------------


async def test_a_question_is_answered(vendor, configured):
    vendor.play(saying("Hello", " there"))
    ended = await run("chat", "Say", "hello", **configured)
    assert (ended.code, ended.out, ended.err) == (0, "Hello there\n", "")
    (asked,) = vendor.received
    assert heard(asked) == [("user", "Say hello")]
    assert asked.json["stream"] is True


async def test_instructions_and_a_model_can_be_given(vendor, configured):
    vendor.play(saying("Arr"))
    ended = await run("chat", "-m", "claude", "--system", "You are a pirate", "Hi", **configured)
    assert ended.code == 0
    assert "You are a pirate" in str(vendor.received[0].json["system"])


async def test_what_is_piped_in_is_asked(vendor, configured):
    vendor.play(saying("Hello"))
    await run("chat", stdin=b"Good day\n", **configured)
    await run("chat", "Translate", stdin="Grüß Gott\n".encode(), **configured)
    assert [heard(asked) for asked in vendor.received] == [
        [("user", "Good day")],
        [("user", "Grüß Gott\n\nTranslate")],
    ]


async def test_nothing_to_ask_is_a_mistake(configured):
    ended = await run("chat", **configured)
    assert ended.code == 2
    assert ended.err == "dragoman: there is nothing to ask: write a question, or pipe one in\n"


async def test_words_are_written_as_they_come_and_ctrl_c_ends_the_question(vendor, configured):
    vendor.play(beginning("Once", " upon"))
    async with started("chat", "Tell", **configured) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            assert await process.stdout.readexactly(9) == b"Once upon"
            process.send_signal(SIGINT)
            assert await process.stdout.read() == b"\n"
            assert await process.wait() == 130
            await vendor.closed_by_peer.wait()
            assert await process.stderr.read() == b""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
async def test_a_reply_that_the_terminal_cannot_spell_is_written_all_the_same(
    vendor, configured, encoding
):
    vendor.play(saying("a → b"))
    ended = await run("chat", "Hi", PYTHONIOENCODING=encoding, **configured)
    assert (ended.code, ended.out) == (0, "a ? b\n")


async def test_an_error_is_one_line_with_who_must_act_and_when(vendor, configured):
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    vendor.play(whole(error, status=429, retry_after="7"))
    ended = await run("chat", "Hi", **configured)
    assert (ended.code, ended.out) == (1, "")
    assert re.fullmatch(r"dragoman: anthropic .*try again in 7 s.*\n", ended.err)


async def test_a_refused_key_is_told_and_not_shown(vendor, configured):
    error = {"type": "error", "error": {"type": "authentication_error", "message": f"no: {KEY}"}}
    vendor.play(whole(error, status=401))
    ended = await run("chat", "Hi", **configured)
    assert ended.code == 1
    assert "refused our key (401)" in ended.err
    assert KEY not in ended.err


@pytest.mark.parametrize("end", ["clean", "cut", "reset"])
async def test_a_reply_that_breaks_off_is_no_success(vendor, configured, end):
    vendor.play(streamed(anthropic_stream(["Once", " upon"])[:5], end=end))
    ended = await run("chat", "Tell", **configured)
    assert (ended.code, ended.out) == (1, "Once upon\n")
    assert ended.err.startswith("dragoman: ")
    assert ended.err.count("\n") == 1


async def test_an_unknown_model_is_told_with_those_there_are(configured):
    ended = await run("chat", "-m", "gpt", "Hi", **configured)
    assert ended.code == 1
    assert "there is no model 'gpt' here; there are: claude" in ended.err


async def test_a_wrong_configuration_is_told_before_anything_is_asked(vendor, configured):
    configured["MODELS"] = "[{"
    ended = await run("chat", "Hi", **configured)
    assert ended.code == 2
    assert "MODELS" in ended.err
    assert vendor.received == []


async def test_a_reader_that_has_enough_ends_it_quietly(vendor, configured):
    vendor.play(saying(*(f"line {number}\n" for number in range(200)), pause=0.02))
    folder = configured.pop("folder")
    pipeline = f"{sys.executable} -m dragoman chat Tell | head -n 1; echo ${{PIPESTATUS[0]}}"
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        pipeline,
        cwd=folder,
        env=variables(folder, **configured),
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await shell.communicate()
    assert (out, err) == (b"line 0\n0\n", b"")


@needs_local_model
async def test_the_local_model_answers_without_any_configuration(tmp_path):
    ended = await run("chat", "What is the capital of France?", folder=tmp_path)
    assert ended.code == 0, ended.err
    assert "Paris" in ended.out


# --- a server elsewhere ------------------------------------------------------------------------


async def test_a_running_server_can_be_asked(vendor, configured, tmp_path):
    vendor.play(saying("Hello", " there"))
    async with serving(**configured) as server:
        ended = await run("chat", "--url", server.url, "-m", "claude", "Hi", folder=tmp_path)
    assert (ended.code, ended.out, ended.err) == (0, "Hello there\n", "")


async def test_its_errors_are_told_in_its_words(vendor, configured, tmp_path):
    vendor.play(saying("Hello"))
    async with serving(**configured) as server:
        ended = await run("chat", "--url", server.url, "-m", "gpt", "Hi", folder=tmp_path)
        assert (ended.code, ended.out) == (1, "")
        assert "there is no model 'gpt' here; there are: claude" in ended.err
        vendor.play(streamed(anthropic_stream(["Once"])[:4], end="cut"))
        ended = await run("chat", "--url", server.url, "Hi", folder=tmp_path)
        assert (ended.code, ended.out) == (1, "Once\n")
        assert "broke off" in ended.err


async def test_a_server_that_does_not_run_is_told_of(tmp_path):
    async with scripted_upstream() as gone:
        url = gone.url
    ended = await run("chat", "--url", url, "Hi", folder=tmp_path)
    assert ended.code == 1
    assert f"{url} cannot be reached" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--url", "localhost:8000"), "--url must be the address"),
        (("--url", "http://127.0.0.1:9", "--system", "x"), "--system does not go with --url"),
    ],
)
async def test_options_that_make_no_sense_are_told_of(tmp_path, arguments, told):
    ended = await run("chat", *arguments, "Hi", folder=tmp_path)
    assert ended.code == 2
    assert told in ended.err


# --- at a terminal -----------------------------------------------------------------------------


async def ready(terminal: Terminal) -> None:
    await terminal.until("> ")


async def test_a_conversation_goes_on_until_ctrl_d(vendor, configured):
    vendor.play(saying("Hello", " Ada"), saying("You are Ada"))
    async with at_a_terminal("chat", NO_COLOR="1", **configured) as terminal:
        await ready(terminal)
        terminal.type("I am Ada\r")
        await terminal.until("Hello Ada\n> ")
        terminal.type("Who am I?\r")
        await terminal.until("You are Ada\n> ")
        terminal.type("\x04")
        assert await terminal.ended() == 0
    assert terminal.seen.startswith("Claude (claude, anthropic) · /help for more\n> ")
    assert heard(vendor.received[1]) == [
        ("user", "I am Ada"),
        ("assistant", "Hello Ada"),
        ("user", "Who am I?"),
    ]


async def test_ctrl_c_ends_the_reply_and_not_the_program(vendor, configured):
    vendor.play(beginning("Once", " upon"), saying("Yes"))
    async with at_a_terminal("chat", **configured) as terminal:
        await ready(terminal)
        terminal.type("Tell\r")
        await terminal.until("Once upon")
        terminal.type("\x03")
        await terminal.until("(stopped; Ctrl-C once more leaves)")
        async with asyncio.timeout(PATIENCE):
            await vendor.closed_by_peer.wait()
        await terminal.until("> ", times=2)
        terminal.type("Still there?\r")
        await terminal.until("Yes\n> ")
        await terminal.press_ctrl_c()
        await terminal.until("Ctrl-C once more leaves, or Ctrl-D")
        await terminal.press_ctrl_c()
        assert await terminal.ended() == 0
    assert "Traceback" not in terminal.seen


async def test_ctrl_c_takes_back_a_line_that_was_begun(configured):
    async with at_a_terminal("chat", **configured) as terminal:
        await ready(terminal)
        for times in (2, 3, 4):
            terminal.type("half a li")
            await terminal.until("half a li", times=times - 1)
            await terminal.press_ctrl_c()
            await terminal.until("> ", times=times)
        terminal.type("/quit\r")
        assert await terminal.ended() == 0


async def test_an_earlier_line_can_be_had_again(vendor, configured):
    vendor.play(saying("one"), saying("two"))
    async with at_a_terminal("chat", **configured) as terminal:
        await ready(terminal)
        terminal.type("Hello?\r")
        await terminal.until("one\n> ")
        terminal.type("\x1b[A\r")
        await terminal.until("two\n> ")
    assert heard(vendor.received[1])[-1] == ("user", "Hello?")


async def test_an_error_does_not_end_the_conversation(vendor, configured):
    vendor.play(Script(529, {"content-type": "application/json"}, (b"{}",)), saying("Yes"))
    async with at_a_terminal("chat", NO_COLOR="1", **configured) as terminal:
        await ready(terminal)
        terminal.type("Hello?\r")
        await terminal.until("dragoman: anthropic is overloaded (529)")
        await terminal.until("> ", times=2)
        terminal.type("Hello?\r")
        await terminal.until("Yes\n> ")


async def test_a_long_silence_is_explained_and_then_forgotten(vendor, configured):
    vendor.play(Script(**{**vars(saying("Yes")), "before": 1.5}))
    async with at_a_terminal("chat", "Hello?", **configured) as terminal:
        await terminal.until("waiting for claude… 1 s")
        assert await terminal.ended() == 0
        await terminal.until("\r\x1b[KYes\n")


async def test_colour_is_left_out_where_it_is_not_wanted(vendor, configured):
    vendor.play(Script(**{**vars(saying("Yes")), "before": 1.0}))
    async with at_a_terminal("chat", "Hello?", NO_COLOR="1", **configured) as terminal:
        assert await terminal.ended() == 0
        await terminal.until("Yes\n")
    assert "\x1b[2m" not in terminal.seen


async def test_a_model_cannot_steer_the_terminal(vendor, configured):
    vendor.play(saying("\x1b]0;owned\x07Hi\x1b[2J"))
    async with at_a_terminal("chat", "Hello?", NO_COLOR="1", **configured) as terminal:
        assert await terminal.ended() == 0
        await terminal.until("Hi")
    assert "\x1b]0;" not in terminal.seen
    assert "\x1b[2J" not in terminal.seen


async def test_a_conversation_with_a_server_elsewhere(
    vendor: ScriptedUpstream, configured, tmp_path
):
    vendor.play(saying("one"), saying("two"))
    async with (
        serving(**configured) as server,
        at_a_terminal("chat", "--url", server.url, folder=tmp_path) as terminal,
    ):
        await ready(terminal)
        terminal.type("a\r")
        await terminal.until("one\n> ")
        terminal.type("/model\r")
        await terminal.until("* claude  Claude (anthropic)")
        terminal.type("b\r")
        await terminal.until("two\n> ")
    assert heard(vendor.received[1]) == [("user", "a"), ("assistant", "one"), ("user", "b")]
