"""Errors: the facts of a vendor's answer, in whatever shape it came, and the body of ours."""

import re
from collections.abc import Mapping
from typing import Final

from dragoman.chat import Failure, Json, JsonObject, LLMServiceError
from dragoman.wire.openai_responses.words import (
    ERROR_WORDS,
    FAILED_CODES,
    SERVER_ERROR,
    encode,
)
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
    """Gather the facts of an error, which may also be an event of a stream.

    Known shapes: `{"error": {…}}`, `{"error": "…"}`, the error's fields at the top, beside the
    event's `type: error`, `{"detail": …}`, any of them in a list, bare text.
    """
    outer = _object(said)
    error = outer.get("error")
    inner = error if isinstance(error, dict) else outer
    kind = _word(inner.get("type")) or _word(inner.get("status"))
    return Failure(
        message=_message(said),
        status=status if status != 200 else _embedded_status(inner) or 200,
        code=_word(inner.get("code")),
        # The type of an event, and not of an error.
        type=None if kind == "error" else kind,
        param=_word(inner.get("param")),
        request_id=_word(outer.get("request_id")) or request_id,
    )


def _object(said: Json) -> JsonObject:
    match said:
        case dict():
            return said
        case [dict() as only, *_]:
            return only
        case _:
            return {}


def _embedded_status(error: JsonObject) -> int | None:
    # OpenRouter's and Google's `code` is the status; in a stream, that of HTTP was 200.
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


# Where the message may be, the likeliest place first.
_TOLD_IN: Final = ("error", "message", "detail", "msg")


def _message(said: Json, depth: int = 8) -> str:
    """Find what a person can read, not too deep down; "" for a page of HTML."""
    if depth == 0:
        return ""
    match said:
        case str():
            return "" if _MARKUP.search(said) else said.strip()
        case {"message": message, "metadata": {"raw": str(raw)}} if raw:
            # OpenRouter says that "the provider returned an error"; which one is in `raw`.
            decoded = decode_leniently(raw.encode())
            inner = raw if decoded is None else decoded
            return _joined(": ", [_message(message, depth - 1), _message(inner, depth - 1)])
        case {"loc": [*path], "msg": str(problem)}:
            return f"{'.'.join(map(str, path))}: {problem}"
        case dict():
            found = (_message(said[name], depth - 1) for name in _TOLD_IN if name in said)
            return next(filter(None, found), "")
        case list():
            return _joined("; ", [_message(item, depth - 1) for item in said])
        case _:
            return ""


def _joined(separator: str, messages: list[str]) -> str:
    return separator.join(filter(None, messages))


def error_object(error: LLMServiceError) -> JsonObject:
    """Say an error as a client of this format knows it."""
    kind, code = ERROR_WORDS[error.category]
    return {
        "message": error.message,
        "type": kind,
        "param": error.param,
        "code": code or error.code or error.reason,
    }


def failed_object(error: LLMServiceError) -> JsonObject:
    """Say an error as it stands within a response that failed."""
    return {"code": FAILED_CODES.get(error.category, SERVER_ERROR), "message": error.message}


def write_failure(error: LLMServiceError) -> bytes:
    """Write the body of an error answer for a client."""
    return encode({"error": error_object(error)})
