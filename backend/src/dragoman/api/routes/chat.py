"""The routes on which clients of a vendor's format ask any model, in that format.

body ─▶ Dialect.wire.read_request ─▶ ChatRequest ─▶ a model, of whatever wire
body ◀─ Dialect.wire.write_reply, stream_writer  ◀─ its reply
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from dragoman.api.asking import MAX_REQUEST, read_request
from dragoman.api.body import read_body
from dragoman.api.dialects import Dialect, passed_on
from dragoman.api.errors import Headers, Problem, Receive, Scope, Send, problem_of, send_json
from dragoman.api.headers import told_in
from dragoman.api.receipts import receipt_headers
from dragoman.api.record import Record
from dragoman.api.relay import EventStream, Pace, while_present
from dragoman.chat import (
    ChatRequest,
    Reply,
    ResponseEnd,
    ResponseStart,
    StreamEvent,
    events_of,
)
from dragoman.services.llm_service import get_ai_response, stream_ai_response
from dragoman.services.routing import Candidate, Setup
from dragoman.wire.base import StreamWriter
from dragoman.wire.carrying import Carrier, carried
from dragoman.wire.naming import Naming


class Witness(Protocol):
    """Sees a reply on its way to the client, and may change what is told of it, or refuse to."""

    async def tell(self, events: Sequence[StreamEvent], written: bytes, *, last: bool) -> bytes:
        """Give what to tell instead of `written`, which says `events`; `last` ends the answer.

        A whole reply is one such piece; a failure in a stream is one without events. Raises what is
        told instead.
        """
        ...


class ChatRoute:
    """One such route, as a plain ASGI callable.

    `setup` gives the models as they are at this moment; `explain` says what a client is told of an
    error; `strict` refuses lossy translations for everybody.
    """

    def __init__(
        self,
        dialect: Dialect,
        setup: Callable[[], Setup],
        explain: Callable[[Exception], Problem] = problem_of,
        *,
        pace: Pace | None = None,
        strict: Callable[[], bool] = lambda: False,
    ) -> None:
        self._dialect = dialect
        self._setup = setup
        self._explain = explain
        self._pace = pace or Pace()
        self._strict = strict

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises what `explain` explains, until the answer has begun."""
        # Nothing here keeps the body: an answer may take long, and a body be long.
        request = self.read(await read_body(scope, receive, limit=MAX_REQUEST), scope)
        await self.answer(request, scope["state"]["record"], receive, send)

    def answer(
        self,
        request: ChatRequest,
        record: Record,
        receive: Receive,
        send: Send,
        *,
        witness: Witness | None = None,
    ) -> Awaitable[None]:
        """Answer a request that was read; `witness` sees what is told. Raises like a call."""
        candidate = self._setup().candidates(request.model)[0]
        record.model, record.provider = candidate.model.id, candidate.provider.provider_id
        asked = _Asked(request, candidate, record, witness)
        return (self._stream if request.stream else self._whole)(asked, receive, send)

    def read(self, body: bytes, scope: Scope) -> ChatRequest:
        """Read a request, its path and its headers included."""
        return read_request(self._dialect, body, told_in(scope), strict=self._strict())

    async def _whole(self, asked: "_Asked", receive: Receive, send: Send) -> None:
        with while_present(receive, send) as answer:
            reply = await get_ai_response(asked.request, asked.candidate)
            asked.record.usage = reply.usage
            told, body = self._written(reply, asked)
            if asked.witness is not None:
                body = await asked.witness.tell(events_of(told), body, last=True)
            await send_json(answer, body, headers=answer_headers(reply))

    def _written(self, reply: Reply, asked: "_Asked") -> tuple[Reply, bytes]:
        """Give a reply under our name for its model, and as clients of this format read it."""
        ours = asked.candidate.model.id
        named = reply if reply.model == ours else replace(reply, model=ours)
        told = self._dialect.completed(named)
        if told is named and (vendors := self._passed(reply)) is not None:
            return told, Naming(reply.model, ours).put(vendors)
        told = carried(told, self._dialect.wire.name)
        return told, self._dialect.wire.write_reply(told, asked.request)

    def _passed(self, reply: Reply) -> bytes | None:
        """Give what the vendor said, if clients of this format may have it as it came.

        What is kept here says more of the request than its vendor knows.
        """
        whole = reply.whole
        if whole is None or whole.wire != self._dialect.wire.name or self._dialect.keeps:
            return None
        return whole.body

    async def _stream(self, asked: "_Asked", receive: Receive, send: Send) -> None:
        writer = self._dialect.wire.stream_writer(asked.request, model=asked.candidate.model.id)
        with (
            while_present(receive, send) as answer,
            EventStream(answer, self._pace, beat=self._dialect.beat) as out,
        ):
            try:
                await self._relay(asked, writer, out)
            except Exception as error:
                if not out.started:
                    raise
                problem = self._explain(error)
                asked.record.fail(problem.reason, fault=error if problem.status == 500 else None)
                failure = self._dialect.error(problem, request_id=asked.record.request_id)
                ending = writer.fail(failure)
                if asked.witness is not None:
                    ending = await asked.witness.tell((), ending, last=True)
                await out.write(ending, last=True)

    async def _relay(self, asked: "_Asked", writer: StreamWriter, out: EventStream) -> None:
        """Pass a reply on as it comes: one write for each batch that says something."""
        carrier: Carrier | None = None
        begun = told = False
        async with aclosing(stream_ai_response(asked.request, asked.candidate)) as batches:
            async for batch in batches:
                if told:  # it is only read on, so that its connection can be kept
                    continue
                if not begun and isinstance(start := batch[0], ResponseStart):
                    begun = True
                    out.add_headers(answer_headers(start))
                    if start.wire != self._dialect.wire.name:
                        carrier = Carrier(self._dialect.wire.name)
                    batch = [self._dialect.completed(start), *batch[1:]]  # noqa: PLW2901
                told = _note(batch, asked.record)
                if carrier is not None:
                    batch = carrier.carry(batch)  # noqa: PLW2901
                written = writer.write(batch)
                if asked.witness is not None:
                    written = await asked.witness.tell(batch, written, last=told)
                if written or told:
                    await out.write(written, last=told)


class _Asked(Struct, frozen=True):
    """A request under way: whom it is put to, what the log says of it, who sees the reply."""

    request: ChatRequest
    candidate: Candidate
    record: Record
    witness: Witness | None


def answer_headers(reply: Reply | ResponseStart) -> Headers:
    """Give the headers of an answer: what the vendor said, and what the translation changed."""
    return [
        *passed_on(reply.headers),
        *receipt_headers(reply.receipts),
    ]


def _note(batch: Sequence[StreamEvent], record: Record) -> bool:
    """Note what the log wants to know; tell whether the reply is whole."""
    last = batch[-1]
    if record.first_token is None and (len(batch) > 1 or type(last) is not ResponseStart):
        record.token_came()
    if type(last) is ResponseEnd:
        record.usage = last.usage
        return True
    return False
