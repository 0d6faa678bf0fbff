"""One connection to a provider: a request goes out, and one answer comes in, whole or broken."""

import asyncio
from typing import TYPE_CHECKING, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from dragoman.outbox import Outbox
from dragoman.services.providers.breakages import broken, reason_of
from dragoman.services.providers.transport import MAX_CHUNK, MAX_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.chat import UpstreamError

MAX_FIELDS: Final = 1000
"""How many headers an answer may have."""

_BEHIND: Final = MAX_CHUNK
"""How many bytes may wait for their reader, before no more are taken from the line: whoever is not
behind can take all at once."""
_JOINED: Final = 64 << 10
"""Up to this length a body is copied behind its head, so that both are sent in one go."""
_SWITCHED: Final = 101


class SurplusError(Exception):
    """Something came that was not asked for."""


class Connection(asyncio.Protocol):
    """A connection, asked one thing after the other.

    Its answer to the request under way: `status` is 0 until its head is there; `pieces` is what has
    come of the body, and `take` takes it. It `listens` until the answer is over: then `ended` or
    `failure` say how. `heard` tells whether any byte of it came. Whoever finds nothing awaits
    `news`, alone.
    """

    # Lists and dicts have their own methods for what the parser tells most often: no call of ours
    # is made for a header or a piece of a body.
    __slots__ = (
        "_bare",
        "_behind",
        "_fields",
        "_is_interim",
        "_is_paused",
        "_loop",
        "_lost",
        "_outbox",
        "_parser",
        "_stays",
        "_transport",
        "_until_close",
        "_waiter",
        "ended",
        "failure",
        "headers",
        "heard",
        "host",
        "listens",
        "on_body",
        "on_header",
        "pieces",
        "status",
    )

    _transport: asyncio.Transport
    _parser: HttpResponseParser

    def __init__(
        self,
        host: str,
        loop: asyncio.AbstractEventLoop,
        outbox: Outbox,
        lost: "Callable[[Connection], None]",
    ) -> None:
        self.host = host
        self._loop = loop
        self._outbox = outbox
        self._lost = lost
        self._waiter: asyncio.Future[None] | None = None
        self._fields: dict[bytes, bytes] = {}
        self.pieces: list[bytes] = []
        self.on_body = self.pieces.append
        self.on_header = self._fields.__setitem__
        self.headers: dict[str, str] = {}
        self.failure: UpstreamError | None = None
        self.listens = False
        self._is_interim = self._is_paused = self._until_close = False
        self._stays = True
        self._begin()

    def _begin(self) -> None:
        """Forget the answer before, which was read to its end: nothing else is followed by one."""
        self.pieces.clear()
        self._fields.clear()
        self.status = 0
        self.heard = self.ended = False
        self._bare = self._behind = 0

    # What whoever asks does.

    async def ask(self, head: bytes, body: bytes) -> None:
        """Send a request and wait for the head of its answer.

        Raises `UpstreamError`; then, and when it is cancelled, the connection is closed.
        """
        if self._transport.is_closing():
            raise broken(self.host, "premature_close")
        self._begin()
        self.listens = True
        if len(body) <= _JOINED:
            self._outbox.put(self._transport, head + body)
        else:
            self._transport.writelines((head, body))
        try:
            while self.listens and not self.status:
                await self.news()
        except BaseException:
            self.close()
            raise
        if not self.status and self.failure is not None:
            try:
                raise self.failure
            finally:
                self.failure = None  # the two would hold each other, and the question

    def news(self) -> asyncio.Future[None]:
        """Give what is done when something has come."""
        self._waiter = waiter = self._loop.create_future()
        return waiter

    def take(self) -> bytes:
        """Give what has come of the body, `MAX_CHUNK` bytes at most; nothing if nothing has."""
        pieces = self.pieces
        if len(pieces) == 1:
            chunk = pieces.pop()
        else:
            chunk = b"".join(pieces)
            pieces.clear()
        if self._behind > _BEHIND:
            return self._caught_up(chunk)
        self._behind = 0
        return chunk

    def finish(self) -> bool:
        """Be done with the answer; tells whether another request may follow."""
        self.listens = False
        self.failure = None  # it was raised, and holds those who read
        return (
            self.ended
            and self._stays
            and not self._is_paused
            and not self._transport.is_closing()
            and not self._transport.get_write_buffer_size()
        )

    @property
    def is_open(self) -> bool:
        """Whether there is somebody at the other end, for all that is known."""
        return not self._transport.is_closing()

    def close(self) -> None:
        """Close at once, and send nothing that waits to be sent."""
        self._transport.abort()

    # What the event loop calls.

    def connection_made(  # type: ignore[override]  # it is made for streams alone
        self, transport: asyncio.Transport
    ) -> None:
        """Begin."""
        self._transport = transport
        self._parser = HttpResponseParser(self)
        # As browsers and other clients read them: small servers are careless.
        self._parser.set_dangerous_leniencies(
            lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    def data_received(self, data: bytes) -> None:
        """Take what came in, all of it at once, and wake whoever waits for it."""
        if not self.listens:
            # It belongs to no request: nor may it be taken for the next one's answer.
            self._stays = False
            self.close()
            return
        try:
            if self.status:
                self._parser.feed_data(data)
            else:
                self._feed_head(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._stays = False
            if not self.ended:
                self._fail("bad_headers", str(error), error)
        if self.pieces:
            self._bare = 0
            self._behind += len(data)
            if self._behind > _BEHIND:
                self._is_paused = True
                self._transport.pause_reading()
        elif self.status:
            self._count_bare(len(data))
        self._wake()

    def eof_received(self) -> None:
        """Close, and send no more to who has said all; `connection_lost` says what that means."""
        self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """End the answer, if its end is the connection's, or say that it broke off."""
        self._lost(self)
        if self.listens:
            if error is None and self._until_close:
                self.ended = True
            else:
                reason = "premature_close" if error is None else reason_of(error)
                self._fail(reason or "connection_reset", "", error)
        self.listens = self._stays = False
        self._wake()
        # They hold each other, and need not wait for the garbage to be collected.
        del self._parser

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Refuse a second answer."""
        if self.ended:
            raise SurplusError

    def on_headers_complete(self) -> None:
        """Tell the head, unless another one follows it."""
        status = self._parser.get_status_code()
        if status < 200 and status != _SWITCHED:
            self._is_interim = True
            self._fields.clear()
            return
        if len(self._fields) > MAX_FIELDS:
            self._fail("bad_headers", f"more than {MAX_FIELDS}")
            return
        self.headers = headers = _in_words(self._fields)
        coding = headers.get("transfer-encoding")
        if coding is None:
            self._until_close = "content-length" not in headers
        elif coding.strip().lower() != "chunked":
            self._fail("bad_headers", "a transfer encoding that was not asked for")
            return
        self._bare = 0
        self.status = status

    def on_message_complete(self) -> None:
        """Note the end, and whether the connection stays."""
        if self._is_interim:
            self._is_interim = False
            return
        self.ended = True
        self.listens = False
        self._stays = self._parser.should_keep_alive() and self.status != _SWITCHED

    # How it is done.

    def _feed_head(self, data: bytes) -> None:
        self.heard = True
        room = MAX_HEADER - self._bare
        if len(data) > room:
            self._parser.feed_data(data[:room])
            if not self.status:
                self._fail("bad_headers", f"longer than {MAX_HEADER >> 10} KiB")
                return
            data = data[room:]
        self._parser.feed_data(data)
        if not self.status:
            self._bare += len(data)

    def _count_bare(self, length: int) -> None:
        """Count what brings no body: no line with a length is so long, nor what ends it all."""
        self._bare += length
        if self._bare > MAX_HEADER:
            self._fail("bad_headers", "framing without end")

    def _caught_up(self, chunk: bytes) -> bytes:
        """Give what may be given at once of `chunk`, and read on once all of it was given."""
        if len(chunk) > MAX_CHUNK:
            self.pieces.append(chunk[MAX_CHUNK:])
            return chunk[:MAX_CHUNK]
        self._behind = 0
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        return chunk

    def _fail(self, reason: str, detail: str, cause: Exception | None = None) -> None:
        self.listens = False
        if self.failure is None:
            self.failure = broken(self.host, reason, detail)
            self.failure.__cause__ = cause
        self.close()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _in_words(fields: "Mapping[bytes, bytes]") -> dict[str, str]:
    """Give headers as text, by lower-case name: all at once, as none of them holds a line break."""
    if not fields:
        return {}
    names = b"\n".join(fields).decode("latin-1").lower()
    values = b"\n".join(fields.values()).decode("utf-8", "replace")
    return dict(zip(names.split("\n"), values.split("\n"), strict=True))
