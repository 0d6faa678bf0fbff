"""The parts of a stream, told one after the other as its chunks bring them."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    Json,
    JsonObject,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    StreamEvent,
    Text,
    ToolCall,
)
from dragoman.wire.gemini.calls import Pairing
from dragoman.wire.gemini.partial_args import PartialArgs
from dragoman.wire.gemini.parts_in import read_part
from dragoman.wire.gemini.words import NAME, encode

_WORDS: Final = Text("")
_THOUGHT: Final = Reasoning(origin=NAME)
# What tells of a call in pieces, beside what the call is.
_IN_PIECES: Final = frozenset({"partialArgs", "willContinue"})


class PartTeller:
    """Tells parts by `emit`; `claim` gives the bytes that the first event of each chunk carries.

    Words go on in the next chunk, and so do thoughts; what has a seal, or anything else of its own
    beside it, is a part by itself, since it has to go back at its place.
    """

    def __init__(self, emit: Callable[[StreamEvent], None], claim: Callable[[], bytes]) -> None:
        self._emit = emit
        self._claim = claim
        self._next = 0
        self._growing: Part | None = None
        self._arguments: PartialArgs | None = None
        self.calls = 0

    def take(self, item: Json, pairing: Pairing) -> None:
        """Take the next part of a content. Raises `InvalidInput` if it makes no sense."""
        match item:
            case {"text": str(text), **others} if not others:
                # Nearly every part is this one.
                self._grow(_WORDS, text)
                return
            case {"functionCall": dict() as call} if self._in_pieces(call):
                self._call(item, call, pairing)
                return
        match read_part(item, "parts", pairing):
            case Text(text, None):
                self._grow(_WORDS, text)
            case Reasoning(text, None, extras=None):
                self._grow(_THOUGHT, text)
            case Text(text) | Reasoning(text) as part:
                self._tell(replace(part, text=""), text)
            case ToolCall(arguments=arguments) as asked:
                self.calls += 1
                self._tell(replace(asked, arguments=""), arguments)
            case part:
                self._tell(part, "")

    def end(self) -> None:
        """End the part that is still open, if one is."""
        if self._arguments is not None:
            arguments, self._arguments = self._arguments.whole, None
            self._emit(PartDelta(self._next, encode(arguments).decode(), source=self._claim()))
            self._end_part()
        elif self._growing is not None:
            self._growing = None
            self._end_part()

    def _in_pieces(self, call: JsonObject) -> bool:
        goes_on = self._arguments is not None and "name" not in call
        return goes_on or not _IN_PIECES.isdisjoint(call)

    def _grow(self, opening: Part, text: str) -> None:
        if not text:
            return
        if self._growing is not opening:
            self.end()
            self._growing = opening
            self._emit(PartStart(self._next, opening, self._claim()))
        self._emit(PartDelta(self._next, text, source=self._claim()))

    def _tell(self, part: Part, text: str) -> None:
        self.end()
        self._emit(PartStart(self._next, part, self._claim()))
        if text:
            self._emit(PartDelta(self._next, text, source=self._claim()))
        self._end_part()

    def _call(self, item: JsonObject, call: JsonObject, pairing: Pairing) -> None:
        if "name" in call or self._arguments is None:
            self.end()
            known = {name: value for name, value in call.items() if name not in _IN_PIECES}
            part = read_part({**item, "functionCall": known}, "parts", pairing)
            if isinstance(part, ToolCall):
                part = replace(part, arguments="")
            self.calls += 1
            self._arguments = PartialArgs()
            self._emit(PartStart(self._next, part, self._claim()))
        if isinstance(call.get("args"), dict):
            self._arguments.whole |= call["args"]
        self._arguments.add(call.get("partialArgs"))
        if call.get("willContinue") is not True:
            self.end()

    def _end_part(self) -> None:
        self._emit(PartEnd(self._next, self._claim()))
        self._next += 1
