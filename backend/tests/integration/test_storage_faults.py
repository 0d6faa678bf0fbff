"""What people are told when the storage is in trouble: full, read-only, damaged, held, too new."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from itertools import count
from pathlib import Path

import aiohttp
import pytest

from dragoman.storage.database import NAME
from dragoman.storage.schema import REVISION
from dragoman.storage.sqlite import library
from dragoman.testing import ScriptedUpstream, scripted_upstream
from dragoman.testing.upstream import streamed, whole
from tests.support.program import Serving, run, serving
from tests.support.server import parse_events
from tests.support.tapes import openai_stream, openai_whole, responses_whole

URL = "/api/v1/conversations"
MODELS = json.dumps(
    [{"id": "gpt", "name": "GPT", "description": "", "provider": "openai", "default": True}]
)


def system(program: str, *arguments: str | Path) -> bool:
    """Have a tool of the system do something; tell whether it could."""
    path = shutil.which(program)
    if path is None:
        return False
    return subprocess.run([path, *arguments], check=False, capture_output=True).returncode == 0


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as scripted:
        scripted.play(whole(openai_whole("Good day")))
        yield scripted


@pytest.fixture
def environ(upstream, tmp_path) -> dict[str, str]:
    return {
        "MODELS": MODELS,
        "OPENAI_API_KEY": "canary",
        "OPENAI_BASE_URL": f"{upstream.url}/v1",
        "DRAGOMAN_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def data(environ) -> Path:
    folder = Path(environ["DRAGOMAN_DATA_DIR"])
    folder.mkdir()
    return folder


@pytest.fixture
def small_disk(data) -> Iterator[Path]:
    """The data folder, on a disk of 4 MiB."""
    if not system("mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", data):
        pytest.skip("a small disk cannot be mounted here")
    yield data
    assert system("umount", data)


@asynccontextmanager
async def talking(folder: Path, environ: dict[str, str]) -> AsyncIterator["Talk"]:
    async with (
        serving(folder=folder, **environ) as server,
        aiohttp.ClientSession(server.url) as session,
    ):
        yield Talk(server, session)


class Talk:
    """A client of a running server, with a conversation."""

    def __init__(self, server: Serving, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.conversation = ""

    async def begin(self) -> int:
        async with self.session.post(URL, json={}) as response:
            made = await response.json()
            self.conversation = made.get("id", "")
            return response.status

    async def say(self, message: str = "Hello") -> aiohttp.ClientResponse:
        body = {"conversationId": self.conversation, "message": message}
        response = await self.session.post("/api/v1/messages", json=body)
        await response.read()
        return response

    async def messages(self) -> list[dict[str, object]]:
        async with self.session.get(f"{URL}/{self.conversation}") as response:
            assert response.status == 200
            return (await response.json())["messages"]

    async def well(self) -> bool:
        return (await self.health())["status"] == "ok"

    async def health(self) -> dict[str, str]:
        async with self.session.get("/health", timeout=aiohttp.ClientTimeout(1)) as response:
            return await response.json()


def fill(disk: Path) -> Path:
    """Leave no room on a disk."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


async def test_on_a_full_disk_nothing_is_sent_and_all_goes_on_when_there_is_room(
    tmp_path, environ, small_disk, upstream
):
    async with talking(tmp_path, environ) as talk:
        await talk.begin()
        assert (await talk.say()).status == 200
        filler = fill(small_disk)
        sent = len(upstream.received)

        for _ in range(20):  # what is left in the last page goes first
            refused = await talk.say("No room")
            if refused.status != 200:
                break
        sent = max(sent, len(upstream.received))
        refused = await talk.say("No room at all")
        error = await refused.json()

        assert (refused.status, error["code"], error["reason"]) == (
            507,
            "STORAGE_ERROR",
            "storage_full",
        )
        assert refused.headers["retry-after"] == "30"
        assert len(upstream.received) == sent
        before = await talk.messages()
        async with talk.session.get(URL) as listed:
            assert listed.status == 200
        assert (await talk.health())["storage"] == "storage_full"

        filler.unlink()
        assert (await talk.say("Room again")).status == 200
        assert (await talk.health())["storage"] == "ok"
        after = await talk.messages()
        assert after[: len(before)] == before
        assert [message["text"] for message in after[-2:]] == ["Room again", "Good day"]


