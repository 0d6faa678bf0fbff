"""A streamed reply, written: events with their numbers, closed by one that holds it all."""

import re
from collections.abc import Iterator
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
    Reply,
    ResponseEnd,
    ResponseStart,
    StreamEvent,
    Text,
    merge_extras,
)
from dragoman.wire.openai_responses.errors import error_object, failed_object
from dragoman.wire.openai_responses.item_events import ItemEvents
from dragoman.wire.openai_responses.items_out import goes_on
from dragoman.wire.openai_responses.reply import base_of, write_response
from dragoman.wire.openai_responses.words import NAME, PADDING, STATUS_OF_EVENT, encode
from dragoman.wire.passing import EventStreamWriter
from dragoman.wire.sse import SseEvent, SseParser, encode_event
from dragoman.wire.stream import decode_leniently

_UNFINISHED: Final[JsonObject] = {
    "status": "in_progress",
    "error": None,
    "incomplete_details": None,
    "usage": None,
}

_NOT_ANEW: Final = PADDING | {"sequence_number", "logprobs"}

# In bytes passed on. A quotation mark within a JSON string is escaped, so what looks like a key is
# one; at the end of an event, it is one of the event itself.
_PADDED: Final = re.compile(rb',"obfuscation":"[^"\\]*"(?=\}\r?\n)')
_PLACE: Final = re.compile(rb'"output_index"\s*:\s*(\d+)')
_SEQUENCE: Final = re.compile(rb'"sequence_number"\s*:\s*(\d+)')


