"""A streamed reply, read: whole at `message_stop`, and never before."""

from typing import Final

from msgspec.structs import replace

from dragoman.chat import (
    Extras,
    Failure,
    InvalidInput,
    Json,
    JsonObject,
    Opaque,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    ToolCall,
    extras_of,
)
from dragoman.wire.anthropic_messages.content_in import read_block
from dragoman.wire.anthropic_messages.errors import failure_of
from dragoman.wire.anthropic_messages.reply import read_message, read_stop
from dragoman.wire.anthropic_messages.usage import read_usage
from dragoman.wire.anthropic_messages.words import NAME, left_over
from dragoman.wire.fields import Fields
from dragoman.wire.sse import SseEvent
from dragoman.wire.stream import RepeatingStreamReader

# What some servers leave out of a block because all of it is still to come.
_STILL_TO_COME: Final[dict[str, JsonObject]] = {
    "text": {"text": ""},
    "thinking": {"thinking": ""},
    "tool_use": {"input": {}},
}

# The field of a delta that adds to its part's text.
_GROWING: Final = {
    "text_delta": "text",
    "input_json_delta": "partial_json",
    "thinking_delta": "thinking",
}

# The index of no block, and equal to none that a server may send.
_CLOSED: Final = object()


class Reader(RepeatingStreamReader):
    """Reads one streamed reply.

    It goes by the `type` inside an event, since some servers leave the event's name out. Parts are
    numbered anew. A block that begins or a reply that ends before the open block was closed closes
    it. A second, different `message_start` fails the stream: what came so far was cut.
    """

    def __init__(self) -> None:
        super().__init__()
        self._begun: ResponseStart | None = None
        self._part = -1
        self._block: object = _CLOSED
        self._held = ""
        self._counts: JsonObject = {}
        self._stop: Stop | None = None
        self._last_words: JsonObject = {}

    def _go_on(self, words: str) -> None:
        self._grow(words)

    def _hear(self, event: SseEvent) -> None:
        said = self._object(event.data)
        if said is None:
            return
        try:
            self._read(said, event.source)
        except InvalidInput as error:
            self._fail(Failure(message=f"the stream makes no sense: {error}", reason="bad_payload"))

    def _finish(self, *, clean: bool) -> None:  # noqa: ARG002 - only message_stop ends a reply
        if not self._ended:
            self._interrupted()

    def _read(self, said: JsonObject, source: bytes) -> None:
        match said.get("type"):
            case "content_block_delta":
                self._take_delta(said, source)
            case "error":
                self._fail(failure_of(said, 200))
            case None if said.get("error"):
                # A proxy's own, put into a stream that it knows nothing of.
                self._fail(failure_of(said, 200))
            case "message_start":
                self._begin(Fields(said.get("message"), "message"))
            case "content_block_start" | "message_delta" | "message_stop" if self._begun is None:
                raise InvalidInput("", "it does not open with message_start")
            case "content_block_start":
                self._begin_part(said)
            case "content_block_stop" if said.get("index") == self._block:
                self._end_part()
            case "message_delta":
                self._near_the_end(Fields(said))
            case "message_stop":
                self._end()

    def _begin(self, fields: Fields) -> None:
        counts = fields.peek("usage")
        message = read_message(fields)
        if self._begun is not None:
            if message.id != self._begun.id:
                raise InvalidInput("message_start", "another reply begins inside this one")
            return
        self._count(counts)
        self._stop = message.stop
        self._begun = ResponseStart(
            message.id,
            message.model,
            usage=message.usage,
            extras=message.extras,
            source=self._claim(),
            wire=NAME,
        )
        self._emit(self._begun)
        # A reply that only passes on what a container asked for is told by its start alone.
        for part in message.parts:
            self._part += 1
            self._emit(PartStart(self._part, part, self._claim()))
            self._emit(PartEnd(self._part, self._claim()))

    def _count(self, counts: Json) -> None:
        """Put later counts over earlier ones: they are totals. A null counts nothing."""
        if isinstance(counts, dict):
            known = {name: count for name, count in counts.items() if count is not None}
            self._counts = counts | self._counts | known

    def _begin_part(self, said: JsonObject) -> None:
        self._end_part()
        block = said.get("content_block")
        if isinstance(block, dict):
            block = _STILL_TO_COME.get(str(block.get("type")), {}) | block
        part, self._held = _held_back(read_block(block, "content_block"))
        self._part += 1
        self._block = said.get("index")
        self._emit(PartStart(self._part, part, self._claim()))

    def _take_delta(self, said: JsonObject, source: bytes) -> None:
        delta = said.get("delta")
        if said.get("index") != self._block or not isinstance(delta, dict):
            raise InvalidInput("content_block_delta", "belongs to no open block")
        name = _GROWING.get(str(delta.get("type")))
        text = None if name is None else delta.get(name)
        if name is not None and isinstance(text, str):
            self._grow(text)
            self._refrain.learn(source, b'"%b"' % name.encode(), text)
            return
        match delta:
            case {"type": "signature_delta", "signature": str(signature)}:
                self._emit(PartDelta(self._part, signature=signature, source=self._claim()))
            case {"type": "citations_delta", "citation": citation}:
                self._complete({"citations": [citation]})
            case {"type": _, **fields}:
                self._complete(fields)

    def _grow(self, text: str) -> None:
        if text:
            self._held = ""
            self._emit(PartDelta(self._part, text, source=self._claim()))

    def _complete(self, fields: JsonObject) -> None:
        extras = Extras(NAME, fields)
        self._emit(PartDelta(self._part, extras=extras, source=self._claim()))

    def _end_part(self) -> None:
        if self._block is _CLOSED:
            return
        if self._held:
            self._grow(self._held)
        self._block = _CLOSED
        self._emit(PartEnd(self._part, self._claim()))

    def _near_the_end(self, fields: Fields) -> None:
        self._count(fields.take("usage"))
        fields.skip("type")
        delta = fields.maybe_object("delta")
        if delta is not None:
            self._stop = read_stop(delta) or self._stop
            self._last_words |= delta.rest()
        self._last_words |= left_over(fields)

    def _end(self) -> None:
        self._end_part()
        self._emit(
            ResponseEnd(
                self._stop or Stop(StopReason.STOP),
                read_usage(self._counts) if self._counts else None,
                extras_of(NAME, self._last_words),
                self._claim(),
            )
        )
        self._ended = True


def _held_back(part: Part) -> tuple[Part, str]:
    """Give a part without its arguments, and these: they count only if none are streamed."""
    match part:
        case ToolCall(arguments=arguments):
            return replace(part, arguments=""), arguments
        case Opaque(text=text):
            return replace(part, text=""), text
        case _:
            return part, ""
