"""Bringing an answer to a client: late enough to be true, never silent, ended with its client."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Self

from msgspec import Struct

from dragoman.api.errors import Headers, Message, Receive, Send

_STREAM_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


KEEP_ALIVE: Final = b": keep-alive\n\n"
"""A comment, which every reader of server-sent events passes over."""


class ClientGone(Exception):  # noqa: N818 - it is no error of ours
    """The client went away, or takes nothing any more: there is nobody left to answer."""


class Pace(Struct, frozen=True):
    """How long an answer may keep its client waiting, in seconds.

    The status line is held back for `hold`, so that a failure before the first event gets its true
    status; a silent stream gets a comment every `beat`; a client that takes nothing for `stall` is
    taken for gone.
    """

    hold: float = 10.0
    beat: float = 15.0
    stall: float = 30.0


class Ear:
    """A `receive` that knows of a departure without being asked for it over and over.

    It is told at once to whom it concerns (`then`), and never after the whole answer was sent. An
    ear knows its `loop`, too: Python 3.11 asks the system for it each time.
    """

    __slots__ = ("_left", "_next", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop
        self._left = False
        self._next: Callable[[], None] | None = None

    def __call__(self) -> Awaitable[Message]:
        """Receive the next message; see ASGI."""
        raise NotImplementedError

    def tell(self) -> None:
        """Say that the client has left."""
        self._left = True
        if self._next is not None:
            self._next()

    def then(self, step: Callable[[], None] | None) -> None:
        """Call `step` when the client leaves; now, if it has left. `None`: nothing any more."""
        self._next = step
        if self._left and step is not None:
            step()


class Hearing(Ear):
    """An ear that hears what another `receive` gives."""

    __slots__ = ("_receive",)

    def __init__(self, receive: Receive) -> None:
        super().__init__()
        self._receive = receive

    def __call__(self) -> Awaitable[Message]:
        """Receive the next message; see ASGI."""
        return self._receive()


class while_present:  # noqa: N801 - it reads as what it does
    """Cancel what happens inside when the client leaves; raises `ClientGone` then.

    Enter it when the request's body has been read to its end, and answer by the `send` it gives:
    once the last of the answer is on its way, the client may leave. Where `receive` is no `Ear`, a
    task listens to it.
    """

    __slots__ = ("_answered", "_ear", "_gone", "_receive", "_send", "_task", "_watcher")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._ear = receive if isinstance(receive, Ear) else None
        self._task = asyncio.current_task(None if self._ear is None else self._ear.loop)
        self._watcher: asyncio.Task[None] | None = None
        self._answered = self._gone = False

    def __enter__(self) -> Send:
        if self._ear is not None:
            self._ear.then(self._leave)
            return self._send
        self._watcher = asyncio.create_task(self._watch())
        return self._answer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self._answered = True
        if self._ear is not None:
            self._ear.then(None)
        elif self._watcher is not None:
            self._watcher.cancel()
        if self._gone and kind is asyncio.CancelledError and self._task is not None:
            if self._task.uncancel() > 0:
                return
            raise ClientGone("client_gone") from error

    def _leave(self) -> None:
        if self._task is not None and not self._answered:
            self._gone = True
            self._task.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _answer(self, message: Message) -> Awaitable[None]:
        self._answered = is_last(message)
        return self._send(message)


def is_last(message: Message) -> bool:
    """Tell whether a message ends the answer."""
    return message["type"] == "http.response.body" and not message.get("more_body", False)


class EventStream:
    """A streamed answer: its status line goes out with the first bytes, or when `hold` is over.

    `opening` stands before everything else that is written, `beat` breaks a long silence. Use it as
    a context: inside, a clock keeps the stream alive, and cancels the task that entered when its
    client takes nothing any more.
    """

    def __init__(
        self, send: Send, pace: Pace, *, opening: bytes = b"", beat: bytes = KEEP_ALIVE
    ) -> None:
        self._send = send
        self._opening = opening
        self._beat = beat
        self._pace = pace
        self._headers = [*_STREAM_HEADERS]
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._last = self._loop.time()
        self._sending = False
        self._clock: asyncio.TimerHandle | None = None
        self._beats: set[asyncio.Task[None]] = set()
        self.started = False
        self._stalled = False

    def add_headers(self, headers: Headers) -> None:
        """Add to the headers of the answer, while it has not begun."""
        self._headers += headers

    def write(self, chunk: bytes, *, last: bool = False) -> Awaitable[None]:
        """Send bytes; `last` ends the answer."""
        return self._write_later(chunk, last=last) if self._beats else self._put(chunk, last=last)

    async def _write_later(self, chunk: bytes, *, last: bool) -> None:
        await asyncio.wait(self._beats)
        await self._put(chunk, last=last)

    async def _put(self, chunk: bytes, *, last: bool = False) -> None:
        self._last = self._loop.time()
        self._sending = True
        if not self.started:
            self.started = True
            await self._send(
                {"type": "http.response.start", "status": 200, "headers": self._headers}
            )
            chunk = self._opening + chunk
        await self._send({"type": "http.response.body", "body": chunk, "more_body": not last})
        self._sending = False
        if last:
            self._stop_clock()

    def __enter__(self) -> Self:
        self._wind(self._pace.hold)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self._stop_clock()
        for beat in self._beats:
            beat.cancel()
        if self._stalled and kind is asyncio.CancelledError and self._task is not None:
            self._task.uncancel()
            raise ClientGone("slow_reader") from error

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()

    def _wind(self, seconds: float) -> None:
        self._clock = self._loop.call_later(seconds, self._strike)

    def _strike(self) -> None:
        """Look how long nothing has moved, and do what is due."""
        quiet = self._loop.time() - self._last
        allowed = self._allowed()
        if quiet < allowed:
            self._wind(allowed - quiet)
        elif self._sending:
            self._stalled = True
            if self._task is not None:
                self._task.cancel()
        else:
            beat = self._loop.create_task(self._put(self._beat))
            self._beats.add(beat)
            beat.add_done_callback(self._beats.discard)
            self._wind(self._pace.beat)

    def _allowed(self) -> float:
        if self._sending:
            return self._pace.stall
        return self._pace.beat if self.started else self._pace.hold


class Meter:
    """Counts what is under way, for whoever asks how busy the server is."""

    def __init__(self) -> None:
        self.running = 0

    def __enter__(self) -> None:
        self.running += 1

    def __exit__(self, *_: object) -> None:
        self.running -= 1

    def until(self, task: asyncio.Task[None]) -> None:
        """Count something until `task` has ended."""
        self.running += 1
        task.add_done_callback(self.__exit__)
