"""How a stream is cut into chunks: events, or the items of one JSON list.

Without `alt=sse` the vendor streams a list, `[{…},{…}]`, one item for each event.
"""

import re
from collections.abc import Iterator
from typing import Final

from dragoman.wire.gemini.words import encode
from dragoman.wire.sse import MAX_EVENT, EventTooLargeError, SseEvent, SseParser, encode_event
from dragoman.wire.stream import decode_leniently

# What matters for where an item ends; an escape hides the character after it.
_MARK: Final = re.compile(rb'\\(?:.|\Z)|["{}\[\]]', re.DOTALL)
_BOM: Final = b"\xef\xbb\xbf"


class ItemParser:
    """Cuts a JSON list into its items, each given as an event of that data.

    What is not an item (a second list, bare words) is passed over.
    """

    def __init__(self, *, max_event: int = MAX_EVENT) -> None:
        self._max_event = max_event
        self._buffer = bytearray()
        self._searched = 0
        self._depth = 0
        self._in_string = False
        self._begin = 0

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take the next bytes; give the items that are whole by now.

        Raises `EventTooLargeError` when an item is longer than allowed.
        """
        self._buffer += chunk
        for end in self._ends():
            item = bytes(self._buffer[self._begin : end])
            self._measure(len(item))
            yield _event(item)
        if self._depth == 0:
            del self._buffer[: self._searched]
            self._searched = 0
        elif self._begin:
            del self._buffer[: self._begin]
            self._searched -= self._begin
            self._begin = 0
        self._measure(len(self._buffer))

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished item are waiting."""
        return self._depth > 0

    def _ends(self) -> Iterator[int]:
        """Give where each item ends; its beginning is known by then."""
        while (found := _MARK.search(self._buffer, self._searched)) is not None:
            mark = found[0]
            if mark == b"\\":
                # What it hides has not come yet.
                return
            self._searched = found.end()
            if mark == b'"':
                self._in_string = not self._in_string and self._depth > 0
            elif self._in_string or mark.startswith(b"\\"):
                continue
            elif mark == b"{":
                if self._depth == 0:
                    self._begin = found.start()
                self._depth += 1
            elif mark == b"}" and self._depth > 0:
                self._depth -= 1
                if self._depth == 0:
                    yield self._searched
        self._searched = len(self._buffer)

    def _measure(self, length: int) -> None:
        if length > self._max_event:
            raise EventTooLargeError(f"an item is longer than {self._max_event} bytes")


def _event(item: bytes) -> SseEvent:
    """Give an item as the event that it would have been."""
    decoded = decode_leniently(item)
    data = item if decoded is None else encode(decoded)
    return SseEvent("message", data, encode_event(data.replace(b"\n", b" ")))


class Framing(SseParser):
    """Finds out by the first byte which of the two it is."""

    def __init__(self) -> None:
        super().__init__()
        self._items: ItemParser | None = None
        self._known = False
        self._blank = b""

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take the next bytes; give the events that are whole by now."""
        if not self._known:
            chunk = self._blank + chunk
            text = chunk.removeprefix(_BOM).lstrip()
            if _BOM.startswith(text):
                self._blank = chunk
                return
            self._known = True
            self._items = ItemParser() if text[:1] in (b"[", b"{") else None
        yield from super().feed(chunk) if self._items is None else self._items.feed(chunk)

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished event are waiting."""
        return super().pending if self._items is None else self._items.pending
