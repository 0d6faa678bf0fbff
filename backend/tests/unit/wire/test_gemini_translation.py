"""Requests made in other words, put into Gemini's."""

import json
from typing import Any

import pytest

from dragoman.chat import (
    Base64,
    BuiltinTool,
    ChatRequest,
    Document,
    Extras,
    FileRef,
    Image,
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
from dragoman.wire import gemini as wire

HI = Message("user", (Text("Hi"),))
UNSEALED = "skip_thought_signature_validator"


def written(*messages: Message, model: str = "gemini-3.8-flash", **more: Any) -> tuple[Any, Any]:
    """Give the body, and the receipts by field."""
    said = wire.write_request(ChatRequest(model=model, messages=messages or (HI,), **more))
    return json.loads(said.body), {one.field: one.action for one in said.receipts}


def test_a_conversation_takes_turns_and_its_system_stands_before_it():
    body, receipts = written(
        HI,
        Message("user", (Text("Again"), Text(""))),
        Message("assistant", (Text("Yes?"),)),
        Message("system", (Text("Rhyme."),)),
        Message("user", (Text("Go on."),)),
        system=(Text("Be brief."),),
    )

    assert body == {
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Rhyme."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}, {"text": "Again"}]},
            {"role": "model", "parts": [{"text": "Yes?"}]},
            {"role": "user", "parts": [{"text": "Go on."}]},
        ],
    }
    assert receipts == {"messages[3]": "renamed"}


def test_results_of_parallel_calls_stand_in_one_turn_and_are_objects():
    body, receipts = written(
        HI,
        Message("assistant", (ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", ""))),
        Message("user", (ToolResult("a", (Text("one"), Text("two"))),)),
        Message("user", (Text("Well?"), ToolResult("b", (Text("bad"),), is_error=True))),
    )

    assert body["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {
                    "functionCall": {"id": "a", "name": "f", "args": {"x": 1}},
                    "thoughtSignature": UNSEALED,
                },
                {"functionCall": {"id": "b", "name": "g"}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "a",
                        "name": "f",
                        "response": {"output": "onetwo"},
                    }
                },
                {"functionResponse": {"id": "b", "name": "g", "response": {"error": "bad"}}},
                {"text": "Well?"},
            ],
        },
    ]
    assert receipts == {"f.thoughtSignature": "emulated"}


def test_more_stop_sequences_than_the_vendor_takes_are_left_out():
    body, receipts = written(HI, stop=tuple("abcdef"))

    assert body["generationConfig"]["stopSequences"] == list("abcde")
    assert receipts == {"stop": "dropped"}


@pytest.mark.parametrize(("mode", "word"), [("auto", "VALIDATED"), ("required", "ANY")])
def test_a_choice_among_some_tools_names_them(mode: Any, word: str):
    choice = ToolChoice(mode, allowed=("f", "g"))

    body, _ = written(HI, tools=(Tool("f"), Tool("g"), Tool("h")), tool_choice=choice)

    assert body["toolConfig"]["functionCallingConfig"] == {
        "mode": word,
        "allowedFunctionNames": ["f", "g"],
    }


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-2.0-flash", "gemma-3-27b-it"])
def test_a_model_that_checks_no_seals_gets_none_made_up(model: str):
    body, receipts = written(HI, Message("assistant", (ToolCall("a", "f", "{}"),)), model=model)

    assert "thoughtSignature" not in json.dumps(body)
    assert receipts == {}


def test_a_seal_of_this_formats_own_goes_back_at_its_place():
    sealed = Extras("gemini", {"thoughtSignature": "c2VhbA=="})
    thought = Reasoning("Hm.", "dGhvdWdodA==", origin="gemini")

    body, receipts = written(
        HI, Message("assistant", (thought, ToolCall("a", "f", "{}", sealed), Text("", sealed)))
    )

    assert body["contents"][1]["parts"] == [
        {"text": "Hm.", "thought": True, "thoughtSignature": "dGhvdWdodA=="},
        {"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": "c2VhbA=="},
        {"text": "", "thoughtSignature": "c2VhbA=="},
    ]
    assert receipts == {}


def test_what_is_anothers_alone_is_left_out_with_a_receipt():
    body, receipts = written(
        Message("user", (Text("Hi", Extras("other", {"cache": True})), Opaque("other", "x", {}))),
        Message("assistant", (Reasoning("Hm.", "s", origin="other"), Text("Yes."))),
        tools=(Tool("f", strict=True), BuiltinTool("other", "search", {})),
        tool_choice=ToolChoice("auto", parallel=False),
        metadata={"a": "b"},
        user="me",
        extras=Extras("other", {"store": True}),
    )

    assert receipts == {
        "store": "dropped",
        "metadata.a": "dropped",
        "user": "dropped",
        "tools[0].strict": "dropped",
        "messages[0].content[0].cache": "dropped",
        "messages[0].content[1]": "dropped",
        "messages[1].content[0]": "dropped",
        "tools[1]": "dropped",
        "tool_choice.parallel": "dropped",
    }
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [{"text": "Yes."}]},
    ]
    assert body["tools"] == [{"functionDeclarations": [{"name": "f"}]}]


