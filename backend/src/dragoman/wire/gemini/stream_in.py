"""A streamed reply, read: whole at a clean end after a reason to finish, and never before."""

from collections.abc import Callable
from typing import ClassVar

from dragoman.chat import (
    Failure,
    InvalidInput,
    Json,
    JsonObject,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    UpstreamError,
    Usage,
    fold,
)
from dragoman.wire.base import malformed
from dragoman.wire.fields import Fields
from dragoman.wire.gemini.errors import error_in, failure_of
from dragoman.wire.gemini.framing import Framing
from dragoman.wire.gemini.gathered import Snapshot
from dragoman.wire.gemini.parts_told import PartTeller
from dragoman.wire.gemini.reply import (
    CallIds,
    Leftovers,
    block_word,
    blocked,
    created_at,
    lay_out,
    read_stop,
    read_whole,
    take_text,
)
from dragoman.wire.gemini.usage import read_usage
from dragoman.wire.gemini.words import NAME, NO_CANDIDATES
from dragoman.wire.lines import LineParser
from dragoman.wire.sse import SseEvent, SseParser
from dragoman.wire.stream import EventStreamReader, decode_leniently


class Reader(EventStreamReader):
    """Reads one streamed reply.

        {"candidates": [{"content": {"parts": […]}, "finishReason": …}], "usageMetadata": {…}, …}

    Each chunk brings more parts, and tells the rest anew. The bytes of a chunk with a reason to
    finish are held back until the body has ended well: to a client they mean success.
    """

    framing: ClassVar[Callable[[], SseParser | LineParser]] = Framing

    def __init__(self) -> None:
        super().__init__()
        self._parts = PartTeller(self._emit, self._claim)
        self._pairing = CallIds(None)
        self._start: ResponseStart | None = None
        self._top = Snapshot()
        self._candidate = Snapshot()
        self._content = Snapshot()
        self._usage: Usage | None = None
        self._finish_reason: Json = None
        self._spoke = False
        self._held = b""

    def _take(self, event: SseEvent) -> None:
        try:
            self._hear(event.data)
        except UpstreamError as error:
            self._fail(error.failure)
        except InvalidInput as error:
            message = f"the stream makes no sense: {error}"
            self._fail(Failure(message=message, reason="bad_payload"))

    def _finish(self, *, clean: bool) -> None:
        if clean and self._start is not None and self._last_word() is not None:
            self._end()
        else:
            self._interrupted()

    def _last_word(self) -> Json:
        return self._finish_reason or block_word(self._top.fields)

    def _hear(self, data: bytes) -> None:
        if not data or data.isspace():
            return
        said = decode_leniently(data)
        if error_in(said) is not None:
            self._fail(failure_of(said, 200))
            return
        if isinstance(said, list) and len(said) == 1:
            said = said[0]
        if not isinstance(said, dict):
            raise malformed("bad_json", "an event of the stream is not a JSON object")
        self._chunk(Fields(said))

    def _chunk(self, chunk: Fields) -> None:
        candidates = list(chunk.objects("candidates"))
        if len(candidates) > 1:
            raise malformed("many_choices", "the stream holds several candidates")
        ends = any(candidate.peek("finishReason") for candidate in candidates)
        if ends or block_word(chunk.rest()) is not None or self._last_word() is not None:
            self._held += self._claim()
        usage = read_usage(chunk.peek("usageMetadata"))
        if usage is not None:
            chunk.skip("usageMetadata")
            self._usage = usage
        self._begin(chunk)
        self._top.add(chunk.rest())
        for candidate in candidates:
            self._choose(candidate)

    def _begin(self, chunk: Fields) -> None:
        response_id, model = take_text(chunk, "responseId"), take_text(chunk, "modelVersion")
        if self._start is not None:
            return
        created = created_at(chunk.peek("createTime"))
        self._pairing = CallIds(response_id)
        self._start = ResponseStart(response_id, model, created, source=self._claim(), wire=NAME)
        self._emit(self._start)

    def _choose(self, candidate: Fields) -> None:
        if candidate.peek("index"):
            raise malformed("many_choices", "the stream holds several candidates")
        self._spoke = True
        self._finish_reason = candidate.take("finishReason") or self._finish_reason
        content = candidate.take("content")
        if isinstance(content, dict):
            self._hear_out_content(content)
        self._candidate.add(candidate.rest())

    def _hear_out_content(self, content: JsonObject) -> None:
        parts = content.get("parts")
        for item in parts if isinstance(parts, list) else ():
            self._parts.take(item, self._pairing)
        known = ("parts", "role")
        left = {name: value for name, value in content.items() if name not in known}
        self._content.add(left)

    def _end(self) -> None:
        self._parts.end()
        candidate = dict(self._candidate.fields)
        form: tuple[str, ...] = ()
        stop: Stop
        if self._finish_reason:
            candidate["finishReason"] = self._finish_reason
            stop = read_stop(candidate, calls=self._parts.calls > 0)
        else:
            stop = blocked(block_word(self._top.fields) or "")
            form = () if self._spoke else (NO_CANDIDATES,)
        top = dict(self._top.fields)
        if self._usage is not None:
            # One that counted nothing came before.
            top.pop("usageMetadata", None)
        left = Leftovers(top, candidate, self._content.fields)
        self._emit(ResponseEnd(stop, self._usage, lay_out(left, *form), self._held))
        self._ended = True


def read_reply(body: bytes) -> Reply:
    """Read a whole reply, which may also be a stream that came as one list of chunks.

    Raises `UpstreamError` if it is an error, empty, or makes no sense.
    """
    said: Json = decode_leniently(body)
    if error_in(said) is not None:
        raise UpstreamError(failure_of(said, 200))
    match said:
        case dict():
            return read_whole(said)
        case [{}, *_]:
            reader = Reader()
            return fold([*reader.feed(body), *reader.close(clean=True)])
        case _:
            raise malformed("bad_json", "the reply is not a JSON object")
