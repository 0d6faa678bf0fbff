"""The head of a request: what makes it readable in more than one way (RFC 9112).

Where two programs read one request differently, a proxy in front of us and we, somebody can smuggle
a second request past the first of them, or have one host's answer kept for another.
"""

import re
from collections.abc import Iterable
from typing import Final

from dragoman.api import refusal as refusals
from dragoman.api.refusal import Refusal

_VERSIONS: Final = frozenset({"1.0", "1.1"})
_HOST: Final = re.compile(rb"(?:\[[0-9a-fA-F:.]+\]|[\w.~%!$&'()*+,;=-]*)(?::[0-9]*)?", re.ASCII)
_ABSOLUTE: Final = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)


def fault_of(
    method: bytes, url: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]
) -> Refusal | None:
    """Find what is wrong with a head; header names are in lower case."""
    if method == b"CONNECT":
        return refusals.BAD_METHOD
    if version not in _VERSIONS:
        return refusals.BAD_VERSION
    hosts, codings = [], []
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"transfer-encoding":
            codings.append(value.strip().lower())
    if codings and (codings != [b"chunked"] or version == "1.0"):
        return refusals.BAD_FRAMING
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        return refusals.BAD_HOST
    return _fault_of_host(hosts[0].strip() if hosts else b"", url)


def _fault_of_host(host: bytes, url: bytes) -> Refusal | None:
    if not _HOST.fullmatch(host):
        return refusals.BAD_HOST
    absolute = _ABSOLUTE.match(url)
    if absolute is not None and absolute[1].lower() != host.lower():
        return refusals.BAD_TARGET
    return None
