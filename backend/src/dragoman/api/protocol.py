"""The edge: HTTP/1.1 as it is let in, with an end to everything that a client could make long.

    between ─▶ head ─▶ body ─▶ between
      │          │       └ 408 if too little of it comes
      │          └ 408 if it does not end, 414 and 431 if it grows, 400 if it could be read twice
      └ closed if nothing comes

The parser is llhttp, strict as it is built: it refuses a bare CR or LF, folded headers, a length
that is none, is given twice or stands beside a transfer coding, and chunks of no clear size. The
rest is here. Nothing is kept of a request that is refused, and the answer says why.
"""

import asyncio
from collections import deque
from enum import Enum, auto
from ipaddress import ip_address
from typing import ClassVar, Final, TypeAlias

import httptools
import structlog
from msgspec import Struct
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from dragoman.api import refusal as refusals
from dragoman.api.errors import new_request_id
from dragoman.api.head import fault_of
from dragoman.api.polite import PoliteTransport
from dragoman.api.refusal import Refusal, Refused
from dragoman.api.relay import Ear
from dragoman.api.security import SECURITY_HEADERS

_log: Final = structlog.get_logger("dragoman.edge")


class EdgeLimits(Struct, frozen=True, kw_only=True):
    """How much a client may send, and how long it may take: sizes in bytes, times in seconds.

    A head is the request line and the headers, and as much may stand beside a body in chunks. In
    every `body_time`, a body must bring `body_rate` bytes for each second or come to its end.
    Of connections, a client may have `connections_per_address`, this machine's own as many as
    there are; when the server has twice `connections`, it hangs up without a word.
    """

    head: int = 16 << 10
    headers: int = 100
    url: int = 8 << 10
    pipeline: int = 16
    head_time: float = 10.0
    body_time: float = 30.0
    body_rate: int = 1 << 10
    idle_time: float = 15.0
    linger_time: float = 2.0
    stall_time: float = 30.0
    connections: int = 4_000
    connections_per_address: int = 200


class _Phase(Enum):
    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()


_Watch: TypeAlias = tuple[_Phase, int]
"""What a deadline is set on: the head or the body of the request of this number."""


