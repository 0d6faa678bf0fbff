"""A streamed reply, written: a chunk for each piece, and a last one with the reason to finish."""

from typing import ClassVar, Final, assert_never

from dragoman.chat import (
    Aside,
    ChatRequest,
    JsonObject,
    LLMServiceError,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    ResponseEnd,
    ResponseStart,
    StreamEvent,
    Text,
    fold,
    merge_extras,
)
from dragoman.wire.gemini.errors import write_failure
from dragoman.wire.gemini.reply import leftovers_of, moment_of, shown, stop_word, write_parts
from dragoman.wire.gemini.usage import write_usage
from dragoman.wire.gemini.words import (
    NAME,
    NO_CANDIDATES,
    encode,
    forms_of,
    is_own,
    put_back,
    said_only,
)
from dragoman.wire.passing import EventStreamWriter
from dragoman.wire.sse import SseEvent, encode_event

_CHUNK: Final = b'data: {"candidates":[{"content":{"parts":[%b],"role":"model"}}]%b}\n\n'
_WORDS: Final = b'{"text":%b}'
_THOUGHT: Final = b'{"text":%b,"thought":true}'


class Writer(EventStreamWriter):
    """Writes one streamed reply for a client.

    What came in this format goes out as it came, but for the model's name. Of another's reply,
    words and thoughts go out as they come, and everything else once it is whole.
    """

    wire: ClassVar[str] = NAME

    def __init__(self, _request: ChatRequest | None = None, *, model: str | None = None) -> None:
        super().__init__(model)
        self._start = ResponseStart()
        self._tail = b""
        self._template: bytes | None = None
        self._held: list[StreamEvent] = []
        self._seals = False

    def fail(self, error: LLMServiceError) -> bytes:
        """End the stream with an error, and without a reason to finish."""
        return encode_event(write_failure(error))

    def _note(self, event: StreamEvent) -> None:
        if isinstance(event, ResponseStart):
            self._begin(event)

    def _renumbered(self, event: SseEvent) -> bytes:
        return event.source

    def _told(self, event: StreamEvent) -> bytes:
        match event:
            case PartDelta():
                return self._more(event)
            case PartStart(part=part):
                return self._begin_part(event, part)
            case PartEnd():
                return self._end_part(event)
            case ResponseEnd():
                return self._end(event)
            case ResponseStart():
                self._begin(event)
                return b""
            case Aside():
                return b""
            case _:
                assert_never(event)

    def _begin(self, start: ResponseStart) -> None:
        self._start = start
        envelope = encode(self._envelope())[1:-1]
        self._tail = b"," + envelope if envelope else b""

    def _envelope(self) -> JsonObject:
        return said_only(
            {
                "createTime": moment_of(self._start.created),
                "modelVersion": self._model or self._start.model,
                "responseId": self._start.id,
            }
        )

    def _begin_part(self, event: PartStart, part: Part) -> bytes:
        self._template = _template_of(part)
        self._seals = isinstance(part, Reasoning) and part.origin == NAME
        if self._template is None:
            self._held = [event]
            return b""
        return self._piece(part.text) if isinstance(part, Text | Reasoning) else b""

    def _more(self, delta: PartDelta) -> bytes:
        if self._template is None:
            self._held.append(delta)
            return b""
        told = self._piece(delta.text)
        if delta.signature and self._seals:
            sealed = Reasoning(signature=delta.signature, origin=NAME)
            told += _CHUNK % (encode(write_parts([sealed])[0]), self._tail)
        return told

    def _piece(self, text: str) -> bytes:
        if not text or self._template is None:
            return b""
        return _CHUNK % (self._template % encode(text), self._tail)

    def _end_part(self, event: PartEnd) -> bytes:
        if self._template is not None:
            return b""
        whole = fold([*self._held, event]).parts
        return b"".join(
            _CHUNK % (encode(part), self._tail) for part in write_parts(map(shown, whole))
        )

    def _end(self, end: ResponseEnd) -> bytes:
        extras = merge_extras(self._start.extras, end.extras)
        left, usage = leftovers_of(extras), end.usage or self._start.usage
        body: JsonObject = {}
        if NO_CANDIDATES not in forms_of(extras):
            candidate: JsonObject = {
                "content": {"parts": [{"text": ""}], "role": "model", **left.content},
                "finishReason": left.candidate.get("finishReason", stop_word(end.stop)),
            }
            body["candidates"] = [put_back(candidate, left.candidate)]
        if usage is not None:
            body["usageMetadata"] = write_usage(usage)
        return encode_event(encode(body | self._envelope() | left.top))


def _template_of(part: Part) -> bytes | None:
    """Give how the pieces of a part are written; `None` for one that is written once it is whole.

    What this format itself said of a part beside its words is told with them, at their place.
    """
    match part:
        case Text(extras=extras) if not is_own(extras):
            return _WORDS
        case Reasoning(origin=origin) if origin != NAME:
            return _THOUGHT
        case Reasoning(signature=None | "", extras=extras) if not is_own(extras):
            return _THOUGHT
        case _:
            return None
