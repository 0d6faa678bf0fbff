"""SQLite as we use it: which library, how a connection is set up, what its errors mean."""

import errno
import sqlite3
import tempfile
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from dragoman.storage.errors import StorageError, Trouble

BUSY: Final = 5.0
"""Seconds to wait for another program that holds the database."""
LOG_LIMIT: Final = 64 * 1024 * 1024
"""The longest write-ahead log that is kept, in bytes."""
SOUND: Final = (3, 51, 3)
"""Older versions can corrupt a database by a race when their write-ahead log is reset."""

HOLDS: Final = "holds"
"""A function in SQL: whether a text has a term in it, in capital or small letters of any script."""

_WRITER: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA journal_size_limit = {LOG_LIMIT}",
    "PRAGMA mmap_size = 0",
    "PRAGMA cell_size_check = ON",
)
_READER: Final = ("PRAGMA query_only = ON", "PRAGMA mmap_size = 0")
_MOMENT: Final = 0.2
_STEPS_BETWEEN_LOOKS: Final = 20_000
"""How many steps of SQLite's machine lie between two looks at the clock."""

# The primary result codes (the low byte of the extended ones): https://www.sqlite.org/rescode.html
_TROUBLES: Final[dict[int, Trouble]] = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.READONLY,
    sqlite3.SQLITE_PERM: Trouble.READONLY,
    sqlite3.SQLITE_AUTH: Trouble.READONLY,
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
    sqlite3.SQLITE_PROTOCOL: Trouble.BUSY,
    sqlite3.SQLITE_INTERRUPT: Trouble.BUSY,
    sqlite3.SQLITE_CORRUPT: Trouble.CORRUPT,
    sqlite3.SQLITE_NOTADB: Trouble.CORRUPT,
    sqlite3.SQLITE_IOERR: Trouble.UNAVAILABLE,
    sqlite3.SQLITE_CANTOPEN: Trouble.UNAVAILABLE,
    sqlite3.SQLITE_NOMEM: Trouble.UNAVAILABLE,
}
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LEAVE: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def library(ours: str = "pysqlite3.dbapi2") -> ModuleType:
    """Give the SQLite that comes with us, or Python's own where there is no build of ours."""
    try:
        return import_module(ours)
    except ImportError:
        return sqlite3


def complaint_about(version: tuple[int, ...]) -> str | None:
    """Say what is wrong with a version of SQLite, if something is."""
    if version >= SOUND:
        return None
    found, wanted = (".".join(map(str, numbers)) for numbers in (version, SOUND))
    return (
        f"SQLite {found} has a rare fault that can damage a database: "
        f"use a Python with SQLite {wanted} or newer, and keep backups"
    )


def writing_engine(path: Path, *, busy: float = BUSY) -> Engine:
    """Make the engine of the one thread that writes: a transaction takes the lock at once.

    `busy` is how many seconds it waits for another program's.
    """
    pragmas = (f"PRAGMA busy_timeout = {busy * 1000:.0f}", *_WRITER)
    return _engine(path, "rwc", pragmas, begin="BEGIN IMMEDIATE", connections=1)


def reading_engine(path: Path, *, connections: int = 1, patience: float | None = None) -> Engine:
    """Make an engine that only reads; a query fails after `patience` seconds."""
    engine = _engine(path, "ro", _READER, begin="BEGIN", connections=connections)
    if patience is not None:
        _limit_transactions(engine, patience)
    return engine


def _engine(
    path: Path, mode: str, pragmas: tuple[str, ...], *, begin: str, connections: int
) -> Engine:
    sqlite = library()

    def connect() -> DBAPIConnection:
        driver = sqlite.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            isolation_level=None,  # transactions begin where SQLAlchemy says so
            check_same_thread=False,
            timeout=BUSY,
        )
        driver.create_function(HOLDS, 2, _holds, deterministic=True)
        connection: DBAPIConnection = driver
        return connection

    engine = create_engine(
        "sqlite://",
        module=sqlite,
        creator=connect,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # they are what people say, and belong in no message
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
            cursor.fetchall()
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _holds(text: str, term: str) -> bool:
    return term.casefold() in text.casefold()


def _limit_transactions(engine: Engine, patience: float) -> None:
    """Let no query go on for ever: while it reads, the write-ahead log cannot be emptied."""

    @event.listens_for(engine, "begin")
    def wind(connection: Connection) -> None:
        until = time.monotonic() + patience
        driver = connection.connection.driver_connection
        if driver is not None:
            driver.set_progress_handler(lambda: time.monotonic() > until, _STEPS_BETWEEN_LOOKS)


def empty_log(engine: Engine) -> None:
    """Carry the write-ahead log over into the database and cut it, if no reader prevents it.

    Waits for readers for a moment only.
    """
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        if driver is None:
            return
        (usual,) = driver.execute("PRAGMA busy_timeout").fetchone()
        driver.execute(f"PRAGMA busy_timeout = {_MOMENT * 1000:.0f}")
        try:
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            driver.execute(f"PRAGMA busy_timeout = {usual}")


def judge(error: Exception, path: Path) -> StorageError | None:
    """Tell which trouble an exception stands for; `None` if the storage is not to blame."""
    match error:
        case StorageError():
            return error
        case DBAPIError(orig=BaseException() as origin):
            code = getattr(origin, "sqlite_errorcode", None)
        case _:
            code = getattr(error, "sqlite_errorcode", None)
    trouble = _TROUBLES.get(code & 0xFF) if isinstance(code, int) else None
    if trouble is None:
        return None
    return StorageError(_look_closer(path) if trouble is Trouble.UNAVAILABLE else trouble)


def _look_closer(path: Path) -> Trouble:
    """Find out why a file failed: SQLite tells a full disk from the rest, and not always that."""
    try:
        for file in (path, path.with_name(f"{path.name}-wal")):
            file.open("r+b").close()
        with tempfile.TemporaryFile(dir=path.parent) as proof:
            proof.write(bytes(1 << 16))
    except OSError as error:
        if error.errno in _NO_ROOM:
            return Trouble.FULL
        if error.errno in _NO_LEAVE:
            return Trouble.READONLY
    return Trouble.UNAVAILABLE
