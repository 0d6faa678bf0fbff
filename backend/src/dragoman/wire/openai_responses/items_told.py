"""The items of a stream, told as parts one after the other, however their events arrive.

Items are told in the order of their places in the output. While one of them is open, what comes of
later ones waits: told in another order, reasoning and calls could not be replayed. What an item is
in the end is what its `output_item.done` says; what was told of it before is only completed by it.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from dragoman.chat import (
    Extras,
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
from dragoman.wire.fields import Fields
from dragoman.wire.openai_responses.items_in import PARAGRAPH, read_item, read_message
from dragoman.wire.openai_responses.words import NAME

Section: TypeAlias = tuple[str, int]
"""A kind of text (`text`, `refusal`, `summary`, `reasoning`, `arguments`), and its place."""

_REASONING: Final = frozenset({"summary", "reasoning"})


class ItemTeller:
    """Tells items by `emit`; `claim` gives the bytes that each event's first telling carries."""

    def __init__(self, emit: Callable[[StreamEvent], None], claim: Callable[[], bytes]) -> None:
        self._teller = _PartTeller(emit, claim)
        self._place: int | None = None
        self._item = _Item(self._teller)
        self._ids: dict[int, Json] = {}
        self._told: set[int] = set()
        self._waiting: dict[int, list[Callable[[_Item], None]]] = {}

    @property
    def parts(self) -> tuple[Part, ...]:
        """Give the parts that are whole by now, as they are in the end."""
        return tuple(self._teller.parts)

    def add(self, place: int, item: JsonObject) -> None:
        """Take the beginning of the item at `place`."""
        self._ids[place] = item.get("id")
        self._do(place, lambda known: known.begin(item))

    def enter(self, place: int, section: Section) -> None:
        """Take the beginning of a section."""
        self._do(place, lambda known: known.enter(section))

    def piece(self, place: int, section: Section, text: str) -> None:
        """Take more of a section's text."""
        self._do(place, lambda known: known.grow(section, text))

    def whole(self, place: int, section: Section, text: str) -> None:
        """Take a section's text as a whole, of which some may have been told."""
        self._do(place, lambda known: known.complete(section, text))

    def content(self, place: int, number: int, part: JsonObject) -> None:
        """Take a content part as it is in the end."""
        self._do(place, lambda known: known.contents.__setitem__(number, part))

    def done(self, place: int, item: JsonObject | None) -> None:
        """Take an item as it is in the end; `None` if that was never said.

        Raises `InvalidInput` if it is not what its type promises.
        """
        self._do(place, lambda known: known.finish(item))

    def end(self, output: list[Json]) -> None:
        """Tell what is still open or waiting, and what was never announced, by the whole output."""
        still_open = {*self._waiting, *(() if self._place is None else (self._place,))}
        announced = sorted(self._told | still_open)
        finals = {place: self._final(place, announced.index(place), output) for place in still_open}
        for place in sorted(still_open):
            self.done(place, finals[place])
        beyond = announced[-1] + 1 if announced else 0
        for place, item in enumerate(output[len(announced) :], beyond):
            self.done(place, item)

    def _final(self, place: int, rank: int, output: list[Json]) -> Json:
        wanted = self._ids.get(place)
        for item in output if wanted else ():
            if isinstance(item, dict) and item.get("id") == wanted:
                return item
        return output[rank] if rank < len(output) else None

    def _do(self, place: int, act: "Callable[[_Item], None]") -> None:
        if place in self._told:
            return
        if self._place is None:
            self._place = place
        if place != self._place:
            self._waiting.setdefault(place, []).append(act)
            return
        act(self._item)
        while self._item.finished:
            self._next()

    def _next(self) -> None:
        """Go on to the next item that waits, as far as it came."""
        if self._place is not None:
            self._told.add(self._place)
        self._item = _Item(self._teller)
        self._place = min(self._waiting, default=None)
        for act in () if self._place is None else self._waiting.pop(self._place):
            act(self._item)


