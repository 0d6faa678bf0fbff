"""Keeps workers running: forks them, starts those again that die, and passes on when to end.

           ┌─ fork ─▶ worker 1 ─ ready ─▶ …serves… ─ dies ─▶ (a pause) ─▶ fork …
supervisor ┼─ fork ─▶ worker 2
           └─ a signal: END to all; a second: FORCE; whoever is left is killed
"""

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NoReturn

import click
import structlog

from .endings import FAILED, CommandError, in_words
from .worker import READY, Order, Work

RESTART_DELAYS: Final = (0.0, 0.5, 2.0, 5.0, 10.0)
"""Seconds before the first, second, … start after deaths that follow each other quickly."""
SETTLED: Final = 60.0
"""Seconds after which a worker has run well: what it dies of then is something new."""
FAREWELL: Final = 5.0
"""Seconds that workers have to end at once, before they are killed."""

_ENDS: Final = frozenset({signal.SIGTERM, signal.SIGINT})
_HEARD: Final = _ENDS | {signal.SIGCHLD}

_log: Final = structlog.get_logger("dragoman")


class WorkerFailedError(CommandError):
    """A worker could not begin; it has told why."""

    def __init__(self, code: int) -> None:
        super().__init__("a worker could not begin")
        self.exit_code = code


class Supervisor:
    """Runs each of `works` in a process of its own, numbered from 1.

    `ready` is called once, when all of them are ready for the first time; `ending` when the end
    begins; `lost` with the number of each that has ended. Nothing may run in this process but this:
    it forks.
    """

    def __init__(
        self,
        works: Sequence[Work],
        *,
        ready: Callable[[], None],
        ending: Callable[[], None],
        lost: Callable[[int], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = [_Worker(number, work, now) for number, work in enumerate(works, 1)]
        self._ready: Callable[[], None] | None = ready
        self._tell_ending = ending
        self._tell_lost = lost
        self._now = now
        self._selector = selectors.DefaultSelector()
        self._ending = False
        self._kill_at: float | None = None
        self.forced_by: int | None = None

    def run(self) -> int:
        """Run until told to end, and until every worker has.

        Gives 0, or 1 if a worker did not end well; `forced_by` is the signal that ended them at
        once, if one did. Raises `WorkerFailedError` if one of them could not begin.
        """
        with _signals() as heard, self._selector:
            self._selector.register(heard, selectors.EVENT_READ)
            try:
                for worker in self._workers:
                    self._start(worker)
                while any(worker.pid or not self._ending for worker in self._workers):
                    self._step(heard)
            finally:
                self._kill()
                for worker in self._workers:
                    worker.wait()
        return max(worker.code for worker in self._workers)

    def _step(self, heard: socket.socket) -> None:
        """Wait for something to happen, and do what is due."""
        for key, _ in self._selector.select(self._patience()):
            if key.fileobj is heard:
                for number in heard.recv(64):
                    self._heed(number)
            else:
                self._hear(key.data)
        for worker in self._workers:
            self._look_at(worker)
        if self._kill_at is not None and self._now() >= self._kill_at:
            self._kill()

    def _patience(self) -> float | None:
        """Give the seconds until something is due, `None` if nothing is."""
        due = [worker.due for worker in self._workers if worker.due is not None]
        if self._kill_at is not None:
            due.append(self._kill_at)
        return max(0.0, min(due) - self._now()) if due else None

    def _heed(self, number: int) -> None:
        if number not in _ENDS:
            return
        if not self._ending:
            self._ending = True
            self._tell_ending()
            self._order(Order.END)
        elif self.forced_by is None:
            self.forced_by = number
            self._kill_at = self._now() + FAREWELL
            self._order(Order.FORCE)

    def _order(self, order: Order) -> None:
        for worker in self._workers:
            worker.due = None
            if worker.wire is not None:
                with contextlib.suppress(OSError):  # it is ending already
                    worker.wire.send(order.value)

    def _hear(self, worker: "_Worker") -> None:
        """Take what a worker says; what it hangs up with is told by its end."""
        if worker.wire is None:
            return
        said = b""
        with contextlib.suppress(OSError):
            said = worker.wire.recv(16)
        if READY in said:
            worker.is_ready = True
        else:
            self._leave(worker)
        if self._ready is not None and all(each.is_ready for each in self._workers):
            ready, self._ready = self._ready, None
            ready()

    def _leave(self, worker: "_Worker") -> None:
        if worker.wire is not None:
            self._selector.unregister(worker.wire)
            worker.hang_up()

    def _look_at(self, worker: "_Worker") -> None:
        if worker.pid:
            status = worker.reap()
            if status is not None:
                self._bury(worker, status)
        if worker.due is not None and self._now() >= worker.due:
            self._start(worker)

    def _bury(self, worker: "_Worker", code: int) -> None:
        """Take note that a worker has ended, with an exit code or the negative of a signal."""
        self._leave(worker)
        self._tell_lost(worker.number)
        if self._ending:
            # Nothing was there yet to take a signal that was meant for all.
            well = code in (0, -signal.SIGTERM) or self.forced_by is not None
            worker.code = 0 if well else FAILED
            return
        if self._ready is not None:
            raise WorkerFailedError(code if code > 0 else FAILED)
        pause = worker.pause()
        worker.due = self._now() + pause
        _log.warning("worker_ended", worker=worker.number, code=code, starts_again_in=pause)

    def _start(self, worker: "_Worker") -> None:
        here, there = socket.socketpair()
        worker.begin(here)
        sys.stdout.flush()
        sys.stderr.flush()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        pid = os.fork()
        if pid == 0:
            self._be(worker, there, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        there.close()
        worker.pid = pid
        here.setblocking(False)  # noqa: FBT003 - it takes no keyword
        self._selector.register(here, selectors.EVENT_READ, worker)

    def _be(
        self, worker: "_Worker", wire: socket.socket, mask: set[int | signal.Signals]
    ) -> NoReturn:
        """Be a worker, in a process that has just been made; does not return."""
        code = FAILED
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for each in self._workers:  # else they would not hear that the supervisor is gone
                each.hang_up()
            self._selector.close()
            code = _outcome(worker.work, wire)
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)  # what the supervisor opened is the supervisor's to close

    def _kill(self) -> None:
        self._kill_at = None
        for worker in self._workers:
            if worker.pid:
                os.kill(worker.pid, signal.SIGKILL)


class _Worker:
    """One place among the workers, and the process that has it now."""

    def __init__(self, number: int, work: Work, now: Callable[[], float]) -> None:
        self.number = number
        self.work = work
        self._now = now
        self._begun = 0.0
        self._deaths = 0
        self.pid = 0
        self.wire: socket.socket | None = None
        self.is_ready = False
        self.due: float | None = None
        self.code = 0

    def begin(self, wire: socket.socket) -> None:
        self.wire = wire
        self.is_ready = False
        self.due = None
        self._begun = self._now()

    def reap(self) -> int | None:
        """Give how it ended, `None` while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return None
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def wait(self) -> None:
        """Wait for the end of one that was killed."""
        if self.pid:
            os.waitpid(self.pid, 0)

    def hang_up(self) -> None:
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.close()

    def pause(self) -> float:
        """Give how long to wait until it is started again."""
        if self._now() - self._begun >= SETTLED:
            self._deaths = 0
        delay = RESTART_DELAYS[min(self._deaths, len(RESTART_DELAYS) - 1)]
        self._deaths += 1
        return delay


def _outcome(work: Work, wire: socket.socket) -> int:
    """Do what a worker does, and give its exit code."""
    try:
        work(wire)
    except click.exceptions.Exit as error:
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a process ends in words, however it ends
        message, code = in_words(error)
        click.echo(f"dragoman: {message}", err=True)
        return code
    return 0


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """Give where the numbers of signals can be read as they come."""
    here, there = socket.socketpair()
    for end in (here, there):
        end.setblocking(False)  # noqa: FBT003 - it takes no keyword
    before = {number: signal.signal(number, lambda *_: None) for number in _HEARD}
    waker = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    try:
        yield here
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)
        here.close()
        there.close()
