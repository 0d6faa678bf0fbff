"""A streamed Messages reply: read as it comes, whole only at `message_stop`, and written."""

from typing import Final

import msgspec
import pytest

from dragoman.chat import (
    Aside,
    Category,
    Extras,
    Image,
    Json,
    JsonObject,
    Link,
    LLMOverloadedError,
    Opaque,
    Part,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    ToolCall,
    UpstreamError,
    Usage,
    events_of,
    fold,
)
from dragoman.testing.grammar import check_grammar
from dragoman.wire import anthropic_messages as wire

_NAME: Final = "anthropic_messages"


def _sse(*events: JsonObject) -> bytes:
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), msgspec.json.encode(event))
        for event in events
    )


def _opening(**said: Json) -> JsonObject:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1},
    }
    return {"type": "message_start", "message": message | said}


def _start(index: int, **block: Json) -> JsonObject:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int, kind: str, **said: Json) -> JsonObject:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **said}}


def _stop(index: int) -> JsonObject:
    return {"type": "content_block_stop", "index": index}


def _ending(
    word: str = "end_turn", *, beside: JsonObject | None = None, **more: Json
) -> JsonObject:
    delta = {"stop_reason": word, "stop_sequence": None, **more}
    usage = {"output_tokens": 7}
    return {"type": "message_delta", "delta": delta, "usage": usage, **(beside or {})}


_OPENING: Final = _opening()
_PING: Final[JsonObject] = {"type": "ping"}
_OVER: Final[JsonObject] = {"type": "message_stop"}
_WORDS: Final = (_start(0, type="text", text=""), _delta(0, "text_delta", text="Hi"), _stop(0))


def _read(*events: JsonObject) -> list[StreamEvent]:
    reader = wire.stream_reader()
    told = reader.feed(_sse(*events))
    told += reader.close(clean=True)
    check_grammar(told)
    return told


def _said(*blocks: JsonObject) -> tuple[Part, ...]:
    return fold(_read(_OPENING, *blocks, _ending(), _OVER)).parts


def _failure(*events: JsonObject) -> UpstreamError:
    reader = wire.stream_reader()
    reader.feed(_sse(*events))
    with pytest.raises(UpstreamError) as caught:
        reader.close(clean=True)
    assert reader.done
    return caught.value


def test_words_arrive_as_they_are_said():
    text = (
        _start(0, type="text", text=""),
        _delta(0, "text_delta", text="Hel"),
        _delta(0, "text_delta", text="lo"),
        _stop(0),
    )

    told = _read(_OPENING, *text, _ending("max_tokens"), _OVER)

    kinds = [event for event in told if not isinstance(event, Aside)]
    sources = [_sse(event) for event in (_OPENING, *text, _OVER)]
    usage = Usage(input=15, output=1, cache_read=5)
    assert kinds == [
        ResponseStart("msg_1", "claude", usage=usage, source=sources[0], wire=_NAME),
        PartStart(0, Text(""), sources[1]),
        PartDelta(0, "Hel", source=sources[2]),
        PartDelta(0, "lo", source=sources[3]),
        PartEnd(0, sources[4]),
        ResponseEnd(
            Stop(StopReason.LENGTH, "max_tokens"),
            Usage(input=15, output=7, cache_read=5),
            source=sources[5],
        ),
    ]


def test_a_stream_reads_the_same_in_any_cut():
    body = _sse(_OPENING, _PING, *_WORDS, _ending(), _OVER)
    whole = _read(_OPENING, _PING, *_WORDS, _ending(), _OVER)

    reader = wire.stream_reader()
    told = [event for byte in body for event in reader.feed(bytes([byte]))]

    assert told + reader.close(clean=True) == whole


def test_every_byte_is_carried_by_one_event():
    events = (_PING, _OPENING, _PING, *_WORDS, {"type": "invented"}, _ending(), _OVER)

    told = _read(*events)

    assert b"".join(event.source or b"" for event in told) == _sse(*events)


def test_a_stream_without_names_of_events_is_read_all_the_same():
    named = _sse(_OPENING, *_WORDS, _ending(), _OVER)
    lines = [line for line in named.splitlines(keepends=True) if not line.startswith(b"event:")]
    reader = wire.stream_reader()

    told = reader.feed(b"".join(lines))

    assert fold(told) == fold(_read(_OPENING, *_WORDS, _ending(), _OVER))


