"""A streamed reply, written: in a wire's own words, or in the bytes of a vendor of that wire.

a vendor's events of this wire    ──▶ their bytes, our name for the model in them
those of another wire, a plugin's ──▶ words
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from dragoman.chat import PartDelta, ResponseEnd, ResponseStart, StreamEvent
from dragoman.wire.naming import Naming
from dragoman.wire.sse import SseEvent, SseParser


class EventStreamWriter(ABC):
    """A writer of a stream of events; a wire says how each of them is told.

    A subclass has the `wire`'s name and implements `_told`, which tells an event in words and calls
    `_begin_number` where that begins something with a number; `_note`, which follows an event that
    is passed on and calls `_follow_number` for the same; and `_renumbered`. `_without` and
    `_closing` are for what a wire does to bytes that it passes on.
    """

    wire: ClassVar[str]

    def __init__(self, model: str | None) -> None:
        self._model = model
        self._naming = Naming(None, None)
        self._passes = False
        self._last = b""
        self._number = -1
        self._next = 0  # the next number, of those that the events count
        self._ahead = 0  # how many of those before it are in bytes passed on, but not yet in events
        self._inserted: list[int] = []  # before which of the vendor's numbers one of ours stands

    def write(self, events: Iterable[StreamEvent]) -> bytes:
        """Write the next events; the terminal bytes follow a `ResponseEnd`."""
        pieces: list[bytes] = []
        for event in events:
            if type(event) is ResponseStart:
                self._passes = event.wire == self.wire and event.source is not None
                self._naming = Naming(event.model, self._model)
            if event.source is None or not self._passes:
                pieces.append(self._told(event))
            else:
                pieces.append(self._pass_on(event, event.source))
        written = b"".join(pieces)
        return self._cleaned(written) if self._passes and written else written

    @abstractmethod
    def _told(self, event: StreamEvent) -> bytes:
        """Tell one event in words."""

    @abstractmethod
    def _note(self, event: StreamEvent) -> None:
        """Follow an event that is passed on, so that words can be put in after it."""

    @abstractmethod
    def _renumbered(self, event: SseEvent) -> bytes:
        """Write a vendor's event with its numbers `_moved`."""

    def _without(self, passed: bytes) -> bytes:
        """Leave out of whole events what the client did not ask for."""
        return passed

    def _closing(self, _last: bytes) -> bytes:
        """Give what a vendor should have said after its `last` event, and did not."""
        return b""

    def _numbers_in(self, _last: bytes) -> int:
        """Give the number after all those in the `last` event passed on; 0 if it has none."""
        return 0

    def _begin_number(self) -> None:
        """Give the thing that is told next a `_number`, after all that clients have heard of."""
        if self._passes:
            unheard = max(0, self._numbers_in(self._last) - self._next)
            self._next += unheard
            self._ahead += unheard
            self._number = self._next + len(self._inserted)
            self._inserted.append(self._next)
        else:
            self._number = self._next
            self._next += 1

    def _follow_number(self) -> None:
        """Take the `_number` that the thing passed on has for the client."""
        if self._ahead:
            self._ahead -= 1
        else:
            self._next += 1
        self._number = self._moved(self._next - self._ahead - 1)

    def _moved(self, number: int) -> int:
        """Give a vendor's number as the client knows it."""
        return number + sum(before <= number for before in self._inserted)

    def _pass_on(self, event: StreamEvent, source: bytes) -> bytes:
        if source:
            self._last = source
            if self._inserted:
                source = b"".join(
                    map(self._renumbered, SseParser(max_event=len(source)).feed(source))
                )
        if type(event) is PartDelta:
            return source
        self._note(event)
        return source + self._closing(self._last) if type(event) is ResponseEnd else source

    def _cleaned(self, passed: bytes) -> bytes:
        passed = self._without(passed)
        return self._naming.put(passed) if b'"model' in passed else passed
