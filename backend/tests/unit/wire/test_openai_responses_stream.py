"""Streams of the Responses format: what vendors send, what clients hear, and how both go wrong."""

import json
from typing import Any, Final

import httpx2
import openai
import pytest
from msgspec.structs import replace
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from dragoman.chat import (
    Aside,
    Category,
    LLMConnectionError,
    LLMRateLimitError,
    Opaque,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    ToolCall,
    events_of,
    fold,
)
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import Telling, read_stream
from dragoman.wire import anthropic_messages, openai_chat
from dragoman.wire import openai_responses as wire

EVENT: Final[TypeAdapter[Any]] = TypeAdapter(ResponseStreamEvent)
BROKEN: Final = LLMConnectionError(Category.CONNECTION, "the provider hung up")

RESPONSE: Final = {"id": "resp_1", "object": "response", "created_at": 7, "model": "vendor-1"}
CREATED: Final = {"type": "response.created", "response": RESPONSE | {"output": []}}
TEXT: Final = {"type": "output_text", "text": "Hello.", "annotations": []}
MESSAGE: Final = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "content": [TEXT],
}
CALL: Final = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "c1",
    "name": "look",
    "arguments": '{"a":1}',
    "status": "completed",
}


def named(*events: dict[str, Any]) -> bytes:
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), json.dumps(event).encode())
        for event in events
    )


def told(*events: dict[str, Any]) -> Telling:
    telling = read_stream(wire, [named(*events)])
    check_grammar(telling.events, finished=telling.failure is None)
    return telling


def ended(*output: dict[str, Any], status: str = "completed", **fields: Any) -> dict[str, Any]:
    response = RESPONSE | {"status": status, "output": list(output)} | fields
    return {"type": f"response.{status}", "response": response}


def item(kind: str, place: int, said: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"response.output_item.{kind}", "output_index": place, "item": said}


def piece(kind: str, place: int, text: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "output_index": place, "delta": text} | fields


def said_in(body: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: ")]


def begun(said: dict[str, Any]) -> dict[str, Any]:
    empty = {"content": [], "arguments": ""}
    return {name: empty.get(name, value) for name, value in said.items()}


HELLO: Final = (
    CREATED,
    item("added", 0, begun(MESSAGE)),
    piece("output_text", 0, "Hel", content_index=0),
    piece("output_text", 0, "lo.", content_index=0),
    item("done", 0, MESSAGE),
    ended(MESSAGE, usage={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}),
)


def test_words_are_told_as_they_come():
    telling = told(*HELLO)

    assert [event.text for event in telling.events if isinstance(event, PartDelta)] == [
        "Hel",
        "lo.",
        "",
    ]
    assert telling.reply.text == "Hello."
    assert telling.reply.stop == Stop(StopReason.STOP, "completed")
    assert (telling.reply.id, telling.reply.model) == ("resp_1", "vendor-1")


def test_a_call_is_known_by_its_call_id_and_keeps_the_id_of_its_item():
    telling = told(
        CREATED,
        item("added", 0, begun(CALL)),
        piece("function_call_arguments", 0, '{"a"'),
        piece("function_call_arguments", 0, ":1}"),
        item("done", 0, CALL),
        ended(CALL),
    )

    (call,) = telling.reply.parts
    assert isinstance(call, ToolCall)
    assert (call.id, call.name, call.arguments) == ("c1", "look", '{"a":1}')
    assert telling.reply.stop == Stop(StopReason.TOOL, "completed")
    assert json.loads(wire.write_reply(telling.reply))["output"] == [CALL]


@pytest.mark.parametrize("last", ["arguments.done", "item.done", "completed"])
def test_arguments_that_come_at_once_at_the_end_are_not_lost(last: str):
    ends = {
        "arguments.done": {
            "type": "response.function_call_arguments.done",
            "output_index": 0,
            "arguments": CALL["arguments"],
        },
        "item.done": item("done", 0, CALL),
        "completed": {"type": "response.noise"},
    }
    output = [CALL] if last == "completed" else []

    telling = told(CREATED, item("added", 0, begun(CALL)), ends[last], ended(*output))

    (call,) = telling.reply.parts
    assert isinstance(call, ToolCall)
    assert call.arguments == '{"a":1}'


def test_a_text_that_comes_at_once_at_the_end_is_not_lost():
    done = {
        "type": "response.output_text.done",
        "output_index": 0,
        "content_index": 0,
        "text": "Hello.",
    }

    assert told(CREATED, item("added", 0, begun(MESSAGE)), done, ended()).reply.text == "Hello."
    assert told(CREATED, ended(MESSAGE)).reply.text == "Hello."


def test_a_call_that_is_announced_without_its_name_waits_for_it():
    nameless = {name: value for name, value in begun(CALL).items() if name != "name"}

    telling = told(
        CREATED,
        item("added", 0, nameless),
        piece("function_call_arguments", 0, '{"a":1}'),
        item("done", 0, CALL),
        ended(CALL),
    )

    (call,) = telling.reply.parts
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("look", '{"a":1}')


def test_items_that_overlap_are_told_in_their_order():
    other = MESSAGE | {"id": "msg_2", "content": [TEXT | {"text": "Bye."}]}

    telling = told(
        CREATED,
        item("added", 0, begun(MESSAGE)),
        piece("output_text", 0, "Hel", content_index=0),
        item("added", 1, begun(other)),
        piece("output_text", 1, "Bye.", content_index=0),
        item("done", 1, other),
        piece("output_text", 0, "lo.", content_index=0),
        item("done", 0, MESSAGE),
        ended(MESSAGE, other),
    )

    assert [part.text for part in telling.reply.parts if isinstance(part, Text)] == [
        "Hello.",
        "Bye.",
    ]


THOUGHT: Final = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [
        {"type": "summary_text", "text": "One."},
        {"type": "summary_text", "text": "Two."},
    ],
    "encrypted_content": "sealed in the end",
}


