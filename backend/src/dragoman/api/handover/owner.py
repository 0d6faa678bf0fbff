"""The worker that keeps things answers the others' requests beside those of its own clients."""

import asyncio
from socket import socket
from typing import Final

import structlog

from dragoman.api.errors import Message, Receive, Scope, Send
from dragoman.api.relay import Ear, Hearing, is_last
from dragoman.api.server import App

from .frames import Kind, answer_frame, body_message, frame, read_frame, scope_of

_AHEAD: Final = 8
"""Pieces of a body that are read before the application asks for them."""

_GONE: Final = {"type": "http.disconnect"}
_log: Final = structlog.get_logger("dragoman")


class Owner:
    """Serves `app` to its own clients, and to other workers by `listener`, a Unix socket.

    At the end, what was handed over may finish for `drain` seconds; then it is cancelled.
    """

    def __init__(self, app: App, listener: socket, *, drain: float) -> None:
        self._app = app
        self._listener = listener
        self._drain = drain
        self._accepting: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's own start and end."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def hear() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._close()
            return message

        async def say(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._accepting = asyncio.create_task(self._accept())
            await send(message)

        await self._app(scope, hear, say)

    async def _accept(self) -> None:
        """Take connections, each with one request, until cancelled.

        The listener stays open: it belongs to all workers, and who waits at it is taken by the
        next owner.
        """
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)  # noqa: FBT003 - it takes no keyword
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listener)
            except OSError as error:  # out of descriptors, most likely
                _log.warning("handover_not_taken", error=error.strerror)
                await asyncio.sleep(0.1)
                continue
            task = asyncio.create_task(self._serve(connection))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _serve(self, connection: socket) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=connection)
        try:
            asked = await read_frame(reader)
            if asked is None or asked.kind is not Kind.ASK:
                return
            writer.write(frame(Kind.TAKEN))
            ear, reading = _hearing(reader)
            try:
                await self._app(scope_of(asked.payload), ear, _telling(writer, ear))
            finally:
                reading.cancel()
        except Exception:  # noqa: BLE001 - one request, whatever it is, must not end the others
            _log.exception("handover_failed")
        finally:
            writer.close()

    async def _close(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._drain)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


def _hearing(reader: asyncio.StreamReader) -> tuple[Ear, asyncio.Task[None]]:
    """Give the `receive` of a request that was handed over, and the task that reads it."""
    messages: asyncio.Queue[Message] = asyncio.Queue(_AHEAD)
    gone = False

    async def receive() -> Message:
        nonlocal gone
        if gone and messages.empty():
            return {**_GONE}
        message = await messages.get()
        gone = gone or message == _GONE
        return message

    ear = Hearing(receive)

    async def read() -> None:
        while (read := await read_frame(reader)) is not None:
            await messages.put(body_message(read))
        ear.tell()
        await messages.put({**_GONE})

    return ear, asyncio.create_task(read())


def _telling(writer: asyncio.StreamWriter, ear: Ear) -> Send:
    async def send(message: Message) -> None:
        if is_last(message):
            ear.then(None)
        if writer.transport.is_closing():
            return  # as with a client who is gone: whoever waits for that is told by `receive`
        writer.write(answer_frame(message))
        try:
            await writer.drain()
        except OSError:
            return

    return send
