"""Asking a model: one path, whether the answer is wanted whole or as it comes."""

from contextlib import aclosing
from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Failure,
    Fold,
    LLMServiceError,
    PartDelta,
    PartStart,
    Reasoning,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    UpstreamError,
)
from dragoman.services.providers import Batch, Batches, health_of
from dragoman.services.routing import Candidate

_IN_ERROR: Final = frozenset({StopReason.ERROR, StopReason.MALFORMED})


async def stream_ai_response(request: ChatRequest, candidate: Candidate) -> Batches:
    """Ask `candidate`; give the reply's events batch by batch, with a `ResponseEnd` in the last.

    Raises `LLMServiceError` for everything that goes wrong, also in the middle: a reply without
    its end is never taken for whole, nor, for a client of another format, one that ended in error.
    Closing the generator ends the call upstream. What it shows of the provider is remembered.
    """
    witness = _Witness(None if request.extras is None else request.extras.wire)
    try:
        async with aclosing(candidate.llm.stream(request)) as batches:
            async for batch in batches:
                if not witness.ended:
                    witness.see(batch)
                    yield batch
        witness.testify()
    except Exception as error:
        raise _judged(error, candidate) from error
    health_of(candidate.runtime).well(candidate.config)


def _judged(error: Exception, candidate: Candidate) -> LLMServiceError:
    """Judge an error, and remember what it shows.

    Whoever raises it may not hold it: a frame and an error that hold each other keep the question
    until the next look for rings.
    """
    judged = candidate.provider.map_error(error, model=candidate.model.id)
    health_of(candidate.runtime).failed(candidate.config, judged)
    return judged


async def get_ai_response(request: ChatRequest, candidate: Candidate) -> Reply:
    """Ask for a whole reply: the fold of what `stream_ai_response` gives; raises like it."""
    folding = Fold()
    asked = replace(request, stream=False) if request.stream else request
    async with aclosing(stream_ai_response(asked, candidate)) as batches:
        async for batch in batches:
            folding.add(batch)
    return folding.reply()


class _Witness:
    """Sees to it that a reply says something and is finished, whoever made its events.

    `asked_in` is the wire of the client, which alone may be told of a bad end in that wire's words.
    """

    def __init__(self, asked_in: str | None) -> None:
        self._asked_in = asked_in
        self._answered_in: str | None = None
        self._spoke = False
        self.ended = False

    def see(self, batch: Batch) -> None:
        """Look at a batch before it is passed on.

        Raises `UpstreamError` when the reply ends of its own accord without having said anything,
        and when it ends badly and its client's format is not the one that has a word for it.
        """
        for event in batch:
            if isinstance(event, ResponseStart):
                self._answered_in = event.wire
            if not self._spoke:
                self._spoke = _says_something(event)
            if isinstance(event, ResponseEnd):
                self.ended = True
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

    def testify(self) -> None:
        """Raise `UpstreamError` unless the reply was finished."""
        if not self.ended:
            raise UpstreamError(
                Failure(reason="stream_interrupted", message="the reply has no end")
            )


def _says_something(event: StreamEvent) -> bool:
    match event:
        case PartDelta(text=text):
            return bool(text)
        case PartStart(part=Text(text=text)):
            return bool(text)
        case PartStart(part=Reasoning()):
            return False
        case PartStart():
            return True
        case _:
            return False