def test_thinking_keeps_its_seal_even_without_a_word():
    parts = _said(
        _start(0, type="thinking", thinking="", signature=""),
        _delta(0, "thinking_delta", thinking="Hm."),
        _delta(0, "signature_delta", signature="c2ln=="),
        _stop(0),
        _start(1, type="thinking", thinking=""),
        _delta(1, "signature_delta", signature="bW9yZQ=="),
        _stop(1),
        _start(2, type="redacted_thinking", data="sealed"),
        _stop(2),
    )

    assert parts == (
        Reasoning("Hm.", "c2ln==", origin=_NAME),
        Reasoning("", "bW9yZQ==", origin=_NAME),
        Reasoning(encrypted="sealed", origin=_NAME),
    )


def test_a_tool_call_split_across_events_arrives_whole():
    parts = _said(
        _start(0, type="tool_use", id="t1", name="f", input={}, caller={"type": "direct"}),
        _delta(0, "input_json_delta", partial_json=""),
        _delta(0, "input_json_delta", partial_json='{"a"'),
        _delta(0, "input_json_delta", partial_json=": 1}"),
        _stop(0),
        _start(1, type="tool_use", id="t2", name="g", input={}),
        _stop(1),
    )

    assert parts == (
        ToolCall("t1", "f", '{"a": 1}', Extras(_NAME, {"caller": {"type": "direct"}})),
        ToolCall("t2", "g", "{}"),
    )


def test_arguments_given_at_once_count_if_none_are_streamed():
    parts = _said(
        _start(0, type="tool_use", id="t1", name="f", input={"a": 1}),
        _stop(0),
        _start(1, type="tool_use", id="t2", name="f", input={"a": 1}),
        _delta(1, "input_json_delta", partial_json='{"a":2}'),
        _stop(1),
        _start(2, type="tool_use", id="t3", name="f"),
        _stop(2),
    )

    assert parts == (
        ToolCall("t1", "f", '{"a":1}'),
        ToolCall("t2", "f", '{"a":2}'),
        ToolCall("t3", "f", "{}"),
    )


def test_a_tool_of_the_vendors_own_is_carried_with_what_it_was_given():
    block = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"url": "u"}]}

    parts = _said(
        _start(0, **block),
        _delta(0, "input_json_delta", partial_json='{"query": '),
        _delta(0, "input_json_delta", partial_json='"q"}'),
        _stop(0),
        _start(1, **found),
        _stop(1),
        _start(2, **block | {"input": {"query": "q"}}),
        _stop(2),
    )

    assert parts == (
        Opaque(_NAME, "server_tool_use", block, '{"query": "q"}'),
        Opaque(_NAME, "web_search_tool_result", found),
        Opaque(_NAME, "server_tool_use", block, '{"query":"q"}'),
    )


def test_citations_gather_on_the_text_they_support():
    first, second = {"type": "page_location", "n": 1}, {"type": "page_location", "n": 2}

    parts = _said(
        _start(0, type="text", text="", citations=[]),
        _delta(0, "citations_delta", citation=first),
        _delta(0, "text_delta", text="So."),
        _delta(0, "citations_delta", citation=second),
        _stop(0),
    )

    assert parts == (Text("So.", Extras(_NAME, {"citations": [first, second]})),)


def test_a_delta_of_an_unknown_kind_is_kept():
    parts = _said(
        _start(0, type="compaction", content=None),
        _delta(0, "compaction_delta", content="Sum"),
        _delta(0, "compaction_delta", content="mary"),
        _stop(0),
        *(_start(1, type="text"), _delta(1, "mood_delta", mood="glad"), _stop(1)),
    )

    assert parts == (
        Opaque(_NAME, "compaction", {"type": "compaction", "content": "Summary"}),
        Text("", Extras(_NAME, {"mood": "glad"})),
    )


def test_a_block_left_open_ends_where_the_next_thing_begins():
    told = _read(
        _OPENING,
        _start(0, type="text", text="a"),
        _stop(9),
        _start(1, type="text", text="b"),
        _ending(),
        _OVER,
    )

    assert fold(told).parts == (Text("a"), Text("b"))


def test_parts_are_numbered_anew():
    told = _read(_OPENING, _start(7, type="text", text="a"), _stop(7), _ending(), _OVER)

    assert [event.index for event in told if isinstance(event, PartStart)] == [0]


