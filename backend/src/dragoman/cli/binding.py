"""Listening: the address is taken first of all, so that nothing is loaded in vain."""

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple

from .endings import BIND, CommandError

BACKLOG: Final = 2048
"""How many connections may wait to be taken: uvicorn's own figure."""

# What an address list may hold that this machine cannot do, such as IPv6 for "localhost".
_NOT_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})

_REASONS: Final[dict[int, str]] = {
    errno.EADDRINUSE: (
        "port {port} is in use by another program: end that one, or take another port with --port "
        "(0 takes a free one)"
    ),
    errno.EACCES: (
        "port {port} is reserved for the system's own services: take one from 1024 up with --port"
    ),
    errno.EADDRNOTAVAIL: (
        "{host} is not an address of this machine: give one of its own with --host, as 127.0.0.1"
    ),
}
_REASONS[errno.EPERM] = _REASONS[errno.EACCES]


class BindError(CommandError):
    """The address cannot be listened on."""

    exit_code = BIND


class Place(NamedTuple):
    """An address of a host; `scope` is what IPv6 adds to it."""

    family: socket.AddressFamily
    ip: str
    scope: tuple[int, ...]

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine itself can come in there."""
        ip = ip_address(self.ip)
        mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
        return (mapped or ip).is_loopback


def places(host: str) -> tuple[Place, ...]:
    """Find the addresses that `host` stands for. Raises `BindError` if there is none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is malformed"
        raise BindError(
            f"there is no host {host!r} ({reason}): give a name or an address of this machine "
            "with --host, as 127.0.0.1"
        ) from error
    return tuple(
        dict.fromkeys(
            Place(family, str(address[0]), tuple(int(number) for number in address[2:]))
            for family, *_, address in found
        )
    )


def listen(host: str, found: Sequence[Place], port: int) -> list[socket.socket]:
    """Listen at all of the addresses; connections wait until somebody takes them.

    For port 0 the system chooses one port, the same at every address. An address that this machine
    cannot have is passed over if there is another. Raises `BindError`.
    """
    taken: list[socket.socket] = []
    missing: OSError | None = None
    with ExitStack() as undo:
        for place in found:
            try:
                taken.append(undo.enter_context(_listening(place, port)))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise BindError(_reason(error, host, port)) from error
                missing = error
            else:
                port = taken[0].getsockname()[1]
        if missing is not None and not taken:
            raise BindError(_reason(missing, host, port)) from missing
        undo.pop_all()
    return taken


def _listening(place: Place, port: int) -> socket.socket:
    listener = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere the option would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if place.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((place.ip, port, *place.scope))
        listener.listen(BACKLOG)
        listener.settimeout(0)
    except OSError:
        listener.close()
        raise
    return listener


def _reason(error: OSError, host: str, port: int) -> str:
    reason = _REASONS.get(error.errno or 0, "port {port} on {host} cannot be used ({error})")
    return reason.format(host=host, port=port, error=error.strerror)


def web_address(listener: socket.socket) -> str:
    """Give the URL under which this machine itself reaches a listening socket."""
    host, port = listener.getsockname()[:2]
    ip = ip_address(host.partition("%")[0])
    if ip.is_unspecified:
        ip = ip_address("127.0.0.1" if ip.version == 4 else "::1")
    return f"http://[{ip}]:{port}" if ip.version == 6 else f"http://{ip}:{port}"
