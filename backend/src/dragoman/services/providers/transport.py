"""The only socket to the outside: requests to providers, pooled, bounded and cancellable."""

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Final, Protocol
from urllib.parse import urlsplit

import aiohttp
from msgspec import Struct

from dragoman.chat import Failure, UpstreamError

MAX_BODY: Final = 16 << 20
"""The longest answer taken whole, in bytes after decompression."""
MAX_STREAM: Final = 64 << 20
"""The longest stream of events taken, in bytes after decompression.

128,000 tokens, each in an event of 350 bytes, are 43 MiB; of a stream only one event is held.
"""
MAX_CHUNK: Final = 64 << 10
"""The longest piece of an answer handed on at once, in bytes: unpacked, one read may be 16 MiB."""
MAX_HEADER: Final = 64 << 10
"""The longest header line taken, in bytes."""


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


# The first class that fits decides, so the special stand before the general.
_REASONS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (aiohttp.ClientConnectorDNSError, "dns_error"),
    (aiohttp.ClientSSLError, "tls_error"),
    (aiohttp.ServerFingerprintMismatch, "tls_error"),
    (ssl.SSLError, "tls_error"),
    (aiohttp.ConnectionTimeoutError, "timeout_connect"),
    (aiohttp.ServerTimeoutError, "timeout_idle"),
    (aiohttp.ClientConnectorError, "connect_error"),
    (aiohttp.ServerDisconnectedError, "premature_close"),
    (aiohttp.ClientPayloadError, "premature_close"),
    (aiohttp.ClientOSError, "connection_reset"),
    (aiohttp.ClientConnectionError, "connection_reset"),
    (aiohttp.InvalidURL, "bad_address"),
    (aiohttp.ClientResponseError, "bad_headers"),
    (aiohttp.ClientError, "connect_error"),
    (ConnectionError, "connection_reset"),
)


@contextmanager
def _explained(host: str) -> Iterator[None]:
    """Turn the client's exceptions into facts; `host` is all of the address that is told."""
    try:
        yield
    except tuple(kind for kind, _ in _REASONS) as error:
        reason = next(reason for kind, reason in _REASONS if isinstance(error, kind))
        message = f"{host}: {reason.replace('_', ' ')}"
        raise UpstreamError(Failure(reason=reason, message=message)) from error


class _Response:
    def __init__(self, response: aiohttp.ClientResponse, host: str) -> None:
        self._response = response
        self._host = host
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}

        self._length = 0

    async def read(self, *, limit: int = MAX_BODY) -> bytes:
        with _explained(self._host):
            chunk = await self._response.content.read(MAX_CHUNK)
        self._length += len(chunk)
        if self._length > limit:
            raise self._too_large(limit)
        return chunk

    async def chunks(self, *, limit: int = MAX_BODY) -> AsyncIterator[bytes]:
        while chunk := await self.read(limit=limit):
            yield chunk

    def _too_large(self, limit: int) -> UpstreamError:
        packed = self.headers.get("content-encoding", "identity") != "identity"
        return UpstreamError(
            Failure(
                reason="decompressed_too_large" if packed else "body_too_large",
                message=f"{self._host}: the answer is longer than {limit >> 20} MiB",
            ),
        )


class AiohttpUpstream:
    """`Upstream` on aiohttp: one session, as many connections as there are requests.

    Make it inside a running event loop and `close` it there. Proxy variables of the environment
    are heeded only if `trust_proxies` says so.
    """

    def __init__(self, timeouts: Timeouts, *, trust_proxies: bool = False) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=timeouts.connect, sock_connect=timeouts.connect
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            trust_env=trust_proxies,
            skip_auto_headers=("user-agent", "accept", "content-type"),
        )

    @asynccontextmanager
    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> AsyncIterator[UpstreamResponse]:
        """Send one request; see `Upstream.send`."""
        host = urlsplit(url).netloc
        with _explained(host):
            response = await self._session.request(
                method, url, headers=headers, data=body or None, allow_redirects=False
            )
        try:
            yield _Response(response, host)
        finally:
            # A body that was read to its end gave its connection back by itself.
            response.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()


async def read_body(response: UpstreamResponse) -> bytes:
    """Read a body to its end; raises `UpstreamError` like `UpstreamResponse.chunks`."""
    return b"".join([chunk async for chunk in response.chunks()])
