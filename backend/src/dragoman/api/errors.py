"""What a client of `/api/v1` is told when something goes wrong: one table, one body."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import UTC, datetime
from math import ceil
from os import register_at_fork
from random import Random
from secrets import randbits
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from msgspec import Struct

from dragoman.chat import Category, InvalidInput, JsonObject, LLMServiceError
from dragoman.storage import StorageError, Trouble

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

_STATUS: Final[dict[Category, tuple[int, str]]] = {
    Category.AUTHENTICATION: (503, "AUTH_ERROR"),
    Category.PERMISSION: (503, "AUTH_ERROR"),
    Category.RATE_LIMIT: (503, "RATE_LIMIT"),
    Category.QUOTA_EXHAUSTED: (503, "RATE_LIMIT"),
    Category.OVERLOADED: (503, "LLM_ERROR"),
    Category.BAD_RESPONSE: (503, "LLM_ERROR"),
    Category.TIMEOUT: (504, "TIMEOUT"),
    Category.CONNECTION: (503, "CONNECTION_ERROR"),
    Category.STREAM_INTERRUPTED: (503, "CONNECTION_ERROR"),
    Category.CANCELLED: (503, "CONNECTION_ERROR"),
    Category.INVALID_REQUEST: (400, "LLM_ERROR"),
    Category.CONTEXT_TOO_LONG: (400, "LLM_ERROR"),
    Category.CONTENT_FILTERED: (400, "LLM_ERROR"),
    Category.MODEL_NOT_FOUND: (400, "LLM_ERROR"),
    Category.UNSUPPORTED: (400, "LLM_ERROR"),
    Category.INTERNAL: (500, "UNKNOWN"),
}


# A full disk is no fault that waiting alone will mend: 507, Insufficient Storage (RFC 4918).
_STORAGE_STATUS: Final = {Trouble.FULL: 507}


class Problem(Struct, frozen=True):
    """An error as a client sees it: the status, the stable `code`, the fine word, the sentence.

    `turn` holds further fields of the body: which turn of a conversation it ended. `category` is
    what happened at a provider, `None` for what is wrong with the request itself; `vendor_headers`
    is what the provider said beside it.
    """

    status: int
    code: str
    reason: str
    message: str
    retry_after: float | None = None
    detail: JsonObject | None = None
    turn: JsonObject | None = None
    category: Category | None = None
    vendor_headers: tuple[tuple[str, str], ...] = ()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """`Retry-After` in whole seconds, rounded up, when it is known; the end of the connection
        where more of a refused body is still to come.
        """
        headers = []
        if self.retry_after is not None:
            headers.append((b"retry-after", str(max(0, ceil(self.retry_after))).encode()))
        if self.status == 413:
            headers.append((b"connection", b"close"))
        return headers


def problem_of(error: Exception, *, debug: bool = False) -> Problem:
    """Say what a client is told about `error`; anything unforeseen is a fault of ours.

    `debug` adds the class of the error, never its trace.
    """
    match error:
        case LLMServiceError():
            status, code = _STATUS[error.category]
            detail = _detail(error)
            problem = Problem(
                status,
                code,
                error.reason,
                str(error),
                error.retry_after,
                detail,
                category=error.category,
                vendor_headers=error.headers,
            )
        case InvalidInput():
            field = {"field": error.path} if error.path else None
            problem = Problem(
                error.status, "INVALID_REQUEST", error.reason, str(error), detail=field
            )
        case StorageError():
            problem = Problem(
                _STORAGE_STATUS.get(error.trouble, 503),
                "STORAGE_ERROR",
                str(error.trouble),
                str(error),
                error.retry_after,
                None if error.retry_after is None else {"retryAfter": error.retry_after},
            )
        case _:
            message = "something went wrong inside the server; the request id finds it in the log"
            problem = Problem(500, "UNKNOWN", "unhandled", message)
    if debug:
        more = {**(problem.detail or {}), "exception": type(error).__name__}
        problem = msgspec.structs.replace(problem, detail=more)
    return problem


def _detail(error: LLMServiceError) -> JsonObject:
    facts = {
        "category": str(error.category),
        "provider": error.provider,
        "model": error.model,
        "vendorCode": error.code,
        "vendorParam": error.param,
        "vendorRequestId": error.request_id,
        "retryable": error.retryable,
        "retryAfter": error.retry_after,
        "actor": str(error.actor),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def problem_body(problem: Problem, *, request_id: str) -> bytes:
    """Write the body of an error answer."""
    return msgspec.json.encode({"status": "error", **_fields(problem, request_id)})


def problem_event(problem: Problem, *, request_id: str) -> bytes:
    """Write the error that ends a stream."""
    event = {"type": "error", **_fields(problem, request_id)}
    return b"event: error\ndata: %b\n\n" % msgspec.json.encode(event)


def _fields(problem: Problem, request_id: str) -> JsonObject:
    fields: JsonObject = {
        "error": problem.message,
        "code": problem.code,
        "reason": problem.reason,
        "request_id": request_id,
        "timestamp": timestamp(),
    }
    if problem.detail:
        fields["detail"] = problem.detail
    return {**fields, **(problem.turn or {})}


class Tongue(Protocol):
    """Another way to tell a problem than ours: a vendor's."""

    def status(self, problem: Problem) -> int:
        """Give the status."""
        ...

    def body(self, problem: Problem, *, request_id: str) -> bytes:
        """Write the body."""
        ...

    def problem_headers(self, problem: Problem) -> Headers:
        """Give the headers."""
        ...

    @property
    def id_header(self) -> bytes | None:
        """The header in which clients look for our id of a request, if not in `x-request-id`."""
        ...


class Told(Struct, frozen=True):
    """An error answer."""

    status: int
    headers: Headers
    body: bytes


def tell_problem(problem: Problem, *, request_id: str, tongue: Tongue | None) -> Told:
    """Put an error into an answer, in our own words or in those of `tongue`."""
    if tongue is None:
        body = problem_body(problem, request_id=request_id)
        return Told(problem.status, problem.headers, body)
    body = tongue.body(problem, request_id=request_id)
    return Told(tongue.status(problem), tongue.problem_headers(problem), body)


async def send_problem(
    send: Send,
    problem: Problem,
    *,
    request_id: str,
    headers: Headers = (),
    tongue: Tongue | None = None,
) -> None:
    """Answer with an error, in our own words or in those of `tongue`."""
    told = tell_problem(problem, request_id=request_id, tongue=tongue)
    await send_json(send, told.body, status=told.status, headers=[*told.headers, *headers])


async def send_json(send: Send, body: bytes, *, status: int = 200, headers: Headers = ()) -> None:
    """Answer with JSON."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


# Seeded by the system, which takes longer to ask each time than all else that an id costs. Nothing
# is secret in one: it only has to be like no other.
_numbers: Final = Random(randbits(256))  # noqa: S311
# A forked process would go on with the same numbers as the one it came from.
register_at_fork(after_in_child=lambda: _numbers.seed(randbits(256)))


def new_request_id() -> str:
    """Make an id that finds a request in the log."""
    return f"req-{_numbers.getrandbits(128):032x}"


def timestamp() -> str:
    """Tell the time of an answer, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
