"""Parrot: it repeats what one says."""

from collections.abc import Mapping

import msgspec

from dragoman.chat import (
    Category,
    ChatRequest,
    Failure,
    Json,
    PartDelta,
    PartEnd,
    PartStart,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    Text,
    Usage,
    text_of,
)
from dragoman.services.providers import ErrorRow, HttpProvider
from dragoman.wire.base import Written, malformed
from dragoman.wire.lines import LineParser
from dragoman.wire.plain import left_out
from dragoman.wire.sse import SseEvent
from dragoman.wire.stream import EventStreamReader, decode_leniently

STOPS = {"tired": StopReason.LENGTH}


class LinesReader(EventStreamReader):
    """One streamed reply: each line is a word, or an error, or the end."""

    framing = LineParser  # leave this out for server-sent events
    _speaking = False

    def _take(self, event: SseEvent) -> None:
        match self._object(event.data):
            case {"why": str(why)}:
                self._fail(Failure(status=200, code=why))
            case {"word": str(word)}:
                self._begin()
                self._emit(PartDelta(0, word))
            case {"done": str(why), **rest}:
                self._begin()
                self._emit(PartEnd(0))
                self._emit(ResponseEnd(read_stop(why), read_usage(rest)))
                self._ended = True

    def _begin(self) -> None:
        if not self._speaking:
            self._speaking = True
            self._emit(ResponseStart())
            self._emit(PartStart(0, Text("")))

    def _finish(self, *, clean: bool) -> None:
        if not self._ended:
            self._interrupted()


class Parrots:
    """The wire format, as far as a provider needs it."""

    name = "parrots"
    path = "/say"

    def write_request(self, request: ChatRequest, *, without: frozenset[str]) -> Written:
        turns = [{"who": turn.role, "say": text_of(turn.parts)} for turn in request.messages]
        asked = {"parrot": request.model, "turns": turns, "stream": request.stream}
        if request.system:
            asked["manners"] = text_of(request.system)
        # Tools and pictures are refused; a temperature is left out, and its asker is told.
        return Written(msgspec.json.encode(asked), left_out(request, self.name, says=["system"]))

    def read_reply(self, body: bytes) -> Reply:
        match decode_leniently(body):
            case {"said": str(said), "done": str(why), **rest}:
                return Reply(parts=(Text(said),), stop=read_stop(why), usage=read_usage(rest))
            case _:
                raise malformed("bad_json", "no word was said")

    def stream_reader(self) -> LinesReader:
        return LinesReader()

    def read_failure(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        match decode_leniently(body):
            case {"why": str(why), "squawk": str(squawk)}:
                return Failure(status=status, code=why, message=squawk)
            case _:
                return Failure(status=status)


def read_stop(word: str) -> Stop:
    return Stop(STOPS.get(word, StopReason.STOP), word)


def read_usage(rest: dict[str, Json]) -> Usage:
    return Usage(input=rest.get("heard"), output=rest.get("spoken"))


provider = HttpProvider(
    provider_id="parrot",
    name="Parrot",
    wire=Parrots(),
    base_url="https://api.parrot.example",
    api_key_env="PARROT_API_KEY",
    stream_types=frozenset({"application/x-ndjson"}),
    error_rows=(ErrorRow(code="moulting", category=Category.OVERLOADED),),
)
