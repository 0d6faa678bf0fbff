"""The loop beside the terminal: it lends a hand, and lets go when told to."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dragoman.cli.loop import LoopThread


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def fail() -> None:
    raise ValueError("of my own")


def test_work_is_done_and_given_back():
    with LoopThread() as loop:
        assert loop.run(double(21)) == 42


def test_an_error_of_the_work_is_raised_here():
    with LoopThread() as loop:
        with pytest.raises(ValueError, match="of my own"):
            loop.run(fail())
        assert loop.run(double(1)) == 2


def test_what_is_kept_is_entered_and_left_in_one_task_the_last_first():
    told = []

    @asynccontextmanager
    async def kept(name: str) -> AsyncIterator[str]:
        task = asyncio.current_task()
        told.append(f"in {name}")
        yield name
        assert asyncio.current_task() is task
        told.append(f"out {name}")

    with LoopThread() as loop:
        assert loop.keep(kept("a")) == "a"
        assert loop.keep(kept("b")) == "b"
        assert told == ["in a", "in b"]
    assert told == ["in a", "in b", "out b", "out a"]


def test_what_cannot_be_entered_says_why():
    @asynccontextmanager
    async def locked() -> AsyncIterator[None]:
        raise ValueError("locked")
        yield

    with LoopThread() as loop, pytest.raises(ValueError, match="locked"):
        loop.keep(locked())


def test_ctrl_c_ends_the_work_which_lets_go_first_and_the_loop_goes_on():
    let_go = []

    async def endless(begun: threading.Event) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            let_go.append(True)

    with LoopThread() as loop:
        begun = threading.Event()

        def press_ctrl_c() -> None:
            begun.wait(10)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=press_ctrl_c).start()
        with pytest.raises(KeyboardInterrupt):
            loop.run(endless(begun))
        assert let_go == [True]
        assert loop.run(double(4)) == 8
