"""The grammar of a reply, asserted: what every stream of events must keep, whoever makes it.

ResponseStart (PartStart PartDelta* PartEnd)* ResponseEnd, and an Aside anywhere between the ends.
"""

from collections.abc import Iterable
from typing import assert_never

from dragoman.chat import (
    Aside,
    PartDelta,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    StreamEvent,
)


def check_grammar(events: Iterable[StreamEvent], *, finished: bool = True) -> None:
    """Assert that `events` tell a reply in good order: parts one by one, numbered 0, 1, 2 …

    A reply that broke off (`finished=False`) may end anywhere, but never with a `ResponseEnd`.
    Raises `AssertionError` that says which event stands where it must not.
    """
    place = _Place()
    for number, event in enumerate(events):
        complaint = place.move(event)
        if complaint:
            raise AssertionError(f"event {number}, {type(event).__name__}: {complaint}")
    if finished and not place.ended:
        raise AssertionError("the reply has no ResponseEnd")
    if place.ended and not finished:
        raise AssertionError("a reply that broke off has a ResponseEnd")


class _Place:
    """Where in the grammar we are."""

    def __init__(self) -> None:
        self.ended = False
        self._started = False
        self._parts = 0
        self._open: int | None = None

    def move(self, event: StreamEvent) -> str | None:
        """Take one event; give the complaint if it may not stand here."""
        if self.ended:
            return "nothing may follow the ResponseEnd"
        if not self._started and not isinstance(event, ResponseStart):
            return "nothing may come before the ResponseStart"
        match event:
            case ResponseStart():
                return self._start()
            case PartStart(index=index):
                return self._open_part(index)
            case PartDelta(index=index):
                return self._require_open(index)
            case PartEnd(index=index):
                complaint = self._require_open(index)
                self._open = None
                return complaint
            case Aside():
                return None
            case ResponseEnd():
                self.ended = True
                return None if self._open is None else f"part {self._open} is still open"
            case _:
                assert_never(event)

    def _start(self) -> str | None:
        if self._started:
            return "a reply starts only once"
        self._started = True
        return None

    def _open_part(self, index: int) -> str | None:
        if self._open is not None:
            return f"part {self._open} is still open"
        if index != self._parts:
            return f"it must be part {self._parts}, not {index}"
        self._parts += 1
        self._open = index
        return None

    def _require_open(self, index: int) -> str | None:
        if self._open is None:
            return "no part is open"
        return None if index == self._open else f"part {self._open} is open, not {index}"
