"""What a model says, read item by item: the same in a conversation and in a reply.

A message gives a part for each of its texts, any other item one. A text keeps the fields of its
own content part; the last of a message keeps those of the message, too.
"""

from collections.abc import Callable, Iterator
from typing import Final

from dragoman.chat import Json, JsonObject, Opaque, Part, Reasoning, Text, ToolCall, extras_of
from dragoman.wire.fields import Fields
from dragoman.wire.openai_responses.words import (
    AHEAD,
    BESIDE,
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
    encode,
    id_in,
    item_marks,
    set_aside,
)

PARAGRAPH: Final = "\n\n"
"""What stands between the sections of reasoning."""

_KIND_MARKS: Final = {"output_text": (), "refusal": (REFUSAL,), "input_text": (INPUT_TEXT,)}


def read_item(item: Fields) -> tuple[Part, ...]:
    """Read one item; one that nobody here knows is carried whole.

    Raises `InvalidInput` if it is not what its type promises.
    """
    kind = item.peek("type")
    if not isinstance(kind, str):
        raise item.wrong("type", "a string", kind)
    if kind in _READERS:
        item.skip("type")
        return _READERS[kind](item)
    return (Opaque(NAME, kind, item.rest()),)


def read_message(item: Fields, *form: str) -> tuple[Part, ...]:
    """Read an assistant's message, all but its type; `form` are the marks of what was taken."""
    item.skip("role")
    form = (*form, *item_marks(item))
    match item.peek("content"):
        case str(text):
            item.skip("content")
            return (_last_text(_Spoken(text), item.rest(), form),)
        case list(content):
            item.skip("content")
            spoken = list(_spoken(content))
            before = (one.part(PARTS, MORE) for one in spoken[:-1])
            return (*before, _last_text(spoken[-1], item.rest(), (PARTS, *form)))
        case _:
            return (_last_text(_Spoken("", EMPTY), item.rest(), form),)


def _last_text(spoken: "_Spoken", left: JsonObject, form: tuple[str, ...]) -> Part:
    if left:
        spoken.fields[MESSAGE] = left
    return spoken.part(*form)


class _Spoken:
    """One text of a message, and what stands beside it."""

    def __init__(self, text: str, *form: str, fields: JsonObject | None = None) -> None:
        self._text = text
        self._form = form
        self.fields: JsonObject = fields or {}

    def part(self, *form: str) -> Text:
        return Text(self._text, extras_of(NAME, self.fields, *self._form, *form))


def _spoken(content: list[Json]) -> Iterator[_Spoken]:
    """Give the texts of a content, at least one; the parts that are none go with them."""
    ahead: list[Json] = []
    last: _Spoken | None = None
    for part in content:
        spoken = _spoken_part(part)
        if spoken is not None:
            if last is not None:
                yield last
            elif ahead:
                spoken.fields[AHEAD] = ahead
            last = spoken
        elif last is not None:
            last.fields.setdefault(BESIDE, []).append(part)
        else:
            ahead.append(part)
    yield last or _Spoken("", EMPTY, fields={AHEAD: ahead} if ahead else {})


def _spoken_part(part: Json) -> _Spoken | None:
    match part:
        case {"type": str(kind)} if kind in TEXT_KINDS and isinstance(
            part.get(TEXT_KINDS[kind]), str
        ):
            left = {k: v for k, v in part.items() if k not in ("type", TEXT_KINDS[kind])}
            return _Spoken(part[TEXT_KINDS[kind]], *_KIND_MARKS[kind], fields=left)
        case _:
            return None


def _message(item: Fields) -> tuple[Part, ...]:
    return read_message(item, TYPED)


def _call(item: Fields) -> tuple[Part, ...]:
    form = item_marks(item)
    # Some servers know a call by the id of its item alone.
    call_id = item.maybe_text("call_id")
    if call_id is None:
        call_id = id_in(form)
    if call_id is None:
        raise item.wrong("call_id", "a string", None)
    name = item.text("name")
    arguments = item.take("arguments")
    if not isinstance(arguments, str):
        arguments = encode(arguments).decode() if isinstance(arguments, dict) else ""
    return (ToolCall(call_id, name, arguments, set_aside(item, *form)),)


def _reasoning(item: Fields) -> tuple[Part, ...]:
    form = item_marks(item)
    text = PARAGRAPH.join(
        section
        for name in ("summary", "content")
        for section in _sections(item.peek(name))
        if section
    )
    return (
        Reasoning(
            text,
            signature=item.maybe_text("encrypted_content"),
            origin=NAME,
            extras=set_aside(item, *form, *_take_sections(item, text)),
        ),
    )


def _sections(said: Json) -> Iterator[str]:
    for section in said if isinstance(said, list) else ():
        match section:
            case {"text": str(text)}:
                yield text


def _take_sections(item: Fields, text: str) -> Iterator[str]:
    """Take the sections of reasoning if they can be told from its text alone."""
    summary, content = item.peek("summary"), item.peek("content")
    if content == [{"type": "reasoning_text", "text": text}] and not summary:
        item.skip("content")
        yield CONTENT
        text = ""
    if not item.has("summary"):
        yield NO_SUMMARY
    elif summary == ([{"type": "summary_text", "text": text}] if text else []):
        item.skip("summary")


_READERS: Final[dict[str, Callable[[Fields], tuple[Part, ...]]]] = {
    "message": _message,
    "function_call": _call,
    "reasoning": _reasoning,
}
