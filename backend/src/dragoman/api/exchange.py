"""One request on a connection, and its answer: `receive` and `send`, as ASGI has them.

app ◀── messages ── Exchange ◀── pieces of the body ── EdgeProtocol
app ─── messages ─▶ Exchange ─── bytes, the head first ─▶ PoliteTransport
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, Protocol

import structlog

from dragoman.api.errors import Message, Scope
from dragoman.api.headers import RawHeaders
from dragoman.api.polite import PoliteTransport
from dragoman.api.relay import Ear
from dragoman.api.response_head import head_of
from dragoman.api.server import App

_log: Final = structlog.get_logger("dragoman.edge")

_AHEAD: Final = 64 << 10
"""How many bytes of a body are taken in before somebody asks for them."""

_BODILESS: Final = frozenset({204, 304})
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAILED: Final = b"Internal Server Error"
_FAILED_HEADERS: Final = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(_FAILED)),
    (b"connection", b"close"),
)


class Line(Protocol):
    """What an exchange needs of the connection that it is on."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that it runs in."""
        ...

    @property
    def transport(self) -> PoliteTransport:
        """What the answer is written to."""
        ...

    @property
    def written(self) -> Awaitable[None]:
        """Something that is done already, for whoever awaits what did not have to wait."""
        ...

    @property
    def default_headers(self) -> RawHeaders:
        """What every answer says first."""
        ...

    def go_on(self) -> None:
        """Go on with the next request: this one has its whole answer."""
        ...


class Exchange(Ear):
    """A request that has begun to come, and how far its answer is.

    Itself it is ASGI's `receive`. The head of an answer goes out with the first of its body, as
    ASGI demands, and so in one write with it.
    """

    __slots__ = (
        "_bell",
        "_chunked",
        "_expects",
        "_head",
        "_held",
        "_line",
        "_more",
        "_mute",
        "_open",
        "_owed",
        "_pieces",
        "_told_more",
        "_transport",
        "answered",
        "begun",
        "gone",
        "keep_alive",
        "scope",
    )

    def __init__(self, scope: Scope, line: Line, *, keep_alive: bool, expects: bool) -> None:
        super().__init__(line.loop)
        self.scope = scope
        self._line = line
        self._transport = line.transport
        # The request: whether more of it is to come, whether that was told, what was not told yet.
        self._expects = expects
        self._more = self._told_more = True
        self._pieces: list[bytes] = []
        self._held = 0
        self._bell: asyncio.Event | None = None
        # The answer: whether a body may be said, what waits for it, how much may still follow.
        self.begun = self.answered = self.gone = self._open = False
        self.keep_alive = keep_alive
        self._head = b""
        self._chunked = self._mute = False
        self._owed = 0

    # What the connection says.

    def take(self, piece: bytes) -> None:
        """Take in more of the body; nobody wants it any more when the answer is given."""
        if self.answered:
            return
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > _AHEAD:
            self._transport.pause_reading()
        if self._bell is not None:
            self._bell.set()

    def end(self) -> None:
        """Take note that the body is complete."""
        self._more = False
        if self._bell is not None:
            self._bell.set()

    def leave(self) -> None:
        """Take note that the client has left, and tell whoever works for it."""
        self.gone, self._open = True, False
        if self._bell is not None:
            self._bell.set()
        self.tell()

    # What the application says.

    async def run(self, app: App) -> None:
        """Let `app` answer; what it leaves without an end is broken off."""
        failed = False
        try:
            await app(self.scope, self, self.send)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - the last resort
            _log.exception("broken_off")
            failed = True
        if self.gone:
            return
        if not self.begun:
            await self.send(
                {"type": "http.response.start", "status": 500, "headers": _FAILED_HEADERS}
            )
            await self.send({"type": "http.response.body", "body": _FAILED})
        elif failed or not self.answered:
            self._transport.write(self._head)
            self._transport.close()

    async def __call__(self) -> Message:
        """Receive more of the body, or that the client has left; see ASGI."""
        if self._expects:
            self._expects = False
            self._transport.write(_CONTINUE)
        self._transport.resume_reading()
        while not (self._pieces or self._more != self._told_more or self.gone or self.answered):
            if self._bell is None:
                self._bell = asyncio.Event()
            self._bell.clear()
            await self._bell.wait()
        if self.gone or self.answered:
            return {"type": "http.disconnect"}
        body = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        self._told_more = self._more
        return {"type": "http.request", "body": body, "more_body": self._more}

    def send(self, message: Message) -> Awaitable[None]:
        """Say the next part of the answer; see ASGI.

        It is said at once, unless the client is slow to take what was said before. Raises
        `RuntimeError` where it would be no answer. Says nothing to a client that has left.
        """
        if self._transport.is_full:
            return self._send_later(message)
        kind = message["type"]
        if self._open and kind == "http.response.body":
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
        elif self.gone:
            pass
        elif kind == "http.response.start" and not self.begun:
            self._begin(message["status"], message.get("headers", ()))
        else:
            raise RuntimeError(f"an answer cannot go on with {kind!r} here")
        return self._line.written

    async def _send_later(self, message: Message) -> None:
        await self._transport.drain()
        await self.send(message)

    def _begin(self, status: int, headers: RawHeaders) -> None:
        self.begun = self._open = True
        self._expects = False
        self._mute = self.scope["method"] == "HEAD"
        head = head_of(
            status,
            [*self._line.default_headers, *headers],
            keep_alive=self.keep_alive,
            bodiless=self._mute or status in _BODILESS,
        )
        self._head, self.keep_alive = head.text, head.keep_alive
        if head.length is None:
            self._chunked = True
        elif not self._mute:
            self._owed = head.length

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self._mute:
            body = b""
        elif self._chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        else:
            self._owed -= len(body)
            if self._owed < 0:
                raise RuntimeError("the answer is longer than its content-length")
        if self._head:
            body = self._head + body
            self._head = b""
        if body:
            self._transport.write(body)
        if not more:
            self._finish()

    def _finish(self) -> None:
        if self._owed:
            raise RuntimeError("the answer is shorter than its content-length")
        self.answered, self._open = True, False
        if self._bell is not None:
            self._bell.set()
        if not self.keep_alive:
            self._transport.close()
        self._line.go_on()