def test_reasoning_is_sealed_by_its_last_event():
    early = THOUGHT | {"summary": [], "encrypted_content": "sealed too soon"}

    telling = told(
        CREATED,
        item("added", 0, early),
        {
            "type": "response.reasoning_summary_part.added",
            "output_index": 0,
            "summary_index": 0,
            "part": {"type": "summary_text", "text": ""},
        },
        piece("reasoning_summary_text", 0, "One.", summary_index=0),
        piece("reasoning_summary_text", 0, "Two.", summary_index=1),
        item("done", 0, THOUGHT),
        ended(THOUGHT | {"encrypted_content": "sealed anew"}),
    )

    (part,) = telling.reply.parts
    assert isinstance(part, Reasoning)
    assert (part.text, part.signature, part.origin) == (
        "One.\n\nTwo.",
        "sealed in the end",
        wire.name,
    )
    assert json.loads(wire.write_reply(telling.reply))["output"] == [THOUGHT]


def test_what_only_this_vendor_knows_is_carried_when_it_is_done():
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}

    telling = told(
        CREATED,
        item("added", 0, search | {"status": "in_progress"}),
        {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"},
        item("done", 0, search),
        ended(search),
    )

    assert telling.reply.parts == (Opaque(wire.name, "web_search_call", search),)


def test_a_message_of_several_parts_is_several_texts_and_one_message_again():
    refusal = {"type": "refusal", "refusal": "But no."}
    message = MESSAGE | {"content": [TEXT, refusal], "phase": "final_answer"}

    telling = told(
        CREATED,
        item("added", 0, begun(message)),
        piece("output_text", 0, "Hello.", content_index=0),
        piece("refusal", 0, "But no.", content_index=1),
        item("done", 0, message),
        ended(message),
    )

    assert [part.text for part in telling.reply.parts if isinstance(part, Text)] == [
        "Hello.",
        "But no.",
    ]
    assert telling.reply.stop == Stop(StopReason.REFUSAL, "completed")
    assert json.loads(wire.write_reply(telling.reply))["output"] == [message]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("max_output_tokens", StopReason.LENGTH),
        ("content_filter", StopReason.CONTENT_FILTER),
        ("steered", StopReason.PAUSE),
        ("something new", StopReason.LENGTH),
        (None, StopReason.LENGTH),
    ],
)
def test_an_incomplete_response_is_whole_and_says_why_it_ended(
    reason: str | None, expected: StopReason
):
    details = reason and {"reason": reason}

    telling = told(*HELLO[:-1], ended(MESSAGE, status="incomplete", incomplete_details=details))

    assert telling.failure is None
    assert telling.reply.stop == Stop(expected, reason or "incomplete")


FLAT: Final = {
    "type": "error",
    "code": "rate_limit_exceeded",
    "message": "Slow down.",
    "param": "x",
}
NESTED: Final = {
    "type": "error",
    "error": {"type": "requests", "code": "rate_limit_exceeded", "message": "Slow down."},
}
FAILED: Final = ended(
    status="failed", error={"code": "rate_limit_exceeded", "message": "Slow down."}
)


@pytest.mark.parametrize("error", [FLAT, NESTED, FAILED], ids=["flat", "nested", "failed"])
@pytest.mark.parametrize("place", range(5))
def test_an_error_within_a_stream_is_a_failure_however_it_is_said(
    error: dict[str, Any], place: int
):
    telling = told(*HELLO[:place], error)

    assert telling.failure is not None
    assert telling.failure.message == "Slow down."
    assert telling.failure.code == "rate_limit_exceeded"
    assert telling.failure.status == 200


