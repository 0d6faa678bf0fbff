"""A stream that was cut is never a success to a client, whichever of the four formats it speaks.

recorded bytes ─▶ StreamReader ─▶ Carrier ─▶ StreamWriter ─▶ what a client hears, and how it ends

What a cut recording and the bytes for a client mean is judged here by the vendors' own pages, and
by nothing of Dragoman.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any, Final

import pytest

from dragoman.api.dialects import Dialect
from dragoman.api.doors.dialects import DIALECTS
from dragoman.api.errors import problem_of
from dragoman.chat import Failure, ResponseStart, StreamEvent, UpstreamError
from dragoman.services.providers import map_provider_error
from dragoman.testing.tapes import read_stream
from dragoman.wire.base import StreamReader
from dragoman.wire.carrying import Carrier

from .cases import RECORDINGS, recordings
from .recordings import Recording

AT_EVERY_BYTE: Final = (
    "anthropic/messages--test-tools-0",
    "anthropic/messages--vercel-anthropic-fallback-stream",
    "google-vertex/streamGenerateContent--test-google-vertex-service-tier-flex-stream-0",
    "google/streamGenerateContent--test-google-streaming-tool-call-thought-signature-0",
    "google/streamGenerateContent--test-resolved-model-0",
    "mistral/chat-completions--vercel-mistral-reasoning-stream",
    "openai/chat-completions--chat-streaming-detailed-usage-0",
    "openai/responses--test-openai-responses-stream-0",
    "openai/responses--vercel-openai-custom-tool-1-stream",
    "xai/chat-completions--vercel-xai-tool-call-stream",
)

Event = dict[str, Any]

DONE: Final[Event] = {"type": "[DONE]"}
"""How the one mark that is no JSON is written here."""

FAILURES: Final = (
    ["error"],
    # The vendor, too, says both: what went wrong, and the response that came of it.
    ["error", "response.failed"],
)
"""The ways in which a stream ends that broke off."""


def events_in(said: bytes) -> Iterator[Event]:
    """Give the JSON objects of whole events, or of whole items of Gemini's list."""
    lines = said.splitlines()
    data = [line[5:].strip() for line in lines if line.startswith(b"data:")]
    for text in data or [said.strip(b"[], \r\n")]:
        event = DONE if text == b"[DONE]" else parsed(text)
        if isinstance(event, dict):
            yield event


def parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # one that was recorded broken


def end_in(wire: str, event: Event) -> str | None:
    """Name the end that an event is; `None` if it is none."""
    kind = event.get("type")
    if kind == "response.failed":
        return kind
    if event.get("error") or kind == "error":
        return "error"
    match wire:
        case "gemini":
            blocked: str | None = (event.get("promptFeedback") or {}).get("blockReason")
            candidates = event.get("candidates") or ()
            reasons: Iterator[str | None] = (one.get("finishReason") for one in candidates)
            return next(filter(None, reasons), blocked)
        case "openai_chat":
            return kind if event is DONE else None
        case "anthropic_messages":
            return kind if kind == "message_stop" else None
        case _:
            return kind if kind in ("response.completed", "response.incomplete") else None


def is_whole(wire: str, events: Sequence[Event], *, clean: bool) -> bool:
    """Tell whether a vendor that said this, and ended so, has said all."""
    ends = {end_in(wire, event) for event in events} - {None}
    if ends & {"error", "response.failed"}:
        return False
    match wire:
        case "gemini":
            return clean and bool(ends)
        case "openai_chat":
            choices = (choice for event in events for choice in event.get("choices") or ())
            return bool(ends) or (clean and any(one.get("finish_reason") for one in choices))
        case _:
            return bool(ends)


