"""What every recording must show: nothing lost, nothing invented, in either direction."""

import json
import re
from typing import Any

from dragoman.chat import events_of
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import frame_events, pieces_of, read_stream
from dragoman.wire import anthropic_messages, gemini, openai_chat, openai_responses
from dragoman.wire.base import Wire

from .cases import recordings
from .recordings import Recording
from .replies import comparable, facts_of, in_words, reason_of, retold
from .walker import added_up, events_in, final_response, stood_beside, walk
from .walker_gemini import stood_beside as stood_beside_gemini
from .wires import WIRES


@recordings("asking", "whole", "stream", "error")
def test_a_request_survives_being_read_and_written(recording: Recording):
    assert recording.request is not None
    wire = WIRES[recording.wire]

    written = wire.write_request(wire.read_request(recording.request))

    assert json.loads(written.body) == _as_we_ask(json.loads(recording.request), wire)
    assert written.receipts == ()


def _as_we_ask(body: dict[str, Any], wire: Wire) -> dict[str, Any]:
    """Add the one thing we ask for ourselves: what a stream has cost."""
    if wire.name != "openai_chat" or not body.get("stream"):
        return body
    return body | {"stream_options": (body.get("stream_options") or {}) | {"include_usage": True}}


@recordings("replying", "whole")
def test_a_whole_reply_says_what_the_vendor_said(recording: Recording):
    reply = WIRES[recording.wire].read_reply(recording.bodies[0])

    said = walk(recording.wire, recording.bodies[0], streamed=False)
    assert facts_of(reply) == said
    assert reply.stop is not None
    assert reply.stop.reason is (reason_of(said) or reply.stop.reason)


@recordings("rewriting", "whole")
def test_a_whole_reply_survives_being_read_and_written(recording: Recording):
    wire = WIRES[recording.wire]

    written = wire.write_reply(wire.read_reply(recording.bodies[0]))

    assert json.loads(written) == json.loads(recording.bodies[0])


@recordings("telling", "stream")
def test_a_stream_tells_what_the_vendor_told(recording: Recording):
    for body in recording.bodies:
        told = read_stream(WIRES[recording.wire], [body])

        said = walk(recording.wire, body, streamed=True)
        if said.error is None:
            assert told.failure is None
            assert facts_of(told.reply) == said
            assert told.reply.stop is not None
            assert told.reply.stop.reason is (reason_of(said) or told.reply.stop.reason)
        else:
            assert told.failure is not None
            assert told.failure.code == said.error
            assert told.reply.stop is None
            assert facts_of(told.reply)[:3] == said[:3]


@recordings("grammar", "stream")
def test_a_stream_keeps_the_grammar(recording: Recording):
    for body in recording.bodies:
        told = read_stream(WIRES[recording.wire], [body])

        check_grammar(told.events, finished=told.failure is None)


@recordings("cutting", "stream")
def test_a_stream_tells_the_same_however_it_is_cut(recording: Recording):
    wire = WIRES[recording.wire]
    for body in recording.bodies:
        at_once = read_stream(wire, [body])

        for seed in range(3):
            assert read_stream(wire, pieces_of(body, seed)) == at_once


@recordings("passing", "stream", told=True)
def test_a_stream_carries_every_byte_of_the_vendors(recording: Recording):
    for body in recording.bodies:
        told = read_stream(WIRES[recording.wire], [body])
        if told.failure is not None:
            continue

        carried = b"".join(event.source or b"" for event in told.events)

        recorded = _without_comments(body, WIRES[recording.wire])
        assert carried.split(b"\n\n") == recorded.split(b"\n\n")


@recordings("passing", "stream", wire="bedrock_converse")
def test_a_stream_of_frames_carries_every_byte_of_the_vendors(recording: Recording):
    told = read_stream(WIRES[recording.wire], recording.bodies)

    assert b"".join(event.source or b"" for event in told.events) == b"".join(recording.bodies)


@recordings("passing", "stream", wire="bedrock_invoke")
def test_a_stream_in_an_envelope_is_told_as_it_would_have_come_without_it(recording: Recording):
    told = read_stream(WIRES[recording.wire], recording.bodies)

    passed = anthropic_messages.stream_writer().write(told.events)

    assert events_in(passed) == events_in(recording.bodies[0])


def _without_comments(body: bytes, wire: Wire) -> bytes:
    """Leave out what says nothing: a comment that keeps the line open, a line end too many, and
    Chat Completions' mark of the end, which OpenRouter puts after that of another format.
    """
    if body.startswith(b"["):
        return _as_events(body)
    events = [event for event in re.split(rb"(?<=\n\n)", body) if b"data:" in event]
    if wire.name == "openai_responses" and events[-1].startswith(b"data: [DONE]"):
        del events[-1]
    return b"".join(events)


def _as_events(body: bytes) -> bytes:
    """Frame the items of a list as the events that they would have been."""
    items = (
        json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in events_in(body)
    )
    return frame_events((item.encode(), None) for item in items)


@recordings("retelling", "stream")
def test_a_stream_told_as_a_whole_is_the_same_reply(recording: Recording):
    wire = WIRES[recording.wire]
    for body in recording.bodies:
        told = read_stream(wire, [body])
        if told.failure is not None:
            continue

        whole = wire.read_reply(wire.write_reply(told.reply))

        assert comparable(whole) == comparable(told.reply)


@recordings("adding_up", "stream", wire="anthropic_messages")
def test_a_messages_stream_told_as_a_whole_is_the_message_it_adds_up_to(recording: Recording):
    for body in recording.bodies:
        told = read_stream(anthropic_messages, [body])
        if told.failure is not None:
            continue

        whole = json.loads(anthropic_messages.write_reply(told.reply))

        assert whole == added_up(events_in(body))


