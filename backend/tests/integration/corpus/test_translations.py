"""What one format recorded, told in another: good for that vendor's own SDK, and the same reply."""

import json
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from msgspec import Struct
from msgspec.structs import replace
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from dragoman.chat import Reasoning, Reply, ResponseStart, StreamEvent, ToolCall, Usage, events_of
from dragoman.testing.tapes import read_stream
from dragoman.wire import anthropic_messages, gemini, openai_chat, openai_responses
from dragoman.wire.base import Wire

from .cases import KNOWN_FAILURES, RECORDINGS
from .recordings import Recording
from .replies import given_id, in_words
from .walker import events_in, parsed
from .wires import WIRES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # backslashes in its strings, where it is not compiled yet
    from google.genai.types import GenerateContentResponse


class Dialect(Struct, frozen=True):
    """A format as its vendor's SDK types it: a whole reply, and an event of a stream."""

    wire: Wire
    whole: TypeAdapter[Any]
    event: TypeAdapter[Any]


DIALECTS: Final = (
    Dialect(openai_chat, TypeAdapter(ChatCompletion), TypeAdapter(ChatCompletionChunk)),
    Dialect(openai_responses, TypeAdapter(Response), TypeAdapter(ResponseStreamEvent)),
    Dialect(anthropic_messages, TypeAdapter(Message), TypeAdapter(RawMessageStreamEvent)),
    # Every event is one whole response, and its types refuse a field that they do not know.
    Dialect(gemini, TypeAdapter(GenerateContentResponse), TypeAdapter(GenerateContentResponse)),
)


# It ended in a call that nobody had declared. OpenAI's SDKs type no word for that, and a word that
# they do type would call it a success.
ENDED_BADLY: Final = frozenset(
    {
        "google-vertex/generateContent--test-multimodal-tool-return-matrix-direct-binary-audio-googl-0"
    }
)


def cases(*kinds: str) -> list[object]:
    """Pair every recording with every dialect that is not its own."""
    return [
        pytest.param(recording, dialect, id=f"{recording.name}->{dialect.wire.name}")
        for recording in RECORDINGS
        for dialect in DIALECTS
        if recording.kind in kinds
        and WIRES[recording.wire].name != dialect.wire.name
        and (recording.name not in ENDED_BADLY or dialect.wire is anthropic_messages)
        and "replying" not in KNOWN_FAILURES.get(recording.name, {})
    ]


def replies_in(recording: Recording) -> Iterator[Reply]:
    """Give the recorded replies, with the id, date and model that each has for its client."""
    wire = WIRES[recording.wire]
    for body in recording.bodies:
        if recording.kind == "whole":
            yield dated(wire.read_reply(body))
        elif (told := read_stream(wire, [body])).failure is None:
            yield dated(told.reply)


def dated(reply: Reply) -> Reply:
    return replace(
        reply,
        id=reply.id or "made-up",
        created=reply.created or 1,
        model=reply.model or "asked-for",
    )


def dated_start(events: Iterable[StreamEvent]) -> list[StreamEvent]:
    return [
        replace(
            event,
            id=event.id or "made-up",
            created=event.created or 1,
            model=event.model or "asked-for",
        )
        if isinstance(event, ResponseStart)
        else event
        for event in events
    ]


def told_to_a_person(reply: Reply) -> tuple[object, ...]:
    """Give what has to survive any translation; an unknown count is 0 where one is needed.

    A call without an id may get one: Gemini's format leaves it out, and clients here need one.
    """
    usage = reply.usage or Usage()
    calls = [part for part in reply.parts if isinstance(part, ToolCall)]
    return (
        reply.text,
        [(given_id(call.id), call.name, parsed(call.arguments)) for call in calls],
        "".join(part.text for part in reply.parts if isinstance(part, Reasoning)),
        (usage.input or 0, usage.output or 0),
    )


@pytest.mark.parametrize(("recording", "dialect"), cases("whole", "stream"))
def test_a_reply_of_another_format_is_a_reply_to_the_vendors_own_sdk(
    recording: Recording, dialect: Dialect
):
    for reply in replies_in(recording):
        written = dialect.wire.write_reply(reply)

        dialect.whole.validate_python(json.loads(written))
        again = dialect.wire.read_reply(written)
        assert told_to_a_person(again) == told_to_a_person(reply)


@pytest.mark.parametrize(("recording", "dialect"), cases("whole", "stream"))
def test_a_reply_of_another_format_told_as_a_stream_is_one_to_the_vendors_own_sdk(
    recording: Recording, dialect: Dialect
):
    for reply in replies_in(recording):
        written = dialect.wire.stream_writer().write(events_of(reply))

        check_stream(dialect, written, reply)


@pytest.mark.parametrize(("recording", "dialect"), cases("stream"))
def test_a_stream_of_another_format_is_a_stream_to_the_vendors_own_sdk(
    recording: Recording, dialect: Dialect
):
    for body in recording.bodies:
        told = read_stream(WIRES[recording.wire], [body])
        writer = dialect.wire.stream_writer()

        written = writer.write(dated_start(told.events))

        if told.failure is None:
            check_stream(dialect, written, dated(told.reply))
        else:
            for event in events_in(written):
                dialect.event.validate_python(event)


def check_stream(dialect: Dialect, written: bytes, reply: Reply) -> None:
    for event in events_in(written):
        dialect.event.validate_python(event)
    again = read_stream(dialect.wire, [written])
    assert again.failure is None
    assert told_to_a_person(again.reply) == told_to_a_person(reply)
    assert again.reply.stop is not None
    whole = dialect.wire.read_reply(dialect.wire.write_reply(reply))
    assert whole.stop is not None
    assert again.reply.stop.reason is whole.stop.reason


@pytest.mark.parametrize(("recording", "dialect"), cases("stream"))
def test_bytes_of_another_format_are_never_passed_on(recording: Recording, dialect: Dialect):
    for body in recording.bodies:
        events = read_stream(WIRES[recording.wire], [body]).events

        told = dialect.wire.stream_writer().write(dated_start(events))

        assert told == dialect.wire.stream_writer().write(dated_start(in_words(events)))
