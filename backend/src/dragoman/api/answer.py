"""What `/api/v1/messages` answers: the whole reply, or its tokens and one last event."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from dragoman.api.errors import timestamp
from dragoman.chat import (
    PartDelta,
    PartStart,
    Receipt,
    Reply,
    ResponseEnd,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    Usage,
)
from dragoman.services.providers import Batch
from dragoman.services.transcript import Kind, Passage
from dragoman.services.turns import Turn
from dragoman.storage import Timing

_encode: Final = msgspec.json.Encoder().encode


class TokenUsage(Struct, frozen=True, rename="camel"):
    """Token counts of a reply; what the vendor did not say is null."""

    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None


class Times(Struct, frozen=True, rename="camel"):
    """How long a reply took, in milliseconds, from the moment when its model was asked."""

    first_token_ms: float | None
    total_ms: float | None


class Answer(Struct, frozen=True, kw_only=True, rename={"stop_reason": "stopReason"}):
    """A whole reply."""

    status: str = "success"
    message: str
    timestamp: str
    model: str
    request_id: str
    usage: TokenUsage
    stop_reason: StopReason


_TURN: Final = {
    "stop_reason": "stopReason",
    "total_tokens": "totalTokens",
    "conversation_id": "conversationId",
    "user_message_id": "userMessageId",
    "message_id": "messageId",
}


class AnswerInConversation(Answer, frozen=True, kw_only=True, rename=_TURN):
    """A whole reply that is stored, with the message it answers, as `messageId`."""

    conversation_id: str
    user_message_id: str
    message_id: str
    title: str
    timing: Times


class Start(Struct, frozen=True, kw_only=True, tag="start", rename=_TURN):
    """The event that opens a streamed reply in a conversation: what is stored, under which ids."""

    conversation_id: str
    user_message_id: str
    message_id: str
    title: str
    model: str


class Complete(Struct, frozen=True, kw_only=True, tag="complete", rename=_TURN):
    """The event that ends a streamed reply."""

    model: str
    total_tokens: int | None
    usage: TokenUsage
    stop_reason: StopReason
    request_id: str
    timestamp: str


class CompleteInConversation(Complete, frozen=True, kw_only=True, tag="complete", rename=_TURN):
    """The event that ends a streamed reply that is stored."""

    conversation_id: str
    message_id: str
    timing: Times
    receipts: tuple[Receipt, ...]


def token_usage(usage: Usage | None) -> TokenUsage:
    """Give the counts as clients of this API read them."""
    known = usage or Usage()
    return TokenUsage(
        input_tokens=known.input,
        output_tokens=known.output,
        total_tokens=known.total,
        cache_read_tokens=known.cache_read,
        cache_write_tokens=known.cache_write,
        reasoning_tokens=known.reasoning,
    )


def write_answer(reply: Reply, *, model: str, request_id: str, turn: Turn | None = None) -> bytes:
    """Write a whole reply; `model` is our id, `turn` the one it was stored in."""
    stop = reply.stop or Stop(StopReason.ERROR)
    answer = Answer(
        message=reply.text,
        timestamp=timestamp(),
        model=model,
        request_id=request_id,
        usage=token_usage(reply.usage),
        stop_reason=stop.reason,
    )
    if turn is None:
        return _encode(answer)
    stored = AnswerInConversation(
        **msgspec.structs.asdict(answer),
        conversation_id=turn.conversation.id,
        user_message_id=turn.user_message_id,
        message_id=turn.id,
        title=turn.conversation.title,
        timing=_times(turn),
    )
    return _encode(stored)


def write_start(turn: Turn) -> bytes:
    """Write the event that opens a streamed reply in a conversation."""
    start = Start(
        conversation_id=turn.conversation.id,
        user_message_id=turn.user_message_id,
        message_id=turn.id,
        title=turn.conversation.title,
        model=turn.candidate.model.id,
    )
    return b"data: %b\n\n" % _encode(start)


def _times(turn: Turn) -> Times:
    timing = turn.timing or Timing(total_ms=0)
    return Times(timing.first_token_ms, timing.total_ms)


_NAMES: Final[dict[Kind, bytes]] = {"text": b"token", "reasoning": b"reasoning"}


def write_passages(passages: Iterable[Passage]) -> bytes:
    """Write what a reply in a conversation says and thinks: an event for each passage."""
    return b"".join([_piece(_NAMES[passage.kind], passage.text) for passage in passages])


def write_complete(turn: Turn, end: ResponseEnd, *, request_id: str) -> bytes:
    """Write the event that says that a reply in a conversation is whole, and kept."""
    complete = _complete(end, model=turn.candidate.model.id, request_id=request_id)
    stored = CompleteInConversation(
        **msgspec.structs.asdict(complete),
        conversation_id=turn.conversation.id,
        message_id=turn.id,
        timing=_times(turn),
        receipts=turn.receipts,
    )
    return b"data: %b\n\n" % _encode(stored)


class AnswerWriter:
    """Writes a streamed reply: its words as `token` events, its end as one `complete` event.

    `end` is the reply's end once it came by. What the model thinks is not told.
    """

    def __init__(self, *, model: str, request_id: str) -> None:
        self._model = model
        self._request_id = request_id
        self._speaks = False
        self.end: ResponseEnd | None = None

    def write(self, batch: Batch) -> bytes:
        """Write what a batch says; tool calls have no words in this API."""
        return b"".join([self._write(event) for event in batch])

    def _write(self, event: StreamEvent) -> bytes:
        match event:
            case PartDelta(text=text):
                return self._token(text)
            case PartStart(part=Text(text=text)):
                self._speaks = True
                return self._token(text)
            case PartStart():
                self._speaks = False
                return b""
            case ResponseEnd():
                self.end = event
                return b""
            case _:
                return b""

    def _token(self, text: str) -> bytes:
        return _piece(b"token", text) if text and self._speaks else b""

    def complete(self, end: ResponseEnd) -> bytes:
        """Write the event that says that the reply is whole."""
        complete = _complete(end, model=self._model, request_id=self._request_id)
        return b"data: %b\n\n" % _encode(complete)


def _piece(name: bytes, text: str) -> bytes:
    return b'data: {"type":"%b","content":%b}\n\n' % (name, _encode(text))


def _complete(end: ResponseEnd, *, model: str, request_id: str) -> Complete:
    usage = token_usage(end.usage)
    return Complete(
        model=model,
        total_tokens=usage.total_tokens,
        usage=usage,
        stop_reason=end.stop.reason,
        request_id=request_id,
        timestamp=timestamp(),
    )
