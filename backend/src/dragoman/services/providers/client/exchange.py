"""One request and its answer: sent, waited for, and read piece by piece."""

import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Final, Self

import structlog
from msgspec import Struct

from dragoman.chat import UpstreamError
from dragoman.services.providers.breakages import broken, too_long
from dragoman.services.providers.client.addresses import Address, Head
from dragoman.services.providers.client.connection import Connection
from dragoman.services.providers.client.pool import Kept, Pool
from dragoman.services.providers.client.unpacking import CODINGS, Unpacker
from dragoman.services.providers.transport import MAX_BODY, MAX_CHUNK

_log: Final = structlog.get_logger()


class Route(Struct, frozen=True):
    """An address with the connections that lead there; `is_plain` if no proxy stands between."""

    address: Address
    head: Head
    kept: Kept
    is_plain: bool


class Exchange:
    """A request as a context; inside, it is its own answer, an `UpstreamResponse`."""

    __slots__ = (
        "_body",
        "_connection",
        "_head",
        "_length",
        "_pool",
        "_route",
        "_unpacker",
        "headers",
        "status",
    )

    status: int
    headers: Mapping[str, str]

    def __init__(self, pool: Pool, route: Route, head: bytes, body: bytes) -> None:
        self._pool = pool
        self._route = route
        self._head = head
        self._body = body
        self._connection: Connection | None = None
        self._length = 0
        self._unpacker: Unpacker | None = None

    async def __aenter__(self) -> Self:
        """Send the request, and wait for the head of its answer.

        A connection that was kept may have been closed just as it was used: if no byte of an answer
        came on it, the request is sent again, once and on a new one.

        Raises `UpstreamError`; `bad_headers` also where the answer is packed in a way that nobody
        asked for.
        """
        connection = self._pool.take(self._route.kept)
        if connection is not None:
            try:
                await connection.ask(self._head, self._body)
            except UpstreamError:
                if connection.heard:
                    raise
                connection = None
                self._pool.asked_again += 1
                _log.debug("stale_conn", host=self._route.address.label)
        if connection is None:
            address = self._route.address
            connection = await self._pool.connect(address.place, address.label)
            await connection.ask(self._head, self._body)
        self._head = self._body = b""  # they were sent, and the answer may take long
        self.status = connection.status
        self.headers = connection.headers
        packed = self.headers.get("content-encoding")
        if packed is not None:
            try:
                self._unpacker = _unpacker(packed.strip().lower(), connection.host)
            except UpstreamError:
                connection.close()
                raise
        self._connection = connection
        return self

    async def __aexit__(self, *_: object) -> None:
        """Read no more: what follows on the connection is another answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection)

    async def read(self, *, limit: int = MAX_BODY) -> bytes:
        """Wait for more of the body; see `UpstreamResponse.read`."""
        connection = self._connection
        if connection is None:
            raise RuntimeError("an answer can be read as long as its context is open")
        if self._unpacker is not None:
            return await self._read_packed(self._unpacker, connection, limit)
        while not connection.pieces:
            if connection.failure is not None:
                raise connection.failure
            if connection.ended:
                return b""
            await connection.news()
        chunk = connection.take()
        self._length += len(chunk)
        if self._length > limit:
            raise too_long(connection.host, limit, packed=False)
        return chunk

    async def _read_packed(self, unpacker: Unpacker, connection: Connection, limit: int) -> bytes:
        while not (chunk := self._unpacked(unpacker, connection)):
            if connection.failure is not None:
                raise connection.failure
            if connection.ended and not unpacker.whole:
                raise broken(connection.host, "premature_close", "what was packed is cut short")
            if connection.ended:
                return b""
            await connection.news()
        self._length += len(chunk)
        if self._length > limit:
            raise too_long(connection.host, limit, packed=True)
        return chunk

    async def chunks(self, *, limit: int = MAX_BODY) -> AsyncIterator[bytes]:
        """Give the body as it comes; see `read`."""
        while chunk := await self.read(limit=limit):
            yield chunk

    @staticmethod
    def _unpacked(unpacker: Unpacker, connection: Connection) -> bytes:
        try:
            while not (said := unpacker.take(MAX_CHUNK)):
                packed = connection.take()
                if not packed:
                    break
                unpacker.feed(packed)
        except zlib.error as error:
            raise broken(connection.host, "bad_payload", str(error)) from error
        return said


def _unpacker(coding: str, host: str) -> Unpacker | None:
    if coding in CODINGS:
        return Unpacker(coding)
    if coding in ("", "identity"):
        return None
    raise broken(host, "bad_headers", f"packed as {coding[:40]!r}, which nobody asked for")
