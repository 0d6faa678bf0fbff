"""Streams of Gemini's format: what chunks tell, when they are whole, and how others' are told."""

import json
from typing import Any

import pytest

from dragoman.chat import (
    Category,
    Extras,
    Failure,
    LLMConnectionError,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    ToolCall,
    Usage,
)
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import Telling, read_stream
from dragoman.wire import gemini as wire

BROKEN = LLMConnectionError(Category.STREAM_INTERRUPTED, "the provider hung up")


def chunk(*parts: Any, **candidate: Any) -> dict[str, Any]:
    content = {"parts": list(parts), "role": "model"}
    return {
        "candidates": [{"content": content, **candidate}],
        "modelVersion": "vendor-1",
        "responseId": "r",
    }


def framed(*chunks: Any) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in chunks)


def told(*chunks: Any, clean: bool = True) -> Telling:
    telling = read_stream(wire, [framed(*chunks)], clean=clean)
    check_grammar(telling.events, finished=telling.failure is None)
    return telling


LAST = chunk({"text": ""}, finishReason="STOP")


def test_words_go_on_from_chunk_to_chunk():
    telling = told(
        chunk({"text": "Hm", "thought": True}),
        chunk({"text": ".", "thought": True}, {"text": "He"}),
        chunk({"text": "llo"}),
        LAST | {"usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 3}},
    )

    assert telling.reply.parts == (Reasoning("Hm.", origin="gemini"), Text("Hello"))
    assert telling.reply.stop == Stop(StopReason.STOP, "STOP")
    assert telling.reply.usage is not None
    assert (telling.reply.usage.input, telling.reply.usage.output) == (2, 3)
    assert telling.events[0] == ResponseStart(
        "r", "vendor-1", source=framed(chunk({"text": "Hm", "thought": True})), wire="gemini"
    )


def test_what_is_sealed_is_a_part_of_its_own():
    telling = told(
        chunk({"text": "a"}),
        chunk({"text": "b", "thoughtSignature": "cw=="}),
        chunk({"text": "c"}, {"text": "", "thoughtSignature": "dA=="}),
        LAST,
    )

    assert telling.reply.parts == (
        Text("a"),
        Text("b", Extras("gemini", {"thoughtSignature": "cw=="})),
        Text("c"),
        Text("", Extras("gemini", {"thoughtSignature": "dA=="})),
    )


def test_calls_come_whole():
    call = {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}}

    telling = told(chunk(call, {"functionCall": {"name": "g"}}), LAST)

    first, second = telling.reply.parts
    assert first == ToolCall("a", "f", '{"x":1}')
    assert isinstance(second, ToolCall)
    assert (second.name, second.arguments) == ("g", "")
    assert telling.reply.stop == Stop(StopReason.TOOL, "STOP")


def test_a_call_in_pieces_is_put_together():
    def piece(path: str, more: bool = False, **value: Any) -> dict[str, Any]:  # noqa: FBT001, FBT002
        said = {"jsonPath": path, **value} | ({"willContinue": True} if more else {})
        return {"functionCall": {"partialArgs": [said], "willContinue": True}}

    telling = told(
        chunk({"functionCall": {"name": "f", "willContinue": True}, "thoughtSignature": "cw=="}),
        chunk(piece("$.town", more=True, stringValue="Bo")),
        chunk(piece("$.town", more=True, stringValue="ston")),
        chunk(piece("$.town", stringValue="")),
        chunk(piece("$.days[0].n", numberValue=1), piece("$.days[1]['a b']", boolValue=True)),
        chunk({"functionCall": {"willContinue": True}}),
        chunk({"functionCall": {}}),
        LAST,
    )

    (call,) = telling.reply.parts
    assert isinstance(call, ToolCall)
    assert json.loads(call.arguments) == {"town": "Boston", "days": [{"n": 1}, {"a b": True}]}
    assert call.extras == Extras("gemini", {"thoughtSignature": "cw=="})


@pytest.mark.parametrize("path", ["", "$", "$[0]", "$.a[5]", "$.a.b"])
def test_a_piece_that_points_nowhere_is_the_vendors_fault(path: str):
    piece = {"partialArgs": [{"jsonPath": "$.a", "numberValue": 1}, {"jsonPath": path}]}

    failure = told(chunk({"functionCall": {"name": "f", **piece}}), LAST).failure

    assert failure is not None
    assert failure.reason == "bad_payload"


def test_it_is_whole_at_a_clean_end_after_a_reason_to_finish():
    assert told(chunk({"text": "a"}), LAST).failure is None
    for broken in (
        told(chunk({"text": "a"}), LAST, clean=False),
        told(chunk({"text": "a"})),
        told(chunk({"text": "a"}), clean=False),
        told(),
    ):
        assert broken.failure is not None
        assert broken.failure.reason == "stream_interrupted"


