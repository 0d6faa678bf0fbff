"""What is known of a failure: the facts in an exception, whoever raised it, and no judgement.

Exceptions of vendors' SDKs are known by what they carry and what they are called; no SDK is ever
imported for it.
"""

import asyncio
import errno
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from dragoman.chat import Failure, InvalidInput, Json, JsonObject, LLMServiceError, UpstreamError
from dragoman.services.providers.retry_after import retry_after_of

REASONS_BY_CLASS: Final[dict[str, str]] = {
    # TLS: the line broke, or the other side is not who it should be.
    "SSLEOFError": "connection_reset",
    "SSLZeroReturnError": "connection_reset",
    "SSLError": "tls_error",
    "ClientSSLError": "tls_error",
    # Addresses.
    "gaierror": "dns_error",
    "ClientConnectorDNSError": "dns_error",
    "InvalidURL": "bad_address",
    "UnsupportedProtocol": "bad_address",
    # Time.
    "ConnectTimeout": "timeout_connect",
    "ConnectionTimeoutError": "timeout_connect",
    "TimeoutException": "timeout",
    "TimeoutError": "timeout",
    "APITimeoutError": "timeout",
    # The line.
    "ConnectionRefusedError": "connect_error",
    "ConnectError": "connect_error",
    "ClientConnectorError": "connect_error",
    "RemoteProtocolError": "premature_close",
    "IncompleteReadError": "premature_close",
    "ServerDisconnectedError": "premature_close",
    "ClientPayloadError": "premature_close",
    "ReadError": "connection_reset",
    "WriteError": "connection_reset",
    "ConnectionError": "connection_reset",
    "ClientConnectionError": "connection_reset",
    "TransportError": "connect_error",
    "APIConnectionError": "connect_error",
    # What came.
    "TooManyRedirects": "upstream_redirect",
    "JSONDecodeError": "bad_json",
    "APIResponseValidationError": "bad_json",
}
"""What an exception's class tells, without its package; the most telling first.

The names are those of Python itself, of aiohttp, of httpx, httpx2 and their httpcore, and of the
generated SDKs, which share theirs.
"""

_NETWORK: Final = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
    }
)
_CLIENTS: Final = frozenset({"httpcore", "httpcore2", "httpx", "httpx2"})
_DEEPEST: Final = 8
_TOO_COMMON: Final = (object, BaseException, Exception)


def failure_of(error: BaseException, *, now: Callable[[], float] = time.time) -> Failure:
    """Gather the facts of any exception; `now` gives the seconds since 1970. Never raises."""
    match error:
        case UpstreamError(failure=failure):
            return failure
        case LLMServiceError():
            return Failure(
                message=error.message,
                status=error.status,
                code=error.code,
                reason=error.reason,
                request_id=error.request_id,
                retry_after=error.retry_after,
            )
        case InvalidInput():
            return Failure(message=str(error), status=error.status, reason="invalid_input")
        case BaseExceptionGroup():
            return failure_of(leaf_of(error), now=now)
        case _:
            return _foreign(error, now)


def leaf_of(error: BaseException) -> BaseException:
    """Give the exception that a group is about: the first that is no mere cancellation."""
    while isinstance(error, BaseExceptionGroup):
        told = (each for each in error.exceptions if not isinstance(each, asyncio.CancelledError))
        error = next(told, error.exceptions[0])
    return error


def _foreign(error: BaseException, now: Callable[[], float]) -> Failure:
    """Gather the facts of an exception that is not ours: what it carries, else what it is."""
    response = _attribute(error, "response")
    headers = _headers(_attribute(response, "headers") or _attribute(error, "headers"))
    told = _told(_attribute(error, "body"))
    status = _status(error, response, told)
    code, kind = _code(error, told), _type(error, told)
    silent = code is None and kind is None and (status is None or status < 300)
    return Failure(
        message=_message(error, told),
        status=status,
        code=code,
        type=kind,
        param=_text(_attribute(error, "param"), told.get("param")),
        exception=tuple(_names(error)),
        reason=_reason(error) if silent else None,
        request_id=_text(
            _attribute(error, "request_id"),
            headers.get("x-request-id"),
            headers.get("request-id"),
            told.get("request_id"),
        ),
        retry_after=retry_after_of(headers, _content(response), now=now(), status=status),
    )


def _attribute(carrier: object, name: str) -> Json:
    """Read an attribute of a stranger: its property may raise whatever it likes."""
    try:
        return getattr(carrier, name, None)
    except Exception:  # noqa: BLE001 - an SDK's own, such as ResponseNotRead
        return None


def _headers(carried: Json) -> dict[str, str]:
    if not isinstance(carried, Mapping):
        return {}
    return {str(name).lower(): str(value) for name, value in carried.items()}


def _content(response: Json) -> bytes:
    content = _attribute(response, "content")
    return content if isinstance(content, bytes) else b""


def _told(body: Json) -> JsonObject:
    """Give the error object of a decoded body, which may stand in a list or in `error`."""
    match body:
        case [dict() as first, *_]:
            return _told(first)
        case {"error": dict(error), **rest}:
            return {"request_id": rest.get("request_id"), **error}
        case {"error": str(message)} | {"detail": str(message)}:
            return {"message": message}
        case dict():
            return body
        case _:
            return {}


def _status(error: BaseException, response: Json, told: JsonObject) -> int | None:
    found = (
        *(_attribute(error, name) for name in ("status_code", "status", "code", "http_status")),
        *(_attribute(response, name) for name in ("status_code", "status")),
        told.get("status_code"),
    )
    return next((value for value in found if type(value) is int and 100 <= value < 600), None)


def _code(error: BaseException, told: JsonObject) -> str | None:
    details = told.get("details")
    return _text(
        _attribute(error, "error_code"),
        details.get("error_code") if isinstance(details, dict) else None,
        _attribute(error, "code"),
        told.get("code"),
    )


def _type(error: BaseException, told: JsonObject) -> str | None:
    return _text(
        _attribute(error, "type"),
        told.get("type"),
        *(word for word in (_attribute(error, "status"), told.get("status")) if type(word) is str),
    )


def _message(error: BaseException, told: JsonObject) -> str:
    message = _text(told.get("message"), _attribute(error, "message"))
    if message is not None:
        return message
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return ""


def _text(*found: Json) -> str | None:
    """Give the first that is a word, or a number that serves as one."""
    for value in found:
        if isinstance(value, str) and value:
            return value
        if type(value) is int:
            return str(value)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give the exception and its causes, as far down as an SDK builds on a client."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or (cause.__context__ if _is_of_a_client(cause) else None)


def _is_of_a_client(error: BaseException) -> bool:
    """Tell whether an HTTP client raised this; httpcore leaves its cause as the mere context."""
    return type(error).__module__.partition(".")[0] in _CLIENTS


def _names(error: BaseException) -> Iterator[str]:
    for cause in _chain(error):
        for kind in type(cause).__mro__:
            if kind not in _TOO_COMMON:
                yield f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def _reason(error: BaseException) -> str | None:
    # Only if that is all: a timeout is made of a cancellation, and is none.
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    classes = {name.rpartition(".")[2] for name in _names(error)}
    for name, reason in REASONS_BY_CLASS.items():
        if name in classes:
            return reason
    if any(isinstance(cause, OSError) and cause.errno in _NETWORK for cause in _chain(error)):
        return "connect_error"
    return None
