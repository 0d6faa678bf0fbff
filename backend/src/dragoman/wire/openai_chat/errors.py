"""Errors: the facts of a vendor's answer, in whatever shape it came, and the body of ours."""

import re
from collections.abc import Mapping
from typing import Final

from dragoman.chat import Category, Failure, Json, JsonObject, LLMServiceError
from dragoman.wire.openai_chat.words import ERROR_WORDS, encode
from dragoman.wire.stream import decode_leniently

_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid")
_MARKUP: Final = re.compile(
    r"<\s*(?:!doctype|html|head|body|title|h1|p|div|center)\b", re.IGNORECASE
)


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Read an error answer: the facts, and no judgement. Never raises.

    The message of a page of HTML, or of nothing, is "".
    """
    said = decode_leniently(body)
    if said is None:
        said = body.decode("utf-8", "replace")
    named = {name.lower(): value for name, value in headers.items()}
    ids = (named.get(name) for name in _REQUEST_ID_HEADERS)
    return failure_of(said, status, next(filter(None, ids), None))


def failure_of(said: Json, status: int, request_id: str | None = None) -> Failure:
    """Gather the facts of an error object, which may also be an event of a stream.

    Known shapes: `{"error": {…}}`, `{"error": "…"}`, the error's fields at the top (Mistral),
    `{"detail": …}`, `{"message": …}`, any of them in a list (Google), bare text.
    """
    outer = _object(said)
    error = outer.get("error")
    inner = error if isinstance(error, dict) else outer
    return Failure(
        message=_message(said),
        status=status if status != 200 else _embedded_status(inner) or 200,
        code=_word(inner.get("code")),
        type=next((inner[name] for name in _TYPE if _is_text(inner.get(name))), None),
        param=_word(inner.get("param")),
        request_id=_word(outer.get("request_id")) or _word(inner.get("request_id")) or request_id,
    )


# Where the kind of an error is told: OpenAI, Google, Hugging Face.
_TYPE: Final = ("type", "status", "error_type")


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and value != ""


def _object(said: Json) -> JsonObject:
    match said:
        case dict():
            return said
        case [dict() as only, *_]:
            return only
        case _:
            return {}


def _embedded_status(error: JsonObject) -> int | None:
    # Groq's `status_code`, OpenRouter's and Google's `code`: in a stream, the HTTP status was 200.
    for name in ("status_code", "code"):
        status = error.get(name)
        if isinstance(status, int) and 400 <= status <= 599:
            return status
    return None


def _word(value: Json) -> str | None:
    match value:
        case str() if value:
            return value
        case bool():
            return None
        case int():
            return str(value)
        case _:
            return None


def _message(said: Json, depth: int = 8) -> str:
    """Find what a person can read, not too deep down; "" for a page of HTML."""
    if depth == 0:
        return ""
    match said:
        case str():
            return "" if _MARKUP.search(said) else said.strip()
        case {"message": message, "metadata": {"raw": str(raw)}} if raw:
            # OpenRouter says that "the provider returned an error"; which one is in `raw`.
            return _joined(": ", [_message(message, depth - 1), _message(_decoded(raw), depth - 1)])
        case {"loc": [*path], "msg": str(problem)}:
            return f"{'.'.join(map(str, path))}: {problem}"
        case dict():
            found = (_message(said[name], depth - 1) for name in _TOLD_IN if name in said)
            return next(filter(None, found), "")
        case list():
            return _joined("; ", [_message(item, depth - 1) for item in said])
        case _:
            return ""


# Where the message may be, the likeliest place first.
_TOLD_IN: Final = ("error", "message", "detail", "msg", "error_message")


def _decoded(raw: str) -> Json:
    decoded = decode_leniently(raw.encode())
    return raw if decoded is None else decoded


def _joined(separator: str, messages: list[str]) -> str:
    return separator.join(filter(None, messages))


def write_failure(error: LLMServiceError) -> bytes:
    """Write the body of an error answer for a client; it is an event of a stream, too."""
    kind, code = ERROR_WORDS[error.category]
    said = {
        "message": _told(error),
        "type": kind,
        "param": error.param,
        "code": code or error.code or error.reason,
    }
    return encode({"error": said})


# Beside the code, clients that shorten a conversation by themselves look for these words.
_TOO_LONG: Final = "This model's maximum context length is"


def _told(error: LLMServiceError) -> str:
    if error.category is Category.CONTEXT_TOO_LONG and _TOO_LONG not in error.message:
        return f"{_TOO_LONG} exceeded: {error.message}"
    return error.message
