"""What the two sides say: messages, and the parts they are made of.

Message(role, parts)
  ├─ Text · Image · Document · Audio      what a person sends (and some models return)
  ├─ Reasoning · ToolCall                 what a model thinks and asks for
  ├─ ToolResult(call_id, content)         what it gets back
  └─ Opaque                               what only one wire has words for
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from dragoman.chat.json import Extras, JsonObject

Role: TypeAlias = Literal["system", "user", "assistant"]


class Base64(Struct, frozen=True, tag="base64"):
    """Bytes carried inside the message: `content` is base64 text, exactly as it came."""

    media_type: str
    content: str


class Link(Struct, frozen=True, tag="link"):
    """An address that the provider fetches; never fetched by us. Its type, where that was said."""

    url: str
    media_type: str | None = None


class FileRef(Struct, frozen=True, tag="file"):
    """A file uploaded to a vendor beforehand; means something on `wire` only."""

    id: str
    wire: str


class PlainText(Struct, frozen=True, tag="plain_text"):
    """A document given as text."""

    text: str
    media_type: str = "text/plain"


Source: TypeAlias = Base64 | Link | FileRef | PlainText


def media_type_of(source: Source) -> str:
    """Give the type of a file as far as it was said: "" if it was not."""
    match source:
        case Base64(media_type) | PlainText(media_type=media_type):
            return media_type
        case Link(media_type=str(media_type)):
            return media_type
        case _:
            return ""


class Text(Struct, frozen=True, tag="text"):
    """Words."""

    text: str
    extras: Extras | None = None


class Image(Struct, frozen=True, tag="image"):
    """A picture; `detail` is how closely to look (`low`, `high`, `auto`)."""

    source: Source
    detail: str | None = None
    extras: Extras | None = None


class Document(Struct, frozen=True, tag="document"):
    """A file to read, usually a PDF; `name` is its file name or title."""

    source: Source
    name: str | None = None
    extras: Extras | None = None


class Audio(Struct, frozen=True, tag="audio"):
    """A recording; its media type is `audio/<format>`."""

    source: Source
    extras: Extras | None = None


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """A model's thinking, with the seal its vendor wants back unbroken.

    `signature` seals visible text (which may be empty), `encrypted` is thinking nobody may read.
    Both belong to `origin`, the wire they came from, and go back there byte for byte or nowhere.
    """

    text: str = ""
    signature: str | None = None
    encrypted: str | None = None
    origin: str | None = None
    extras: Extras | None = None


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """A model asks for a tool. `arguments` is JSON text as it was written, perhaps malformed."""

    id: str
    name: str
    arguments: str
    extras: Extras | None = None


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """What a tool gave back for the call `call_id`; `is_error` is `None` where nothing was said."""

    call_id: str
    content: tuple["Part", ...] = ()
    is_error: bool | None = None
    extras: Extras | None = None


class Opaque(Struct, frozen=True, tag="opaque"):
    """A block of `wire`'s own (a built-in tool's call, a container): carried, never read.

    `fields` is the block's JSON object. `text` is what was streamed into it afterwards; only its
    own wire knows where that belongs.
    """

    wire: str
    kind: str
    fields: JsonObject
    text: str = ""


Part: TypeAlias = Text | Image | Document | Audio | Reasoning | ToolCall | ToolResult | Opaque


class Message(Struct, frozen=True):
    """One turn. Tool results stand in `user` messages, calls and reasoning in `assistant` ones."""

    role: Role
    parts: tuple[Part, ...]
    extras: Extras | None = None


def text_of(parts: tuple[Part, ...]) -> str:
    """Join the words of `parts`, leaving everything else out."""
    return "".join(part.text for part in parts if isinstance(part, Text))
