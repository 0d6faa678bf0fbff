"""The parts of messages written as content, each as nearly as this format can say it."""

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
from dragoman.wire.openai_chat.words import (
    BARE,
    NAME,
    NO_CONTENT,
    PARTS,
    REFUSAL,
    THINKING,
    UNNAMED,
    forms_of,
    has_more,
    own,
    put_back,
    said_only,
)
from dragoman.wire.receipts import Receipts

_PLAIN: Final = {"type", "text"}
# A file without a name gets one: the vendor insists on it, and goes by its ending.
_FILE_NAMES: Final = {"application/pdf": "document.pdf", "text/plain": "document.txt"}
# The `format` of a recording, where the media type has another word for it.
_AUDIO_FORMATS: Final = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}


class Terms(Struct, frozen=True):
    """On what terms one writes: what the reader does not take, and where changes are noted."""

    without: frozenset[str]
    receipts: Receipts

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


def words_alone(parts: Sequence[Part]) -> str | None:
    """Give what is said where it is one text and nothing else, as nearly always; or `None`."""
    if len(parts) != 1:
        return None
    part = parts[0]
    if not isinstance(part, Text) or (part.extras is not None and has_more(part.extras)):
        return None
    return part.text or None


def write_content(
    parts: Iterable[tuple[str, Part]],
    terms: Terms,
    extras: Extras | None,
    *,
    blank: str | None = "",
    joined: bool = False,
) -> JsonObject:
    """Write the field `content` of a message; each part comes with its place.

    It is a string where it can be: `joined` makes one string of several texts. Where there is
    nothing to say, it is `blank`, unless `extras` remember how that was spelled.
    """
    written = write_parts(parts, terms)
    if not written:
        left = own(extras)
        return {} if NO_CONTENT in forms_of(extras) else {"content": left.get("content", blank)}
    texts = [part["text"] for part in written if part.keys() == _PLAIN and part["type"] == "text"]
    as_list = PARTS in forms_of(extras) or len(texts) < len(written)
    if as_list or not (joined or len(texts) == 1):
        return {"content": written}
    return {"content": "".join(texts)}


def write_parts(parts: Iterable[tuple[str, Part]], terms: Terms) -> list[JsonObject]:
    """Write parts as content parts, leaving out what has no words here.

    Raises `LLMBadRequestError` for a file or a recording that cannot be sent: without it, the
    question would be another one.
    """
    written = (write_part(part, at, terms) for at, part in parts)
    return [part for part in written if part is not None]


def write_part(part: Part, at: str, terms: Terms) -> JsonObject | None:
    """Write one part; `None` if it was left out, with a receipt."""
    if not isinstance(part, Opaque):
        terms.receipts.left_behind(part.extras, at)
    match part:
        case Text():
            return write_text(part)
        case Image():
            return _image(part, at, terms)
        case Document():
            return _document(part, at, terms)
        case Audio():
            return _audio(part, at, terms)
        case Reasoning(extras=extras) if THINKING in forms_of(extras):
            return write_thinking(part)
        case Opaque(wire=wire, fields=fields) if wire == NAME:
            return fields
        case Reasoning() | Opaque() | ToolCall() | ToolResult():
            terms.receipts.dropped(at, _misplaced(part))
            return None
        case _:
            assert_never(part)


def _misplaced(part: Reasoning | Opaque | ToolCall | ToolResult) -> str:
    match part:
        case Reasoning():
            return "reasoning is understood only where it came from"
        case Opaque(wire, kind):
            return f"only {wire} has words for {kind!r}"
        case ToolCall() | ToolResult():
            return "a call stands in an assistant's turn, a result in a user's"
        case _:
            assert_never(part)


def write_text(text: Text) -> JsonObject:
    """Write a text as a content part."""
    kind = "refusal" if REFUSAL in forms_of(text.extras) else "text"
    return put_back({"type": kind, kind: text.text}, own(text.extras))


def write_thinking(part: Reasoning) -> JsonObject:
    """Write reasoning as a content part, for servers that have it so."""
    left = own(part.extras)
    texts = left.get("thinking", [{"type": "text", "text": part.text}])
    return put_back({"type": "thinking", "thinking": texts}, left)


def _image(image: Image, at: str, terms: Terms) -> JsonObject:
    terms.require("images", at, "images: leave it out, or choose a model that sees")
    match image.source:
        case Base64() | Link() as source:
            url: Json = url_of(source)
        case source:
            raise _unsendable(source, at)
    if BARE not in forms_of(image.extras):
        url = said_only({"url": url, "detail": image.detail})
    return put_back({"type": "image_url", "image_url": url}, own(image.extras))


def _document(document: Document, at: str, terms: Terms) -> JsonObject:
    if media_type_of(document.source).startswith("video/"):
        raise unsupported(at, "this format takes no films: send pictures of it, or the text")
    forms = forms_of(document.extras)
    match document.source:
        case PlainText(text):
            terms.receipts.emulated(at, "a document of text is sent as text")
            return {"type": "text", "text": _titled(text, document.name)}
        case Base64() as source:
            fallback = None if UNNAMED in forms else _FILE_NAMES.get(source.media_type, "document")
            name = fallback if document.name is None else document.name
            inner = said_only({"filename": name, "file_data": url_of(source)})
        case FileRef(file_id, wire) if wire == NAME:
            inner = said_only({"filename": document.name, "file_id": file_id})
        case Link(url) if BARE in forms:
            inner = said_only({"filename": document.name, "file_data": url})
        case source:
            raise _unsendable(source, at)
    terms.require("documents", at, "documents: send its text, or choose a model that reads files")
    return put_back({"type": "file", "file": inner}, own(document.extras))


def _audio(audio: Audio, at: str, terms: Terms) -> JsonObject:
    terms.require("audio", at, "recordings: send its text, or choose a model that listens")
    match audio.source:
        case Base64(media_type, content):
            kind = media_type.removeprefix("audio/")
            inner = {"data": content, "format": _AUDIO_FORMATS.get(kind, kind)}
        case source:
            raise _unsendable(source, at)
    return put_back({"type": "input_audio", "input_audio": inner}, own(audio.extras))


def url_of(source: Base64 | Link) -> str:
    """Give the address of a file, which may be a data URL that holds it."""
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
        case Link():
            return unsupported(at, "this format takes no address here; send the file's content")
        case Base64() | PlainText():
            return unsupported(at, "a text is no image or recording")


def _titled(text: str, name: str | None) -> str:
    return text if name is None else f"{name}\n\n{text}"
