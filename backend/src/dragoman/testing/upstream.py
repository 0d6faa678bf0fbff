"""A provider's side of the wire, byte by byte: it says what its script says, and remembers."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dragoman.chat import Json

End: TypeAlias = Literal["clean", "cut", "reset", "hang"]


@dataclass(frozen=True)
class Received:
    """One request, as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Script:
    """What to answer: raw pieces, a pause in seconds between them, and how the body ends.

    `raw` pieces are the whole answer, its head and its framing included.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: tuple[bytes, ...] = ()
    pause: float = 0.0
    before: float = 0.0
    end: End = "clean"
    raw: bool = False


Answer: TypeAlias = Callable[[Received], Script]
"""A script that depends on the request."""


def whole(body: Json, *, status: int = 200, **headers: str) -> Script:
    """Answer with JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Script(
        status, {"content-type": "application/json"} | named, (json.dumps(body).encode(),)
    )


def streamed(pieces: Iterable[bytes], *, pause: float = 0.0, end: End = "clean") -> Script:
    """Answer with server-sent events, each piece written by itself."""
    return Script(200, {"content-type": "text/event-stream"}, tuple(pieces), pause, end=end)


class ScriptedUpstream:
    """A server on loopback that plays its scripts one after the other, the last for ever."""

    def __init__(self, *, scheme: str = "http") -> None:
        self._scheme = scheme
        self.scripts: list[Script | Answer] = [Script(status=500)]
        self.received: list[Received] = []
        self.open = 0
        self.asked = asyncio.Event()
        self.closed_by_peer = asyncio.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def play(self, *scripts: Script | Answer) -> None:
        """Answer the next requests so."""
        self.scripts = list(scripts)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until either side ends it."""
        self.open += 1
        try:
            while (request := await _read(reader)) is not None:
                self.received.append(request)
                self.asked.set()
                step = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                script = step if isinstance(step, Script) else step(request)
                if not await self._play(script, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.closed_by_peer.set()
        except asyncio.CancelledError:
            writer.transport.abort()  # TLS would wait for the other side's farewell
            raise
        finally:
            self.open -= 1
            writer.close()

    async def _play(
        self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        await self._wait(script.before, reader)
        if not script.raw:
            head = "".join(f"{name}: {value}\r\n" for name, value in script.headers.items())
            framing = "transfer-encoding: chunked\r\n\r\n"
            writer.write(f"HTTP/1.1 {script.status} X\r\n{head}{framing}".encode())
        for piece in filter(None, script.pieces):
            writer.write(piece if script.raw else b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await self._wait(script.pause, reader)
        match script.end:
            case "clean":
                if not script.raw:
                    writer.write(b"0\r\n\r\n")
                await writer.drain()
                return True
            case "reset":
                writer.transport.abort()
            case "hang":
                await self._wait(30, reader)
            case "cut":
                pass
        return False

    async def _wait(self, seconds: float, reader: asyncio.StreamReader) -> None:
        """Wait, unless the other side leaves: then note it and stop."""
        if not seconds:
            return
        try:
            async with asyncio.timeout(seconds):
                if not await reader.read(1):
                    raise ConnectionError
        except TimeoutError:
            return


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body)


@asynccontextmanager
async def scripted_upstream(
    listener: socket.socket | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedUpstream]:
    """Run a scripted upstream for a while: on a free port, or on `listener`, which stays open."""
    upstream = ScriptedUpstream(scheme="http" if tls is None else "https")
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(upstream.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    own = socket.create_server(("127.0.0.1", 0)) if listener is None else listener.dup()
    server = await asyncio.start_server(connected, sock=own, ssl=tls)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
