"""What a dialect is: a wire format as its clients know it, and how they are told of errors."""

import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final, TypeAlias, TypeVar
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from dragoman.api.errors import Headers, Problem
from dragoman.api.relay import KEEP_ALIVE
from dragoman.chat import Actor, Category, LLMServiceError, Reply, ResponseStart
from dragoman.wire.base import Wire

# A provider that refuses our key is a broken gateway to a client, whose own key is another matter.
_STATUS: Final[Mapping[Category, int]] = {
    Category.AUTHENTICATION: 502,
    Category.PERMISSION: 502,
    Category.QUOTA_EXHAUSTED: 429,
    Category.RATE_LIMIT: 429,
    Category.OVERLOADED: 503,
    Category.TIMEOUT: 504,
    Category.CONNECTION: 502,
    Category.STREAM_INTERRUPTED: 502,
    Category.BAD_RESPONSE: 502,
    Category.CANCELLED: 503,
    Category.INVALID_REQUEST: 400,
    Category.CONTEXT_TOO_LONG: 400,
    Category.CONTENT_FILTERED: 400,
    Category.UNSUPPORTED: 400,
    Category.MODEL_NOT_FOUND: 404,
    Category.INTERNAL: 500,
}
# Finer words that have a status of their own.
_STATUS_OF_REASON: Final[Mapping[str, int]] = {
    "unknown_model": 404,
    "upstream_too_large": 413,
    "upstream_unprocessable": 422,
}


Told = TypeVar("Told", Reply, ResponseStart)
VendorHeaders: TypeAlias = Iterable[tuple[str, str]]

_SHOULD_RETRY: Final = b"x-should-retry"
# Under these names a client finds our own id of its request.
_RENAMED: Final = dict.fromkeys(("x-request-id", "request-id"), "x-upstream-request-id")


def passed_on(headers: VendorHeaders) -> Headers:
    """Give a vendor's headers as they go to a client, its id as `x-upstream-request-id`."""
    return [
        (_RENAMED.get(name, name).encode(), value.encode("latin-1", "replace"))
        for name, value in headers
        if name != "retry-after"
    ]


class Dialect(Struct, frozen=True, kw_only=True, dict=True):
    """A wire format as clients of it know it.

    `headers` are the names of those of a client's headers that mean something to a provider of the
    same wire. `beat` keeps a silent stream alive. `statuses` are the statuses in which this dialect
    differs from the others. `id_header` is the header in which its clients look for an id.
    `id_leads` tells that a reply is found again by its id, which then has to begin as all do,
    `dated` that clients insist on the time of a reply, `keeps` that replies are kept, and gone on
    from.
    """

    wire: Wire
    id_prefix: str
    id_leads: bool = False
    dated: bool = False
    keeps: bool = False
    beat: bytes = KEEP_ALIVE
    headers: frozenset[str] = frozenset()
    statuses: Mapping[Category, int] = {}
    id_header: bytes | None = None

    @cached_property
    def raw_headers(self) -> frozenset[bytes]:
        """The names of `headers` as they come."""
        return frozenset(name.encode("latin-1") for name in self.headers)

    def completed(self, told: Told) -> Told:
        """Give a reply, or its beginning, an id and a date where its provider left them out.

        What has both stays the very thing that it was.
        """
        created = int(time.time()) if self.dated and told.created is None else told.created
        reply_id = self._id_of(told.id)
        if reply_id == told.id and created == told.created:
            return told
        return replace(told, id=reply_id, created=created)

    def _id_of(self, vendors: str | None) -> str | None:
        """Give the vendor's own id, if clients can take it; otherwise a new one."""
        if not self.id_prefix or (
            vendors and (not self.id_leads or vendors.startswith(self.id_prefix))
        ):
            return vendors
        return f"{self.id_prefix}{uuid4().hex}"

    def status(self, problem: Problem) -> int:
        """Give the status of a problem; what is wrong with the request itself keeps its own."""
        special = _STATUS_OF_REASON.get(problem.reason)
        if special is not None:
            return special
        if problem.category is None:
            return problem.status
        return self.statuses.get(problem.category, _STATUS[problem.category])

    def error(self, problem: Problem, *, request_id: str) -> LLMServiceError:
        """Put a problem into the form that a wire writes; `request_id` is ours."""
        about = problem.detail or {}
        return LLMServiceError(
            problem.category or _category(problem),
            problem.message,
            code=about.get("vendorCode"),
            reason=problem.reason,
            request_id=request_id,
            retryable=bool(about.get("retryable")),
            retry_after=problem.retry_after,
            actor=Actor(about.get("actor", Actor.CALLER)),
            status=self.status(problem),
            param=about.get("field") or about.get("vendorParam"),
        )

    def problem_headers(self, problem: Problem) -> Headers:
        """Give the headers of an error answer; what would be retried in vain says so."""
        vendors = passed_on(problem.vendor_headers)
        if problem.category is None or (problem.detail or {}).get("retryable"):
            return [*problem.headers, *vendors]
        others = [header for header in vendors if header[0] != _SHOULD_RETRY]
        return [*problem.headers, *others, (_SHOULD_RETRY, b"false")]

    def body(self, problem: Problem, *, request_id: str) -> bytes:
        """Write the body of an error answer."""
        return self.wire.write_failure(self.error(problem, request_id=request_id))


def _category(problem: Problem) -> Category:
    if problem.reason == "unknown_model":
        return Category.MODEL_NOT_FOUND
    return Category.INVALID_REQUEST if problem.status < 500 else Category.INTERNAL