async def test_a_reply_whose_end_finds_no_room_is_told_and_stored_when_there_is_some(
    tmp_path, environ, small_disk, upstream
):
    words = ["x" * 50_000] * 4
    upstream.play(streamed(openai_stream(words), pause=0.1))
    async with talking(tmp_path, environ) as talk:
        await talk.begin()
        body = {"conversationId": talk.conversation, "message": "Hello"}
        headers = {"accept": "text/event-stream"}
        async with talk.session.post("/api/v1/messages", json=body, headers=headers) as stream:
            await stream.content.readuntil(b'"token"')
            filler = fill(small_disk)
            rest = await stream.read()
        last = parse_events(b"data: {}\n\n" + rest[rest.rindex(b"event: error") :])[-1]

        assert (last.name, last.content["reason"]) == ("error", "storage_full")
        assert last.content["kept"] < 200_000
        reply = (await talk.messages())[-1]
        assert (reply["state"], reply["text"]) == ("complete", "".join(words)), "as it is known"

        filler.unlink()
        assert (await talk.say("And now?")).status == 200
        with_end = await talk.messages()
        assert [m["state"] for m in with_end] == ["complete"] * 4
    async with talking(tmp_path, environ) as again:
        again.conversation = talk.conversation
        assert await again.messages() == with_end


async def test_a_response_that_finds_no_room_is_no_success_and_the_next_asks_nobody(
    tmp_path, environ, small_disk, upstream
):
    numbers = count()
    upstream.play(lambda _: whole(responses_whole("Yes") | {"id": f"resp_{next(numbers)}"}))
    async with talking(tmp_path, environ) as talk:

        async def ask(said: str, **more: object) -> tuple[int, dict[str, object]]:
            body = {"model": "gpt", "input": said, **more}
            async with talk.session.post("/v1/responses", json=body) as response:
                return response.status, await response.json()

        status, kept = await ask("Hello")
        assert status == 200
        filler = fill(small_disk)
        for _ in range(20):  # what is left in the last page goes first
            status, refused = await ask("No room" * 1000)
            if status != 200:
                break
        asked = len(upstream.received)
        again, _ = await ask("No room at all")

        assert (status, again) == (507, 507)
        assert "disk" in refused["error"]["message"]
        assert len(upstream.received) == asked
        assert (await ask("It needs no room", store=False))[0] == 200
        async with talk.session.get(f"/v1/responses/{kept['id']}") as read:
            assert await read.json() == kept

        filler.unlink()
        status, later = await ask("Room again", previous_response_id=kept["id"])
        assert (status, later["previous_response_id"]) == (200, kept["id"])
        assert (await talk.health())["storage"] == "ok"


@pytest.fixture
async def filled(tmp_path, environ, data) -> Path:
    """A database that a server has left in order."""
    async with talking(tmp_path, environ) as talk:
        await talk.begin()
        for number in range(10):
            assert (await talk.say(f"Question {number}")).status == 200
        await talk.server.end(signal.SIGTERM)
    return data / NAME


async def refusal(folder: Path, environ: dict[str, str]) -> str:
    """Start a server that cannot start; give what it says."""
    ended = await run("serve", "--port", "0", folder=folder, **environ)
    assert ended.code == 3, ended
    lines = [line for line in ended.err.splitlines() if line.startswith("dragoman: ")]
    assert len(lines) == 1, ended.err
    assert "Traceback" not in ended.err
    return lines[0]


def a_header_of_nonsense(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"no database at all")