def test_the_type_of_an_event_is_no_type_of_an_error():
    failure = told(FLAT).failure

    assert failure is not None
    assert (failure.type, failure.param) == (None, "x")


def test_a_response_that_was_cancelled_is_a_failure():
    failure = told(*HELLO[:3], ended(status="cancelled")).failure

    assert failure is not None
    assert failure.code == "cancelled"


def test_a_stream_without_its_last_event_was_interrupted_even_after_done():
    telling = read_stream(wire, [named(*HELLO[:-1]), b"data: [DONE]\n\n"], clean=True)

    assert telling.failure is not None
    assert telling.failure.reason == "stream_interrupted"


def test_a_server_that_does_not_announce_its_response_is_forgiven():
    assert told(*HELLO[1:]).reply.text == "Hello."


def test_the_last_event_may_hold_a_whole_picture():
    picture = {"type": "image_generation_call", "id": "ig_1", "result": "x" * (2 << 20)}

    telling = told(*HELLO[:-1], item("done", 1, picture), ended(MESSAGE, picture))

    assert telling.failure is None
    assert wire.stream_writer().write(telling.events) == named(
        *HELLO[:-1], item("done", 1, picture), ended(MESSAGE, picture)
    )


def test_what_comes_after_the_end_is_not_heard():
    assert read_stream(wire, [named(*HELLO, FLAT)]).failure is None


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_item.added", "output_index": 0},
        {"type": "response.output_item.done", "output_index": "x", "item": MESSAGE},
        {"type": "response.output_text.delta", "output_index": 0, "delta": 7},
        {"type": "response.output_item.done", "output_index": 0, "item": {"type": "message"} | {}},
    ],
)
def test_an_event_that_makes_no_sense_fails_the_stream_or_says_nothing(event: dict[str, Any]):
    telling = told(CREATED, event, ended())

    assert telling.failure is None or telling.failure.reason == "bad_payload"


# What clients hear.


def test_a_stream_of_this_format_goes_out_as_it_came_but_for_the_models_name():
    body = named(*HELLO)

    passed = wire.stream_writer(model="ours").write(read_stream(wire, [body]).events)

    assert passed == body.replace(b'"model": "vendor-1"', b'"model": "ours"')


def test_padding_is_left_out_wherever_it_stands():
    padded = [
        {"obfuscation": "xY7"} | event if number % 2 else event | {"obfuscation": "xY7"}
        for number, event in enumerate(HELLO)
    ]

    passed = wire.stream_writer().write(told(*padded).events)

    assert said_in(passed) == list(HELLO)


def other_formats() -> list[StreamEvent]:
    body = named(
        {
            "type": "message_start",
            "message": {
                "id": "msg_9",
                "type": "message",
                "role": "assistant",
                "model": "claude",
                "content": [],
                "usage": {"input_tokens": 3, "output_tokens": 1},
            },
        },
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "thinking_delta", "thinking": "Hm."},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "signature_delta", "signature": "sig"},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "text_delta", "text": "Hello."},
        },
        {"type": "content_block_stop", "index": 1},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 2,
            "delta": {"type": "input_json_delta", "partial_json": '{"a":1}'},
        },
        {"type": "content_block_stop", "index": 2},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    )
    return list(read_stream(anthropic_messages, [body]).events)


def test_a_stream_of_another_format_has_every_event_of_this_one():
    request = wire.read_request(b'{"model":"ours","input":"Hi","stream":true,"store":false}')

    events = said_in(wire.stream_writer(request, model="ours").write(other_formats()))

    for event in events:
        EVENT.validate_python(event)
    assert [event["type"].removeprefix("response.") for event in events] == [
        *["created", "in_progress"],
        *["output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"],
        *["reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"],
        *["output_item.added", "content_part.added", "output_text.delta"],
        *["output_text.done", "content_part.done", "output_item.done"],
        *["output_item.added", "function_call_arguments.delta"],
        *["function_call_arguments.done", "output_item.done"],
        "completed",
    ]
    assert [event["sequence_number"] for event in events] == [*range(len(events))]
    assert {event["response"]["model"] for event in events if "response" in event} == {"ours"}
    assert {event["response"]["store"] for event in events if "response" in event} == {False}
    places = [event["output_index"] for event in events if "output_index" in event]
    assert places == sorted(places)
    output = events[-1]["response"]["output"]
    assert [one["type"] for one in output] == ["reasoning", "message", "function_call"]
    assert events[-1]["response"]["usage"]["total_tokens"] == 12


