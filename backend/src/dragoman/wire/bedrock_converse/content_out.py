"""Parts written as content blocks; what only another wire has words for is left out."""

from collections.abc import Iterable
from typing import assert_never

import msgspec

from dragoman.chat import (
    Audio,
    Base64,
    Document,
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
)
from dragoman.wire.bedrock_converse.words import (
    AS_TEXT,
    FORMATS,
    NAME,
    forms_of,
    own,
    put_back,
    said_only,
)


def write_blocks(parts: Iterable[Part]) -> list[JsonObject]:
    """Write every part that this format can say."""
    return [block for part in parts if (block := write_block(part)) is not None]


def write_block(part: Part) -> JsonObject | None:
    """Write one block; `None` for what this format cannot say."""
    match part:
        case Text(text):
            return _text(part, text)
        case ToolCall(call_id, name, arguments):
            given = tool_input(arguments)
            block = {"toolUseId": call_id, "name": name, "input": given}
            return {"toolUse": put_back(block, own(part.extras))}
        case ToolResult():
            return _tool_result(part)
        case Reasoning():
            return _reasoning(part)
        case Image():
            return _file("image", part)
        case Document():
            return _file("document", part)
        case Audio():
            return _file("audio", part)
        case Opaque():
            return _opaque(part)
        case _:
            assert_never(part)


def _text(part: Text, text: str) -> JsonObject:
    beside = own(part.extras)
    if "citations" not in beside:
        return {"text": text}
    return {"citationsContent": {"content": [{"text": text}], **beside}}


def _tool_result(part: ToolResult) -> JsonObject:
    status = None if part.is_error is None else "error" if part.is_error else "success"
    block = {
        "toolUseId": part.call_id,
        "content": write_blocks(part.content),
        "status": status,
    }
    return {"toolResult": put_back(said_only(block), own(part.extras))}


def _reasoning(part: Reasoning) -> JsonObject | None:
    """Write thinking that came from here; another's means nothing to this vendor."""
    if part.origin != NAME:
        return None
    if part.encrypted is not None:
        return {"reasoningContent": {"redactedContent": part.encrypted}}
    said = said_only({"text": part.text, "signature": part.signature})
    return {"reasoningContent": put_back({"reasoningText": said}, own(part.extras))}


def _opaque(part: Opaque) -> JsonObject | None:
    match part:
        case Opaque(wire) if wire != NAME:
            return None
        case Opaque(_, "toolUse", {"toolUse": {**call}}, arguments):
            return {"toolUse": {**call, "input": tool_input(arguments)}}
        case _:
            return part.fields


def _file(kind: str, part: Image | Document | Audio) -> JsonObject | None:
    source = _source(part.source, as_text=AS_TEXT in forms_of(part.extras))
    word = format_of(kind, part.source)
    if source is None or (word is None and isinstance(part.source, Base64)):
        return None
    name = part.name if isinstance(part, Document) else None
    said = said_only({"format": word, "name": name, "source": source})
    return {kind: put_back(said, own(part.extras))}


def format_of(kind: str, source: Source) -> str | None:
    """Give this format's word for a file's media type; `None` where it has none."""
    match source:
        case Base64(media_type):
            words = {known: word for word, known in FORMATS[kind].items()}
            return words.get(media_type.partition(";")[0].strip().lower())
        case _:
            return None


def _source(source: Source, *, as_text: bool) -> JsonObject | None:
    match source:
        case Base64(_, content):
            return {"bytes": content}
        case Link(url):
            return {"s3Location": {"uri": url}}
        case PlainText(text) if as_text:
            return {"text": text}
        case PlainText() | FileRef():
            return None
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
        given = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return None
    return given if isinstance(given, dict) else None
