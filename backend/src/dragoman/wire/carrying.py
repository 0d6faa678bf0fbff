"""What a vendor wants back unbroken, carried through clients of another format.

    Carrier.carry(events of another wire) ─▶ events whose reasoning holds a seal of ours
    uncarried(request) ◀─ the client replays it, as it would its own vendor's

A model's signed thinking, and what its vendor hangs on a tool's call, mean something only where
they came from. A client of another format has a place for one thing only that it returns unread:
the signature of reasoning. So it gets that whole part as one, and when it comes back, the part is
what it was, tagged with its origin: its own wire sends it on byte for byte, any other drops it.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Extras,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    Reply,
    StreamEvent,
    ToolCall,
    events_of,
    fold,
)

_MARK: Final = b"dragoman1"
# Nine bytes are twelve characters of base64, whatever follows.
_PREFIX: Final = base64.b64encode(_MARK).decode()
_LONGEST: Final = 16 << 20
"""The longest part that is opened, in bytes: thoughts are text."""

# Clients that see bytes in it may write them anew, in the alphabet of addresses.
_STANDARD: Final = str.maketrans("-_", "+/")


class _Sealed(Struct, frozen=True, omit_defaults=True):
    """What is in a seal: reasoning, or the `extras` of a later call, by its id."""

    reasoning: Reasoning | None = None
    call_id: str = ""
    extras: Extras | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Sealed).decode


def _seal(sealed: _Sealed) -> str:
    return base64.b64encode(_MARK + zlib.compress(_encode(sealed))).decode()


def _unseal(signature: str | None) -> _Sealed | None:
    """Open a seal; `None` for what we did not seal, or what was broken on its way."""
    if signature is None or not signature.startswith(_PREFIX):
        return None
    try:
        raw = base64.b64decode(signature.translate(_STANDARD), validate=True)
        opening = zlib.decompressobj()
        content = opening.decompress(raw[len(_MARK) :], _LONGEST)
        return None if opening.unconsumed_tail else _decode(content)
    except (binascii.Error, zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class Carrier:
    """Makes the events of another wire such that clients of `wire` carry its seals back."""

    def __init__(self, wire: str) -> None:
        self._wire = wire
        self._inserted = 0
        self._thinking: list[StreamEvent] | None = None

    def carry(self, events: Iterable[StreamEvent]) -> list[StreamEvent]:
        """Give the next events, in which parts may be numbered anew."""
        return [told for event in events for told in self._carried(event)]

    def _carried(self, event: StreamEvent) -> Iterator[StreamEvent]:
        match event:
            case PartStart(part=Reasoning(origin=str(origin))) if origin != self._wire:
                yield from self._think(event)
            case PartStart(
                part=ToolCall(id=call_id, extras=Extras(wire=wire, fields=fields) as extras)
            ) if fields and wire != self._wire:
                yield from self._insert(event.index, _Sealed(call_id=call_id, extras=extras))
                yield self._numbered(event)
            case PartDelta() if self._thinking is not None:
                self._thinking.append(event)
                if event.text:
                    yield PartDelta(event.index + self._inserted, event.text)
            case PartEnd() if self._thinking is not None:
                yield from self._close(event)
            case PartStart() | PartDelta() | PartEnd():
                yield self._numbered(event)
            case _:
                yield event

    def _think(self, event: PartStart) -> Iterator[StreamEvent]:
        self._thinking = [event]
        shown = Reasoning(event.part.text if isinstance(event.part, Reasoning) else "")
        yield PartStart(event.index + self._inserted, replace(shown, origin=self._wire))

    def _close(self, event: PartEnd) -> Iterator[StreamEvent]:
        (whole,) = fold([*(self._thinking or ()), event]).parts
        self._thinking = None
        place = event.index + self._inserted
        if isinstance(whole, Reasoning):
            yield PartDelta(place, signature=_seal(_Sealed(reasoning=whole)))
        yield PartEnd(place)

    def _insert(self, index: int, sealed: _Sealed) -> Iterator[StreamEvent]:
        place = index + self._inserted
        self._inserted += 1
        yield PartStart(place, Reasoning(signature=_seal(sealed), origin=self._wire))
        yield PartEnd(place)

    def _numbered(self, event: PartStart | PartDelta | PartEnd) -> StreamEvent:
        if not self._inserted:
            return event
        return replace(event, index=event.index + self._inserted)


def carried(reply: Reply, wire: str) -> Reply:
    """Give a whole reply of another wire such that clients of `wire` carry its seals back."""
    return fold(Carrier(wire).carry(events_of(reply)))


def uncarried(request: ChatRequest) -> ChatRequest:
    """Give a request in which what clients carried back is what it was."""
    if not any(_is_sealed(part) for message in request.messages for part in message.parts):
        return request
    opening = _Opening()
    messages = tuple(
        replace(message, parts=tuple(opening.opened(message.parts))) for message in request.messages
    )
    # A message that was nothing but the seal of a later call says nothing any more.
    told = zip(messages, request.messages, strict=True)
    return replace(request, messages=tuple(new for new, old in told if new.parts or not old.parts))


class _Opening:
    """Opens the seals of a conversation, in its order: what hangs on a call comes before it."""

    def __init__(self) -> None:
        self._of_calls: dict[str, Extras] = {}

    def opened(self, parts: Iterable[Part]) -> list[Part]:
        """Give the parts of a message as they were."""
        opened: list[Part] = []
        for part in parts:
            match part:
                case Reasoning(signature=signature) if sealed := _unseal(signature):
                    if sealed.extras is not None:
                        self._of_calls[sealed.call_id] = sealed.extras
                    if sealed.reasoning is not None:
                        _forget(opened, sealed.reasoning.text)
                        opened.append(sealed.reasoning)
                case ToolCall(id=call_id) if call_id in self._of_calls:
                    opened.append(replace(part, extras=self._of_calls.pop(call_id)))
                case _:
                    opened.append(part)
        return opened


def _forget(parts: list[Part], text: str) -> None:
    """Take from the end of `parts` what was shown of a thought before its seal, in pieces."""
    place, shown = len(parts), ""
    while place and isinstance(part := parts[place - 1], Reasoning) and part.signature is None:
        place, shown = place - 1, part.text + shown
    if shown and shown == text:
        del parts[place:]


def _is_sealed(part: Part) -> bool:
    return isinstance(part, Reasoning) and (part.signature or "").startswith(_PREFIX)
