"""The only socket to the outside, as its users see it: bounded and cancellable."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from msgspec import Struct

MAX_BODY: Final = 16 << 20
"""The longest answer taken whole, in bytes after decompression."""
MAX_STREAM: Final = 64 << 20
"""The longest stream of events taken, in bytes after decompression.

128,000 tokens, each in an event of 350 bytes, are 43 MiB; of a stream only one event is held.
"""
MAX_CHUNK: Final = 64 << 10
"""The longest piece of an answer handed on at once, in bytes: unpacked, one read may be 16 MiB."""
MAX_HEADER: Final = 64 << 10
"""The longest head of an answer taken, in bytes."""


class Timeouts(Struct, frozen=True):
    """How long to wait for what, in seconds, on a clock that nobody sets.

    `connect` is for a TCP and TLS connection, `first_byte` until the answer's headers,
    `first_token` until its first event (both from the start of the request), `idle` from one event
    to the next, `total` for everything.
    """

    connect: float = 5.0
    first_byte: float = 60.0
    first_token: float = 120.0
    idle: float = 60.0
    total: float = 600.0


class UpstreamResponse(Protocol):
    """An answer whose body is still coming."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by lower-case name."""
        ...

    async def read(self, *, limit: int = MAX_BODY) -> bytes:
        """Wait for more of the body, and give all that has come of it, `MAX_CHUNK` bytes at most.

        Gives nothing at its end, and only if it is whole. Raises `UpstreamError` when it breaks off
        (`premature_close`, `connection_reset`), or grows longer than `limit` bytes in all
        (`body_too_large`, `decompressed_too_large`).
        """
        ...

    def chunks(self, *, limit: int = MAX_BODY) -> AsyncIterator[bytes]:
        """Give the body as it comes, piece by piece; see `read`."""
        ...


class Upstream(Protocol):
    """Something that can send a request to a provider."""

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> AbstractAsyncContextManager[UpstreamResponse]:
        """Send one request; leaving the context closes it, whatever has been read.

        Redirects are not followed, so that a key goes nowhere but to its own provider. Raises
        `UpstreamError` with a reason (`connect_error`, `dns_error`, `tls_error`, …).
        """
        ...


async def read_body(response: UpstreamResponse) -> bytes:
    """Read a body to its end; raises `UpstreamError` like `UpstreamResponse.chunks`."""
    chunks = []
    while chunk := await response.read():
        chunks.append(chunk)
    return b"".join(chunks)
