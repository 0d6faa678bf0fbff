"""Parts written as the parts of a content, each as nearly as this format can say it."""

import base64
from collections.abc import Mapping
from typing import Final, assert_never

import msgspec
from msgspec import Struct

from dragoman.chat import (
    Audio,
    Base64,
    Category,
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
    media_type_of,
)
from dragoman.wire.base import NOTHING
from dragoman.wire.gemini.calls import sent_id
from dragoman.wire.gemini.errors import refusal
from dragoman.wire.gemini.spelling import respelled
from dragoman.wire.gemini.words import (
    CALLED,
    FILE,
    FILMS,
    NAME,
    NAMED,
    NO_RESPONSE,
    RESPONSE,
    forms_of,
    mark_of,
    own,
    put_back,
    said_only,
)
from dragoman.wire.receipts import Receipts

# Addresses that the vendor's models have always had fetched.
_FETCHED: Final = ("gs://", "https://generativelanguage.googleapis.com/", *FILMS)
# The type of a file that lies somewhere, by the ending of its address.
_TYPES: Final = {
    "bmp": "image/bmp",
    "csv": "text/csv",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "webp": "image/webp",
}


class Terms(Struct, frozen=True):
    """On what terms one writes: what the reader does not take, where changes are noted, which
    function each call's id stands for, and whether any public address is fetched.
    """

    without: frozenset[str]
    receipts: Receipts
    names: Mapping[str, str]
    fetches: bool = False

    def require(self, feature: str, at: str) -> None:
        """Refuse what the provider does not take. Raises `LLMBadRequestError`."""
        if feature in self.without:
            problem = f"this model's provider takes no {feature}: leave them out"
            raise refusal(at, f"{problem}, or choose another model")


def no_terms() -> Terms:
    """Give the terms on which a client is written to: it takes everything, and gets no receipts."""
    return Terms(NOTHING, Receipts(NAME), {})


def write_part(part: Part, at: str, terms: Terms) -> JsonObject | None:
    """Write one part; `None` if it was left out, with a receipt.

    Raises `LLMBadRequestError` for what cannot be sent and must not be left out.
    """
    match part:
        case Text(text):
            said: JsonObject = {"text": text}
        case Reasoning(text, signature, origin=origin) if origin == NAME:
            said = said_only({"text": text, "thought": True, "thoughtSignature": signature})
        case ToolCall():
            said = {"functionCall": _call(part, at, terms)}
        case ToolResult():
            said = {"functionResponse": _result(part, at, terms)}
        case Image() | Document() | Audio():
            said = _file(part, at, terms)
        case Opaque(wire, fields=fields) if wire == NAME:
            return fields
        case Reasoning():
            terms.receipts.dropped(at, "reasoning is understood only where it came from")
            return None
        case Opaque(wire, kind):
            terms.receipts.dropped(at, f"only {wire} has words for {kind!r}")
            return None
        case _:
            assert_never(part)
    form = forms_of(part.extras)
    whole = put_back(said, own(part.extras))
    inner = {
        name: respelled(value, form) if name in said and isinstance(value, dict) else value
        for name, value in whole.items()
    }
    return respelled(inner, form)


def _call(call: ToolCall, at: str, terms: Terms) -> JsonObject:
    return said_only(
        {
            "id": _id(call.id, terms),
            "name": call.name,
            "args": _arguments(call, at) if call.arguments else None,
        }
    )


def _id(call_id: str, terms: Terms) -> str | None:
    return None if "call_ids" in terms.without else sent_id(call_id)


def parsed_object(text: str) -> JsonObject | None:
    """Parse a JSON object; `None` if it is none. Nothing at all is an empty object."""
    try:
        value: Json = msgspec.json.decode(text) if text.strip() else {}
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _arguments(call: ToolCall, at: str) -> JsonObject:
    arguments = parsed_object(call.arguments)
    if arguments is None:
        problem = f"the arguments of the call of {call.name!r} are no JSON object"
        raise refusal(at, problem, Category.INVALID_REQUEST)
    return arguments


def _result(result: ToolResult, at: str, terms: Terms) -> JsonObject:
    files = [
        write_part(part, f"{at}.content[{place}]", terms)
        for place, part in enumerate(result.content)
        if not isinstance(part, Text)
    ]
    name = mark_of(result.extras, CALLED)
    if name is None:
        name = terms.names.get(result.call_id) or result.call_id
    return said_only(
        {
            "id": _id(result.call_id, terms),
            "name": name or None,
            "response": _response(result),
            "parts": [file for file in files if file is not None] or None,
        }
    )


def _response(result: ToolResult) -> JsonObject | None:
    """Put what a tool said into an object: `output`, or `error`, as the vendor's page has it."""
    form = forms_of(result.extras)
    texts = [part.text for part in result.content if isinstance(part, Text)]
    if NO_RESPONSE in form and not texts:
        return None
    said = "".join(texts)
    if RESPONSE in form and (response := parsed_object(said)) is not None:
        return response
    return {"error" if result.is_error else "output": said}


def _file(part: Image | Document | Audio, at: str, terms: Terms) -> JsonObject:
    terms.require(_FEATURE[type(part)], at)
    name = _name(part, at, terms)
    match part.source:
        case Base64(media_type, content):
            said = {"mimeType": media_type or None, "data": content, "displayName": name}
            return {"inlineData": said_only(said)}
        case PlainText(text, media_type):
            content = base64.b64encode(text.encode()).decode()
            return {"inlineData": {"mimeType": media_type, "data": content}}
        case Link(address) | FileRef(address):
            media_type = _media_type(part, address, part.source, at, terms)
            said = {"fileUri": address, "mimeType": media_type or None, "displayName": name}
            return {"fileData": said_only(said)}


_FEATURE: Final[dict[type[Part], str]] = {
    Image: "images",
    Document: "documents",
    Audio: "audio",
}


def _name(part: Image | Document | Audio, at: str, terms: Terms) -> str | None:
    match part:
        case Document(name=str(name)):
            if NAMED in forms_of(part.extras):
                return name
            terms.receipts.dropped(f"{at}.name", "files have no names here")
        case Image(detail=str(detail)) if detail != "auto":
            terms.receipts.dropped(f"{at}.detail", "this format has no word for it")
    return None


def _media_type(
    part: Image | Document | Audio, address: str, source: Source, at: str, terms: Terms
) -> str:
    """Give the type of a file that is named by its address, if that can be sent at all."""
    known = mark_of(part.extras, FILE)
    if known is not None:
        return known.strip()
    if isinstance(source, FileRef):
        raise refusal(at, "the file lies at another vendor; send its content instead")
    if address.startswith(_FETCHED):
        return ""
    if not terms.fetches or not address.startswith("https://"):
        raise refusal(at, "this address is not fetched for the model: send the file's content")
    ending = address.partition("?")[0].rpartition(".")[2].lower()
    return media_type_of(source) or _TYPES.get(ending, "")
