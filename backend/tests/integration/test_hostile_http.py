"""Raw bytes against the real server: what is let in, what is refused, and in which words."""

import json
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from dragoman.api.body import read_body
from dragoman.api.edge import server_config
from dragoman.api.errors import problem_of, send_json
from dragoman.api.protocol import EdgeLimits
from dragoman.api.relay import Meter
from dragoman.api.server import Boundary

PATIENCE = 10.0
"""Seconds after which a test gives up on the server; nothing is expected to take them."""

QUICK = EdgeLimits(
    head_time=0.5, body_time=0.5, idle_time=0.5, linger_time=1.0, stall_time=0.5, connections=40
)
HOST = b"Host: localhost\r\n"


class Application:
    """A tiny application that remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.left: list[str] = []
        self.go_on = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.reached.append(scope["path"])
        match scope["path"]:
            case "/bounded":
                await self._read_bounded(scope, receive, send)
            case "/stream":
                await self._stream(receive, send)
            case "/large":
                await self._send_much(send)
            case _:
                await self._echo(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})

    async def _echo(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.append(scope["path"])
                return
            body += message["body"]
            if not message["more_body"]:
                break
        told = {
            "method": scope["method"],
            "path": scope["path"],
            "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
            "client": scope["client"][0],
            "scheme": scope["scheme"],
            "body": body.decode(),
        }
        await send_json(send, json.dumps(told).encode())

    async def _read_bounded(self, scope: Any, receive: Any, send: Any) -> None:
        body = await read_body(scope, receive)
        await send_json(send, json.dumps({"length": len(body)}).encode())

    async def _stream(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
        if (await receive())["type"] == "http.disconnect":
            self.left.append("/stream")
            self.go_on.set()

    async def _send_much(self, send: Any) -> None:
        body = b"x" * (32 << 20)
        headers = [(b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Reply:
    """One answer, as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


@dataclass
class Peer:
    """One connection to the server, and what came from it and is not read yet."""

    socket: socket.socket
    _heard: bytes = b""

    def say(self, said: bytes) -> None:
        self.socket.sendall(said)

    def say_while_heard(self, said: bytes, *, times: int, pause: float = 0) -> int:
        """Go on saying the same until the server has hung up; give how often it was said."""
        for count in range(times):
            try:
                self.socket.sendall(said)
            except OSError:
                return count
            time.sleep(pause)
        return times

    def reply(self) -> Reply:
        """Read one answer of known length."""
        while b"\r\n\r\n" not in self._heard:
            self._more()
        head, _, self._heard = self._heard.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        length = int(headers.get("content-length", "0"))
        while len(self._heard) < length:
            self._more()
        body, self._heard = self._heard[:length], self._heard[length:]
        return Reply(int(line.split()[1]), headers, body)

    def rest(self) -> bytes:
        """Read to the end."""
        while part := self.socket.recv(65_536):
            self._heard += part
        return self._heard

    def rest_or_reset(self) -> bytes:
        """Read to the end, which may be a reset."""
        with suppress(ConnectionResetError):
            self.rest()
        return self._heard

    def last_reply(self) -> Reply:
        """Read one answer, and make sure that the connection ends after it."""
        reply = self.reply()
        assert reply.headers["connection"] == "close"
        assert self.rest() == b""
        return reply

    def _more(self) -> None:
        part = self.socket.recv(65_536)
        assert part, f"the connection ended after {self._heard!r}"
        self._heard += part


@dataclass
class Running:
    """The server, in a thread of its own."""

    server: uvicorn.Server
    application: Application
    address: tuple[str, int]
    peers: list[Peer] = field(default_factory=list)

    def peer(self) -> Peer:
        connection = socket.create_connection(self.address, timeout=PATIENCE)
        self.peers.append(Peer(connection))
        return self.peers[-1]

    def ask(self, said: bytes) -> Peer:
        peer = self.peer()
        peer.say(said)
        return peer

    def is_well(self) -> bool:
        """Tell whether an ordinary request is served."""
        return self.ask(b"GET /well HTTP/1.1\r\n" + HOST + b"\r\n").reply().status == 200

    def connections(self) -> int:
        return len(self.server.server_state.connections)


