"""Requests of other formats in the words of Responses, and replies of others told in them."""

import json
from typing import Any

import pytest
from msgspec.structs import replace
from openai.types.responses.response_create_params import ResponseCreateParams
from pydantic import TypeAdapter

from dragoman.chat import (
    Audio,
    Base64,
    BuiltinTool,
    ChatRequest,
    Document,
    Extras,
    FileRef,
    Image,
    Limits,
    Link,
    LLMBadRequestError,
    Message,
    Opaque,
    Output,
    PlainText,
    Reasoning,
    ReasoningWish,
    Receipt,
    Reply,
    Sampling,
    Stop,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
)
from dragoman.wire import openai_chat
from dragoman.wire import openai_responses as wire
from dragoman.wire.openai_responses import FEATURES, OPTIONAL_FIELDS
from dragoman.wire.openai_responses.words import STATELESS

PARAMS = TypeAdapter(ResponseCreateParams)


def asked(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages, **fields)


def user(*parts: Any) -> Message:
    return Message("user", parts)


def assistant(*parts: Any) -> Message:
    return Message("assistant", parts)


def sent(request: ChatRequest, *without: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(wire.write_request(request, without=frozenset(without)).body)
    if not without:
        PARAMS.validate_python(said)
    return said


def receipts(request: ChatRequest, *without: str) -> list[tuple[str, str]]:
    written = wire.write_request(request, without=frozenset(without))
    return [(receipt.field, receipt.action) for receipt in written.receipts]


HI = user(Text("Hi"))
TOOL = Tool("look", "Looks.", {"type": "object", "properties": {}})
EVERYTHING = asked(
    Message("system", (Text("Be brief."),)),
    HI,
    tools=(TOOL,),
    tool_choice=ToolChoice("auto", parallel=False),
    output=Output("json_schema", {"type": "object"}, "answer", strict=True),
    sampling=Sampling(temperature=0.5, top_p=0.9),
    reasoning=ReasoningWish(effort="low"),
    limits=Limits(100),
    stream=True,
    user="u-1",
    metadata={"k": "v"},
)


def test_what_a_vendor_is_asked_stores_nothing_and_seals_its_reasoning():
    assert sent(asked(HI)) == {
        "model": "m",
        "input": [{"role": "user", "content": "Hi"}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }


def test_a_request_of_this_format_says_itself_what_is_stored():
    request = wire.read_request(b'{"model":"m","input":"Hi","store":true}')

    assert sent(request) == {"model": "m", "input": "Hi", "store": True}


def test_what_stands_before_the_conversation_are_the_instructions():
    request = asked(
        Message("system", (Text("Two."),)),
        HI,
        Message("system", (Text("Three."),)),
        system=(Text("One."),),
    )

    said = sent(request)

    assert said["instructions"] == "One.\n\nTwo."
    assert said["input"] == [
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "Three."},
    ]


def test_a_developer_of_this_format_stays_one_where_it_stands():
    body = {"model": "m", "input": [{"role": "developer", "content": "One."}]}

    assert sent(wire.read_request(json.dumps(body).encode())) == body


def test_everything_that_can_be_said_is_said():
    said = sent(EVERYTHING)

    assert said.keys() - {"model", "input"} == OPTIONAL_FIELDS
    assert said["text"] == {
        "format": {
            "type": "json_schema",
            "name": "answer",
            "schema": {"type": "object"},
            "strict": True,
        }
    }
    assert said["reasoning"] == {"effort": "low"}
    assert said["parallel_tool_calls"] is False


def test_what_a_provider_does_not_take_is_left_out_with_a_receipt():
    less = OPTIONAL_FIELDS - FEATURES.keys()

    assert sent(EVERYTHING, *less).keys() == {"model", "input", "tools"}
    # What we ask for on our own account is nobody's loss.
    assert {field for field, _ in receipts(EVERYTHING, *less)} == less - {"store", "include"}


@pytest.mark.parametrize(
    ("feature", "request_"),
    [
        ("tools", asked(HI, tools=(TOOL,))),
        ("images", asked(user(Image(Link("https://example.test/a.png"))))),
        ("documents", asked(user(Document(Base64("application/pdf", "eA=="))))),
        ("json_schema", asked(HI, output=Output("json_schema", {}))),
    ],
)
def test_what_a_question_cannot_do_without_is_refused(feature: str, request_: ChatRequest):
    with pytest.raises(LLMBadRequestError) as refused:
        wire.write_request(request_, without=frozenset({feature}))

    assert refused.value.category == "unsupported"


def test_a_tool_that_is_not_strict_elsewhere_is_not_made_strict_here():
    (tool,) = sent(asked(HI, tools=(replace(TOOL, parameters=None),)))["tools"]

    assert tool["strict"] is False
    assert tool["parameters"] == {"type": "object", "properties": {}}


def test_a_tool_of_this_format_says_itself_how_strict_it_is():
    body = {"model": "m", "input": "Hi", "tools": [{"type": "function", "name": "look"}]}
    request = wire.read_request(json.dumps(body).encode())

    assert json.loads(wire.write_request(request).body) == body
    assert request.tools == (Tool("look"),)


def test_strictness_is_left_out_where_it_is_not_taken():
    request = asked(HI, tools=(TOOL, replace(TOOL, name="b", strict=True)))

    assert ["strict" in tool for tool in sent(request, "strict_tools")["tools"]] == [False, False]
    assert receipts(request, "strict_tools") == [("tools[1].strict", "dropped")]


def test_another_vendors_own_tool_is_left_out():
    request = asked(
        HI,
        tools=(BuiltinTool("anthropic_messages", "web_search_20250305", {}),),
        tool_choice=ToolChoice("required"),
    )

    assert "tools" not in sent(request)
    assert "tool_choice" not in sent(request)
    assert receipts(request) == [("tools[0]", "dropped"), ("tool_choice", "dropped")]


def test_a_named_tool_is_named_flatly():
    choice = ToolChoice("named", "look")

    said = sent(asked(HI, tools=(TOOL,), tool_choice=choice))

    assert said["tool_choice"] == {"type": "function", "name": "look"}


def test_what_has_no_word_here_is_left_out_with_a_receipt():
    sampling = Sampling(top_k=3, seed=1, presence_penalty=0.5, frequency_penalty=0)

    left_out = receipts(asked(HI, sampling=sampling, stop=("END",)))

    assert left_out == [
        ("top_k", "dropped"),
        ("seed", "dropped"),
        ("presence_penalty", "dropped"),
        ("stop", "dropped"),
    ]


@pytest.mark.parametrize(
    ("wish", "said", "changed"),
    [
        (ReasoningWish(mode="off"), {"effort": "none"}, []),
        (ReasoningWish(mode="adaptive"), None, [("reasoning.mode", "dropped")]),
        (ReasoningWish(budget=2000), {"effort": "low"}, [("reasoning.budget", "emulated")]),
        (
            ReasoningWish(effort="high", budget=9),
            {"effort": "high"},
            [("reasoning.budget", "dropped")],
        ),
    ],
)
def test_how_hard_to_think_is_said_as_an_effort(
    wish: ReasoningWish, said: Any, changed: list[tuple[str, str]]
):
    request = asked(HI, reasoning=wish)

    assert sent(request).get("reasoning") == said
    assert receipts(request) == changed


def test_pictures_and_files_are_sent_as_they_are():
    said = sent(
        asked(
            user(
                Image(Base64("image/png", "eA==")),
                Image(FileRef("file-1", wire.name), "high"),
                Document(Base64("application/pdf", "eA==")),
                Document(Link("https://example.test/a.pdf")),
                Document(FileRef("file-2", wire.name)),
                Document(PlainText("body"), "title"),
            )
        )
    )

    assert said["input"][0]["content"] == [
        {"type": "input_image", "image_url": "data:image/png;base64,eA==", "detail": "auto"},
        {"type": "input_image", "file_id": "file-1", "detail": "high"},
        {
            "type": "input_file",
            "filename": "document.pdf",
            "file_data": "data:application/pdf;base64,eA==",
        },
        {"type": "input_file", "file_url": "https://example.test/a.pdf"},
        {"type": "input_file", "file_id": "file-2"},
        {"type": "input_text", "text": "title\n\nbody"},
    ]


@pytest.mark.parametrize(
    "part",
    [
        Audio(Base64("audio/wav", "eA==")),
        Image(FileRef("file-1", "anthropic_messages")),
        Document(FileRef("file-1", "gemini")),
        Image(PlainText("x")),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is_spent(part: Any):
    with pytest.raises(LLMBadRequestError) as refused:
        wire.write_request(asked(user(part)))

    assert refused.value.category == "unsupported"
    assert "messages[0].content[0]" in refused.value.message


def test_a_conversation_with_tools_is_one_of_items():
    request = asked(
        HI,
        assistant(Text("Let me look."), ToolCall("c1", "look", ""), ToolCall("c2", "look", "{}")),
        user(
            ToolResult("c1", (Text("gone"),), is_error=True),
            ToolResult("c2", (Image(Link("https://example.test/a.png")),)),
            Text("And?"),
        ),
        tools=(TOOL,),
    )

    assert sent(request)["input"][1:] == [
        {"role": "assistant", "content": "Let me look."},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "[error] gone"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [
                {
                    "type": "input_image",
                    "image_url": "https://example.test/a.png",
                    "detail": "auto",
                }
            ],
        },
        {"role": "user", "content": "And?"},
    ]
    assert receipts(request) == [("messages[2].content[0].is_error", "emulated")]


SEALED = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "Hm."}],
    "encrypted_content": "gAAAA==",
}
SPOKEN = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "phase": "commentary",
    "content": [{"type": "output_text", "text": "Hello.", "annotations": [], "logprobs": []}],
}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "status": "completed",
    "call_id": "c1",
    "name": "look",
    "arguments": "{}",
}


