"""One language for everything that goes wrong between us and a model.

DragomanError
  ├─ InvalidInput                     the caller's own request is wrong: says where and why
  ├─ UpstreamError                    facts of a failure, before a provider's table judged them
  └─ LLMServiceError                  the judgement: what happened, and who can do what about it
       ├─ LLMAuthenticationError      authentication, permission
       ├─ LLMRateLimitError           rate_limit, quota_exhausted
       ├─ LLMOverloadedError          overloaded
       ├─ LLMTimeoutError             timeout
       ├─ LLMConnectionError          connection, stream_interrupted
       ├─ LLMBadRequestError          invalid_request, context_too_long, content_filtered,
       │                              model_not_found, unsupported
       ├─ LLMBadResponseError         bad_response
       ├─ LLMCancelledError           cancelled
       └─ LLMInternalError            internal
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Category(StrEnum):
    """What happened, in the one word every part of the product uses."""

    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    QUOTA_EXHAUSTED = "quota_exhausted"
    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    INVALID_REQUEST = "invalid_request"
    CONTEXT_TOO_LONG = "context_too_long"
    CONTENT_FILTERED = "content_filtered"
    MODEL_NOT_FOUND = "model_not_found"
    UNSUPPORTED = "unsupported"
    BAD_RESPONSE = "bad_response"
    STREAM_INTERRUPTED = "stream_interrupted"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


class Actor(StrEnum):
    """Who can do something about it."""

    CALLER = "caller"
    OPERATOR = "operator"
    PROVIDER = "provider"
    WAIT = "wait"


class Failure(Struct, frozen=True, kw_only=True):
    """The structured facts of a failure, as they were found; no judgement yet.

    `status` is the HTTP status (200 for a failure inside a stream), `code` and `type` the vendor's
    words, `exception` the names of an exception's class and its ancestors (`package.Class`), most
    special first. `reason` is our own fine word where we found the fault ourselves
    (`premature_close`, `bad_json`, `timeout_idle`). `retry_after` is in seconds, `headers` is what
    the vendor said beside its answer and a client may hear (names in lower case).
    """

    message: str = ""
    status: int | None = None
    code: str | None = None
    type: str | None = None
    param: str | None = None
    exception: tuple[str, ...] = ()
    reason: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    headers: tuple[tuple[str, str], ...] = ()


class DragomanError(Exception):
    """Anything Dragoman raises on purpose."""


class InvalidInput(DragomanError):  # noqa: N818 - it says what the input is
    """The caller's request cannot be understood: `path` says where, `problem` what is wrong.

    `status` is for an HTTP client, `reason` a fine word for logs and clients.
    """

    def __init__(
        self, path: str, problem: str, *, status: int = 400, reason: str = "validation"
    ) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem
        self.status = status
        self.reason = reason


class UpstreamError(DragomanError):
    """Something went wrong upstream; `failure` is what is known, not yet judged."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message or failure.reason or failure.code or "upstream failure")
        self.failure = failure


class LLMServiceError(DragomanError):
    """A failure everybody understands in the same way.

    `str(error)` is written for the person who can act. `provider` and `model` are our own ids;
    `code` and `request_id` are the vendor's; `reason` is a fine word for logs and clients; `param`
    is the field of the request that is at fault; `retry_after` is in seconds; `headers` is what the
    vendor said beside its answer and a client may hear.
    """

    def __init__(  # noqa: PLR0913 - each is a fact of its own, and all but two are by name
        self,
        category: Category,
        message: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        code: str | None = None,
        reason: str | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        actor: Actor = Actor.PROVIDER,
        status: int | None = None,
        param: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.category = category
        self.message = message
        self.provider = provider
        self.model = model
        self.code = code
        self.reason = reason or str(category)
        self.request_id = request_id
        self.retryable = retryable
        self.retry_after = retry_after
        self.actor = actor
        self.status = status
        self.param = param
        self.headers = headers


class LLMAuthenticationError(LLMServiceError):
    """The provider refused our key, or what it is used for."""


class LLMRateLimitError(LLMServiceError):
    """The provider wants us to wait, or to pay."""


class LLMOverloadedError(LLMServiceError):
    """The provider has more to do than it can."""


class LLMTimeoutError(LLMServiceError):
    """The provider did not answer in time."""


class LLMConnectionError(LLMServiceError):
    """The provider was not reached, or the line broke."""


class LLMBadRequestError(LLMServiceError):
    """The provider will not do what was asked."""


class LLMBadResponseError(LLMServiceError):
    """The provider answered something that cannot be used."""


class LLMCancelledError(LLMServiceError):
    """The caller went away."""


class LLMInternalError(LLMServiceError):
    """The fault is ours."""


ERROR_CLASSES: Final[dict[Category, type[LLMServiceError]]] = {
    Category.AUTHENTICATION: LLMAuthenticationError,
    Category.PERMISSION: LLMAuthenticationError,
    Category.QUOTA_EXHAUSTED: LLMRateLimitError,
    Category.RATE_LIMIT: LLMRateLimitError,
    Category.OVERLOADED: LLMOverloadedError,
    Category.TIMEOUT: LLMTimeoutError,
    Category.CONNECTION: LLMConnectionError,
    Category.STREAM_INTERRUPTED: LLMConnectionError,
    Category.INVALID_REQUEST: LLMBadRequestError,
    Category.CONTEXT_TOO_LONG: LLMBadRequestError,
    Category.CONTENT_FILTERED: LLMBadRequestError,
    Category.MODEL_NOT_FOUND: LLMBadRequestError,
    Category.UNSUPPORTED: LLMBadRequestError,
    Category.BAD_RESPONSE: LLMBadResponseError,
    Category.CANCELLED: LLMCancelledError,
    Category.INTERNAL: LLMInternalError,
}
