"""The threads that read: each query sees one moment of the database, and none goes on for ever."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy.engine import Connection

from dragoman.storage.sqlite import judge, reading_engine

T = TypeVar("T")

THREADS: Final = 2
PATIENCE: Final = 5.0
"""How many seconds a query may take."""


class Reader:
    """Answers questions to a database beside its writer."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self._path = path
        self._engine = reading_engine(path, connections=THREADS, patience=patience)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="storage-reader")

    def submit(self, job: Callable[[Connection], T]) -> Future[T]:
        """Have `job` done, in a thread of its own."""
        return self._threads.submit(self._run, job)

    def _run(self, job: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return job(connection)
        except Exception as error:
            reason = judge(error, self._path)
            if reason is None:
                raise
            raise reason from error

    def close(self) -> None:
        """Answer what was asked, then end."""
        self._threads.shutdown()
        self._engine.dispose()
