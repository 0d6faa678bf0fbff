"""A streamed reply, read: whole at `response.completed` or `.incomplete`, and never before."""

from collections.abc import Callable
from functools import partial
from typing import Final

from dragoman.chat import (
    Extras,
    Failure,
    InvalidInput,
    Json,
    JsonObject,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    UpstreamError,
)
from dragoman.wire.fields import Fields
from dragoman.wire.openai_responses.errors import failure_of
from dragoman.wire.openai_responses.items_told import ItemTeller, Section
from dragoman.wire.openai_responses.reply import check_status, head_of
from dragoman.wire.openai_responses.words import NAME
from dragoman.wire.sse import SseEvent, SseParser
from dragoman.wire.stream import EventStreamReader

MAX_EVENT: Final = 32 << 20
"""The longest event taken, in bytes: the last one holds the whole response, pictures and all."""

_DONE: Final = b"[DONE]"

# The kind of text that an event is about, and the field that tells its place.
_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "response.output_text": ("text", "content_index"),
    "response.refusal": ("refusal", "content_index"),
    "response.reasoning_text": ("reasoning", "content_index"),
    "response.reasoning_summary_text": ("summary", "summary_index"),
    "response.function_call_arguments": ("arguments", ""),
}
# The kind of text that a content part begins, by its type.
_KINDS: Final = {
    "output_text": "text",
    "input_text": "text",
    "refusal": "refusal",
    "reasoning_text": "reasoning",
}

# Where the event at the end of a text has it as a whole.
_WHOLE_TEXT: Final = ("text", "refusal", "arguments")


class Reader(EventStreamReader):
    """Reads one streamed reply.

    It goes by the `type` inside an event. What an event says of the text of an item is told at
    once; of the rest, the item's last event, or the whole response at the end, has the last word.
    Events of built-in tools say nothing in this vocabulary: their items are carried when done.
    """

    framing = partial(SseParser, max_event=MAX_EVENT)

    def __init__(self) -> None:
        super().__init__()
        self._begun = False
        self._items = ItemTeller(self._emit, self._claim)

    def _take(self, event: SseEvent) -> None:
        if event.data.startswith(_DONE) or not event.data or event.data.isspace():
            return
        said = self._object(event.data)
        if said is None:
            return
        try:
            self._hear(said)
        except UpstreamError as error:
            self._fail(error.failure)
        except InvalidInput as error:
            message = f"the stream makes no sense: {error}"
            self._fail(Failure(message=message, reason="bad_payload"))

    def _finish(self, *, clean: bool) -> None:  # noqa: ARG002 - only the last event ends a reply
        if not self._ended:
            self._interrupted()

    def _hear(self, said: JsonObject) -> None:
        kind = str(said.get("type"))
        if kind == "error" or (said.get("error") and "response" not in said):
            self._fail(failure_of(said, 200))
            return
        if kind in _HEARD:
            _HEARD[kind](self, said)
            return
        text, _, event = kind.rpartition(".")
        if text in _TEXTS and event in ("delta", "done"):
            self._begin({})
            self._hear_text(said, text, event)

    def _begin(self, response: JsonObject) -> None:
        """Tell the start, once; a server that does not announce the response is forgiven."""
        if self._begun:
            return
        self._begun = True
        self._emit(
            ResponseStart(
                id=_text(response.get("id")),
                model=_text(response.get("model")),
                created=_whole(response.get("created_at")),
                # What the response says beside is said at its end; that it is ours, now.
                extras=Extras(NAME),
                source=self._claim(),
                wire=NAME,
            )
        )

    def _hear_text(self, said: JsonObject, text: str, event: str) -> None:
        kind, field = _TEXTS[text]
        section: Section = (kind, _place(said, field) if field else 0)
        if event == "delta":
            self._items.piece(_place(said), section, Fields(said).text("delta"))
            return
        whole = next((said[name] for name in _WHOLE_TEXT if isinstance(said.get(name), str)), "")
        self._items.whole(_place(said), section, whole)

    def _announce(self, said: JsonObject) -> None:
        self._begin(_object(said, "response"))

    def _add(self, said: JsonObject) -> None:
        self._begin({})
        self._items.add(_place(said), _object(said, "item"))

    def _add_content(self, said: JsonObject) -> None:
        self._begin({})
        kind = _KINDS.get(str(_object(said, "part").get("type")))
        if kind is not None:
            self._items.enter(_place(said), (kind, _place(said, "content_index")))

    def _add_summary(self, said: JsonObject) -> None:
        self._begin({})
        self._items.enter(_place(said), ("summary", _place(said, "summary_index")))

    def _complete(self, said: JsonObject) -> None:
        self._begin({})
        self._items.done(_place(said), _object(said, "item"))

    def _complete_content(self, said: JsonObject) -> None:
        self._begin({})
        self._items.content(_place(said), _place(said, "content_index"), _object(said, "part"))

    def _end(self, said: JsonObject) -> None:
        response = _object(said, "response")
        check_status(response)
        self._begin(response)
        output = response.get("output")
        self._items.end(output if isinstance(output, list) else [])
        reply = head_of(Fields(response, "response"), self._items.parts)
        stop = reply.stop or Stop(StopReason.STOP)
        self._emit(ResponseEnd(stop, reply.usage, reply.extras, self._claim()))
        self._ended = True

    def _break_off(self, said: JsonObject) -> None:
        response = _object(said, "response")
        check_status(response)
        self._fail(failure_of(response, 200))


_HEARD: Final[dict[str, Callable[[Reader, JsonObject], None]]] = {
    "response.queued": Reader._announce,  # noqa: SLF001 - the table of its own class
    "response.created": Reader._announce,  # noqa: SLF001
    "response.in_progress": Reader._announce,  # noqa: SLF001
    "response.output_item.added": Reader._add,  # noqa: SLF001
    "response.content_part.added": Reader._add_content,  # noqa: SLF001
    "response.reasoning_summary_part.added": Reader._add_summary,  # noqa: SLF001
    "response.content_part.done": Reader._complete_content,  # noqa: SLF001
    "response.output_item.done": Reader._complete,  # noqa: SLF001
    "response.completed": Reader._end,  # noqa: SLF001
    "response.incomplete": Reader._end,  # noqa: SLF001
    "response.failed": Reader._break_off,  # noqa: SLF001
    "response.cancelled": Reader._break_off,  # noqa: SLF001
}


def _object(said: JsonObject, name: str) -> JsonObject:
    return Fields(said.get(name), name).rest()


def _place(said: JsonObject, name: str = "output_index") -> int:
    """Give a place in a list; a server that does not tell it has one."""
    return Fields(said).maybe_int(name) or 0


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
