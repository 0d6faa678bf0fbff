"""Content blocks read into parts; a block nobody here knows is carried whole.

A block is an object with one field, which names its kind: `{"text": "…"}`, `{"toolUse": {…}}`.
"""

from collections.abc import Callable
from typing import Final

from dragoman.chat import (
    Audio,
    Base64,
    Document,
    Extras,
    Image,
    Json,
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
from dragoman.wire.bedrock_converse.words import (
    AS_TEXT,
    FORMATS,
    NAME,
    encode,
    set_aside,
)
from dragoman.wire.fields import Fields


def read_blocks(blocks: list[Json], path: str) -> tuple[Part, ...]:
    """Read a list of blocks. Raises `InvalidInput` for one that is not what its kind promises."""
    return tuple(read_block(block, f"{path}[{place}]") for place, block in enumerate(blocks))


def read_block(block: Json, path: str) -> Part:
    """Read one block. Raises `InvalidInput` if it is not what its kind promises."""
    fields = Fields(block, path)
    kind: str = next(iter(fields.rest()), "")
    if len(fields.rest()) != 1:
        return Opaque(NAME, kind, block)
    if kind == "text":
        return Text(fields.text("text"))
    read = _READERS.get(kind)
    inner = fields.maybe_object(kind) if read is not None else None
    part = None if read is None or inner is None else read(inner)
    return Opaque(NAME, kind, block) if part is None else part


def _tool_call(fields: Fields) -> Part:
    given = fields.maybe_object("input")
    arguments = "" if given is None else encode(given.rest()).decode()
    if fields.peek("type") == "server_tool_use":
        # Amazon runs it: its arguments are text here, as they are when they are streamed.
        return Opaque(NAME, "toolUse", {"toolUse": fields.rest()}, arguments)
    call_id, name = fields.text("toolUseId"), fields.text("name")
    return ToolCall(call_id, name, arguments, set_aside(fields))


def _tool_result(fields: Fields) -> Part | None:
    if fields.says("type"):
        return None  # what a tool of Amazon's gave back
    call_id = fields.text("toolUseId")
    content = fields.take("content")
    status = fields.peek("status")
    failed = _FAILED.get(status) if isinstance(status, str) else None
    if failed is not None:
        fields.skip("status")
    if not isinstance(content, list):
        raise fields.wrong("content", "a list of blocks", content)
    blocks = read_blocks(content, fields.at("content"))
    return ToolResult(call_id, blocks, failed, set_aside(fields))


_FAILED: Final = {"success": False, "error": True}


def _reasoning(fields: Fields) -> Part | None:
    if fields.has("redactedContent"):
        sealed = fields.text("redactedContent")
        return Reasoning(encrypted=sealed, origin=NAME, extras=set_aside(fields))
    inner = fields.maybe_object("reasoningText")
    if inner is None:
        return None
    text, signature = inner.text("text"), inner.maybe_text("signature")
    return Reasoning(text, signature, origin=NAME, extras=set_aside(fields, reasoningText=inner))


def _cited(fields: Fields) -> Part | None:
    """Read words with what they rest on."""
    match fields.peek("content"):
        case [*pieces] if all(_is_text(piece) for piece in pieces):
            words = "".join(piece["text"] for piece in pieces)
            if len(pieces) == 1:
                fields.skip("content")
            return Text(words, Extras(NAME, {"citations": [], **fields.rest()}))
        case _:
            return None


def _is_text(piece: Json) -> bool:
    match piece:
        case {"text": str(), **others}:
            return not others
        case _:
            return False


def _image(fields: Fields) -> Part | None:
    found = _file("image", fields)
    if found is None:
        return None
    source, inside, _ = found
    return Image(source, extras=set_aside(fields, source=inside))


def _document(fields: Fields) -> Part | None:
    found = _file("document", fields)
    if found is None:
        return None
    source, inside, form = found
    name = fields.maybe_text("name")
    return Document(source, name, set_aside(fields, *form, source=inside))


def _audio(fields: Fields) -> Part | None:
    found = _file("audio", fields)
    if found is None:
        return None
    source, inside, _ = found
    return Audio(source, set_aside(fields, source=inside))


def _file(kind: str, fields: Fields) -> tuple[Source, Fields | None, tuple[str, ...]] | None:
    """Read where a file's content is, and what else is said there; `None` in an unknown case."""
    word = fields.peek("format")
    media_type = FORMATS[kind].get(word) if isinstance(word, str) else None
    match fields.peek("source"):
        case {"bytes": str(content)} if media_type is not None:
            source: Source = Base64(media_type, content)
            fields.skip("format")
            return source, _inside(fields, "bytes"), ()
        case {"text": str(text)} if kind == "document" and media_type in (None, "text/plain"):
            return PlainText(text), _inside(fields, "text"), (AS_TEXT,)
        case {"s3Location": {"uri": str(uri), **others}} if not others:
            return Link(uri), _inside(fields, "s3Location"), ()
        case _:
            return None


def _inside(fields: Fields, taken: str) -> Fields | None:
    inside = fields.maybe_object("source")
    if inside is not None:
        inside.skip(taken)
    return inside


_READERS: Final[dict[str, Callable[[Fields], Part | None]]] = {
    "toolUse": _tool_call,
    "toolResult": _tool_result,
    "reasoningContent": _reasoning,
    "citationsContent": _cited,
    "image": _image,
    "document": _document,
    "audio": _audio,
}
