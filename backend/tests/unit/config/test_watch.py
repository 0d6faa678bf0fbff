"""The watch: a change is taken over whole or not at all, and a broken file changes nothing."""

import asyncio
import os

import pytest
import structlog

from dragoman.config.errors import ConfigurationError
from dragoman.config.settings import Configuration
from dragoman.config.watch import ConfigurationStatus, ConfigurationWatcher

from .folder import ConfigurationFolder

CANARY = "sk-canary-0123456789abcdef"


class Server:
    """What a configuration is put to use by: it remembers the ports it was given."""

    def __init__(self, folder: ConfigurationFolder) -> None:
        self.ports: list[int] = []
        self.refuse: Exception | None = None
        self.slept: list[float] = []
        self.took_over = asyncio.Event()
        self.watcher = ConfigurationWatcher(
            folder.load(), load=folder.load, reload=self.reload, sleep=self.sleep
        )

    async def reload(self, configuration: Configuration) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.ports.append(configuration.settings.port)
        self.took_over.set()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


async def test_nothing_happens_while_nothing_changes(folder: ConfigurationFolder):
    folder.write(".env", "DRAGOMAN_PORT=1\n")
    server = Server(folder)

    assert [await server.watcher.look() for _ in range(3)] == [False] * 3
    assert (server.ports, server.watcher.status) == ([], ConfigurationStatus())


async def test_a_change_is_taken_over(folder: ConfigurationFolder):
    folder.write(".env", "DRAGOMAN_PORT=1\n")
    server = Server(folder)

    folder.write(".env", "DRAGOMAN_PORT=2\n")

    assert await server.watcher.look()
    assert not await server.watcher.look()
    assert server.ports == [2]
    assert server.watcher.status == ConfigurationStatus(reloads=1)


@pytest.mark.parametrize("name", [".env", "dragoman.toml"])
async def test_a_file_that_appears_later_is_noticed_and_one_that_goes_too(
    folder: ConfigurationFolder, name: str
):
    server = Server(folder)

    file = folder.write(name, "DRAGOMAN_PORT=2\n" if name == ".env" else "port = 2\n")
    assert await server.watcher.look()

    file.unlink()
    assert await server.watcher.look()

    assert server.ports == [2, 8000]


async def test_a_file_put_in_place_of_another_is_noticed(folder: ConfigurationFolder):
    file = folder.write("dragoman.toml", "port = 1\n")
    server = Server(folder)

    folder.write("new.toml", "port = 2\n").replace(file)

    assert await server.watcher.look()
    assert server.ports == [2]


