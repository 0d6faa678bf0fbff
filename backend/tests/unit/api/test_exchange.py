"""One request and its answer: what ASGI promises an application, and what goes over the line."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from dragoman.api.headers import KEY
from dragoman.api.protocol import EdgeProtocol
from tests.support.lines import Line

HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
OFFERED = (b"connection", b"Upgrade")
TOLD = [(b"date", b"Sun, 22 Nov 2026 23:00:00 GMT")]

Message = dict[str, Any]
App = Callable[[Any, Any, Any], Any]


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [*headers]}


def body(content: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


async def settled() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


async def connected(
    app: App, kind: Callable[..., Any] = EdgeProtocol, *, date: bool = True
) -> tuple[Any, Line, ServerState]:
    """Make a connection to a server of one application, without a network."""
    state = ServerState()
    state.default_headers = [*TOLD] if date else []
    config = uvicorn.Config(app, log_config=None, ws="none", lifespan="off")
    protocol, line = kind(config, state, {}, asyncio.get_running_loop()), Line()
    protocol.connection_made(line)
    return protocol, line, state


def saying(*messages: Message) -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send({**message})

    return app


# Beside uvicorn's own protocol, which ours does the same as.


async def said(
    kind: Callable[..., Any], asked: bytes, messages: Sequence[Message], *, date: bool = True
) -> Any:
    """Give what a client hears, whether it is the end, and what the application was told."""
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append({name: scope[name] for name in scope.keys() - {"headers", KEY}})
        told.append([*scope["headers"]])
        told.append(await receive())
        await saying(*messages)(scope, receive, send)
        told.append(await receive())

    protocol, line, _ = await connected(app, kind, date=date)
    protocol.data_received(asked)
    await settled()
    found = (line.heard, bool(line.ended), [*told])
    protocol.connection_lost(None)
    await settled()
    return found


requests = st.builds(
    lambda method, target, version, headers, content: (
        b"%b %b HTTP/%b\r\n%b%b%b\r\n%b"
        % (
            method,
            target,
            version,
            HOST,
            b"".join(headers),
            b"Content-Length: %d\r\n" % len(content) if content else b"",
            content,
        )
    ),
    st.sampled_from([b"GET", b"HEAD", b"POST", b"DELETE", b"OPTIONS"]),
    st.sampled_from([b"/", b"/a%20b?c=d%20e", b"/%C3%A9", b"http://localhost/x?", b"//y"]),
    st.sampled_from([b"1.1", b"1.0"]),
    st.lists(
        st.sampled_from(
            [
                b"Connection: close\r\n",
                b"Connection: keep-alive\r\n",
                b"Expect: 100-Continue\r\n",
                b"X-Many: a\r\n",
                b"x-many: b\r\n",
            ]
        ),
        unique=True,
    ),
    st.sampled_from([b"", b"x", b"y" * 70_000]),
)
answers = st.builds(
    lambda status, headers, bodies: [
        start(status, *headers),
        *(body(content, more=True) for content in bodies[:-1]),
        *(body(content) for content in bodies[-1:]),
    ],
    st.sampled_from([200, 201, 204, 299, 304, 404, 500]),
    st.lists(
        st.sampled_from(
            [
                (b"content-length", b"3"),
                (b"Content-Length", b"6"),
                (b"transfer-encoding", b"chunked"),
                (b"Transfer-Encoding", b"Chunked"),
                (b"connection", b"close"),
                (b"connection", b"x, Close"),
                (b"connection", b"keep-alive"),
                (b"X-Some", b"caf\xe9\tand more"),
                (b"x-some", b"again"),
            ]
        ),
        max_size=4,
        unique_by=lambda header: (header[0].lower(), header[0] == b"x-some"),
    ),
    st.lists(st.sampled_from([b"", b"abc", b"d" * 1_000]), min_size=1, max_size=3),
)


@contextmanager
def hushed() -> Iterator[None]:
    """Let nobody hear of the failures that are meant."""
    logging.disable()
    try:
        with capture_logs():
            yield
    finally:
        logging.disable(logging.NOTSET)


@given(asked=requests, messages=answers, date=st.booleans())
def test_a_client_hears_what_it_would_hear_of_uvicorn(
    asked: bytes, messages: list[Message], *, date: bool
):
    with hushed():
        theirs = asyncio.run(said(HttpToolsProtocol, asked, messages, date=date))
        ours = asyncio.run(said(EdgeProtocol, asked, messages, date=date))

    assert ours == theirs


@given(
    asked=st.lists(requests.filter(lambda asked: len(asked) < 1_000), min_size=2, max_size=4),
    messages=answers,
)
def test_requests_sent_at_once_are_answered_as_uvicorn_would(
    asked: list[bytes], messages: list[Message]
):
    with hushed():
        theirs = asyncio.run(said(HttpToolsProtocol, b"".join(asked), messages))
        ours = asyncio.run(said(EdgeProtocol, b"".join(asked), messages))

    assert ours == theirs


# What goes over the line.


@given(asked=requests, cut=st.integers(0, 400))
def test_a_request_with_an_offer_is_heard_as_one_without(asked: bytes, cut: int):
    offer = b"Upgrade: h2c\r\nConnection: Upgrade\r\n"
    line, _, rest = asked.partition(b"\r\n")
    with_offer = b"\r\n".join([line, offer + rest])

    async def told(pieces: Sequence[bytes]) -> Any:
        heard: list[Any] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            heard.append({name: scope[name] for name in scope.keys() - {"headers", KEY, "state"}})
            heard.append([header for header in scope["headers"] if header != OFFERED])
            content = b""
            while (message := await receive())["more_body"]:
                content += message["body"]
            heard.append(content + message["body"])
            await saying(start(), body())(scope, receive, send)

        protocol, line, _ = await connected(app)
        for piece in pieces:
            protocol.data_received(piece)
            await settled()
        protocol.connection_lost(None)
        return heard, line.heard, line.ended

    pieces = [piece for piece in (with_offer[:cut], with_offer[cut:] + GET) if piece]
    assert asyncio.run(told(pieces)) == asyncio.run(told([asked + GET]))


async def test_a_head_waits_for_what_comes_behind_it():
    proceed = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await proceed.wait()
        await send(body(more=True))
        await receive()
        await receive()

    protocol, line, _ = await connected(app)
    protocol.data_received(GET)
    await settled()
    assert line.heard == b""

    proceed.set()
    await settled()
    assert line.heard.endswith(b"transfer-encoding: chunked\r\n\r\n")
    protocol.connection_lost(None)


async def test_a_whole_answer_is_one_write():
    protocol, line, _ = await connected(saying(start(), body(b"abc")))

    protocol.data_received(GET)
    await settled()

    assert line.heard.endswith(b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert line.writes == 1


@pytest.mark.parametrize(
    "header",
    [
        (b"x-one", b"a\r\nx-two: b"),
        (b"x-one", b"a\nb"),
        (b"x-one", b"a\rb"),
        (b"x-one", b"a\x00b"),
        (b"x-one", b"\x7f"),
        (b"x-one: a\r\nx-two", b"b"),
        (b"x-one:", b"b"),
        (b"x one", b"b"),
        (b"x\xe9", b"b"),
        (b"", b"b"),
        (b"content-length", b"-1"),
        (b"content-length", b"1 "),
        (b"content-length", b""),
    ],
)
async def test_a_header_that_could_be_read_as_something_else_is_never_sent(
    header: tuple[bytes, bytes],
):
    protocol, line, _ = await connected(saying(start(200, header), body(b"a")))

    with capture_logs() as logs:
        protocol.data_received(GET)
        await settled()

    assert line.heard == b""
    assert line.ended == ["closed"]
    assert [entry["event"] for entry in logs] == ["broken_off"]


async def test_a_length_that_is_told_twice_is_never_sent():
    twice = (b"content-length", b"1"), (b"content-length", b"1")
    protocol, line, _ = await connected(saying(start(200, *twice), body(b"a")))

    with capture_logs():
        protocol.data_received(GET)
        await settled()

    assert (line.heard, line.ended) == (b"", ["closed"])


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [start()],
        [start(), body(b"abc", more=True)],
        [start(200, (b"content-length", b"3")), body(b"ab")],
        [start(200, (b"content-length", b"3")), body(b"ab", more=True), body(b"cd")],
        [start(), start()],
        [body(b"abc")],
        [start(), body(), body()],
        [{"type": "websocket.close"}],
    ],
)
async def test_an_answer_that_is_none_is_broken_off(messages: list[Message]):
    protocol, line, _ = await connected(saying(*messages))

    with capture_logs():
        protocol.data_received(GET)
        await settled()

    if messages and messages[0]["type"] == "http.response.start":
        assert b" 500 " not in line.heard
    else:
        assert line.heard.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
        assert line.heard.endswith(b"connection: close\r\n\r\nInternal Server Error")
    assert line.ended == ["closed"]


async def test_a_failure_is_traced_and_a_task_that_is_cancelled_answers_too():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    protocol, line, _ = await connected(app)
    with capture_logs() as logs:
        protocol.data_received(GET)
        await settled()

    assert line.heard.startswith(b"HTTP/1.1 500 ")
    assert logs == [{"event": "broken_off", "log_level": "error", "exc_info": True}]


# What the application is told.


async def test_a_body_is_received_in_the_pieces_that_came_until_nobody_waits():
    heard: list[Message] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while not heard or heard[-1].get("more_body"):
            heard.append(await receive())
        await saying(start(), body())(scope, receive, send)
        heard.append(await receive())

    protocol, _, _ = await connected(app)
    protocol.data_received(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\n")
    await settled()
    for piece in (b"ab", b"cd", b"ef"):
        protocol.data_received(piece)
        await settled()

    assert [(one["type"], one.get("body"), one.get("more_body")) for one in heard] == [
        ("http.request", b"ab", True),
        ("http.request", b"cd", True),
        ("http.request", b"ef", False),
        ("http.disconnect", None, None),
    ]


async def test_everybody_who_listens_is_told_that_the_client_has_left():
    heard: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

        async def listen() -> None:
            heard.append((await receive())["type"])

        async with asyncio.TaskGroup() as listeners:
            listeners.create_task(listen())
            listeners.create_task(listen())
        await send(start())
        await send(body(b"to nobody"))

    protocol, line, state = await connected(app)
    protocol.data_received(GET)
    await settled()
    protocol.connection_lost(None)
    await settled()

    assert heard == ["http.disconnect"] * 2
    assert (line.heard, state.tasks) == (b"", set())


async def test_a_departure_is_told_once_and_never_after_the_answer():
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        receive.then(lambda: told.append(scope["path"]))
        if scope["path"] == "/answered":
            await saying(start(), body())(scope, receive, send)
        else:
            await receive()
            await receive()

    protocol, _, _ = await connected(app)
    for path in (b"/answered", b"/under-way"):
        protocol.data_received(b"GET %b HTTP/1.1\r\n%b\r\n" % (path, HOST))
        await settled()
    protocol.connection_lost(None)
    await settled()

    assert told == ["/under-way"]


async def test_a_slow_client_is_waited_for_before_more_is_said():
    protocol, line, _ = await connected(saying(start(), body(b"a", more=True), body(b"b")))
    protocol.pause_writing()
    protocol.data_received(GET)
    await settled()
    assert line.heard == b""

    protocol.resume_writing()
    await settled()
    assert line.heard.endswith(b"0\r\n\r\n")


async def test_whoever_waits_for_a_slow_client_is_let_go_when_it_leaves():
    protocol, line, state = await connected(saying(start(), body(b"a")))
    protocol.pause_writing()
    protocol.data_received(GET)
    await settled()
    assert len(state.tasks) == 1

    protocol.connection_lost(None)
    await settled()
    assert (line.heard, state.tasks) == (b"", set())


async def test_a_body_that_nobody_asks_for_is_not_taken_in_without_end():
    waiting = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await waiting.wait()
        while (await receive())["more_body"]:
            pass
        await saying(start(), body())(scope, receive, send)

    protocol, line, _ = await connected(app)
    protocol.data_received(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n")
    protocol.data_received(b"x" * 70_000)
    assert line.paused

    waiting.set()
    await settled()
    assert not line.paused
    protocol.data_received(b"x" * 30_000)
    await settled()
    assert line.heard.endswith(b"0\r\n\r\n")


async def test_an_answer_that_did_not_wait_for_the_body_ends_the_connection():
    protocol, line, _ = await connected(saying(start(413), body(b"too long")))
    protocol.data_received(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\nabc")
    await settled()
    protocol.data_received(b"def")

    assert line.heard.startswith(b"HTTP/1.1 413 ")
    assert line.heard.endswith(b"too long\r\n0\r\n\r\n")
    assert line.ended == ["half"]


# The end of the server.


async def test_a_server_that_ends_lets_what_is_under_way_be_answered():
    waiting = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await waiting.wait()
        await saying(start(), body(b"a"))(scope, receive, send)

    idle, idle_line, _ = await connected(app)
    busy, busy_line, state = await connected(app)
    busy.data_received(GET)
    await settled()
    idle.shutdown()
    busy.shutdown()
    assert idle_line.ended == ["closed"]
    assert busy_line.ended == []

    waiting.set()
    await settled()
    assert b"\r\nconnection: close\r\n" in busy_line.heard
    assert busy_line.ended == ["closed"]
    assert state.total_requests == 1


async def test_nothing_is_kept_of_a_request_that_was_answered():
    protocol, _, state = await connected(saying(start(), body()))
    protocol.data_received(b"GET / HTTP/1.1\r\nAuthorization: secret\r\n" + HOST + b"\r\n")
    await settled()

    assert b"secret" not in repr(vars(protocol)).encode()
    assert state.tasks == set()
