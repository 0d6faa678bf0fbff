"""Connections to providers: made when there is none, kept for a while, and given up."""

import asyncio
import ssl
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias

from aiohappyeyeballs import start_connection

from dragoman.outbox import Outbox
from dragoman.services.providers.breakages import broken, reason_of
from dragoman.services.providers.client.addresses import Place
from dragoman.services.providers.client.connection import Connection
from dragoman.services.providers.client.names import Lookup, Names

IDLE: Final = 60.0
"""Seconds for which a connection is kept that nobody uses."""
_HEAD_START: Final = 0.25
"""Seconds that one address has before the next is tried as well: RFC 8305, section 5."""
_FAREWELLS: Final = 10
"""How often the event loop may turn until the last connection has noticed that it is closed."""

Kept: TypeAlias = dict[Connection, float]
"""Connections to one place that wait for their next request, the oldest first, and since when."""


class Pool:
    """All connections, at most `patience` seconds in the making, kept `idle` seconds unused.

    Make it inside a running event loop.
    """

    def __init__(self, patience: float, *, idle: float = IDLE, names: Lookup | None = None) -> None:
        self._patience = patience
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._names = names or Names(self._loop.getaddrinfo)
        self._kept: dict[Place, Kept] = {}
        self._open: dict[Connection, Kept] = {}
        self._outbox = Outbox(self._loop, self._open)
        self._sweep: asyncio.TimerHandle | None = None
        self._trust: ssl.SSLContext | None = None
        self._is_closed = False
        self.asked_again = 0
        """How many requests found a kept connection gone, and were sent on a new one."""

    def kept_for(self, place: Place) -> Kept:
        """Give the connections that are kept for a place, for `take` and `connect`."""
        return self._kept.setdefault(place, {})

    def take(self, kept: Kept) -> Connection | None:
        """Take the connection that was used last, if one is kept."""
        while kept:
            connection, _ = kept.popitem()
            if connection.is_open:
                return connection
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request if it can have one; else close it."""
        if not connection.finish() or self._is_closed:
            connection.close()
            return
        self._open[connection][connection] = self._loop.time()
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._idle, self._give_up)

    async def connect(self, place: Place, label: str) -> Connection:
        """Make a connection; `label` is what is told of the place. Raises `UpstreamError`."""
        if self._is_closed:
            raise broken(label, "connect_error", "the client is closed")
        try:
            async with asyncio.timeout(self._patience):
                return await self._connected(place, label)
        except TimeoutError as error:
            raise broken(label, "timeout_connect") from error
        except (OSError, RuntimeError) as error:  # uvloop raises RuntimeError for some of them
            reason = reason_of(error)
            if reason is None or isinstance(error, ConnectionError):
                reason = "connect_error"
            raise broken(label, reason) from error

    async def _connected(self, place: Place, label: str) -> Connection:
        addresses = await self._names.addresses(place.host, place.port)
        trust = await self._system_trust() if place.secure else None
        name = place.host if place.secure else None
        made = partial(Connection, label, self._loop, self._outbox, self._forget)
        match addresses:
            case [(_, _, _, _, (host, port) | (host, port, _, 0))]:
                # Where there is nothing to race for, the event loop connects at half the cost.
                _, connection = await self._loop.create_connection(
                    made, host, port, ssl=trust, server_hostname=name
                )
            case _:
                line = await start_connection(addresses, happy_eyeballs_delay=_HEAD_START)
                try:
                    _, connection = await self._loop.create_connection(
                        made, sock=line, ssl=trust, server_hostname=name
                    )
                except BaseException:
                    with suppress(OSError):
                        line.close()
                    raise
        if connection.is_open:
            self._open[connection] = self.kept_for(place)
        return connection

    async def _system_trust(self) -> ssl.SSLContext:
        """Give the system's trust; it is read from files, once."""
        if self._trust is None:
            self._trust = await asyncio.to_thread(_system_trust)
        return self._trust

    def _forget(self, connection: Connection) -> None:
        kept = self._open.pop(connection, None)
        if kept is not None:
            kept.pop(connection, None)

    def _give_up(self) -> None:
        """Close what nobody has used for long. The oldest stand first: none is looked at twice."""
        self._sweep = None
        now = self._loop.time()
        oldest = []
        for kept in self._kept.values():
            while kept:
                connection, since = next(iter(kept.items()))
                if since + self._idle > now:
                    oldest.append(since)
                    break
                del kept[connection]
                connection.close()
        if oldest:
            self._sweep = self._loop.call_at(min(oldest) + self._idle, self._give_up)

    async def close(self) -> None:
        """Close every connection."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        await self._names.close()
        for connection in tuple(self._open):
            connection.close()
        for _ in range(_FAREWELLS):
            if not self._open:
                break
            await asyncio.sleep(0)


def _system_trust() -> ssl.SSLContext:
    trust = ssl.create_default_context()
    trust.set_alpn_protocols(("http/1.1",))
    return trust
