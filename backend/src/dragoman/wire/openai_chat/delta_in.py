"""What the deltas of a stream say, told as parts."""

from typing import Final

from msgspec import Struct

from dragoman.chat import Json, JsonObject, Reasoning, Text, extras_of
from dragoman.wire.openai_chat.assistant import blank_content, take_reasoning
from dragoman.wire.openai_chat.calls_in import CallTeller, objects_in
from dragoman.wire.openai_chat.content_in import read_spoken_part, refusal_of
from dragoman.wire.openai_chat.gathered import Gathered
from dragoman.wire.openai_chat.parts_in import PartTeller
from dragoman.wire.openai_chat.words import (
    NAME,
    NO_CONTENT,
    PARTS,
    REFUSAL,
    THINKING,
    forms_of,
    own,
)

_TEXT: Final = Text("")
_REFUSAL: Final = refusal_of("")
_THOUGHT: Final = Reasoning(origin=NAME, extras=extras_of(NAME, {}, THINKING))


class Told(Struct, frozen=True):
    """What is known of a message at its end: its unknown fields, its spelling, what stood in it."""

    left: JsonObject
    form: tuple[str, ...]
    calls: bool
    refused: bool


class DeltaTeller:
    """Tells the parts of one message by `parts`."""

    def __init__(self, parts: PartTeller) -> None:
        self._parts = parts
        self._calls = CallTeller(parts.tell)
        self._unknown = Gathered()
        self._said: set[str] = set()
        self._reasoning = Reasoning(origin=NAME)
        self._begun = False
        self._has_content = False
        self._listed = False
        self._needs_list = False

    def take(self, delta: JsonObject) -> None:
        """Take the next delta, which is used up.

        Raises `InvalidInput` if it makes no sense, `UpstreamError` if it cannot follow the others.
        """
        content = delta.get("content")
        if content and len(delta) == 1 and isinstance(content, str):
            self._said.add("content")
            self._has_content = True
            self.go_on(content)
            return
        delta.pop("role", None)
        self._open(delta)
        names = set(delta)
        self._reason(delta)
        self._speak(delta)
        self._refuse(delta)
        self._call(delta)
        self._said |= names.difference(delta)
        if delta:
            self._unknown.add(delta)

    def go_on(self, words: str) -> None:
        """Take the next words of the content, which has begun. Raises like `take`."""
        self._parts.tell("text", _TEXT, words)

    def end(self) -> Told:
        """Tell what is still untold, and what is known of the message as a whole."""
        self._calls.end()
        self._parts.end()
        # A field may be null, or empty, until it says something.
        left = {
            name: value for name, value in self._unknown.fields.items() if name not in self._said
        }
        calls = not self._said.isdisjoint({"tool_calls", "function_call"})
        if "content" in left and left["content"] == blank_content(calls=calls):
            del left["content"]
        form = [PARTS] if self._listed and not self._needs_list else []
        if not self._has_content:
            form.append(NO_CONTENT)
        return Told(left, tuple(form), calls, "refusal" in self._said)

    def _open(self, delta: JsonObject) -> None:
        """Pass over the empty content that opens a message, whatever will be in it."""
        if "content" in delta:
            self._has_content = True
            if not self._begun and not delta["content"]:
                del delta["content"]
        self._begun = True

    def _reason(self, delta: JsonObject) -> None:
        part = take_reasoning(delta)
        if part is None:
            return
        marks, known = forms_of(part.extras), forms_of(self._reasoning.extras)
        new = [mark for mark in marks if mark not in known]
        if new:
            self._reasoning = Reasoning(origin=NAME, extras=extras_of(NAME, {}, *known, *new))
        # The marks need no repeating with every piece.
        extras = part.extras if new or own(part.extras) else None
        self._parts.tell("reasoning", self._reasoning, part.text, extras)

    def _speak(self, delta: JsonObject) -> None:
        match delta.get("content"):
            case str(text) if text:
                del delta["content"]
                self._parts.tell("text", _TEXT, text)
            case [*items] if items:
                del delta["content"]
                for item in items:
                    self._speak_item(item)

    def _speak_item(self, item: Json) -> None:
        match read_spoken_part(item, "delta.content"):
            case Text(text, extras) if REFUSAL in forms_of(extras):
                self._needs_list = True
                self._parts.tell("refusal part", Text("", extras), text)
            case Text(text, extras):
                self._listed = True
                self._needs_list |= extras is not None
                self._parts.tell("text", _TEXT, text, extras)
            case Reasoning(text=text, extras=extras):
                self._needs_list = True
                left = {name: own(extras)[name] for name in own(extras) if name != "thinking"}
                self._parts.tell("thinking", _THOUGHT, text, extras_of(NAME, left))
            case part:
                self._needs_list = True
                self._parts.tell(object(), part)

    def _refuse(self, delta: JsonObject) -> None:
        refusal = delta.get("refusal")
        if refusal and isinstance(refusal, str):
            del delta["refusal"]
            self._parts.tell("refusal", _REFUSAL, refusal)

    def _call(self, delta: JsonObject) -> None:
        if pieces := objects_in(delta.get("tool_calls")):
            del delta["tool_calls"]
            for place, piece in enumerate(pieces):
                self._calls.take(piece, place)
        old = delta.get("function_call")
        if isinstance(old, dict) and (old.get("name") or old.get("arguments")):
            self._calls.take_old(delta.pop("function_call"))
