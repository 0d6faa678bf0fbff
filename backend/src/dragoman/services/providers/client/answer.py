"""One answer of a provider, read piece by piece."""

import zlib
from collections.abc import AsyncIterator, Mapping

from dragoman.services.providers.breakages import broken, too_long
from dragoman.services.providers.client.connection import Connection
from dragoman.services.providers.client.unpacking import CODINGS, Unpacker
from dragoman.services.providers.transport import MAX_BODY, MAX_CHUNK


class Answer:
    """An `UpstreamResponse` on a connection, until it is closed.

    Raises `UpstreamError` (`bad_headers`) where it is packed in a way that nobody asked for.
    """

    __slots__ = ("_connection", "_length", "_unpacker", "headers", "status")

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection
        self._length = 0
        self._unpacker: Unpacker | None = None
        self.status: int = connection.status
        self.headers: Mapping[str, str] = connection.headers
        packed = self.headers.get("content-encoding")
        if packed is not None:
            self._unpacker = _unpacker(packed.strip().lower(), connection.host)

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

    def close(self) -> None:
        """Read no more: what follows on the connection is another answer."""
        self._connection = None

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
