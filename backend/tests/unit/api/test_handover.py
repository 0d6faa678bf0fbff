"""Requests that one worker hands over to another: as if there were only one."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.api.errors import Message, Receive, Scope, Send, problem_of
from dragoman.api.handover import Gateway, Link, LinkBrokenError, LinkRefusedError, Owner, Tally
from dragoman.api.relay import ClientGone, Ear, Hearing, Meter, while_present
from dragoman.api.server import App, Boundary
from dragoman.services.routing import Elsewhere

PATIENCE = 10.0


class Client:
    """A client as an application sees it: says what it is told to, hears what it is answered."""

    def __init__(self, *body: bytes, stays: bool = True) -> None:
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        for place, piece in enumerate(body or (b"",), 1):
            more = place < len(body)
            self._said.put_nowait({"type": "http.request", "body": piece, "more_body": more})
        if not stays:
            self._said.put_nowait({"type": "http.disconnect"})
        self.heard: list[Message] = []
        self.hears = asyncio.Event()

    async def receive(self) -> Message:
        return await self._said.get()

    async def send(self, message: Message) -> None:
        self.heard.append(message)
        self.hears.set()

    def leave(self) -> None:
        self._said.put_nowait({"type": "http.disconnect"})

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.heard)


def scope(method: str = "POST", path: str = "/a", **more: Any) -> Scope:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 8000),
        "scheme": "http",
        **more,
    }


@asynccontextmanager
async def owned(app: App, folder: Path, *, drain: float = PATIENCE) -> AsyncIterator[Path]:
    """Run an owner of `app` until the end of the context; gives where it is reached."""
    path = folder / "owner"
    path.unlink(missing_ok=True)
    with socket(AF_UNIX, SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        async def living(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await app(scope, receive, send)
                return
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})

        owner = Owner(living, listener, drain=drain)
        orders: asyncio.Queue[Message] = asyncio.Queue()
        begun = asyncio.Event()

        async def told(message: Message) -> None:
            begun.set()

        life = asyncio.create_task(owner({"type": "lifespan"}, orders.get, told))
        orders.put_nowait({"type": "lifespan.startup"})
        await begun.wait()
        try:
            yield path
        finally:
            orders.put_nowait({"type": "lifespan.shutdown"})
            async with asyncio.timeout(PATIENCE):
                await life


async def read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        body += message["body"]
        if not message["more_body"]:
            return body


def answering(*pieces: bytes, status: int = 200, headers: Any = ()) -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)
        await send({"type": "http.response.start", "status": status, "headers": [*headers]})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


# --- there and back ----------------------------------------------------------------------------

octets = st.binary(max_size=300) | st.integers(0, 200_000).map(lambda size: b"x" * size)
fields = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=50)), max_size=8)


@settings(max_examples=40, deadline=None)
@given(
    body=st.lists(octets, max_size=5),
    answer=st.lists(octets, max_size=5),
    asked=fields,
    told=fields,
    status=st.integers(100, 599),
    query=st.binary(max_size=30),
    path=st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_whatever_is_asked_and_answered_arrives_as_it_was(
    tmp_path_factory, body, answer, asked, told, status, query, path
):
    seen: dict[str, Any] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(scope, body=await read(receive))
        await answering(*answer, status=status, headers=told)(scope, _nothing, send)

    async def _nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def hand_over() -> Client:
        client = Client(*body)
        request = scope(path=path, raw_path=path.encode(), headers=asked, query_string=query)
        async with owned(app, tmp_path_factory.mktemp("o")) as owner:
            await Link(owner)(request, client.receive, client.send)
        return client

    client = asyncio.run(hand_over())

    assert (seen["path"], seen["query_string"], seen["body"]) == (path, query, b"".join(body))
    assert [tuple(field) for field in seen["headers"]] == asked
    assert seen["client"] == ("127.0.0.1", 5)
    first, *rest = client.heard
    assert (first["status"], [tuple(field) for field in first["headers"]]) == (status, told)
    assert b"".join(piece["body"] for piece in rest) == b"".join(answer)
    assert [piece["more_body"] for piece in rest] == [True] * len(answer) + [False]


async def test_a_stream_is_passed_on_piece_by_piece(tmp_path):
    heard = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await heard.wait()  # which comes true only if the first piece was passed on
        await send({"type": "http.response.body", "body": b"b"})

    client = Client()
    async with owned(app, tmp_path) as owner, asyncio.timeout(PATIENCE):
        asking = asyncio.create_task(Link(owner)(scope(), client.receive, client.send))
        while client.body != b"a":
            await client.hears.wait()
            client.hears.clear()
        heard.set()
        await asking
    assert client.body == b"ab"


async def test_many_requests_are_handed_over_at_once(tmp_path):
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        body = await read(receive)
        await asyncio.sleep(0.01)
        await answering(body)(scope, Client().receive, send)

    clients = [Client(str(number).encode()) for number in range(100)]
    async with owned(echo, tmp_path) as owner:
        link = Link(owner)
        await asyncio.gather(*(link(scope(), client.receive, client.send) for client in clients))
    assert [client.body for client in clients] == [str(number).encode() for number in range(100)]


# --- leaving -----------------------------------------------------------------------------------


@pytest.mark.parametrize("listens", ["by receive", "by the ear"])
async def test_the_owner_is_told_when_the_client_leaves(tmp_path, listens):
    begun, told = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)
        begun.set()
        if listens == "by receive":
            assert (await receive())["type"] == "http.disconnect"
            assert (await receive())["type"] == "http.disconnect"
        else:
            assert isinstance(receive, Ear)
            with pytest.raises(ClientGone), while_present(receive, send):
                await asyncio.Event().wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"to nobody"})
        told.set()

    client = Client(b"hi")
    async with owned(app, tmp_path) as owner, asyncio.timeout(PATIENCE):
        asking = asyncio.create_task(Link(owner)(scope(), client.receive, client.send))
        await begun.wait()
        client.leave()
        await told.wait()
        await asking
    assert client.heard == []


async def test_a_client_that_leaves_with_its_whole_answer_ends_nothing_at_the_owner(tmp_path):
    left, finished = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)
        with while_present(receive, send) as answer:
            await answer({"type": "http.response.start", "status": 200, "headers": []})
            await answer({"type": "http.response.body", "body": b"whole"})
            await left.wait()
            assert (await receive())["type"] == "http.disconnect"
        finished.set()

    client = Client(b"hi")
    async with owned(app, tmp_path) as owner, asyncio.timeout(PATIENCE):
        await Link(owner)(scope(), client.receive, client.send)
        client.leave()
        left.set()
        await finished.wait()
    assert client.body == b"whole"


async def test_the_owner_is_told_when_the_gateway_gives_a_request_up(tmp_path):
    begun, told = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)
        begun.set()
        assert (await receive())["type"] == "http.disconnect"
        told.set()

    client = Client()
    async with owned(app, tmp_path) as owner, asyncio.timeout(PATIENCE):
        asking = asyncio.create_task(Link(owner)(scope(), client.receive, client.send))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await told.wait()


async def test_a_slow_client_slows_the_owner_down(tmp_path):
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            sent += 1
        await send({"type": "http.response.body", "body": b""})

    class Slow(Client):
        async def send(self, message: Message) -> None:
            await asyncio.Event().wait()

    client = Slow()
    async with owned(app, tmp_path) as owner:
        asking = asyncio.create_task(Link(owner)(scope(), client.receive, client.send))
        await asyncio.sleep(0.3)
        assert 0 < sent < 100
        client.leave()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


@pytest.mark.parametrize("begun", [False, True])
async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(tmp_path, begun):
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})

    client = Client(b"hi")
    async with owned(app, tmp_path) as owner:
        with pytest.raises(LinkBrokenError) as broken:
            await Link(owner)(scope(), client.receive, client.send)
    assert broken.value.begun is begun


async def test_nobody_at_the_other_end_is_no_answer(tmp_path):
    with pytest.raises(LinkRefusedError):
        await Link(tmp_path / "nobody")(scope(), Client().receive, Client().send)


async def test_an_owner_that_takes_nothing_is_given_up(tmp_path):
    with socket(AF_UNIX, SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "owner"))
        listener.listen()
        with pytest.raises(LinkRefusedError):
            await Link(tmp_path / "owner", patience=0.05)(scope(), Client().receive, Client().send)


async def test_the_owner_finishes_what_was_handed_over_before_it_ends(tmp_path):
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await goes_on.wait()
        await answering(b"whole")(scope, receive, send)

    client = Client()
    async with asyncio.timeout(PATIENCE):
        async with owned(app, tmp_path) as owner:
            asking = asyncio.create_task(Link(owner)(scope(), client.receive, client.send))
            await begun.wait()
            asyncio.get_running_loop().call_later(0.1, goes_on.set)
        await asking
    assert client.body == b"whole"


async def test_the_owner_does_not_wait_for_ever(tmp_path):
    begun = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    client = Client()
    async with asyncio.timeout(PATIENCE):
        async with owned(app, tmp_path, drain=0.05) as owner:
            asking = asyncio.create_task(Link(owner)(scope(), client.receive, client.send))
            await begun.wait()
        with pytest.raises(LinkBrokenError):
            await asking


# --- the gateway -------------------------------------------------------------------------------


def gateway(app: App, owner: Path, *, patience: float = PATIENCE) -> Gateway:
    meter = Meter()
    bounded = Boundary(app, explain=problem_of, meter=meter)
    return Gateway(bounded, Link(owner, patience=patience), meter=meter, life=nullcontext)


async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
    await read(receive)
    raise Elsewhere


def eared(client: Client) -> Receive:
    return Hearing(client.receive)


def plain(client: Client) -> Receive:
    return client.receive


@pytest.mark.parametrize("receiving", [eared, plain])
@pytest.mark.parametrize("body", [(b"",), (b"whole",), (b"in ", b"pieces ", b"even")])
async def test_what_was_read_before_it_was_known_to_be_elsewhere_is_read_again(
    tmp_path, receiving: Callable[[Client], Receive], body
):
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        said = await read(receive)
        await answering(said, status=201)(scope, Client().receive, send)

    client = Client(*body)
    async with owned(echo, tmp_path) as owner:
        await gateway(elsewhere, owner)(scope(), receiving(client), client.send)
    assert client.heard[0]["status"] == 201
    assert client.body == b"".join(body)


async def test_what_can_be_answered_here_is(tmp_path):
    client = Client(b"hi")
    app = answering(b"here")
    await gateway(app, tmp_path / "nobody")(scope(), eared(client), client.send)
    assert client.body == b"here"


async def test_a_client_that_leaves_is_told_of_where_the_answer_is_made_here(tmp_path):
    begun = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)
        with while_present(receive, send):
            begun.set()
            await asyncio.Event().wait()

    client = Client(b"hi")
    ear = Hearing(client.receive)
    served = asyncio.create_task(gateway(app, tmp_path / "nobody")(scope(), ear, client.send))
    await begun.wait()
    ear.tell()
    async with asyncio.timeout(PATIENCE):
        await served
    assert client.heard == []


@pytest.mark.parametrize("path", ["/api/v1/conversations", "/v1/responses", "/v1beta/models/x:y"])
async def test_an_owner_that_is_being_started_is_told_in_words_with_when_to_try_again(
    tmp_path, path
):
    client = Client(b"hi")
    there = gateway(elsewhere, tmp_path / "nobody")
    await there(scope(path=path), eared(client), client.send)
    head = dict(client.heard[0]["headers"])
    assert (client.heard[0]["status"], head[b"retry-after"]) == (503, b"5")
    assert b"being started again" in client.body
    assert head[b"x-request-id"].startswith(b"req-")
    json.loads(client.body)


async def test_an_owner_that_ends_before_it_answered_is_told_in_words(tmp_path):
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)

    client = Client(b"hi")
    async with owned(app, tmp_path) as owner:
        await gateway(elsewhere, owner)(scope(), eared(client), client.send)
    assert client.heard[0]["status"] == 503
    assert json.loads(client.body)["reason"] == "worker_lost"
    assert b"retry-after" not in dict(client.heard[0]["headers"])


async def test_an_owner_that_ends_in_mid_answer_is_never_followed_by_an_end(tmp_path):
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    client = Client(b"hi")
    async with owned(app, tmp_path) as owner:
        await gateway(elsewhere, owner)(scope(), eared(client), client.send)
    assert [message.get("more_body") for message in client.heard] == [None, True]


@pytest.mark.parametrize("app", [answering(b"here"), elsewhere])
async def test_a_request_leaves_no_rings_behind(tmp_path, app):
    client = Client(b"hi")
    there = gateway(app, tmp_path / "nobody")
    gc.collect()
    gc.disable()
    try:
        await there(scope(), eared(client), client.send)
        known, client = ref(client), Client()
        assert known() is None
    finally:
        gc.enable()


# --- counting ----------------------------------------------------------------------------------


async def test_what_is_under_way_in_all_workers_is_counted():
    tally = Tally(3)
    one, other = tally.meter(0), tally.meter(2)
    with one, other, other:
        assert tally.total == 3
        waking = asyncio.Event()

        async def wait() -> None:
            await waking.wait()

        task = asyncio.create_task(wait())
        one.until(task)
        assert tally.total == 4
        waking.set()
        await task
        await asyncio.sleep(0)
        assert tally.total == 3
        tally.meter(2)  # a worker that was killed, and is there again
        assert tally.total == 1
