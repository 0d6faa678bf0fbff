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
from typing import ClassVar, Final
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import httptools
import structlog
from msgspec import Struct
from uvicorn import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from dragoman.api import refusal as refusals
from dragoman.api.errors import Scope, new_request_id
from dragoman.api.exchange import Exchange
from dragoman.api.head import fault_of
from dragoman.api.headers import KEY, RawHeaders, Told, by_name
from dragoman.api.polite import PoliteTransport
from dragoman.api.refusal import Refusal, Refused
from dragoman.api.security import SECURITY_HEADERS
from dragoman.outbox import Outbox

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


# Members of an enumeration are slow to reach, and these are asked for with every request.
_BETWEEN, _HEAD, _BODY = _Phase


class EdgeProtocol(asyncio.Protocol):
    """One connection. Give the class to `uvicorn.Config(http=…)`; subclass it for other `limits`.

    Of the server it relies on `loaded_app` of its `Config`, on its `ServerState`, and that it asks
    each of the `connections` there for its `shutdown`.
    """

    limits: ClassVar[EdgeLimits] = EdgeLimits()
    transport: PoliteTransport
    client: tuple[str, int] | None

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self._app = config.loaded_app
        self._app_state = app_state
        self._server = server_state
        self._connections: set[object] = server_state.connections  # type: ignore[assignment]  # it declares its own protocols alone
        self.loop = _loop or asyncio.get_running_loop()
        self.written = self.loop.create_future()
        self.written.set_result(None)
        self._parser = self._new_parser()
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._phase = _BETWEEN
        # Bytes since the last that were content: a head, chunk sizes and extensions, a trailer.
        self._framing = 0
        self._content = 0
        # Whose body is coming, and whose answers are to be given: all but the first only wait.
        self._coming: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        self._refused = False
        self._watch: _Phase | None = None
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    # The connection.

    def connection_made(  # type: ignore[override]  # asyncio declares any transport; this one is read and written
        self, transport: asyncio.Transport
    ) -> None:
        """Take a connection, if there is room for it."""
        self.transport = PoliteTransport(
            transport,
            _outbox_of(self._server, self.loop),
            unheard=self._is_unheard,
            linger=self.limits.linger_time,
            stall=self.limits.stall_time,
        )
        self._connections.add(self)
        self.client = get_remote_addr(transport)
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "server": get_local_addr(transport),
            "client": self.client,
            "scheme": "https" if is_ssl(transport) else "http",
            "root_path": "",
        }
        self._set(_HEAD, self.limits.head_time)
        crowd = self._crowd()
        if crowd is not None:
            self._refuse(crowd)

    def eof_received(self) -> None:
        """Send what was said already to a client that sends no more: the transport closes now."""
        self.transport.flush()

    def connection_lost(self, _: Exception | None) -> None:
        """Take note that the client is gone."""
        self._connections.discard(self)
        self._stop_clock()
        self.transport.lost()
        # It holds us as we hold it.
        self._parser = httptools.HttpRequestParser(object())
        for exchange in self._waiting:
            exchange.leave()
        self._waiting.clear()
        self._coming = None

    def pause_writing(self) -> None:
        """Take note that the client is slow to take what is written."""
        self.transport.pause_writing()

    def resume_writing(self) -> None:
        """Take note that the client has caught up."""
        self.transport.resume_writing()

    def shutdown(self) -> None:
        """End the connection as soon as nobody waits for an answer on it."""
        if self._waiting:
            self._waiting[-1].keep_alive = False
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Read on, never further at once than a head may be long."""
        begin = 0
        while begin < len(data) and not self.transport.ending:
            piece = data[begin : begin + self.limits.head - self._framing]
            begin += self._feed(piece)
        if not self.transport.ending:
            self._look()

    def _feed(self, piece: bytes) -> int:
        """Let the parser read a piece; give how much of it was read."""
        self._framing += len(piece)
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            head = self._head_without_offer()
            self._parser = self._new_parser()
            self._feed(head)
            read: int = upgrade.args[0]
            return read
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause.refusal if isinstance(cause, Refused) else refusals.MALFORMED)
        if self._framing >= self.limits.head:
            in_body = self._phase is _BODY
            self._refuse(refusals.BAD_TRAILER if in_body else refusals.HEAD_TOO_LARGE)
        return len(piece)

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # Of requests that came at once, the first may say that it is the last.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _head_without_offer(self) -> bytes:
        """Write a head anew without the other protocol that it offers.

        A server may decline by going on in this one (RFC 9110, section 7.8). The parser would leave
        the body to the other, and take it for a request of its own when it is told to go on.
        """
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        kept = [b"%b: %b\r\n" % header for header in self._headers if header[0] != b"upgrade"]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self._url, version, b"".join(kept))

    def _crowd(self) -> Refusal | None:
        count = len(self._connections)
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
            for connection in self._connections
        )

    # The parser's callbacks.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._phase = _HEAD
        self._url = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """Take more of the address that is asked for."""
        self._url += url
        if len(self._url) > self.limits.url:
            raise Refused(refusals.URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or one of a trailer."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Hand the request on, if there is only one way to read it."""
        headers, limits = self._headers, self.limits
        if len(headers) > limits.headers:
            raise Refused(refusals.TOO_MANY_HEADERS)
        method, version = self._parser.get_method(), self._parser.get_http_version()
        told = by_name(headers)
        if b"upgrade" in told and self._parser.should_upgrade():
            return  # it is read again
        fault = fault_of(method, self._url, version, told)
        if fault is not None:
            raise Refused(fault)
        if len(self._waiting) > limits.pipeline:
            raise Refused(refusals.TOO_MANY_REQUESTS)
        exchange = Exchange(
            self._scope_of(method, version, told),
            self,
            keep_alive=version != "1.0" and self._parser.should_keep_alive(),
            expects=b"expect" in told and told[b"expect"].lower() == b"100-continue",
        )
        self._headers = []  # a trailer is to be no header: it would speak up when all is decided
        self._phase = _BODY
        self._framing = self._content = 0
        self._watch = None
        self._coming = exchange
        self._waiting.append(exchange)
        if len(self._waiting) == 1:
            self._start(exchange)
        elif len(self._waiting) > limits.pipeline // 2:
            self.transport.pause_reading()  # only whoever is read from can be seen to leave

    def _scope_of(self, method: bytes, version: str, told: Told) -> Scope:
        """Give what ASGI tells an application of the request whose head has come."""
        url = httptools.parse_url(self._url)
        path = url.path
        if path is None:
            raise Refused(refusals.MALFORMED)
        text = path.decode("ascii")
        return {
            **self._scope,
            "http_version": version,
            "method": method.decode("ascii"),
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": url.query or b"",
            "headers": self._headers,
            KEY: told,
            "state": self._app_state.copy(),
        }

    def _start(self, exchange: Exchange) -> None:
        task = self.loop.create_task(exchange.run(self._app))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def on_body(self, body: bytes) -> None:
        """Take more of the body."""
        self._framing = 0
        self._content += len(body)
        if self._coming is not None:
            self._coming.take(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._phase = _BETWEEN
        self._framing = 0
        if self._coming is not None:
            self._coming.end()
            self._coming = None

    # The answers.

    @property
    def default_headers(self) -> RawHeaders:
        """What every answer says first."""
        return self._server.default_headers

    def go_on(self) -> None:
        """Go on with the next request, unless the client is still busy with the last."""
        self._waiting.popleft()
        self._server.total_requests += 1
        if self.transport.ending:
            return
        if self.transport.is_paused:
            self.transport.resume_reading()
        if self._waiting:
            self._start(self._waiting[0])
        elif self._phase is _BODY:
            self.transport.close()
        elif self._phase is _BETWEEN and not self._framing:
            self._set(_BETWEEN, self.limits.idle_time)

    @property
    def _may_speak(self) -> bool:
        """Whether an answer of ours would stand where the client expects one."""
        match len(self._waiting):
            case 0:
                return True
            case 1:
                return not self._waiting[0].begun
            case _:
                return False

    def _is_unheard(self) -> bool:
        """Tell whether the client may be sending without having heard our answer."""
        return self._phase is _BODY or (self._refused and not self._waiting)

    def _refuse(self, refusal: Refusal) -> None:
        if self.transport.ending:
            return
        self._refused = True
        self._stop_clock()
        request_id = new_request_id()
        client = None if self.client is None else self.client[0]
        _log.info(
            "refused",
            request_id=request_id,
            status=refusal.status,
            reason=refusal.reason,
            client=client,
        )
        if not self._may_speak or len(self._connections) > 2 * self.limits.connections:
            self.transport.abort()
            return
        headers = (*self.default_headers, *SECURITY_HEADERS)
        self.transport.write(refusals.answer(refusal, request_id=request_id, headers=headers))
        self.transport.close()

    # The deadlines. There is one timer, which is wound again when it rings too early: deadlines are
    # set and lifted for every request, and hardly ever come.

    def _look(self) -> None:
        """Set the deadline that fits, if it is not set already."""
        if self._phase is _BETWEEN and not self._framing:
            self._watch = None
        elif self._phase is not _BODY:
            self._watch_over(_HEAD, self.limits.head_time)
        else:
            self._watch_over(_BODY, self.limits.body_time)

    def _watch_over(self, watch: _Phase, seconds: float) -> None:
        if watch is not self._watch:
            self._set(watch, seconds)

    def _set(self, watch: _Phase, seconds: float) -> None:
        self._content = 0
        self._watch = watch
        self._due = self.loop.time() + seconds
        if self._timer is None or self._rings_at > self._due:
            self._wind(seconds)

    def _wind(self, seconds: float) -> None:
        self._stop_clock()
        self._rings_at = self._due
        self._timer = self.loop.call_later(seconds, self._ring)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._watch is None or self.transport.ending:
            return
        early = self._due - self.loop.time()
        if early > 0:
            self._wind(early)
        else:
            self._strike(self._watch)

    def _strike(self, watch: _Phase) -> None:
        in_body = watch is _BODY
        seconds = self.limits.body_time if in_body else self.limits.head_time
        if self.transport.is_paused or (self._waiting and self._waiting[0] is not self._coming):
            self._set(watch, seconds)  # it is not the client who keeps us waiting
        elif in_body and self._content >= seconds * self.limits.body_rate:
            self._set(watch, seconds)
        elif in_body:
            self._refuse(refusals.BODY_TIMEOUT)
        elif self._phase is _BETWEEN and not self._framing:
            self.transport.close()  # nothing came, so there is nothing to answer
        else:
            self._refuse(refusals.HEADER_TIMEOUT)


_outboxes: Final = WeakKeyDictionary[ServerState, Outbox]()


def _outbox_of(server: ServerState, loop: asyncio.AbstractEventLoop) -> Outbox:
    """Give what all connections of a server write by."""
    outbox = _outboxes.get(server)
    if outbox is None:
        outbox = _outboxes[server] = Outbox(loop, server.connections)
    return outbox


def edge_protocol(chosen: EdgeLimits) -> type[EdgeProtocol]:
    """Make the protocol with other limits."""

    class LimitedProtocol(EdgeProtocol):
        limits = chosen

    return LimitedProtocol
