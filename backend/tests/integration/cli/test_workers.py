"""`dragoman serve --workers 2`: one server to its clients, whichever process they reach."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dragoman.services.providers import LocalProvider
from dragoman.testing.upstream import streamed, whole
from tests.support.program import PATIENCE, Serving, eventually, run, serving
from tests.support.server import parse_events
from tests.support.tapes import anthropic_stream, anthropic_whole

from .conftest import KEY, MODELS

STREAM = {"accept": "text/event-stream"}
CHAT = {"model": "claude", "messages": [{"role": "user", "content": "Hello?"}]}

needs_local_model = pytest.mark.skipif(
    LocalProvider().problem({}) is not None,
    reason="the local model is not installed: `make setup` installs it",
)
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="processes are looked up in /proc"
)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended."""
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return sorted(int(child) for child in told.split() if runs(int(child)))


def runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@dataclass
class Workers:
    """A server of two workers, with its log as it is written."""

    server: Serving
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.server.process.pid

    @property
    def pids(self) -> list[int]:
        """The owner's first, as long as none was started again."""
        return children(self.pid)

    async def read(self) -> None:
        assert self.server.process.stderr is not None
        async for line in self.server.process.stderr:
            self.told.append(json.loads(line))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.told if line["event"] == event]

    @asynccontextmanager
    async def client_of(self, place: int) -> AsyncIterator[aiohttp.ClientSession]:
        """A client with one connection, to the owner (0) or to the gateway (1)."""
        others = [pid for pid in self.pids if pid != self.pids[place]]
        connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=60)
        async with aiohttp.ClientSession(self.server.url, connector=connector) as client:
            for pid in others:  # whoever is stopped takes no connection
                os.kill(pid, signal.SIGSTOP)
            try:
                async with client.get("/v1/chat/completions") as answer:  # nobody is asked for it
                    assert answer.status == 405
            finally:
                for pid in others:
                    os.kill(pid, signal.SIGCONT)
            yield client

    async def end(self, *signals: signal.Signals) -> int:
        for number in signals:
            os.kill(self.pid, number)
            await asyncio.sleep(0.3)
        async with asyncio.timeout(PATIENCE):
            return await self.server.process.wait()


@asynccontextmanager
async def workers(*arguments: str, **configured: Any) -> AsyncIterator[Workers]:
    async with serving("--workers", "2", *arguments, **configured) as server:
        found = Workers(server)
        reading = asyncio.create_task(found.read())
        pids = found.pids
        try:
            yield found
        finally:
            if server.process.returncode is None:
                await found.end(signal.SIGTERM)
            await reading
            pids = [pid for pid in {*pids, *found.pids} if runs(pid)]
            assert pids == [], "a worker outlived its server"


async def events_of(answer: aiohttp.ClientResponse) -> list[dict[str, Any]]:
    return [dict(event.content) for event in parse_events(await answer.read())]


async def new_conversation(client: aiohttp.ClientSession) -> str:
    async with client.post("/api/v1/conversations", json={"title": "A talk"}) as answer:
        assert answer.status == 201
        return str((await answer.json())["id"])


