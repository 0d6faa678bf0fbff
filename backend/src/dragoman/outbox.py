"""What is written in one turn of the event loop goes out together, at the end of it."""

import asyncio
from collections.abc import Sized
from typing import Final

_MOST: Final = 64 << 10
"""How many bytes may wait for the turn's end."""


class Outbox:
    """Writes to many transports, in one go for all that was ready at once.

    A write wakes whoever it is for, if nothing else keeps them awake. To wake another process takes
    longer than all else about a short write; of writes in one go, the first wakes those on this
    machine for all of them. What is written to one transport keeps its order. `crowd` holds the
    connections that there are: where there is only one, nothing is gained by waiting.
    """

    __slots__ = ("_crowd", "_held", "_length", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, crowd: Sized) -> None:
        self._loop = loop
        self._crowd = crowd
        self._held: list[tuple[asyncio.WriteTransport, bytes]] = []
        self._length = 0

    def put(self, transport: asyncio.WriteTransport, text: bytes) -> None:
        """Write `text` to `transport` at the turn's end, unless that is closed by then."""
        if not self._held:
            if len(self._crowd) < 2:
                transport.write(text)
                return
            self._loop.call_soon(self.empty)
        self._held.append((transport, text))
        self._length += len(text)
        if self._length > _MOST:
            self.empty()

    def empty(self) -> None:
        """Write now what is held, as has to be done before a transport is closed."""
        held, self._held, self._length = self._held, [], 0
        for transport, text in held:
            if not transport.is_closing():
                transport.write(text)
