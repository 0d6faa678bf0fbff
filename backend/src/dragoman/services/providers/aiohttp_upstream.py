"""`Upstream` on aiohttp: for what `client` leaves out, proxies above all."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import aiohttp

from dragoman.services.providers.breakages import broken, reason_of, too_long
from dragoman.services.providers.transport import (
    MAX_BODY,
    MAX_CHUNK,
    MAX_HEADER,
    Timeouts,
    UpstreamResponse,
)


@contextmanager
def _explained(host: str) -> Iterator[None]:
    """Turn the client's exceptions into facts; `host` is all of the address that is told."""
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        reason = reason_of(error)
        if reason is None:
            raise
        raise broken(host, reason) from error


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
            packed = self.headers.get("content-encoding", "identity") != "identity"
            raise too_long(self._host, limit, packed=packed)
        return chunk

    async def chunks(self, *, limit: int = MAX_BODY) -> AsyncIterator[bytes]:
        while chunk := await self.read(limit=limit):
            yield chunk


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
        host = urlsplit(url).netloc.rpartition("@")[2]
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