class _PartTeller:
    """Numbers the parts, and knows the one that is open."""

    def __init__(self, emit: Callable[[StreamEvent], None], claim: Callable[[], bytes]) -> None:
        self._emit = emit
        self._claim = claim
        self._next = 0
        self.parts: list[Part] = []

    def begin(self, part: Part) -> None:
        self._emit(PartStart(self._next, part, self._claim()))

    def more(self, text: str, signature: str | None = None, extras: Extras | None = None) -> None:
        if text or signature is not None or extras is not None:
            self._emit(PartDelta(self._next, text, signature, extras, self._claim()))

    def end(self, part: Part) -> None:
        self._emit(PartEnd(self._next, self._claim()))
        self._next += 1
        self.parts.append(part)


class _Item:
    """An item as far as it came. A message may have several texts, each a part."""

    def __init__(self, teller: _PartTeller) -> None:
        self._teller = teller
        self._part: Part | None = None
        self._begun = 0
        self._told: list[str] = []
        self._section: Section | None = None
        self._sections: dict[Section, list[str]] = {}
        self.contents: dict[int, JsonObject] = {}
        self.finished = False

    def begin(self, item: JsonObject) -> None:
        """Begin a call, whose name is all that a client waits for; others begin with their text."""
        match item:
            case {"type": "function_call", "call_id": str(call_id), "name": str(name)} if name:
                self._open(ToolCall(call_id, name, ""))

    def grow(self, section: Section, text: str) -> None:
        if not text:
            return
        self._sections.setdefault(section, []).append(text)
        kind, _ = section
        if kind == "arguments" and self._part is None:
            return  # A call that was not announced is told once its name is known.
        self._enter(section)
        self._told.append(text)
        self._teller.more(text)

    def enter(self, section: Section) -> None:
        kind, _ = section
        if kind not in _REASONING:
            self._enter(section)
        elif self._part is None:
            self._open(Reasoning(origin=NAME))

    def _enter(self, section: Section) -> None:
        if section == self._section:
            return
        kind, _ = section
        if kind in _REASONING:
            if self._part is None:
                self._open(Reasoning(origin=NAME))
            elif self._told:
                self._told.append(PARAGRAPH)
                self._teller.more(PARAGRAPH)
        elif kind != "arguments":
            if self._part is not None:
                self._close(self._goes_on())
            self._open(Text(""))
        self._section = section

    def complete(self, section: Section, text: str) -> None:
        so_far = "".join(self._sections.get(section, ()))
        if text.startswith(so_far):
            self.grow(section, text[len(so_far) :])

    def finish(self, item: Json) -> None:
        self.finished = True
        finals: tuple[Part, ...] = () if item is None else read_item(Fields(item, "item"))
        if self._part is not None:
            same = finals[self._begun - 1 : self._begun]
            self._close(*same or (self._as_told(),))
        for part in finals[self._begun :]:
            self._teller.begin(part)
            self._teller.end(part)

    def _open(self, part: Part) -> None:
        self._part = part
        self._begun += 1
        self._told = []
        self._teller.begin(part)

    def _close(self, final: Part) -> None:
        """Complete the open part by what it is in the end, as far as that goes on from here."""
        told = "".join(self._told)
        match self._part, final:
            case (Text(), Text(text, extras)) | (ToolCall(), ToolCall(_, _, text, extras)):
                self._teller.more(_rest(text, told), None, extras)
            case Reasoning(), Reasoning(text, signature, extras=extras):
                self._teller.more(_rest(text, told), signature, extras)
        self._teller.end(final)
        self._part = None

    def _goes_on(self) -> Part:
        """Give the open text as the part of a message that goes on."""
        kind, place = self._section or ("text", 0)
        told = "".join(self._told)
        spoken = {"type": "output_text", "text": told, "annotations": []}
        if kind == "refusal":
            spoken = {"type": "refusal", "refusal": told}
        content = [self.contents.get(place, spoken), {"type": "output_text", "text": ""}]
        return read_message(Fields({"content": content}))[0]

    def _as_told(self) -> Part:
        told = "".join(self._told)
        match self._part:
            case ToolCall(call_id, name):
                return ToolCall(call_id, name, told)
            case Reasoning():
                return Reasoning(told, origin=NAME)
            case _:
                return Text(told)


def _rest(text: str, told: str) -> str:
    return text[len(told) :] if text.startswith(told) else ""


def sections_of(item: JsonObject) -> Iterator[tuple[Section, str]]:
    """Give the sections of a reasoning item that hold text."""
    for field, kind in (("summary", "summary"), ("content", "reasoning")):
        for place, section in enumerate(item.get(field) or ()):
            yield (kind, place), section["text"]
