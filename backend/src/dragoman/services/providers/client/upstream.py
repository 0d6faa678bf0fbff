"""`Upstream` on httptools: a question is sent on a kept connection, and no task is made for it."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from dragoman.services.providers.client.addresses import Head, address_of
from dragoman.services.providers.client.exchange import Exchange, Route
from dragoman.services.providers.client.pool import Pool
from dragoman.services.providers.transport import Timeouts, UpstreamResponse

if TYPE_CHECKING:
    from dragoman.services.providers.aiohttp_upstream import AiohttpUpstream

_METHODS: Final = frozenset({"GET", "POST"})
_MOST_ROUTES: Final = 1024
"""How many addresses are remembered: a few for each model, as a rule."""
REMEMBERED: Final = 60.0
"""Seconds after which they are forgotten, with the keys that were sent there."""


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
        self._pool = Pool(timeouts.connect)
        self._routes: dict[str, Route] = {}
        self._remembered = remembered
        self._forgetting: asyncio.TimerHandle | None = None
        self._other: AiohttpUpstream | None = None

    @property
    def asked_again(self) -> int:
        """How many requests were sent once more, because a kept connection was gone."""
        return self._pool.asked_again

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> AbstractAsyncContextManager[UpstreamResponse]:
        """Send one request; see `Upstream.send`."""
        route = self._routes.get(url) or self._route_to(url)
        if not route.is_plain or method not in _METHODS:
            return self._in_full().send(method, url, headers=headers, body=body)
        return Exchange(self._pool, route, route.head.of(method, headers, len(body)), body)

    async def close(self) -> None:
        """Close every connection."""
        self._forget()
        await self._pool.close()
        if self._other is not None:
            await self._other.close()

    def _route_to(self, url: str) -> Route:
        address = address_of(url)
        is_plain = not address.is_personal and not (
            self._trust_proxies and _has_proxy(url, address.label)
        )
        if len(self._routes) >= _MOST_ROUTES:
            self._routes.clear()
        kept = self._pool.kept_for(address.place)
        self._routes[url] = route = Route(address, Head(address), kept, is_plain)
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


def _has_proxy(url: str, label: str) -> bool:
    """Tell whether the environment names a proxy for an address."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - few have proxies

    scheme = urlsplit(url).scheme
    return scheme in getproxies() and not proxy_bypass(label)
