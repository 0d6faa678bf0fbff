"""Errors: the facts of a vendor's answer, the body of ours, and what is never sent."""

from collections.abc import Mapping
from typing import Final

from dragoman.chat import (
    Actor,
    Category,
    Failure,
    Json,
    JsonObject,
    LLMBadRequestError,
    LLMServiceError,
)
from dragoman.wire.anthropic_messages.words import ERROR_TYPES, encode
from dragoman.wire.stream import decode_leniently


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Read an error answer: the facts, and no judgement. Never raises.

    A body that is no error of this format (a proxy's page) has the message "".
    """
    named = {name.lower(): value for name, value in headers.items()}
    return failure_of(decode_leniently(body), status, named.get("request-id"))


def failure_of(said: Json, status: int, request_id: str | None = None) -> Failure:
    """Gather the facts of an error object, which may also be an event of a stream."""
    outer = said if isinstance(said, dict) else {}
    error = outer.get("error")
    inner = error if isinstance(error, dict) else {"message": error}
    details = inner.get("details")
    return Failure(
        message=_text(inner, "message") or "",
        status=status,
        code=_text(details, "error_code") if isinstance(details, dict) else None,
        type=_text(inner, "type"),
        request_id=_text(outer, "request_id") or request_id,
    )


def _text(said: JsonObject, name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) else None


def write_failure(error: LLMServiceError) -> bytes:
    """Write the body of an error answer for a client; it is an event of a stream, too."""
    kind = "request_too_large" if error.status == 413 else ERROR_TYPES[error.category]
    said = {"type": kind, "message": _told(error)}
    return encode({"type": "error", "error": said, "request_id": error.request_id})


# The format has no code for it: clients that shorten a conversation by themselves look for this.
_TOO_LONG: Final = "prompt is too long"


def _told(error: LLMServiceError) -> str:
    if error.category is Category.CONTEXT_TOO_LONG and _TOO_LONG not in error.message:
        return f"{_TOO_LONG}: {error.message}"
    return error.message


def refusal(at: str, problem: str, category: Category = Category.UNSUPPORTED) -> LLMBadRequestError:
    """Make the error for what cannot be said, and must not be left out."""
    return LLMBadRequestError(category, f"{at}: {problem}", actor=Actor.CALLER)