@recordings("adding_up", "stream", wire="openai_chat")
def test_a_chat_stream_told_as_a_whole_keeps_what_stood_beside_its_words(recording: Recording):
    for body in recording.bodies:
        told = read_stream(openai_chat, [body])
        if told.failure is not None:
            continue

        whole = json.loads(openai_chat.write_reply(told.reply))

        beside = stood_beside(events_in(body))
        assert {name: whole.get(name) for name in beside} == beside


@recordings("adding_up", "stream", wire="openai_responses")
def test_a_responses_stream_told_as_a_whole_is_the_response_it_ends_with(recording: Recording):
    for body in recording.bodies:
        told = read_stream(openai_responses, [body])
        if told.failure is not None:
            continue

        whole = json.loads(openai_responses.write_reply(told.reply))

        assert whole == final_response(events_in(body))


@recordings("adding_up", "stream", wire="gemini")
def test_a_gemini_stream_told_as_a_whole_keeps_what_stood_beside_its_words(recording: Recording):
    for body in recording.bodies:
        told = read_stream(gemini, [body])
        if told.failure is not None:
            continue

        whole = json.loads(gemini.write_reply(told.reply))

        top, candidate = stood_beside_gemini(events_in(body))
        assert {name: whole.get(name) for name in top} == top
        assert {name: whole["candidates"][0].get(name) for name in candidate} == candidate


@recordings("passing", "stream", told=True)
def test_a_stream_is_passed_on_to_its_own_clients_as_it_came(recording: Recording):
    wire = WIRES[recording.wire]
    for body in recording.bodies:
        told = read_stream(wire, [body])
        if told.failure is not None:
            continue

        passed = wire.stream_writer().write(told.events)

        recorded = _without_padding(_ended(_without_comments(body, wire), wire))
        if b'"obfuscation":' in recorded:
            # In the midst of a chunk, it costs the chunk its order of fields.
            assert events_in(passed) == [_unpadded(chunk) for chunk in events_in(body)]
        else:
            assert passed == recorded


def _unpadded(chunk: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chunk.items() if name != "obfuscation"}


def _ended(body: bytes, wire: Wire) -> bytes:
    """Add the mark of the end that some vendors leave out."""
    if wire.name == "openai_chat" and b"data: [DONE]" not in body:
        return body + b"data: [DONE]\n\n"
    return body


def _without_padding(body: bytes) -> bytes:
    return re.sub(rb',\s*"(obfuscation|p)"\s*:\s*"[a-zA-Z0-9]*"(?=\}\n\n)', b"", body)


@recordings("passing", "stream", told=True)
def test_a_stream_passed_on_differs_by_the_models_name_alone(recording: Recording):
    wire = WIRES[recording.wire]
    for body in recording.bodies:
        told = read_stream(wire, [body])
        if told.failure is not None or not told.reply.model:
            continue
        vendors = json.dumps(told.reply.model).encode()

        named = wire.stream_writer(model="our-name").write(told.events)

        plain = wire.stream_writer().write(told.events)
        assert named == re.sub(
            rb'("model(?:Version)?":\s*)' + re.escape(vendors), rb'\1"our-name"', plain
        )
        assert named.count(b'"our-name"') >= 1


@recordings("passing", "stream", wire="openai_chat")
def test_a_chat_client_that_did_not_ask_what_it_cost_is_told_all_else(recording: Recording):
    asked = openai_chat.read_request(b'{"model":"m","messages":[],"stream":true}')
    for body in recording.bodies:
        told = read_stream(openai_chat, [body])
        if told.failure is not None:
            continue

        passed = events_in(openai_chat.stream_writer(asked).write(told.events))

        recorded = [_uncounted(chunk) for chunk in events_in(body)]
        assert [_unwatched(chunk) for chunk in passed] == [one for one in recorded if one]


def _uncounted(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """Give what a chunk says to one who did not ask; `None` for a chunk of usage alone."""
    if chunk.get("usage") and not chunk["choices"]:
        return None
    unasked = {"usage", "obfuscation", "p"}
    return {name: value for name, value in chunk.items() if name not in unasked}


def _unwatched(chunk: dict[str, Any]) -> dict[str, Any]:
    """Forget a usage that is null: it is left where it does not stand last."""
    assert chunk.get("usage") is None
    return {name: value for name, value in chunk.items() if name != "usage"}


@recordings("passing", "stream", told=True)
def test_a_stream_that_was_cut_is_passed_on_without_an_end(recording: Recording):
    wire = WIRES[recording.wire]
    for body in recording.bodies:
        events = re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)", body)
        for count in range(len(events)):
            told = read_stream(wire, [b"".join(events[:count])], clean=False)
            if told.failure is None:
                break

            passed = wire.stream_writer().write(told.events)

            assert b"data: [DONE]" not in passed
            assert b'"message_stop"' not in passed
            assert b'"response.completed"' not in passed
            assert b'"finishReason"' not in passed


@recordings("retelling", "stream", told=True)
def test_a_stream_told_anew_is_the_same_reply(recording: Recording):
    wire = WIRES[recording.wire]
    for body in recording.bodies:
        told = read_stream(wire, [body])
        if told.failure is not None:
            continue

        again = read_stream(wire, [wire.stream_writer().write(in_words(told.events))])

        assert again.failure is None
        assert retold(again.reply) == retold(told.reply)


@recordings("retelling", "whole", told=True)
def test_a_whole_reply_told_as_a_stream_is_the_same_reply(recording: Recording):
    wire = WIRES[recording.wire]
    reply = wire.read_reply(recording.bodies[0])

    streamed = wire.stream_writer().write(events_of(reply))

    told = read_stream(wire, [streamed])
    assert told.failure is None
    assert retold(told.reply) == retold(reply)
