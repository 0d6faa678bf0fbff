"""A whole reply: the fold of its events."""

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat.events import (
    Aside,
    PartDelta,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    Stop,
    StreamEvent,
    Whole,
)
from dragoman.chat.json import Extras, extra_fields, merge_extras, merge_objects
from dragoman.chat.messages import Opaque, Part, Reasoning, Text, ToolCall, text_of
from dragoman.chat.receipts import Receipt
from dragoman.chat.usage import Usage


class Reply(Struct, frozen=True, kw_only=True):
    """What a model said. `stop` is `None` while the reply is unfinished, or if it broke off.

    `whole` is what its vendor wrote, if that came at once.
    """

    id: str | None = None
    model: str | None = None
    created: int | None = None
    parts: tuple[Part, ...] = ()
    stop: Stop | None = None
    usage: Usage | None = None
    extras: Extras | None = None
    receipts: tuple[Receipt, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    whole: Whole | None = None

    @property
    def text(self) -> str:
        """The words of the answer, without its reasoning and tool calls."""
        return text_of(self.parts)


def fold(events: Iterable[StreamEvent]) -> Reply:
    """Make the reply that `events` tell; an unfinished one when they stop early."""
    folding = Fold()
    folding.add(events)
    return folding.reply()


class Fold:
    """A reply in the making: add events as they come, ask for the reply so far at any time."""

    def __init__(self) -> None:
        self._known: Reply | None = None
        self._start = ResponseStart()
        self._parts: list[Part] = []
        self._growing: _Growing | None = None
        self._end: ResponseEnd | None = None

    def add(self, events: Iterable[StreamEvent]) -> None:
        """Take the next events, in order."""
        if isinstance(events, ReplyEvents):
            self._known = events.reply
            return
        for event in events:
            match event:
                case PartDelta():
                    if self._growing is not None:
                        self._growing.add(event)
                case PartStart():
                    self._growing = _Growing(event.part)
                case PartEnd():
                    self._close_part()
                case ResponseStart():
                    self._start = event
                case ResponseEnd():
                    self._end = event
                case Aside():
                    pass
                case _:
                    assert_never(event)

    def reply(self) -> Reply:
        """Give the reply so far; a part still open is in it as far as it came."""
        if self._known is not None:
            return self._known
        growing = () if self._growing is None else (self._growing.whole(),)
        start, end = self._start, self._end
        return Reply(
            id=start.id,
            model=start.model,
            created=start.created,
            parts=(*self._parts, *growing),
            stop=None if end is None else end.stop,
            usage=start.usage if end is None or end.usage is None else end.usage,
            extras=merge_extras(start.extras, None if end is None else end.extras),
            receipts=start.receipts,
            headers=start.headers,
            whole=start.whole,
        )

    def _close_part(self) -> None:
        if self._growing is not None:
            self._parts.append(self._growing.whole())
            self._growing = None


class _Growing:
    """A part whose deltas are still coming."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._texts: list[str] = []
        self._signatures: list[str] = []
        self._extras: Extras | None = None

    def add(self, delta: PartDelta) -> None:
        if delta.text:
            self._texts.append(delta.text)
        if delta.signature is not None:
            self._signatures.append(delta.signature)
        if delta.extras is not None:
            self._extras = merge_extras(self._extras, delta.extras)

    def whole(self) -> Part:
        if not (self._texts or self._signatures or self._extras):
            return self._part
        more = "".join(self._texts)
        match self._part:
            case Text() as part:
                extras = merge_extras(part.extras, self._extras)
                return replace(part, text=part.text + more, extras=extras)
            case Reasoning() as part:
                extras = merge_extras(part.extras, self._extras)
                seal = self._seal(part.signature)
                return replace(part, text=part.text + more, signature=seal, extras=extras)
            case ToolCall() as part:
                extras = merge_extras(part.extras, self._extras)
                return replace(part, arguments=part.arguments + more, extras=extras)
            case Opaque() as part:
                fields = merge_objects(part.fields, extra_fields(self._extras, part.wire))
                return replace(part, fields=fields, text=part.text + more)
            case part:
                return part

    def _seal(self, begun: str | None) -> str | None:
        return "".join((begun or "", *self._signatures)) if self._signatures else begun


class ReplyEvents(list[StreamEvent]):
    """All the events of a reply that is known already: to fold them is to give it back."""

    __slots__ = ("reply",)

    def __init__(self, events: Iterable[StreamEvent], reply: Reply) -> None:
        super().__init__(events)
        self.reply = reply


def events_of(reply: Reply, *, wire: str | None = None) -> ReplyEvents:
    """Tell a whole reply as the events it would have been: `fold(events_of(reply)) == reply`.

    `wire` is the format in which it was read. An unfinished reply gives no `ResponseEnd`.
    """
    events: list[StreamEvent] = [
        ResponseStart(
            reply.id,
            reply.model,
            reply.created,
            reply.usage,
            reply.extras,
            reply.receipts,
            wire=wire,
            headers=reply.headers,
            whole=reply.whole,
        ),
    ]
    for index, part in enumerate(reply.parts):
        events += (PartStart(index, part), PartEnd(index))
    if reply.stop is not None:
        events.append(ResponseEnd(reply.stop, reply.usage))
    return ReplyEvents(events, reply)
