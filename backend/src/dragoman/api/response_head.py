"""The head of an answer, as bytes (RFC 9112)."""

from http import HTTPStatus
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final

from msgspec import Struct

from dragoman.api.headers import RawHeaders, by_name

# What a name and a value consist of (RFC 9110, sections 5.5 and 5.6.2): anything else could end the
# line, and begin another.
_NAME: Final = f"{ascii_lowercase}{digits}!#$%&'*+-.^_`|~".encode()
_CAPITALS: Final = ascii_uppercase.encode()
_VALUE: Final = bytes({0x09, *range(0x20, 0x100)} - {0x7F})

_STATUS_LINES: Final = {
    int(status): b"HTTP/1.1 %d %b" % (status, status.phrase.encode()) for status in HTTPStatus
}


class ResponseHead(Struct, frozen=True):
    """A head: its `text` with the blank line, and what it says of what comes after it.

    `length` is that of the body in bytes, `None` where it comes in chunks.
    """

    text: bytes
    length: int | None
    keep_alive: bool


def head_of(status: int, headers: RawHeaders, *, keep_alive: bool, bodiless: bool) -> ResponseHead:
    """Write a head, and what is missing in it: how the body ends, and that the connection does.

    `keep_alive` tells whether the client may ask again on this connection, `bodiless` that nothing
    follows the head, whatever it says. Raises `RuntimeError` for a header that would not be read as
    it is meant.
    """
    fit = _fit(headers)
    told, further = by_name(fit), []
    if b"connection" in told and _says_close(told[b"connection"]):
        keep_alive = False
    elif not keep_alive:
        further.append(b"connection: close")
    if b"transfer-encoding" in told and told[b"transfer-encoding"].lower() == b"chunked":
        length = None
    elif b"content-length" in told:
        length = _number(told[b"content-length"])
    elif bodiless:
        length = 0
    else:
        length = None
        further.append(b"transfer-encoding: chunked")
    first = _STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status
    text = b"\r\n".join([first, *map(b": ".join, fit), *further, b"", b""])
    return ResponseHead(text, length, keep_alive)


def _fit(headers: RawHeaders) -> RawHeaders:
    """Give the headers with names in small letters. Raises `RuntimeError` for what is no header."""
    if not headers:
        return headers
    names, values = zip(*headers)  # noqa: B905 - of pairs there are two
    strange = b"".join(names).translate(None, _NAME)
    if strange.translate(None, _CAPITALS) or b"" in names:
        raise RuntimeError("a header of this answer has a name that is none")
    if b"".join(values).translate(None, _VALUE):
        raise RuntimeError("a header of this answer has a value that would end its line")
    if strange:
        return [(name.lower(), value) for name, value in headers]
    return headers


def _says_close(value: bytes) -> bool:
    return b"close" in (word.strip().lower() for word in value.split(b","))


def _number(value: bytes) -> int:
    if not value.isdigit():
        raise RuntimeError("the content-length of this answer is no number")
    return int(value)
