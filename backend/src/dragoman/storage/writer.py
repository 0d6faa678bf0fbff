"""The one thread that writes: what waits together is committed together.

submit(job) ─▶ queue ─▶ BEGIN  job  job  job  COMMIT ─▶ the future of each job
                             each in a savepoint of its own
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, TypeAlias, TypeVar

import structlog
from msgspec import Struct
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.sqlite import LOG_LIMIT, empty_log, judge

T = TypeVar("T")
Job: TypeAlias = Callable[[Connection], T]

TOGETHER: Final = 256
"""The most jobs that are committed at once."""

_BETWEEN_ATTEMPTS: Final = 1.0
_log: Final = structlog.get_logger("dragoman.storage")


class _Task(Struct, frozen=True):
    """A job whose result nobody here needs to know: `run` gives what tells it to its future."""

    run: Callable[[Connection], Callable[[], None]]
    begin: Callable[[], bool]
    fail: Callable[[BaseException], None]


class Writer:
    """Does jobs on a database, each wholly or not at all; durable when their futures are done.

    A job that raises fails alone. A trouble of the storage fails all the jobs of a transaction,
    and the storage is tried anew with the next.
    """

    def __init__(self, engine: Engine, path: Path, *, long_log: int = LOG_LIMIT // 2) -> None:
        self._engine = engine
        self._long_log = long_log
        self._path = path
        self._log_file = path.with_name(f"{path.name}-wal")
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="storage-writer", daemon=True)
        self._closed = False
        self._next_attempt = 0.0
        self.trouble: Trouble | None = None

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def submit(self, job: Job[T]) -> Future[T]:
        """Have `job` done, in the writer's thread. Raises `StorageError` after `close`."""
        if self._closed:
            raise StorageError(Trouble.UNAVAILABLE, "the server is shutting down")
        future: Future[T] = Future()
        self._queue.put(
            _Task(
                run=lambda connection: partial(future.set_result, job(connection)),
                begin=future.set_running_or_notify_cancel,
                fail=future.set_exception,
            )
        )
        return future

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return self._queue.qsize()

    @property
    def log_bytes(self) -> int:
        """How long the write-ahead log is."""
        try:
            return self._log_file.stat().st_size
        except OSError:
            return 0

    def close(self) -> None:
        """Do what still waits, then end."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            self._commit(task)
            self.tend_log(now=time.monotonic())

    def _commit(self, first: _Task) -> None:
        """Do `first`, and all that waits by then, in one transaction."""
        begun: list[_Task] = []
        done: list[Callable[[], None]] = []
        try:
            with self._engine.begin() as connection:
                task: _Task | None = first
                while task is not None:
                    if task.begin():
                        begun.append(task)
                        self._run(task, connection, begun, done)
                    task = self._next() if len(begun) < TOGETHER else None
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            self._give_up(error, begun or [task for task in (first,) if task.begin()])
        else:
            self.trouble = None
            for tell in done:
                tell()

    def _next(self) -> _Task | None:
        try:
            task = self._queue.get_nowait()
        except Empty:
            return None
        if task is None:
            self._queue.put(None)  # the end is for the loop outside
        return task

    def _run(
        self,
        task: _Task,
        connection: Connection,
        begun: list[_Task],
        done: list[Callable[[], None]],
    ) -> None:
        savepoint = connection.begin_nested()
        try:
            done.append(task.run(connection))
        except Exception as error:
            if judge(error, self._path) is not None:
                raise  # SQLite may have undone everything: the savepoint with it
            savepoint.rollback()
            begun.remove(task)
            task.fail(error)
        else:
            savepoint.commit()

    def _give_up(self, error: Exception, tasks: list[_Task]) -> None:
        reason = judge(error, self._path)
        if reason is None:
            _log.error("storage_failed", exc_info=error)
        elif reason.trouble is not self.trouble:
            _log.error(str(reason.trouble), detail=str(reason))
            self.trouble = reason.trouble
        if reason is not None and reason.trouble is Trouble.BUSY:
            tasks += self._waiting()  # they have waited as long; they need not begin anew
        for task in tasks:
            task.fail(reason or error)

    def _waiting(self) -> list[_Task]:
        tasks = iter(self._next, None)
        return [task for task in tasks if task.begin()]

    def tend_log(self, *, now: float) -> None:
        """Empty a log that has grown long; a reader can prevent that for a while."""
        if self.log_bytes < self._long_log or now < self._next_attempt:
            return
        self._next_attempt = now + _BETWEEN_ATTEMPTS
        try:
            empty_log(self._engine)
        except Exception as error:  # noqa: BLE001 - nothing is lost, the log is only long
            _log.warning("wal_large", bytes=self.log_bytes, error=type(error).__name__)
        if self.log_bytes >= LOG_LIMIT:
            _log.warning("wal_large", bytes=self.log_bytes)
