"""Answering in a conversation: the turn goes on by itself; its client listens while it stays."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import structlog
from msgspec.structs import replace

from dragoman.api.answer import write_answer, write_complete, write_passages, write_start
from dragoman.api.errors import Problem, Receive, Send, problem_event, send_json, send_problem
from dragoman.api.question import Question
from dragoman.api.receipts import receipt_headers
from dragoman.api.record import Record
from dragoman.api.relay import ClientGone, EventStream, Meter, Pace, while_present
from dragoman.chat import Reply, ResponseEnd, Text, Usage
from dragoman.services.routing import Candidate, Setup
from dragoman.services.turns import Turn
from dragoman.storage import Mishap

if TYPE_CHECKING:
    from dragoman.services.conversation_service import ConversationService

_log: Final = structlog.get_logger("dragoman.request")


class TurnAnswers:
    """Answers the questions that belong to a conversation, whole or as a stream.

    `meter` counts the turns whose clients have left.
    """

    def __init__(
        self,
        setup: Callable[[], Setup],
        conversations: "Callable[[], ConversationService]",
        explain: Callable[[Exception], Problem],
        pace: Pace,
        meter: Meter,
    ) -> None:
        self._setup = setup
        self._conversations = conversations
        self._explain = explain
        self._pace = pace
        self._meter = meter

    async def answer(
        self, question: Question, record: Record, receive: Receive, send: Send, *, streamed: bool
    ) -> None:
        """Have one turn. Raises what `begin_turn` raises; from then on, errors are answers."""
        conversations = self._conversations()
        turn = await conversations.begin_turn(
            question.conversation_id or "",
            question.said,
            model=question.model,
            resolve=self._resolve,
            stream=streamed,
        )
        record.model, record.provider = turn.reply.model, turn.reply.provider
        answering = conversations.answer(turn, lambda error: self._mishap(error, record))
        try:
            with while_present(receive, send) as present:
                if streamed:
                    await self._stream(turn, record, present)
                else:
                    await self._whole(turn, record, present)
        except (ClientGone, asyncio.CancelledError):
            self._meter.until(answering)
            answering.add_done_callback(lambda _: self._note_end(turn, record.request_id))
            raise

    def _resolve(self, model: str | None) -> Candidate:
        return self._setup().candidates(model)[0]

    def _mishap(self, error: Exception, record: Record) -> Mishap:
        problem = self._explain(error)
        return Mishap(
            code=problem.code,
            reason=problem.reason,
            message=problem.message,
            detail=problem.detail,
            retry_after=problem.retry_after,
            request_id=record.request_id,
        )

    async def _whole(self, turn: Turn, record: Record, send: Send) -> None:
        await turn.over()
        end = self._end(turn, record)
        if isinstance(end, Problem):
            await send_problem(send, end, request_id=record.request_id)
            return
        reply = Reply(parts=(Text(turn.text),), stop=end.stop, usage=end.usage)
        answer = write_answer(
            reply, model=turn.candidate.model.id, request_id=record.request_id, turn=turn
        )
        await send_json(send, answer, headers=receipt_headers(turn.receipts))

    async def _stream(self, turn: Turn, record: Record, send: Send) -> None:
        with EventStream(send, self._pace, opening=write_start(turn)) as out:
            async with aclosing(turn.transcript.follow()) as passages:
                async for heard in passages:
                    if heard:
                        record.token_came()
                    if not out.started:
                        out.add_headers(receipt_headers(turn.receipts))
                    if heard or not out.started:
                        await out.write(write_passages(heard))
            match self._end(turn, record):
                case ResponseEnd() as end:
                    complete = write_complete(turn, end, request_id=record.request_id)
                    await out.write(complete, last=True)
                case Problem() as problem if out.started:
                    event = problem_event(problem, request_id=record.request_id)
                    await out.write(event, last=True)
                case Problem() as problem:
                    await send_problem(send, problem, request_id=record.request_id)

    def _end(self, turn: Turn, record: Record) -> ResponseEnd | Problem:
        """Give the end of a turn, or what its client is told of its failure; note it."""
        if turn.end is not None and turn.failure is None:
            record.usage = turn.end.usage
            return turn.end
        failure = turn.failure or RuntimeError(f"the turn was ended as {turn.state}")
        problem = self._explain(failure)
        record.fail(problem.reason, fault=failure if problem.status == 500 else None)
        about = {
            "conversationId": turn.conversation.id,
            "userMessageId": turn.user_message_id,
            "messageId": turn.id,
            "kept": turn.kept,
        }
        return replace(problem, turn=about)

    def _note_end(self, turn: Turn, request_id: str) -> None:
        """Write the line of a turn that outlived its client, whose own line is written already."""
        usage = (turn.end.usage if turn.end else None) or Usage()
        problem = None if turn.failure is None else self._explain(turn.failure)
        known = {
            "request_id": request_id,
            "message_id": turn.id,
            "model": turn.reply.model,
            "provider": turn.reply.provider,
            "state": str(turn.state),
            "reason": None if problem is None else problem.reason,
            "ms_total": None if turn.timing is None else turn.timing.total_ms,
            "tokens_in": usage.input,
            "tokens_out": usage.output,
        }
        fields = {name: value for name, value in known.items() if value is not None}
        if problem is not None and problem.status == 500:
            _log.error("turn_ended", **fields, exc_info=turn.failure)
        else:
            _log.info("turn_ended", **fields)