class EdgeProtocol(HttpToolsProtocol):
    """One connection. Give the class to `uvicorn.Config(http=…)`; subclass it for other `limits`.

    Of uvicorn it relies on the callbacks of its parser and its cycle, and on `parser`, `transport`,
    `flow.read_paused`, `loop`, `url`, `headers`, `client`, `connections`, `pipeline`,
    `server_state.default_headers`, `timeout_keep_alive`, and the `response_started`, `disconnected`
    and `message_event` of a `cycle`.
    """

    limits: ClassVar[EdgeLimits] = EdgeLimits()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # uvicorn declares whole seconds, and hands them to a clock that takes any.
        self.timeout_keep_alive = self.limits.idle_time  # type: ignore[assignment]
        self._phase = _Phase.BETWEEN
        # Bytes since the last that were content: a head, chunk sizes and extensions, a trailer.
        self._framing = 0
        self._content = 0
        self._asked = 0
        self._waiting: deque[RequestResponseCycle] = deque()
        self._refused = False
        self._watch: _Watch | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._polite: PoliteTransport | None = None

    # The connection.

    def connection_made(  # type: ignore[override]  # asyncio.Protocol takes any transport, as uvicorn
        self, transport: asyncio.Transport
    ) -> None:
        """Take a connection, if there is room for it."""
        self._polite = PoliteTransport(
            transport,
            unheard=self._is_unheard,
            linger=self.limits.linger_time,
            stall=self.limits.stall_time,
        )
        super().connection_made(self._polite)
        self._set((_Phase.HEAD, 0), self.limits.head_time)
        crowd = self._crowd()
        if crowd is not None:
            self._refuse(crowd)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the client is gone."""
        self._rest()
        if self._polite is not None:
            self._polite.lost()
        super().connection_lost(exc)
        # Of requests that were sent at once, uvicorn tells only the last that nobody is there.
        for cycle in self._waiting:
            cycle.disconnected = True
            cycle.message_event.set()
            ear = _taken_off(cycle)
            if ear is not None:
                ear.departure.tell()

    def data_received(self, data: bytes) -> None:
        """Read on, never further at once than a head may be long."""
        begin = 0
        while begin < len(data) and not self.transport.is_closing():
            piece = data[begin : begin + self.limits.head - self._framing]
            begin += self._feed(piece)
        if not self.transport.is_closing():
            self._look()

    def _feed(self, piece: bytes) -> int:
        """Let the parser read a piece; give how much of it was read."""
        self._framing += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            # Another protocol was offered, which a server may decline by going on in this one.
            read: int = upgrade.args[0]
            return read
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause.refusal if isinstance(cause, Refused) else refusals.MALFORMED)
        if self._framing >= self.limits.head:
            in_body = self._phase is _Phase.BODY
            self._refuse(refusals.BAD_TRAILER if in_body else refusals.HEAD_TOO_LARGE)
        return len(piece)

    def _crowd(self) -> Refusal | None:
        count = len(self.connections)
        if count > self.limits.connections:
            return refusals.TOO_MANY_CONNECTIONS
        # Whoever connects from this machine may stand for many, as a proxy does.
        if (
            count > self.limits.connections_per_address
            and self.client is not None
            and not ip_address(self.client[0]).is_loopback
            and self._neighbours(self.client[0]) > self.limits.connections_per_address
        ):
            return refusals.TOO_MANY_OF_ONE
        return None

    def _neighbours(self, address: str) -> int:
        return sum(
            isinstance(connection, EdgeProtocol)
            and connection.client is not None
            and connection.client[0] == address
            for connection in self.connections
        )

    # The parser's callbacks.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._phase = _Phase.HEAD
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take more of the address that is asked for."""
        if len(self.url) + len(url) > self.limits.url:
            raise Refused(refusals.URL_TOO_LONG)
        super().on_url(url)

    def on_headers_complete(self) -> None:
        """Hand the request on, if there is only one way to read it."""
        if len(self.headers) > self.limits.headers:
            raise Refused(refusals.TOO_MANY_HEADERS)
        version = self.parser.get_http_version()
        fault = fault_of(self.parser.get_method(), self.url, version, self.headers)
        if fault is not None:
            raise Refused(fault)
        if len(self.pipeline) >= self.limits.pipeline:
            raise Refused(refusals.TOO_MANY_REQUESTS)
        super().on_headers_complete()
        self.headers = []  # a trailer is to be no header: it would speak up when all is decided
        self._phase = _Phase.BODY
        self._framing = self._content = 0
        self._asked += 1
        self._waiting.append(self.cycle)
        # uvicorn looks it up when the request's task begins, which is later.
        self.cycle.receive = Ear(self.cycle.receive, self.loop)  # type: ignore[assignment,arg-type,method-assign]  # its messages have closer types

    def on_body(self, body: bytes) -> None:
        """Take more of the body."""
        self._framing = 0
        self._content += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._phase = _Phase.BETWEEN
        self._framing = 0
        super().on_message_complete()

    # The answers.

    def on_response_complete(self) -> None:
        """Go on with the next request, unless the client is still busy with the last."""
        _taken_off(self._waiting.popleft())
        super().on_response_complete()
        if self._phase is _Phase.BODY and not self._waiting:
            self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing happens between two requests."""
        if self._phase is _Phase.BETWEEN and not self._framing and not self._waiting:
            super().timeout_keep_alive_handler()

    @property
    def _may_speak(self) -> bool:
        """Whether an answer of ours would stand where the client expects one."""
        match len(self._waiting):
            case 0:
                return True
            case 1:
                return not self._waiting[0].response_started
            case _:
                return False

    def _is_unheard(self) -> bool:
        """Tell whether the client may be sending without having heard our answer."""
        return self._phase is _Phase.BODY or (self._refused and not self._waiting)

    def _refuse(self, refusal: Refusal) -> None:
        if self.transport.is_closing():
            return
        self._refused = True
        self._rest()
        request_id = new_request_id()
        client = None if self.client is None else self.client[0]
        _log.info(
            "refused",
            request_id=request_id,
            status=refusal.status,
            reason=refusal.reason,
            client=client,
        )
        if not self._may_speak or len(self.connections) > 2 * self.limits.connections:
            self.transport.abort()
            return
        headers = (*self.server_state.default_headers, *SECURITY_HEADERS)
        self.transport.write(refusals.answer(refusal, request_id=request_id, headers=headers))
        self.transport.close()

    # The deadlines.

    def _look(self) -> None:
        """Set the deadline that fits, if it is not set already."""
        match self._phase:
            case _Phase.BODY:
                watch, seconds = (_Phase.BODY, self._asked), self.limits.body_time
            case _Phase.BETWEEN if not self._framing:
                self._rest()
                return
            case _:
                watch, seconds = (_Phase.HEAD, self._asked), self.limits.head_time
        if watch != self._watch:
            self._set(watch, seconds)

    def _set(self, watch: _Watch, seconds: float) -> None:
        self._rest()
        self._content = 0
        self._watch = watch
        self._deadline = self.loop.call_later(seconds, self._strike, watch, seconds)

    def _rest(self) -> None:
        self._watch = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _strike(self, watch: _Watch, seconds: float) -> None:
        in_body = watch[0] is _Phase.BODY
        if self.transport.is_closing():
            return
        if self.flow.read_paused or (self._waiting and not in_body):
            self._set(watch, seconds)  # it is not the client who keeps us waiting
        elif in_body and self._content >= seconds * self.limits.body_rate:
            self._set(watch, seconds)
        elif in_body:
            self._refuse(refusals.BODY_TIMEOUT)
        elif self._phase is _Phase.BETWEEN and not self._framing:
            self.transport.close()  # nothing came, so there is nothing to answer
        else:
            self._refuse(refusals.HEADER_TIMEOUT)


def _taken_off(cycle: RequestResponseCycle) -> Ear | None:
    """Give the ear of a request that is over; they need no longer hold each other."""
    ear = vars(cycle).pop("receive", None)
    return ear if isinstance(ear, Ear) else None


def edge_protocol(chosen: EdgeLimits) -> type[EdgeProtocol]:
    """Make the protocol with other limits."""

    class LimitedProtocol(EdgeProtocol):
        limits = chosen

    return LimitedProtocol
