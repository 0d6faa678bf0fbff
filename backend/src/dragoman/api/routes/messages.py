"""`POST /api/v1/messages`: ask a model, get the answer whole or as it comes."""

from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from dragoman.api.answer import AnswerWriter, write_answer
from dragoman.api.body import decode_json, read_body
from dragoman.api.errors import Problem, Receive, Scope, Send, problem_event, problem_of, send_json
from dragoman.api.headers import told_in
from dragoman.api.negotiation import wants_event_stream
from dragoman.api.question import Question, read_question
from dragoman.api.receipts import receipt_headers
from dragoman.api.record import Record
from dragoman.api.relay import EventStream, Meter, Pace, while_present
from dragoman.api.stored import TurnAnswers
from dragoman.chat import ResponseStart
from dragoman.services.llm_service import get_ai_response, stream_ai_response
from dragoman.services.routing import Candidate, Setup

if TYPE_CHECKING:
    from dragoman.services.conversation_service import ConversationService


class MessagesRoute:
    """The route as a plain ASGI callable: it streams, so nothing stands between it and the server.

    `setup` gives the models as they are at this moment, `conversations` where turns are stored;
    `explain` says what a client is told of an error; `meter` counts what outlives its request.
    """

    def __init__(
        self,
        setup: Callable[[], Setup],
        conversations: "Callable[[], ConversationService]",
        explain: Callable[[Exception], Problem] = problem_of,
        *,
        pace: Pace | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._setup = setup
        self._explain = explain
        self._pace = pace or Pace()
        self._stored = TurnAnswers(setup, conversations, explain, self._pace, meter or Meter())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises what `explain` explains, until the answer has begun."""
        record: Record = scope["state"]["record"]
        streamed = wants_event_stream(_accept(scope))
        question = read_question(decode_json(await read_body(scope, receive)))
        if question.conversation_id is not None:
            await self._stored.answer(question, record, receive, send, streamed=streamed)
            return
        candidate = self._setup().candidates(question.model)[0]
        record.model, record.provider = candidate.model.id, candidate.provider.provider_id
        with while_present(receive, send) as answer:
            if streamed:
                await self._stream(question, candidate, record, answer)
            else:
                await _whole(question, candidate, record, answer)

    async def _stream(
        self, question: Question, candidate: Candidate, record: Record, send: Send
    ) -> None:
        with EventStream(send, self._pace) as out:
            try:
                await _relay(question, candidate, record, out)
            except Exception as error:
                if not out.started:
                    raise
                problem = self._explain(error)
                record.fail(problem.reason, fault=error if problem.status == 500 else None)
                await out.write(problem_event(problem, request_id=record.request_id), last=True)


async def _whole(question: Question, candidate: Candidate, record: Record, send: Send) -> None:
    reply = await get_ai_response(question.request(stream=False), candidate)
    record.usage = reply.usage
    answer = write_answer(reply, model=candidate.model.id, request_id=record.request_id)
    await send_json(send, answer, headers=receipt_headers(reply.receipts))


async def _relay(
    question: Question, candidate: Candidate, record: Record, out: EventStream
) -> None:
    """Pass a reply on as it comes: one write for each batch that says something."""
    writer = AnswerWriter(model=candidate.model.id, request_id=record.request_id)
    request, told = question.request(stream=True), False
    async with aclosing(stream_ai_response(request, candidate)) as batches:
        async for batch in batches:
            if told:  # it is only read on, so that its connection can be kept
                continue
            if isinstance(batch[0], ResponseStart):
                out.add_headers(receipt_headers(batch[0].receipts))
            written = writer.write(batch)
            if written:
                record.token_came()
            if writer.end is not None:
                record.usage = writer.end.usage
                written += writer.complete(writer.end)
                told = True
            if written:
                await out.write(written, last=told)


def _accept(scope: Scope) -> str | None:
    accept = told_in(scope).get(b"accept")
    return None if accept is None else accept.decode("latin-1")
