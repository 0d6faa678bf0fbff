"""What every streamed wire format shares: framing, failures, and the bytes each event came from."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Final, Protocol

import msgspec

from dragoman.chat import (
    Aside,
    Failure,
    JsonObject,
    StreamEvent,
    UpstreamError,
)
from dragoman.wire.refrain import Refrain
from dragoman.wire.sse import MAX_EVENT, FramingError, SseEvent, SseParser

MAX_PREAMBLE: Final = 64 << 10
"""How much may come before a reply begins, in bytes: a verdict on the prompt, some pings."""

_LONG_PREAMBLE: Final = f"{MAX_PREAMBLE >> 10} KiB came, and the reply had not begun"
_decode: Final = msgspec.json.Decoder().decode


class Framing(Protocol):
    """What cuts the bytes of a stream into events: `SseParser`, or one with its face."""

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Take the next bytes; give the events that are whole by now. Raises `FramingError`."""
        ...

    @property
    def pending(self) -> bool:
        """Whether bytes of an unfinished event are waiting."""
        ...


class EventStreamReader(ABC):
    """A reader of a stream of events; a wire says what each of them means.

    A subclass implements `_take`, which calls `_emit` for what an event says, `_fail` for a
    vendor's error and `_object` to decode JSON, and sets `_ended` once nothing more is needed; and
    `_finish`, which calls `_interrupted` unless the reply is whole. `framing` cuts the bytes into
    events: `SseParser`, `LineParser` for one JSON object a line, `FrameParser` for Amazon's frames.
    """

    framing: ClassVar[Callable[[], Framing]] = SseParser

    def __init__(self) -> None:
        self._parser = type(self).framing()
        self._events: list[StreamEvent] = []
        self._failure: Failure | None = None
        self._ended = False
        self._source = b""
        self._told = False

    @property
    def done(self) -> bool:
        """Whether the reply is whole, or has failed."""
        return self._ended or self._failure is not None

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """Take the next bytes; give the events that follow from them, which are none once done."""
        if not self.done:
            self._hear_out(self._parser.feed(chunk))
        return self._drain()

    def _hear_out(self, events: Iterable[SseEvent]) -> None:
        try:
            for event in events:
                if self._ended or self._failure is not None:
                    break
                self._source += event.source
                told = len(self._events)
                self._take(event)
                if len(self._events) > told:
                    self._source = b""  # claimed, or not wanted
                elif self._told and self._failure is None:
                    self._emit(Aside(self._claim()))
                # Nothing may come before a reply's start: what does is carried by it.
                elif len(self._source) > MAX_PREAMBLE:
                    self._fail(Failure(message=_LONG_PREAMBLE, reason="bad_payload"))
        except FramingError as error:
            self._fail(Failure(message=str(error), reason=error.reason))
        except RecursionError:
            self._fail(Failure(message="the stream is nested too deeply", reason="bad_payload"))

    def close(self, *, clean: bool) -> list[StreamEvent]:
        """Take the end of the body; give the last events, or raise `UpstreamError`."""
        if not self.done and isinstance(self._parser, SseParser):
            self._hear_out(self._parser.end())
        if self._failure is None:
            self._finish(clean=clean)
        if self._failure is not None:
            raise UpstreamError(self._failure)
        return self._drain()

    @abstractmethod
    def _take(self, event: SseEvent) -> None:
        """Say what one event means."""

    @abstractmethod
    def _finish(self, *, clean: bool) -> None:
        """Emit what the end of the body completes, or `_fail` if the reply is not whole."""

    def _emit(self, event: StreamEvent) -> None:
        self._told = True
        self._events.append(event)

    def _claim(self) -> bytes:
        """Give the bytes of the current event once, then nothing: the first to ask carries them."""
        source, self._source = self._source, b""
        return source

    def _fail(self, failure: Failure) -> None:
        if self._failure is None:
            self._failure = failure
        self._source = b""

    def _interrupted(self) -> None:
        """Fail because the body ended before the reply did."""
        self._fail(
            Failure(
                message="the reply broke off before it was finished", reason="stream_interrupted"
            )
        )

    def _object(self, payload: bytes) -> JsonObject | None:
        """Decode an event's data; fails the stream and gives `None` if it is no JSON object."""
        decoded = decode_leniently(payload)
        if isinstance(decoded, dict):
            return decoded
        self._fail(
            Failure(message="an event of the stream is not a JSON object", reason="bad_json")
        )
        return None

    def _drain(self) -> list[StreamEvent]:
        events, self._events = self._events, []
        return events


class RepeatingStreamReader(EventStreamReader):
    """A reader of a stream whose events mostly repeat the one before, but for their words.

    A subclass implements `_go_on`, which says what the words mean, and never fails; and `_hear`,
    which says what any other event means, and may have the `_refrain` learn it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._refrain = Refrain()
        self._between_events = False

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """Take the next bytes; give the events that follow from them, which are none once done."""
        # Nearly every read is one whole event that repeats: there is nothing to cut.
        words = self._refrain.words_of(chunk) if self._between_events else None
        if not words or len(chunk) > MAX_EVENT:
            events = super().feed(chunk)
            parser = self._parser
            self._between_events = isinstance(parser, SseParser) and parser.idle and not self.done
            return events
        self._source = chunk
        self._go_on(words)
        if not self._events:
            self._emit(Aside(self._claim()))
        return self._drain()

    def _take(self, event: SseEvent) -> None:
        words = self._refrain.words_of(event.source)
        if words:
            self._go_on(words)
        else:
            self._refrain.forget()
            self._hear(event)

    @abstractmethod
    def _go_on(self, words: str) -> None:
        """Say what the next words mean."""

    @abstractmethod
    def _hear(self, event: SseEvent) -> None:
        """Say what an event means that repeats nothing."""


# Half of a pair of escapes, the other half of which is missing: \ud83d without \ude00.
_HALF: Final = re.compile(
    r"(?<!\\)\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)


def decode_leniently(payload: bytes) -> object:
    """Decode JSON; what is no Unicode in it becomes U+FFFD, anything else wrong becomes `None`."""
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _decode(_HALF.sub(r"\\ufffd", payload.decode("utf-8", "replace")))
    except (msgspec.DecodeError, RecursionError):
        return None
