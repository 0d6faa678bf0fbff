"""A streamed reply, read: whole at `metadata`, which follows `messageStop` and tells its cost."""

import base64
import binascii
from collections.abc import Callable
from typing import ClassVar, Final

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
    Reasoning,
    ResponseEnd,
    ResponseStart,
    Stop,
    Text,
    ToolCall,
    Usage,
    extras_of,
    merge_objects,
)
from dragoman.wire.bedrock_converse.content_in import read_block
from dragoman.wire.bedrock_converse.errors import read_exception
from dragoman.wire.bedrock_converse.reply import read_stop
from dragoman.wire.bedrock_converse.usage import read_usage
from dragoman.wire.bedrock_converse.words import NAME, set_aside
from dragoman.wire.fields import Fields
from dragoman.wire.frames import EXCEPTION, FrameParser
from dragoman.wire.sse import SseEvent
from dragoman.wire.stream import EventStreamReader, Framing

# Random letters, so that lengths tell an eavesdropper nothing.
_PADDING: Final = "p"


class Reader(EventStreamReader):
    """Reads one streamed reply.

    A block of words or thoughts begins with its first piece; one of a tool is announced. What has
    no pieces in this vocabulary (a picture, thinking that nobody may read) is told once it is
    whole. A reply whose `messageStop` came is finished by a clean end, too.
    """

    framing: ClassVar[Callable[[], Framing]] = FrameParser

    def __init__(self) -> None:
        super().__init__()
        self._begun = False
        self._part = -1
        self._block: int | None = None
        self._closed: set[int] = set()
        self._open: Part | None = None
        self._held: JsonObject | None = None
        self._stop: Stop | None = None
        self._last_words: JsonObject = {}

    def _take(self, event: SseEvent) -> None:
        if event.name.startswith(EXCEPTION):
            self._fail(read_exception(event.name.removeprefix(EXCEPTION), event.data))
            return
        said = self._object(event.data)
        if said is None:
            return
        said.pop(_PADDING, None)
        try:
            self._hear(event.name, said)
        except InvalidInput as error:
            self._fail(Failure(message=f"the stream makes no sense: {error}", reason="bad_payload"))

    def _finish(self, *, clean: bool) -> None:
        if self._ended:
            return
        if clean and self._stop is not None and not self._parser.pending:
            self._end(None)
        else:
            self._interrupted()

    def _hear(self, name: str, said: JsonObject) -> None:
        if not self._begun and name in _AFTER_THE_START:
            raise InvalidInput("", "it does not open with messageStart")
        match name:
            case "contentBlockDelta":
                self._take_delta(_index(said), said.get("delta"))
            case "contentBlockStart":
                self._begin_block(_index(said), said.get("start"))
            case "contentBlockStop":
                self._end_block(_index(said))
            case "messageStart" if self._begun:
                raise InvalidInput("messageStart", "another reply begins inside this one")
            case "messageStart":
                self._begun = True
                self._emit(ResponseStart(source=self._claim(), wire=NAME))
            case "messageStop":
                self._end_open_block()
                self._stop = read_stop(said.pop("stopReason", None))
                self._last_words |= said
            case "metadata":
                counts = said.pop("usage", None)
                self._last_words |= said
                self._end(read_usage(counts) if isinstance(counts, dict) else None)

    def _begin_block(self, index: int, start: Json) -> None:
        self._claim_index(index)
        match start:
            case {"toolUse": {"type": "server_tool_use"} as call}:
                self._begin(Opaque(NAME, "toolUse", {"toolUse": call}))
            case {"toolUse": {}}:
                call = Fields(start["toolUse"], "contentBlockStart.start.toolUse")
                call_id, name = call.text("toolUseId"), call.text("name")
                self._begin(ToolCall(call_id, name, "", set_aside(call)))
            case {"image": {}}:
                self._held = start
            case dict() if start:
                self._begin(Opaque(NAME, next(iter(start)), start))

    def _claim_index(self, index: int) -> None:
        self._end_open_block()
        if index in self._closed:
            raise InvalidInput("contentBlockIndex", f"block {index} was closed already")
        self._block = index

    def _begin(self, part: Part) -> None:
        self._part += 1
        self._open = part
        self._emit(PartStart(self._part, part, self._claim()))

    def _take_delta(self, index: int, delta: Json) -> None:
        if index != self._block:
            self._claim_index(index)
        match delta:
            case {"text": str(text)}:
                self._grow(text, Text(""))
            case {"toolUse": {"input": str(text)}} if self._open is not None:
                self._grow(text, self._open)
            case {"reasoningContent": {} as thought}:
                self._think(thought)
            case {"citation": citation}:
                self._open_as(Text(""))
                self._complete({"citations": [citation]})
            case {"toolResult": [*content]} if self._open is not None:
                self._complete({"toolResult": {"content": content}})
            case dict() if self._held is not None:
                self._held = merge_objects(self._held, delta)
            case dict() if isinstance(self._open, Opaque):
                self._complete(delta)

    def _think(self, thought: Json) -> None:
        match thought:
            case {"text": str(text)}:
                self._grow(text, Reasoning(origin=NAME))
            case {"signature": str(signature)}:
                self._open_as(Reasoning(origin=NAME))
                self._emit(PartDelta(self._part, signature=signature, source=self._claim()))
            case {"redactedContent": str(sealed)}:
                self._hold_sealed(sealed)

    def _open_as(self, part: Part) -> None:
        """Begin the block that a first piece opens."""
        if self._open is None:
            self._begin(part)

    def _grow(self, text: str, part: Part) -> None:
        self._open_as(part)
        if text:
            self._emit(PartDelta(self._part, text, source=self._claim()))

    def _complete(self, fields: JsonObject) -> None:
        extras = Extras(NAME, fields)
        self._emit(PartDelta(self._part, extras=extras, source=self._claim()))

    def _hold_sealed(self, sealed: str) -> None:
        match self._held:
            case {"reasoningContent": {"redactedContent": str(before)}}:
                sealed = _joined(before, sealed)
        self._held = {"reasoningContent": {"redactedContent": sealed}}

    def _end_block(self, index: int) -> None:
        if index == self._block:
            self._end_open_block()
        self._closed.add(index)

    def _end_open_block(self) -> None:
        if self._block is None:
            return
        if self._held is not None:
            self._begin(read_block(self._held, "contentBlock"))
        if self._open is not None:
            self._emit(PartEnd(self._part, self._claim()))
        self._closed.add(self._block)
        self._block = self._open = self._held = None

    def _end(self, usage: Usage | None) -> None:
        if self._stop is None:
            raise InvalidInput("metadata", "it comes before messageStop")
        extras = extras_of(NAME, self._last_words)
        self._emit(ResponseEnd(self._stop, usage, extras, self._claim()))
        self._ended = True


_AFTER_THE_START: Final = frozenset(
    {"contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
)


def _index(said: JsonObject) -> int:
    index = said.get("contentBlockIndex")
    if not isinstance(index, int):
        raise InvalidInput("contentBlockIndex", "must be an integer")
    return index


def _joined(first: str, second: str) -> str:
    """Join two pieces of base64, of which the first may be padded."""
    try:
        return base64.b64encode(base64.b64decode(first) + base64.b64decode(second)).decode()
    except binascii.Error:
        return first + second
