"""Parts of contents read: each holds one thing, and perhaps a seal of the thinking before it."""

from collections.abc import Callable
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
    ToolCall,
    ToolResult,
)
from dragoman.wire.gemini.calls import Pairing
from dragoman.wire.gemini.spelling import Spelled, set_aside
from dragoman.wire.gemini.words import (
    CALLED,
    FILE,
    FILMS,
    NAME,
    NAMED,
    NO_RESPONSE,
    RESPONSE,
    encode,
)

# Where the vendor keeps files that were uploaded to it.
_OWN_FILES: Final = ("gs://", "https://generativelanguage.googleapis.com/")
# What may stand in a part beside the one thing that it holds.
_BESIDE: Final = frozenset({"thought", "thoughtSignature", "videoMetadata"})

_Reader: TypeAlias = Callable[[Spelled, Pairing], Part | None]


def read_part(value: Json, path: str, pairing: Pairing) -> Part:
    """Read one part; one that nobody here knows is carried whole.

    Raises `InvalidInput` if it is not what its word promises.
    """
    fields = Spelled(value, path)
    for word, read in _READERS.items():
        if fields.peek(word) is not None:
            part = read(fields, pairing)
            return _opaque(value) if part is None else part
    return _opaque(value)


def _opaque(value: Json) -> Opaque:
    words = [word for word in Spelled(value).rest() if word not in _BESIDE]
    return Opaque(NAME, words[0] if words else "part", value)


def _text(part: Spelled, _pairing: Pairing) -> Part:
    text = part.text("text")
    if part.peek("thought") is True:
        part.skip("thought")
        signature = part.maybe_text("thoughtSignature")
        return Reasoning(text, signature, origin=NAME, extras=set_aside(part))
    return Text(text, set_aside(part))


def _call(part: Spelled, pairing: Pairing) -> Part:
    call = part.inner("functionCall") or Spelled({})
    name, given = call.text("name"), call.maybe_object("args")
    arguments = "" if given is None else encode(given.rest()).decode()
    call_id = pairing.asked(call.maybe_text("id"), name)
    return ToolCall(call_id, name, arguments, set_aside(part, functionCall=call))


def _result(part: Spelled, pairing: Pairing) -> Part:
    result = part.inner("functionResponse") or Spelled({})
    name = result.maybe_text("name") or ""
    call_id, same = pairing.answered(result.maybe_text("id"), name)
    told, is_error, form = _response(result)
    files = [
        read_part(file, f"{result.at('parts')}[{place}]", pairing)
        for place, file in enumerate(_files(result))
    ]
    marks = (*form, *(() if same else (f"{CALLED}{name}",)))
    extras = set_aside(part, *marks, functionResponse=result)
    return ToolResult(call_id, (*told, *files), is_error, extras)


def _files(result: Spelled) -> list[Json]:
    match result.peek("parts"):
        case [*files] if files and all(isinstance(file, dict) for file in files):
            result.skip("parts")
            return files
        case _:
            return []


def _response(result: Spelled) -> tuple[tuple[Part, ...], bool | None, tuple[str, ...]]:
    response = result.take("response")
    match response:
        case None:
            return (), None, () if result.has("response") else (NO_RESPONSE,)
        case {"output": str(text), **others} if not others:
            return (Text(text),), None, ()
        case {"error": str(text), **others} if not others:
            return (Text(text),), True, ()
        case dict():
            failed = True if "error" in response and "output" not in response else None
            return (Text(encode(response).decode()),), failed, (RESPONSE,)
        case other:
            raise result.wrong("response", "an object", other)


def _inline(part: Spelled, _pairing: Pairing) -> Part | None:
    match part.peek("inlineData"):
        case {"data": str()}:
            inner = part.inner("inlineData") or Spelled({})
        case _:
            return None
    source = Base64(inner.maybe_text("mimeType") or "", inner.text("data"))
    return _file(source, source.media_type, part, inner, "inlineData")


def _linked(part: Spelled, _pairing: Pairing) -> Part | None:
    match part.peek("fileData"):
        case {"fileUri": str()} | {"file_uri": str()}:
            inner = part.inner("fileData") or Spelled({})
        case _:
            return None
    address, media_type = inner.text("fileUri"), inner.maybe_text("mimeType")
    ours = address.startswith(_OWN_FILES)
    if media_type is None and address.startswith(FILMS):
        source: Source = Link(address, "video/*")
    else:
        source = FileRef(address, NAME) if ours else Link(address, media_type)
    mark = FILE if media_type is None else f"{FILE} {media_type}"
    return _file(source, media_type or "", part, inner, "fileData", mark)


def _file(
    source: Source, media_type: str, part: Spelled, inner: Spelled, word: str, *form: str
) -> Part:
    match media_type.partition("/")[0]:
        case "image":
            return Image(source, extras=set_aside(part, *form, **{word: inner}))
        case "audio":
            return Audio(source, set_aside(part, *form, **{word: inner}))
        case _:
            name = inner.maybe_text("displayName")
            named = () if name is None else (NAMED,)
            return Document(source, name, set_aside(part, *form, *named, **{word: inner}))


_READERS: Final[dict[str, _Reader]] = {
    "text": _text,
    "functionCall": _call,
    "functionResponse": _result,
    "inlineData": _inline,
    "fileData": _linked,
}