def replied(*items: dict[str, Any]) -> Reply:
    body = {"id": "resp_1", "object": "response", "status": "completed", "output": items}
    return wire.read_reply(json.dumps(body).encode())


def test_what_a_model_said_goes_back_to_it_item_by_item():
    reply = replied(SEALED, SPOKEN, CALL)

    assert sent(asked(HI, Message("assistant", reply.parts)))["input"][1:] == [SEALED, SPOKEN, CALL]


def test_reasoning_goes_nowhere_but_where_it_came_from():
    theirs = Reasoning("Hm.", signature="sig", origin="anthropic_messages")
    request = asked(HI, assistant(theirs, Text("Hello.")), HI)

    assert sent(request)["input"][1] == {"role": "assistant", "content": "Hello."}
    assert receipts(request) == [("messages[1].content[0]", "dropped")]
    ours = openai_chat.write_request(asked(HI, Message("assistant", replied(SEALED).parts), HI))
    assert b"gAAAA" not in ours.body
    assert ours.receipts == (
        Receipt(
            "messages[1].content[0]", "dropped", "reasoning is understood only where it came from"
        ),
    )


def test_an_item_loses_its_id_with_the_reasoning_that_cannot_be_replayed():
    unsealed = {name: value for name, value in SEALED.items() if name != "encrypted_content"}
    reply = replied(unsealed, SPOKEN, CALL)
    request = asked(HI, Message("assistant", reply.parts))

    said = sent(request)["input"][1:]

    assert said == [
        {"role": "assistant", "phase": "commentary", "content": "Hello."},
        {name: value for name, value in CALL.items() if name != "id"},
    ]
    assert receipts(request) == [("messages[1].content[0]", "dropped")]


