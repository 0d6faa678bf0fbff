"""A streamed reply, written: events with their numbers, closed by one that holds it all."""

from collections.abc import Iterable, Iterator
from typing import assert_never

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
from dragoman.wire.naming import Naming
from dragoman.wire.openai_responses.errors import error_object, failed_object
from dragoman.wire.openai_responses.item_events import ItemEvents
from dragoman.wire.openai_responses.items_out import goes_on
from dragoman.wire.openai_responses.reply import base_of, write_response
from dragoman.wire.openai_responses.words import NAME, STATUS_OF_EVENT, encode
from dragoman.wire.sse import encode_event

_UNFINISHED: JsonObject = {"status": "in_progress", "error": None, "incomplete_details": None}


class Writer:
    """Writes one streamed reply for a client.

    What comes from this same wire goes out as it came, but for the model's name. Anything else is
    told anew, and repeats what `request` said, as this format has it.
    """

    def __init__(self, request: ChatRequest | None = None, *, model: str | None = None) -> None:
        self._request = request
        self._model = model
        self._naming: Naming | None = None
        self._start = ResponseStart()
        self._begun = False
        self._number = 0
        self._items: list[JsonObject] = []
        self._before: list[Text] = []
        self._open: ItemEvents | None = None
        self._text: Part | None = None

    def write(self, events: Iterable[StreamEvent]) -> bytes:
        """Write the next events; the last one follows a `ResponseEnd`."""
        return b"".join([self._written(event) for event in events])

    def fail(self, error: LLMServiceError) -> bytes:
        """End the stream with an error, and the response, if it has begun, as one that failed.

        The error stands in the event twice: at the top, as the vendor's types have it, and in
        `error`, as the vendor sends it and its SDK raises it.
        """
        said = error_object(error)
        pieces = [self._event({**said, "type": "error", "error": said})]
        if self._begun:
            failed = {"status": "failed", "error": failed_object(error)}
            response = self._response(Reply(), self._items) | failed
            pieces.append(self._event({"type": "response.failed", "response": response}))
        return b"".join(pieces)

    def _written(self, event: StreamEvent) -> bytes:
        if isinstance(event, ResponseStart):
            self._start, self._begun = event, True
            if event.wire == NAME and event.source is not None:
                self._naming = Naming(event.model, self._model)
        if self._naming is None:
            return b"".join(map(self._event, self._told(event)))
        source = event.source or b""
        self._number += source.count(b"\n\n")
        return self._naming.put(source)

    def _told(self, event: StreamEvent) -> Iterator[JsonObject]:
        match event:
            case PartDelta():
                if self._open is not None:
                    yield from self._open.more(event)
            case PartStart(part=part):
                yield from self._begin_part(part)
            case PartEnd():
                yield from self._end_part()
            case Aside():
                pass
            case ResponseStart(extras=extras):
                response = self._response(Reply(extras=extras), []) | _UNFINISHED
                response["usage"] = None
                response.pop("completed_at", None)
                yield {"type": "response.created", "response": response}
                yield {"type": "response.in_progress", "response": response}
            case ResponseEnd():
                yield self._end(event)
            case _:
                assert_never(event)

    def _begin_part(self, part: Part) -> Iterator[JsonObject]:
        if isinstance(part, Text) and goes_on(part):
            # What its message is called stands with the last text of it.
            self._before.append(part)
            return
        place = len(self._items)
        tail = f"{base_of(self._start.id)}_{place}"
        self._open = ItemEvents(self._before, part, place, tail)
        self._before = []
        yield from self._open.begin()

    def _end_part(self) -> Iterator[JsonObject]:
        if self._open is None:
            return
        yield from self._open.end()
        if self._open.item is not None:
            self._items.append(self._open.item)
        self._open = None

    def _end(self, end: ResponseEnd) -> JsonObject:
        usage = end.usage or self._start.usage
        extras = merge_extras(self._start.extras, end.extras)
        response = self._response(Reply(stop=end.stop, usage=usage, extras=extras), self._items)
        kind = STATUS_OF_EVENT.get(response.get("status", ""), "response.completed")
        return {"type": kind, "response": response}

    def _response(self, reply: Reply, items: list[JsonObject]) -> JsonObject:
        start = self._start
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
        numbered = {"type": said["type"], "sequence_number": self._number, **said}
        self._number += 1
        return encode_event(encode(numbered), said["type"])
