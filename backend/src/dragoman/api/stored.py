"""Answering in a conversation: what is asked is stored first, and the end before it is told."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dragoman.api.answer import AnswerWriter, write_answer, write_start
from dragoman.api.errors import Problem, Receive, Send, problem_event, send_json, send_problem
from dragoman.api.question import Question
from dragoman.api.record import Record
from dragoman.api.relay import ClientGone, EventStream, Pace, while_present
from dragoman.chat import Fold, LLMCancelledError, Reply, ResponseEnd, Stop, StopReason
from dragoman.services.llm_service import stream_ai_response
from dragoman.services.routing import Candidate, Setup
from dragoman.services.turns import Turn
from dragoman.storage import Mishap, State, StorageError

if TYPE_CHECKING:
    from dragoman.services.conversation_service import ConversationService


class TurnAnswers:
    """Answers the questions that belong to a conversation, whole or as a stream."""

    def __init__(
        self,
        setup: Callable[[], Setup],
        conversations: "Callable[[], ConversationService]",
        explain: Callable[[Exception], Problem],
        pace: Pace,
    ) -> None:
        self._setup = setup
        self._conversations = conversations
        self._explain = explain
        self._pace = pace

    async def answer(
        self, question: Question, record: Record, receive: Receive, send: Send, *, streamed: bool
    ) -> None:
        """Have one turn. Raises what `begin_turn` raises; from then on, errors are answers."""
        turn = await self._conversations().begin_turn(
            question.conversation_id or "",
            question.said,
            model=question.model,
            resolve=self._resolve,
            stream=streamed,
        )
        record.model, record.provider = turn.reply.model, turn.reply.provider
        try:
            async with while_present(receive, send) as present:
                if streamed:
                    await self._stream(turn, record, present)
                else:
                    await self._whole(turn, record, present)
        except ClientGone:
            await _leave(turn, State.CANCELLED)
            raise
        except asyncio.CancelledError:
            await _leave(turn, State.INTERRUPTED)
            raise

    def _resolve(self, model: str | None) -> Candidate:
        return self._setup().candidates(model)[0]

    async def _whole(self, turn: Turn, record: Record, send: Send) -> None:
        try:
            reply = await _hear_out(turn)
        except Exception as error:  # noqa: BLE001 - it is stored, and told
            problem = await self._fail(turn, record, error)
            await send_problem(send, problem, request_id=record.request_id)
            return
        record.usage = reply.usage
        answer = write_answer(
            reply, model=turn.candidate.model.id, request_id=record.request_id, turn=turn
        )
        await send_json(send, answer)

    async def _stream(self, turn: Turn, record: Record, send: Send) -> None:
        async with EventStream(send, self._pace, opening=write_start(turn)) as out:
            try:
                await _relay(turn, record, out)
            except Exception as error:  # noqa: BLE001 - it is stored, and told
                problem = await self._fail(turn, record, error)
                if out.started:
                    event = problem_event(problem, request_id=record.request_id)
                    await out.write(event, last=True)
                else:
                    await send_problem(send, problem, request_id=record.request_id)

    async def _fail(self, turn: Turn, record: Record, error: Exception) -> Problem:
        """End a turn with an error, and say what its client is told: first the one, then the other.

        Where the end cannot be stored, that is what is told.
        """
        problem = self._explain(error)
        try:
            if isinstance(error, LLMCancelledError):
                await turn.finish(State.CANCELLED)
            else:
                await turn.finish(State.ERROR, error=_mishap(problem, record.request_id))
        except StorageError as trouble:
            error, problem = trouble, self._explain(trouble)
        record.fail(problem.reason, fault=error if problem.status == 500 else None)
        about = {
            "conversationId": turn.conversation.id,
            "userMessageId": turn.user_message_id,
            "messageId": turn.id,
            "kept": turn.kept,
        }
        return replace(problem, turn=about)


async def _hear_out(turn: Turn) -> Reply:
    """Give the whole reply, once it is stored."""
    folding = Fold()
    async with turn.speaking(), aclosing(stream_ai_response(turn.request, turn.candidate)) as said:
        async for batch in said:
            turn.hear(batch)
            folding.add(batch)
    reply = folding.reply()
    end = ResponseEnd(reply.stop or Stop(StopReason.ERROR), reply.usage)
    await turn.finish(State.COMPLETE, end=end)
    return reply


async def _relay(turn: Turn, record: Record, out: EventStream) -> None:
    """Pass a reply on as it comes; its last event when it is stored."""
    writer = AnswerWriter(model=turn.candidate.model.id, request_id=record.request_id, turn=turn)
    told = False
    async with turn.speaking(), aclosing(stream_ai_response(turn.request, turn.candidate)) as said:
        async for batch in said:
            if told:  # it is only read on, so that its connection can be kept
                continue
            turn.hear(batch)
            written = writer.write(batch)
            if written:
                record.token_came()
            if written or not out.started:
                await out.write(written)
            if writer.end is not None:
                record.usage = writer.end.usage
                await turn.finish(State.COMPLETE, end=writer.end)
                await out.write(writer.complete(writer.end), last=True)
                told = True


async def _leave(turn: Turn, state: State) -> None:
    """End a turn whose client is gone: nobody is left to be told of trouble."""
    with suppress(StorageError):
        await turn.finish(state)


def _mishap(problem: Problem, request_id: str) -> Mishap:
    return Mishap(
        code=problem.code,
        reason=problem.reason,
        message=problem.message,
        detail=problem.detail,
        retry_after=problem.retry_after,
        request_id=request_id,
    )
