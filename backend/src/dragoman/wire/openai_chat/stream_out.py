"""A streamed reply, written: chunks, a last one for the usage, and `[DONE]`."""

import re
from typing import ClassVar, Final, assert_never

from msgspec.structs import replace

from dragoman.chat import (
    Aside,
    ChatRequest,
    Extras,
    Image,
    Json,
    JsonObject,
    LLMServiceError,
    Opaque,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    ResponseEnd,
    ResponseStart,
    StreamEvent,
    Text,
    ToolCall,
    extras_of,
)
from dragoman.wire.citing import Citations
from dragoman.wire.openai_chat.assistant import (
    write_call,
    write_function,
    write_opaque_call,
    write_reasoning,
)
from dragoman.wire.openai_chat.content_out import write_text, write_thinking
from dragoman.wire.openai_chat.errors import write_failure
from dragoman.wire.openai_chat.leftovers import Leftovers, leftovers_of
from dragoman.wire.openai_chat.reply import pictures, shown, stop_word
from dragoman.wire.openai_chat.usage import write_usage
from dragoman.wire.openai_chat.words import (
    FUNCTION,
    NAME,
    NO_CONTENT,
    PADDING,
    PARTS,
    REFUSAL,
    TELL_USAGE,
    THINKING,
    TOOL_CALL,
    encode,
    forms_of,
    own,
    put_back,
    said_only,
)
from dragoman.wire.passing import EventStreamWriter
from dragoman.wire.refrain import Retelling
from dragoman.wire.sse import SseEvent, SseParser, encode_event
from dragoman.wire.stream import decode_leniently

_OPEN_CHUNK: Final = b'data: %b,"choices":[{"index":0,"delta":'
_CLOSE_CHUNK: Final = b',"finish_reason":null}]}\n\n'
_DONE: Final = b"data: [DONE]\n\n"

# In bytes passed on. A quotation mark within a JSON string is escaped, so what looks like a key is
# one; at the end of a chunk, it is one of the chunk itself.
_IS_DONE: Final = re.compile(rb"(?:\A|[\r\n])data: ?\[DONE\]")
_PADDED: Final = re.compile(rb',"(?:obfuscation|p)":"[^"\\]*"(?=\}\r?\n)')
_USAGE: Final = re.compile(rb'"usage"\s*:\s*\{')
_NO_USAGE: Final = re.compile(rb',"usage":null(?=\}\r?\n)')


