"""Streams of lines: bytes in any cut, whole lines out, for formats of one JSON object a line."""

from collections.abc import Iterator

from dragoman.wire.sse import MAX_EVENT, EventTooLargeError, SseEvent


class LineParser:
    """An incremental parser with the face of `SseParser`: each line is an event without a name.

    Lines end in LF, or CRLF; blank ones are passed over.
    """

    def __init__(self, *, max_event: int = MAX_EVENT) -> None:
        self._max_event = max_event
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take the next bytes; give the lines that are whole by now.

        Raises `EventTooLargeError` when a line is longer than allowed.
        """
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            whole = bytes(self._buffer) + line
            self._buffer.clear()
            self._measure(len(whole))
            if whole.strip():
                yield SseEvent("message", whole.removesuffix(b"\r"), whole + b"\n")
        self._buffer += rest
        self._measure(len(self._buffer))

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished line are waiting."""
        return bool(self._buffer.strip())

    def _measure(self, length: int) -> None:
        if length > self._max_event:
            raise EventTooLargeError(f"a line is longer than {self._max_event} bytes")
