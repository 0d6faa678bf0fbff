"""Hanging up: what was said last arrives, and the connection ends all the same."""

import asyncio
from collections.abc import Callable

from dragoman.outbox import Outbox


class PoliteTransport:
    """A transport that closes so that the client hears the last answer.

    A socket that is closed while the client is still sending answers the rest with a reset, and a
    reset makes the client's system throw away what it has received and not yet read: the very
    answer that says why. So, while `unheard()` says that more may come, `close` ends our side alone
    and listens, to nothing, for up to `linger` seconds (RFC 9112, section 9.6).

    A client that takes nothing any more would keep its connection for ever. A closing one is cut
    off when not a byte of what is left was taken for `stall` seconds, an open one, of which whoever
    writes may tire first and say so, when none was taken for twice as long.

    `ending` tells that our last word was said, `is_paused` that nothing is read for now, `is_full`
    that so much waits to be sent that nothing more should be written.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        outbox: Outbox,
        *,
        unheard: Callable[[], bool],
        linger: float,
        stall: float,
    ) -> None:
        self._transport = transport
        self._outbox = outbox
        self._unheard = unheard
        self._linger = linger
        self._stall = stall
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.ending = False
        self._emptied: asyncio.Event | None = None
        self.is_full = False
        self.is_paused = False

    def write(self, text: bytes) -> None:
        """Send bytes; after `close`, nobody is there to take them."""
        if not self.ending:
            self._outbox.put(self._transport, text)

    def flush(self) -> None:
        """Send now what is held until the turn ends."""
        self._outbox.empty()

    def close(self) -> None:
        """Send what is left, then end the connection."""
        if self.ending:
            return
        self.ending = True
        self._stop_clock()
        self._outbox.empty()
        if self._unheard() and self._transport.can_write_eof():
            self._transport.write_eof()
            if not self._transport.is_reading():
                self._transport.resume_reading()
            self._timer = self._loop.call_later(self._linger, self._end)
        else:
            self._end()

    def abort(self) -> None:
        """End the connection; what is left is lost."""
        self.ending = True
        self._outbox.empty()
        self._transport.abort()

    def lost(self) -> None:
        """Take note that the connection has ended."""
        self.ending = True
        self._stop_clock()
        self.resume_writing()

    def _end(self) -> None:
        self._transport.close()
        self._wait(self._transport.get_write_buffer_size())

    def _wait(self, left: int) -> None:
        if left:
            seconds = self._stall if self.ending else 2 * self._stall
            self._timer = self._loop.call_later(seconds, self._urge, left)

    def _urge(self, before: int) -> None:
        left = self._transport.get_write_buffer_size()
        if left == before:
            self.abort()
        else:
            self._wait(left)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_reading(self) -> None:
        """Take no more bytes for now."""
        if not (self.is_paused or self.ending):
            self.is_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take bytes again."""
        if self.is_paused and not self.ending:
            self.is_paused = False
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Take note that enough waits to be sent."""
        self.is_full = True
        if not self.ending:
            self._wait(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Take note that there is room again, and let go on whoever waits for it."""
        self.is_full = False
        if not self.ending:
            self._stop_clock()
        if self._emptied is not None:
            self._emptied.set()

    async def drain(self) -> None:
        """Wait for room, or for the end of the connection."""
        while self.is_full:
            self._emptied = self._emptied or asyncio.Event()
            self._emptied.clear()
            await self._emptied.wait()
