"""What is said of a reply, object by object: one is a whole reply, many are a stream.

{"model", "created_at", "message": {"content", "thinking", "tool_calls"}, "done": false}
{"model", "created_at", "message": {…}, "done": true, "done_reason", "eval_count", …}
{"error": "…"}
"""

from collections.abc import Iterator
from datetime import datetime

from dragoman.chat import (
    Extras,
    Json,
    JsonObject,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    ToolCall,
    UpstreamError,
    Usage,
    extras_of,
    fold,
)
from dragoman.wire.base import malformed
from dragoman.wire.lines import LineParser
from dragoman.wire.ollama_chat.calls import made_id
from dragoman.wire.ollama_chat.errors import failure_of
from dragoman.wire.ollama_chat.words import NAME, STOP_REASONS, encode
from dragoman.wire.sse import SseEvent
from dragoman.wire.stream import EventStreamReader, decode_leniently

_OK = 200


def read_reply(body: bytes) -> Reply:
    """Read a whole reply. Raises `UpstreamError` if it is an error, empty, or makes no sense."""
    said: Json = decode_leniently(body)
    match said:
        case {"error": _}:
            raise UpstreamError(failure_of(said, _OK))
        case {"message": dict()}:
            return fold(Telling().tell({**said, "done": True}))
        case dict():
            raise malformed("empty_response", "the reply has no message")
        case _:
            raise malformed("bad_json", "the reply is not a JSON object")


class Reader(EventStreamReader):
    """Reads one streamed reply; only the line that is `done` makes it whole."""

    framing = LineParser

    def __init__(self) -> None:
        super().__init__()
        self._telling = Telling()

    def _take(self, event: SseEvent) -> None:
        said = self._object(event.data)
        match said:
            case None:
                return
            case {"error": _}:
                self._fail(failure_of(said, _OK))
            case {"message": dict()} | {"done": True}:
                try:
                    for told in self._telling.tell(said):
                        self._emit(told)
                except UpstreamError as error:
                    self._fail(error.failure)
                else:
                    self._ended = said.get("done") is True

    def _finish(self, *, clean: bool) -> None:  # noqa: ARG002 - no end of a body is one of a reply
        if not self._ended:
            self._interrupted()


class Telling:
    """One reply, told as its objects come."""

    def __init__(self) -> None:
        self._first: JsonObject | None = None
        self._count = 0
        self._open: type[Text | Reasoning] | None = None
        self._called = False

    def tell(self, said: JsonObject) -> Iterator[StreamEvent]:
        """Tell the next object. Raises `UpstreamError` for a call that names no function."""
        left = dict(said)
        message = dict(left.pop("message", None) or {})
        if self._first is None:
            self._first = said
            yield _start(said)
        for name in ("model", "created_at"):
            left.pop(name, None)
        yield from self._words(Reasoning, message.pop("thinking", None))
        yield from self._words(Text, message.pop("content", None))
        calls = message.pop("tool_calls", None)
        for call in calls if isinstance(calls, list) else ():
            yield from self._call(call)
        if left.pop("done", None) is True:
            yield from self._close()
            message.pop("role", None)
            yield self._end(left | ({"message": message} if message else {}))

    def _words(self, kind: type[Text | Reasoning], text: Json) -> Iterator[StreamEvent]:
        if not isinstance(text, str) or not text:
            return
        if self._open is not kind:
            yield from self._close()
            self._open = kind
            yield PartStart(self._count, Text("") if kind is Text else Reasoning(origin=NAME))
        yield PartDelta(self._count, text)

    def _call(self, call: Json) -> Iterator[StreamEvent]:
        match call:
            case {"function": {"name": str(name)}}:
                beside, function = dict(call), dict(call["function"])
            case _:
                raise malformed("bad_payload", "a tool's call names no function")
        del beside["function"], function["name"]
        arguments = function.pop("arguments", None)
        function.pop("index", None)  # its place says it, too
        yield from self._close()
        self._called = True
        text = arguments if isinstance(arguments, str) else encode(arguments or {}).decode()
        given = beside.pop("id", None)
        if not isinstance(given, str) or not given:
            first = self._first or {}
            given = made_id(first.get("created_at"), self._count, name, text)
        extras = _extras(beside | ({"function": function} if function else {}))
        yield PartStart(self._count, ToolCall(given, name, "", extras))
        yield PartDelta(self._count, text)
        yield PartEnd(self._count)
        self._count += 1

    def _close(self) -> Iterator[StreamEvent]:
        if self._open is not None:
            yield PartEnd(self._count)
            self._open = None
            self._count += 1

    def _end(self, left: JsonObject) -> ResponseEnd:
        usage = Usage(input=_count(left, "prompt_eval_count"), output=_count(left, "eval_count"))
        word = left.get("done_reason")
        if isinstance(word, str):
            del left["done_reason"]
        else:
            word = None
        reason = STOP_REASONS.get(word or "", StopReason.STOP)
        if self._called and reason is StopReason.STOP:
            reason = StopReason.TOOL
        return ResponseEnd(Stop(reason, word), usage, _extras(left))


def _start(said: JsonObject) -> ResponseStart:
    model, moment = said.get("model"), said.get("created_at")
    return ResponseStart(
        model=model if isinstance(model, str) else None,
        created=_seconds(moment),
        # To the nanosecond, which `created` is not.
        extras=None if moment is None else Extras(NAME, {"created_at": moment}),
    )


def _seconds(moment: Json) -> int | None:
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except (TypeError, ValueError, OverflowError):
        return None


def _count(left: JsonObject, name: str) -> int | None:
    """Take a count; what is no number, or less than nothing, stays where it is."""
    count = left.get(name)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return None
    del left[name]
    return count


def _extras(left: JsonObject) -> Extras | None:
    return extras_of(NAME, left)