class Writer(EventStreamWriter):
    """Writes one streamed reply for a client; the usage only for one that asked for it."""

    wire: ClassVar[str] = NAME

    def __init__(self, request: ChatRequest | None = None, *, model: str | None = None) -> None:
        super().__init__(model)
        self._tells_usage = request is None or _asks_for_usage(request)
        self._start = ResponseStart()
        self._lists_content = False
        self._envelope: JsonObject = {}
        self._open_chunk = b""
        self._part: Part = Text("")
        self._has_arguments = False
        self._signs = False
        self._citations = Citations()
        self._retelling = Retelling(b'"content"')

    def fail(self, error: LLMServiceError) -> bytes:
        """End the stream with an error, and without `[DONE]`."""
        return encode_event(write_failure(error))

    def _note(self, event: StreamEvent) -> None:
        match event:
            case PartStart(part=part):
                self._part = part
                self._has_arguments = True
                if _is_numbered(part):
                    self._follow_number()
            case ResponseStart():
                self._open(event)

    def _renumbered(self, event: SseEvent) -> bytes:
        chunk = decode_leniently(event.data)
        if not (calls := _calls_of(chunk)):
            return event.source
        for call in calls:
            call["index"] = self._moved(call["index"])
        return encode_event(encode(chunk))

    def _numbers_in(self, last: bytes) -> int:
        chunks = (decode_leniently(event.data) for event in SseParser().feed(last))
        return max((call["index"] + 1 for chunk in chunks for call in _calls_of(chunk)), default=0)

    def _cleaned(self, passed: bytes) -> bytes:
        retold = self._retelling.of(passed)
        if retold is None:
            retold = super()._cleaned(passed)
            self._retelling.learn(passed, retold)
        return retold

    def _without(self, passed: bytes) -> bytes:
        padded = _is_padded(passed)
        if padded:
            passed = _PADDED.sub(b"", passed)
            padded = _is_padded(passed)
        counted = False
        if not self._tells_usage and b'"usage"' in passed:
            passed = _NO_USAGE.sub(b"", passed)
            counted = _USAGE.search(passed) is not None
        if padded or counted:
            return b"".join(map(self._only_asked_for, SseParser().feed(passed)))
        return passed

    def _only_asked_for(self, event: SseEvent) -> bytes:
        """Write an event of the vendor's anew where it holds padding, or usage for nobody."""
        chunk = decode_leniently(event.data)
        if not isinstance(chunk, dict):
            return event.source
        unwanted = PADDING & chunk.keys()
        if chunk.get("usage") and not self._tells_usage:
            if not chunk.get("choices"):
                return b""
            unwanted |= {"usage"}
        if not unwanted:
            return event.source
        return encode_event(encode({n: value for n, value in chunk.items() if n not in unwanted}))

    def _closing(self, last: bytes) -> bytes:
        return b"" if _IS_DONE.search(last) else _DONE

    def _told(self, event: StreamEvent) -> bytes:
        match event:
            case PartDelta(text=text):
                if isinstance(self._part, Text):
                    self._citations.add(text, event.extras)
                self._has_arguments = self._has_arguments or bool(text)
                return self._chunk(self._more(event))
            case PartStart(part=part):
                self._part = shown([part])[0]
                self._signs = isinstance(part, Reasoning) and part.origin == NAME
                self._has_arguments = isinstance(part, ToolCall) and bool(part.arguments)
                if isinstance(part, Text):
                    self._citations.add(part.text, part.extras)
                return self._chunk(self._delta(self._part))
            case PartEnd():
                self._citations.end()
                return self._end_part()
            case Aside():
                return b""
            case ResponseStart():
                return self._begin(event)
            case ResponseEnd():
                return self._end(event)
            case _:
                assert_never(event)

    def _chunk(self, delta: JsonObject) -> bytes:
        return b"%b%b%b" % (self._open_chunk, encode(delta), _CLOSE_CHUNK) if delta else b""

    def _open(self, start: ResponseStart) -> None:
        self._start = start
        self._lists_content = PARTS in forms_of(start.extras)
        self._envelope = said_only(
            {
                "id": start.id,
                "object": "chat.completion.chunk",
                "created": start.created,
                "model": self._model or start.model,
            },
        )
        self._open_chunk = _OPEN_CHUNK % encode(self._envelope)[:-1]

    def _begin(self, start: ResponseStart) -> bytes:
        self._open(start)
        left = leftovers_of(start.extras)
        message = {name: value for name, value in left.message.items() if name != "content"}
        opening = {} if NO_CONTENT in forms_of(start.extras) else {"content": ""}
        delta = {"role": "assistant", **opening, **message}
        return self._full_chunk(delta, None, Leftovers(left.top, left.choice))

    def _end_part(self) -> bytes:
        """Say "nothing" in JSON where a call was told without arguments: it is read as JSON."""
        if not isinstance(self._part, ToolCall) or self._has_arguments:
            return b""
        return self._chunk(self._more(PartDelta(0, "{}")))

    def _end(self, end: ResponseEnd) -> bytes:
        first, last = leftovers_of(self._start.extras), leftovers_of(end.extras)
        # An empty content says nothing in the first delta, but its spelling does in the last.
        spelled = {name: value for name, value in first.message.items() if name == "content"}
        finish = stop_word(end.stop, first.choice | last.choice)
        cited = self._citations.annotations()
        chunks = [self._full_chunk(cited | spelled | last.message, finish, last)]
        usage = end.usage or self._start.usage
        if usage is not None and self._tells_usage:
            counted = {**self._envelope, "choices": [], "usage": write_usage(usage)}
            chunks.append(encode_event(encode(counted)))
        return b"".join([*chunks, _DONE])

    def _full_chunk(self, delta: JsonObject, finish: str | None, left: Leftovers) -> bytes:
        choice = put_back({"index": 0, "delta": delta, "finish_reason": finish}, left.choice)
        return encode_event(encode(put_back({**self._envelope, "choices": [choice]}, left.top)))

    def _delta(self, part: Part) -> JsonObject:
        """Say a part, as far as it is known when it begins; nothing if that is nothing yet."""
        match part:
            case Text():
                return self._text_delta(part)
            case Reasoning(text, extras=extras) if THINKING in forms_of(extras):
                return {"content": [write_thinking(part)]} if text or own(extras) else {}
            case Reasoning():
                return write_reasoning(part)
            case ToolCall(extras=extras) if FUNCTION in forms_of(extras):
                return {"function_call": write_function(part)}
            case ToolCall():
                return self._call_delta(write_call(part, self._next))
            case Opaque(wire, kind) if wire == NAME and kind.startswith(TOOL_CALL):
                return self._call_delta(write_opaque_call(part))
            case Opaque(wire, _, fields) if wire == NAME:
                return {"content": [fields]}
            case Image():
                return pictures([part])
            case _:
                return {}

    def _text_delta(self, text: Text) -> JsonObject:
        forms, left = forms_of(text.extras), own(text.extras)
        if not text.text and not left:
            return {}
        if forms == (REFUSAL,):
            return {"refusal": text.text}
        if forms or left or self._lists_content:
            return {"content": [write_text(text)]}
        return {"content": text.text}

    def _call_delta(self, call: JsonObject) -> JsonObject:
        self._begin_number()
        return {"tool_calls": [{**call, "index": self._number}]}

    def _more(self, piece: PartDelta) -> JsonObject:
        match self._part:
            case Text(extras=None) if piece.extras is None and not self._lists_content:
                return {"content": piece.text} if piece.text else {}
            case Text(extras=extras) as part:
                extras = _piece_extras(extras, piece.extras)
                return self._delta(replace(part, text=piece.text, extras=extras))
            case Reasoning(extras=extras) as part:
                extras = _piece_extras(extras, piece.extras)
                signature = piece.signature if self._signs else None
                more = replace(part, text=piece.text, signature=signature, extras=extras)
                return self._delta(more)
            case ToolCall(extras=extras) if FUNCTION in forms_of(extras):
                return {"function_call": {"arguments": piece.text}}
            case ToolCall():
                said: JsonObject = {"function": {"arguments": piece.text}}
            case Opaque(wire, kind) if wire == NAME and kind.startswith(TOOL_CALL):
                said = {"custom": {"input": piece.text}}
            case _:
                return {}
        call = put_back({"index": self._number, **said}, own(piece.extras))
        return {"tool_calls": [call]}


