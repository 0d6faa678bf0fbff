"""How the scripted side of a wire speaks: replies and failures, in that wire's own bytes."""

from collections.abc import Iterator
from typing import Final, Protocol, runtime_checkable

from msgspec import Struct

from dragoman.chat import (
    ChatRequest,
    DragomanError,
    LLMServiceError,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    Reply,
    ResponseEnd,
    ResponseStart,
    StreamEvent,
    Text,
    ToolCall,
)
from dragoman.testing.upstream import Received
from dragoman.wire.base import ProviderSide, Wire

_PIECE: Final = 4
"""The longest piece of words in a stream, in characters."""

_EVENT_ENDS: Final = (b"\r\n\r\n", b"\n\n")


class Streamed(Struct, frozen=True):
    """A stream's bytes, event by event; `spare` of the last may be missing at a clean end."""

    pieces: tuple[bytes, ...]
    spare: int = 0


class Voice(Protocol):
    """What the other side says. `asked` is the request that it answers.

    Raises `NotOffered` for what it has no words for.
    """

    def whole(self, reply: Reply, asked: Received) -> bytes:
        """Write a whole reply."""
        ...

    def stream(self, reply: Reply, asked: Received) -> Streamed:
        """Write a streamed reply."""
        ...

    def failure(self, error: LLMServiceError) -> bytes:
        """Write the body of an error answer."""
        ...

    def breaking_off(self, reply: Reply, error: LLMServiceError) -> Streamed:
        """Write a stream that says what `reply` says, and then fails."""
        ...


@runtime_checkable
class BothSides(Wire, Protocol):
    """A wire that servers can speak, too."""


@runtime_checkable
class ReadsRequests(ProviderSide, Protocol):
    """A wire that knows what a server of it takes."""

    def read_request(self, body: bytes) -> ChatRequest:
        """Read a request. Raises `InvalidInput` that says where it is wrong."""
        ...


class WireVoice:
    """A server of `wire`: it answers by that wire's own writers for clients.

    Usage is told as the request wants it, and unasked where `counts_unasked`.
    """

    def __init__(self, wire: Wire, *, counts_unasked: bool = False) -> None:
        self._wire = wire
        self._counts_unasked = counts_unasked

    def whole(self, reply: Reply, asked: Received) -> bytes:
        """Write a whole reply."""
        return self._wire.write_reply(reply, self._read(asked))

    def stream(self, reply: Reply, asked: Received) -> Streamed:
        """Write a streamed reply, whose words come in small pieces."""
        writer = self._wire.stream_writer(None if self._counts_unasked else self._read(asked))
        *events, end = telling(reply)
        begin = [piece for event in events for piece in _split(writer.write([event]))]
        last = _split(writer.write([end]))
        # Whether what follows the reason to stop may be missing is for each wire to say.
        return Streamed((*begin, *last), spare=len(last) - 1)

    def failure(self, error: LLMServiceError) -> bytes:
        """Write the body of an error answer."""
        return self._wire.write_failure(error)

    def breaking_off(self, reply: Reply, error: LLMServiceError) -> Streamed:
        """Write a stream that says what `reply` says, and then fails."""
        writer = self._wire.stream_writer()
        begin = [piece for event in telling(reply)[:-1] for piece in _split(writer.write([event]))]
        return Streamed((*begin, writer.fail(error)))

    def _read(self, asked: Received) -> ChatRequest | None:
        try:
            return self._wire.read_request(asked.body)
        except DragomanError:
            return None  # a case of its own tells of it


def telling(reply: Reply) -> list[StreamEvent]:
    """Tell a finished reply as the events of a stream that brings its words in small pieces."""
    if reply.stop is None:
        raise ValueError("an unfinished reply has no end to be told")
    events: list[StreamEvent] = [ResponseStart(reply.id, reply.model, reply.created)]
    for index, part in enumerate(reply.parts):
        empty, words = _emptied(part)
        events.append(PartStart(index, empty))
        events += [PartDelta(index, words[i : i + _PIECE]) for i in range(0, len(words), _PIECE)]
        events.append(PartEnd(index))
    return [*events, ResponseEnd(reply.stop, reply.usage)]


def _emptied(part: Part) -> tuple[Part, str]:
    match part:
        case Text(text):
            return Text(""), text
        case Reasoning(text, origin=origin):
            return Reasoning(origin=origin), text
        case ToolCall(id_, name, arguments):
            return ToolCall(id_, name, ""), arguments
        case _:
            return part, ""


def _split(written: bytes) -> list[bytes]:
    """Part what a writer gave into the events of the stream; other framings stay as they are."""
    return list(_events(written)) if written else []


def _events(written: bytes) -> Iterator[bytes]:
    end = next((end for end in _EVENT_ENDS if end in written), None)
    if end is None:
        yield written
        return
    *whole, rest = written.split(end)
    for event in whole:
        yield event + end
    if rest:
        yield rest
