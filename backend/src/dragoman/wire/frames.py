"""Amazon's event streams: bytes in any cut, whole messages out, each with its checksums proved.

    length of all · length of headers · CRC of these two │ headers │ payload │ CRC of everything

Lengths and sums are four bytes, the highest first. Facts: the type
`application/vnd.amazon.eventstream` in https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import struct
from binascii import crc32
from collections.abc import Iterator
from typing import Final

import msgspec

from dragoman.wire.sse import MAX_EVENT, EventTooLargeError, FramingError, SseEvent

EXCEPTION: Final = "exception "
"""How the name of an event begins that is no event but an exception; its type follows."""

_PRELUDE: Final = struct.Struct(">III")
_SUM: Final = struct.Struct(">I")
_SHORT: Final = struct.Struct(">H")
# The length of a header's value, by its type; -1 for those that bring their own.
_LENGTHS: Final = (0, 0, 1, 2, 4, 8, -1, -1, 8, 16)
_STRING: Final = 7
_encode: Final = msgspec.json.Encoder().encode


class FrameParser:
    """An incremental parser with the face of `SseParser`: a message is an event of that name."""

    def __init__(self, *, max_event: int = MAX_EVENT) -> None:
        self._max_event = max_event
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take the next bytes; give the events that are whole by now.

        Raises `EventTooLargeError` when one is longer than allowed, and `FramingError` when a
        checksum or a length is wrong: nothing after it can be trusted.
        """
        self._buffer += chunk
        while len(self._buffer) >= _PRELUDE.size:
            length, headers, promised = _PRELUDE.unpack_from(self._buffer)
            if crc32(self._buffer[:8]) != promised:
                raise FramingError("the checksum of a frame's beginning is wrong")
            if length > self._max_event:
                raise EventTooLargeError(f"a frame is longer than {self._max_event} bytes")
            if length < _PRELUDE.size + headers + _SUM.size:
                raise FramingError("a frame is shorter than its own headers")
            if len(self._buffer) < length:
                return
            frame = bytes(self._buffer[:length])
            del self._buffer[:length]
            yield _event(frame, _PRELUDE.size + headers)

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished frame are waiting."""
        return bool(self._buffer)


def _event(frame: bytes, begin: int) -> SseEvent:
    if crc32(frame[: -_SUM.size]) != _SUM.unpack_from(frame, len(frame) - _SUM.size)[0]:
        raise FramingError("the checksum of a frame is wrong")
    try:
        headers = dict(_headers(frame[_PRELUDE.size : begin]))
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise FramingError("the headers of a frame make no sense") from error
    payload = frame[begin : -_SUM.size]
    match headers.get(":message-type"):
        case "exception":
            return SseEvent(EXCEPTION + headers.get(":exception-type", ""), payload, frame)
        case "error":
            # It says everything in its headers, and has no payload.
            said = _encode({"message": headers.get(":error-message", "")})
            return SseEvent(EXCEPTION + headers.get(":error-code", ""), said, frame)
        case _:
            return SseEvent(headers.get(":event-type", ""), payload, frame)


def _headers(raw: bytes) -> Iterator[tuple[str, str]]:
    """Give the headers whose values are strings: all that say anything here are."""
    place = 0
    while place < len(raw):
        end = place + 1 + raw[place]
        name, kind = raw[place + 1 : end], raw[end]
        begin, length = end + 1, _LENGTHS[kind]
        if length < 0:
            (length,) = _SHORT.unpack_from(raw, begin)
            begin += _SHORT.size
        place = begin + length
        if place > len(raw):
            raise IndexError("a header's value goes beyond the headers")
        if kind == _STRING:
            yield name.decode(), raw[begin:place].decode()
