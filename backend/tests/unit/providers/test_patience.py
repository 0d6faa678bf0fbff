"""Limits of one call: who it was that ended the waiting, the clock or somebody else."""

import asyncio
import time
from contextlib import suppress

import pytest

from dragoman.chat import UpstreamError
from dragoman.services.providers.patience import Patience
from dragoman.services.providers.transport import Timeouts

SHORT = 0.01


async def waiting(*, deep: bool) -> None:
    patience = Patience(Timeouts(first_byte=SHORT))
    with patience:
        if deep:
            with suppress(UpstreamError), patience:
                await asyncio.Event().wait()
        await asyncio.Event().wait()


async def in_one_turn(task: asyncio.Task[None]) -> None:
    """Let the limit run out, and somebody cancel the task, before it hears of either."""
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(2 * SHORT, task.cancel)
    time.sleep(3 * SHORT)  # noqa: ASYNC251 - it is meant to keep the loop from turning
    await asyncio.wait([task])


@pytest.mark.parametrize("deep", [False, True])
async def test_whoever_cancels_together_with_the_clock_is_heard(*, deep: bool):
    task = asyncio.create_task(waiting(deep=deep))

    await in_one_turn(task)

    assert task.cancelled()


async def test_whoever_cancels_after_a_limit_that_was_passed_over_is_heard():
    task = asyncio.create_task(waiting(deep=True))
    await asyncio.sleep(5 * SHORT)

    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
