"""Where a request goes, and its head: an address is taken apart once, headers when they change."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from msgspec import Struct

from dragoman.services.providers.breakages import broken

_PORTS: Final = {"http": 80, "https": 443}
# What may stand in a path or a query as it is; a percent sign is one that was put there.
# https://www.rfc-editor.org/rfc/rfc3986#section-3.3
_AS_IT_IS: Final = "/?:@!$&'()*+,;=-._~%[]"
_HOST: Final = re.compile(r"[A-Za-z0-9_.:%~-]+")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# They say how this very message is framed.
_OURS: Final = frozenset({"connection", "content-length", "transfer-encoding"})
_PACKED: Final = "accept-encoding: gzip, deflate\r\n"
_WITH_BODY: Final = frozenset({"POST"})


class Place(Struct, frozen=True):
    """The other end of a connection."""

    host: str
    port: int
    secure: bool


class Address(Struct, frozen=True):
    """A taken-apart address; `label` is what may be told of it.

    `is_personal` where it names a user, who has to be vouched for.
    """

    place: Place
    label: str
    target: str
    is_personal: bool = False

    @property
    def host_line(self) -> str:
        """The header that names the host."""
        return f"host: {self.label}\r\n"


def address_of(url: str) -> Address:
    """Take an address apart. Raises `UpstreamError` (`bad_address`)."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".").encode("idna").decode()
    except ValueError as error:  # a port of letters, half a bracket, a name that cannot be
        raise broken("the address", "bad_address", str(error)) from error
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host):
        raise broken(host or "the address", "bad_address", "it is no http:// or https:// address")
    named = f"[{host}]" if ":" in host else host
    label = named if port in (None, _PORTS[parts.scheme]) else f"{named}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return Address(
        place=Place(host, port or _PORTS[parts.scheme], secure=parts.scheme == "https"),
        label=label,
        target=quote((parts.path or "/") + query, safe=_AS_IT_IS),
        is_personal="@" in parts.netloc,
    )


class Head:
    """The head of one request after the other to an address, written anew where it changes."""

    __slots__ = ("_address", "_beginning", "_headers", "_method")

    def __init__(self, address: Address) -> None:
        self._address = address
        self._method = ""
        self._headers: Mapping[str, str] = {}
        self._beginning = b""

    def of(self, method: str, headers: Mapping[str, str], length: int) -> bytes:
        """Give the head of a request whose body has `length` bytes.

        Raises `ValueError` where a header would be more than one line.
        """
        if headers != self._headers or method != self._method:
            self._beginning = _beginning_of(method, self._address, headers)
            self._method, self._headers = method, dict(headers)
        if length or method in _WITH_BODY:
            return b"%bcontent-length: %d\r\n\r\n" % (self._beginning, length)
        return self._beginning + b"\r\n"


def _beginning_of(method: str, address: Address, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {address.target} HTTP/1.1\r\n"]
    host, packed = address.host_line, _PACKED
    for name, value in headers.items():
        match _known(name):
            case "host":
                host = f"host: {value}\r\n"
            case "accept-encoding":
                packed = f"accept-encoding: {value}\r\n"
            case "":
                lines.append(f"{name}: {value}\r\n")
    lines += (host, packed)
    beginning = "".join(lines)
    breaks = {beginning.count("\n"), beginning.count("\r")}
    if breaks != {len(lines)} or "\0" in beginning:
        raise ValueError("a header holds a line break or a NUL: check the keys and own headers")
    return beginning.encode()


@lru_cache(maxsize=1024)
def _known(name: str) -> str:
    """Give the header's name where it is written by ourselves, and nothing where it goes on."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no name of a header")
    lowered = name.lower()
    return lowered if lowered in {"host", "accept-encoding", *_OURS} else ""
