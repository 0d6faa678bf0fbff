"""Server-sent events: bytes in any cut, whole events out (WHATWG HTML, section 9.2.6)."""

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from msgspec import Struct

MAX_EVENT: Final = 1 << 20
"""The longest event taken, in bytes; a longer one is an attack or a mistake."""

_BOM: Final = b"\xef\xbb\xbf"
_MAYBE_A_MARK: Final = (b"", _BOM[:1])
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
# After CRLF, a CR that ends what came is half of the next one: its LF belongs to the same event.
_BLANK_LINE: Final = re.compile(
    rb"\r\n(?:\r\n|\n|\r(?=[^\n]))"
    rb"|(?:(?<!\r)\n|\r(?!\n))(?:\r\n|\n|\r)"
)


class SseEvent(Struct, frozen=True, gc=False):
    """One event: its name (`message` when none was given), its data, the bytes it came from."""

    name: str
    data: bytes
    source: bytes


class FramingError(ValueError):
    """The bytes are not cut as the format cuts them; nothing after them can be trusted."""

    reason: ClassVar[str] = "bad_payload"


class EventTooLargeError(FramingError):
    """An event grew beyond the allowed length."""

    reason: ClassVar[str] = "event_too_large"


class SseParser:
    """An incremental parser, complete to the specification.

    Lines end in LF, CR or CRLF; comments and unknown fields are passed over; several `data` lines
    join with LF; a leading byte order mark is ignored; an event without data is none. Data stays
    bytes: whoever decodes it decides what invalid UTF-8 means.
    """

    def __init__(self, *, max_event: int = MAX_EVENT) -> None:
        self._max_event = max_event
        self._buffer = bytearray()
        self._searched = 0
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take the next bytes; give the events that are whole by now.

        Raises `EventTooLargeError` when an event is longer than allowed.
        """
        if not self._buffer:
            self._begun = self._begun or chunk[:1] not in _MAYBE_A_MARK
            if self._begun and chunk.endswith(b"\n\n") and b"\r" not in chunk:
                return self._whole(chunk)
        return self._cut(chunk)

    def _cut(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take bytes that may begin or end anywhere."""
        self._buffer += chunk
        if not self._begun and not self._skip_mark():
            return
        begin = 0
        for end in self._blank_lines():
            self._measure(end - begin)
            event = _event(bytes(self._buffer[begin:end]))
            begin = end
            if event is not None:
                yield event
        del self._buffer[:begin]
        # A blank line is at most four bytes, so it may have begun in the last three.
        self._searched = max(0, len(self._buffer) - 3)
        self._measure(len(self._buffer))

    def end(self) -> Iterator[SseEvent]:
        """Take the end of the body: an event that only waited for half a line end is whole."""
        if self._buffer.endswith(b"\r\n\r"):
            event = _event(bytes(self._buffer))
            self._buffer.clear()
            if event is not None:
                yield event

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished event are waiting."""
        return bool(self._buffer.strip(b"\r\n"))

    @property
    def idle(self) -> bool:
        """Whether no bytes are waiting at all, so that the next begin an event."""
        return not self._buffer

    def _whole(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take what nearly every read is: whole events, lines ended by LF alone."""
        if chunk.find(b"\n\n") == len(chunk) - 2:
            blocks = [chunk]
        else:
            blocks = [block + b"\n\n" for block in chunk[:-2].split(b"\n\n")]
        for block in blocks:
            self._measure(len(block))
            event = _event(block)
            if event is not None:
                yield event

    def _blank_lines(self) -> Iterator[int]:
        """Give where each blank line ends; nearly everybody's lines end in LF alone."""
        if b"\r" in self._buffer:
            for blank in _BLANK_LINE.finditer(self._buffer, self._searched):
                yield blank.end()
            return
        place = self._buffer.find(b"\n\n", self._searched)
        while place >= 0:
            yield place + 2
            place = self._buffer.find(b"\n\n", place + 2)

    def _skip_mark(self) -> bool:
        """Drop a leading byte order mark; false while it may still be arriving."""
        if len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer):
            return False
        if self._buffer.startswith(_BOM):
            del self._buffer[: len(_BOM)]
        self._begun = True
        return True

    def _measure(self, length: int) -> None:
        if length > self._max_event:
            raise EventTooLargeError(f"an event is longer than {self._max_event} bytes")


def _event(source: bytes) -> SseEvent | None:
    first, last = source.find(b"\n"), len(source) - 2
    if b"\r" not in source:
        # Nearly every event is one line of data, or has its name before it.
        if first == last and source.startswith(b"data: "):
            return SseEvent("message", source[6:last], source)
        named = source.startswith(b"event: ") and source.startswith(b"\ndata: ", first)
        if named and source.find(b"\n", first + 1) == last:
            name = source[7:first].decode("utf-8", "replace")
            return SseEvent(name or "message", source[first + 7 : last], source)
    kind = b""
    lines: list[bytes] = []
    for line in _LINE_END.split(source) if b"\r" in source else source.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            lines.append(value.removeprefix(b" "))
        elif field == b"event":
            kind = value.removeprefix(b" ")
    if not lines:
        return None
    return SseEvent(kind.decode("utf-8", "replace") or "message", b"\n".join(lines), source)


def encode_event(data: bytes, name: str | None = None) -> bytes:
    """Write one event; `data` must hold no line end (compact JSON never does)."""
    if name is None:
        return b"data: %b\n\n" % data
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
