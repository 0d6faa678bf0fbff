"""`Upstream` on httptools: a question is sent on a kept connection, and no task is made for it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
from msgspec import Struct

from dragoman.chat import UpstreamError
from dragoman.services.providers.client.addresses import Address, address_of, head_of
from dragoman.services.providers.client.answer import Answer
from dragoman.services.providers.client.connection import Connection
from dragoman.services.providers.client.pool import Kept, Pool
from dragoman.services.providers.transport import Timeouts, UpstreamResponse

if TYPE_CHECKING:
    from dragoman.services.providers.aiohttp_upstream import AiohttpUpstream

_METHODS: Final = frozenset({"GET", "POST"})
_MOST_ROUTES: Final = 1024
"""How many addresses are remembered: a few for each model, as a rule."""

_log: Final = structlog.get_logger()


class _Route(Struct, frozen=True):
    """An address with the connections that lead there; `is_plain` if no proxy stands between."""

    address: Address
    kept: Kept
    is_plain: bool


class HttptoolsUpstream:
    """`Upstream` on httptools: as many connections as there are requests, each kept for a while.

    Make it inside a running event loop and `close` it there. What it does not do itself (a proxy of
    the environment, heeded only if `trust_proxies` says so; a user named in an address; methods
    beside GET and POST) is left to `AiohttpUpstream`.
    """

    def __init__(self, timeouts: Timeouts, *, trust_proxies: bool = False) -> None:
        self._timeouts = timeouts
        self._trust_proxies = trust_proxies
        self._pool = Pool(timeouts.connect)
        self._routes: dict[str, _Route] = {}
        self._other: AiohttpUpstream | None = None
        self.asked_again = 0
        """How many requests were sent once more, because a kept connection was gone."""

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> AbstractAsyncContextManager[UpstreamResponse]:
        """Send one request; see `Upstream.send`."""
        route = self._routes.get(url) or self._route_to(url)
        if not route.is_plain or method not in _METHODS:
            return self._in_full().send(method, url, headers=headers, body=body)
        return _Exchange(self, route, head_of(method, route.address, headers, len(body)), body)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()
        if self._other is not None:
            await self._other.close()

    def _route_to(self, url: str) -> _Route:
        address = address_of(url)
        is_plain = not address.is_personal and not (
            self._trust_proxies and _has_proxy(url, address.label)
        )
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        self._routes[url] = route = _Route(address, self._pool.kept_for(address.place), is_plain)
        return route

    def _in_full(self) -> "AiohttpUpstream":
        """Give the client that can do everything; few need it, and it takes long to import."""
        if self._other is None:
            from dragoman.services.providers.aiohttp_upstream import (  # noqa: PLC0415 - as said
                AiohttpUpstream,
            )

            self._other = AiohttpUpstream(self._timeouts, trust_proxies=self._trust_proxies)
        return self._other

    async def ask(self, route: _Route, head: bytes, body: bytes) -> Connection:
        """Send a request; gives the connection on which the head of its answer has come.

        A connection that was kept may have been closed just as it was used: if no byte of an answer
        came on it, the request is sent again, once and on a new one.
        """
        kept = self._pool.take(route.kept)
        if kept is not None:
            try:
                await kept.ask(head, body)
            except UpstreamError:
                if kept.heard:
                    raise
                self.asked_again += 1
                _log.debug("stale_conn", host=route.address.label)
            else:
                return kept
        connection = await self._pool.connect(route.address.place, route.address.label)
        await connection.ask(head, body)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Be done with the answer on a connection."""
        self._pool.give_back(connection)


class _Exchange:
    """One request and its answer, as a context."""

    __slots__ = ("_answer", "_body", "_connection", "_head", "_route", "_upstream")

    _connection: Connection
    _answer: Answer

    def __init__(
        self, upstream: HttptoolsUpstream, route: _Route, head: bytes, body: bytes
    ) -> None:
        self._upstream = upstream
        self._route = route
        self._head = head
        self._body = body

    async def __aenter__(self) -> Answer:
        connection = await self._upstream.ask(self._route, self._head, self._body)
        self._body = b""  # it was sent, may be long, and the answer may take long
        try:
            self._answer = Answer(connection)
        except UpstreamError:
            connection.close()
            raise
        self._connection = connection
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        self._answer.close()
        self._upstream.give_back(self._connection)


def _has_proxy(url: str, label: str) -> bool:
    """Tell whether the environment names a proxy for an address."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - few have proxies

    scheme = urlsplit(url).scheme
    return scheme in getproxies() and not proxy_bypass(label)
