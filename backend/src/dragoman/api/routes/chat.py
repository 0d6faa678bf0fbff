"""The routes on which clients of a vendor's format ask any model, in that format.

body ─▶ Dialect.wire.read_request ─▶ ChatRequest ─▶ a model, of whatever wire
body ◀─ Dialect.wire.write_reply, stream_writer  ◀─ its reply
"""

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from msgspec.structs import replace

from dragoman.api.asking import MAX_REQUEST, read_request
from dragoman.api.body import read_body
from dragoman.api.dialects import Dialect, passed_on
from dragoman.api.errors import Headers, Problem, Receive, Scope, Send, problem_of, send_json
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
from dragoman.services.providers import Batch
from dragoman.services.routing import Candidate, Setup
from dragoman.wire.base import StreamWriter


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
        body = await read_body(scope, receive, limit=MAX_REQUEST)
        await self.answer(self.read(body, scope), scope["state"]["record"], receive, send)

    async def answer(
        self,
        request: ChatRequest,
        record: Record,
        receive: Receive,
        send: Send,
        *,
        witness: Witness | None = None,
    ) -> None:
        """Answer a request that was read; `witness` sees what is told. Raises like a call."""
        candidate = self._setup().candidates(request.model)[0]
        record.model, record.provider = candidate.model.id, candidate.provider.provider_id
        async with while_present(receive, send) as answer:
            if request.stream:
                await self._stream(request, candidate, record, answer, witness)
            else:
                await self._whole(request, candidate, record, answer, witness)

    def read(self, body: bytes, scope: Scope) -> ChatRequest:
        """Read a request, its path and its headers included."""
        return read_request(self._dialect, body, scope["headers"], strict=self._strict())

    async def _whole(
        self,
        request: ChatRequest,
        candidate: Candidate,
        record: Record,
        send: Send,
        witness: Witness | None,
    ) -> None:
        reply = await get_ai_response(request, candidate)
        record.usage = reply.usage
        told = _completed(reply, self._dialect, candidate)
        body = self._dialect.wire.write_reply(told, request)
        if witness is not None:
            body = await witness.tell(events_of(told), body, last=True)
        headers = answer_headers(reply)
        await send_json(send, body, headers=headers)

    async def _stream(
        self,
        request: ChatRequest,
        candidate: Candidate,
        record: Record,
        send: Send,
        witness: Witness | None,
    ) -> None:
        writer = self._dialect.wire.stream_writer(request, model=candidate.model.id)
        async with EventStream(send, self._pace, beat=self._dialect.beat) as out:
            try:
                await self._relay(request, candidate, record, writer, out, witness)
            except Exception as error:
                if not out.started:
                    raise
                problem = self._explain(error)
                record.fail(problem.reason, fault=error if problem.status == 500 else None)
                failure = self._dialect.error(problem, request_id=record.request_id)
                ending = writer.fail(failure)
                if witness is not None:
                    ending = await witness.tell((), ending, last=True)
                await out.write(ending, last=True)

    async def _relay(
        self,
        request: ChatRequest,
        candidate: Candidate,
        record: Record,
        writer: StreamWriter,
        out: EventStream,
        witness: Witness | None,
    ) -> None:
        """Pass a reply on as it comes: one write for each batch that says something."""
        begun = told = False
        async with aclosing(stream_ai_response(request, candidate)) as batches:
            async for batch in batches:
                if told:  # it is only read on, so that its connection can be kept
                    continue
                if not begun:
                    begun = True
                    batch = self._begun(batch, out)  # noqa: PLW2901
                told = _note(batch, record)
                written = writer.write(batch)
                if witness is not None:
                    written = await witness.tell(batch, written, last=told)
                if written or told:
                    await out.write(written, last=told)

    def _begun(self, batch: Batch, out: EventStream) -> Batch:
        """Take the beginning of a reply: its headers, and what its provider left out."""
        start = batch[0]
        if not isinstance(start, ResponseStart):
            return batch
        out.add_headers(answer_headers(start))
        return [_dated(start, self._dialect), *batch[1:]]


def answer_headers(reply: Reply | ResponseStart) -> Headers:
    """Give the headers of an answer: what the vendor said, and what the translation changed."""
    return [
        *passed_on(reply.headers),
        *receipt_headers(reply.receipts),
    ]


def _completed(reply: Reply, dialect: Dialect, candidate: Candidate) -> Reply:
    """Give the reply under our name for its model, with what its provider left out."""
    return replace(
        reply,
        model=candidate.model.id,
        id=dialect.id_of(reply.id),
        created=int(time.time()) if reply.created is None else reply.created,
    )


def _dated(start: ResponseStart, dialect: Dialect) -> ResponseStart:
    return replace(
        start,
        id=dialect.id_of(start.id),
        created=int(time.time()) if start.created is None else start.created,
    )


def _note(batch: Sequence[StreamEvent], record: Record) -> bool:
    """Note what the log wants to know; tell whether the reply is whole."""
    last = batch[-1]
    if len(batch) > 1 or not isinstance(last, ResponseStart):
        record.token_came()
    if isinstance(last, ResponseEnd):
        record.usage = last.usage
        return True
    return False