def test_a_refused_prompt_ends_a_stream():
    telling = told({"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "m"})

    assert telling.reply.stop == Stop(StopReason.CONTENT_FILTER, "SAFETY")
    assert json.loads(wire.write_reply(telling.reply)) == {
        "promptFeedback": {"blockReason": "SAFETY"},
        "modelVersion": "m",
    }


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_error_in_a_stream_ends_it(*, wrapped: bool):
    error = {"error": {"code": 503, "message": "Later.", "status": "UNAVAILABLE"}}

    telling = told(chunk({"text": "a"}), [error] if wrapped else error)

    assert telling.failure == Failure(message="Later.", status=503, type="UNAVAILABLE")
    assert telling.reply.text == "a"


def test_several_candidates_are_refused():
    both = {"candidates": [{"index": 0}, {"index": 1}]}

    for telling in (told(both), told(chunk({"text": "a"}), chunk({"text": "b"}, index=1))):
        assert telling.failure is not None
        assert telling.failure.reason == "many_choices"


@pytest.mark.parametrize("said", ["null", "[]", "[1, 2]", "oops"])
def test_what_is_no_object_is_the_vendors_fault(said: str):
    failure = read_stream(wire, [f"data: {said}\n\n".encode()]).failure

    assert failure is not None
    assert failure.reason == "bad_json"


def test_a_list_is_a_stream_too_however_it_is_cut():
    chunks = [chunk({"text": 'a {"[\\'}), chunk({"text": "}]"}), LAST]
    body = json.dumps(chunks, indent=1).encode()

    at_once = read_stream(wire, [body])

    assert at_once.failure is None
    assert at_once.reply.text == 'a {"[\\}]'
    assert read_stream(wire, [body[i : i + 1] for i in range(len(body))]) == at_once
    passed = wire.stream_writer().write(at_once.events)
    assert [json.loads(line[6:]) for line in passed.split(b"\n\n") if line] == chunks


def test_its_own_clients_get_it_as_it_came_but_for_the_models_name():
    invented = chunk({"text": "Hi", "aura": 1}, vibe={"modelVersion": "another"}) | {"new": [1.50]}
    body = b": waiting\n\n" + framed(invented, {"mood": "calm"}, LAST)

    written = wire.stream_writer(model="ours").write(read_stream(wire, [body]).events)

    assert written == body.replace(b'"vendor-1"', b'"ours"').removeprefix(b": waiting\n\n")


def test_the_reason_to_finish_is_held_back_until_the_end_is_clean():
    writer, reader = wire.stream_writer(), wire.stream_reader()
    only = framed(chunk({"text": "Hi"}, finishReason="STOP"))

    before = writer.write(reader.feed(only))
    after = writer.write(reader.close(clean=True))

    assert (before, after) == (b"", only)


def test_another_formats_stream_is_told_chunk_by_chunk():
    events: list[StreamEvent] = [
        ResponseStart("r", "m", 1767323045),
        PartStart(0, Reasoning("H", origin="other")),
        PartDelta(0, "m.", "seal"),
        PartEnd(0),
        PartStart(1, Text("")),
        PartDelta(1, "Hello"),
        PartEnd(1),
        PartStart(2, ToolCall("a", "f", "")),
        PartDelta(2, '{"x"'),
        PartDelta(2, ":1}"),
        PartEnd(2),
        ResponseEnd(Stop(StopReason.TOOL, "tool_use"), Usage(3, 4)),
    ]

    lines = wire.stream_writer(model="ours").write(events).split(b"\n\n")

    said = [json.loads(line[6:]) for line in lines if line]
    spoken = [one["candidates"][0]["content"]["parts"] for one in said]
    assert spoken == [
        [{"text": "H", "thought": True}],
        [{"text": "m.", "thought": True}],
        [{"text": "Hello"}],
        [{"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}}],
        [{"text": ""}],
    ]
    assert said[-1]["candidates"][0]["finishReason"] == "STOP"
    assert said[-1]["usageMetadata"] == {
        "promptTokenCount": 3,
        "candidatesTokenCount": 4,
        "totalTokenCount": 7,
    }
    assert {one["modelVersion"] for one in said} == {"ours"}
    assert all("finishReason" not in one["candidates"][0] for one in said[:-1])


def test_a_seal_that_comes_after_its_thoughts_is_told_with_the_last_of_them():
    events: list[StreamEvent] = [
        ResponseStart("r", "m"),
        PartStart(0, Reasoning(origin="gemini")),
        PartDelta(0, "Hm."),
        PartDelta(0, signature="c2VhbA=="),
        PartEnd(0),
    ]

    lines = wire.stream_writer().write(events).split(b"\n\n")

    said = [json.loads(line[6:])["candidates"][0]["content"]["parts"] for line in lines if line]
    assert said == [
        [{"text": "Hm.", "thought": True}],
        [{"text": "", "thought": True, "thoughtSignature": "c2VhbA=="}],
    ]


def test_a_failure_ends_a_stream_without_a_reason_to_finish():
    written = wire.stream_writer().fail(BROKEN)

    (said,) = [json.loads(line[6:]) for line in written.split(b"\n\n") if line]
    assert (said["error"]["code"], said["error"]["status"]) == (502, "UNAVAILABLE")
    failure = read_stream(wire, [framed(chunk({"text": "a"})), written]).failure
    assert failure is not None
    assert failure.message == "the provider hung up"
