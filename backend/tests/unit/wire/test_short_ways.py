"""What says little is read and written by a short way: the long way makes the same of it."""

import json
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Extras,
    Json,
    JsonObject,
    Message,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.wire import anthropic_messages, openai_chat
from dragoman.wire.base import Wire

_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_schema: Final = {"type": "object", "properties": {}}
_WISHES: Final[dict[str, dict[str, Json]]] = {
    "openai_chat": {
        "max_completion_tokens": 3,
        "max_tokens": 4,
        "stop": "end",
        "temperature": 0.5,
        "top_p": 1,
        "top_k": 2,
        "seed": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "tool_choice": "any",
        "parallel_tool_calls": False,
        "tools": [{"function": {"name": "f"}}],
        "response_format": {"type": "json_object"},
        "reasoning_effort": "low",
        "stream": True,
        "stream_options": {"include_usage": True},
        "user": "u",
        "metadata": {"a": "b"},
        "n": 1,
        "x_new": [1],
    },
    "anthropic_messages": {
        "system": "Be brief.",
        "stop_sequences": ["end"],
        "temperature": 0.5,
        "top_p": 1,
        "top_k": 2,
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "tools": [{"name": "f", "input_schema": _schema}],
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": _schema}},
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "stream": True,
        "metadata": {"user_id": "u"},
        "service_tier": "auto",
        "x_new": [1],
    },
}
_LEAST: Final[JsonObject] = {
    "model": "m",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}],
}
_each_wire = pytest.mark.parametrize(
    "wire", [openai_chat, anthropic_messages], ids=["chat", "messages"]
)


def _read(wire: Wire, body: JsonObject) -> ChatRequest:
    return wire.read_request(json.dumps(body).encode())


@_each_wire
@given(drawn=st.data())
def test_a_wish_that_is_null_is_one_that_is_absent(wire: Wire, drawn: st.DataObject):
    wishes = _WISHES[wire.name]
    names = drawn.draw(st.sets(st.sampled_from(sorted(wishes))))
    body = _LEAST | {name: wishes[name] for name in names}

    request = _read(wire, body)
    nulls = _read(wire, dict.fromkeys(wishes) | body)

    assert request.extras is not None
    assert nulls.extras is not None
    said = {name: value for name, value in nulls.extras.fields.items() if value is not None}
    assert said == {k: v for k, v in request.extras.fields.items() if v is not None}
    assert replace(nulls, extras=replace(nulls.extras, fields=request.extras.fields)) == request


@_each_wire
@given(text=_texts, role=st.sampled_from(["user", "assistant", "system"]))
def test_a_message_with_a_field_that_says_nothing_is_one_without(wire: Wire, text: str, role: str):
    plain, told = (
        _read(wire, _LEAST | {"messages": [{"role": role, "content": text, **more}]}).messages
        for more in ({}, {"x_new": None})
    )

    assert told == tuple(replace(message, extras=told[0].extras) for message in plain)


@_each_wire
@given(texts=st.lists(_texts, max_size=4), system=st.booleans())
def test_a_message_from_another_wire_is_written_alike_whatever_is_null_in_it(
    wire: Wire,
    texts: list[str],
    system: bool,  # noqa: FBT001
):
    nothing = Extras("elsewhere", {"cache_control": None})
    plain = ChatRequest(
        model="m",
        messages=tuple(
            Message("user" if place % 2 == 0 else "assistant", (Text(text),))
            for place, text in enumerate(["Hello", *texts, "Go on"])
        ),
        system=(Text("Be brief."),) if system else (),
    )
    told = replace(
        plain,
        system=tuple(replace(text, extras=nothing) for text in plain.system),
        messages=tuple(
            Message(message.role, (replace(message.parts[0], extras=nothing),), nothing)
            for message in plain.messages
        ),
    )

    assert wire.write_request(told) == wire.write_request(plain)


