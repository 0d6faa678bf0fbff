"""Parts written as content blocks; what only another wire has words for is left out."""

from collections.abc import Iterable
from typing import Final, assert_never

import msgspec

from dragoman.chat import (
    Audio,
    Base64,
    Document,
    Extras,
    FileRef,
    Image,
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
    has_form,
)
from dragoman.wire.anthropic_messages.words import AS_STRING, NAME, own, put_back

_decode: Final = msgspec.json.Decoder().decode


def write_content(parts: tuple[Part, ...], extras: Extras | None) -> str | list[JsonObject]:
    """Write a content in the spelling that `extras` remembers, if it can still be so spelled."""
    if len(parts) == 1:
        part = parts[0]
        if isinstance(part, Text) and part.extras is None:
            as_string = extras is not None and has_form(extras, NAME, AS_STRING)
            return part.text if as_string else [{"type": "text", "text": part.text}]
    return write_blocks(parts)


def write_blocks(parts: Iterable[Part]) -> list[JsonObject]:
    """Write every part that this format can say."""
    return [block for part in parts if (block := write_block(part)) is not None]


def write_block(part: Part) -> JsonObject | None:
    """Write one block; `None` for what this format cannot say."""
    match part:
        case Text():
            block: JsonObject | None = {"type": "text", "text": part.text}
        case ToolCall(call_id, name, arguments):
            given = tool_input(arguments)
            block = {"type": "tool_use", "id": call_id, "name": name, "input": given}
        case ToolResult():
            block = _tool_result(part)
        case Reasoning():
            block = _reasoning(part)
        case Image(source):
            block = _file("image", source)
        case Document(source, title):
            block = _file("document", source, title)
        case Opaque():
            return _opaque(part)
        case Audio():
            return None
        case _:
            assert_never(part)
    return None if block is None else put_back(block, own(part.extras))


def _tool_result(part: ToolResult) -> JsonObject:
    block: JsonObject = {"type": "tool_result", "tool_use_id": part.call_id}
    if part.content:
        block["content"] = write_content(part.content, part.extras)
    if part.is_error is not None:
        block["is_error"] = part.is_error
    return block


def _reasoning(part: Reasoning) -> JsonObject:
    """Write thinking; another wire's is shown unsigned, since its seal means nothing here."""
    if part.origin != NAME:
        return {"type": "thinking", "thinking": part.text, "signature": ""}
    if part.encrypted is not None:
        return {"type": "redacted_thinking", "data": part.encrypted}
    if part.signature is None:
        return {"type": "thinking", "thinking": part.text}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _opaque(part: Opaque) -> JsonObject | None:
    if part.wire != NAME:
        return None
    return part.fields | {"input": tool_input(part.text)} if part.text else part.fields


def _file(kind: str, source: Source, title: str | None = None) -> JsonObject | None:
    where = _source(source)
    if where is None:
        return None
    block: JsonObject = {"type": kind, "source": where}
    return block if title is None else block | {"title": title}


def _source(source: Source) -> JsonObject | None:
    match source:
        case Base64(media_type, content):
            return {"type": "base64", "media_type": media_type, "data": content}
        case Link(url):
            return {"type": "url", "url": url}
        case PlainText(text, media_type):
            return {"type": "text", "media_type": media_type, "data": text}
        case FileRef(file_id, wire):
            return {"type": "file", "file_id": file_id} if wire == NAME else None
        case _:
            assert_never(source)


def tool_input(arguments: str) -> JsonObject:
    """Give a tool's arguments as the object that this format insists on.

    A model may write malformed arguments; as an object they can only be shown, never repaired or
    left out: `{"raw_arguments": …}`. No arguments at all are an empty object.
    """
    given = parsed_arguments(arguments)
    return {"raw_arguments": arguments} if given is None else given


def parsed_arguments(arguments: str) -> JsonObject | None:
    """Read a tool's arguments; `None` if they are no JSON object."""
    if not arguments.strip():
        return {}
    try:
        given = _decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return None
    return given if isinstance(given, dict) else None
