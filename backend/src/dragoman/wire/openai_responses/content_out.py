"""What a user says, written: each part as nearly as this format can say it."""

from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from msgspec import Struct

from dragoman.chat import (
    Actor,
    Audio,
    Base64,
    Category,
    Document,
    Extras,
    FileRef,
    Image,
    Json,
    JsonObject,
    Link,
    LLMBadRequestError,
    Opaque,
    Part,
    PlainText,
    Reasoning,
    Source,
    Text,
    ToolCall,
    ToolResult,
    media_type_of,
)
from dragoman.wire.openai_responses.words import (
    NAME,
    NO_CONTENT,
    PARTS,
    forms_of,
    own,
    put_back,
    said_only,
)
from dragoman.wire.receipts import Receipts

_PLAIN: Final = {"type", "text"}
# A file without a name gets one: the vendor goes by its ending.
_FILE_NAMES: Final = {"application/pdf": "document.pdf", "text/plain": "document.txt"}


class Terms(Struct, frozen=True):
    """On what terms one writes: what the reader does not take, and where changes are noted.

    `own` tells that the request came in these words: it goes out with nothing added. `stateless`
    tells that the vendor keeps nothing, and knows no item by its id.
    """

    without: frozenset[str]
    receipts: Receipts
    own: bool
    stateless: bool

    def require(self, feature: str, at: str, advice: str) -> None:
        """Refuse what the provider does not take. Raises `LLMBadRequestError`."""
        if feature in self.without:
            raise unsupported(at, f"this model's provider takes no {advice}")


def unsupported(at: str, problem: str) -> LLMBadRequestError:
    """Make the error for what cannot be said, and must not be left out."""
    return LLMBadRequestError(Category.UNSUPPORTED, f"{at}: {problem}", actor=Actor.CALLER)


def unanswerable() -> LLMBadRequestError:
    """Make the error for a conversation without a message."""
    problem = "messages: there is nothing in them to answer"
    return LLMBadRequestError(Category.INVALID_REQUEST, problem, actor=Actor.CALLER)


def placed(parts: Iterable[Part], at: str) -> list[tuple[str, Part]]:
    """Name the place of each part."""
    return [(f"{at}.content[{place}]", part) for place, part in enumerate(parts)]


def write_content(
    name: str, parts: Sequence[tuple[str, Part]], terms: Terms, extras: Extras | None
) -> JsonObject:
    """Write the field `name` of an item; each part comes with its place.

    It is a string where it can be. Raises `LLMBadRequestError` for a file or a recording that
    cannot be sent: without it, the question would be another one.
    """
    written = [part for at, one in parts if (part := _part(one, at, terms)) is not None]
    left = own(extras)
    match written:
        case []:
            return {} if NO_CONTENT in forms_of(extras) else {name: left.get(name, "")}
        case [only] if PARTS not in forms_of(extras) and only.keys() == _PLAIN:
            return {name: only["text"] if only["type"] == "input_text" else written}
        case _:
            return {name: written}


def _part(part: Part, at: str, terms: Terms) -> JsonObject | None:
    """Write one part; `None` if it was left out, with a receipt."""
    if not isinstance(part, Opaque):
        terms.receipts.left_behind(part.extras, at)
    match part:
        case Text(text, extras):
            return put_back({"type": "input_text", "text": text}, own(extras))
        case Image():
            return _image(part, at, terms)
        case Document():
            return _document(part, at, terms)
        case Audio():
            raise unsupported(at, "this format takes no recordings: send the text of it")
        case Opaque(wire, kind, fields):
            if wire == NAME:
                return fields
            terms.receipts.dropped(at, f"only {wire} has words for {kind!r}")
        case Reasoning():
            terms.receipts.dropped(at, "reasoning is understood only where it came from")
        case ToolCall() | ToolResult():
            terms.receipts.dropped(at, "a call stands in an assistant's turn, a result in a user's")
        case _:
            assert_never(part)
    return None


def _image(image: Image, at: str, terms: Terms) -> JsonObject:
    terms.require("images", at, "images: leave it out, or choose a model that sees")
    match image.source:
        case Base64() | Link() as source:
            place: JsonObject = {"image_url": _url(source)}
        case FileRef(file_id, wire) if wire == NAME:
            place = {"file_id": file_id}
        case source:
            raise _unsendable(source, at)
    # The types of the vendor's SDK require the detail.
    detail = image.detail if terms.own else image.detail or "auto"
    said = said_only({"type": "input_image", **place, "detail": detail})
    return put_back(said, own(image.extras))


def _document(document: Document, at: str, terms: Terms) -> JsonObject:
    if media_type_of(document.source).startswith("video/"):
        raise unsupported(at, "this format takes no films: send pictures of it, or the text")
    name: Json = document.name
    match document.source:
        case PlainText(text):
            terms.receipts.emulated(at, "a document of text is sent as text")
            return {"type": "input_text", "text": text if name is None else f"{name}\n\n{text}"}
        case Base64(media_type) as source:
            if name is None and not terms.own:
                name = _FILE_NAMES.get(media_type, "document")
            place = {"file_data": _url(source)}
        case Link(url):
            place = {"file_url": url}
        case FileRef(file_id, wire) if wire == NAME:
            place = {"file_id": file_id}
        case source:
            raise _unsendable(source, at)
    terms.require("documents", at, "documents: send its text, or choose a model that reads files")
    if not terms.own and "file_data" not in place and name is not None:
        # An address and an id have a name of their own, and the vendor takes no second.
        terms.receipts.dropped(f"{at}.name", "only a file that is sent is given a name")
        name = None
    return put_back(
        said_only({"type": "input_file", "filename": name, **place}), own(document.extras)
    )


def _url(source: Base64 | Link) -> str:
    match source:
        case Base64(media_type, content):
            return f"data:{media_type};base64,{content}"
        case Link(url):
            return url


def _unsendable(source: Source, at: str) -> LLMBadRequestError:
    match source:
        case FileRef():
            return unsupported(
                at, "a file cannot be named by this id here; send its content instead"
            )
        case _:
            return unsupported(at, "a text is no image")