def test_counts_are_totals_and_a_null_counts_nothing():
    opening = _opening(
        usage={
            "input_tokens": 3,
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 20,
            "output_tokens": 1,
            "service_tier": "standard",
        }
    )
    ending = _ending() | {
        "usage": {
            "input_tokens": 4,
            "cache_creation_input_tokens": None,
            "output_tokens": 90,
            "output_tokens_details": {"thinking_tokens": 60},
            "server_tool_use": {"web_search_requests": 1},
        }
    }

    reply = fold(_read(opening, ending, _OVER))

    assert reply.usage == Usage(
        input=124,
        output=90,
        cache_read=20,
        cache_write=100,
        reasoning=60,
        extras=Extras(
            _NAME,
            {"service_tier": "standard", "server_tool_use": {"web_search_requests": 1}},
        ),
    )


def test_what_is_said_beside_the_parts_is_kept():
    opening = _opening(container=None)
    ending = _ending(
        "refusal",
        stop_details={"category": "cyber"},
        container={"id": "c1"},
        beside={"context_management": {"applied_edits": [1]}},
    )

    reply = fold(_read(opening, ending, _OVER))

    assert reply.stop == Stop(StopReason.REFUSAL, "refusal")
    assert reply.extras == Extras(
        _NAME,
        {
            "container": {"id": "c1"},
            "stop_details": {"category": "cyber"},
            "context_management": {"applied_edits": [1]},
        },
    )


def test_a_reply_may_be_told_by_its_start_alone():
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}

    reply = fold(_read(_opening(content=[call], stop_reason="tool_use"), _OVER))

    assert reply.parts == (ToolCall("t1", "f", '{"a":1}'),)
    assert reply.stop == Stop(StopReason.TOOL, "tool_use")


def test_an_end_without_a_reason_is_an_end():
    reply = fold(_read(_opening(usage=None), {"type": "message_delta"}, _OVER))

    assert reply.stop == Stop(StopReason.STOP)
    assert reply.usage is None


def test_nothing_after_the_end_is_heard():
    reader = wire.stream_reader()
    told = reader.feed(_sse(_OPENING, _OVER, _OPENING) + b"data: [DONE]\n\n")

    assert reader.done
    assert reader.feed(b"data: {}\n\n") == []
    assert reader.close(clean=False) == []
    check_grammar(told)


@pytest.mark.parametrize("clean", [True, False])
def test_a_stream_cut_anywhere_before_its_end_is_never_whole(*, clean: bool):
    body = _sse(_OPENING, *_WORDS, _ending(), _OVER)

    for cut in range(len(body)):
        reader = wire.stream_reader()
        told = reader.feed(body[:cut])

        assert not reader.done
        assert not any(isinstance(event, ResponseEnd) for event in told)
        with pytest.raises(UpstreamError) as caught:
            reader.close(clean=clean)
        assert caught.value.failure.reason == "stream_interrupted"


def test_an_error_in_the_stream_is_told_with_its_facts():
    said = {
        "type": "error",
        "error": {
            "type": "overloaded_error",
            "message": "Overloaded",
            "details": {"error_code": "no_capacity"},
        },
        "request_id": "req_1",
    }

    failure = _failure(_OPENING, *_WORDS, said).failure

    assert (failure.status, failure.type, failure.code) == (200, "overloaded_error", "no_capacity")
    assert (failure.message, failure.request_id) == ("Overloaded", "req_1")
    assert failure.reason is None


def test_a_proxys_error_which_has_no_type_is_heard_too():
    reader = wire.stream_reader()

    reader.feed(_sse(_OPENING, *_WORDS) + b'data: {"error":{"message":"The backend is gone"}}\n\n')

    with pytest.raises(UpstreamError) as caught:
        reader.close(clean=True)
    failure = caught.value.failure
    assert (failure.message, failure.reason) == ("The backend is gone", None)


def test_another_reply_inside_this_one_is_a_failure():
    first = (_OPENING, _start(0, type="tool_use", id="t", name="f", input={}))

    failure = _failure(*first, _opening(id="msg_2"), *_WORDS, _ending(), _OVER).failure

    assert failure.reason == "bad_payload"
    assert failure.message == (
        "the stream makes no sense: message_start: another reply begins inside this one"
    )


def test_a_start_said_twice_is_heard_once():
    assert fold(_read(_OPENING, _OPENING, *_WORDS, _ending(), _OVER)).parts == (Text("Hi"),)


