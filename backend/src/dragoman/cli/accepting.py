"""Taking connections from sockets at which several workers listen, each its share.

The kernel wakes all who wait for a connection, and whoever is awake first would take all there are:
a client that opens its connections at once would have them all at one worker, for as long as it
keeps them. So who has more than another lets that one go first, for a moment.
"""

import asyncio
import mmap
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

import structlog

AHEAD: Final = 1
"""Connections that a worker may have more than another before it lets that one go first."""
MOMENT: Final = 0.001
"""Seconds that it waits then; whoever is awake has taken the connection by that time."""
EXHAUSTED: Final = 1.0
"""Seconds to wait when the system has no room for a connection."""

# Of a worker that takes none: more than any other has.
_AWAY: Final = 1 << 62

_log: Final = structlog.get_logger("dragoman")


class Shares:
    """How many connections each worker has, numbered from 0: memory that they share.

    Made before they are forked.
    """

    def __init__(self, workers: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")[:workers]
        for worker in range(workers):
            self.leave(worker)

    def leave(self, worker: int) -> None:
        """Take note that a worker takes no connections."""
        self._counts[worker] = _AWAY

    def is_ahead(self, worker: int, connections: int) -> bool:
        """Take note of how many a worker has; tell whether another should go first."""
        self._counts[worker] = connections
        return connections > min(self._counts) + AHEAD


@final
class Accepting:
    """Takes a worker's share of what comes at `listeners`, from `begin` to `end`.

    `take` is given each connection, `count` tells how many the worker has.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        take: Callable[[socket.socket], Awaitable[object]],
        count: Callable[[], int],
        *,
        shares: Shares,
        worker: int,
    ) -> None:
        self._listeners = listeners
        self._take = take
        self._count = count
        self._shares = shares
        self._worker = worker
        self._taking: set[asyncio.Future[object]] = set()
        self._ended = False

    def begin(self) -> None:
        """Take connections from now on."""
        self._loop = asyncio.get_running_loop()
        for listener in self._listeners:
            listener.setblocking(False)  # noqa: FBT003 - it takes no keyword
            self._heed(listener)

    def end(self) -> None:
        """Take no more, and close the listeners."""
        self._ended = True
        self._shares.leave(self._worker)
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            listener.close()

    def _heed(self, listener: socket.socket) -> None:
        if not self._ended:
            self._is_ahead()
            self._loop.add_reader(listener, self._look, listener)

    def _look(self, listener: socket.socket) -> None:
        if self._is_ahead():
            self._rest(listener, MOMENT)
        else:
            self._accept(listener)

    def _rest(self, listener: socket.socket, seconds: float) -> None:
        self._loop.remove_reader(listener)
        self._loop.call_later(seconds, self._go_on, listener)

    def _go_on(self, listener: socket.socket) -> None:
        """Take one that nobody else wanted, and look for more."""
        if not self._ended and self._accept(listener):
            self._heed(listener)

    def _accept(self, listener: socket.socket) -> bool:
        """Take one connection, if another has not; tell whether there is room for more."""
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return True
        except OSError as error:
            _log.warning("connection_not_taken", error=error.strerror)
            self._rest(listener, EXHAUSTED)
            return False
        connection.setblocking(False)  # noqa: FBT003 - it takes no keyword
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        taking = asyncio.ensure_future(self._take(connection))
        self._taking.add(taking)
        taking.add_done_callback(self._taken)
        return True

    def _taken(self, taking: asyncio.Future[object]) -> None:
        self._taking.discard(taking)
        if not taking.cancelled() and (error := taking.exception()) is not None:
            _log.warning("connection_not_taken", error=f"{type(error).__name__}: {error}")

    def _is_ahead(self) -> bool:
        return self._shares.is_ahead(self._worker, self._count() + len(self._taking))
