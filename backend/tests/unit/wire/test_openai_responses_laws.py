"""What must hold for everything the Responses format can say, whatever it is."""

import json
from itertools import pairwise
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from dragoman.chat import (
    ChatRequest,
    Failure,
    Image,
    InvalidInput,
    Json,
    JsonObject,
    Opaque,
    Reasoning,
    Reply,
    Stop,
    StopReason,
    Text,
    ToolCall,
    UpstreamError,
    Usage,
    events_of,
)
from dragoman.chat.messages import Base64
from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import read_stream
from dragoman.wire import openai_responses as wire
from dragoman.wire.sse import encode_event

# Any text that UTF-8 can carry, and JSON in it.
_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
_names = st.text("abc_-09", min_size=1, max_size=6)
_scalars = st.none() | st.booleans() | st.integers(-9, 2**60) | st.floats(-1, 1) | _texts
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)
_objects = st.dictionaries(_texts, _json, max_size=2)
_flags = st.booleans()


def _object(
    required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[JsonObject]:
    """An object with fields that nobody has heard of, too."""
    unknown = {"x_new": _json, "x_other": _json}
    return st.fixed_dictionaries(required, optional={**optional, **unknown})


_is = st.just
_status = st.sampled_from(["completed", "in_progress", "incomplete"])
_annotations = st.lists(_object({"type": _is("url_citation"), "url": _texts}), max_size=2)

# What a user says, and what a tool gives back.
_told_parts = st.one_of(
    _object({"type": _is("input_text"), "text": _texts}),
    _object(
        {"type": _is("input_image"), "image_url": _words}, detail=st.sampled_from(["low", "auto"])
    ),
    _object({"type": _is("input_image"), "file_id": _names}, detail=_is("high")),
    _object({"type": _is("input_file"), "file_url": _words}, filename=_names),
    _object({"type": _is("input_file"), "file_data": _words}, filename=_names),
    _object({"type": _is("input_file"), "file_id": _names}),
    _object({"type": _is("input_audio"), "input_audio": _objects}),
)
_told = _texts | st.lists(_told_parts, max_size=3)

# What a model says.
_known_parts = st.one_of(
    _object({"type": _is("output_text"), "text": _texts}, annotations=_annotations, logprobs=_json),
    _object({"type": _is("refusal"), "refusal": _texts}),
    _object({"type": _is("input_text"), "text": _texts}),
)
_spoken_parts = _known_parts | _object({"type": _is("output_hologram"), "hologram": _texts})
_sections = st.lists(_object({"type": _is("summary_text"), "text": _texts}), max_size=2)
_thoughts = st.lists(_object({"type": _is("reasoning_text"), "text": _texts}), max_size=2)
_reasoning = _object(
    {"type": _is("reasoning"), "id": _names},
    summary=_sections,
    content=st.none() | _thoughts,
    encrypted_content=st.none() | _texts,
    status=_status,
)
_calls = _object(
    {"type": _is("function_call"), "call_id": _names, "name": _names, "arguments": _texts},
    id=_names,
    status=_status,
    namespace=_names,
)
_builtin = _object(
    {"type": st.sampled_from(["web_search_call", "shell_call_output", "compaction"])},
    id=_names,
    status=_status,
    encrypted_content=_texts,
)


def _message(parts: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    return _object(
        {
            "type": _is("message"),
            "role": _is("assistant"),
            "content": st.lists(parts, max_size=3),
        },
        id=_names,
        status=_status,
        phase=st.sampled_from(["commentary", "final_answer"]),
    )


_items = st.one_of(
    _object(
        {"role": st.sampled_from(["user", "system", "developer"]), "content": _told},
        type=_is("message"),
        id=_names,
        status=_status,
    ),
    _object({"role": _is("assistant"), "content": _texts}, type=_is("message"), phase=_names),
    _object(
        {"type": _is("function_call_output"), "call_id": _names, "output": _told},
        id=_names,
        status=_status,
    ),
    _object({"type": _is("item_reference"), "id": _names}),
    _object({"type": _is("additional_tools"), "role": _is("developer"), "tools": _json}),
    _message(_spoken_parts),
    _reasoning,
    _calls,
    _builtin,
)

_tools = _object(
    {"type": _is("function"), "name": _names},
    description=_texts,
    parameters=st.none() | _objects,
    strict=_flags,
    defer_loading=_flags,
) | _object({"type": st.sampled_from(["web_search", "mcp", "custom"])}, name=_names)
_formats = _object({"type": st.sampled_from(["text", "json_object"])}) | _object(
    {"type": _is("json_schema"), "schema": _objects}, name=_names, strict=_flags, description=_texts
)
_numbers = st.floats(0, 2)
_requests = _object(
    {"model": _names, "input": _texts | st.lists(_items, max_size=4)},
    instructions=st.none() | _texts,
    tools=st.lists(_tools, max_size=2),
    tool_choice=st.one_of(
        st.sampled_from(["auto", "none", "required"]),
        _object({"type": _is("function"), "name": _names}),
        _object({"type": _is("allowed_tools"), "mode": _is("auto"), "tools": _json}),
        _object({"type": _is("web_search")}),
    ),
    parallel_tool_calls=_flags,
    text=_object({}, format=_formats, verbosity=st.sampled_from(["low", "high"])),
    reasoning=st.none() | _object({}, effort=st.none() | _names, summary=_is("auto")),
    temperature=_numbers,
    top_p=_numbers,
    max_output_tokens=st.integers(0, 9),
    metadata=st.dictionaries(_names, _texts, max_size=2),
    user=_texts,
    store=_flags,
    stream=_flags,
    include=st.lists(_names, max_size=2),
    previous_response_id=st.none() | _names,
    truncation=_is("auto"),
    background=_flags,
)


@given(_requests)
def test_a_request_that_is_read_is_written_as_it_was(said: JsonObject):
    request = wire.read_request(json.dumps(said).encode())

    written = wire.write_request(request)

    assert json.loads(written.body) == said
    assert written.receipts == ()


_counts = st.integers(0, 99)
_usages = _object(
    {"input_tokens": _counts, "output_tokens": _counts},
    total_tokens=_counts,
    input_tokens_details=_object({}, cached_tokens=_counts, cache_write_tokens=_counts),
    output_tokens_details=_object({}, reasoning_tokens=_counts),
)


def _outputs(parts: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[list[JsonObject]]:
    # In a reply, each text has its annotations, and each call an id.
    return st.lists(
        st.one_of(
            _message(parts.map(lambda part: {"annotations": [], **part})),
            _reasoning,
            _calls.map(lambda call: {"id": "fc_1", **call}),
            _builtin,
        ),
        max_size=4,
    )


_endings = st.one_of(
    _is({"status": "completed", "incomplete_details": None}),
    _is({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
    _is({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
)


def _body(parts: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[JsonObject]:
    return st.builds(
        lambda body, ending: {**body, **ending, "object": "response", "error": None},
        _object(
            {"id": _names, "model": _names, "created_at": _counts, "output": _outputs(parts)},
            usage=st.none() | _usages,
            tools=_json,
            metadata=_objects,
        ),
        _endings,
    )


_responses = _body(_known_parts)


@given(_body(_spoken_parts))
def test_a_reply_that_is_read_is_written_as_it_was(said: JsonObject):
    assert json.loads(wire.write_reply(wire.read_reply(json.dumps(said).encode()))) == said


@given(_responses)
def test_a_reply_told_as_a_stream_is_read_as_it_was(said: JsonObject):
    reply = wire.read_reply(json.dumps(said).encode())

    told = read_stream(wire, [wire.stream_writer().write(events_of(reply))])

    assert told.failure is None
    check_grammar(told.events)
    assert told.reply == reply


@given(_responses)
def test_a_stream_that_comes_from_this_format_goes_out_as_it_came(said: JsonObject):
    reply = wire.read_reply(json.dumps(said).encode())
    body = wire.stream_writer().write(events_of(reply))

    assert wire.stream_writer().write(read_stream(wire, [body]).events) == body


# Replies of other formats: nothing in them has a word of this one.
_foreign_parts = st.one_of(
    st.builds(Text, _texts),
    st.builds(
        Reasoning,
        _texts,
        signature=st.none() | _texts,
        encrypted=st.none() | _texts,
        origin=_is("anthropic_messages"),
    ),
    st.builds(ToolCall, _names, _names, _texts),
    st.builds(Image, st.builds(Base64, _is("image/png"), _words)),
    st.builds(Opaque, _is("anthropic_messages"), _is("server_tool_use"), _objects),
)
_foreign = st.builds(
    Reply,
    id=_names,
    model=_names,
    created=st.none() | _counts,
    parts=st.lists(_foreign_parts, max_size=4).map(tuple),
    stop=st.builds(Stop, st.sampled_from(StopReason), st.none() | _names),
    usage=st.none() | st.builds(Usage, st.none() | _counts, _counts),
)
_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(ResponseStreamEvent)


def _said_in(body: bytes) -> list[Json]:
    return [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: ")]


@given(_foreign)
def test_a_reply_of_another_format_told_as_a_stream_ends_with_what_it_is_as_a_whole(reply: Reply):
    whole = json.loads(wire.write_reply(reply))

    events = _said_in(wire.stream_writer().write(events_of(reply)))

    Response.model_validate(whole)
    for event in events:
        _EVENT.validate_python(event)
    assert events[-1]["response"] == whole
    assert [event["sequence_number"] for event in events] == [*range(len(events))]
    added = [event["item"]["id"] for event in events if event["type"].endswith("item.added")]
    assert added == [item["id"] for item in whole["output"]]
    assert len(set(added)) == len(added)


@given(_foreign)
def test_the_pieces_of_a_stream_add_up_to_its_items(reply: Reply):
    events = _said_in(wire.stream_writer().write(events_of(reply)))

    for event in events:
        if event["type"].endswith((".text.done", "_text.done", "arguments.done")):
            same = (event["item_id"], event["type"].removesuffix("done") + "delta")
            pieces = [one["delta"] for one in events if (one.get("item_id"), one["type"]) == same]
            assert "".join(pieces) == event.get("text", event.get("arguments"))


@given(_responses, st.lists(st.integers(0, 4000), max_size=8))
def test_a_stream_tells_the_same_however_it_is_cut(said: JsonObject, cuts: list[int]):
    reply = wire.read_reply(json.dumps(said).encode())
    body = wire.stream_writer().write(events_of(reply))
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})

    pieces = [body[begin:end] for begin, end in pairwise(places)]

    assert read_stream(wire, pieces) == read_stream(wire, [body])


@given(_responses, st.floats(0, 1, exclude_max=True), st.booleans())
def test_a_stream_that_is_cut_is_never_whole(
    said: JsonObject,
    where: float,
    clean: bool,  # noqa: FBT001 - drawn
):
    body = wire.stream_writer().write(events_of(wire.read_reply(json.dumps(said).encode())))
    cut = int((len(body) - 1) * where)

    told = read_stream(wire, [body[:cut]], clean=clean)

    assert told.failure == Failure(
        message="the reply broke off before it was finished", reason="stream_interrupted"
    )
    check_grammar(told.events, finished=False)


@given(_responses, st.randoms(use_true_random=False))
def test_items_that_overlap_are_told_one_after_the_other(said: JsonObject, random: Any):
    reply = wire.read_reply(json.dumps(said).encode())
    first, *middle, last = _said_in(wire.stream_writer().write(events_of(reply)))
    streams = [
        [event for event in middle if event.get("output_index") == place]
        for place in range(len(said["output"]))
    ]
    shuffled, begun = [], 0
    while left := [stream for stream in streams[: begun + 1] if stream]:
        chosen = random.choice(left)
        begun = max(begun, chosen[0]["output_index"] + 1)  # each begins after the one before
        shuffled.append(chosen.pop(0))

    body = [encode_event(json.dumps(event).encode()) for event in (first, *shuffled, last)]
    told = read_stream(wire, body)

    assert told.failure is None
    check_grammar(told.events)
    assert told.reply == reply


# Whatever a server sends where an object, a list or a text should be.
_odd_items = _json | st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call", "x"])},
    optional={
        **dict.fromkeys(["content", "summary"], _json | st.lists(_spoken_parts, max_size=2)),
        **dict.fromkeys(["id", "status", "call_id", "name", "arguments"], _json),
        **dict.fromkeys(["role", "encrypted_content"], _json),
    },
)
_odd_responses = _json | st.fixed_dictionaries(
    {},
    optional={
        "output": _json | st.lists(_odd_items, max_size=2),
        **dict.fromkeys(["id", "model", "created_at", "usage", "object"], _json),
        **dict.fromkeys(["status", "error", "incomplete_details"], _json),
    },
)
_odd_events = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                *["response.created", "response.failed", "error", "response.cancelled"],
                *["response.output_item.added", "response.output_item.done"],
                *["response.content_part.added", "response.content_part.done"],
                *["response.output_text.delta", "response.output_text.done", "response.x.delta"],
                *["response.reasoning_summary_text.delta", "response.reasoning_text.done"],
                *["response.reasoning_summary_part.added", "response.function_call_arguments.done"],
            ]
        )
    },
    optional={
        "response": _odd_responses,
        "item": _odd_items,
        "part": _json | _spoken_parts,
        "output_index": st.integers(0, 2) | _json,
        "content_index": st.integers(0, 2) | _json,
        **dict.fromkeys(["delta", "text", "arguments", "refusal"], _texts | _json),
        **dict.fromkeys(["error", "message", "code"], _json),
    },
)


@given(st.lists(_odd_events | _json, max_size=6), _odd_responses)
def test_nothing_a_server_sends_breaks_the_reader(events: list[Json], response: Json):
    last = {"type": "response.completed", "response": response}
    body = b"".join(encode_event(json.dumps(event).encode()) for event in [*events, last])

    told = read_stream(wire, [body])

    check_grammar(told.events, finished=told.failure is None)


def _reply_or_failure(body: bytes) -> Reply | Failure:
    try:
        return wire.read_reply(body)
    except UpstreamError as error:
        return error.failure


@given(_odd_responses)
def test_whatever_a_server_sends_is_a_reply_or_a_bad_response(said: Json):
    heard = _reply_or_failure(json.dumps(said).encode())

    if isinstance(heard, Reply):
        # What was left out is filled in once, and then nothing changes any more.
        again = wire.read_reply(wire.write_reply(heard))
        assert wire.read_reply(wire.write_reply(again)) == again
    elif not isinstance(said, dict) or not (said.get("error") or said.get("status")):
        assert heard.reason in {"empty_response", "bad_payload", "bad_json"}


_odd_requests = st.fixed_dictionaries(
    {"model": _names},
    optional={
        "input": _json | st.lists(_odd_items, max_size=2),
        **dict.fromkeys(["tools", "tool_choice", "text", "reasoning", "metadata"], _json),
        **dict.fromkeys(["instructions", "user", "stream", "max_output_tokens"], _json),
    },
)


def _request_or_path(body: bytes) -> ChatRequest | str:
    try:
        return wire.read_request(body)
    except InvalidInput as error:
        return error.path


@given(_odd_requests)
def test_whatever_a_client_sends_is_a_request_or_a_complaint_that_says_where(said: Json):
    heard = _request_or_path(json.dumps(said).encode())

    if isinstance(heard, ChatRequest):
        again = wire.write_request(heard)
        assert wire.read_request(again.body) == heard
    else:
        assert heard


@given(_json | _odd_responses, st.sampled_from([200, 400, 503]))
def test_every_error_answer_has_facts(said: Json, status: int):
    failure = wire.read_failure(status, {}, json.dumps(said).encode())

    assert isinstance(failure.message, str)
    assert failure.status is not None


@given(st.binary(max_size=40))
def test_no_bytes_break_the_reading_of_an_error(body: bytes):
    assert wire.read_failure(500, {}, body).status == 500


@given(_foreign)
def test_a_reply_keeps_its_words_when_another_format_told_it(reply: Reply):
    again = wire.read_reply(wire.write_reply(replace(reply, stop=Stop(StopReason.STOP))))

    assert again.text == reply.text
    calls = [part for part in reply.parts if isinstance(part, ToolCall)]
    assert [
        (part.id, part.name, part.arguments) for part in again.parts if isinstance(part, ToolCall)
    ] == [(call.id, call.name, call.arguments) for call in calls]