class Writer(EventStreamWriter):
    """Writes one streamed reply for a client; what is told anew repeats what `request` said."""

    wire: ClassVar[str] = NAME

    def __init__(self, request: ChatRequest | None = None, *, model: str | None = None) -> None:
        super().__init__(model)
        self._request = request
        self._start: ResponseStart | None = None
        self._sequence = 0
        self._put_in: list[tuple[int, JsonObject]] = []
        self._events_put_in = 0
        self._items: list[JsonObject] = []
        self._before: list[Text] = []
        self._open: ItemEvents | None = None

    def fail(self, error: LLMServiceError) -> bytes:
        """End the stream with an error, and the response, if it has begun, as one that failed.

        The error stands in the event twice: at the top, as the vendor's types have it, and in
        `error`, as the vendor sends it and its SDK raises it.
        """
        said = error_object(error)
        failure = self._event({**said, "type": "error", "error": said})
        if self._start is None:
            return failure
        failed = {"status": "failed", "error": failed_object(error)}
        response = self._response(Reply(), self._items) | failed
        return failure + self._event({"type": "response.failed", "response": response})

    def _note(self, event: StreamEvent) -> None:
        if isinstance(event, ResponseStart):
            self._start = event
        self._next = max(self._next, self._numbers_in(self._last))

    def _numbers_in(self, last: bytes) -> int:
        return max((int(place) + 1 for place in _PLACE.findall(last)), default=0)

    def _renumbered(self, event: SseEvent) -> bytes:
        said = decode_leniently(event.data)
        if not isinstance(said, dict):
            return event.source
        if isinstance(said.get("sequence_number"), int):
            said["sequence_number"] += self._events_put_in
        if isinstance(said.get("output_index"), int):
            said["output_index"] = self._moved(said["output_index"])
        match said.get("response"):
            case {"output": list(output)} if output:
                for place, item in self._put_in:
                    output.insert(place, item)
        return encode_event(encode(said), None if event.name == "message" else event.name)

    def _without(self, passed: bytes) -> bytes:
        if b'"obfuscation"' not in passed:
            return passed
        passed = _PADDED.sub(b"", passed)
        if b'"obfuscation"' not in passed:
            return passed
        return b"".join(map(_unpadded, SseParser(max_event=len(passed)).feed(passed)))

    def _told(self, event: StreamEvent) -> bytes:
        return b"".join(map(self._event, self._say(event)))

    def _say(self, event: StreamEvent) -> Iterator[JsonObject]:
        match event:
            case PartDelta():
                if self._open is not None:
                    yield from self._open.more(event)
                elif self._passes and event.text:
                    yield from self._like_the_last(event.text)
            case PartStart(part=part):
                yield from self._begin_part(part)
            case PartEnd():
                yield from self._end_part()
            case Aside():
                pass
            case ResponseStart(extras=extras):
                self._start = event
                response = self._response(Reply(extras=extras), []) | _UNFINISHED
                response.pop("completed_at", None)
                yield {"type": "response.created", "response": response}
                yield {"type": "response.in_progress", "response": response}
            case ResponseEnd():
                yield self._end(event)
            case _:
                assert_never(event)

    def _like_the_last(self, text: str) -> Iterator[JsonObject]:
        """Tell more of a part that the vendor began, as the vendor's last event has it."""
        for event in SseParser(max_event=len(self._last)).feed(self._last):
            match decode_leniently(event.data):
                case {"delta": str(), **said}:
                    pass
                case {"type": "response.content_part.added", "part": _, **said}:
                    said["type"] = "response.output_text.delta"
                case _:
                    continue
            left: JsonObject = {str(n): said[n] for n in said if n not in _NOT_ANEW}
            yield {**left, "delta": text}

    def _begin_part(self, part: Part) -> Iterator[JsonObject]:
        if isinstance(part, Text) and goes_on(part):
            # What its message says of itself stands with the last text of it.
            self._before.append(part)
            return
        place = self._begin_item(part)
        tail = f"{self._base()}_{place}"
        self._open = ItemEvents(self._before, part, place, tail)
        self._before = []
        yield from self._open.begin()

    def _begin_item(self, part: Part) -> int:
        """Give the place of the item that tells a part; one that is not told has none."""
        if ItemEvents(self._before, part, 0, "").item is None:
            return 0
        self._begin_number()
        return self._number

    def _end_part(self) -> Iterator[JsonObject]:
        if self._open is None:
            return
        yield from self._open.end()
        if self._open.item is not None:
            self._items.append(self._open.item)
            if self._passes:
                self._put_in.append((self._number, self._open.item))
        self._open = None

    def _end(self, end: ResponseEnd) -> JsonObject:
        start = self._start or ResponseStart()
        usage, extras = end.usage or start.usage, merge_extras(start.extras, end.extras)
        response = self._response(Reply(stop=end.stop, usage=usage, extras=extras), self._items)
        kind = STATUS_OF_EVENT.get(response.get("status", ""), "response.completed")
        return {"type": kind, "response": response}

    def _base(self) -> str:
        return base_of(None if self._start is None else self._start.id)

    def _response(self, reply: Reply, items: list[JsonObject]) -> JsonObject:
        start = self._start or ResponseStart()
        told = Reply(
            id=start.id,
            model=self._model or start.model,
            created=start.created,
            stop=reply.stop,
            usage=reply.usage,
            extras=reply.extras,
        )
        return write_response(told, self._request) | {"output": items}

    def _event(self, said: JsonObject) -> bytes:
        if self._passes:
            heard = [int(number) + 1 for number in _SEQUENCE.findall(self._last)]
            self._sequence = max(self._sequence, *heard, 0) if heard else self._sequence
            number = self._sequence + self._events_put_in
            self._events_put_in += 1
        else:
            number = self._sequence
            self._sequence += 1
        return encode_event(
            encode({"type": said["type"], "sequence_number": number, **said}), said["type"]
        )


def _unpadded(event: SseEvent) -> bytes:
    """Write an event of the vendor's anew where it holds padding."""
    said = decode_leniently(event.data)
    if not isinstance(said, dict) or not PADDING & said.keys():
        return event.source
    left = {name: value for name, value in said.items() if name not in PADDING}
    return encode_event(encode(left), None if event.name == "message" else event.name)
