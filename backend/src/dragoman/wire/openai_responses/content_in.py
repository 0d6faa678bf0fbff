"""What a user says, read into parts; a part nobody here knows is carried whole."""

from collections.abc import Callable
from typing import Final

from dragoman.chat import (
    Base64,
    Document,
    FileRef,
    Image,
    Json,
    Link,
    Opaque,
    Part,
    Source,
    Text,
)
from dragoman.wire.fields import Fields
from dragoman.wire.openai_responses.words import NAME, NO_CONTENT, PARTS, set_aside


def read_content(holder: Fields, name: str) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Read a field that is a string or a list of parts: parts, and the marks of its spelling.

    One that says nothing has no parts, and stays where it is unless it is "", as we would write it.
    """
    if not holder.has(name):
        return (), (NO_CONTENT,)
    match holder.peek(name):
        case "":
            holder.skip(name)
            return (), ()
        case None | []:
            return (), ()
        case str(text):
            holder.skip(name)
            return (Text(text),), ()
        case list(items):
            holder.skip(name)
            parts = tuple(
                _read_part(item, f"{holder.at(name)}[{place}]") for place, item in enumerate(items)
            )
            return parts, (PARTS,) if _fits_a_string(parts) else ()
        case other:
            raise holder.wrong(name, "a string or a list of parts", other)


def _fits_a_string(parts: tuple[Part, ...]) -> bool:
    match parts:
        case (Text(extras=None),):
            return True
        case _:
            return False


# Each reader gets a part without its `type`, and gives `None` for a form that it does not know.


def _text(part: Fields) -> Part:
    return Text(part.text("text"), set_aside(part))


def _image(part: Fields) -> Part | None:
    match part.peek("image_url"), part.peek("file_id"):
        case str(url), None:
            part.skip("image_url")
            source = source_of(url)
        case None, str(file_id):
            part.skip("file_id")
            source = FileRef(file_id, NAME)
        case _:
            return None
    return Image(source, part.maybe_text("detail"), set_aside(part))


def _file(part: Fields) -> Part | None:
    match part.peek("file_data"), part.peek("file_url"), part.peek("file_id"):
        case str(address), None, None if isinstance(source := source_of(address), Base64):
            part.skip("file_data")
        case None, str(url), None:
            part.skip("file_url")
            source = Link(url)
        case None, None, str(file_id):
            part.skip("file_id")
            source = FileRef(file_id, NAME)
        case _:
            return None
    return Document(source, part.maybe_text("filename"), set_aside(part))


_READERS: Final[dict[str, Callable[[Fields], Part | None]]] = {
    "input_text": _text,
    "input_image": _image,
    "input_file": _file,
}


def _read_part(item: Json, path: str) -> Part:
    fields = Fields(item, path)
    kind = fields.text("type")
    part = _READERS[kind](fields) if kind in _READERS else None
    return Opaque(NAME, kind, item) if part is None else part


def source_of(url: str) -> Source:
    """Read a URL: what a data URL holds, byte for byte, or an address."""
    head, mark, content = url.partition(";base64,")
    if mark and head.startswith("data:"):
        return Base64(head.removeprefix("data:"), content)
    return Link(url)
