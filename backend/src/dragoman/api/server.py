"""The outermost layer: every request gets an id, one line in the log, and an answer."""

from collections.abc import Awaitable, Callable, Mapping
from logging import INFO
from types import MappingProxyType
from typing import Final, TypeAlias

import structlog

from dragoman.api.doors.dialects import dialect_of
from dragoman.api.errors import (
    Message,
    Problem,
    Receive,
    Scope,
    Send,
    Tongue,
    new_request_id,
    send_problem,
)
from dragoman.api.record import Record
from dragoman.api.relay import ClientGone, Meter
from dragoman.api.security import SECURITY_HEADERS

App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_log: Final = structlog.get_logger("dragoman.request")
# Polled by machines every few seconds: a line each would drown the others.
_QUIET: Final = frozenset({"/health"})


class Boundary:
    """Gives every request an id and a line in the log, and turns exceptions into answers.

    `explain` says what a client is told; an error after the answer has begun only ends in the log.
    """

    def __init__(self, app: App, *, explain: Callable[[Exception], Problem], meter: Meter) -> None:
        self._app = app
        self._explain = explain
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's own start and end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, request_id, tongue = scope["path"], new_request_id(), dialect_of(scope)
        record = Record(request_id, f"{scope['method']} {path}")
        scope.setdefault("state", {}).update(record=record, request_id=request_id, tongue=tongue)
        answer = _Answer(send, record, tongue)
        quiet = path in _QUIET
        # Whoever asks how much is under way does not mean the question itself.
        self._meter.running += not quiet
        try:
            await self._app(scope, receive, answer)
        except ClientGone as gone:
            record.fail(str(gone))
        except Exception as error:  # noqa: BLE001 - the last resort: a request never ends the server
            await self._fail(error, answer)
        finally:
            self._meter.running -= not quiet
        if record.fault is not None:
            _log.error("unhandled", request_id=request_id, exc_info=record.fault)
        if not quiet or record.reason is not None:
            _tell(record)

    async def _fail(self, error: Exception, answer: "_Answer") -> None:
        problem = self._explain(error)
        answer.record.fail(problem.reason, fault=error if problem.status == 500 else None)
        if not answer.begun:
            await send_problem(
                answer, problem, request_id=answer.record.request_id, tongue=answer.tongue
            )


def _tell(record: Record) -> None:
    log = _log.bind()  # The lazy one is slow to ask.
    if log.is_enabled_for(INFO):
        log.info("request", **record.fields())


class Dispatch:
    """Reaches the hot routes, by path and method, in one look-up; `rest` has all the others.

    `below` are routes whose paths go on after their prefix, tried where nothing else is asked for
    in that method. It is no coroutine: that would be woken with every piece of a stream.
    """

    def __init__(
        self,
        hot: Mapping[str, Mapping[str, App]],
        rest: App,
        *,
        below: Mapping[tuple[str, str], App] = MappingProxyType({}),
    ) -> None:
        self._hot = hot
        self._rest = rest
        self._below = below

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request to its route."""
        methods = self._hot.get(scope["path"]) if scope["type"] == "http" else None
        if methods is None:
            return self._route_below(scope)(scope, receive, send)
        app = methods.get(scope["method"])
        if app is None:
            return _refuse_method(scope, send, allowed=", ".join(methods))
        return app(scope, receive, send)

    def _route_below(self, scope: Scope) -> App:
        if scope["type"] == "http":
            for (method, prefix), app in self._below.items():
                if scope["method"] == method and scope["path"].startswith(prefix):
                    return app
        return self._rest


class _Answer:
    """`send`, with an eye on what goes out."""

    def __init__(self, send: Send, record: Record, tongue: Tongue | None) -> None:
        self._send = send
        self.record = record
        self.tongue = tongue
        self.begun = False

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.begun = True
            self.record.status = message["status"]
            request_id = self.record.request_id.encode()
            headers = [
                *message.get("headers", ()),
                *SECURITY_HEADERS,
                (b"x-request-id", request_id),
            ]
            if self.tongue is not None and self.tongue.id_header is not None:
                headers.append((self.tongue.id_header, request_id))
            message["headers"] = headers
        return self._send(message)


async def _refuse_method(scope: Scope, send: Send, *, allowed: str) -> None:
    message = f"{scope['method']} is not possible here; use {allowed}"
    problem = Problem(405, "INVALID_REQUEST", "method_not_allowed", message)
    await send_problem(
        send,
        problem,
        request_id=scope["state"]["request_id"],
        headers=[(b"allow", allowed.encode())],
        tongue=scope["state"]["tongue"],
    )