def bounded(application: Application) -> Boundary:
    """Put what stands around every application of ours around one."""
    return Boundary(application, explain=problem_of, meter=Meter())


@contextmanager
def serving(loop: str, limits: EdgeLimits = QUICK) -> Iterator[Running]:
    application = Application()
    config = server_config(bounded(application), limits=limits, log_level="critical", drain=5)
    config.loop = loop
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    running = Running(server, application, listener.getsockname())
    try:
        until(lambda: server.started and bool(server.server_state.default_headers))
        yield running
    finally:
        for peer in running.peers:
            peer.socket.close()
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
        assert not thread.is_alive(), "the server did not end"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


LOOPS = ["asyncio", *(["uvloop"] if sys.platform != "win32" else [])]


@pytest.fixture(scope="module", params=LOOPS)
def shared(request: pytest.FixtureRequest) -> Iterator[Running]:
    with serving(request.param) as running:
        yield running


@pytest.fixture
def dragoman(shared: Running) -> Iterator[Running]:
    """The server; whatever a test does to it, it serves the next one."""
    shared.application.reached.clear()
    shared.application.left.clear()
    yield shared
    assert shared.is_well()
    for peer in shared.peers:
        peer.socket.close()
    shared.peers.clear()
    until(lambda: shared.connections() == 0)