@pytest.mark.parametrize(
    "events",
    [
        (_WORDS[0],),
        (_ending(),),
        (_OVER,),
        (_OPENING, _WORDS[1]),
        (_OPENING, *_WORDS, _WORDS[1]),
        (_OPENING, _WORDS[0], _delta(1, "text_delta", text="Hi")),
        (_OPENING, _WORDS[0], {"type": "content_block_delta", "index": 0}),
        (_OPENING, {"type": "content_block_start", "index": 0}),
        (_OPENING, _start(0, text="")),
        (_OPENING, _start(0, type="tool_use", id="t1", input={})),
        (_OPENING, {"type": "message_delta", "delta": "end"}),
        ({"type": "message_start"},),
        ({"type": "message_start", "message": {"id": 5}},),
    ],
    ids=str,
)
def test_a_stream_in_disorder_is_a_failure(events: tuple[JsonObject, ...]):
    failure = _failure(*events).failure

    assert failure.reason == "bad_payload"
    assert failure.message.startswith("the stream makes no sense: ")


@pytest.mark.parametrize("payload", [b"[DONE]", b"[]", b"{", b"5"])
def test_an_event_that_is_no_json_object_is_a_failure(payload: bytes):
    reader = wire.stream_reader()

    reader.feed(_sse(_OPENING) + b"data: %b\n\n" % payload)

    with pytest.raises(UpstreamError) as caught:
        reader.close(clean=True)
    assert caught.value.failure.reason == "bad_json"


# Writing


def _heard(written: bytes) -> list[JsonObject]:
    events = []
    for event in written.split(b"\n\n")[:-1]:
        name, said = event.split(b"\n")
        events.append(msgspec.json.decode(said.removeprefix(b"data: ")))
        assert name == b"event: " + events[-1]["type"].encode()
    return events


def _written(*events: StreamEvent) -> list[JsonObject]:
    return _heard(wire.stream_writer().write(events))


_BEGIN: Final = ResponseStart("msg_1", "m", usage=Usage(input=15, output=1, cache_read=5))
_END: Final = ResponseEnd(Stop(StopReason.STOP), Usage(input=15, output=7, cache_read=5))


def test_a_reply_is_written_in_the_formats_own_order():
    written = _written(
        _BEGIN,
        Aside(b"ping"),
        PartStart(0, Reasoning(origin=_NAME, signature="")),
        PartDelta(0, "Hm."),
        PartDelta(0, signature="c2ln"),
        PartEnd(0),
        PartStart(1, Text("")),
        PartDelta(1, 'A "word"\n'),
        PartEnd(1),
        PartStart(2, ToolCall("t1", "f", "")),
        PartDelta(2, '{"a":'),
        PartDelta(2, "1}"),
        PartEnd(2),
        ResponseEnd(Stop(StopReason.STOP_SEQUENCE, sequence="END"), _END.usage),
    )

    usage = {"input_tokens": 10, "cache_read_input_tokens": 5}
    assert written == [
        _opening(model="m"),
        _start(0, type="thinking", thinking="", signature=""),
        _delta(0, "thinking_delta", thinking="Hm."),
        _delta(0, "signature_delta", signature="c2ln"),
        _stop(0),
        _start(1, type="text", text=""),
        _delta(1, "text_delta", text='A "word"\n'),
        _stop(1),
        _start(2, type="tool_use", id="t1", name="f", input={}),
        _delta(2, "input_json_delta", partial_json='{"a":'),
        _delta(2, "input_json_delta", partial_json="1}"),
        _stop(2),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"},
            "usage": usage | {"output_tokens": 7},
        },
        {"type": "message_stop"},
    ]


_NOTE = "[The model answered with a picture (https://a/b), which this format cannot show.]"


