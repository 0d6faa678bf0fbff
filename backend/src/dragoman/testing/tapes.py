"""Recorded streams: framed, cut and read again, in whatever pieces a network makes of them."""

import random
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from dragoman.chat import Failure, Reply, StreamEvent, UpstreamError, fold
from dragoman.wire.base import ProviderSide
from dragoman.wire.sse import encode_event

_LONGEST_PIECE: Final = 200


class Telling(Struct, frozen=True):
    """What a wire made of a stream: its events, and the failure it ended in, if it did."""

    events: tuple[StreamEvent, ...]
    failure: Failure | None = None

    @property
    def reply(self) -> Reply:
        """The reply as far as it was told."""
        return fold(self.events)


def read_stream(wire: ProviderSide, pieces: Iterable[bytes], *, clean: bool = True) -> Telling:
    """Read a streamed reply that comes in `pieces`; `clean` is how its body ends at HTTP level."""
    reader = wire.stream_reader()
    events: list[StreamEvent] = []
    for piece in pieces:
        events += reader.feed(piece)
    try:
        events += reader.close(clean=clean)
    except UpstreamError as error:
        return Telling(tuple(events), error.failure)
    return Telling(tuple(events))


def pieces_of(body: bytes, seed: int) -> Iterator[bytes]:
    """Cut `body` into pieces of 1 to 200 bytes, the same for the same `seed`."""
    rng = random.Random(seed)  # noqa: S311 - a test wants other cuts, not secret ones
    begin = 0
    while begin < len(body):
        end = begin + rng.randint(1, _LONGEST_PIECE)
        yield body[begin:end]
        begin = end


def frame_events(payloads: Iterable[tuple[bytes, str | None]]) -> bytes:
    """Make a stream's body from the data of its events, each with its name if it has one."""
    return b"".join(encode_event(payload, name) for payload, name in payloads)
