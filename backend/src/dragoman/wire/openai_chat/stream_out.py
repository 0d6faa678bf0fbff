"""A streamed reply, written: chunks, a last one for the usage, and `[DONE]`."""

from collections.abc import Iterable
from typing import assert_never

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
    ResponseEnd,
    ResponseStart,
    StreamEvent,
    Text,
    ToolCall,
    extras_of,
)
from dragoman.wire.openai_chat.assistant import (
    write_call,
    write_function,
    write_opaque_call,
    write_reasoning,
)
from dragoman.wire.openai_chat.content_out import write_text, write_thinking
from dragoman.wire.openai_chat.errors import write_failure
from dragoman.wire.openai_chat.leftovers import Leftovers, leftovers_of
from dragoman.wire.openai_chat.reply import shown, stop_word
from dragoman.wire.openai_chat.usage import write_usage
from dragoman.wire.openai_chat.words import (
    FUNCTION,
    NAME,
    NO_CONTENT,
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
from dragoman.wire.sse import encode_event

_OPEN_CHUNK = b'data: %b,"choices":[{"index":0,"delta":'
_CLOSE_CHUNK = b',"finish_reason":null}]}\n\n'
_DONE = b"data: [DONE]\n\n"


class Writer:
    """Writes one streamed reply for a client; the usage chunk only for one that asked for it."""

    def __init__(self, request: ChatRequest | None = None, *, model: str | None = None) -> None:
        self._tells_usage = request is None or TELL_USAGE in forms_of(request.extras)
        self._model = model
        self._start = ResponseStart()
        self._envelope: JsonObject = {}
        self._open_chunk = b""
        self._part: Part = Text("")
        self._calls = 0

    def write(self, events: Iterable[StreamEvent]) -> bytes:
        """Write the next events; the last chunks and `[DONE]` follow a `ResponseEnd`."""
        return b"".join([self._told(event) for event in events])

    def fail(self, error: LLMServiceError) -> bytes:
        """End the stream with an error, and without `[DONE]`."""
        return encode_event(write_failure(error))

    def _told(self, event: StreamEvent) -> bytes:
        """Tell one event in our own words, whichever bytes (its `source`) it came from."""
        match event:
            case PartDelta():
                return self._chunk(self._more(event))
            case PartStart(part=part):
                self._part = shown([part])[0]
                return self._chunk(self._delta(self._part))
            case PartEnd() | Aside():
                return b""
            case ResponseStart():
                return self._begin(event)
            case ResponseEnd():
                return self._end(event)
            case _:
                assert_never(event)

    def _chunk(self, delta: JsonObject) -> bytes:
        return b"%b%b%b" % (self._open_chunk, encode(delta), _CLOSE_CHUNK) if delta else b""

    def _begin(self, start: ResponseStart) -> bytes:
        self._start = start
        self._envelope = said_only(
            {
                "id": start.id,
                "object": "chat.completion.chunk",
                "created": start.created,
                "model": self._model or start.model,
            },
        )
        self._open_chunk = _OPEN_CHUNK % encode(self._envelope)[:-1]
        left = leftovers_of(start.extras)
        message = {name: value for name, value in left.message.items() if name != "content"}
        opening = {} if NO_CONTENT in forms_of(start.extras) else {"content": ""}
        delta = {"role": "assistant", **opening, **message}
        return self._full_chunk(delta, None, Leftovers(left.top, left.choice))

    def _end(self, end: ResponseEnd) -> bytes:
        first, last = leftovers_of(self._start.extras), leftovers_of(end.extras)
        # An empty content says nothing in the first delta, but its spelling does in the last.
        spelled = {name: value for name, value in first.message.items() if name == "content"}
        finish = stop_word(end.stop, first.choice | last.choice)
        chunks = [self._full_chunk(spelled | last.message, finish, last)]
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
                return self._call_delta(write_call(part, self._calls))
            case Opaque(wire, kind) if wire == NAME and kind.startswith(TOOL_CALL):
                return self._call_delta(write_opaque_call(part))
            case Opaque(wire, _, fields) if wire == NAME:
                return {"content": [fields]}
            case _:
                return {}

    def _text_delta(self, text: Text) -> JsonObject:
        forms, left = forms_of(text.extras), own(text.extras)
        if not text.text and not left:
            return {}
        if forms == (REFUSAL,):
            return {"refusal": text.text}
        if forms or left or PARTS in forms_of(self._start.extras):
            return {"content": [write_text(text)]}
        return {"content": text.text}

    def _call_delta(self, call: JsonObject) -> JsonObject:
        self._calls += 1
        return {"tool_calls": [{**call, "index": self._calls - 1}]}

    def _more(self, piece: PartDelta) -> JsonObject:
        match self._part:
            case Text(extras=None) if piece.extras is None:
                return self._text_delta(Text(piece.text))
            case Text(extras=extras) | Reasoning(extras=extras) as part:
                extras = _piece_extras(extras, piece.extras)
                return self._delta(replace(part, text=piece.text, extras=extras))
            case ToolCall(extras=extras) if FUNCTION in forms_of(extras):
                return {"function_call": {"arguments": piece.text}}
            case ToolCall():
                said: JsonObject = {"function": {"arguments": piece.text}}
            case Opaque(wire, kind) if wire == NAME and kind.startswith(TOOL_CALL):
                said = {"custom": {"input": piece.text}}
            case _:
                return {}
        call = put_back({"index": self._calls - 1, **said}, own(piece.extras))
        return {"tool_calls": [call]}


def _piece_extras(opened: Extras | None, piece: Extras | None) -> Extras | None:
    """Give a piece its own fields, and the spelling that its part began with."""
    form = dict.fromkeys((*forms_of(opened), *forms_of(piece)))
    return extras_of(NAME, own(piece), *form)