def _piece_extras(opened: Extras | None, piece: Extras | None) -> Extras | None:
    """Give a piece its own fields, and the spelling that its part began with."""
    form = dict.fromkeys((*forms_of(opened), *forms_of(piece)))
    return extras_of(NAME, own(piece), *form)


def _calls_of(chunk: Json) -> list[JsonObject]:
    """Give the numbered pieces of calls in a vendor's chunk."""
    match chunk:
        case {"choices": [{"delta": {"tool_calls": [*calls]}}, *_]}:
            return [call for call in calls if _has_number(call)]
        case _:
            return []


def _has_number(call: Json) -> bool:
    return isinstance(call, dict) and isinstance(call.get("index"), int)


def _is_padded(passed: bytes) -> bool:
    # Once for each read of every stream: two look-ups are quicker than any loop over PADDING.
    return b'"obfuscation":' in passed or b'"p":' in passed


def _asks_for_usage(request: ChatRequest) -> bool:
    options = own(request.extras).get("stream_options")
    beside_others = isinstance(options, dict) and options.get("include_usage") is True
    return beside_others or TELL_USAGE in forms_of(request.extras)


def _is_numbered(part: Part) -> bool:
    """Tell whether a part stands among the tool calls, which have numbers."""
    match part:
        case ToolCall(extras=extras):
            return FUNCTION not in forms_of(extras)
        case Opaque(wire, kind):
            return wire == NAME and kind.startswith(TOOL_CALL)
        case _:
            return False
