"""Asking a model: one path, whether the answer is wanted whole or as it comes."""

from collections.abc import Awaitable
from typing import Final, Self

from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Failure,
    LLMServiceError,
    Part,
    PartDelta,
    PartStart,
    Reasoning,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    Text,
    UpstreamError,
)
from dragoman.services.providers import Batch, Batches, health_of
from dragoman.services.providers.base import whole_of
from dragoman.services.routing import Candidate

_IN_ERROR: Final = frozenset({StopReason.ERROR, StopReason.MALFORMED})


def stream_ai_response(request: ChatRequest, candidate: Candidate) -> Batches:
    """Ask `candidate`; give the reply's events batch by batch, with a `ResponseEnd` in the last.

    Raises `LLMServiceError` for everything that goes wrong, also in the middle: a reply without
    its end is never taken for whole, nor, for a client of another format, one that ended in error.
    Closing it ends the call upstream. What it shows of the provider is remembered.
    """
    return _Watched(request, candidate)


def get_ai_response(request: ChatRequest, candidate: Candidate) -> Awaitable[Reply]:
    """Ask for a whole reply: the fold of what `stream_ai_response` gives; raises like it."""
    asked = replace(request, stream=False) if request.stream else request
    return whole_of(stream_ai_response(asked, candidate))


def _judged(error: Exception, candidate: Candidate) -> LLMServiceError:
    """Judge an error, and remember what it shows.

    Whoever raises it may not hold it: a frame and an error that hold each other keep the question
    until the next look for rings.
    """
    judged = candidate.provider.map_error(error, model=candidate.model.id)
    health_of(candidate.runtime).failed(candidate.config, judged)
    return judged


class _Watched:
    """A reply that is seen to say something and to be finished, whoever made its events."""

    def __init__(self, request: ChatRequest, candidate: Candidate) -> None:
        self._candidate = candidate
        # It alone may be told of a bad end in its own words.
        self._asked_in = None if request.extras is None else request.extras.wire
        self._answered_in: str | None = None
        self._spoke = self._ended = False
        try:
            self._batches = candidate.llm.stream(request)
        except Exception as error:
            raise _judged(error, candidate) from error

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        try:
            async for batch in self._batches:
                if not self._ended:
                    self._see(batch)
                    return batch
            self._check_whole()
        except Exception as error:
            await self._batches.aclose()
            raise _judged(error, self._candidate) from error
        health_of(self._candidate.runtime).well(self._candidate.config)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the call upstream."""
        await self._batches.aclose()

    def _see(self, batch: Batch) -> None:
        """Look at a batch before it is passed on.

        Raises `UpstreamError` when the reply ends of its own accord without having said anything,
        and when it ends badly and its client's format is not the one that has a word for it.
        """
        for event in batch:
            match event:
                case PartDelta():
                    self._spoke = self._spoke or bool(event.text)
                case PartStart():
                    self._spoke = self._spoke or _speaks(event.part)
                case ResponseStart():
                    self._answered_in = event.wire
                case ResponseEnd():
                    self._ended = True
                    self._check_content(event)
                    self._check_end(event.stop)

    def _check_content(self, end: ResponseEnd) -> None:
        if not self._spoke and end.stop.reason is StopReason.STOP:
            raise UpstreamError(
                Failure(reason="empty_response", message="the reply has no content")
            )

    def _check_end(self, stop: Stop) -> None:
        if stop.reason not in _IN_ERROR or self._asked_in in (None, self._answered_in):
            return
        problem = "the model stopped in error" + (f": {stop.word}" if stop.word else "")
        raise UpstreamError(Failure(reason="ended_in_error", code=stop.word, message=problem))

    def _check_whole(self) -> None:
        if not self._ended:
            raise UpstreamError(
                Failure(reason="stream_interrupted", message="the reply has no end")
            )


def _speaks(part: Part) -> bool:
    match part:
        case Text(text=text):
            return bool(text)
        case Reasoning():
            return False
        case _:
            return True
