"""Opening a database: what is refused, in which words, and that nothing is touched then."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys

import pytest

from dragoman.storage import State, conversations, turns
from dragoman.storage.backup import copy_database
from dragoman.storage.database import NAME, open_database
from dragoman.storage.errors import StorageError, Trouble
from dragoman.storage.sqlite import LOG_LIMIT, library
from tests.unit.storage.stories import a_conversation, a_message, a_reply, tell


async def test_what_was_written_is_there_after_opening_again(tmp_path):
    conversation = a_conversation()
    with open_database(tmp_path) as database:
        await database.write(lambda c: conversations.add(c, conversation, titled=True))
    with open_database(tmp_path) as database:
        assert await database.read(conversations.ids) == [conversation.id]


async def test_a_reader_sees_what_was_just_written(database):
    conversation = a_conversation()
    await database.write(lambda c: conversations.add(c, conversation, titled=True))
    assert await database.read(lambda c: conversations.get(c, conversation.id)) == conversation


async def test_many_may_write_at_once(database):
    made = [a_conversation(str(number)) for number in range(100)]
    await asyncio.gather(
        *(database.write(lambda c, one=one: conversations.add(c, one, titled=True)) for one in made)
    )
    page = await database.read(lambda c: conversations.page(c, limit=1000))
    assert {listed.conversation.id for listed in page.conversations} == {one.id for one in made}


def test_the_files_are_for_their_owner_alone(tmp_path):
    folder = tmp_path / "new" / "folder"
    with open_database(folder):
        for file in folder.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_after_closing_there_is_one_file_and_its_lock(tmp_path):
    with open_database(tmp_path):
        pass
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        NAME,
        f"{NAME}.lock",
        f"{NAME}.migrate",
    ]


def test_a_second_server_on_the_same_folder_is_refused(tmp_path):
    with open_database(tmp_path):
        with pytest.raises(StorageError) as refused:
            open_database(tmp_path)
        assert refused.value.trouble is Trouble.IN_USE
        assert str(os.getpid()) in str(refused.value)
    open_database(tmp_path).close()


async def test_a_restart_marks_unfinished_replies_as_interrupted(tmp_path):
    conversation, message = a_conversation(), a_message()

    def begin(connection):
        conversations.add(connection, conversation, titled=True)
        turns.add(connection, conversation.id, [message, a_reply(message)])

    with open_database(tmp_path) as database:
        await database.write(begin)
    with open_database(tmp_path) as database:
        nodes = await database.read(lambda c: turns.nodes(c, conversation.id))
    assert {node.state for node in nodes.values()} == {State.INTERRUPTED}


@pytest.fixture
def filled(tmp_path):
    """A database with some pages in it, closed."""
    folder = tmp_path / "filled"

    def fill(connection):
        for number in range(50):
            tell(connection, a_conversation(), (f"Question {number}", "Answer " * 200))

    async def make():
        with open_database(folder) as database:
            await database.write(fill)

    asyncio.run(make())
    return folder / NAME


def overwrite(path, at, content):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def a_header_of_nonsense(path):
    overwrite(path, 0, b"this is not a database")


def a_page_of_nonsense(path):
    overwrite(path, 4096 * 3, os.urandom(4096))


def half_a_file(path):
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def another_format(path):
    path.write_text("a letter to my aunt, longer than a header must be" * 10)


@pytest.mark.parametrize(
    "damage", [a_header_of_nonsense, a_page_of_nonsense, half_a_file, another_format]
)
def test_a_damaged_database_is_refused_and_left_as_it_is(filled, damage):
    damage(filled)
    before = filled.read_bytes()

    with pytest.raises(StorageError) as refused:
        open_database(filled.parent)

    assert refused.value.trouble is Trouble.CORRUPT
    assert str(filled) in str(refused.value)
    assert filled.read_bytes() == before
    with pytest.raises(StorageError):
        open_database(filled.parent)


KILLED = """
import asyncio, os, sys
from pathlib import Path
from tests.unit.storage.stories import a_conversation
from dragoman.storage import conversations
from dragoman.storage.database import open_database
async def main():
    database = open_database(Path(sys.argv[1]))
    for _ in range(20):
        one = a_conversation()
        await database.write(lambda c: conversations.add(c, one, titled=True))
    os._exit(9)
