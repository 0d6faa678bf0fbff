"""A reply over HTTP: asked for when its first batch is wanted, then read as it comes."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import ResponseStart, UpstreamError, events_of
from dragoman.config.facts import ModelEntry
from dragoman.services.providers.answers import Account, comes_as_stream, fail, passed_on
from dragoman.services.providers.base import Batch, Outgoing
from dragoman.services.providers.headers import heard
from dragoman.services.providers.patience import Patience
from dragoman.services.providers.signing import Signer, vouched_for
from dragoman.services.providers.transport import (
    MAX_CHUNK,
    MAX_STREAM,
    Timeouts,
    Upstream,
    UpstreamResponse,
    read_body,
)
from dragoman.wire.base import ProviderSide, StreamReader

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

_CUT: Final = frozenset({"premature_close", "connection_reset"})


class Line(Struct, frozen=True, dict=True):
    """How a model is reached: where to, by whom, how long it may take, what its streams are."""

    model: ModelEntry
    upstream: Upstream
    timeouts: Timeouts
    signer: Signer | None
    stream_types: frozenset[str]

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that runs: an upstream belongs to one."""
        return asyncio.get_running_loop()


class HttpReply:
    """The batches of one reply, in the mode that it comes in, whichever was asked for (`streamed`).

    Nothing is sent before the first batch is wanted. From then on it has a connection, until it is
    read to its end, fails, or is closed.
    """

    _patience: Patience
    _response: UpstreamResponse
    _reader: StreamReader

    def __init__(
        self, line: Line, wire: ProviderSide, outgoing: Outgoing, *, streamed: bool
    ) -> None:
        self._line = line
        self._wire = wire
        self._outgoing: Outgoing | None = outgoing
        self._streamed = streamed
        self._receipts = outgoing.receipts
        self._account = Account(line.model, outgoing.secrets)
        self._exchange: AbstractAsyncContextManager[UpstreamResponse] | None = None
        self._taken = 0
        self._is_cut = self._is_closed = False

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[Batch]:
        if self._exchange is None:
            return self._first()
        # A client who took its time is no provider who stood still.
        self._patience.event_came()
        return self._more()

    async def aclose(self) -> None:
        """End the call, wherever it is."""
        exchange, self._exchange, self._outgoing = self._exchange, None, None
        if exchange is not None:
            self._patience.close()
            await exchange.__aexit__(None, None, None)

    def __del__(self) -> None:
        """Close what nobody closed, as is done with asynchronous generators."""
        if self._exchange is not None and not (loop := self._line.loop).is_closed():
            loop.call_soon_threadsafe(loop.create_task, self.aclose())

    async def _first(self) -> Batch:
        """Ask; give what comes first."""
        line, outgoing = self._line, self._outgoing
        if outgoing is None:
            raise StopAsyncIteration
        self._outgoing = None
        self._patience = Patience(line.timeouts, line.loop)
        try:
            with self._patience:
                headers, self._account.secrets = await vouched_for(outgoing, line.signer)
                exchange = line.upstream.send(
                    "POST", outgoing.url, headers=headers, body=outgoing.body
                )
                del outgoing  # its body may be long, and the answer may take long
                self._response = response = await exchange.__aenter__()
                self._exchange = exchange
                self._account.headers = response.headers
                if response.status != 200:
                    await fail(self._wire, response, self._patience)
                self._patience.headers_came()
                if not comes_as_stream(
                    response, streamed=self._streamed, stream_types=line.stream_types
                ):
                    body = await read_body(response)
                    await self.aclose()
                    return self._told(body)
        except BaseException as error:
            await self._break_off(error)
            raise
        self._reader = self._wire.stream_reader()
        return self._introduced(await self._more())

    async def _more(self) -> Batch:
        """Read on until something is told."""
        reader = self._reader
        try:
            while not reader.done and (chunk := await self._chunk()):
                if events := reader.feed(chunk):
                    return events
            if not self._is_closed:
                self._is_closed = True
                if events := reader.close(clean=not self._is_cut):
                    return events
            if not self._is_cut:
                await self._drain()
            raise StopAsyncIteration  # noqa: TRY301 - it is an end like the others
        except BaseException as error:
            await self._break_off(error)
            raise

    async def _chunk(self) -> bytes:
        """Read on; nothing is left at the end, or where it was cut off."""
        with self._patience:
            if self._taken >= MAX_CHUNK:
                # What has come already is read without a pause: others, and the clock, have a turn.
                await asyncio.sleep(0)
                self._taken = 0
            try:
                chunk = await self._response.read(limit=MAX_STREAM)
            except UpstreamError as error:
                # What a cut means is for the wire to say: all may have been said already.
                if error.failure.reason not in _CUT:
                    raise
                self._is_cut, chunk = True, b""
        self._taken += len(chunk)
        return chunk

    async def _drain(self) -> None:
        """Read what follows a finished stream, so that its connection can be used again."""
        self._patience.all_came()
        with suppress(UpstreamError), self._patience:
            while await self._response.read(limit=MAX_STREAM):
                pass

    async def _break_off(self, error: BaseException) -> None:
        """End the call because of an error, which is told what else is known."""
        self._account.complete(error)
        await self.aclose()

    def _introduced(self, batch: Batch) -> Batch:
        """Let the first event tell what the translation changed, and the vendor's headers.

        Where it does not name the model, the name that was asked for is the one that may come
        later.
        """
        if not batch or not isinstance(start := batch[0], ResponseStart):
            return batch
        introduced = replace(
            start,
            model=start.model or self._line.model.vendor_id,
            receipts=self._receipts,
            headers=heard(self._response.headers, self._account.secrets),
        )
        return [introduced, *batch[1:]]

    def _told(self, body: bytes) -> Batch:
        """Tell a whole answer, as a stream of it would be `_introduced`."""
        reply = self._wire.read_reply(body)
        introduced = replace(
            reply,
            model=reply.model or self._line.model.vendor_id,
            receipts=self._receipts,
            headers=heard(self._response.headers, self._account.secrets),
            whole=passed_on(self._wire, reply, body),
        )
        return events_of(introduced, wire=self._wire.name)