def test_a_part_told_at_once_is_written_in_deltas():
    citation = {"type": "page_location"}
    parts = (
        Text("So.", Extras(_NAME, {"citations": [citation]})),
        Reasoning("Hm.", "c2ln", origin=_NAME),
        Reasoning(encrypted="sealed", origin=_NAME),
        ToolCall("t1", "f", "{}"),
        Opaque(_NAME, "server_tool_use", {"type": "server_tool_use", "input": {}}, '{"q":1}'),
        Image(Link("https://a/b")),
    )

    written = _written(*events_of(Reply(id="msg_1", parts=parts, stop=Stop(StopReason.STOP))))

    assert written[1:-2] == [
        _start(0, type="text", text="", citations=[]),
        _delta(0, "text_delta", text="So."),
        _delta(0, "citations_delta", citation=citation),
        _stop(0),
        _start(1, type="thinking", thinking="", signature=""),
        _delta(1, "thinking_delta", thinking="Hm."),
        _delta(1, "signature_delta", signature="c2ln"),
        _stop(1),
        _start(2, type="redacted_thinking", data="sealed"),
        _stop(2),
        _start(3, type="tool_use", id="t1", name="f", input={}),
        _delta(3, "input_json_delta", partial_json="{}"),
        _stop(3),
        _start(4, type="server_tool_use", input={}),
        _delta(4, "input_json_delta", partial_json='{"q":1}'),
        _stop(4),
        _start(5, type="text", text=""),
        _delta(5, "text_delta", text=_NOTE),
        _stop(5),
    ]


def test_what_another_wire_said_is_shown_as_far_as_it_has_words_here():
    written = _written(
        ResponseStart("chatcmpl-1", "m", extras=Extras("openai_chat", {"service_tier": "x"})),
        PartStart(0, Opaque("openai_chat", "custom", {"type": "custom"})),
        PartDelta(0, "unseen"),
        PartEnd(0),
        PartStart(1, Reasoning("", origin="openai_chat")),
        PartDelta(1, "Hm.", signature="foreign seal"),
        PartEnd(1),
        PartStart(2, Text("Hi", Extras("openai_chat", {"annotations": [1]}))),
        PartDelta(2, extras=Extras("openai_chat", {"logprobs": [1]})),
        PartEnd(2),
        ResponseEnd(Stop(StopReason.CONTENT_FILTER, "content_filter")),
    )

    unknown = {"input_tokens": 0, "output_tokens": 0}
    assert written == [
        _opening(id="chatcmpl-1", model="m", usage=unknown),
        _start(0, type="thinking", thinking="", signature=""),
        _delta(0, "thinking_delta", thinking="Hm."),
        _stop(0),
        _start(1, type="text", text=""),
        _delta(1, "text_delta", text="Hi"),
        _stop(1),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "refusal", "stop_sequence": None},
            "usage": unknown,
        },
        {"type": "message_stop"},
    ]


def test_deltas_of_an_unknown_kind_keep_the_vendors_way_of_naming():
    written = _written(
        _BEGIN,
        PartStart(0, Opaque(_NAME, "compaction", {"type": "compaction", "content": None})),
        PartDelta(0, extras=Extras(_NAME, {"content": "Summary"})),
        PartDelta(0, extras=Extras("openai_chat", {"x": 1})),
        PartEnd(0),
        PartStart(1, Text("")),
        PartDelta(1, extras=Extras(_NAME, {"mood": "glad"})),
        PartEnd(1),
        _END,
    )

    assert written[1:-2] == [
        _start(0, type="compaction", content=None),
        _delta(0, "compaction_delta", content="Summary"),
        _stop(0),
        _start(1, type="text", text=""),
        _delta(1, "mood_delta", mood="glad"),
        _stop(1),
    ]


def test_what_clients_expect_at_the_end_is_said_at_the_end():
    fields = {
        "container": {"id": "c1"},
        "context_management": {"applied_edits": [1]},
        "stop_details": None,
        "diagnostics": {"x": 1},
    }

    written = _written(ResponseStart("msg_1", "m", extras=Extras(_NAME, fields)), _END)

    assert written[0]["message"]["stop_details"] is None
    assert written[0]["message"]["diagnostics"] == {"x": 1}
    assert "container" not in written[0]["message"]
    assert written[1]["delta"] == {
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "container": {"id": "c1"},
    }
    assert written[1]["context_management"] == {"applied_edits": [1]}


def test_usage_known_only_at_the_start_is_said_at_the_end_too():
    written = _written(_BEGIN, ResponseEnd(Stop(StopReason.STOP)))

    assert written[1]["usage"] == _opening()["message"]["usage"]


def test_a_failed_stream_ends_with_an_error_and_no_stop():
    writer = wire.stream_writer()
    written = writer.write([_BEGIN, PartStart(0, Text("")), PartDelta(0, "Hi")])
    error = LLMOverloadedError(Category.OVERLOADED, "Try later.", request_id="req_1")

    written += writer.fail(error)

    assert _heard(written)[-1] == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Try later."},
        "request_id": "req_1",
    }
    assert b"message_stop" not in written