class Client:
    """A client of one dialect, who is told a reply as the front door tells it."""

    def __init__(self, dialect: Dialect, wire: str) -> None:
        self._dialect = dialect
        self._carrier = None if wire == dialect.wire.name else Carrier(dialect.wire.name)
        self._writer = dialect.wire.stream_writer()
        self.ends: list[str | None] = []
        """What can be the last of a stream, in order; `None` for all that follows the first."""

    def __deepcopy__(self, memo: dict[int, object]) -> "Client":
        """Copy all but what never changes."""
        other = Client(self._dialect, "")
        other._carrier = deepcopy(self._carrier, memo)
        other._writer = deepcopy(self._writer, memo)
        other.ends = list(self.ends)
        return other

    @property
    def name(self) -> str:
        return self._dialect.wire.name

    def tell(self, events: Iterable[StreamEvent]) -> None:
        told = [
            self._dialect.completed(event) if isinstance(event, ResponseStart) else event
            for event in events
        ]
        carried = told if self._carrier is None else self._carrier.carry(told)
        self._hear(self._writer.write(carried))

    def fail(self, failure: Failure) -> None:
        problem = problem_of(map_provider_error(UpstreamError(failure)))
        error = self._dialect.error(problem, request_id="req_1")
        self._hear(self._writer.fail(error))

    def _hear(self, said: bytes) -> None:
        for event in events_in(said):
            end = end_in(self.name, event)
            if end is not None or self.ends:
                self.ends.append(end)


class Cutter:
    """Follows a recorded stream, and tries at any place what becomes of it if it ends there."""

    def __init__(self, recording: Recording, body: bytes) -> None:
        self.wire = recording.wire
        self._reader: StreamReader = DIALECTS[self.wire].wire.stream_reader()
        self._clients = [Client(dialect, self.wire) for dialect in DIALECTS.values()]
        self._makes_sense = read_stream(DIALECTS[self.wire].wire, [body]).failure is None
        self._said: list[Event] = []
        self._tried: dict[bool, tuple[object, ...]] = {}
        self._told = 0

    def pass_boundary(self, piece: bytes) -> None:
        """Note that all of `piece`, which was fed, is one event of the vendor's."""
        self._said += events_in(piece)

    def feed(self, piece: bytes) -> None:
        events = self._reader.feed(piece)
        self._told += len(events)
        for client in self._clients if events else ():
            client.tell(events)

    def check(self) -> None:
        """Assert that an end here is a success only where the vendor has said all."""
        for clean in (False, True):
            whole = is_whole(self.wire, self._said, clean=clean)
            rest, failure = closed(deepcopy(self._reader), clean=clean)
            assert failure is not None or whole, f"a cut reply was taken for whole, {clean=}"
            assert failure is None or not (whole and self._makes_sense)
            outcome = (self._told, rest, failure)
            if outcome != self._tried.get(clean):
                self._tried[clean] = outcome
                for client in self._clients:
                    check_end(deepcopy(client), rest, failure)


def closed(reader: StreamReader, *, clean: bool) -> tuple[list[StreamEvent], Failure | None]:
    try:
        return reader.close(clean=clean), None
    except UpstreamError as error:
        return [], error.failure


def check_end(client: Client, rest: Sequence[StreamEvent], failure: Failure | None) -> None:
    """Assert that a client hears one end, which is what became of the reply, and nothing more."""
    client.tell(rest)
    if failure is not None:
        assert client.ends == [], f"{client.name}: an end before the failure"
        client.fail(failure)

    if failure is None:
        assert len(client.ends) == 1, f"{client.name}: {client.ends}"
        assert client.ends not in FAILURES
    else:
        assert client.ends in FAILURES, f"{client.name}: {client.ends}"


def boundaries(body: bytes) -> list[bytes]:
    """Cut a recorded stream after each of its events, or after each item of its list."""
    after = rb"(?<=\n\})" if body.startswith(b"[") else rb"(?<=\n\n)|(?<=\r\n\r\n)"
    return [piece for piece in re.split(after, body) if piece]


@recordings("cutting", "stream", told=True)
def test_a_stream_cut_after_any_of_its_events_is_no_success_in_any_dialect(recording: Recording):
    for body in recording.bodies:
        cutter = Cutter(recording, body)
        cutter.check()

        for piece in boundaries(body):
            cutter.feed(piece)
            cutter.pass_boundary(piece)
            cutter.check()


@pytest.mark.parametrize("name", AT_EVERY_BYTE)
def test_a_stream_cut_after_any_of_its_bytes_is_no_success_in_any_dialect(name: str):
    (recording,) = (one for one in RECORDINGS if one.name == name)
    (body,) = recording.bodies
    cutter = Cutter(recording, body)

    for piece in boundaries(body):
        # A CR ends a line by itself: of the last CRLF of an event, nobody has to wait for the LF.
        said = len(piece) - piece.endswith(b"\r\n")
        for place in range(len(piece)):
            cutter.check()
            cutter.feed(piece[place : place + 1])
            if place + 1 == said:
                cutter.pass_boundary(piece)
    cutter.check()
