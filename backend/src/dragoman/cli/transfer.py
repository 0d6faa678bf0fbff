"""`dragoman export`, `import` and `backup`: conversations out of the database, and into it."""

import asyncio
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from dragoman.services.archive import read_archive, write_archive
from dragoman.services.markdown import read_markdown, write_markdown
from dragoman.storage import StorageError, Thread, Trouble, conversations, turns
from dragoman.storage.backup import copy_database
from dragoman.storage.database import NAME, Database, open_database
from dragoman.storage.migrate import check_schema
from dragoman.storage.sqlite import judge, reading_engine

from .configuration import Loader
from .endings import CommandError, WrongUsageError

_ALL: Final = sys.maxsize // 2


def export(load: Loader, ids: Sequence[str], *, form: str, output: Path | None) -> None:
    """Write conversations to `output`, or to the terminal.

    Raises `ConfigurationError`, `StorageError`, or `WrongUsageError` for an id that is not there.
    """
    path = _database(load)
    engine = reading_engine(path)
    try:
        check_schema(engine, path)
        _write(_pieces(_threads(engine, ids), form), output)
    except Exception as error:
        reason = judge(error, path)
        if reason is None or reason is error:
            raise
        raise reason from error
    finally:
        engine.dispose()


def _database(load: Loader) -> Path:
    path = load().settings.data_dir / NAME
    if not path.exists():
        words = f"there are no conversations yet: there is no {path}"
        raise StorageError(Trouble.UNFIT, words)
    return path


def _threads(engine: Engine, ids: Sequence[str]) -> Iterator[Thread]:
    with engine.begin() as connection:  # all of them as they are at one moment
        for id_ in ids or conversations.ids(connection):
            thread = conversations.thread(connection, id_, limit=_ALL)
            if thread is None:
                raise WrongUsageError(f"there is no conversation {id_!r}")
            yield thread


def _pieces(threads: Iterable[Thread], form: str) -> Iterator[bytes]:
    if form == "json":
        yield from write_archive(threads)
        return
    for number, thread in enumerate(threads):
        yield (b"\n" if number else b"") + write_markdown(thread).encode()


def _write(pieces: Iterable[bytes], output: Path | None) -> None:
    if output is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    partial = output.with_name(f"{output.name}.partial")
    try:
        with partial.open("wb") as file:
            file.writelines(pieces)
        partial.replace(output)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def bring_in(load: Loader, content: bytes) -> None:
    """Store the conversations of a file, and say how many there were.

    Raises `ConfigurationError`, `InvalidInput` for what is no such file, and `StorageError`, also
    while a server uses the database.
    """
    folder = load().settings.data_dir
    threads = _read(content)
    with open_database(folder) as database:
        # The last of the file becomes the first of the list, as it was.
        stored = asyncio.run(_store(database, threads[::-1]))
    click.echo(f"{stored} of {len(threads)} conversations were taken in", err=True)
    if stored < len(threads):
        click.echo("the others are there already, and stay as they are", err=True)


def _read(content: bytes) -> list[Thread]:
    if content.lstrip().startswith(b"<!--"):
        return read_markdown(content.decode("utf-8", "replace"))
    return read_archive(content)


async def _store(database: Database, threads: Sequence[Thread]) -> int:
    def job(connection: Connection) -> int:
        return sum([turns.bring_in(connection, thread) for thread in threads])

    return await database.write(job)


def back_up(load: Loader, target: Path | None) -> None:
    """Copy the database, whole, and say where to. Raises `StorageError`."""
    today = datetime.now(UTC).date().isoformat()
    made = copy_database(_database(load), target or Path.cwd() / f"dragoman-{today}.db")
    click.echo(made)
