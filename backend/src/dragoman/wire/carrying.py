"""What a vendor wants back unbroken, carried through clients of another format.

    Carrier.carry(events of another wire) ─▶ events whose reasoning holds a seal of ours
    uncarried(request) ◀─ the client replays it, as it would its own vendor's

A model's signed thinking, and what its vendor hangs on a tool's call, mean something only where
they came from. A client of another format has a place for one thing only that it returns unread:
the signature of reasoning. So it gets that whole part as one, and when it comes back, the part is
what it was, tagged with its origin: its own wire sends it on byte for byte, any other drops it.
"""

import base64
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
"""How much is opened for one request, in bytes: thoughts are text, and seals can be forged."""
_PIECE: Final = 64 << 10

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


def _sealed_bytes(signature: str | None) -> bytes | None:
    """Give what is compressed in a seal; `None` for what we did not seal."""
    if signature is None or not signature.startswith(_PREFIX):
        return None
    try:
        return base64.b64decode(signature.translate(_STANDARD), validate=True)[len(_MARK) :]
    except ValueError:  # no base64, or not even ASCII
        return None


class Carrier:
    """Makes the events of another wire such that clients of `wire` carry its seals back."""

    def __init__(self, wire: str) -> None:
        self._wire = wire
        self._inserted = 0
        self._thinking: list[StreamEvent] | None = None

    def carry(self, events: Iterable[StreamEvent]) -> list[StreamEvent]:
        """Give the next events, in which parts may be numbered anew."""
        told: list[StreamEvent] = []
        for event in events:
            if type(event) is PartDelta and self._thinking is None and not self._inserted:
                told.append(event)  # the words of an answer, as nearly every event
            else:
                told += self._carried(event)
        return told

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
        # A seal follows, and some clients want its place from the beginning.
        sealed = replace(shown, signature="", origin=self._wire)
        yield PartStart(event.index + self._inserted, sealed)

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
    if not any(isinstance(part, Reasoning | ToolCall) for part in reply.parts):
        return reply
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
        self._room = _LONGEST

    def opened(self, parts: Iterable[Part]) -> list[Part]:
        """Give the parts of a message as they were."""
        opened: list[Part] = []
        after = 0  # the place behind the last thought that was opened
        for part in parts:
            match part:
                case Reasoning(signature=signature) if sealed := self._unsealed(signature):
                    if sealed.extras is not None:
                        self._of_calls[sealed.call_id] = sealed.extras
                    if sealed.reasoning is not None:
                        _forget(opened, sealed.reasoning.text, after=after)
                        opened.append(sealed.reasoning)
                        after = len(opened)
                case ToolCall(id=call_id) if call_id in self._of_calls:
                    opened.append(replace(part, extras=self._of_calls.pop(call_id)))
                case _:
                    opened.append(part)
        return opened

    def _unsealed(self, signature: str | None) -> _Sealed | None:
        """Open a seal; `None` for what we did not seal, what broke on its way, what is too long."""
        packed = _sealed_bytes(signature)
        try:
            return None if packed is None else _decode(self._unpacked(packed))
        except (zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _unpacked(self, packed: bytes) -> bytes:
        """Unpack as much as there is room for: a seal that turns out broken has taken it, too."""
        opening = zlib.decompressobj()
        content = bytearray()
        while packed and self._room > 0:
            piece = opening.decompress(packed, min(_PIECE, self._room))
            self._room -= len(piece)
            content += piece
            packed = opening.unconsumed_tail
        return b"" if packed else bytes(content)


def _forget(parts: list[Part], text: str, *, after: int) -> None:
    """Take from the end of `parts` what was shown of a thought before its seal, in pieces."""
    place = len(parts)
    shown: list[str] = []
    while place > after:
        part = parts[place - 1]
        if not isinstance(part, Reasoning) or part.signature is not None:
            break
        place -= 1
        shown.append(part.text)
    if any(shown) and "".join(reversed(shown)) == text:
        del parts[place:]


def _is_sealed(part: Part) -> bool:
    return isinstance(part, Reasoning) and (part.signature or "").startswith(_PREFIX)
