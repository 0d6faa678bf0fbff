"""The real server around a tiny application, and clients that say whatever bytes they like."""

import asyncio
import json
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from dragoman.api.body import read_body
from dragoman.api.edge import server_config
from dragoman.api.errors import problem_of, send_json
from dragoman.api.protocol import EdgeLimits
from dragoman.api.relay import Meter
from dragoman.api.server import Boundary

LOOPS = ["asyncio", *(["uvloop"] if sys.platform != "win32" else [])]

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
            case "/endless":
                await self._send_on(send)
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

    async def _send_on(self, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(2_000):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            await asyncio.sleep(0)


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


def get(path: bytes = b"/", *headers: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\n%b%b\r\n" % (path, HOST, b"".join(headers))


def post(path: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    typed = b"Content-Type: application/json\r\n"
    return b"POST %b HTTP/1.1\r\n%b%b%b\r\n%b" % (path, HOST, typed, b"".join(headers), body)


CHUNKED = b"Transfer-Encoding: chunked\r\n"


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
