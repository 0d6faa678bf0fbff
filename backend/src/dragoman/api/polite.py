"""Hanging up: what was said last arrives, and the connection ends all the same."""

import asyncio
from collections.abc import Callable
from typing import Final

_HEAD: Final = b"HTTP/"


class PoliteTransport(asyncio.Transport):
    """A transport that closes so that the client hears the last answer.

    A socket that is closed while the client is still sending answers the rest with a reset, and a
    reset makes the client's system throw away what it has received and not yet read: the very
    answer that says why. So, while `unheard()` says that more may come, `close` ends our side alone
    and listens, to nothing, for up to `linger` seconds (RFC 9112, section 9.6).

    A client that takes nothing any more would keep a closing connection for ever. It is cut off
    when it has not taken a byte of what is left for `stall` seconds.

    The head of an answer waits for what is written right behind it, so that both go out at once: a
    system call costs as much as all else that is done for a short answer at this place.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        unheard: Callable[[], bool],
        linger: float,
        stall: float,
    ) -> None:
        super().__init__()
        self._transport = transport
        self._unheard = unheard
        self._linger = linger
        self._stall = stall
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._head = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; after `close`, nobody is there to take them."""
        if self._closing:
            return
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data[:5] == _HEAD:
            self._head = bytes(data)
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def _flush(self) -> None:
        """Send a head that nothing follows for now."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Send what is left, then end the connection."""
        if self._closing:
            return
        self._flush()
        self._closing = True
        if self._unheard() and self._transport.can_write_eof():
            self._transport.write_eof()
            if not self._transport.is_reading():
                self._transport.resume_reading()
            self._timer = self._loop.call_later(self._linger, self._end)
        else:
            self._end()

    def abort(self) -> None:
        """End the connection; what is left is lost."""
        self._closing = True
        self._transport.abort()

    def lost(self) -> None:
        """Take note that the connection has ended."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()

    def _end(self) -> None:
        self._transport.close()
        self._wait(self._transport.get_write_buffer_size())

    def _wait(self, left: int) -> None:
        if left:
            self._timer = self._loop.call_later(self._stall, self._urge, left)

    def _urge(self, before: int) -> None:
        left = self._transport.get_write_buffer_size()
        if left == before:
            self._transport.abort()
        else:
            self._wait(left)

    def is_closing(self) -> bool:
        """Tell whether the connection is ending."""
        return self._closing or self._transport.is_closing()

    def pause_reading(self) -> None:
        """Take no more bytes for now."""
        if not self._closing:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take bytes again."""
        if not self._closing:
            self._transport.resume_reading()

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Ask for a fact about the connection."""
        return self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Tell how many bytes wait to be sent."""
        return self._transport.get_write_buffer_size()