async def until_asked(vendor: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        await vendor.asked.wait()


async def test_every_worker_answers_and_the_log_tells_which(vendor, configured):
    ids = set()
    async with workers(**configured) as server:
        for place in (0, 1):
            vendor.play(streamed(anthropic_stream(["Hello"])))
            async with (
                server.client_of(place) as client,
                client.post("/v1/chat/completions", json={**CHAT, "stream": True}) as answer,
            ):
                assert answer.status == 200
                assert b"Hello" in await answer.read()
                ids.add(answer.headers["x-request-id"])
        assert await server.end(signal.SIGTERM) == 0
    asked = [line for line in server.of("request") if line["status"] == 200]
    assert [line["worker"] for line in asked] == [1, 2]
    assert {line["request_id"] for line in asked} == ids
    assert len(ids) == 2
    assert server.server.greeting.count("is ready at") == 1
    assert KEY not in json.dumps(server.told)


@pytest.mark.parametrize(("begun_at", "read_at"), [(0, 1), (1, 0)])
async def test_a_conversation_is_the_same_at_every_worker(vendor, configured, begun_at, read_at):
    async with (
        workers(**configured) as server,
        server.client_of(begun_at) as one,
        server.client_of(read_at) as other,
    ):
        conversation = await new_conversation(one)
        vendor.play(streamed(anthropic_stream(["Hel", "lo"])))
        said = {"message": "Hi", "conversationId": conversation}
        async with other.post("/api/v1/messages", json=said, headers=STREAM) as answer:
            events = await events_of(answer)
            request_id = answer.headers["x-request-id"]
        async with one.get(f"/api/v1/conversations/{conversation}") as answer:
            thread = await answer.json()
            assert len(answer.headers.getall("x-request-id")) == 1
    assert events[-1]["type"] == "complete"
    assert [message["text"] for message in thread["messages"]] == ["Hi", "Hello"]
    asked = [line for line in server.of("request") if line["request_id"] == request_id]
    assert [line["worker"] for line in asked] == [1], "one line, by the worker who answered"


async def test_only_a_response_that_is_not_kept_is_answered_beside_the_owner(vendor, configured):
    asked = {"model": "claude", "input": "Hello?"}
    async with workers(**configured) as server, server.client_of(1) as client:
        vendor.play(*(whole(anthropic_whole("Hello")) for _ in range(3)))
        async with client.post("/v1/responses", json={**asked, "store": False}) as answer:
            assert (await answer.json())["store"] is False
        async with client.post("/v1/responses", json=asked) as answer:
            kept = (await answer.json())["id"]
        async with client.post(
            "/v1/responses", json={**asked, "store": False, "previous_response_id": kept}
        ) as answer:
            assert answer.status == 200, await answer.text()
    answered = [line for line in server.of("request") if line["status"] == 200]
    assert [line["worker"] for line in answered] == [2, 1, 1]
    assert len(vendor.received[-1].json["messages"]) == 3


@pytest.mark.parametrize(("asked_at", "stopped_at"), [(0, 1), (1, 0)])
async def test_a_reply_is_stopped_through_another_worker(vendor, configured, asked_at, stopped_at):
    vendor.play(streamed(anthropic_stream(["Once", " upon"])[:4], end="hang"))
    async with (
        workers(**configured) as server,
        server.client_of(asked_at) as one,
        server.client_of(stopped_at) as other,
    ):
        conversation = await new_conversation(other)
        said = {"message": "Tell", "conversationId": conversation}
        async with one.post("/api/v1/messages", json=said, headers=STREAM) as answer:
            first = await answer.content.readuntil(b"\n\n")
            started = parse_events(first)[0].content
            async with other.get("/health") as told:
                assert (await told.json())["inFlight"] == 1
            async with other.post(
                f"/api/v1/messages/{started['messageId']}/stop", json={}
            ) as stopped:
                assert stopped.status == 204
            rest = await events_of(answer)
        async with asyncio.timeout(PATIENCE):
            await vendor.closed_by_peer.wait()
    assert "".join(str(event.get("content", "")) for event in rest).startswith("Once")


async def test_a_turn_goes_on_when_the_client_of_another_worker_leaves(vendor, configured):
    vendor.play(streamed(anthropic_stream(["a", "b", "c"]), pause=0.3))
    async with workers(**configured) as server:
        async with server.client_of(1) as client:
            conversation = await new_conversation(client)
            said = {"message": "Tell", "conversationId": conversation}
            async with client.post("/api/v1/messages", json=said, headers=STREAM) as answer:
                await answer.content.readuntil(b"\n\n")
        async with server.client_of(0) as client:

            async def is_whole() -> bool:
                async with client.get(f"/api/v1/conversations/{conversation}") as read:
                    messages = (await read.json())["messages"]
                return bool(messages[-1]["text"] == "abc")

            await eventually(is_whole)
    (asked,) = [line for line in server.of("request") if line.get("reason") == "client_gone"]
    (ended,) = server.of("turn_ended")
    assert (ended["request_id"], ended["worker"]) == (asked["request_id"], 1)


async def test_a_call_ends_when_the_client_of_any_worker_leaves(vendor, configured):
    async with workers(**configured) as server:
        for place in (0, 1):
            vendor.asked.clear()
            vendor.closed_by_peer.clear()
            vendor.play(streamed(anthropic_stream(["a"])[:3], end="hang"))
            async with server.client_of(place) as client:
                asking = asyncio.create_task(
                    client.post("/v1/chat/completions", json={**CHAT, "stream": True})
                )
                await until_asked(vendor)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
            async with asyncio.timeout(PATIENCE):
                await vendor.closed_by_peer.wait()


async def test_a_gateway_that_is_killed_is_started_again(vendor, configured):
    async with workers(**configured) as server:
        owner, gateway = server.pids
        os.kill(gateway, signal.SIGKILL)
        async with aiohttp.ClientSession(server.server.url) as client:
            async with client.get("/api/v1/models") as answer:
                assert answer.status == 200

            async def is_back() -> bool:
                pids = server.pids
                return len(pids) == 2 and gateway not in pids

            await eventually(is_back)
        assert owner in server.pids
        assert await server.end(signal.SIGTERM) == 0
    (ended,) = server.of("worker_ended")
    assert (ended["worker"], ended["code"]) == (2, -signal.SIGKILL)


async def test_conversations_outlive_the_worker_that_keeps_them(vendor, configured):
    async with workers(**configured) as server:
        async with server.client_of(1) as client:
            conversation = await new_conversation(client)
            owner = server.pids[0]
            os.kill(owner, signal.SIGKILL)
            vendor.play(streamed(anthropic_stream(["Hello"])))
            async with client.post(
                "/v1/chat/completions", json={**CHAT, "stream": True}
            ) as answer:  # which needs nothing of the owner's
                assert b"Hello" in await answer.read()
            async with client.get(f"/api/v1/conversations/{conversation}") as answer:
                assert answer.status == 200, "it waits until the owner is back"
        assert owner not in server.pids


async def test_what_the_owner_was_answering_breaks_off_when_it_is_killed(vendor, configured):
    vendor.play(streamed(anthropic_stream(["Once"])[:4], end="hang"))
    async with workers(**configured) as server, server.client_of(1) as client:
        conversation = await new_conversation(client)
        said = {"message": "Tell", "conversationId": conversation}
        async with client.post("/api/v1/messages", json=said, headers=STREAM) as answer:
            await answer.content.readuntil(b"\n\n")
            os.kill(server.pids[0], signal.SIGKILL)
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

        async def is_marked() -> bool:
            async with client.get(f"/api/v1/conversations/{conversation}") as read:
                return read.status == 200 and "interrupted" in await read.text()

        await eventually(is_marked)


# --- ending ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_reply_that_runs_is_finished(vendor, configured, number, place, is_kept):
    vendor.play(streamed(anthropic_stream(["a", "b", "c"]), pause=0.3))
    async with workers(**configured) as server, server.client_of(place) as client:
        said = {"message": "Hi"}
        if is_kept:
            said["conversationId"] = await new_conversation(client)
        asking = asyncio.create_task(client.post("/api/v1/messages", json=said, headers=STREAM))
        await until_asked(vendor)
        assert await server.end(number) == 0
        events = await events_of(await asking)
    assert events[-1]["type"] == "complete"
    assert "".join(str(event.get("content", "")) for event in events[:-1]) == "abc"


async def test_signals_that_reach_every_process_do_not_end_it_at_once(vendor, configured):
    vendor.play(streamed(anthropic_stream(["a", "b", "c"]), pause=0.3))
    async with workers(**configured) as server, server.client_of(1) as client:
        asking = asyncio.create_task(
            client.post("/api/v1/messages", json={"message": "Hi"}, headers=STREAM)
        )
        await until_asked(vendor)
        for pid in (*server.pids, server.pid):
            os.kill(pid, signal.SIGTERM)
        assert await server.end() == 0
        assert (await events_of(await asking))[-1]["type"] == "complete"
    assert server.of("worker_ended") == []


@pytest.mark.parametrize("place", [0, 1])
async def test_the_second_signal_ends_it_at_once(vendor, configured, place):
    vendor.play(streamed(anthropic_stream(["a", "b"])[:4], end="hang"))
    async with workers(**configured) as server, server.client_of(place) as client:
        asking = asyncio.create_task(
            client.post("/api/v1/messages", json={"message": "Hi"}, headers=STREAM)
        )
        await until_asked(vendor)
        assert await server.end(signal.SIGTERM, signal.SIGINT) == 130
        await asyncio.gather(asking, return_exceptions=True)


async def test_workers_end_when_whoever_watches_over_them_is_killed(configured):
    async with workers(**configured) as server:
        pids = server.pids
        os.kill(server.pid, signal.SIGKILL)

        async def are_gone() -> bool:
            return not any(runs(pid) for pid in pids)

        await eventually(are_gone)
        await server.server.process.wait()


# --- beginning ---------------------------------------------------------------------------------


async def test_a_folder_that_is_in_use_is_told_once(configured):
    async with serving(**configured):
        ended = await run("serve", "--port", "0", "--workers", "2", **configured)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.count("\n") == 1, ended.err
    assert ended.err.startswith("dragoman: ")
    assert "in use by another Dragoman" in ended.err


async def test_changed_files_are_taken_over_in_every_worker(tmp_path, vendor, configured):
    (tmp_path / ".env").write_text(f"MODELS='{MODELS}'\n")
    del configured["MODELS"]
    async with workers(**configured) as server:
        (tmp_path / ".env").write_text(f"MODELS='{MODELS.replace('claude', 'other')}'\n")
        for place in (0, 1):
            async with server.client_of(place) as client:

                async def is_taken_over(client: aiohttp.ClientSession = client) -> bool:
                    vendor.play(streamed(anthropic_stream(["Hello"])))
                    async with client.post(
                        "/v1/chat/completions", json={**CHAT, "model": "other", "stream": True}
                    ) as answer:
                        await answer.read()
                        return answer.status == 200

                await eventually(is_taken_over)


@needs_local_model
async def test_there_is_one_local_model_for_all_of_them(tmp_path):
    async with workers(folder=tmp_path) as server:
        for place in (0, 1):
            async with server.client_of(place) as client:
                asked = {"message": "What is the capital of France?"}
                async with client.post("/api/v1/messages", json=asked) as answer:
                    assert answer.status == 200
        engines = [children(pid) for pid in server.pids]
    assert [len(found) for found in engines] == [1, 0]
    assert [line["worker"] for line in server.of("request") if line["status"] == 200] == [1, 1]
