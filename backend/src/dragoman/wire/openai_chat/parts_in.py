"""Parts told one after the other, however their pieces arrive.

A piece of another channel ends the part before, except that a tool call which has begun is
finished first: pieces of everything else wait until its arguments are whole JSON, or the stream
ends. So nothing is lost when calls, or words and calls, come interleaved.
"""

import re
from collections.abc import Callable, Hashable
from typing import Final, TypeAlias

from dragoman.chat import (
    Extras,
    Opaque,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    StreamEvent,
    ToolCall,
)
from dragoman.wire.base import malformed
from dragoman.wire.openai_chat.words import TOOL_CALL

Piece: TypeAlias = tuple[str, Extras | None]
"""What a piece adds to its part: words, and fields that nobody here knows."""


class PartTeller:
    """Tells parts by `emit`; `claim` gives the bytes that the first event of each chunk carries.

    A channel is what the pieces of one part have in common; it is anything that can be a key.
    """

    def __init__(self, emit: Callable[[StreamEvent], None], claim: Callable[[], bytes]) -> None:
        self._emit = emit
        self._claim = claim
        self._next = 0
        self._channel: Hashable = None
        self._call: _CallText | None = None
        self._told: set[Hashable] = set()
        self._waiting: dict[Hashable, tuple[Part, list[Piece]]] = {}

    def tell(
        self, channel: Hashable, opening: Part, text: str = "", extras: Extras | None = None
    ) -> None:
        """Take a piece of a channel; `opening` is the part as it begins, if one has to.

        Raises `UpstreamError` for more of a call that is over and told.
        """
        if channel == self._channel:
            self._continue(text, extras)
            if self._waiting:
                self._catch_up()
        elif channel in self._told:
            _refuse_more(text)
        elif self._call is not None and not self._call.whole():
            self._waiting.setdefault(channel, (opening, []))[1].append((text, extras))
        else:
            self._end_part()
            self._begin_part(channel, opening)
            self._continue(text, extras)

    def end(self) -> None:
        """Tell what is still waiting, and end the last part."""
        while self._waiting:
            self._next_waiting()
        self._end_part()

    def _catch_up(self) -> None:
        while self._waiting and (self._call is None or self._call.whole()):
            self._next_waiting()

    def _next_waiting(self) -> None:
        channel = next(iter(self._waiting))
        opening, pieces = self._waiting.pop(channel)
        self._end_part()
        self._begin_part(channel, opening)
        for text, extras in pieces:
            self._continue(text, extras)

    def _begin_part(self, channel: Hashable, opening: Part) -> None:
        self._channel = channel
        if _is_call(opening):
            self._call = _CallText()
            self._told.add(channel)
        self._emit(PartStart(self._next, opening, self._claim()))

    def _continue(self, text: str, extras: Extras | None) -> None:
        if text or extras is not None:
            if self._call is not None:
                self._call.add(text)
            self._emit(PartDelta(self._next, text, None, extras, self._claim()))

    def _end_part(self) -> None:
        if self._channel is not None:
            self._emit(PartEnd(self._next, self._claim()))
            self._next += 1
            self._channel = self._call = None


def _is_call(part: Part) -> bool:
    match part:
        case ToolCall():
            return True
        case Opaque(kind=kind):
            return kind.startswith(TOOL_CALL)
        case _:
            return False


def _refuse_more(text: str) -> None:
    if text.strip():
        raise malformed("bad_payload", "the stream goes on with a tool call that was whole")


# What matters for where a JSON object or list ends; an escape hides the character after it.
_MARK: Final = re.compile(r'\\(?:.|\Z)|["{}\[\]]', re.DOTALL)


class _CallText:
    """What a tool is called with, so far."""

    def __init__(self) -> None:
        self._unread: list[str] = []
        self._depth = 0
        self._begun = False
        self._in_string = False

    def add(self, text: str) -> None:
        self._unread.append(text)

    def whole(self) -> bool:
        """Tell whether it is a whole JSON object or list. Nothing is not: it may yet come."""
        self._read("".join(self._unread))
        return self._begun and self._depth == 0

    def _read(self, text: str) -> None:
        self._unread = []
        for found in _MARK.finditer(text):
            mark = found[0]
            if mark == "\\":
                self._unread = [mark]
            elif mark == '"':
                self._in_string = not self._in_string
            elif not self._in_string and mark in "{[":
                self._begun = True
                self._depth += 1
            elif not self._in_string and mark in "}]":
                self._depth -= 1
