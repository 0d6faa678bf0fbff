"""`dragoman export`, `import` and `backup`: conversations carried from one folder to another."""

import asyncio
import json
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from dragoman.storage import Conversation, State, StoredMessage, Thread, conversations, turns
from dragoman.storage.database import NAME, open_database
from dragoman.storage.sqlite import library


def a_thread(title: str, *said: str) -> Thread:
    messages = []
    for place, text in enumerate(said):
        message = StoredMessage(
            id=f"msg-{uuid.uuid4()}",
            parent_id=messages[-1].id if messages else None,
            role="assistant" if place % 2 else "user",
            state=State.COMPLETE,
            text=text,
            created_at=1_700_000_000_000 + place,
        )
        messages.append(message)
    conversation = Conversation(
        id=f"conv-{uuid.uuid4()}",
        title=title,
        created_at=1_700_000_000_000,
        updated_at=1_700_000_000_000,
        active_leaf=messages[-1].id,
    )
    return Thread(conversation, tuple(messages))


FIRST = a_thread("First", "Hello", "Good day")
SECOND = a_thread("Second", "What?", "Nothing", "Really?", "Really")


def stored(folder: Path) -> list[Thread | None]:
    """Everything that a folder holds, the latest activity first."""

    async def look():
        with open_database(folder) as database:
            ids = await database.read(conversations.ids)
            return [
                await database.read(lambda c, id_=id_: conversations.thread(c, id_, limit=99))
                for id_ in ids
            ]

    return asyncio.run(look())


@pytest.fixture
def folder(tmp_path):
    """A data folder with two conversations."""
    folder = tmp_path / "data"

    async def fill():
        with open_database(folder) as database:
            for thread in (FIRST, SECOND):
                await database.write(lambda c, thread=thread: turns.bring_in(c, thread))

    asyncio.run(fill())
    return folder


@pytest.fixture
def here(typed, folder):
    """Type a command about the folder."""
    return lambda *words, **more: typed(*words, DRAGOMAN_DATA_DIR=str(folder), **more)


@pytest.fixture
def there(typed, tmp_path):
    """Type a command about another folder, which is empty."""
    return lambda *words: typed(*words, DRAGOMAN_DATA_DIR=str(tmp_path / "other"))


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_what_is_exported_can_be_imported_elsewhere(here, there, tmp_path, form):
    file = tmp_path / "talks"
    assert here("export", "--format", form, "-o", str(file)).exit_code == 0

    done = there("import", str(file))

    assert (done.exit_code, done.stderr) == (0, "2 of 2 conversations were taken in\n")
    assert stored(tmp_path / "other") == [SECOND, FIRST]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "other", "talks"]


def test_what_is_there_already_stays_as_it_is(here, there, folder, tmp_path):
    file = str(tmp_path / "talks.json")
    here("export", "-o", file)
    there("import", file)

    again = there("import", file)

    assert again.exit_code == 0
    assert again.stderr.startswith("0 of 2 conversations were taken in\n")
    assert stored(tmp_path / "other") == stored(folder)


def test_an_export_goes_to_the_terminal_and_may_name_what_it_wants(here):
    shown = here("export", FIRST.conversation.id)
    assert shown.exit_code == 0
    (archived,) = json.loads(shown.stdout)["conversations"]
    assert [message["text"] for message in archived["messages"]] == ["Hello", "Good day"]

    page = here("export", "--format", "markdown", SECOND.conversation.id).stdout
    assert "# Second" in page
    assert "First" not in page


def test_an_id_that_is_not_there_is_the_typists_mistake(here, tmp_path):
    refused = here("export", "conv-none", "-o", str(tmp_path / "talks"))
    assert refused.exit_code == 2
    assert refused.stderr == "dragoman: there is no conversation 'conv-none'\n"
    assert not list(tmp_path.glob("talks*"))


def test_an_export_and_a_backup_are_possible_while_the_server_runs(here, folder, tmp_path):
    with open_database(folder):
        assert here("export", "-o", str(tmp_path / "talks")).exit_code == 0
        assert here("backup", str(tmp_path / "copy.db")).exit_code == 0
        refused = here("import", str(tmp_path / "talks"))
    assert refused.exit_code == 3
    assert "in use by another Dragoman" in refused.stderr


def test_a_backup_is_a_database_in_one_file(here, tmp_path):
    done = here("backup")
    (made,) = tmp_path.glob("dragoman-*.db")
    assert (done.exit_code, done.stdout) == (0, f"{made}\n")

    restored = tmp_path / "restored"
    restored.mkdir()
    made.rename(restored / NAME)
    assert stored(restored) == [SECOND, FIRST]


@pytest.mark.parametrize("command", [["export"], ["backup"]])
def test_where_nothing_was_ever_stored_that_is_said(there, tmp_path, command):
    refused = there(*command)
    assert refused.exit_code == 3
    assert "there are no conversations yet" in refused.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("content", ["", "{}", "# A page\n", "<!-- dragoman:message {} -->"])
def test_what_is_no_export_is_refused_and_nothing_is_made(there, tmp_path, content):
    file = tmp_path / "file"
    file.write_text(content)
    refused = there("import", str(file))
    assert refused.exit_code == 1
    assert refused.stderr.startswith("dragoman: ")
    assert not (tmp_path / "other").exists()


def test_a_message_of_another_conversation_takes_nothing_in(here, there, tmp_path):
    file = tmp_path / "talks.json"
    here("export", "-o", str(file))
    there("import", str(file))
    archive = json.loads(file.read_text())
    archive["conversations"][0]["id"] = f"conv-{uuid.uuid4()}"
    file.write_text(json.dumps(archive))

    refused = there("import", str(file))

    assert refused.exit_code == 1
    assert "another conversation" in refused.stderr
    assert len(stored(tmp_path / "other")) == 2


def test_a_damaged_or_newer_database_is_not_exported(here, folder):
    with closing(library().connect(folder / NAME)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    refused = here("export")
    assert (refused.exit_code, "9999" in refused.stderr) == (3, True)

    (folder / NAME).write_bytes(b"nonsense" * 1000)
    refused = here("export")
    assert (refused.exit_code, "damaged" in refused.stderr) == (3, True)


def test_a_file_that_cannot_be_written_is_named(here, tmp_path):
    refused = here("export", "-o", str(tmp_path / "none" / "talks"))
    assert refused.exit_code == 1
    assert "cannot be written" in refused.stderr
    assert here("backup", str(tmp_path / "none" / "copy")).exit_code == 3
