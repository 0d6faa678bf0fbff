"""Requests of Gemini's format: read strictly, written as they came, sent where they belong."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Base64,
    BuiltinTool,
    ChatRequest,
    Document,
    Extras,
    FileRef,
    Image,
    InvalidInput,
    Link,
    LLMBadRequestError,
    Message,
    Opaque,
    Reasoning,
    ReasoningWish,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from dragoman.wire import anthropic_messages, openai_chat, openai_responses
from dragoman.wire import gemini as wire
from dragoman.wire.base import Wire

SIGNED = "c2lnbmVk"


def asked(**fields: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], **fields}


def parts(*said: Any, role: str = "user") -> dict[str, Any]:
    return {"contents": [{"role": role, "parts": list(said)}]}


def read(body: Any) -> ChatRequest:
    return wire.read_request(json.dumps(body).encode())


def sent(request: ChatRequest, *without: str) -> Any:
    return json.loads(wire.write_request(request, without=frozenset(without)).body)


def first_part(body: Any) -> Any:
    return read(body).messages[0].parts[0]


@pytest.mark.parametrize(
    "body",
    [
        asked(),
        asked(contents={"parts": {"text": "Hi"}}),
        asked(system_instruction={"parts": {"text": "Be brief."}}),
        asked(systemInstruction={"role": "user", "parts": [{"text": "a"}, {"text": "b", "x": 1}]}),
        asked(systemInstruction="Be brief."),
        asked(systemInstruction={"parts": [{"inlineData": {"mimeType": "a/b", "data": "AA=="}}]}),
        asked(generationConfig={}, toolConfig={}, tools=[], safetySettings=[], labels=None),
        asked(generation_config={"max_output_tokens": 9, "topP": 0.5, "top_k": 3, "pace": "slow"}),
        asked(generationConfig={"topK": 40.0, "candidateCount": 1, "stopSequences": []}),
        asked(generationConfig={"candidateCount": 2, "responseModalities": ["TEXT", "IMAGE"]}),
        asked(generationConfig={"thinkingConfig": {}}),
        asked(generationConfig={"thinkingConfig": {"thinkingBudget": -1}}),
        asked(generationConfig={"thinkingConfig": {"thinkingBudget": 0, "includeThoughts": False}}),
        asked(generationConfig={"thinkingConfig": {"thinking_level": "HIGH"}}),
        asked(generationConfig={"responseMimeType": "text/x.enum", "responseSchema": {"enum": []}}),
        asked(generationConfig={"responseSchema": {"type": "STRING", "nullable": True}}),
        asked(generationConfig={"response_mime_type": "application/json"}),
        asked(toolConfig={"functionCallingConfig": {"mode": "validated"}}),
        asked(toolConfig={"functionCallingConfig": {"mode": 1}, "retrievalConfig": {"a": 1}}),
        asked(
            toolConfig={
                "functionCallingConfig": {"mode": "ANY", "allowed_function_names": ["f", "g"]}
            }
        ),
        asked(
            tools=[
                {"functionDeclarations": [{"name": "f"}], "googleSearch": {}},
                {"function_declarations": [{"name": "g"}, {"name": "h", "behavior": "BLOCKING"}]},
                {"urlContext": {}, "codeExecution": {}},
                {},
            ]
        ),
        parts({"functionResponse": {"name": "f"}}),
        parts({"functionResponse": {"name": "f", "response": {"result": [1.5, None]}}}),
        parts({"functionCall": {"name": "f"}}, {"functionCall": {"name": "f", "args": {}}}),
        parts({"text": "", "thoughtSignature": SIGNED}, {"text": "", "thought": True}),
        parts({"thoughtSignature": SIGNED}, {}, {"text": None}, {"text": "x", "thought": False}),
        parts({"file_data": {"file_uri": "https://example.test/a.mp4", "mime_type": "video/mp4"}}),
        {"contents": [{"parts": [{"text": "no role"}]}, {"role": "function"}, {"role": "model"}]},
    ],
)
def test_a_request_goes_out_as_it_came(body: Any):
    written = wire.write_request(read(body))

    assert json.loads(written.body) == body
    assert written.receipts == ()


def test_the_address_names_the_model_and_tells_whether_to_stream():
    request = replace(read({**asked(), "model": "models/other"}), model="gemini-x")

    written = wire.write_request(request)
    streamed = wire.write_request(replace(request, stream=True))

    assert (read(asked()).model, read(asked()).stream) == ("", False)
    assert written.path == "/models/gemini-x:generateContent"
    assert streamed.path == "/models/gemini-x:streamGenerateContent?alt=sse"
    assert written.body == streamed.body
    assert b"model" not in written.body.replace(b'"role":"model"', b"")


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("tunedModels/mine", "/tunedModels/mine:generateContent"),
        ("a b?c#d", "/models/a%20b%3Fc%23d:generateContent"),
    ],
)
def test_a_models_name_is_quoted_in_the_address(model: str, path: str):
    assert wire.write_request(replace(read(asked()), model=model)).path == path


@pytest.mark.parametrize("model", ["../../files", "models/../x", "a//b", "/x"])
def test_a_models_name_leads_nowhere_else(model: str):
    with pytest.raises(LLMBadRequestError, match="no model's name"):
        wire.write_request(replace(read(asked()), model=model))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "contents: is required and must be a list"),
        (asked(contents="Hi"), "contents: must be a list, not a string"),
        (parts("Hi"), r"contents\[0\].parts\[0\]: must be an object"),
        (parts({"text": 1}), r"contents\[0\].parts\[0\].text: must be a string"),
        (parts({"function_call": {}}), r"parts\[0\].function_call.name: is required"),
        (parts({"functionCall": {"name": "f", "args": []}}), "functionCall.args: must be an obj"),
        (parts({"functionResponse": {"name": "f", "response": "x"}}), "response: must be an obj"),
        (asked(generation_config={"top_p": "x"}), "generation_config.top_p: must be a number"),
        (asked(generationConfig={"stopSequences": [1]}), "stopSequences: must be a list of str"),
        (asked(tools=[{"functionDeclarations": [{}]}]), r"tools\[0\].functionDeclarations\[0\].na"),
        ({"contents": [{"role": 1}]}, r"contents\[0\].role: must be a string"),
    ],
)
def test_a_complaint_says_where_in_the_clients_own_spelling(body: Any, complaint: str):
    with pytest.raises(InvalidInput, match=complaint):
        read(body)


@pytest.mark.parametrize("others", [openai_chat, openai_responses, anthropic_messages])
@pytest.mark.parametrize(
    "film",
    [
        {"fileData": {"fileUri": "https://example.test/a.mp4", "mimeType": "video/mp4"}},
        {"fileData": {"fileUri": "https://youtu.be/x"}},
        {"inlineData": {"mimeType": "video/mp4", "data": "AA=="}},
    ],
)
def test_a_film_goes_to_nobody_who_would_take_it_for_a_paper(others: Wire, film: Any):
    request = replace(read(parts(film)), model="m")

    with pytest.raises(LLMBadRequestError, match=r"films|only PDFs"):
        others.write_request(request)


def test_files_are_told_apart_by_their_type():
    inline = {"mimeType": "image/png", "data": "AA=="}

    assert first_part(parts({"inlineData": inline})) == Image(Base64("image/png", "AA=="))
    sound = {"mimeType": "audio/wav", "data": "AA=="}
    assert first_part(parts({"inlineData": sound})) == Audio(Base64("audio/wav", "AA=="))
    paper = {"mimeType": "application/pdf", "data": "AA==", "displayName": "a.pdf"}
    document = first_part(parts({"inlineData": paper}))
    assert (document.source, document.name) == (Base64("application/pdf", "AA=="), "a.pdf")
    linked = {"fileUri": "https://example.test/a.png", "mimeType": "image/png"}
    assert first_part(parts({"fileData": linked})).source == Link(
        "https://example.test/a.png", "image/png"
    )
    own = first_part(parts({"fileData": {"fileUri": "gs://bucket/a.mp4"}}))
    assert isinstance(own, Document)
    assert own.source == FileRef("gs://bucket/a.mp4", "gemini")


def test_thinking_carries_its_seal_and_so_may_words_and_calls():
    thought, words, call = (
        read(
            parts(
                {"text": "Hm.", "thought": True, "thoughtSignature": SIGNED},
                {"text": "Yes.", "thoughtSignature": SIGNED},
                {"functionCall": {"name": "f", "args": {}}, "thought_signature": SIGNED},
                role="model",
            )
        )
        .messages[0]
        .parts
    )

    assert thought == Reasoning("Hm.", SIGNED, origin="gemini")
    assert words == Text("Yes.", Extras("gemini", {"thoughtSignature": SIGNED}))
    assert call.extras == Extras("gemini", {"thoughtSignature": SIGNED}, ("thought_signature",))


def test_results_without_ids_are_paired_by_name_and_order():
    call = {"functionCall": {"name": "f", "args": {}}}
    other = {"functionCall": {"name": "g", "args": {}}}
    result = {"functionResponse": {"name": "f", "response": {"output": "ok"}}}
    failed = {"functionResponse": {"name": "g", "response": {"error": "no"}}}
    body = {
        "contents": [
            {"role": "model", "parts": [call, other, call]},
            {"role": "user", "parts": [failed, result, result]},
        ]
    }

    asked_for, given = read(body).messages

    ids = [part.id for part in asked_for.parts if isinstance(part, ToolCall)]
    assert len(set(ids)) == 3
    assert [part.call_id for part in given.parts if isinstance(part, ToolResult)] == [
        ids[1],
        ids[0],
        ids[2],
    ]
    assert [part.is_error for part in given.parts if isinstance(part, ToolResult)] == [
        True,
        None,
        None,
    ]
    assert sent(read(body)) == body


def test_what_only_this_format_has_is_carried():
    code = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": SIGNED}

    assert first_part(parts(code)) == Opaque("gemini", "executableCode", code)
    request = read(asked(tools=[{"google_search": {"a": 1}}], cachedContent="c"))
    assert request.tools == (BuiltinTool("gemini", "google_search", {"google_search": {"a": 1}}),)
    assert request.extras is not None
    assert request.extras.fields == {"cachedContent": "c"}


def test_a_schema_of_googles_dialect_is_read_as_json_schema():
    dialect = {
        "type": "OBJECT",
        "properties": {
            "n": {"type": "INTEGER", "nullable": True, "minimum": 1},
            "s": {"type": 1, "minLength": "2"},
            "l": {"type": "ARRAY", "items": {"anyOf": [{"type": "STRING"}], "nullable": True}},
        },
        "propertyOrdering": ["n", "s", "l"],
    }
    body = asked(tools=[{"functionDeclarations": [{"name": "f", "parameters": dialect}]}])

    (tool,) = read(body).tools

    assert isinstance(tool, Tool)
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "n": {"type": ["integer", "null"], "minimum": 1},
            "s": {"type": "string", "minLength": 2},
            "l": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        },
    }
    assert sent(read(body)) == body
    changed = replace(tool, parameters={"type": "object"})
    (written,) = sent(replace(read(body), tools=(changed,)))["tools"][0]["functionDeclarations"]
    assert written == {"name": "f", "parametersJsonSchema": {"type": "object"}}


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice("auto")),
        ({"mode": "NONE"}, ToolChoice("none")),
        ({"mode": "ANY"}, ToolChoice("required")),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ToolChoice("named", "f")),
        (
            {"mode": "VALIDATED"},
            ToolChoice("auto", extras=Extras("gemini", {}, ("mode VALIDATED",))),
        ),
    ],
)
def test_how_tools_are_chosen(config: Any, choice: ToolChoice):
    assert read(asked(toolConfig={"functionCallingConfig": config})).tool_choice == choice


@pytest.mark.parametrize(
    ("config", "mode", "effort", "budget"),
    [
        ({"thinkingBudget": 0}, "off", None, None),
        ({"thinkingBudget": -1}, "adaptive", None, None),
        ({"thinkingBudget": 99}, "on", None, 99),
        ({"thinkingLevel": "HIGH"}, None, "high", None),
    ],
)
def test_how_much_to_think(config: Any, mode: Any, effort: str | None, budget: int | None):
    wish = read(asked(generationConfig={"thinkingConfig": config})).reasoning

    assert isinstance(wish, ReasoningWish)
    assert (wish.mode, wish.effort, wish.budget) == (mode, effort, budget)


def test_what_a_provider_does_not_take_is_left_out_or_refused():
    body = asked(
        generationConfig={"topK": 3, "seed": 1}, tools=[{"functionDeclarations": [{"name": "f"}]}]
    )

    written = wire.write_request(read(body), without=frozenset({"topK", "toolConfig"}))

    assert json.loads(written.body)["generationConfig"] == {"seed": 1}
    assert [(one.field, one.action) for one in written.receipts] == [("topK", "dropped")]
    with pytest.raises(LLMBadRequestError, match="takes no tools"):
        sent(read(body), "tools")
    picture = Message("user", (Image(Base64("image/png", "AA==")),))
    with pytest.raises(LLMBadRequestError, match="takes no images"):
        sent(ChatRequest(model="m", messages=(picture,)), "images")
