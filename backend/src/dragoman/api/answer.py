"""What `/api/v1/messages` answers: the whole reply, or its tokens and one last event."""

from typing import Final

import msgspec
from msgspec import Struct

from dragoman.api.errors import timestamp
from dragoman.chat import (
    PartDelta,
    PartStart,
    Reply,
    ResponseEnd,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    Usage,
)
from dragoman.services.providers import Batch

_encode: Final = msgspec.json.Encoder().encode


class TokenUsage(Struct, frozen=True, rename="camel"):
    """Token counts of a reply; what the vendor did not say is null."""

    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None


class Answer(Struct, frozen=True, kw_only=True, rename={"stop_reason": "stopReason"}):
    """A whole reply."""

    status: str = "success"
    message: str
    timestamp: str
    model: str
    request_id: str
    usage: TokenUsage
    stop_reason: StopReason


class Complete(
    Struct,
    frozen=True,
    kw_only=True,
    tag="complete",
    rename={"stop_reason": "stopReason", "total_tokens": "totalTokens"},
):
    """The event that ends a streamed reply."""

    model: str
    total_tokens: int | None
    usage: TokenUsage
    stop_reason: StopReason
    request_id: str
    timestamp: str


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


def write_answer(reply: Reply, *, model: str, request_id: str) -> bytes:
    """Write a whole reply; `model` is our id."""
    stop = reply.stop or Stop(StopReason.ERROR)
    answer = Answer(
        message=reply.text,
        timestamp=timestamp(),
        model=model,
        request_id=request_id,
        usage=token_usage(reply.usage),
        stop_reason=stop.reason,
    )
    return _encode(answer)


class AnswerWriter:
    """Writes a streamed reply: its words as `token` events, its end as one `complete` event.

    `end` is the reply's end once it was written.
    """

    def __init__(self, *, model: str, request_id: str) -> None:
        self._model = model
        self._request_id = request_id
        self._speaking = False
        self.end: ResponseEnd | None = None

    def write(self, batch: Batch) -> bytes:
        """Write what a batch says; reasoning and tool calls have no words in this API."""
        return b"".join([self._write(event) for event in batch])

    def _write(self, event: StreamEvent) -> bytes:
        match event:
            case PartDelta(text=text) if self._speaking and text:
                return _token(text)
            case PartStart(part=Text(text=text)):
                self._speaking = True
                return _token(text) if text else b""
            case PartStart():
                self._speaking = False
                return b""
            case ResponseEnd():
                self.end = event
                return b"data: %b\n\n" % _encode(self._complete(event))
            case _:
                return b""

    def _complete(self, end: ResponseEnd) -> Complete:
        usage = token_usage(end.usage)
        return Complete(
            model=self._model,
            total_tokens=usage.total_tokens,
            usage=usage,
            stop_reason=end.stop.reason,
            request_id=self._request_id,
            timestamp=timestamp(),
        )


def _token(text: str) -> bytes:
    return b'data: {"type":"token","content":%b}\n\n' % _encode(text)
