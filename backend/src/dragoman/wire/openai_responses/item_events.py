"""The events that tell one item of a streamed reply, from its beginning to its end."""

from collections.abc import Iterator, Sequence
from typing import Final

from dragoman.chat import (
    JsonObject,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    StreamEvent,
    Text,
    ToolCall,
    fold,
)
from dragoman.wire.openai_responses.items_out import output_item, text_kind, write_text
from dragoman.wire.openai_responses.items_told import Section, sections_of
from dragoman.wire.openai_responses.words import CONTENT, EMPTY, TEXT_KINDS, forms_of, own

_SECTION_EVENTS: Final = {
    "summary": "response.reasoning_summary_text",
    "reasoning": "response.reasoning_text",
}
_STILL_TO_COME: Final[dict[str, JsonObject]] = {
    "message": {"content": []},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
}
_NOT_YET: Final = frozenset({"encrypted_content"})


class ItemEvents:
    """Tells one item: `before` are the texts of its message that are whole, `part` what begins.

    Each event is given without its number. `item` is the item as it is in the end, or `None` for a
    part that this format has no words for.
    """

    def __init__(self, before: Sequence[Text], part: Part, place: int, tail: str) -> None:
        self._before = before
        self._begun = part
        self._place = place
        self._tail = tail
        self._pieces: list[PartDelta] = []
        self._section: Section | None = None
        self._sectioned = False
        self.item = output_item((*before, part), tail)
        self._id = None if self.item is None else self.item.get("id")

    def begin(self) -> Iterator[JsonObject]:
        """Tell what is known when the part begins."""
        if self.item is None:
            return
        item = {name: value for name, value in self.item.items() if name not in _NOT_YET}
        item |= _STILL_TO_COME.get(item["type"], {})
        if "status" in item:
            item["status"] = "in_progress"
        yield {"type": "response.output_item.added", "output_index": self._place, "item": item}
        for number, before in enumerate(self._before):
            yield from self._begin_text(before, number)
            yield from self._end_text(before, number)
        match self._begun:
            case Text() as spoken:
                yield from self._begin_text(spoken, len(self._before))
            case Reasoning(text=text) as reasoning if text:
                yield from self._tell_reasoning(reasoning)
            case ToolCall(arguments=arguments) if arguments:
                yield self._call_event("delta", {"delta": arguments})

    def more(self, piece: PartDelta) -> Iterator[JsonObject]:
        """Tell more of the part."""
        self._pieces.append(piece)
        if self.item is None or not piece.text:
            return
        match self._begun:
            case Text() as spoken:
                yield self._text_event(spoken, len(self._before), "delta", {"delta": piece.text})
            case Reasoning():
                if self._section is None:
                    in_content = CONTENT in forms_of(self._begun.extras)
                    yield from self._begin_section(("reasoning" if in_content else "summary", 0))
                yield self._section_event("delta", {"delta": piece.text})
            case ToolCall():
                yield self._call_event("delta", {"delta": piece.text})

    def end(self) -> Iterator[JsonObject]:
        """Tell that the part is whole, and the item with it."""
        events: list[StreamEvent] = [PartStart(0, self._begun), *self._pieces, PartEnd(0)]
        (whole,) = fold(events).parts
        self.item = output_item((*self._before, whole), self._tail)
        if self.item is None:
            return
        match whole:
            case Text() as spoken:
                yield from self._end_text(spoken, len(self._before))
            case Reasoning(text=text) if self._section is not None:
                yield from self._end_section(text)
            case ToolCall(arguments=arguments):
                yield self._call_event("done", {"arguments": arguments})
        yield {"type": "response.output_item.done", "output_index": self._place, "item": self.item}

    def _begin_text(self, text: Text, number: int) -> Iterator[JsonObject]:
        if EMPTY in forms_of(text.extras):
            return
        kind = text_kind(text)
        empty: JsonObject = {"type": kind, TEXT_KINDS[kind]: ""}
        if kind == "output_text":
            empty["annotations"] = []
        yield self._content_event("added", number, empty)
        if text.text:
            yield self._text_event(text, number, "delta", {"delta": text.text})

    def _end_text(self, text: Text, number: int) -> Iterator[JsonObject]:
        if EMPTY in forms_of(text.extras):
            return
        part = write_text(text)
        kind = part["type"]
        if kind == "output_text":
            part.setdefault("annotations", [])
            for place, annotation in enumerate(part["annotations"]):
                yield self._text_event(
                    text,
                    number,
                    "annotation.added",
                    {"annotation": annotation, "annotation_index": place},
                )
        yield self._text_event(text, number, "done", {TEXT_KINDS[kind]: text.text})
        yield self._content_event("done", number, part)

    def _text_event(self, text: Text, number: int, event: str, fields: JsonObject) -> JsonObject:
        kind = "refusal" if text_kind(text) == "refusal" else "output_text"
        said = {"type": f"response.{kind}.{event}", **self._where(), "content_index": number}
        if kind == "output_text" and event in ("delta", "done"):
            said["logprobs"] = []
        return said | fields

    def _content_event(self, event: str, number: int, part: JsonObject) -> JsonObject:
        kind = f"response.content_part.{event}"
        return {"type": kind, **self._where(), "content_index": number, "part": part}

    def _tell_reasoning(self, reasoning: Reasoning) -> Iterator[JsonObject]:
        if "summary" not in own(reasoning.extras) and "content" not in own(reasoning.extras):
            in_content = CONTENT in forms_of(reasoning.extras)
            yield from self._begin_section(("reasoning" if in_content else "summary", 0))
            yield self._section_event("delta", {"delta": reasoning.text})
            return
        for section, text in sections_of(self.item or {}):
            yield from self._begin_section(section)
            yield self._section_event("delta", {"delta": text})
            yield from self._end_section(text)

    def _begin_section(self, section: Section) -> Iterator[JsonObject]:
        self._section = section
        yield self._section_part("added", "")

    def _end_section(self, text: str) -> Iterator[JsonObject]:
        yield self._section_event("done", {"text": text})
        yield self._section_part("done", text)
        self._section = None

    def _section_event(self, event: str, fields: JsonObject) -> JsonObject:
        kind, number = self._section or ("summary", 0)
        index = "summary_index" if kind == "summary" else "content_index"
        return {
            "type": f"{_SECTION_EVENTS[kind]}.{event}",
            **self._where(),
            index: number,
            **fields,
        }

    def _section_part(self, event: str, text: str) -> JsonObject:
        kind, number = self._section or ("summary", 0)
        if kind == "reasoning":
            return self._content_event(event, number, {"type": "reasoning_text", "text": text})
        said = {"type": f"response.reasoning_summary_part.{event}", **self._where()}
        return {**said, "summary_index": number, "part": {"type": "summary_text", "text": text}}

    def _call_event(self, event: str, fields: JsonObject) -> JsonObject:
        return {"type": f"response.function_call_arguments.{event}", **self._where()} | fields

    def _where(self) -> JsonObject:
        return {"item_id": self._id, "output_index": self._place}
