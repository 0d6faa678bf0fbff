"""What the edge refuses before there is a request to speak of, and the words it does it in."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from msgspec import Struct

from dragoman.api.errors import Headers, Problem, problem_body


class Refusal(Struct, frozen=True):
    """Why a connection is not served: `reason` is the fine word for logs and clients."""

    status: int
    reason: str
    message: str
    code: str = "INVALID_REQUEST"
    headers: Headers = ()


class Refused(Exception):  # noqa: N818 - it is the client that is in error
    """Stops the parser in the middle of a request."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


MALFORMED: Final = Refusal(400, "bad_request", "this is not a well-formed HTTP/1.1 request")
BAD_VERSION: Final = Refusal(400, "bad_request", "only HTTP/1.1 and HTTP/1.0 are spoken here")
BAD_HOST: Final = Refusal(
    400, "bad_request", "there must be one Host header, and it must name a host"
)
BAD_FRAMING: Final = Refusal(
    400, "bad_request", "the only transfer coding is chunked, and HTTP/1.0 has none"
)
BAD_TARGET: Final = Refusal(400, "bad_request", "the address asked for is not that of the Host")
BAD_TRAILER: Final = Refusal(
    400, "bad_request", "there is too much beside the body: chunk extensions, or a trailer"
)
BAD_METHOD: Final = Refusal(
    405,
    "method_not_allowed",
    "this server is no proxy",
    headers=((b"allow", b"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),),
)
HEADER_TIMEOUT: Final = Refusal(408, "header_timeout", "the request did not come in time")
BODY_TIMEOUT: Final = Refusal(408, "body_timeout", "the request's body did not come in time")
URL_TOO_LONG: Final = Refusal(414, "url_too_long", "the address asked for is too long")
HEAD_TOO_LARGE: Final = Refusal(431, "headers_too_large", "the headers are too long in all")
TOO_MANY_HEADERS: Final = Refusal(431, "headers_too_large", "there are too many headers")
TOO_MANY_REQUESTS: Final = Refusal(
    429, "pipeline_too_long", "too many requests were sent without waiting for an answer"
)
TOO_MANY_CONNECTIONS: Final = Refusal(
    503,
    "too_many_connections",
    "the server has all the connections it can serve",
    "RATE_LIMIT",
    ((b"retry-after", b"1"),),
)
TOO_MANY_OF_ONE: Final = Refusal(
    429,
    "too_many_connections",
    "too many connections come from this address",
    "RATE_LIMIT",
    ((b"retry-after", b"1"),),
)


def answer(refusal: Refusal, *, request_id: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write the whole answer, its `headers` beside those of every refusal."""
    problem = Problem(refusal.status, refusal.code, refusal.reason, refusal.message)
    body = problem_body(problem, request_id=request_id)
    lines = (
        *headers,
        *refusal.headers,
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
        (b"connection", b"close"),
    )
    status = HTTPStatus(refusal.status)
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (
        status,
        status.phrase.encode(),
        b"".join(b"%b: %b\r\n" % line for line in lines),
        body,
    )
