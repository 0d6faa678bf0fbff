"""Copies of a database, whole and consistent, made while it is in use."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.sqlite import library


def copy_database(source: Path, target: Path) -> Path:
    """Copy `source` to `target`, or to a free name beside it, and give that name.

    The copy is on the disk when this returns. Raises `StorageError` if it cannot be made.
    """
    sqlite = library()
    target = _free(target)
    partial = target.with_name(f"{target.name}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with (
            closing(sqlite.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite.connect(partial)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")  # one file, whole in itself
        _sync(partial)
        partial.rename(target)
        _sync(target.parent)
    except (OSError, sqlite.Error, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        words = f"{source} could not be copied to {target}: {error}"
        raise StorageError(Trouble.UNAVAILABLE, words) from error
    return target


def _free(target: Path) -> Path:
    name, number = target, 1
    while name.exists():
        number += 1
        name = target.with_name(f"{target.stem}-{number}{target.suffix}")
    return name


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
