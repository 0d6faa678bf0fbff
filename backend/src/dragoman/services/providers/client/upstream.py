"""`Upstream` on httptools: a question is sent on a kept connection, and no task is made for it."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
from msgspec import Struct

from dragoman.chat import UpstreamError
from dragoman.services.providers.client.addresses import Address, Head, address_of
from dragoman.services.providers.client.answer import Answer
from dragoman.services.providers.client.connection import Connection
from dragoman.services.providers.client.pool import Kept, Pool
from dragoman.services.providers.transport import Timeouts, UpstreamResponse

if TYPE_CHECKING:
    from dragoman.services.providers.aiohttp_upstream import AiohttpUpstream

_METHODS: Final = frozenset({"GET", "POST"})
_MOST_ROUTES: Final = 1024
"""How many addresses are remembered: a few for each model, as a rule."""
REMEMBERED: Final = 60.0
"""Seconds after which they are forgotten, with the keys that were sent there."""

_log: Final = structlog.get_logger()


class _Route(Struct, frozen=True):
    """An address with the connections that lead there; `is_plain` if no proxy stands between."""

    address: Address
    head: Head
    kept: Kept
    is_plain: bool


class HttptoolsUpstream:
    """`Upstream` on httptools: as many connections as there are requests, each kept for a while.

    Make it inside a running event loop and `close` it there. What it does not do itself (a proxy of
    the environment, heeded only if `trust_proxies` says so; a user named in an address; methods
    beside GET and POST) is left to `AiohttpUpstream`. What was said to an address, with its key, is
    `remembered` for so many seconds at most, so that it need not be written anew each time.
    """

    def __init__(
        self, timeouts: Timeouts, *, trust_proxies: bool = False, remembered: float = REMEMBERED
    ) -> None:
        self._timeouts = timeouts
        self._trust_proxies = trust_proxies
        self.pool = Pool(timeouts.connect)
        self._routes: dict[str, _Route] = {}
        self._remembered = remembered
        self._forgetting: asyncio.TimerHandle | None = None
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
        return _Exchange(self, route, route.head.of(method, headers, len(body)), body)

    async def close(self) -> None:
        """Close every connection."""
        self._forget()
        await self.pool.close()
        if self._other is not None:
            await self._other.close()

    def _route_to(self, url: str) -> _Route:
        address = address_of(url)
        is_plain = not address.is_personal and not (
            self._trust_proxies and _has_proxy(url, address.label)
        )
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        kept = self.pool.kept_for(address.place)
        self._routes[url] = route = _Route(address, Head(address), kept, is_plain)
        if self._forgetting is None:
            loop = asyncio.get_running_loop()
            self._forgetting = loop.call_later(self._remembered, self._forget)
        return route

    def _forget(self) -> None:
        self._routes.clear()
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None

    def _in_full(self) -> "AiohttpUpstream":
        """Give the client that can do everything; few need it, and it takes long to import."""
        if self._other is None:
            from dragoman.services.providers.aiohttp_upstream import (  # noqa: PLC0415 - as said
                AiohttpUpstream,
            )

            self._other = AiohttpUpstream(self._timeouts, trust_proxies=self._trust_proxies)
        return self._other


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
        """Send the request, and wait for the head of its answer.

        A connection that was kept may have been closed just as it was used: if no byte of an answer
        came on it, the request is sent again, once and on a new one.
        """
        connection = self._upstream.pool.take(self._route.kept)
        if connection is not None:
            try:
                await connection.ask(self._head, self._body)
            except UpstreamError:
                if connection.heard:
                    raise
                connection = None
                self._upstream.asked_again += 1
                _log.debug("stale_conn", host=self._route.address.label)
        if connection is None:
            address = self._route.address
            connection = await self._upstream.pool.connect(address.place, address.label)
            await connection.ask(self._head, self._body)
        self._head = self._body = b""  # they were sent, and the answer may take long
        try:
            self._answer = Answer(connection)
        except UpstreamError:
            connection.close()
            raise
        self._connection = connection
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        self._answer.close()
        self._upstream.pool.give_back(self._connection)


def _has_proxy(url: str, label: str) -> bool:
    """Tell whether the environment names a proxy for an address."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - few have proxies

    scheme = urlsplit(url).scheme
    return scheme in getproxies() and not proxy_bypass(label)
