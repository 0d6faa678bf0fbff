"""The database of one data folder: opened with care, then written by one thread and read by few.

1. a folder on this machine, and no other server on it
2. a log that is whole, pages that are whole
3. the schema of this program, after a backup if it was older
4. replies that a crash left unfinished marked as interrupted
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import structlog
from msgspec import Struct
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from dragoman.storage.errors import WORDS, StorageError, Trouble
from dragoman.storage.filesystem import mounts, remote_kind
from dragoman.storage.locks import FileLock, boot
from dragoman.storage.log_file import is_cut
from dragoman.storage.migrate import migrate
from dragoman.storage.reader import Reader
from dragoman.storage.sqlite import BUSY, complaint_about, empty_log, judge, library, writing_engine
from dragoman.storage.turns import recover
from dragoman.storage.writer import Writer

T = TypeVar("T")

NAME: Final = "dragoman.db"
"""What the database is called in its folder."""

_log: Final = structlog.get_logger("dragoman.storage")

_REMOTE: Final = (
    "{path} lies on a network file system ({kind}), where SQLite cannot keep it safe: name a "
    "folder on a disk of this machine in DRAGOMAN_DATA_DIR"
)
_IN_USE: Final = (
    "{path} is in use by another Dragoman{process}: end that one, or name another folder in "
    "DRAGOMAN_DATA_DIR"
)
_CORRUPT: Final = (
    "{path} is damaged ({what}), and was left as it is. Restore a backup; or move it away, with "
    "the files beside it, and start empty"
)


class Health(Struct, frozen=True):
    """How the storage is: its trouble, if it has one, and what waits."""

    trouble: Trouble | None
    waiting: int
    log_bytes: int


class Database:
    """A database in use by this process alone. Close it to give it back."""

    def __init__(self, path: Path, engine: Engine, lock: FileLock) -> None:
        self.path = path
        self._engine = engine
        self._lock = lock
        self._writer = Writer(engine, path)
        self._reader = Reader(path)
        self._writer.start()

    async def write(self, job: Callable[[Connection], T]) -> T:
        """Do `job` in a transaction; it is on the disk when this returns.

        It runs in another thread, perhaps together with others'. When this is cancelled, it may
        have been done all the same. Raises what `job` raises, and `StorageError`.
        """
        return await asyncio.wrap_future(self._writer.submit(job))

    async def read(self, job: Callable[[Connection], T]) -> T:
        """Do `job` on one moment of the database, in another thread; raises like `write`."""
        return await asyncio.wrap_future(self._reader.submit(job))

    @property
    def health(self) -> Health:
        """How the storage is."""
        return Health(self._writer.trouble, self._writer.waiting, self._writer.log_bytes)

    def close(self) -> None:
        """Finish what was begun, put everything into one file, and give it back."""
        self._writer.close()
        self._reader.close()
        try:
            empty_log(self._engine)
        except Exception as error:  # noqa: BLE001 - nothing is lost: the next start reads the log
            _log.warning("storage_not_tidied", error=type(error).__name__)
        self._engine.dispose()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_database(folder: Path, *, busy: float = BUSY) -> Database:
    """Open the database of a data folder, making both if there are none.

    `busy` is how many seconds to wait for another program that holds it. Raises `StorageError` with
    what is wrong and what to do; then nothing was changed.
    """
    path = folder / NAME
    kind = remote_kind(folder.resolve(), mounts())
    if kind is not None:
        raise StorageError(Trouble.UNFIT, _REMOTE.format(path=path, kind=kind))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(path)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        return _open(path, lock, busy)
    except BaseException:
        lock.release()
        raise


def _lock(path: Path) -> FileLock:
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    if not lock.acquire(wait=False):
        process, _ = lock.signature()
        words = _IN_USE.format(path=path, process=f" (process {process})" if process else "")
        raise StorageError(Trouble.IN_USE, words)
    return lock


def _open(path: Path, lock: FileLock, busy: float) -> Database:
    complaint = complaint_about(library().sqlite_version_info)
    if complaint is not None:
        _log.warning("sqlite_outdated", detail=complaint)
    _, last_boot = lock.signature()
    if last_boot and last_boot == boot() and is_cut(path):
        words = _CORRUPT.format(path=path, what="a part of its write-ahead log is missing")
        raise StorageError(Trouble.CORRUPT, words)
    lock.sign()
    engine = writing_engine(path, busy=busy)
    try:
        _make_private(path)
        check_pages(engine, path)
        migrate(engine, path)
        with engine.begin() as connection:
            recovered = recover(connection)
    except Exception as error:
        engine.dispose()
        reason = judge(error, path)
        raise (_in_words(reason, path) if reason is not None else error) from error
    if recovered:
        _log.warning("recovered", rows=recovered)
    return Database(path, engine, lock)


def _make_private(path: Path) -> None:
    """Make an empty database for its owner alone; the files beside it take after it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise _unusable(path, error) from error


def check_pages(engine: Engine, path: Path) -> None:
    """Raise `StorageError` with `storage_corrupt` unless every page of the database is whole."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        what = str(found).splitlines()[-1]
        raise StorageError(Trouble.CORRUPT, _CORRUPT.format(path=path, what=what))


def _in_words(reason: StorageError, path: Path) -> StorageError:
    """Say it for somebody who starts the server."""
    if str(reason) != WORDS.get(reason.trouble):
        return reason
    if reason.trouble is Trouble.CORRUPT:
        words = _CORRUPT.format(path=path, what="it is no database, or no longer one")
        return StorageError(reason.trouble, words)
    return StorageError(reason.trouble, f"{path}: {reason}")


def _unusable(path: Path, error: OSError) -> StorageError:
    words = f"{path} cannot be used ({error.strerror}): correct the permissions of its folder"
    return StorageError(Trouble.READONLY, words)
