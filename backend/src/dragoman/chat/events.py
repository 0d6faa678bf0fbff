"""A reply, as it happens.

    ResponseStart (PartStart PartDelta* PartEnd | Aside)* ResponseEnd

Parts never overlap and are numbered from 0. A reply that breaks off has no `ResponseEnd`.
"""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from dragoman.chat.json import Extras
from dragoman.chat.messages import Part
from dragoman.chat.receipts import Receipt
from dragoman.chat.usage import Usage


class StopReason(StrEnum):
    """Why a reply ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL = "tool"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    STOP_SEQUENCE = "stop_sequence"
    PAUSE = "pause"
    CONTEXT_FULL = "context_full"
    ERROR = "error"
    MALFORMED = "malformed"


class Stop(Struct, frozen=True):
    """The end of a reply: the reason, the vendor's own `word` for it, the sequence that was met."""

    reason: StopReason
    word: str | None = None
    sequence: str | None = None


class Whole(Struct, frozen=True):
    """An answer as its vendor wrote it, for clients of its `wire` that want it whole."""

    wire: str
    body: bytes


class ResponseStart(Struct, frozen=True, tag="response_start"):
    """The vendor took the request. `model` is the vendor's name; `created` is in Unix seconds;
    `receipts` tells what the translation of the request changed, `headers` what the vendor said
    beside its answer and a client may hear (its id of the request, its limits; names in lower
    case).

    Here and below, `source` is the bytes this event came from, for a writer of the wire that is
    named by `wire`: `None` if it came from nowhere, empty if they went with the event before.
    `whole` is there where the vendor said everything at once.
    """

    id: str | None = None
    model: str | None = None
    created: int | None = None
    usage: Usage | None = None
    extras: Extras | None = None
    receipts: tuple[Receipt, ...] = ()
    source: bytes | None = None
    wire: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    whole: Whole | None = None


class PartStart(Struct, frozen=True, tag="part_start"):
    """A part begins: `part` holds what is known at once, deltas bring the rest."""

    index: int
    part: Part
    source: bytes | None = None


class PartDelta(Struct, frozen=True, tag="part_delta"):
    """More of the open part: words, thinking, or a tool's arguments, by the part's kind."""

    index: int
    text: str = ""
    signature: str | None = None
    extras: Extras | None = None
    source: bytes | None = None


class PartEnd(Struct, frozen=True, tag="part_end"):
    """The open part is whole."""

    index: int
    source: bytes | None = None


class Aside(Struct, frozen=True, tag="aside"):
    """Something of the vendor's own that says nothing in this vocabulary: a ping, a trailer."""

    source: bytes | None = None


class ResponseEnd(Struct, frozen=True, tag="response_end"):
    """The vendor said that the reply is whole. `extras` is what it said beside the parts."""

    stop: Stop
    usage: Usage | None = None
    extras: Extras | None = None
    source: bytes | None = None


StreamEvent: TypeAlias = ResponseStart | PartStart | PartDelta | PartEnd | Aside | ResponseEnd