@pytest.mark.parametrize(
    ("stop", "last"),
    [
        (StopReason.LENGTH, "response.incomplete"),
        (StopReason.ERROR, "response.failed"),
        (StopReason.STOP, "response.completed"),
    ],
)
def test_the_last_event_says_how_it_ended(stop: StopReason, last: str):
    reply = replace(fold(other_formats()), stop=Stop(stop))

    events = said_in(wire.stream_writer().write(events_of(reply)))

    assert events[-1]["type"] == last


def test_a_stream_that_fails_never_says_that_it_is_complete():
    writer = wire.stream_writer()
    limit = LLMRateLimitError(Category.RATE_LIMIT, "Slow down.")

    events = said_in(writer.write(other_formats()[:5]) + writer.fail(limit))

    *_, error, failed = events
    assert EVENT.validate_python(error).message == "Slow down."
    assert (error["code"], error["error"]["code"]) == ("rate_limit_exceeded",) * 2
    assert EVENT.validate_python(failed).response.error.code == "rate_limit_exceeded"
    assert failed["response"]["status"] == "failed"
    assert [event["sequence_number"] for event in events] == [*range(len(events))]
    assert "response.completed" not in {event["type"] for event in events}


def test_a_stream_that_fails_before_it_begins_is_an_error_alone():
    (error,) = said_in(wire.stream_writer().fail(BROKEN))

    assert error["type"] == "error"
    assert error["sequence_number"] == 0


def test_a_vendors_stream_that_breaks_off_goes_on_counting():
    numbered = [event | {"sequence_number": place} for place, event in enumerate(HELLO[:4])]
    reader, writer = wire.stream_reader(), wire.stream_writer()

    passed = writer.write(reader.feed(named(*numbered))) + writer.fail(BROKEN)

    assert [event["sequence_number"] for event in said_in(passed)] == [0, 1, 2, 3, 4, 5]


# What a plugin puts in, or makes of an event, has no source.


def test_a_part_put_in_between_moves_the_places_of_those_after_it():
    ours = ToolCall("call_ours", "ours", "{}")
    events: list[StreamEvent] = []
    last = ended(MESSAGE, CALL)
    vendors = (*HELLO[:-1], item("added", 1, begun(CALL)), item("done", 1, CALL), last)
    numbered = [event | {"sequence_number": place} for place, event in enumerate(vendors)]
    for event in told(*numbered).events:
        if isinstance(event, PartStart) and event.index == 1:
            events += [PartStart(1, ours), PartEnd(1)]
        events.append(event)

    passed = said_in(wire.stream_writer().write(events))

    added = [event for event in passed if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2]
    assert [event["item"].get("name") for event in added] == [None, "ours", "look"]
    output = passed[-1]["response"]["output"]
    assert [one.get("name") for one in output] == [None, "ours", "look"]
    numbers = [event["sequence_number"] for event in passed]
    assert numbers == [*range(len(passed))]


def test_words_that_a_plugin_made_are_told_in_the_vendors_part():
    added = {
        "type": "response.content_part.added",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "part": TEXT | {"text": ""},
    }
    first = piece("output_text", 0, "Hel", content_index=0, item_id="msg_1")
    second = piece("output_text", 0, "lo.", content_index=0, item_id="msg_1")
    events = [
        replace(event, text=event.text.upper(), source=None)
        if isinstance(event, PartDelta) and event.text
        else event
        for event in told(*HELLO[:2], added, first, second, *HELLO[4:]).events
    ]

    passed = said_in(wire.stream_writer().write(events))

    assert [event["delta"] for event in passed if "delta" in event] == ["HEL", "LO."]
    assert {event["item_id"] for event in passed if "delta" in event} == {"msg_1"}


def test_an_aside_of_nobodys_says_nothing():
    events = told(*HELLO).events

    passed = wire.stream_writer().write([events[0], Aside(), *events[1:]])

    assert passed == named(*HELLO)


def test_bytes_of_this_format_are_passed_on_to_no_other():
    for other in (openai_chat, anthropic_messages):
        written = other.stream_writer().write(told(*HELLO).events)

        assert b"output_text" not in written
        assert read_stream(other, [written]).reply.text == "Hello."


def test_the_sdk_raises_what_we_say_of_an_error():
    writer = wire.stream_writer()
    body = writer.write([ResponseStart("resp_1", "m", 7)]) + writer.fail(BROKEN)
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    heard: list[Any] = []

    with (
        httpx2.Client(transport=httpx2.MockTransport(lambda _: answer)) as http,
        openai.OpenAI(
            api_key="k", base_url="http://test/v1", max_retries=0, http_client=http
        ) as client,
        pytest.raises(openai.APIError, match="the provider hung up"),
    ):
        heard.extend(client.responses.create(model="m", input="Hi", stream=True))

    assert "response.completed" not in {event.type for event in heard}
