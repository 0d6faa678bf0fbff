"""The head of a request: what makes it readable in more than one way (RFC 9112).

Where two programs read one request differently, a proxy in front of us and we, somebody can smuggle
a second request past the first of them, or have one host's answer kept for another.
"""

import re
from typing import Final

from dragoman.api import refusal as refusals
from dragoman.api.headers import Told
from dragoman.api.refusal import Refusal

_VERSIONS: Final = frozenset({"1.0", "1.1"})
_HOST: Final = re.compile(rb"(?:\[[0-9a-fA-F:.]+\]|[\w.~%!$&'()*+,;=-]*)(?::[0-9]*)?", re.ASCII)
_ABSOLUTE: Final = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)


def fault_of(method: bytes, url: bytes, version: str, told: Told) -> Refusal | None:
    """Find what is wrong with a head; `told` are its headers by name, in lower case.

    The values of one that is repeated are joined by a comma and a space (`by_name`), which neither
    a host nor the one coding that is taken has in it.
    """
    if method == b"CONNECT":
        return refusals.BAD_METHOD
    if version not in _VERSIONS:
        return refusals.BAD_VERSION
    coding = told.get(b"transfer-encoding")
    if coding is not None and (version == "1.0" or coding.strip().lower() != b"chunked"):
        return refusals.BAD_FRAMING
    host = told.get(b"host")
    if host is None:
        return refusals.BAD_HOST if version == "1.1" else _fault_of_host(b"", url)
    return refusals.BAD_HOST if b", " in host else _fault_of_host(host.strip(), url)


def _fault_of_host(host: bytes, url: bytes) -> Refusal | None:
    if not _HOST.fullmatch(host):
        return refusals.BAD_HOST
    if url.startswith(b"/"):
        return None
    absolute = _ABSOLUTE.match(url)
    if absolute is not None and absolute[1].lower() != host.lower():
        return refusals.BAD_TARGET
    return None
