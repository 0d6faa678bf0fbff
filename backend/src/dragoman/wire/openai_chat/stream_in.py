"""A streamed reply, read: whole at `[DONE]`, or at a clean end after a reason to finish."""

from itertools import filterfalse
from typing import Final

from dragoman.chat import (
    Failure,
    InvalidInput,
    Json,
    JsonObject,
    ResponseEnd,
    ResponseStart,
    UpstreamError,
    Usage,
)
from dragoman.wire.base import malformed
from dragoman.wire.openai_chat.delta_in import DeltaTeller
from dragoman.wire.openai_chat.errors import failure_of
from dragoman.wire.openai_chat.gathered import Gathered, Snapshot
from dragoman.wire.openai_chat.leftovers import Leftovers, lay_out
from dragoman.wire.openai_chat.parts_in import PartTeller
from dragoman.wire.openai_chat.reply import read_stop
from dragoman.wire.openai_chat.usage import read_usage
from dragoman.wire.openai_chat.words import NAME, PADDING
from dragoman.wire.sse import SseEvent
from dragoman.wire.stream import RepeatingStreamReader

_DONE: Final = b"[DONE]"
_ENVELOPE: Final = frozenset({"id", "object", "created", "model", "choices", "usage"}) | PADDING
_is_known: Final = _ENVELOPE.__contains__


class Reader(RepeatingStreamReader):
    """Reads one streamed reply.

        {"id": …, "model": …, "choices": [{"delta": {…}, "finish_reason": …}], "usage": …}

    A chunk's delta is told at once. Of the rest, a chunk may repeat, complete or correct what the
    chunks before it said; that is told at the end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._delta = DeltaTeller(PartTeller(self._emit, self._claim))
        self._top = Snapshot()
        self._at_start: JsonObject = {}
        self._choice = Gathered()
        self._finish_reason: Json = None
        self._usage: Usage | None = None
        self._no_usage: JsonObject = {}
        self._start: ResponseStart | None = None
        self._index: Json = None

    def _go_on(self, words: str) -> None:
        self._delta.go_on(words)

    def _hear(self, event: SseEvent) -> None:
        try:
            self._read(event)
        except UpstreamError as error:
            self._fail(error.failure)
        except InvalidInput as error:
            message = f"the stream makes no sense: {error}"
            self._fail(Failure(message=message, reason="bad_payload"))

    def _finish(self, *, clean: bool) -> None:
        if self._ended:
            return
        if clean and self._finish_reason:
            self._end()
        else:
            self._interrupted()

    def _read(self, event: SseEvent) -> None:
        if event.data.startswith(_DONE):
            if self._start is None:
                raise malformed("empty_response", "the stream ended before it began")
            self._end()
            return
        if not event.data or event.data.isspace():
            return
        chunk = self._object(event.data)
        if chunk is None:
            return
        if event.name == "error" or chunk.get("error"):
            self._fail(failure_of(chunk, 200))
            return
        if "usage" in chunk or "x_groq" in chunk:
            self._count(chunk)
        self._top.add({name: chunk[name] for name in filterfalse(_is_known, chunk)})
        choices = chunk.get("choices")
        if self._start is None:
            self._begin(chunk, choices)
        if isinstance(choices, list):
            self._choose_from(choices, event.source)

    def _count(self, chunk: JsonObject) -> None:
        """Take the usage; chunks before the last may have none, or one that is not final."""
        match chunk.get("x_groq"):
            case {"usage": said, **others}:
                # Where Groq told it before it followed OpenAI, and still does.
                self._usage = read_usage(said) or self._usage
                chunk["x_groq"] = others
        if "usage" in chunk:
            self._usage = read_usage(chunk["usage"]) or self._usage
            self._no_usage = {"usage": chunk["usage"]}

    def _begin(self, chunk: JsonObject, choices: Json) -> None:
        if not choices and not chunk.get("id"):
            # Azure's verdict on the prompt comes before the reply, without its id and model.
            return
        # What is a list or an object may yet grow; any other value would just be replaced.
        self._at_start = {
            name: value
            for name, value in self._top.fields.items()
            if not isinstance(value, list | dict)
        }
        self._start = ResponseStart(
            id=_text(chunk.get("id")),
            model=_text(chunk.get("model")),
            created=_whole(chunk.get("created")),
            extras=lay_out(Leftovers(self._at_start)),
            source=self._claim(),
            wire=NAME,
        )
        self._emit(self._start)

    def _choose_from(self, choices: list[Json], heard: bytes) -> None:
        words = _words_alone(choices)
        for choice in choices:
            if isinstance(choice, dict):
                self._choose(choice)
        if words and self._choice.repeats:
            self._refrain.learn(heard, b'"content"', words)

    def _choose(self, choice: JsonObject) -> None:
        index = choice.pop("index", None)
        if self._index is None:
            self._index = index
        elif index is not None and index != self._index:
            raise malformed("many_choices", "the stream holds several choices; one was asked for")
        message, delta = choice.pop("message", None), choice.pop("delta", None)
        if isinstance(delta, dict):
            self._delta.take(delta)
        elif isinstance(message, dict):
            self._delta.take(message)
        if "finish_reason" in choice:
            # Chunks after the last word may take it back (OpenRouter's usage), which means nothing.
            word = choice.pop("finish_reason")
            if word or not self._finish_reason:
                self._finish_reason = word
        if choice:
            self._choice.add(choice)

    def _end(self) -> None:
        message = self._delta.end()
        choice = self._choice.fields | {"finish_reason": self._finish_reason}
        stop = read_stop(choice, calls=message.calls, refused=message.refused)
        top = self._top.fields | (self._no_usage if self._usage is None else {})
        new = {name: value for name, value in top.items() if self._at_start.get(name, ...) != value}
        extras = lay_out(Leftovers(new, choice, message.left), message.form)
        self._emit(ResponseEnd(stop, self._usage, extras, self._claim()))
        self._ended = True


def _words_alone(choices: list[Json]) -> str | None:
    """Give the words of a chunk whose delta holds nothing else."""
    if len(choices) != 1 or not isinstance(choices[0], dict):
        return None
    delta = choices[0].get("delta")
    if not isinstance(delta, dict) or len(delta) != 1:
        return None
    words = delta.get("content")
    return words if isinstance(words, str) else None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
