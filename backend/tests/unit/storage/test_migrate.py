"""Migrations: the tables are what the program thinks, and nothing is lost on the way."""

import shutil
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from dragoman.storage import conversations
from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.migrate import (
    SCRIPTS,
    check_schema,
    known_revisions,
    migrate,
    migrate_to,
    revision_of,
)
from dragoman.storage.schema import REVISION, metadata
from dragoman.storage.sqlite import reading_engine, writing_engine
from tests.unit.storage.stories import a_conversation, tell

NEXT = '''
"""A next migration."""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{before}", None, None
def upgrade():
    op.add_column("conversations", sa.Column("colour", sa.String))
    {more}
def downgrade():
    op.drop_column("conversations", "colour")
'''


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dragoman.db"


@pytest.fixture
def scripts(tmp_path):
    """The migrations, with one more."""
    folder = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))

    def plant(more="pass"):
        code = NEXT.format(before=REVISION, more=more)
        (folder / "versions" / "m9999_colour.py").write_text(code)
        return folder

    return plant


def columns(engine):
    return {column["name"] for column in inspect(engine).get_columns("conversations")}


def stored(engine):
    with engine.begin() as connection:
        return [
            conversations.thread(connection, i, limit=99) for i in conversations.ids(connection)
        ]


@pytest.fixture
def engine(path):
    """A database of today's schema with something in it."""
    engine = writing_engine(path)
    migrate(engine, path)
    with engine.begin() as connection:
        tell(connection, a_conversation(), ("Question", "Answer"), ("And?", "So on"))
    yield engine
    engine.dispose()


def test_the_newest_migration_is_the_one_the_program_works_with():
    assert ScriptDirectory(str(SCRIPTS)).get_current_head() == REVISION
    assert known_revisions()[0] == REVISION


def test_the_migrations_make_the_tables_that_the_program_thinks_there_are(engine):
    def ours(_thing, name, kind, _reflected, _compared):
        return not (kind == "table" and ("_search" in name or name == "alembic_version"))

    with engine.connect() as connection:
        options = {"include_object": ours, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_nothing_is_done_to_a_database_that_is_up_to_date(engine, path):
    before = stored(engine)
    migrate(engine, path)
    assert stored(engine) == before
    assert [file.name for file in path.parent.glob("*.backup")] == []


def test_an_older_schema_is_backed_up_and_brought_forward_and_back(engine, path, scripts):
    before, folder = stored(engine), scripts()

    migrate(engine, path, scripts=folder, target="9999")
    assert "colour" in columns(engine)
    assert stored(engine) == before

    (backup,) = path.parent.glob("*.backup")
    assert backup.name == f"dragoman.db.schema-{REVISION}.backup"
    assert backup.stat().st_mode & 0o077 == 0
    copy = reading_engine(backup)
    assert stored(copy) == before
    assert "colour" not in columns(copy)
    copy.dispose()

    migrate_to(engine, REVISION, scripts=folder)
    assert "colour" not in columns(engine)
    migrate(engine, path, scripts=folder, target="9999")
    assert stored(engine) == before
    assert len(list(path.parent.glob("*.backup"))) == 2, "no backup takes another's place"


@pytest.mark.parametrize("released", ["0001", "0002"])
def test_every_released_schema_is_brought_forward_with_all_that_is_in_it(engine, path, released):
    before = stored(engine)
    migrate_to(engine, released)

    migrate(engine, path)
    assert stored(engine) == before
    migrate_to(engine, released)
    migrate(engine, path)

    assert stored(engine) == before
    with engine.connect() as connection:
        assert revision_of(connection) == REVISION


def test_a_migration_that_fails_half_way_leaves_nothing_behind(engine, path, scripts):
    before = stored(engine)
    with pytest.raises(ZeroDivisionError):
        migrate(engine, path, scripts=scripts("1 / 0"), target="9999")
    assert "colour" not in columns(engine)
    with engine.connect() as connection:
        assert revision_of(connection) == REVISION
    assert stored(engine) == before


def test_a_newer_schema_is_refused_with_both_versions(engine, path, scripts):
    migrate(engine, path, scripts=scripts(), target="9999")

    with pytest.raises(StorageError) as refused:
        migrate(engine, path)

    assert refused.value.trouble is Trouble.TOO_NEW
    assert "9999" in str(refused.value)
    assert REVISION in str(refused.value)
    with pytest.raises(StorageError):
        check_schema(engine, path)


def test_the_way_down_takes_everything_away(engine):
    migrate_to(engine, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}


def test_a_reader_wants_the_schema_of_today(path):
    engine = writing_engine(path)
    with pytest.raises(StorageError) as refused:
        check_schema(engine, path)
    assert refused.value.trouble is Trouble.UNFIT
    migrate(engine, path)
    check_schema(engine, path)
    engine.dispose()


def test_a_table_can_be_made_anew_without_losing_what_refers_to_it(engine, path, scripts):
    before = stored(engine)
    anew = """
    with op.batch_alter_table("conversations", recreate="always") as table:
        table.alter_column("title", type_=sa.String)
"""
    migrate(engine, path, scripts=scripts(anew), target="9999")
    assert stored(engine) == before
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_migration_that_would_orphan_rows_is_undone(engine, path, scripts):
    before = stored(engine)
    with pytest.raises(RuntimeError, match="rows"):
        migrate(
            engine, path, scripts=scripts('op.execute("DELETE FROM conversations")'), target="9999"
        )
    assert stored(engine) == before


TWO = """
import sys
from pathlib import Path
from dragoman.storage.migrate import migrate
from dragoman.storage.sqlite import writing_engine
path, scripts = Path(sys.argv[1]), Path(sys.argv[2])
sys.stdin.readline()
migrate(writing_engine(path), path, scripts=scripts, target="9999")
"""


def test_of_two_processes_one_migrates_and_the_other_waits(engine, path, scripts):
    before, folder = stored(engine), scripts("import time; time.sleep(0.5)")
    engine.dispose()
    command = [sys.executable, "-c", TWO, path, folder]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        process.communicate(b"go\n", timeout=30)

    assert [process.returncode for process in processes] == [0, 0]
    assert len(list(path.parent.glob("*.backup"))) == 1
    assert stored(engine) == before