@pytest.mark.parametrize(
    ("model", "wish", "thinking"),
    [
        ("gemini-3.8-flash", ReasoningWish(effort="low"), {"thinkingLevel": "low"}),
        ("gemini-3.8-flash", ReasoningWish(effort="max"), {"thinkingLevel": "high"}),
        ("gemini-3.8-flash", ReasoningWish("on", budget=99), {"thinkingBudget": 99}),
        ("gemini-3.8-flash", ReasoningWish("adaptive"), {}),
        ("gemini-2.5-flash", ReasoningWish(effort="medium"), {"thinkingBudget": 8192}),
        ("gemini-2.5-flash", ReasoningWish(effort="max"), {"thinkingBudget": 24576}),
        ("gemini-2.5-flash", ReasoningWish(effort="low", budget=7), {"thinkingBudget": 7}),
    ],
)
def test_thinking_is_asked_for_as_the_model_knows_it(model: str, wish: Any, thinking: Any):
    body, _ = written(model=model, reasoning=wish)

    assert body["generationConfig"]["thinkingConfig"] == {**thinking, "includeThoughts": True}


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-2.5-flash", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", {"thinkingBudget": 128}),
        ("gemini-3.8-flash", {"thinkingLevel": "minimal"}),
        ("gemini-3.1-pro-preview", {"thinkingLevel": "low"}),
    ],
)
def test_not_to_think_is_asked_for_as_nearly_as_the_model_can(model: str, thinking: Any):
    body, _ = written(model=model, reasoning=ReasoningWish("off"))

    assert body["generationConfig"] == {"thinkingConfig": thinking}


def test_a_model_that_does_not_think_is_not_told_to():
    body, receipts = written(model="gemini-2.0-flash", reasoning=ReasoningWish("on", budget=9))

    assert "generationConfig" not in body
    assert receipts == {"reasoning": "dropped"}


def test_penalties_that_change_nothing_are_not_told():
    body, receipts = written(
        sampling=Sampling(temperature=0, presence_penalty=0, frequency_penalty=0.5)
    )

    assert body["generationConfig"] == {"temperature": 0, "frequencyPenalty": 0.5}
    assert receipts == {}


def test_a_schema_of_others_is_json_schema_here_too():
    schema = {"type": "object", "$defs": {}, "additionalProperties": False}

    body, _ = written(
        tools=(Tool("f", "d", schema),),
        tool_choice=ToolChoice("named", "f"),
        output=Output("json_schema", schema, "name"),
    )

    assert body["tools"] == [
        {
            "functionDeclarations": [
                {"name": "f", "description": "d", "parametersJsonSchema": schema}
            ]
        }
    ]
    config = {"mode": "ANY", "allowedFunctionNames": ["f"]}
    assert body["toolConfig"] == {"functionCallingConfig": config}
    assert body["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    }


def test_files_are_sent_where_the_vendor_can_have_them():
    film = Document(Link("https://www.youtube.com/watch?v=x"))
    paper = Document(PlainText("Words."), "a.txt")

    body, receipts = written(Message("user", (film, paper, Image(Base64("image/png", "AA==")))))

    assert body["contents"][0]["parts"] == [
        {"fileData": {"fileUri": "https://www.youtube.com/watch?v=x"}},
        {"inlineData": {"mimeType": "text/plain", "data": "V29yZHMu"}},
        {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
    ]
    assert receipts == {"messages[0].content[1].name": "dropped"}


@pytest.mark.parametrize(
    ("address", "media_type"),
    [
        ("https://a.test/b.PNG?size=1", {"mimeType": "image/png"}),
        ("https://a.test/b.jpg", {"mimeType": "image/jpeg"}),
        ("https://a.test/b", {}),
    ],
)
def test_a_picture_at_a_public_address_is_fetched_by_the_vendor(
    address: str, media_type: dict[str, str]
):
    picture = Message("user", (Image(Link(address)),))

    body, receipts = written(picture)

    assert body["contents"][0]["parts"] == [{"fileData": {"fileUri": address, **media_type}}]
    assert receipts == {}
    with pytest.raises(LLMBadRequestError, match="is not fetched"):
        written(picture, model="gemini-2.0-flash")


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        (Image(Link("http://example.test/a.png")), "is not fetched"),
        (Document(FileRef("file-1", "other")), "lies at another vendor"),
        (ToolCall("a", "f", '{"x":'), "are no JSON object"),
        (ToolCall("a", "f", "[1]"), "are no JSON object"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(part: Part, complaint: str):
    with pytest.raises(LLMBadRequestError, match=complaint):
        written(HI, Message("assistant", (part,)))


def test_a_result_with_a_picture_carries_it_or_is_followed_by_it():
    shown = ToolResult("a", (Text("Look:"), Image(Base64("image/png", "AA=="))))
    request = ChatRequest(
        model="gemini-2.5-pro",
        messages=(HI, Message("assistant", (ToolCall("a", "f", "{}"),)), Message("user", (shown,))),
    )
    picture = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    result = {"id": "a", "name": "f", "response": {"output": "Look:"}}

    carried = json.loads(wire.write_request(request).body)
    followed = json.loads(wire.write_request(request, without=frozenset({"media_results"})).body)

    assert carried["contents"][2]["parts"] == [{"functionResponse": {**result, "parts": [picture]}}]
    assert followed["contents"][2]["parts"] == [{"functionResponse": result}, picture]


def test_a_question_needs_a_turn():
    body, receipts = written(Message("system", (Text("Say a poem."),)))

    assert body == {"contents": [{"role": "user", "parts": [{"text": "Say a poem."}]}]}
    assert receipts == {"messages": "emulated"}
    with pytest.raises(LLMBadRequestError, match="nothing in them to answer"):
        written(Message("user", (Text(""),)))