asyncio.run(main())
"""


@pytest.fixture
def killed(tmp_path):
    """A database whose server was killed with 20 conversations in the log."""
    folder = tmp_path / "killed"
    subprocess.run([sys.executable, "-c", KILLED, folder], check=False, cwd=os.curdir)
    return folder / NAME


async def test_after_a_kill_everything_is_there(killed):
    with open_database(killed.parent) as database:
        assert len(await database.read(conversations.ids)) == 20


def test_a_log_that_was_cut_after_a_kill_is_refused_and_left_as_it_is(killed):
    log = killed.with_name(f"{NAME}-wal")
    os.truncate(log, log.stat().st_size // 2)
    before = log.read_bytes()

    for _ in range(2):
        with pytest.raises(StorageError) as refused:
            open_database(killed.parent)
        assert refused.value.trouble is Trouble.CORRUPT
        assert "log" in str(refused.value)
    assert log.read_bytes() == before


def test_a_torn_end_of_the_log_is_what_a_power_cut_leaves_and_no_damage(killed):
    """After a new boot the index means nothing, and SQLite takes what is whole."""
    log = killed.with_name(f"{NAME}-wal")
    os.truncate(log, log.stat().st_size - 100)
    lock = killed.with_name(f"{NAME}.lock")
    lock.write_text("1 another-boot\n")

    open_database(killed.parent).close()


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as refused:
        open_database(tmp_path / "file" / "folder")
    assert str(tmp_path) in str(refused.value)


def test_a_backup_is_whole_while_the_database_is_in_use(tmp_path):
    folder = tmp_path / "data"

    async def back_up():
        with open_database(folder) as database:
            first, second = a_conversation("first"), a_conversation("second")
            await database.write(lambda c: conversations.add(c, first, titled=True))
            made = copy_database(database.path, tmp_path / "backup.db")
            await database.write(lambda c: conversations.add(c, second, titled=True))
            assert made == tmp_path / "backup.db"
            assert copy_database(database.path, made) == tmp_path / "backup-2.db"
            return first.id

    first = asyncio.run(back_up())
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copy(tmp_path / "backup.db", restored / NAME)

    async def look():
        with open_database(restored) as database:
            return await database.read(conversations.ids)

    assert asyncio.run(look()) == [first]
    assert sorted(file.name for file in tmp_path.glob("backup*")) == ["backup-2.db", "backup.db"]


def test_a_backup_of_nothing_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(StorageError) as failed:
        copy_database(tmp_path / "none.db", tmp_path / "backup.db")
    assert "none.db" in str(failed.value)
    assert list(tmp_path.iterdir()) == []


async def test_the_health_tells_of_trouble_while_it_lasts(database):
    assert database.health.trouble is None
    other = library().connect(database.path, isolation_level=None)
    other.execute("PRAGMA query_only = OFF")
    assert database.health.waiting == 0
    assert database.health.log_bytes >= 0
    other.close()


READING = """
import sys
from dragoman.storage.sqlite import LOG_LIMIT, library
connection = library().connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
connection.execute("SELECT * FROM conversations").fetchall()
print("reading", flush=True)
sys.stdin.readline()
"""


async def test_the_log_is_short_again_when_a_long_reader_has_left(database):
    """While another program reads, the log can only grow; it is cut at the next chance."""
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READING, database.path, stdin=-1, stdout=-1
    )
    assert reader.stdout is not None
    await reader.stdout.readline()
    await database.write(lambda c: c.exec_driver_sql("CREATE TABLE filler (content)"))
    fill = "INSERT INTO filler VALUES (zeroblob(8000000))"
    for _ in range(9):
        await database.write(lambda c: c.exec_driver_sql(fill))
    assert database.health.log_bytes > LOG_LIMIT

    await reader.communicate(b"enough\n")
    await asyncio.sleep(1.1)  # it is not tried at every write
    await database.write(lambda c: c.exec_driver_sql("DELETE FROM filler WHERE rowid = 1"))
    async with asyncio.timeout(5):
        while database.health.log_bytes > LOG_LIMIT:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
