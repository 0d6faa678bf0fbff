"""A streamed reply, written: one block after the other, closed by `message_stop`."""

from collections.abc import Iterator
from typing import ClassVar, Final, assert_never

from msgspec.structs import replace

from dragoman.chat import (
    Aside,
    ChatRequest,
    Extras,
    JsonObject,
    LLMServiceError,
    Opaque,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    Reply,
    ResponseEnd,
    ResponseStart,
    StreamEvent,
    Text,
    ToolCall,
    Usage,
)
from dragoman.wire.anthropic_messages.content_out import write_block
from dragoman.wire.anthropic_messages.errors import write_failure
from dragoman.wire.anthropic_messages.reply import write_message
from dragoman.wire.anthropic_messages.usage import write_usage
from dragoman.wire.anthropic_messages.words import NAME, STOP_WORDS, encode, own, put_back
from dragoman.wire.notes import noted
from dragoman.wire.passing import EventStreamWriter
from dragoman.wire.sse import SseEvent, encode_event
from dragoman.wire.stream import decode_leniently

# What clients expect to hear at the end, even if we knew it at the start.
_LAST_WORDS: Final = frozenset({"stop_reason", "stop_details", "container", "context_management"})
# Of it, what stands beside the `delta` of the last event and not in it.
_BESIDE_THE_DELTA: Final = frozenset({"context_management"})


def _template(kind: str, name: str) -> bytes:
    delta = f'{{"type":"{kind}","{name}":%b}}'
    event = f'{{"type":"content_block_delta","index":%d,"delta":{delta}}}'
    return f"event: content_block_delta\ndata: {event}\n\n".encode()


_TEXT: Final = _template("text_delta", "text")
_THINKING: Final = _template("thinking_delta", "thinking")
_SIGNATURE: Final = _template("signature_delta", "signature")
_INPUT: Final = _template("input_json_delta", "partial_json")
_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'


class Writer(EventStreamWriter):
    """Writes one streamed reply to a client."""

    wire: ClassVar[str] = NAME

    def __init__(self, _request: ChatRequest | None = None, *, model: str | None = None) -> None:
        super().__init__(model)
        self._part: Part | None = None
        self._usage: Usage | None = None
        self._last_words: JsonObject = {}

    def fail(self, error: LLMServiceError) -> bytes:
        """End the stream with an error; there is no `message_stop`."""
        return encode_event(write_failure(error), "error")

    def _note(self, event: StreamEvent) -> None:
        match event:
            case PartStart(part=part):
                self._part = part
                self._follow_number()
            case PartEnd():
                self._part = None
            case ResponseStart():
                self._usage = event.usage

    def _renumbered(self, event: SseEvent) -> bytes:
        said = decode_leniently(event.data)
        if not isinstance(said, dict) or not isinstance(said.get("index"), int):
            return event.source
        return _event(said | {"index": self._moved(said["index"])})

    def _told(self, event: StreamEvent) -> bytes:
        match event:
            case PartDelta():
                return self._grow(event)
            case PartStart(_, part):
                return self._begin_block(part)
            case PartEnd():
                return self._end_block()
            case ResponseStart():
                return self._begin(event)
            case ResponseEnd():
                return self._end(event)
            case Aside():
                return b""
            case _:
                assert_never(event)

    def _begin(self, start: ResponseStart) -> bytes:
        self._usage = start.usage
        early: JsonObject = {}
        for name, value in own(start.extras).items():
            later = name in _LAST_WORDS and value is not None
            (self._last_words if later else early)[name] = value
        opening = Reply(id=start.id, model=self._model or start.model, usage=start.usage)
        if start.extras is not None:
            opening = replace(opening, extras=replace(start.extras, fields=early))
        return _event({"type": "message_start", "message": write_message(opening)})

    def _begin_block(self, part: Part) -> bytes:
        begun, rest = _begun(noted(part))
        block = write_block(begun)
        if block is None:
            return b""
        self._part = begun
        self._begin_number()
        start = {"type": "content_block_start", "index": self._number, "content_block": block}
        return _event(start) + self._grow(rest)

    def _grow(self, delta: PartDelta) -> bytes:
        match self._part:
            case None:
                return b""
            case Text():
                template = _TEXT
            case Reasoning():
                template = _THINKING
            case _:
                template = _INPUT
        grown = template % (self._number, encode(delta.text)) if delta.text else b""
        if delta.signature and isinstance(self._part, Reasoning) and self._part.origin == NAME:
            grown += _SIGNATURE % (self._number, encode(delta.signature))
        if delta.extras is not None:
            for more in _own_deltas(self._part, own(delta.extras)):
                grown += _event(
                    {"type": "content_block_delta", "index": self._number, "delta": more}
                )
        return grown

    def _end_block(self) -> bytes:
        if self._part is None:
            return b""
        self._part = None
        return _STOP % self._number

    def _end(self, end: ResponseEnd) -> bytes:
        said = put_back(
            {"stop_reason": STOP_WORDS[end.stop.reason], "stop_sequence": end.stop.sequence},
            put_back(self._last_words, own(end.extras)),
        )
        beside = {name: value for name, value in said.items() if name in _BESIDE_THE_DELTA}
        delta = {name: value for name, value in said.items() if name not in beside}
        usage = write_usage(end.usage or self._usage)
        last = {"type": "message_delta", "delta": delta, **beside, "usage": usage}
        return _event(last) + _event({"type": "message_stop"})


def _event(said: JsonObject) -> bytes:
    return encode_event(encode(said), said["type"])


def _begun(part: Part) -> tuple[Part, PartDelta]:
    """Split a part into what its block begins with and what follows in deltas.

    Many clients listen to deltas alone, so whatever can come in one does.
    """
    match part:
        case Text(text, extras):
            citations = own(extras).get("citations")
            if extras is None or not citations:
                return replace(part, text=""), PartDelta(0, text)
            before = Extras(NAME, extras.fields | {"citations": []}, extras.form)
            after = Extras(NAME, {"citations": citations})
            return Text("", before), PartDelta(0, text, extras=after)
        case Reasoning(text, signature) if part.encrypted is None:
            begun = replace(part, text="", signature=None if signature is None else "")
            return begun, PartDelta(0, text, signature)
        case ToolCall(arguments=arguments):
            return replace(part, arguments=""), PartDelta(0, arguments)
        case Opaque(text=text):
            return replace(part, text=""), PartDelta(0, text)
        case _:
            return part, PartDelta(0)


def _own_deltas(part: Part, fields: JsonObject) -> Iterator[JsonObject]:
    """Write what deltas brought beside text, by the vendor's way of naming them."""
    if isinstance(part, Opaque):
        if fields:
            yield {"type": f"{part.kind}_delta", **fields}
        return
    for name, value in fields.items():
        if name == "citations":
            for citation in value:
                yield {"type": "citations_delta", "citation": citation}
        else:
            yield {"type": f"{name}_delta", name: value}
