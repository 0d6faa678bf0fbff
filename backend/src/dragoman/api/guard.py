"""The guard: turns away what a web page elsewhere asks of this server in its visitor's name.

A server on loopback that wants no password is open to every program of the machine, browsers with
all their pages included. Two things give such a page away: by DNS rebinding it comes under a `Host`
of its own, in any other way with an `Origin` of its own. Nothing is ever allowed to cross origins:
no answer carries a CORS header, and a preflight is refused.

It decides by the method and the headers of a request alone, and believes nothing that a proxy or a
client may have written about them (`X-Forwarded-*`, `X-HTTP-Method-Override`).
"""

import re
from collections.abc import Awaitable, Iterable
from ipaddress import ip_address
from typing import Final, TypeAlias

from msgspec import Struct

from dragoman.api.errors import Headers, Problem, Receive, Scope, Send, new_request_id, send_problem
from dragoman.api.headers import Told, told_in
from dragoman.api.server import App

Authority: TypeAlias = tuple[str, int | None]
"""A host's name, in lower case, and its port; a port that goes without saying is `None`."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NEVER: Final = frozenset({"CONNECT", "TRACE", "TRACK"})
_ALLOW: Final = ((b"allow", b"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),)
# What a browser says of a request that our own page made, or its user by hand (Fetch Metadata).
_OWN: Final = frozenset({"same-origin", "none"})

_AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/?#@\[\]]+)(?::([0-9]{1,5}))?")
_SCHEME: Final = re.compile(r"(https?)://(.+)", re.ASCII)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class _Refusal(Struct, frozen=True):
    status: int
    reason: str
    message: str
    headers: Headers = ()


_METHOD: Final = _Refusal(405, "method_not_allowed", "this method is not possible here", _ALLOW)
_HOST: Final = _Refusal(
    421,
    "host_denied",
    "this server does not answer under that name: ask for localhost or 127.0.0.1",
)
_ORIGIN: Final = _Refusal(403, "origin_denied", "a page of another origin may not ask for this")
_PREFLIGHT: Final = _Refusal(403, "origin_denied", "nothing here may be used across origins")


class Guard:
    """Passes a request on to `app`, or refuses it.

    `host` is the address that the server listens on. On loopback, `Host` must be a name of loopback
    (421 if not); elsewhere any name will do. `allowed_hosts` are further names, without a port;
    where there are any, no other names will do.
    """

    def __init__(self, app: App, host: str, *, allowed_hosts: Iterable[str] = ()) -> None:
        self._app = app
        further = frozenset(name.lower() for name in allowed_hosts)
        self._hosts = _LOOPBACK | further if further or is_loopback(host) else None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve or refuse one request; there are no WebSockets here."""
        match scope["type"]:
            case "http":
                refusal = self._judge(scope["method"], told_in(scope))
            case "websocket":
                return send({"type": "websocket.close", "code": 1008})
            case _:
                refusal = None
        if refusal is None:
            return self._app(scope, receive, send)
        return _refuse(refusal, scope, send)

    def _judge(self, method: str, told: Told) -> _Refusal | None:
        if method in _NEVER:
            return _METHOD
        if self._hosts is not None and not self._is_ours(_text(told, b"host")):
            return _HOST
        if method == "OPTIONS" and b"access-control-request-method" in told:
            return _PREFLIGHT
        if method not in _HARMLESS and _is_foreign(told):
            return _ORIGIN
        return None

    def _is_ours(self, host: str) -> bool:
        parts = _AUTHORITY.fullmatch(host)
        return parts is not None and self._hosts is not None and parts[1] in self._hosts


async def _refuse(refusal: _Refusal, scope: Scope, send: Send) -> None:
    state = scope.get("state", {})
    await send_problem(
        send,
        Problem(refusal.status, "INVALID_REQUEST", refusal.reason, refusal.message),
        request_id=state.get("request_id") or new_request_id(),
        headers=refusal.headers,
        tongue=state.get("tongue"),
    )


def _text(told: Told, name: bytes) -> str:
    return told.get(name, b"").decode("latin-1").strip().lower()


def _is_foreign(told: Told) -> bool:
    """Tell whether a browser says that a page of another origin asks."""
    if b"origin" not in told:
        return b"sec-fetch-site" in told and _text(told, b"sec-fetch-site") not in _OWN
    origin = _text(told, b"origin")
    parts = _SCHEME.fullmatch(origin)
    if parts is None:
        return True
    scheme, authority = parts.groups()
    return _full(authority, scheme) is None or _full(authority, scheme) != _full(
        _text(told, b"host"), scheme
    )


def _full(text: str, scheme: str) -> Authority | None:
    """Read a host with its port, the scheme's own if none is written."""
    authority = _authority(text)
    return authority and (authority[0], authority[1] or _DEFAULT_PORTS[scheme])


def _authority(text: str) -> Authority | None:
    parts = _AUTHORITY.fullmatch(text)
    return None if parts is None else (parts[1], int(parts[2]) if parts[2] else None)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach what listens on `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
