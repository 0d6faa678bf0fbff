"""Requests in Ollama's words: those that came in others, and those that came in these."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Base64,
    BuiltinTool,
    Category,
    ChatRequest,
    Document,
    Extras,
    Image,
    InvalidInput,
    Limits,
    Link,
    LLMBadRequestError,
    Message,
    Opaque,
    Output,
    Part,
    PlainText,
    Reasoning,
    ReasoningWish,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from dragoman.wire import ollama_chat

TIDE = Tool("tide", "When it is high", {"type": "object", "properties": {"at": {}}})
SHIP = Tool("ship")
PICTURE = Image(Base64("image/png", "iVBORw0K"))


def asked(*messages: Message, **more: Any) -> ChatRequest:
    return ChatRequest(model="llama", messages=messages or (user("Hello"),), **more)


def user(*parts: str | Part) -> Message:
    return Message("user", tuple(Text(one) if isinstance(one, str) else one for one in parts))


def assistant(*parts: Part) -> Message:
    return Message("assistant", parts)


def sent(request: ChatRequest, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(ollama_chat.write_request(request, **more).body)
    return body


def told(request: ChatRequest, **more: Any) -> dict[str, str]:
    receipts = ollama_chat.write_request(request, **more).receipts
    return {receipt.field: receipt.action for receipt in receipts}


def test_words_are_sent_and_a_conversation_that_is_too_long_is_not_cut_in_silence():
    request = asked(user("a", "b"), system=(Text("one"), Text("two")), stream=True)

    assert sent(request) == {
        "model": "llama",
        "messages": [
            {"role": "system", "content": "one\n\ntwo"},
            {"role": "user", "content": "ab"},
        ],
        "stream": True,
        "truncate": False,
    }


def test_settings_stand_in_the_options():
    request = asked(
        sampling=Sampling(0.5, 0.9, 40, 7, 0.1, 0.2), limits=Limits(99), stop=("END", "HALT")
    )

    assert sent(request)["options"] == {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "num_predict": 99,
        "stop": ["END", "HALT"],
    }
    assert told(request) == {}


def test_calls_and_results_are_sent_with_their_ids_and_names():
    request = asked(
        user("When?"),
        assistant(
            Text("Let me see"),
            ToolCall("c1", "tide", '{"at": "Brest"}'),
            ToolCall("call_ollama_x", "tide", ""),
        ),
        user(
            "And the moon?",
            ToolResult("c1", (Text("at six"), PICTURE)),
            ToolResult("call_ollama_x", (Text("no such quay"),), is_error=True),
        ),
        tools=(TIDE,),
    )

    _, call, first, second, rest = sent(request)["messages"]

    assert call["tool_calls"] == [
        {"id": "c1", "function": {"name": "tide", "arguments": {"at": "Brest"}}},
        {"function": {"name": "tide", "arguments": {}}},
    ]
    assert first == {
        "role": "tool",
        "content": "at six",
        "images": ["iVBORw0K"],
        "tool_name": "tide",
        "tool_call_id": "c1",
    }
    assert second == {"role": "tool", "content": "[error] no such quay", "tool_name": "tide"}
    assert rest == {"role": "user", "content": "And the moon?"}
    assert told(request) == {"messages[2].content[2].is_error": "emulated"}


@pytest.mark.parametrize(
    ("choice", "offered", "receipts"),
    [
        (ToolChoice("auto"), ["tide", "ship"], {}),
        (ToolChoice("none"), None, {}),
        (ToolChoice("named", "ship"), ["ship"], {"tool_choice": "emulated"}),
        (ToolChoice("required"), ["tide", "ship"], {"tool_choice": "emulated"}),
        (ToolChoice("auto", allowed=("tide",)), ["tide"], {"tool_choice.allowed": "emulated"}),
        (ToolChoice(parallel=False), ["tide", "ship"], {"parallel_tool_calls": "dropped"}),
    ],
)
def test_a_choice_of_tools_is_made_by_what_is_offered(choice, offered, receipts):
    request = asked(tools=(TIDE, SHIP), tool_choice=choice)

    tools = sent(request).get("tools")

    assert (tools and [tool["function"]["name"] for tool in tools]) == offered
    assert told(request) == receipts


def test_a_tool_says_that_it_takes_nothing():
    (tool,) = sent(asked(tools=(SHIP,)))["tools"]

    assert tool["function"]["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("output", "form", "receipts"),
    [
        (Output("text"), None, {}),
        (Output("json_object"), "json", {}),
        (Output("json_schema", {"type": "object"}, "answer"), {"type": "object"}, {}),
        (Output("json_schema"), "json", {"output": "emulated"}),
        (
            Output("json_schema", {"type": "object"}, description="short"),
            {"type": "object"},
            {"output.description": "dropped"},
        ),
    ],
)
def test_the_form_of_an_answer_is_its_schema(output, form, receipts):
    assert sent(asked(output=output)).get("format") == form
    assert told(asked(output=output)) == receipts


@pytest.mark.parametrize(
    ("wish", "think", "receipts"),
    [
        (ReasoningWish("on"), True, {}),
        (ReasoningWish("off"), False, {}),
        (ReasoningWish("adaptive"), None, {}),
        (ReasoningWish(effort="none"), False, {}),
        (ReasoningWish(effort="medium"), "medium", {}),
        (ReasoningWish(effort="xhigh"), "high", {"reasoning.effort": "emulated"}),
        (ReasoningWish("on", budget=1024), True, {"reasoning.budget": "dropped"}),
    ],
)
def test_how_to_think_is_said_in_one_word(wish, think, receipts):
    request = asked(reasoning=wish)

    assert sent(request).get("think") == think
    assert told(request) == receipts


def test_thinking_goes_back_to_where_it_came_from_alone():
    ours, theirs = Reasoning("hm", origin="ollama_chat"), Reasoning("oh", origin="gemini")
    request = asked(user("a"), assistant(ours, Text("b")), user("c"), assistant(theirs, Text("d")))

    _, first, _, second = sent(request)["messages"]

    assert first == {"role": "assistant", "content": "b", "thinking": "hm"}
    assert second == {"role": "assistant", "content": "d"}
    assert told(request) == {"messages[3].content[0]": "dropped"}


def test_what_has_no_word_is_told_of():
    request = asked(
        Message(
            "user",
            (
                Text("x", Extras("other", {"cache": True})),
                replace(PICTURE, detail="low"),
                Document(PlainText("by heart"), "poem"),
                Opaque("other", "search", {}),
            ),
        ),
        tools=(BuiltinTool("other", "search", {}), replace(TIDE, strict=True)),
        user="ada",
        metadata={"a": "b"},
        extras=Extras("other", {"service": "quick"}),
    )

    assert told(request) == {
        "service": "dropped",
        "user": "dropped",
        "metadata": "dropped",
        "messages[0].content[0].cache": "dropped",
        "messages[0].content[1].detail": "dropped",
        "messages[0].content[2]": "emulated",
        "messages[0].content[3]": "dropped",
        "tools[0]": "dropped",
        "tools[1].strict": "dropped",
    }
    assert sent(request)["messages"][0]["content"] == "xpoem:\n\nby heart"


@pytest.mark.parametrize(
    ("part", "category"),
    [
        (Image(Link("https://example.com/a.png")), Category.UNSUPPORTED),
        (Document(Base64("application/pdf", "JVBE")), Category.UNSUPPORTED),
        (Audio(Base64("audio/wav", "UklG")), Category.UNSUPPORTED),
        (ToolCall("c", "f", "[1"), Category.INVALID_REQUEST),
    ],
)
def test_what_can_neither_be_said_nor_left_out_is_refused(part, category):
    message = assistant(part) if isinstance(part, ToolCall) else user(part)

    with pytest.raises(LLMBadRequestError, match=r"messages\[0\]") as caught:
        ollama_chat.write_request(asked(message))

    assert caught.value.category is category


@pytest.mark.parametrize(
    ("request_", "feature"),
    [
        (asked(tools=(TIDE,)), "tools"),
        (asked(user(PICTURE)), "images"),
        (asked(user(ToolResult("c", (PICTURE,)))), "images"),
        (asked(output=Output("json_schema", {"type": "object"})), "json_schema"),
    ],
)
def test_what_a_provider_does_not_take_at_all_is_refused(request_, feature):
    with pytest.raises(LLMBadRequestError, match=f"takes no {feature}"):
        ollama_chat.write_request(request_, without=frozenset({feature}))


def test_a_field_or_an_option_that_a_provider_does_not_take_is_left_out_and_told_of():
    request = asked(sampling=Sampling(0.5, 0.9), reasoning=ReasoningWish("on"))
    without = frozenset({"temperature", "think", "truncate"})

    body = sent(request, without=without)

    assert body["options"] == {"top_p": 0.9}
    assert "think" not in body
    assert told(request, without=without) == dict.fromkeys(without, "dropped")


OWN = {
    "model": "qwen3",
    "messages": [
        {"role": "system", "content": "Be short"},
        {"role": "user", "content": "Look", "images": ["/9j/4AAQ"]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"function": {"index": 0, "name": "f", "arguments": {"a": 1}}},
                {"id": "c2", "function": {"name": "g", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "one"},
        {"role": "tool", "content": "two", "tool_name": "g", "tool_call_id": "c2"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "g", "description": "G"}},
        {"type": "search"},
    ],
    "format": {"type": "object"},
    "options": {"temperature": 0.1, "num_ctx": 8192, "num_predict": -1, "stop": ["END"]},
    "think": "high",
    "keep_alive": "5m",
    "logprobs": True,
}


@pytest.mark.parametrize("more", [{}, {"stream": False}, {"format": ""}, {"format": "json"}])
def test_a_request_of_this_format_survives_being_read_and_written(more):
    request = ollama_chat.read_request(json.dumps(OWN | more).encode())

    assert sent(request) == OWN | more
    assert request.stream is more.get("stream", True)
    assert told(request) == {}


def test_a_result_without_an_id_answers_the_first_call_that_waits():
    request = ollama_chat.read_request(json.dumps(OWN).encode())

    calls = [part for part in request.messages[2].parts if isinstance(part, ToolCall)]
    results = [message.parts[0] for message in request.messages[3:]]

    assert [call.id for call in calls] == ["call_ollama_1", "c2"]
    assert [one.call_id for one in results if isinstance(one, ToolResult)] == [
        "call_ollama_1",
        "c2",
    ]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"model": "m", "messages": [{"role": "owl", "content": ""}]}, r"messages\[0\]\.role"),
        ({"model": "m", "messages": [{"role": "user", "content": []}]}, r"\[0\]\.content"),
        ({"model": "m", "messages": [{"role": "user", "images": [1]}]}, r"images\[0\]"),
        ({"model": "m", "options": {"temperature": "hot"}}, r"options\.temperature"),
        ({"messages": []}, "model"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_where(body, where):
    with pytest.raises(InvalidInput, match=where):
        ollama_chat.read_request(json.dumps(body).encode())
