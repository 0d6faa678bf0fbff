"""One connection without a network: what comes in, in which pieces, and what is made of it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from dragoman.chat import UpstreamError
from dragoman.outbox import Outbox
from dragoman.services.providers.client.addresses import Head, address_of
from dragoman.services.providers.client.connection import Connection
from dragoman.services.providers.client.exchange import Exchange, Route

End: TypeAlias = Literal["stays", "closed", "reset"]


class Line(asyncio.Transport):
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.is_paused = False
        self._is_closed = False

    def write(self, data) -> None:
        self.sent += data

    def writelines(self, pieces) -> None:
        self.sent += b"".join(pieces)

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return self._is_closed

    def abort(self) -> None:
        self._is_closed = True


def connected() -> tuple[Connection, Line]:
    """Give a connection, and its other end."""
    loop = asyncio.get_running_loop()
    connection, line = Connection("host", loop, Outbox(loop, ()), lambda _: None), Line()
    connection.connection_made(line)
    return connection, line


class Lone:
    """A pool of one connection, which is new."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, _) -> None:
        """Keep none."""

    async def connect(self, _, __) -> Connection:
        return self._connection

    def give_back(self, connection: Connection) -> None:
        """Leave it as it is."""


def exchange(connection: Connection) -> Exchange:
    """Give a request on this connection, which is not sent yet."""
    address = address_of("http://host/")
    route = Route(address, Head(address), kept={}, is_plain=True)
    return Exchange(Lone(connection), route, b"POST / HTTP/1.1\r\n\r\n", b"")


@dataclass(frozen=True)
class Heard:
    """What was made of an answer; `reason` is `None` if it is whole."""

    status: int
    headers: dict[str, str]
    body: bytes
    reason: str | None
    stays: bool


async def read(connection: Connection) -> Heard:
    """Ask, and read as far as it goes."""
    status, headers, said, reason = 0, {}, [], None
    try:
        async with exchange(connection) as answer:
            status, headers = answer.status, dict(answer.headers)
            while chunk := await answer.read():
                said.append(chunk)
    except UpstreamError as error:
        reason = error.failure.reason
    stays = connection.finish()
    return Heard(status, headers, b"".join(said), reason, stays and reason is None)


async def fed(pieces: Iterable[bytes], end: End) -> Heard | None:
    """Let the pieces come in one by one; `None` if more is waited for then."""
    connection, line = connected()
    reading = asyncio.create_task(read(connection))
    await asyncio.sleep(0)
    for piece in filter(None, pieces):
        if line.is_closing():
            break
        connection.data_received(piece)
        await asyncio.sleep(0)
    if end != "stays" or line.is_closing():
        connection.connection_lost(ConnectionResetError() if end == "reset" else None)
    for _ in range(5):
        await asyncio.sleep(0)
    if not reading.done():
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return None
    return reading.result()


def heard(pieces: Iterable[bytes], end: End = "closed") -> Heard | None:
    """Like `fed`, in a loop of its own."""
    return asyncio.run(fed(pieces, end))


def cut(octets: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut at these places, counted round."""
    cuts = sorted({0, len(octets), *(place % (len(octets) + 1) for place in places)})
    return [octets[begin:end] for begin, end in pairwise(cuts)]
