"""The content of messages read into parts; a part nobody here knows is carried whole."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from dragoman.chat import (
    Audio,
    Base64,
    Document,
    FileRef,
    Image,
    Json,
    Link,
    Opaque,
    Part,
    Reasoning,
    Source,
    Text,
    extras_of,
)
from dragoman.wire.fields import Fields
from dragoman.wire.openai_chat.words import (
    BARE,
    NAME,
    NO_CONTENT,
    PARTS,
    REFUSAL,
    THINKING,
    UNNAMED,
    set_aside,
)


def read_content(
    message: Fields,
    read: Callable[[Json, str], Part],
    *,
    blank: str | None = "",
    joined: bool = False,
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Read the `content` of a message, each part by `read`: parts, and the marks of its spelling.

    An empty content has no parts. If it is not spelled as `blank`, as we would write it, it stays
    where it is. `joined` tells that several texts would be written as one string.
    """
    if not message.has("content"):
        return (), (NO_CONTENT,)
    match message.peek("content"):
        case None | "" | [] as empty:
            if empty == blank:
                message.skip("content")
            return (), ()
        case str(text):
            message.skip("content")
            return (Text(text),), ()
        case list(items):
            message.skip("content")
            at = message.at("content")
            parts = tuple(
                [_plain(item) or read(item, f"{at}[{place}]") for place, item in enumerate(items)]
            )
            return parts, () if needs_list(parts, joined=joined) else (PARTS,)
        case other:
            raise message.wrong("content", "a string or a list of parts", other)


def _plain(item: Json) -> Text | None:
    """Read what most parts are: a text of which nothing else is said."""
    if not isinstance(item, dict) or len(item) != 2 or item.get("type") != "text":
        return None
    text = item.get("text")
    return Text(text) if isinstance(text, str) else None


def needs_list(parts: tuple[Part, ...], *, joined: bool) -> bool:
    """Tell whether a content of these parts cannot be one string."""
    if not all(isinstance(part, Text) and part.extras is None for part in parts):
        return True
    return len(parts) > 1 and not joined


# Each reader gets a part without its `type`, and gives `None` for a form that it does not know.


def _text(part: Fields) -> Part:
    return Text(part.text("text"), set_aside(part))


def _refusal(part: Fields) -> Part:
    # Marked twice: as a refusal, and as one that stands in the content.
    return Text(part.text("refusal"), set_aside(part, REFUSAL, PARTS))


def _image(part: Fields) -> Part | None:
    match part.peek("image_url"):
        case str(url):
            part.skip("image_url")
            return Image(source_of(url), extras=set_aside(part, BARE))
        case {"url": str(url)}:
            inner = Fields(part.take("image_url"), part.at("image_url"))
            inner.skip("url")
            detail = inner.maybe_text("detail")
            return Image(source_of(url), detail, set_aside(part, image_url=inner))
        case _:
            return None


def _file(part: Fields) -> Part | None:
    match part.peek("file"):
        case {"file_data": str(address)}:
            source, taken = source_of(address), "file_data"
        case {"file_id": str(file_id)}:
            source, taken = FileRef(file_id, NAME), "file_id"
        case _:
            return None
    inner = Fields(part.take("file"), part.at("file"))
    inner.skip(taken)
    name = inner.maybe_text("filename")
    return Document(source, name, set_aside(part, *_file_form(source, name), file=inner))


def _file_form(source: Source, name: str | None) -> tuple[str, ...]:
    match source:
        case Link():
            return (BARE,)
        case Base64() if name is None:
            return (UNNAMED,)
        case _:
            return ()


def _audio(part: Fields) -> Part | None:
    match part.peek("input_audio"):
        case {"data": str(content), "format": str(kind), **others}:
            part.skip("input_audio")
            inner = Fields(others)
            return Audio(Base64(f"audio/{kind}", content), set_aside(part, input_audio=inner))
        case _:
            return None


def _thinking(part: Fields) -> Part | None:
    # https://docs.mistral.ai/capabilities/reasoning: a list, usually of one text.
    match part.peek("thinking"):
        case [*items] if items and all(_is_plain_text(item) for item in items):
            if len(items) == 1:
                part.skip("thinking")
            text = "".join(item["text"] for item in items)
            return Reasoning(text, origin=NAME, extras=set_aside(part, THINKING))
        case _:
            return None


def _is_plain_text(item: Json) -> bool:
    match item:
        case {"type": "text", "text": str(), **others}:
            return not others
        case _:
            return False


_Readers: TypeAlias = Mapping[str, Callable[[Fields], Part | None]]

_SPOKEN: Final[_Readers] = {"text": _text, "refusal": _refusal, "thinking": _thinking}
_READERS: Final[_Readers] = {
    **_SPOKEN,
    "image_url": _image,
    "file": _file,
    "input_audio": _audio,
}


def read_part(item: Json, path: str) -> Part:
    """Read one part. Raises `InvalidInput` if it is not what its type promises."""
    return _read_by(_READERS, item, path)


def read_spoken_part(item: Json, path: str) -> Part:
    """Read one part of what a model says: its pictures and files are carried, whatever they are."""
    return _read_by(_SPOKEN, item, path)


def _read_by(readers: _Readers, item: Json, path: str) -> Part:
    fields = Fields(item, path)
    kind = fields.text("type")
    part = readers[kind](fields) if kind in readers else None
    return Opaque(NAME, kind, item) if part is None else part


def source_of(url: str) -> Source:
    """Read a URL: what a data URL holds, byte for byte, or an address."""
    head, mark, content = url.partition(";base64,")
    if mark and head.startswith("data:"):
        return Base64(head.removeprefix("data:"), content)
    return Link(url)


def refusal_of(text: str) -> Text:
    """Make the part for a refusal that stands in its own field of a message."""
    return Text(text, extras_of(NAME, {}, REFUSAL))
