"""Content blocks read into parts; a block nobody here knows is carried whole."""

from collections.abc import Callable
from typing import Final

from dragoman.chat import (
    Base64,
    Document,
    FileRef,
    Image,
    Json,
    JsonObject,
    Link,
    Opaque,
    Part,
    PlainText,
    Reasoning,
    Source,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.wire.anthropic_messages.words import AS_STRING, NAME, encode, set_aside
from dragoman.wire.fields import Fields


def read_content(fields: Fields, name: str = "content") -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Read a content of either spelling: its parts, and the marks of how it was spelled.

    A content that is empty or absent has no parts and stays where it is.
    """
    content = fields.peek(name)
    if content is None or content == []:
        return (), ()
    if isinstance(content, str):
        fields.skip(name)
        return (Text(content),), (AS_STRING,)
    if isinstance(content, list):
        fields.skip(name)
        return read_blocks(content, fields.at(name)), ()
    raise fields.wrong(name, "a string or a list of blocks", content)


def read_blocks(blocks: list[Json], path: str) -> tuple[Part, ...]:
    """Read a list of blocks. Raises `InvalidInput` for one that is not what its type promises."""
    return tuple(
        [
            _plain(block) or read_block(block, f"{path}[{place}]")
            for place, block in enumerate(blocks)
        ]
    )


def _plain(block: Json) -> Text | None:
    """Read what most blocks are: a text of which nothing else is said."""
    if not isinstance(block, dict) or len(block) != 2 or block.get("type") != "text":
        return None
    text = block.get("text")
    return Text(text) if isinstance(text, str) else None


def read_block(block: Json, path: str) -> Part:
    """Read one block. Raises `InvalidInput` if it is not what its type promises."""
    fields = Fields(block, path)
    kind = fields.text("type")
    read = _READERS.get(kind)
    part = None if read is None else read(fields)
    return _opaque(kind, block) if part is None else part


def _text(fields: Fields) -> Part:
    return Text(fields.text("text"), set_aside(fields))


def _image(fields: Fields) -> Part | None:
    found = _file(fields, _PICTURES)
    if found is None:
        return None
    source, inside = found
    return Image(source, extras=set_aside(fields, source=inside))


def _document(fields: Fields) -> Part | None:
    found = _file(fields, _PAPERS)
    if found is None:
        return None
    source, inside = found
    return Document(source, fields.maybe_text("title"), set_aside(fields, source=inside))


def _tool_call(fields: Fields) -> Part:
    call_id, name = fields.text("id"), fields.text("name")
    given = fields.maybe_object("input")
    if given is None:
        raise fields.wrong("input", "an object", None)
    return ToolCall(call_id, name, encode(given.rest()).decode(), set_aside(fields))


def _tool_result(fields: Fields) -> Part:
    call_id = fields.text("tool_use_id")
    content, form = read_content(fields)
    return ToolResult(call_id, content, fields.maybe_flag("is_error"), set_aside(fields, *form))


def _thinking(fields: Fields) -> Part:
    text, signature = fields.text("thinking"), fields.maybe_text("signature")
    return Reasoning(text, signature, origin=NAME, extras=set_aside(fields))


def _redacted_thinking(fields: Fields) -> Part:
    sealed = fields.text("data")
    return Reasoning(encrypted=sealed, origin=NAME, extras=set_aside(fields))


_READERS: Final[dict[str, Callable[[Fields], Part | None]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _tool_call,
    "tool_result": _tool_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
}


def _opaque(kind: str, block: JsonObject) -> Opaque:
    """Carry a block whole, in the one form that it also has when it is streamed.

    That form is the vendor's own: an empty `input`, and what belongs in it as text.
    """
    match block:
        case {"input": {**given}} if given:
            return Opaque(NAME, kind, block | {"input": {}}, encode(given).decode())
        case _:
            return Opaque(NAME, kind, block)


_PICTURES: Final[dict[str, Callable[[Fields], Source]]] = {
    "base64": lambda source: Base64(source.text("media_type"), source.text("data")),
    "url": lambda source: Link(source.text("url")),
    "file": lambda source: FileRef(source.text("file_id"), NAME),
}
_PAPERS: Final[dict[str, Callable[[Fields], Source]]] = {
    **_PICTURES,
    "text": lambda source: PlainText(
        media_type=source.text("media_type"), text=source.text("data")
    ),
}


def _file(
    fields: Fields, kinds: dict[str, Callable[[Fields], Source]]
) -> tuple[Source, Fields] | None:
    """Read where a file's content is, and what else is said there; `None` in an unknown case."""
    source = fields.maybe_object("source")
    if source is None:
        raise fields.wrong("source", "an object", None)
    read = kinds.get(source.text("type"))
    return None if read is None else (read(source), source)
