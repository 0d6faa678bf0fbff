"""Addresses in a request: what a provider may be asked to fetch, and what nobody may.

Nothing here is ever fetched by us. But a model server in the operator's own network would fetch
what it is given, and so a stranger could reach through it what is not for them (SSRF).
"""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from dragoman.chat import Audio, ChatRequest, Document, Image, InvalidInput, Link, Part, ToolResult

# The vendors' own stores of files are not of the web, and of no network here.
_SCHEMES: Final = frozenset({"http", "https", "gs", "s3"})
_OF_THIS_NETWORK: Final = ("localhost", ".localhost", ".local", ".internal", ".home.arpa")


def check_links(request: ChatRequest) -> None:
    """Refuse addresses that are not of the public web. Raises `InvalidInput`."""
    for place, message in enumerate(request.messages):
        for address in _links(message.parts):
            problem = _problem(address)
            if problem is not None:
                raise InvalidInput(f"messages[{place}]", problem, reason="url_not_allowed")


def _links(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        match part:
            case Image(source=Link(url)) | Document(source=Link(url)) | Audio(source=Link(url)):
                yield url
            case ToolResult(content=content):
                yield from _links(content)
            case _:
                pass


def _problem(address: str) -> str | None:
    """Say what is wrong with an address, without repeating it; `None` if nothing is."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return "holds an address that is none"
    if parts.scheme.lower() not in _SCHEMES:
        return "holds an address that is not of the web: send an http(s) address, or the content"
    if parts.scheme.lower() in ("http", "https") and not _is_public(host):
        return "holds an address inside a private network: send the content instead"
    return None


def _is_public(host: str) -> bool:
    if not host or host == _OF_THIS_NETWORK[0] or host.endswith(_OF_THIS_NETWORK[1:]):
        return False
    address = _number(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address is None or address.is_global


def _number(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is an address, in any spelling that a resolver takes for one."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))  # 2130706433, 0x7f.1
    except (OSError, ValueError, UnicodeError):
        return None