def test_a_client_of_this_format_is_served_without_anything_being_stored():
    unsealed = {name: value for name, value in SEALED.items() if name != "encrypted_content"}
    body = {"model": "m", "input": [unsealed, CALL], "include": ["x"]}
    request = wire.read_request(json.dumps(body).encode())
    asked_of_us = replace(request, extras=replace(request.extras, form=(STATELESS,)))

    said = json.loads(wire.write_request(asked_of_us).body)

    assert said["store"] is False
    assert said["include"] == ["x", "reasoning.encrypted_content"]
    assert said["input"] == [{name: value for name, value in CALL.items() if name != "id"}]
    assert receipts(asked_of_us) == [("messages[0].content[0]", "dropped")]


def test_what_only_we_ask_of_a_provider_is_left_out_without_a_word():
    for asked_for in ({}, {"include": ["x"]}):
        body = {"model": "m", "input": "Hello", **asked_for}
        request = wire.read_request(json.dumps(body).encode())
        asked_of_us = replace(request, extras=replace(request.extras, form=(STATELESS,)))

        said = sent(asked_of_us, "store", "include")

        assert {"store", "include"}.isdisjoint(said)
        left_out = [(name, "dropped") for name in asked_for]
        assert receipts(asked_of_us, "store", "include") == left_out


def test_what_an_open_model_thought_needs_no_seal():
    thought = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "Hm."}],
    }

    assert sent(asked(HI, Message("assistant", replied(thought, CALL).parts)))["input"][1:] == [
        thought,
        CALL,
    ]


def test_another_vendors_blocks_are_left_out():
    request = asked(
        HI,
        assistant(
            Opaque("anthropic_messages", "server_tool_use", {}),
            Image(Base64("image/png", "eA==")),
            ToolResult("c1"),
            Text("Hello."),
        ),
        user(Opaque("gemini", "x", {}), Reasoning("?"), Text("Go on.")),
    )

    assert sent(request)["input"][1:] == [
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Go on."},
    ]
    assert [action for _, action in receipts(request)] == ["dropped"] * 5


