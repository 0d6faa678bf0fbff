"""The supervisor, as a process of its own: it forks."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dragoman.cli.supervisor import RESTART_DELAYS, SETTLED, _Worker
from tests.support.program import PATIENCE, eventually

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

BACKEND = Path(__file__).parents[3]


@dataclass
class Supervised:
    """A supervisor that runs, and what its workers leave behind."""

    process: Process
    folder: Path

    def pid(self, number: int) -> int:
        try:
            return int((self.folder / f"{number}.pid").read_text() or 0)
        except FileNotFoundError:
            return 0

    def told(self) -> list[str]:
        try:
            return (self.folder / "told").read_text().split("\n")[:-1]
        except FileNotFoundError:
            return []

    def let(self, number: int, do: str) -> None:
        (self.folder / f"{number}.{do}").touch()

    async def is_ready(self) -> bool:
        return self.told()[:1] == ["ready"]

    async def end(self, *signals: signal.Signals) -> int:
        for number in signals:
            self.process.send_signal(number)
            await asyncio.sleep(0.1)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def supervised(folder: Path, workers: int = 2) -> AsyncIterator[Supervised]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.supervised",
        str(folder),
        str(workers),
        cwd=BACKEND,
        stderr=PIPE,
        stdout=PIPE,
    )
    found = Supervised(process, folder)
    try:
        yield found
    finally:
        pids = [found.pid(number) for number in range(1, workers + 1)]
        if process.returncode is None:
            process.kill()
        await process.communicate()
        await eventually(lambda: gone(pids))


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def gone(pids: list[int]) -> bool:
    return not any(pid and is_there(pid) for pid in pids)


async def lose_the_first_for_good(supervisor: Supervised) -> None:
    """Kill the first worker, which cannot begin again, and wait until that was tried often."""
    await eventually(supervisor.is_ready)
    supervisor.let(1, "cannot")
    os.kill(supervisor.pid(1), signal.SIGKILL)

    async def was_lost_often() -> bool:
        return supervisor.told().count("lost 1") >= 3

    await eventually(was_lost_often)


async def test_it_is_ready_once_and_ends_when_all_have_ended(tmp_path):
    async with supervised(tmp_path, 3) as supervisor:
        await eventually(supervisor.is_ready)
        assert len({supervisor.pid(number) for number in (1, 2, 3)}) == 3
        assert await supervisor.end(signal.SIGTERM) == 0
    assert supervisor.told()[:2] == ["ready", "ending"]
    assert sorted(supervisor.told()[2:]) == ["lost 1", "lost 2", "lost 3"]
    assert all((tmp_path / f"{number}.ended").exists() for number in (1, 2, 3))


async def test_a_worker_that_dies_is_started_again_and_nobody_is_told_twice(tmp_path):
    async with supervised(tmp_path) as supervisor:
        await eventually(supervisor.is_ready)
        first, other = supervisor.pid(1), supervisor.pid(2)
        os.kill(first, signal.SIGKILL)

        async def is_back() -> bool:
            return supervisor.pid(1) not in (0, first)

        await eventually(is_back)
        assert supervisor.pid(2) == other
        assert await supervisor.end(signal.SIGTERM) == 0
    assert supervisor.told().count("ready") == 1


async def test_one_that_cannot_begin_again_is_tried_on_while_the_others_run(tmp_path):
    async with supervised(tmp_path) as supervisor:
        await lose_the_first_for_good(supervisor)
        (tmp_path / "1.cannot").unlink()
        before = supervisor.pid(1)

        async def is_back() -> bool:
            return supervisor.pid(1) != before

        await eventually(is_back)
        assert await supervisor.end(signal.SIGTERM) == 0


async def test_one_that_cannot_begin_at_all_ends_everything_with_its_own_code(tmp_path):
    (tmp_path / "2.cannot").touch()
    async with supervised(tmp_path) as supervisor:
        assert await supervisor.end() == 3
    assert supervisor.told() == ["lost 2"]


async def test_ending_while_one_waits_to_be_started_starts_it_no_more(tmp_path):
    async with supervised(tmp_path) as supervisor:
        await lose_the_first_for_good(supervisor)
        assert await supervisor.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ((signal.SIGTERM, signal.SIGTERM), 143),
        ((signal.SIGINT, signal.SIGINT), 130),
        ((signal.SIGTERM, signal.SIGINT), 130),
    ],
)
async def test_a_second_signal_forces_those_that_do_not_end(tmp_path, signals, code):
    async with supervised(tmp_path) as supervisor:
        supervisor.let(1, "hangs")
        await eventually(supervisor.is_ready)
        assert await supervisor.end(*signals) == code


async def test_one_that_is_forced_and_stays_is_killed(tmp_path):
    async with supervised(tmp_path) as supervisor:
        await eventually(supervisor.is_ready)
        stopped = supervisor.pid(1)
        os.kill(stopped, signal.SIGSTOP)
        assert await supervisor.end(signal.SIGTERM, signal.SIGTERM) == 143
        assert not is_there(stopped)


async def test_one_that_does_not_end_well_is_told_by_the_exit_code(tmp_path):
    async with supervised(tmp_path) as supervisor:
        supervisor.let(1, "hangs")
        await eventually(supervisor.is_ready)
        supervisor.process.send_signal(signal.SIGTERM)

        async def is_ending() -> bool:
            return "ending" in supervisor.told()

        await eventually(is_ending)
        supervisor.let(1, "dies")
        assert await supervisor.end() == 1


async def test_workers_do_not_outlive_a_supervisor_that_is_killed(tmp_path):
    async with supervised(tmp_path) as supervisor:
        await eventually(supervisor.is_ready)
        pids = [supervisor.pid(1), supervisor.pid(2)]
        supervisor.process.kill()
        await eventually(lambda: gone(pids))


def test_the_pause_grows_with_each_death_and_is_forgotten_after_a_good_while():
    now = [0.0]
    worker = _Worker(1, lambda _: None, lambda: now[0])
    pauses = [worker.pause() for _ in range(len(RESTART_DELAYS) + 1)]
    now[0] = SETTLED

    assert pauses == [*RESTART_DELAYS, RESTART_DELAYS[-1]]
    assert worker.pause() == RESTART_DELAYS[0]