async def test_a_change_that_keeps_size_and_time_is_noticed(folder: ConfigurationFolder):
    file = folder.write("dragoman.toml", "port = 1\n")
    before = file.stat()
    server = Server(folder)

    folder.write("dragoman.toml", "port = 2\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert await server.watcher.look()
    assert server.ports == [2]


async def test_a_touched_file_with_the_same_content_is_no_change(folder: ConfigurationFolder):
    file = folder.write("dragoman.toml", "port = 1\n")
    server = Server(folder)

    os.utime(file, (1, 1))

    assert not await server.watcher.look()


async def test_a_change_between_the_start_and_the_first_look_is_not_lost(
    folder: ConfigurationFolder,
):
    folder.write("dragoman.toml", "port = 1\n")
    loaded = folder.load()
    folder.write("dragoman.toml", "port = 2\n")
    server = Server(folder)

    late = ConfigurationWatcher(loaded, load=folder.load, reload=server.reload, sleep=server.sleep)

    assert await late.look()
    assert server.ports == [2]


async def test_a_broken_file_changes_nothing_but_the_status_until_it_is_whole_again(
    folder: ConfigurationFolder,
):
    folder.write("dragoman.toml", "port = 1\n")
    server = Server(folder)

    folder.write("dragoman.toml", f'port = "{CANARY}\n')
    with structlog.testing.capture_logs() as lines:
        assert not await server.watcher.look()
        assert not await server.watcher.look()

    status = server.watcher.status
    assert (status.state, status.reloads, status.failures) == ("stale", 0, 1)
    assert status.reason is not None
    assert "dragoman.toml: not valid TOML" in status.reason
    assert [line["event"] for line in lines] == ["configuration_kept"]
    assert lines[0]["reason"] == "reload_failed"
    assert CANARY not in repr(lines) + status.reason
    assert server.ports == []

    folder.write("dragoman.toml", "port = 3\n")
    assert await server.watcher.look()
    assert server.ports == [3]
    assert server.watcher.status == ConfigurationStatus(reloads=1, failures=1)


async def test_a_file_put_back_as_it_was_is_no_longer_stale(folder: ConfigurationFolder):
    folder.write("dragoman.toml", "port = 1\n")
    server = Server(folder)

    folder.write("dragoman.toml", "port = \n")
    await server.watcher.look()
    folder.write("dragoman.toml", "port = 1\n")

    assert await server.watcher.look()
    assert server.watcher.status.state == "ok"


async def test_what_the_server_refuses_is_stale_too(folder: ConfigurationFolder):
    server = Server(folder)
    server.refuse = ConfigurationError(["MODELS: no listed model can be used"])

    folder.write(".env", "DRAGOMAN_PORT=2\n")

    assert not await server.watcher.look()
    assert server.watcher.status.state == "stale"
    assert "no listed model can be used" in str(server.watcher.status.reason)


async def test_a_mistake_in_our_own_code_does_not_end_the_watch(folder: ConfigurationFolder):
    server = Server(folder)
    server.refuse = RuntimeError(CANARY)

    folder.write(".env", "DRAGOMAN_PORT=2\n")
    with structlog.testing.capture_logs() as lines:
        assert not await server.watcher.look()
    assert server.watcher.status.reason == (
        "the new configuration could not be put to use (RuntimeError)"
    )
    assert lines[0]["log_level"] == "error"

    server.refuse = None
    folder.write(".env", "DRAGOMAN_PORT=3\n")
    assert await server.watcher.look()
    assert server.ports == [3]


async def test_a_file_still_being_written_is_read_when_it_is_whole(folder: ConfigurationFolder):
    folder.write("dragoman.toml", "port = 1\n")
    server = Server(folder)
    pieces = iter(["port", "port = ", "port = 22\n"])

    async def write_on(_: float) -> None:
        piece = next(pieces, None)
        if piece is not None:
            folder.write("dragoman.toml", piece)

    folder.write("dragoman.toml", "")
    slow = ConfigurationWatcher(
        folder.load(), load=folder.load, reload=server.reload, sleep=write_on
    )
    folder.write("dragoman.toml", "p")

    assert await slow.look()
    assert server.ports == [22]
    assert slow.status.failures == 0


async def test_a_file_that_never_settles_is_read_all_the_same(folder: ConfigurationFolder):
    server = Server(folder)
    ports = iter(range(100))

    async def write_on(_: float) -> None:
        folder.write("dragoman.toml", f"port = {next(ports)}\n")

    restless = ConfigurationWatcher(
        folder.load(), load=folder.load, reload=server.reload, sleep=write_on
    )
    folder.write("dragoman.toml", "port = 500\n")

    assert await restless.look()
    assert len(server.ports) == 1


async def test_a_change_undone_at_once_is_no_change(folder: ConfigurationFolder):
    folder.write("dragoman.toml", "port = 1\n")
    server = Server(folder)

    async def undo(_: float) -> None:
        folder.write("dragoman.toml", "port = 1\n")

    calm = ConfigurationWatcher(folder.load(), load=folder.load, reload=server.reload, sleep=undo)
    folder.write("dragoman.toml", "")

    assert not await calm.look()
    assert (server.ports, calm.status) == ([], ConfigurationStatus())


async def test_the_watch_looks_every_second_until_it_is_cancelled(folder: ConfigurationFolder):
    server = Server(folder)
    watching = asyncio.create_task(server.watcher.run())

    folder.write(".env", "DRAGOMAN_PORT=2\n")
    await asyncio.wait_for(server.took_over.wait(), 10)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching

    assert server.ports == [2]
    assert server.slept[0] == 1.0


async def test_with_a_real_clock_a_correction_is_picked_up(folder: ConfigurationFolder):
    server = Server(folder)
    watcher = ConfigurationWatcher(
        folder.load(), load=folder.load, reload=server.reload, interval=0.01
    )
    watching = asyncio.create_task(watcher.run())

    folder.write("dragoman.toml", "port = \n")
    await asyncio.sleep(0.3)
    folder.write("dragoman.toml", "port = 9\n")
    await asyncio.wait_for(server.took_over.wait(), 10)
    watching.cancel()

    assert server.ports == [9]
    assert watcher.status.state == "ok"
