"""What a model says, written item by item: the same in a conversation and in a reply."""

from collections.abc import Iterable, Sequence
from typing import Final

from dragoman.chat import (
    Audio,
    Base64,
    Document,
    Image,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
)
from dragoman.wire.notes import noted
from dragoman.wire.openai_responses.words import (
    AHEAD,
    BESIDE,
    COMPLETED,
    CONTENT,
    EMPTY,
    INPUT_TEXT,
    MESSAGE,
    MORE,
    NAME,
    NO_SUMMARY,
    PARTS,
    REFUSAL,
    TEXT_KINDS,
    TYPED,
    forms_of,
    is_own,
    marked_fields,
    own,
    put_back,
)

_KEPT_WITH_TEXT: Final = frozenset({MESSAGE, AHEAD, BESIDE})


def in_items(parts: Iterable[Part]) -> Iterable[tuple[Part, ...]]:
    """Put together the texts that are of one message; any other part is an item by itself."""
    texts: list[Part] = []
    for part in parts:
        texts.append(part)
        if not goes_on(part):
            yield tuple(texts)
            texts = []
    if texts:
        yield tuple(texts)


def goes_on(part: Part) -> bool:
    """Tell whether the message of a text goes on after it."""
    return isinstance(part, Text) and MORE in forms_of(part.extras)


def write_output(parts: Iterable[Part], base: str) -> list[JsonObject]:
    """Write the items of a reply; what this format has no words for is left out.

    `base` is what the ids are made of that have to be made up.
    """
    items: list[JsonObject] = []
    for group in in_items(parts):
        item = output_item(group, f"{base}_{len(items)}")
        if item is not None:
            items.append(item)
    return items


def output_item(group: Sequence[Part], tail: str) -> JsonObject | None:
    """Write one item of a reply, whose id ends in `tail` unless it has one."""
    match group:
        case [Text(), *_]:
            return _output_message([part for part in group if isinstance(part, Text)], tail)
        case [Reasoning() as reasoning]:
            return {"id": f"rs_{tail}", **shown_reasoning(reasoning)}
        case [ToolCall(extras=extras) as call]:
            made_up = {} if is_own(extras) else {"id": f"fc_{tail}", "status": COMPLETED}
            return made_up | write_call(call)
        case [Image(source=Base64(content=content))]:
            return {
                "id": f"ig_{tail}",
                "type": "image_generation_call",
                "status": COMPLETED,
                "result": content,
            }
        case [Opaque(wire, _, fields)] if wire == NAME:
            return fields
        case [Image() | Document() | Audio() as file] if isinstance(note := noted(file), Text):
            return _output_message([note], tail)
        case _:
            return None


def _output_message(texts: list[Text], tail: str) -> JsonObject:
    if is_own(texts[-1].extras):
        return write_message(texts)
    content = [put_back(write_text(text), {"annotations": []}) for text in texts]
    said = {"id": f"msg_{tail}", "type": "message", "status": COMPLETED, "role": "assistant"}
    return {**said, "content": content}


def write_message(texts: Sequence[Text]) -> JsonObject:
    """Write an assistant's message as it was spelled; a text without a spelling as a string."""
    last = texts[-1].extras
    form = forms_of(last)
    said: JsonObject = {"type": "message"} if TYPED in form else {}
    said |= {"role": "assistant", **marked_fields(form)}
    if PARTS in form:
        said["content"] = [part for text in texts for part in _content_of(text)]
    elif EMPTY not in form:
        said["content"] = texts[-1].text
    return put_back(said, own(last).get(MESSAGE, {}))


def _content_of(text: Text) -> list[JsonObject]:
    spoken = [] if EMPTY in forms_of(text.extras) else [write_text(text)]
    left = own(text.extras)
    return [*left.get(AHEAD, ()), *spoken, *left.get(BESIDE, ())]


def text_kind(text: Text) -> str:
    """Give the type of the content part that holds a text."""
    form = forms_of(text.extras)
    if REFUSAL in form:
        return "refusal"
    return "input_text" if INPUT_TEXT in form else "output_text"


def write_text(text: Text) -> JsonObject:
    """Write a text as a content part."""
    kind = text_kind(text)
    left = {k: v for k, v in own(text.extras).items() if k not in _KEPT_WITH_TEXT}
    return put_back({"type": kind, TEXT_KINDS[kind]: text.text}, left)


def write_call(call: ToolCall) -> JsonObject:
    """Write a call, without an id if it came without."""
    said = {"type": "function_call", **marked_fields(forms_of(call.extras))}
    said |= {"call_id": call.id, "name": call.name, "arguments": call.arguments}
    return put_back(said, own(call.extras))


def shown_reasoning(part: Reasoning) -> JsonObject:
    """Write reasoning for a client: another format's as a summary, without its seal."""
    if part.origin == NAME:
        return write_reasoning(part)
    return write_reasoning(Reasoning(part.text, origin=NAME))


def write_reasoning(part: Reasoning) -> JsonObject:
    """Write reasoning of this wire's own, as it was spelled."""
    form, left = forms_of(part.extras), own(part.extras)
    said: JsonObject = {"type": "reasoning", **marked_fields(form)}
    if NO_SUMMARY not in form:
        told = CONTENT in form or not part.text
        summary = [] if told else [{"type": "summary_text", "text": part.text}]
        said["summary"] = left.get("summary", summary)
    if CONTENT in form:
        said["content"] = [{"type": "reasoning_text", "text": part.text}]
    if part.signature is not None:
        said["encrypted_content"] = part.signature
    return put_back(said, left)
