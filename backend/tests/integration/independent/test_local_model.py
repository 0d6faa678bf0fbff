"""The embedded model, as it is on a fresh machine: nothing is configured, and it answers."""

import asyncio
import os
import signal

import aiohttp
import pytest

from dragoman.services.providers.local import LocalProvider
from dragoman.services.providers.local_engine import RESTART_DELAYS
from tests.support.server import parse_events

from .asking import Asker, until
from .conftest import running_dragoman, watched
from .processes import children, dragoman_command, eventually, exists
from .vendors import BOTH_MODES

pytestmark = pytest.mark.skipif(
    LocalProvider().problem({}) is not None, reason=f"{LocalProvider().problem({})}"
)

QUESTION = "What is the capital of France?"
COMMAND = dragoman_command("serve", "--port", "0")


@pytest.fixture
def fresh(tmp_path):
    """A server started in an empty folder, at home in one, and told nothing."""
    folder = tmp_path / "empty"
    folder.mkdir()
    with running_dragoman(COMMAND, environ={"HOME": str(folder)}, folder=folder) as program:
        yield program


@pytest.fixture
async def asker(fresh):
    async with watched(fresh) as client:
        yield client


def engine(program) -> int:
    """Give the process that the model runs in."""
    (child,) = children(program.pid)
    return child


async def state(asker: Asker) -> str:
    (provider,) = [row for row in (await asker.get("/health"))["providers"] if row["models"]]
    return provider["state"]


async def until_failed(asker: Asker) -> None:
    """Wait until the server knows that its engine died."""

    async def is_failed() -> bool:
        return await state(asker) == "failed"

    await until(is_failed)


async def test_a_fresh_machine_has_one_model_and_it_answers(fresh, asker):
    (listed,) = (await asker.get("/api/v1/models"))["models"]
    assert (listed["id"], listed["provider"], listed["default"]) == ("local", "local", True)
    assert "toy" in listed["name"]
    assert "toy" in fresh.said

    answer = await asker.ask("local", "streamed", QUESTION)

    assert "Paris" in answer.text
    assert len(answer.events) > 3
    assert (answer.last["type"], answer.last["model"]) == ("complete", "local")
    usage = answer.last["usage"]
    assert usage["inputTokens"] > 5
    assert usage["outputTokens"] >= len(answer.events) - 3
    assert await state(asker) == "ready"


async def test_two_at_once_are_answered_whole_and_streamed(fresh, asker):
    whole, streamed = await asyncio.gather(
        asker.ask("local", "whole", QUESTION), asker.ask("local", "streamed", QUESTION)
    )
    assert (whole.status, streamed.last["type"]) == (200, "complete")
    assert "Paris" in whole.text
    assert "Paris" in streamed.text


async def test_a_question_asked_while_it_loads_waits_for_it(fresh, asker):
    # The greeting comes before the model is loaded; there is no time to lose.
    assert "Paris" in (await asker.ask("local", "whole", QUESTION)).text


async def test_an_engine_that_dies_between_questions_comes_back(fresh, asker):
    await asker.ask("local", "whole", QUESTION)
    first = engine(fresh)

    os.kill(first, signal.SIGKILL)
    await until_failed(asker)

    assert "Paris" in (await asker.ask("local", "whole", QUESTION)).text
    assert engine(fresh) != first


@BOTH_MODES
async def test_an_engine_that_dies_before_a_word_is_told_and_comes_back(fresh, asker, mode):
    await asker.ask("local", "whole", QUESTION)
    first = engine(fresh)

    os.kill(first, signal.SIGSTOP)  # so that it has no time to answer
    asked = asyncio.create_task(asker.ask("local", mode, QUESTION))
    await until(asker.at_work)
    os.kill(first, signal.SIGKILL)
    answer = await asked

    assert answer.outcome == (503, "CONNECTION_ERROR", "local_model_failed")
    assert "killed" in answer.last["error"]
    assert "Paris" in (await asker.ask("local", mode, QUESTION)).text
    assert engine(fresh) != first


async def test_an_engine_that_dies_in_mid_reply_keeps_what_it_said(fresh, asker):
    await asker.ask("local", "whole", QUESTION)
    first = engine(fresh)

    question = {"message": "Count from one to one hundred in words."}
    headers = {"accept": "text/event-stream"}
    async with aiohttp.ClientSession(fresh.address) as client:
        came = await client.post("/api/v1/messages", json=question, headers=headers)
        begin = await came.content.readuntil(b"\n\n")
        os.kill(first, signal.SIGKILL)
        *told, last = parse_events(begin + await came.read())

    assert {event.content["type"] for event in told} == {"token"}
    assert (last.name, last.content["code"]) == ("error", "CONNECTION_ERROR")
    assert last.content["reason"] == "local_model_failed"
    assert "Paris" in (await asker.ask("local", "streamed", QUESTION)).text


async def test_an_engine_that_keeps_dying_is_told_with_the_reason(fresh, asker):
    for _ in range(1 + len(RESTART_DELAYS)):
        assert "Paris" in (await asker.ask("local", "whole", QUESTION)).text
        os.kill(engine(fresh), signal.SIGKILL)
        await until_failed(asker)

    answer = await asker.ask("local", "whole", QUESTION)

    assert answer.outcome == (503, "CONNECTION_ERROR", "local_model_failed")
    assert "killed" in answer.last["error"]
    assert "next try" in answer.last["error"]
    assert await state(asker) == "failed"


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
async def test_the_engine_dies_with_a_server_that_is_killed(fresh, busy):
    child = await child_of(fresh, busy=busy)
    fresh.kill()
    eventually(lambda: not exists(child), within=5)


async def test_the_engine_ends_with_a_server_that_is_told_to_end(fresh):
    child = await child_of(fresh, busy=False)
    assert fresh.end() == 0
    assert not exists(child)
    assert "Traceback" not in fresh.log


async def child_of(program, *, busy: bool) -> int:
    """Wait for an engine that answers, and leave it in the middle of an answer if it shall be."""
    async with aiohttp.ClientSession(program.address) as client:
        asker = Asker(client)
        await asker.ask("local", "whole", QUESTION)
        child = engine(program)
        if busy:
            os.kill(child, signal.SIGSTOP)
            asked = asyncio.create_task(asker.ask("local", "streamed", QUESTION))
            await until(asker.at_work)
            asked.cancel()
            os.kill(child, signal.SIGCONT)
    return child
