"""Errors: the facts of a vendor's answer, the body of ours, and what is never sent."""

import re
from collections.abc import Iterator, Mapping
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
from dragoman.wire.gemini.words import ERROR_WORDS, encode
from dragoman.wire.stream import decode_leniently

_TYPES: Final = "type.googleapis.com/google.rpc."
# https://cloud.google.com/apis/design/errors#handling_errors
_WORDS_OF_STATUS: Final = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
}
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?s")


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:  # noqa: ARG001 - the vendor says it all in the body
    """Read an error answer: the facts, and no judgement. Never raises.

    A body that is no error of this format (a proxy's page) has the message "".
    """
    return failure_of(decode_leniently(body), status)


def failure_of(said: Json, status: int) -> Failure:
    """Gather the facts of an error object, which may stand in a list, and in a stream.

    `code` is the reason of an `ErrorInfo`, else the quota that is used up; `type` is the status as
    a word (google/rpc/error_details.proto).
    """
    error = error_in(said) or {}
    details = list(_details(error))
    code = error.get("code")
    embedded = code if isinstance(code, int) and 400 <= code <= 599 else None
    return Failure(
        message=_text(error.get("message")) or "",
        status=status if status != 200 else embedded or 200,
        code=_first(details, "reason") or _quota(details),
        type=_text(error.get("status")),
        param=next(_violated(details, "fieldViolations", "field"), None),
        retry_after=_delay(details),
    )


def error_in(said: Json) -> JsonObject | None:
    """Find the error in an answer or an event; `None` if it is none."""
    match said:
        case {"error": dict(error)} | [{"error": dict(error)}, *_]:
            return error
        case {"error": str(message)} | [{"error": str(message)}, *_]:
            return {"message": message}
        case _:
            return None


def _details(error: JsonObject) -> Iterator[JsonObject]:
    details = error.get("details")
    if isinstance(details, list):
        yield from (detail for detail in details if isinstance(detail, dict))


def _first(details: list[JsonObject], name: str) -> str | None:
    return next(filter(None, (_text(detail.get(name)) for detail in details)), None)


def _quota(details: list[JsonObject]) -> str | None:
    """Name the quota that is used up: that of a day, if one of several is."""
    found = list(_violated(details, "violations", "quotaId"))
    return next((quota for quota in found if "PerDay" in quota), next(iter(found), None))


def _violated(details: list[JsonObject], name: str, field: str) -> Iterator[str]:
    for detail in details:
        violations = detail.get(name)
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict) and (found := _text(violation.get(field))):
                yield found


def _delay(details: list[JsonObject]) -> float | None:
    delay = _first(details, "retryDelay") or ""
    return float(delay[:-1]) if _SECONDS.fullmatch(delay) else None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def write_failure(error: LLMServiceError) -> bytes:
    """Write the body of an error answer for a client; it is an event of a stream, too.

    How long to wait stands in it: clients of this format read no header.
    """
    code, status = _words(error)
    details: list[JsonObject] = [
        {"@type": f"{_TYPES}ErrorInfo", "reason": error.reason.upper(), "domain": "dragoman"}
    ]
    if error.retry_after is not None:
        delay = f"{round(error.retry_after, 3):.10g}s"
        details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": delay})
    said = {"code": code, "message": _told(error), "status": status, "details": details}
    return encode({"error": said})


# The format has no code for it: clients that shorten a conversation by themselves look for this.
_TOO_LONG: Final = "exceeds the maximum number of tokens allowed"


def _told(error: LLMServiceError) -> str:
    if error.category is Category.CONTEXT_TOO_LONG and _TOO_LONG not in error.message:
        return f"the input token count {_TOO_LONG}: {error.message}"
    return error.message


def _words(error: LLMServiceError) -> tuple[int, str]:
    code, status = ERROR_WORDS[error.category]
    if error.category is Category.INVALID_REQUEST and error.status in range(400, 500):
        # What is wrong with the request itself has a status of its own.
        return error.status or code, _WORDS_OF_STATUS.get(error.status or code, status)
    return code, status


def refusal(at: str, problem: str, category: Category = Category.UNSUPPORTED) -> LLMBadRequestError:
    """Make the error for what cannot be said, and must not be left out."""
    return LLMBadRequestError(category, f"{at}: {problem}", actor=Actor.CALLER)