@given(text=_texts, nothing=st.sampled_from([None, "", [], 0]))
def test_a_reply_of_one_text_is_read_alike_whatever_else_is_there(text: str, nothing: Json):
    message = {"role": "assistant", "content": text, "refusal": nothing}
    plain, told = (
        openai_chat.read_reply(json.dumps({"choices": [{"message": said}]}).encode())
        for said in (message, {**message, "x_new": 1})
    )

    assert told.parts == plain.parts
    assert (told.stop, told.usage) == (plain.stop, plain.usage)
    assert told.extras is not None
    left = told.extras.fields["choices"][0]["message"]
    assert left.pop("x_new") == 1
    kept = {} if plain.extras is None else plain.extras.fields["choices"][0]["message"]
    assert left == kept


_counts = st.none() | st.booleans() | st.integers(-1, 9) | st.just(1.5)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.none() | st.dictionaries(st.sampled_from(names), _counts)
            for name, names in {
                "prompt_tokens_details": ["cached_tokens", "cache_write_tokens", "x_new"],
                "completion_tokens_details": ["reasoning_tokens", "x_new"],
            }.items()
        }
        | {"prompt_tokens": _counts, "completion_tokens": _counts, "total_tokens": _counts},
    )
)
def test_a_usage_is_written_with_every_count_that_was_read(said: JsonObject):
    reply = openai_chat.read_reply(
        json.dumps({"choices": [{"message": {"content": "Hi"}}], "usage": said}).encode()
    )

    written = json.loads(openai_chat.write_reply(reply)).get("usage", {})

    counted = {
        name: written[name]
        for name, value in said.items()
        if name in written and value not in (None, {})
    }
    assert counted == {name: value for name, value in said.items() if value not in (None, {})}


def _asked(*messages: JsonObject) -> ChatRequest:
    return _read(openai_chat, {"model": "m", "messages": list(messages)})


@given(call_id=_texts | st.none(), name=_texts, arguments=_texts)
def test_a_call_with_a_field_that_says_nothing_is_one_without(
    call_id: str | None, name: str, arguments: str
):
    function = {"name": name, "arguments": arguments}
    call = {"id": call_id, "type": "function", "function": function}
    plain, beside, inside = (
        _asked({"role": "assistant", "content": None, "tool_calls": [said]}).messages[0].parts[0]
        for said in (
            call,
            {**call, "x_new": None},
            {**call, "function": {**function, "x_new": None}},
        )
    )

    assert isinstance(plain, ToolCall)
    assert isinstance(beside, ToolCall)
    assert isinstance(inside, ToolCall)
    assert plain == replace(beside, extras=plain.extras) == replace(inside, extras=plain.extras)
    assert plain == ToolCall(call_id or "", name, arguments, plain.extras)


@given(call_id=_texts, text=_texts)
def test_a_result_with_a_field_that_says_nothing_is_one_without(call_id: str, text: str):
    result = {"role": "tool", "tool_call_id": call_id, "content": text}
    plain, told = (
        _asked(said).messages[0].parts[0] for said in (result, {**result, "x_new": None})
    )

    assert isinstance(plain, ToolResult)
    assert isinstance(told, ToolResult)
    assert replace(told, extras=plain.extras) == plain
    assert plain.content == ((Text(text),) if text else ())


@_each_wire
@given(text=_texts)
def test_a_part_with_a_field_that_says_nothing_is_one_without(wire: Wire, text: str):
    part = {"type": "text", "text": text}
    plain, told = (
        _read(wire, _LEAST | {"messages": [{"role": "user", "content": [said, said]}]})
        .messages[0]
        .parts
        for said in (part, {**part, "x_new": None})
    )

    assert plain == (Text(text), Text(text))
    assert tuple(replace(part, extras=None) for part in told) == plain


@given(text=_texts, failed=st.none() | st.booleans())
def test_a_result_from_another_wire_is_written_alike_whatever_is_null_in_it(
    text: str,
    failed: bool | None,  # noqa: FBT001
):
    plain = ToolResult("c1", (Text(text),), failed)
    told = replace(plain, extras=Extras("elsewhere", {"cache_control": None}))
    written, other = (
        openai_chat.write_request(ChatRequest(model="m", messages=(Message("user", (result,)),)))
        for result in (plain, told)
    )

    assert other == written