def a_page_of_nonsense(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(os.urandom(4096))


def half_a_file(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("damage", [a_header_of_nonsense, a_page_of_nonsense, half_a_file])
async def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path, environ, filled, damage):
    damage(filled)
    before = filled.read_bytes()

    for _ in range(2):
        words = await refusal(tmp_path, environ)
        assert str(filled) in words
        assert "damaged" in words
        assert filled.read_bytes() == before


async def test_a_log_that_was_cut_is_refused_and_left_as_it_is(tmp_path, environ, data):
    async with talking(tmp_path, environ) as talk:
        await talk.begin()
        await talk.say()
        talk.server.process.kill()
    log = data / f"{NAME}-wal"
    os.truncate(log, log.stat().st_size // 2)
    before = log.read_bytes()

    assert "log" in await refusal(tmp_path, environ)
    assert log.read_bytes() == before


async def test_a_newer_schema_is_refused_with_both_versions(tmp_path, environ, filled):
    with closing(library().connect(filled)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    words = await refusal(tmp_path, environ)

    assert "9999" in words
    assert REVISION in words


async def test_a_second_server_on_the_same_data_is_refused(tmp_path, environ, data):
    async with serving(folder=tmp_path, **environ) as server:
        words = await refusal(tmp_path, environ)
        assert f"process {server.process.pid}" in words
        async with aiohttp.ClientSession(server.url) as session, session.get("/health") as health:
            assert health.status == 200


async def test_a_folder_that_is_read_only_is_refused(tmp_path, environ, small_disk):
    async with serving(folder=tmp_path, **environ):
        pass
    assert system("mount", "-o", "remount,ro", small_disk)
    assert str(small_disk) in await refusal(tmp_path, environ)


async def test_a_database_that_turns_read_only_is_told_before_anybody_is_asked(
    tmp_path, environ, data, upstream
):
    async with talking(tmp_path, environ) as talk:
        await talk.begin()
        assert (await talk.say()).status == 200
        files = [data / NAME, data / f"{NAME}-wal"]
        if not system("chattr", "+i", *files):
            pytest.skip("files cannot be made immutable here")
        try:
            refused = await talk.say("Not now")
            error = await refused.json()
            assert (refused.status, error["reason"]) == (503, "storage_readonly")
            assert len(upstream.received) == 1
            assert len(await talk.messages()) == 2
            assert await talk.well()
        finally:
            assert system("chattr", "-i", *files)
        assert (await talk.say("Now")).status == 200


HOLD = """
import sys, time
from dragoman.storage.sqlite import library
connection = library().connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


async def test_a_database_held_by_another_program_is_told_after_five_seconds(
    tmp_path, environ, data, upstream
):
    async with talking(tmp_path, environ) as talk:
        await talk.begin()
        holder = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLD, data / NAME, stdin=-1, stdout=-1
        )
        assert holder.stdout is not None
        await holder.stdout.readline()
        asking = [asyncio.create_task(talk.say(str(number))) for number in range(5)]
        while not all(task.done() for task in asking):
            assert await talk.well()
            assert await talk.messages() == []
            await asyncio.sleep(0.2)
        for task in asking:
            refused = await task
            assert (refused.status, (await refused.json())["reason"]) == (503, "storage_busy")
            assert refused.headers["retry-after"] == "5"
        assert upstream.received == []
        await holder.communicate(b"enough\n")
        assert (await talk.say()).status == 200


CALL = re.compile(r"^\d+ +(?P<name>\w+)\(\d+<(?P<file>[^>]*)>(?P<rest>.*)$")


async def test_what_is_told_is_on_the_disk(tmp_path, environ, data, upstream):
    """The log is flushed between its last write and the bytes that say that it is stored."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    async with talking(tmp_path, environ) as talk:
        await talk.begin()
        calls = "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg"
        pid = str(talk.server.process.pid)
        tracer = await asyncio.create_subprocess_exec(
            "strace", "-f", "-y", "-s", "4000", "-e", calls, "-o", trace, "-p", pid, stderr=-1
        )
        assert tracer.stderr is not None
        attached = (await tracer.stderr.readline()).decode()
        if "attached" not in attached:
            await tracer.wait()
            pytest.skip(f"a process cannot be watched here: {attached}")
        try:
            for number in range(5):
                assert (await talk.say(f"Question {number}")).status == 200
        finally:
            tracer.send_signal(signal.SIGINT)
            await tracer.communicate()
    told = check_order(trace.read_text("utf-8", "replace"))
    assert told == 5


def check_order(trace: str) -> int:
    """See that the log is flushed whenever somebody is told; count how often that was."""
    dirty, told = False, 0
    for line in trace.splitlines():
        call = CALL.match(line)
        if call is None:
            continue
        log = call["file"].endswith("-wal")
        match call["name"]:
            case "pwrite64" if log:
                dirty = True
            case "fsync" | "fdatasync" if log:
                dirty = False
            case _ if "messageId" in call["rest"] and "success" in call["rest"]:
                assert not dirty, line[:200]
                told += 1
    return told