def get(path: bytes = b"/", *headers: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\n%b%b\r\n" % (path, HOST, b"".join(headers))


def post(path: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    typed = b"Content-Type: application/json\r\n"
    return b"POST %b HTTP/1.1\r\n%b%b%b\r\n%b" % (path, HOST, typed, b"".join(headers), body)


CHUNKED = b"Transfer-Encoding: chunked\r\n"


# What is in order.


def test_an_ordinary_request_is_served_and_the_connection_kept(dragoman: Running):
    peer = dragoman.peer()

    for path in (b"/one", b"/two"):
        peer.say(post(path, b"Content-Length: 5\r\n", body=b"Hello"))
        reply = peer.reply()
        assert (reply.status, reply.json["path"], reply.json["body"]) == (
            200,
            path.decode(),
            "Hello",
        )


def test_a_request_may_come_byte_by_byte(dragoman: Running):
    peer = dragoman.peer()
    for byte in post(b"/slow", CHUNKED, body=b"3;a=b\r\nHel\r\n2\r\nlo\r\n0\r\n\r\n"):
        peer.say(bytes([byte]))

    assert peer.reply().json["body"] == "Hello"


def test_a_large_body_arrives_whole(dragoman: Running):
    body = b"x" * 900_000

    peer = dragoman.ask(post(b"/large-body", b"Content-Length: 900000\r\n", body=body))

    assert len(peer.reply().json["body"]) == 900_000


def test_requests_sent_at_once_are_answered_in_order(dragoman: Running):
    peer = dragoman.ask(b"".join(get(b"/%d" % number) for number in range(8)))

    assert [peer.reply().json["path"] for _ in range(8)] == [f"/{n}" for n in range(8)]


def test_an_offer_to_change_the_protocol_is_declined(dragoman: Running):
    offer = (b"Connection: Upgrade, HTTP2-Settings\r\n", b"Upgrade: h2c\r\n")
    peer = dragoman.ask(get(b"/one", *offer) + get(b"/two"))

    assert [peer.reply().json["path"] for _ in range(2)] == ["/one", "/two"]


def test_a_websocket_is_declined(dragoman: Running):
    peer = dragoman.ask(get(b"/", b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n"))

    assert peer.reply().status == 200


def test_an_old_client_is_served_once(dragoman: Running):
    peer = dragoman.ask(b"GET /old HTTP/1.0\r\n\r\n")

    assert peer.last_reply().json["path"] == "/old"


def test_an_address_may_be_written_out(dragoman: Running):
    peer = dragoman.ask(get(b"http://LocalHost/path?q=1"))

    assert peer.reply().json["path"] == "/path"


def test_a_blank_line_after_a_request_harms_nobody(dragoman: Running):
    peer = dragoman.ask(get(b"/one") + b"\r\n")
    assert peer.reply().status == 200

    peer.say(b"\r\n" + get(b"/two"))
    assert peer.reply().json["path"] == "/two"


# What could be read in two ways (C16).

MALFORMED = {
    "two hosts": get(b"/", b"Host: localhost\r\n"),
    "two different hosts": get(b"/", b"Host: evil.example\r\n"),
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
    "a host with a user": b"GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n",
    "a host with a space": b"GET / HTTP/1.1\r\nHost: local host\r\n\r\n",
    "a list of hosts": b"GET / HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n",
    "another host in the address": get(b"http://evil.example/"),
    "an address without a path": get(b"http://localhost"),
    "length and chunks": post(b"/", b"Content-Length: 5\r\n", CHUNKED, body=b"0\r\n\r\n"),
    "chunks and length": post(b"/", CHUNKED, b"Content-Length: 5\r\n", body=b"0\r\n\r\n"),
    "two lengths": post(b"/", b"Content-Length: 1\r\n", b"Content-Length: 2\r\n", body=b"ab"),
    "one length twice": post(b"/", b"Content-Length: 1\r\n" * 2, body=b"a"),
    "a list of lengths": post(b"/", b"Content-Length: 1, 1\r\n", body=b"a"),
    "a signed length": post(b"/", b"Content-Length: +1\r\n", body=b"a"),
    "a negative length": post(b"/", b"Content-Length: -1\r\n", body=b"a"),
    "a length in hex": post(b"/", b"Content-Length: 0x1\r\n", body=b"a"),
    "a length beyond all": post(b"/", b"Content-Length: 99999999999999999999\r\n"),
    "no length at all": post(b"/", b"Content-Length: \r\n"),
    "chunked twice": post(b"/", CHUNKED * 2, body=b"0\r\n\r\n"),
    "another coding": post(b"/", b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n"),
    "an unknown coding": post(b"/", b"Transfer-Encoding: xchunked\r\n", body=b"0\r\n\r\n"),
    "identity": post(b"/", b"Transfer-Encoding: identity\r\n", body=b"0\r\n\r\n"),
    "a tab before chunked": post(b"/", b"Transfer-Encoding: \x0bchunked\r\n", body=b"0\r\n\r\n"),
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n",
    "a bare LF": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "a bare LF after a header": b"GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
    "a bare CR": b"GET / HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
    "a folded header": get(b"/", b"X: y\r\n z\r\n"),
    "a header folded by a tab": get(b"/", b"X: y\r\n\tz\r\n"),
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "a space before the first header": b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "a header without a colon": get(b"/", b"X\r\n"),
    "a header without a name": get(b"/", b": y\r\n"),
    "a NUL in a header": get(b"/", b"X: a\x00b\r\n"),
    "a name in brackets": get(b"/", b"X(y): z\r\n"),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "an older version": b"GET / HTTP/0.9\r\n" + HOST + b"\r\n",
    "a newer version": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "an unknown version": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": b"FETCH / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method in lower case": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space in the address": get(b"/a b"),
    "a NUL in the address": get(b"/\x00"),
    "raw bytes in the address": get(b"/\xff"),
}
BAD_CHUNKS = {
    "a chunk of no size": b"\r\nabc\r\n0\r\n\r\n",
    "a chunk's size in words": b"three\r\nabc\r\n0\r\n\r\n",
    "a chunk's size with a sign": b"+3\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": b"-3\r\nabc\r\n0\r\n\r\n",
    "a chunk's size with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a space before a chunk's size": b" 3\r\nabc\r\n0\r\n\r\n",
    "a space after a chunk's size": b"3 \r\nabc\r\n0\r\n\r\n",
    "a chunk too long for its size": b"2\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond all": b"ffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
    "a bare LF after a chunk's size": b"3\nabc\r\n0\r\n\r\n",
    "a bare LF after a chunk": b"3\r\nabc\n0\r\n\r\n",
    "a bare LF in an extension": b"3;a\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_head_is_refused_and_reaches_nobody(dragoman: Running, name: str):
    reply = dragoman.ask(MALFORMED[name]).last_reply()

    assert (reply.status, reply.json["reason"]) == (400, "bad_request")
    assert dragoman.application.reached == []


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_a_malformed_chunk_is_refused(dragoman: Running, name: str):
    reply = dragoman.ask(post(b"/chunks", CHUNKED, body=BAD_CHUNKS[name])).last_reply()

    assert (reply.status, reply.json["reason"]) == (400, "bad_request")


def test_the_body_of_a_refused_request_is_not_taken_for_another(dragoman: Running):
    smuggled = b"0\r\n\r\n" + get(b"/smuggled")
    length = b"Content-Length: %d\r\n" % len(smuggled)

    peer = dragoman.ask(post(b"/outer", length, CHUNKED, body=smuggled) + get(b"/after"))

    assert peer.last_reply().status == 400
    assert dragoman.application.reached == []


def test_a_trailer_is_no_header(dragoman: Running):
    body = b"3\r\nabc\r\n0\r\nHost: evil.example\r\nAuthorization: Bearer x\r\n\r\n"

    reply = dragoman.ask(post(b"/trailer", CHUNKED, body=body)).reply()

    names = [name for name, _ in reply.json["headers"]]
    assert names == ["host", "content-type", "transfer-encoding"]


def test_a_refusal_is_in_the_words_of_every_other_error(dragoman: Running):
    reply = dragoman.ask(b"GET / HTTP/1.1\r\n\r\n").last_reply()

    assert reply.headers["content-type"] == "application/json"
    assert sorted(reply.json) == ["code", "error", "reason", "request_id", "status", "timestamp"]
    assert (reply.json["status"], reply.json["code"]) == ("error", "INVALID_REQUEST")
    assert reply.json["error"] == "there must be one Host header, and it must name a host"
    assert reply.json["request_id"] == reply.headers["x-request-id"]


def test_every_answer_carries_the_security_headers_and_no_banner(dragoman: Running):
    served = dragoman.ask(get()).reply()
    refused = dragoman.ask(b"GET / HTTP/1.1\r\n\r\n").reply()

    for reply in (served, refused):
        assert {
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
        }.items() <= reply.headers.items()
        assert "server" not in reply.headers
        assert not [name for name in reply.headers if name.startswith("access-control-")]
        assert "uvicorn" not in str(reply).lower()


def test_what_a_proxy_would_say_is_not_believed(dragoman: Running):
    reply = dragoman.ask(
        get(
            b"/",
            b"X-Forwarded-For: 203.0.113.7\r\n",
            b"X-Forwarded-Proto: https\r\n",
            b"X-Forwarded-Host: evil.example\r\n",
        )
    ).reply()

    assert (reply.json["client"], reply.json["scheme"]) == ("127.0.0.1", "http")


def test_the_server_is_no_proxy(dragoman: Running):
    reply = dragoman.ask(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n")

    refused = reply.last_reply()
    assert refused.status == 405
    assert "GET" in refused.headers["allow"]
    assert dragoman.application.reached == []


# What is too large (C13).


def head_of(size: int) -> bytes:
    """Make a request whose head is that long."""
    begin = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "
    return begin + b"y" * (size - len(begin) - 4) + b"\r\n\r\n"


def test_a_head_of_the_greatest_size_is_read_and_one_byte_more_is_not(dragoman: Running):
    assert len(head_of(16_384)) == 16_384
    assert dragoman.ask(head_of(16_384)).reply().status == 200

    reply = dragoman.ask(head_of(16_385)).last_reply()
    assert (reply.status, reply.json["reason"]) == (431, "headers_too_large")


def test_the_size_is_that_of_one_head_not_of_the_connection(dragoman: Running):
    peer = dragoman.peer()

    for _ in range(3):
        peer.say(head_of(16_384))
        assert peer.reply().status == 200


def test_a_head_of_the_greatest_size_may_have_a_body(dragoman: Running):
    length = b"Content-Length: 2\r\n"
    filling = b"X: %b\r\n" % (b"y" * (16_384 - len(post(b"/", length)) - 5))
    peer = dragoman.ask(post(b"/", length, filling))
    time.sleep(0.1)
    peer.say(b"{}")

    assert peer.reply().json["body"] == "{}"


def test_a_body_is_no_part_of_the_head(dragoman: Running):
    body = b"x" * 40_000
    peer = dragoman.ask(post(b"/", b"Content-Length: 40000\r\n", body=body) + head_of(16_384))

    assert [peer.reply().status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("size", [16_385, 100_000, 4_000_000])
def test_one_endless_header_is_refused_while_it_comes(dragoman: Running, size: int):
    peer = dragoman.ask(b"GET / HTTP/1.1\r\n" + HOST + b"X: ")
    peer.say_while_heard(b"y" * size, times=1)

    assert peer.last_reply().status == 431
    assert dragoman.application.reached == []


@pytest.mark.parametrize("filling", [b"X: " + b" " * 20_000, b"X" * 20_000, b"X: y\r\n" * 90 * 40])
def test_a_head_is_measured_whatever_it_is_filled_with(dragoman: Running, filling: bytes):
    assert dragoman.ask(get(b"/", filling)).last_reply().status == 431


def test_endless_blank_lines_are_no_request(dragoman: Running):
    assert dragoman.ask(b"\r\n" * 10_000).last_reply().status == 431


def test_a_hundred_headers_are_read_and_one_more_is_not(dragoman: Running):
    headers = [b"X-%d: y\r\n" % number for number in range(99)]

    assert dragoman.ask(get(b"/", *headers)).reply().status == 200
    reply = dragoman.ask(get(b"/", *headers, b"One: more\r\n")).last_reply()
    assert (reply.status, reply.json["error"]) == (431, "there are too many headers")


def test_an_address_of_the_greatest_length_is_read_and_one_byte_more_is_not(dragoman: Running):
    longest = b"/" + b"a" * 8_191

    assert dragoman.ask(get(longest)).reply().json["path"] == longest.decode()
    reply = dragoman.ask(get(longest + b"a")).last_reply()
    assert (reply.status, reply.json["reason"]) == (414, "url_too_long")


def test_an_endless_address_is_refused_while_it_comes(dragoman: Running):
    peer = dragoman.ask(b"GET /")
    peer.say_while_heard(b"a" * 65_536, times=100)

    assert peer.last_reply().status == 414


@pytest.mark.parametrize(
    "beside",
    [
        b"1;" + b"e" * 40_000 + b"\r\na\r\n",
        b"0\r\nX: " + b"y" * 40_000,
        b"0\r\n" + b"X: y\r\n" * 9_000,
    ],
    ids=["an extension", "a trailer", "many trailers"],
)
def test_what_stands_beside_a_body_is_measured_as_well(dragoman: Running, beside: bytes):
    reply = dragoman.ask(post(b"/", CHUNKED, body=beside)).last_reply()

    assert (reply.status, reply.json["reason"]) == (400, "bad_request")


def test_requests_sent_at_once_are_taken_up_to_a_bound(dragoman: Running):
    peer = dragoman.ask(get(b"/stream") + get(b"/next") * 100)

    assert b"HTTP/1.1 4" not in peer.rest_or_reset()
    assert dragoman.application.reached == ["/stream"]


LARGE = {
    "a header": b"GET / HTTP/1.1\r\n" + HOST + b"X: ",
    "an address": b"GET /",
    "a body": post(b"/bounded", CHUNKED, body=b"ffffffff\r\n"),
    "an extension": post(b"/bounded", CHUNKED, body=b"1;"),
    "a trailer": post(b"/bounded", CHUNKED, body=b"0\r\nX: "),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
@pytest.mark.parametrize("name", LARGE)
def test_whatever_is_sent_takes_no_memory(name: str):
    with serving_apart() as (pid, address):
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            warm = Peer(connection)
            warm.say(post(b"/bounded", b"Content-Length: 1048576\r\n", body=b"x" * 1_048_576))
            assert warm.reply().status == 200
        before = peak_memory(pid)
        for _ in range(4):
            with socket.create_connection(address, timeout=PATIENCE) as connection:
                peer = Peer(connection)
                peer.say(LARGE[name])
                peer.say_while_heard(b"x" * (1 << 20), times=32)
                assert peer.reply().status in {400, 413, 414, 431}
        after = peak_memory(pid)

    assert after - before < 4_096, "KiB of memory for 128 MiB that were sent"


def peak_memory(pid: int) -> int:
    """Give the most memory that a process has had, in KiB."""
    facts = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(fact.split()[1]) for fact in facts if fact.startswith("VmHWM"))


@contextmanager
def serving_apart() -> Iterator[tuple[int, tuple[str, int]]]:
    """Run the server in a process of its own; give its id and its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(listener,))
    process.start()
    try:
        assert process.pid is not None
        yield process.pid, listener.getsockname()
    finally:
        process.terminate()
        process.join(PATIENCE)
        listener.close()
    assert process.exitcode is not None, "the server did not end"


def serve(listener: socket.socket) -> None:
    config = server_config(bounded(Application()), log_level="critical")
    uvicorn.Server(config).run([listener])


# What is refused while the client is still sending (C01).


# Where a connection is reset, what was sent to the client last may be lost before it is read: so in
# these, everything must be taken to the end, though nobody wants it.


def test_a_client_that_sends_too_much_hears_why(dragoman: Running):
    peer = dragoman.ask(post(b"/bounded", b"Content-Length: 8388608\r\n"))
    assert peer.say_while_heard(b"x" * 65_536, times=128) == 128

    reply = peer.reply()
    assert (reply.status, reply.json["error"]) == (
        413,
        "body: must be at most 1,048,576 bytes long",
    )
    assert peer.rest() == b""


def test_a_client_that_never_ends_its_body_hears_why(dragoman: Running):
    peer = dragoman.ask(post(b"/bounded", CHUNKED))
    assert peer.say_while_heard(b"10000\r\n" + b"x" * 65_536 + b"\r\n", times=128) == 128

    assert peer.reply().status == 413
    assert peer.rest() == b""


def test_a_client_that_wants_to_close_hears_why_too(dragoman: Running):
    length = b"Content-Length: 8388608\r\n"
    peer = dragoman.ask(post(b"/bounded", b"Connection: close\r\n", length))
    assert peer.say_while_heard(b"x" * 65_536, times=128) == 128

    assert peer.last_reply().status == 413


def test_a_client_that_never_stops_is_not_listened_to_for_ever(dragoman: Running):
    peer = dragoman.ask(post(b"/bounded", CHUNKED))
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    assert peer.say_while_heard(piece, times=100_000, pause=0.01) < 100_000
    until(lambda: dragoman.connections() == 0)


def test_a_client_that_asks_first_sends_no_body_in_vain(dragoman: Running):
    expecting = b"Expect: 100-continue\r\n"

    refused = dragoman.ask(post(b"/bounded", b"Content-Length: 8388608\r\n", expecting))
    assert refused.reply().status == 413

    welcome = dragoman.ask(post(b"/bounded", b"Content-Length: 2\r\n", expecting))
    assert welcome.reply().status == 100
    welcome.say(b"{}")
    assert welcome.reply().json == {"length": 2}


# What takes too long (C14, C15, C24).


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(dragoman: Running):
    assert dragoman.peer().rest() == b""


def test_a_head_that_does_not_end_is_not_waited_for(dragoman: Running):
    peer = dragoman.ask(b"GET / HTTP/1.1\r\n" + HOST)
    said = peer.say_while_heard(b"X: y\r\n", times=200, pause=0.05)

    reply = peer.last_reply()
    assert said < 200
    assert (reply.status, reply.json["reason"]) == (408, "header_timeout")
    assert dragoman.application.reached == []


def test_a_second_head_is_waited_for_no_longer_than_the_first(dragoman: Running):
    peer = dragoman.ask(get())
    assert peer.reply().status == 200

    peer.say(b"GET / HT")
    assert peer.last_reply().status == 408


def test_one_byte_does_not_keep_an_idle_connection(dragoman: Running):
    peer = dragoman.ask(get())
    assert peer.reply().status == 200

    peer.say(b"\r\n")
    assert peer.last_reply().status == 408


def test_an_idle_connection_is_closed_without_a_word(dragoman: Running):
    peer = dragoman.ask(post(b"/", CHUNKED, body=b"2\r\n{}\r\n"))
    time.sleep(0.1)
    peer.say(b"0\r\n\r\n")

    assert peer.reply().status == 200
    assert peer.rest() == b""


@pytest.mark.parametrize("framing", [b"Content-Length: 1000\r\n", CHUNKED])
def test_a_body_that_trickles_is_not_waited_for(dragoman: Running, framing: bytes):
    peer = dragoman.ask(post(b"/trickle", framing))
    piece = b"1\r\nx\r\n" if framing == CHUNKED else b"x"
    said = peer.say_while_heard(piece, times=200, pause=0.05)

    reply = peer.last_reply()
    assert said < 200
    assert (reply.status, reply.json["reason"]) == (408, "body_timeout")
    until(lambda: dragoman.application.left == ["/trickle"])


def test_a_body_that_is_long_in_coming_but_comes_is_read(dragoman: Running):
    pieces, pause = 12, 0.1  # in all three times as long as a body may take to bring nothing
    assert pieces * pause > 2 * QUICK.body_time

    peer = dragoman.ask(post(b"/steady", b"Content-Length: 12000\r\n"))
    assert peer.say_while_heard(b"x" * 1_000, times=pieces, pause=pause) == pieces

    assert len(peer.reply().json["body"]) == 12_000


def test_a_long_answer_is_not_cut_by_the_deadlines_of_requests(dragoman: Running):
    peer = dragoman.ask(get(b"/stream") + b"GET /ne")  # the next request has begun already
    time.sleep(4 * QUICK.head_time)

    peer.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        peer.rest()
    assert peer._heard.endswith(b"begun \r\n")
    assert dragoman.application.left == []


def test_others_are_served_while_many_keep_the_server_waiting(dragoman: Running):
    silent = [dragoman.peer() for _ in range(15)]
    slow = [dragoman.ask(b"GET / HTTP/1.1\r\nX: ") for _ in range(15)]

    assert dragoman.is_well()
    assert {peer.rest() for peer in silent} == {b""}
    assert {peer.last_reply().status for peer in slow} == {408}


# What would speak into another answer.


def test_a_fault_behind_an_answer_that_has_begun_ends_it_without_a_word(dragoman: Running):
    peer = dragoman.ask(get(b"/stream"))
    while b"begun" not in peer._heard:
        peer._more()

    peer.say(b"nonsense\r\n\r\n")

    assert b"HTTP/1.1 400" not in peer.rest_or_reset()
    until(lambda: dragoman.application.left == ["/stream"])


# How connections end.


def test_a_client_that_leaves_has_left_whatever_it_sent_after_its_request(dragoman: Running):
    peer = dragoman.ask(get(b"/stream") + get(b"/next") * 3)
    while b"begun" not in peer._heard:
        peer._more()

    peer.socket.close()

    until(lambda: dragoman.application.left == ["/stream"])


def test_a_client_that_takes_nothing_does_not_keep_its_connection(dragoman: Running):
    dragoman.ask(get(b"/large"))

    until(lambda: dragoman.connections() == 1)
    until(lambda: dragoman.connections() == 0)


def test_a_client_that_is_only_slow_gets_all_of_it(dragoman: Running):
    peer = dragoman.ask(get(b"/large"))
    total, begun = 0, time.monotonic()
    while part := peer.socket.recv(1 << 20):
        total += len(part)
        if time.monotonic() - begun < 3 * QUICK.stall_time:
            time.sleep(0.05)

    assert total > 32 << 20


def test_a_connection_too_many_is_told_so_and_the_next_one_served(dragoman: Running):
    crowd = [dragoman.ask(b"GET") for _ in range(QUICK.connections)]
    until(lambda: dragoman.connections() == QUICK.connections)

    reply = dragoman.ask(get()).last_reply()
    assert (reply.status, reply.json["reason"]) == (503, "too_many_connections")
    assert int(reply.headers["retry-after"]) > 0

    for peer in crowd:
        peer.socket.close()
    until(lambda: dragoman.connections() == 0)
    assert dragoman.is_well()


@pytest.mark.parametrize("loop", LOOPS)
def test_the_server_ends_although_clients_keep_it_waiting(loop: str):
    patient = EdgeLimits()
    with serving(loop, patient) as dragoman:
        dragoman.peer()
        dragoman.ask(b"GET / HTTP/1.1\r\nX: ")
        kept = dragoman.ask(get())
        assert kept.reply().status == 200
        dragoman.server.should_exit = True
        assert kept.rest() == b""
        until(lambda: dragoman.connections() == 0)
