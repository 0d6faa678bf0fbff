"""Bringing a database to this program's schema: under a lock, after a backup, or not at all."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection

from dragoman.storage.backup import copy_database
from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.locks import FileLock
from dragoman.storage.schema import REVISION

SCRIPTS: Final = Path(__file__).with_name("migrations")

_TOO_NEW: Final = (
    "{path} was written by a newer Dragoman: its schema is {found}, and this program knows up to "
    "{known}. Install the newer Dragoman again, or restore a backup from before"
)
_log: Final = structlog.get_logger("dragoman.storage")


def revision_of(connection: Connection) -> str | None:
    """Tell the schema of a database; `None` if there is nothing in it yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def migrate(engine: Engine, path: Path, *, scripts: Path = SCRIPTS, target: str = REVISION) -> None:
    """Bring the database to `target`, in one transaction, with a backup of what was there.

    Two processes may try at once: one does it, the other waits. Raises `StorageError` with
    `schema_too_new` for a schema that is none of ours.
    """
    if _revision(engine) == target:  # nearly always: then nothing more is imported
        return
    with FileLock(path.with_name(f"{path.name}.migrate")):
        found = _revision(engine)
        if found == target:
            return
        _check_known(found, path, scripts, target)
        if found is not None:
            backup = copy_database(path, path.with_name(f"{path.name}.schema-{found}.backup"))
            _log.info("migrating", found=found, target=target, backup=str(backup))
        migrate_to(engine, target, scripts=scripts)
        _log.info("migrated", revision=target)


def check_schema(engine: Engine, path: Path) -> None:
    """Raise `StorageError` unless the database has the schema of this program."""
    found = _revision(engine)
    if found != REVISION:
        _check_known(found, path, SCRIPTS, REVISION)
        older = f"{path} has the schema {found or 'of nobody'}; start the server once to update it"
        raise StorageError(Trouble.UNFIT, older)


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return revision_of(connection)


def _check_known(found: str | None, path: Path, scripts: Path, target: str) -> None:
    if found is not None and found not in known_revisions(scripts):
        words = _TOO_NEW.format(path=path, found=found, known=target)
        raise StorageError(Trouble.TOO_NEW, words)


def known_revisions(scripts: Path = SCRIPTS) -> tuple[str, ...]:
    """Give the migrations there are, the newest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - few starts have to migrate

    return tuple(script.revision for script in ScriptDirectory(str(scripts)).walk_revisions())


def migrate_to(engine: Engine, target: str, *, scripts: Path = SCRIPTS) -> None:
    """Take the steps up or down to `target` ("base" is an empty database), all of them or none."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells each of its own steps
    from alembic import command  # noqa: PLC0415 - few starts have to migrate
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    with engine.connect() as connection, _without_foreign_keys(connection), connection.begin():
        found = revision_of(connection) or "base"
        config.attributes["connection"] = connection
        down = found != "base" and (target == "base" or found > target)
        (command.downgrade if down else command.upgrade)(config, target)
        _check_foreign_keys(connection)


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Let tables be made anew: dropping the old one would delete what refers to it.

    SQLite heeds the switch between transactions only: https://www.sqlite.org/foreignkeys.html
    """
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def _check_foreign_keys(connection: Connection) -> None:
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if lost:
        raise RuntimeError(f"the migration would leave {len(lost)} rows without what they refer to")