def test_what_another_format_alone_can_say_is_told():
    extras = Extras("openai_chat", {"logit_bias": {"1": 2}})

    assert receipts(asked(HI, extras=extras)) == [("logit_bias", "dropped")]


# Replies of other formats.


def test_a_reply_of_another_format_has_all_that_clients_of_this_one_need():
    reply = Reply(
        id="msg_01",
        model="claude",
        created=7,
        parts=(
            Reasoning("Hm.", signature="sig", origin="anthropic_messages"),
            Text("Hello."),
            ToolCall("c1", "look", "{}"),
            Image(Base64("image/png", "eA==")),
            Opaque("anthropic_messages", "server_tool_use", {}),
        ),
        stop=Stop(StopReason.TOOL, "tool_use"),
        usage=Usage(10, 5, 4),
    )

    said = json.loads(wire.write_reply(reply, EVERYTHING))

    assert said["id"] == "resp_msg_01"
    assert said["status"] == "completed"
    thought, *others = said["output"]
    assert thought == {
        "id": "rs_msg_01_0",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
    }
    assert others == [
        {
            "id": "msg_msg_01_1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hello.", "annotations": []}],
        },
        {
            "id": "fc_msg_01_2",
            "type": "function_call",
            "status": "completed",
            "call_id": "c1",
            "name": "look",
            "arguments": "{}",
        },
        {
            "id": "ig_msg_01_3",
            "type": "image_generation_call",
            "status": "completed",
            "result": "eA==",
        },
    ]
    assert said["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 15,
    }
    assert said["tools"][0]["name"] == "look"
    assert (said["temperature"], said["max_output_tokens"]) == (0.5, 100)
    assert said["text"]["format"]["type"] == "json_schema"
    assert said["parallel_tool_calls"] is False
    assert said["metadata"] == {"k": "v"}


def test_a_reply_repeats_what_its_client_said():
    body = {
        "model": "m",
        "input": "Hi",
        "store": False,
        "text": {"verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "tools": [{"type": "web_search"}, {"type": "function", "name": "look"}],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []},
        "previous_response_id": "resp_0",
    }
    request = wire.read_request(json.dumps(body).encode())

    said = json.loads(wire.write_reply(Reply(id="x", stop=Stop(StopReason.STOP)), request))

    assert said["store"] is False
    assert said["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert said["reasoning"] == {"effort": "low", "summary": "auto"}
    assert said["tool_choice"] == body["tool_choice"]
    assert said["tools"][0] == {"type": "web_search"}
    assert said["tools"][1]["strict"] is True
    assert said["previous_response_id"] == "resp_0"


@pytest.mark.parametrize(
    ("reason", "status", "why"),
    [
        (StopReason.STOP, "completed", None),
        (StopReason.STOP_SEQUENCE, "completed", None),
        (StopReason.TOOL, "completed", None),
        (StopReason.PAUSE, "completed", None),
        (StopReason.LENGTH, "incomplete", "max_output_tokens"),
        (StopReason.CONTEXT_FULL, "incomplete", "max_output_tokens"),
        (StopReason.CONTENT_FILTER, "incomplete", "content_filter"),
        (StopReason.REFUSAL, "incomplete", "content_filter"),
        (StopReason.ERROR, "failed", None),
        (StopReason.MALFORMED, "failed", None),
    ],
)
def test_every_reason_to_stop_has_a_status(reason: StopReason, status: str, why: str | None):
    said = json.loads(wire.write_reply(Reply(id="x", stop=Stop(reason, "word"))))

    assert said["status"] == status
    assert (said["incomplete_details"] or {}).get("reason") == why
    assert (said["error"] is not None) is (status == "failed")


def test_a_reply_that_is_not_finished_says_so():
    assert json.loads(wire.write_reply(Reply(id="x")))["status"] == "in_progress"


@pytest.mark.parametrize("begun", [(Text('{"a":'),), (Reasoning("Hm."), Text("So"))])
def test_an_answer_begun_for_the_model_is_left_out(begun: tuple[Any, ...]):
    request = asked(HI, assistant(*begun))

    assert [item["role"] for item in sent(request)["input"]] == ["user"]
    assert receipts(request)[0] == ("messages[1]", "dropped")


def test_what_the_system_says_alone_is_the_input():
    alone = asked(Message("system", (Text("Be brief."),)), Message("system", (Text("A poem."),)))

    body = sent(alone)

    assert body["instructions"] == "Be brief."
    assert body["input"] == [{"role": "system", "content": "A poem."}]
    assert receipts(alone) == []


def test_a_conversation_without_a_message_is_refused():
    with pytest.raises(LLMBadRequestError, match="nothing in them to answer"):
        wire.write_request(asked())
