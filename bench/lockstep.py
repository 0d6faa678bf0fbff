"""Dragoman in this process, asked and answered in step, so that what it does can be counted.

    this thread:    ask ─┐            ┌─ piece ─┐            ┌─ piece ─┐
    its own thread:      └ the server ┘         └ the server ┘         └ …

This thread is client and upstream at once, on plain sockets. It says the next thing only when it
has heard what came of the last, so that each read of the server brings exactly one of them:
between two such moments the server does the same every time, whatever the clock says.
"""

import asyncio
import re
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

import uvicorn
import uvloop
from msgspec import Struct

from bench.content import QUESTION, piece
from bench.mock import STREAM_HEAD, chunk, whole
from bench.questions import Wire, question
from bench.systems import PREFIX, Place, environment_of_dragoman
from bench.upstream_answers import (
    streamed_chat,
    streamed_message,
    whole_chat,
    whole_message,
)
from bench.verdicts import Judge
from dragoman.api.edge import server_config
from dragoman.api.server import App
from dragoman.app import create_app
from dragoman.cli.configuration import Loader

MODEL: Final = "bench-100-0"
_PATIENCE: Final = 20.0
_TURNS: Final = 10
"""Turns of the loop after which nothing is left of an answer that was given."""
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Script(Struct, frozen=True):
    """What is asked in which wire, and answered in which."""

    name: str
    client: Wire
    upstream: Wire
    pieces: int | None = None

    @property
    def model(self) -> str:
        """The model as the client names it."""
        return f"{PREFIX}{MODEL}" if self.upstream is Wire.MESSAGES else MODEL


class _Peer:
    """One end of a connection with the server."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.settimeout(_PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""

    def say(self, text: bytes) -> None:
        self.socket.sendall(text)

    def until(self, mark: bytes) -> bytes:
        """Hear until `mark` has come; what comes after it is kept for the next time."""
        while (end := self._heard.find(mark)) < 0:
            self._heard += self._more()
        heard, self._heard = self._heard[: end + len(mark)], self._heard[end + len(mark) :]
        return heard

    def message(self) -> bytes:
        """Hear a message of known length."""
        head = self.until(b"\r\n\r\n")
        found = _LENGTH.search(head)
        if found is None:
            raise RuntimeError(f"no content-length in {head!r}")
        length = int(found[1])
        while len(self._heard) < length:
            self._heard += self._more()
        body, self._heard = self._heard[:length], self._heard[length:]
        return head + body

    def _more(self) -> bytes:
        more = self.socket.recv(65536)
        if not more:
            raise RuntimeError(f"the server hung up after {self._heard[-200:]!r}")
        return more


class Server:
    """Dragoman on a thread of its own: enter it, and `play` scripts; `around` may wrap it."""

    def __init__(self, around: Callable[[App], App] = lambda app: app) -> None:
        self._around = around
        self._ready = Event()
        self._stack = ExitStack()
        self._fault: BaseException | None = None

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._upstream = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._upstream.settimeout(_PATIENCE)
        self._listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._thread = Thread(target=self._serve, name="dragoman")
        self._thread.start()
        self._ready.wait(_PATIENCE)
        if self._fault is not None:
            raise RuntimeError("Dragoman did not start") from self._fault
        address = self._listener.getsockname()
        self._client = _Peer(self._stack.enter_context(socket.create_connection(address)))
        self._asked: _Peer | None = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.socket.close()
        self._server.should_exit = True
        self._thread.join(_PATIENCE)
        if self._asked is not None:
            self._asked.socket.close()
        self._stack.close()

    def _serve(self) -> None:
        try:
            uvloop.run(self._main())
        except BaseException as error:  # noqa: BLE001 - told on the other thread
            self._fault = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        place = Place(self._folder, self._upstream.getsockname()[1])
        environ = dict(environment_of_dragoman(place, self._folder))
        load = Loader(environ=environ, cwd=self._folder)
        configuration = load()
        self.loop = asyncio.get_running_loop()
        app = create_app(configuration, load=load, registry=load.registry)
        self._server = uvicorn.Server(server_config(self._around(app), log_level="warning"))
        serving = asyncio.create_task(self._server._serve([self._listener]))  # noqa: SLF001 - `serve` would take this process's signals
        while not (self._server.started or serving.done()):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
        self._ready.set()
        await serving

    def on_its_thread(self, step: Callable[[], None]) -> None:
        """Do something on the server's thread, once what it is at is done."""
        done = Event()

        def rest(turns: int) -> None:
            if turns:
                self.loop.call_soon(rest, turns - 1)
            else:
                step()
                done.set()

        self.loop.call_soon_threadsafe(rest, _TURNS)
        if not done.wait(_PATIENCE):
            raise RuntimeError("the server is stuck")

    def play(self, script: Script) -> None:
        """Play a script once. Raises `RuntimeError` if the answer is wrong."""
        asking = question(
            script.client, script.model, stream=script.pieces is not None, host="127.0.0.1"
        )
        self._client.say(asking)
        if self._asked is None:
            self._asked = _Peer(self._upstream.accept()[0])
        question_heard = self._asked.message()
        if QUESTION.encode() not in question_heard:
            raise RuntimeError(f"not the whole question: {question_heard!r}")
        if script.pieces is None:
            self._whole(self._asked, script)
        else:
            self._stream(self._asked, script, script.pieces)

    def _whole(self, upstream: _Peer, script: Script) -> None:
        answer = whole_chat if script.upstream is Wire.CHAT else whole_message
        upstream.say(whole(200, answer(MODEL)))
        body = self._client.message().partition(b"\r\n\r\n")[2]
        fault = Judge(script.client, pieces=None).fault(200, body)
        if fault is not None:
            raise RuntimeError(f"{script.name}: {fault}: {body!r}")

    def _stream(self, upstream: _Peer, script: Script, pieces: int) -> None:
        """Each piece is heard before the next is said, as its chunk: so the order is checked."""
        streamed = (
            streamed_chat(MODEL, pieces, usage=True)
            if script.upstream is Wire.CHAT
            else streamed_message(MODEL, pieces)
        )
        opening, *rest = (streamed.opening + streamed.pieces[0], *streamed.pieces[1:])
        upstream.say(STREAM_HEAD + chunk(opening))
        self._client.until(b"\r\n\r\n")
        self._hear(0)
        for number, said in enumerate(rest, start=1):
            upstream.say(chunk(said))
            self._hear(number)
        upstream.say(chunk(streamed.closing) + b"0\r\n\r\n")
        self._client.until(b"\r\n0\r\n\r\n")

    def _hear(self, number: int) -> None:
        self._client.until(piece(number).encode())
        self._client.until(b"\r\n")
