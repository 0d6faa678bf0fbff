"""Requests made in other words, as the Messages format can say them: nothing is lost unsaid."""

import base64
from typing import Final

import msgspec
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
    FileRef,
    Image,
    Json,
    JsonObject,
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
    Role,
    Sampling,
    Source,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from dragoman.wire.anthropic_messages import DEFAULT_OUTPUT, write_request

_ELSEWHERE: Final = "openai_chat"
_HELLO: Final = Message("user", (Text("Hello"),))


def _asked(*messages: Message) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or (_HELLO,))


def _turn(role: Role, *parts: Part) -> Message:
    return Message(role, parts)


def _written(request: ChatRequest) -> tuple[JsonObject, list[tuple[str, str]]]:
    written = write_request(request)
    changes = [(receipt.field, receipt.action) for receipt in written.receipts]
    return msgspec.json.decode(written.body), changes


def _text(text: str) -> JsonObject:
    return {"type": "text", "text": text}


def test_a_plain_question_needs_no_receipt():
    request = ChatRequest(
        model="m", messages=(_HELLO,), system=(Text("Be brief."),), user="u-1", stop=("END",)
    )

    body, changes = _written(request)

    assert body == {
        "model": "m",
        "max_tokens": DEFAULT_OUTPUT,
        "system": [_text("Be brief.")],
        "messages": [{"role": "user", "content": [_text("Hello")]}],
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u-1"},
    }
    assert changes == []


def test_system_messages_move_before_the_conversation():
    body, changes = _written(
        _asked(
            _turn("system", Text("First.")),
            _turn("system", Text("")),
            _HELLO,
            _turn("system", Text("Then."), Text("And then.")),
        )
    )

    assert body["system"] == [_text("First."), _text("Then."), _text("And then.")]
    assert body["messages"] == [{"role": "user", "content": [_text("Hello")]}]
    assert changes == [("messages[3]", "renamed")]


def test_a_system_message_alone_becomes_the_users_turn():
    body, changes = _written(
        _asked(_turn("system", Text("Be brief.")), _turn("system", Text("Go")))
    )

    assert body["system"] == [_text("Be brief.")]
    assert body["messages"] == [{"role": "user", "content": [_text("Go")]}]
    assert changes == [("messages", "emulated")]


def test_a_conversation_without_a_word_is_refused():
    with pytest.raises(LLMBadRequestError, match=r"^messages: there is nothing in them to answer"):
        write_request(_asked(_turn("user", Text(""))))


def test_turns_of_the_same_side_become_one_and_results_open_theirs():
    tools = (Tool("f", parameters={"type": "object"}),)
    request = replace(
        _asked(
            _turn("user", Text("Go")),
            _turn("assistant", Text("")),
            _turn("assistant", Text("I ask.")),
            _turn("assistant", ToolCall("a", "f", ""), ToolCall("b", "f", '{"x": 1}')),
            _turn("user", ToolResult("b", (Text("B"),))),
            _turn("user", Text("Well?")),
            _turn("user", ToolResult("a", (Text(""),), is_error=True)),
        ),
        tools=tools,
    )

    body, changes = _written(request)

    assert body["messages"] == [
        {"role": "user", "content": [_text("Go")]},
        {
            "role": "assistant",
            "content": [
                _text("I ask."),
                {"type": "tool_use", "id": "a", "name": "f", "input": {}},
                {"type": "tool_use", "id": "b", "name": "f", "input": {"x": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "b", "content": [_text("B")]},
                {"type": "tool_result", "tool_use_id": "a", "is_error": True},
                _text("Well?"),
            ],
        },
    ]
    assert changes == []


@pytest.mark.parametrize("arguments", ["{", "[1]", "5", "nonsense", '{"a":1} {"b":2}'])
def test_malformed_arguments_are_refused_and_never_replaced(arguments: str):
    request = _asked(_HELLO, _turn("assistant", Text("Hm."), ToolCall("a", "f", arguments)))

    with pytest.raises(LLMBadRequestError) as caught:
        write_request(request)

    assert caught.value.category is Category.INVALID_REQUEST
    assert str(caught.value) == (
        "messages[1].content[1]: the arguments of the call of 'f' are no JSON object"
    )


@pytest.mark.parametrize(
    ("part", "category"),
    [
        (Audio(Base64("audio/wav", "AA==")), Category.UNSUPPORTED),
        (Image(FileRef("f1", _ELSEWHERE)), Category.UNSUPPORTED),
        (Document(FileRef("f1", _ELSEWHERE)), Category.UNSUPPORTED),
        (ToolResult("a", (Audio(Base64("audio/wav", "AA==")),)), Category.UNSUPPORTED),
        (Document(Base64("text/plain", "=")), Category.INVALID_REQUEST),
        (Document(Base64("text/plain", "/w==")), Category.INVALID_REQUEST),
        (Document(Base64("text/plain", "Zürich")), Category.INVALID_REQUEST),
    ],
)
def test_what_must_not_be_left_out_is_refused(part: Part, category: Category):
    with pytest.raises(LLMBadRequestError, match=r"^messages\[0\]\.content\[0\]") as caught:
        write_request(_asked(_turn("user", part)))

    assert caught.value.category is category


@pytest.mark.parametrize(
    "source", [Base64("application/msword", "AA=="), Link("https://a.test/b", "video/mp4")]
)
def test_a_document_that_is_neither_pdf_nor_text_is_refused(source: Source):
    with pytest.raises(LLMBadRequestError, match="only PDFs and texts"):
        write_request(_asked(_turn("user", Document(source))))


def test_of_some_tools_that_may_be_chosen_no_others_are_offered():
    choice = ToolChoice("required", allowed=("g",))

    body, changes = _written(replace(_asked(), tools=(Tool("f"), Tool("g")), tool_choice=choice))

    assert [tool["name"] for tool in body["tools"]] == ["g"]
    assert body["tool_choice"] == {"type": "any"}
    assert changes == [("tool_choice.allowed", "emulated")]


def test_files_are_sent_as_this_format_takes_them():
    text = base64.b64encode("Größe".encode()).decode()
    parts = (
        Image(Base64("image/png", "AA=="), "high"),
        Image(Link("https://a/b"), "auto"),
        Document(Base64("application/pdf", "AA=="), "plan.pdf"),
        Document(Base64("text/csv", text)),
        Document(PlainText("words")),
    )

    body, changes = _written(_asked(_turn("user", *parts)))

    assert body["messages"][0]["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
        {"type": "image", "source": {"type": "url", "url": "https://a/b"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            "title": "plan.pdf",
        },
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "Größe"},
        },
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "words"},
        },
    ]
    assert changes == [("messages[0].content[0].detail", "dropped")]


def test_what_another_wire_alone_understands_is_left_out_with_a_receipt():
    answer = _turn(
        "assistant",
        Reasoning("Hm.", "seal", origin=_ELSEWHERE),
        Reasoning("Hm."),
        Opaque(_ELSEWHERE, "web_search_call", {"type": "web_search_call"}),
        Image(Link("https://a/b")),
        Reasoning("Hm.", "seal", origin="anthropic_messages"),
        Text("So."),
    )

    body, changes = _written(_asked(_HELLO, answer))

    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "seal"},
        _text("So."),
    ]
    assert changes == [(f"messages[1].content[{place}]", "dropped") for place in range(4)]


def test_a_turn_of_which_nothing_is_left_is_no_turn():
    thought = _turn("assistant", Reasoning("Hm.", origin=_ELSEWHERE))

    body, changes = _written(_asked(_HELLO, thought, _turn("user", Text("Well?"))))

    assert body["messages"] == [{"role": "user", "content": [_text("Hello"), _text("Well?")]}]
    assert changes == [("messages[1].content[0]", "dropped")]


def _foreign(**fields: Json) -> Extras:
    return Extras(_ELSEWHERE, fields, ("spelled so",))


def test_every_field_that_only_another_wire_knows_gets_its_receipt():
    request = ChatRequest(
        model="m",
        messages=(
            Message("user", (Text("Hi", _foreign(c=1)),), _foreign(b=1, stream=False, gone=None)),
        ),
        tools=(Tool("f", parameters={"type": "object"}, extras=_foreign(d=1)),),
        tool_choice=ToolChoice("auto", extras=_foreign(e=1)),
        output=Output("text", extras=_foreign(f=1)),
        reasoning=ReasoningWish(effort="low", extras=_foreign(g=1)),
        metadata={"team": "x"},
        extras=_foreign(a=1),
    )

    _, changes = _written(request)

    assert changes == [
        ("a", "dropped"),
        ("metadata.team", "dropped"),
        ("messages[0].b", "dropped"),
        ("messages[0].content[0].c", "dropped"),
        ("tools[0].d", "dropped"),
        ("reasoning.g", "dropped"),
        ("tool_choice.e", "dropped"),
        ("output.f", "dropped"),
    ]


def test_tools_are_defined_in_this_formats_way():
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    request = replace(
        _asked(),
        tools=(
            Tool("f", "d", schema, strict=True),
            Tool("g", strict=True),
            Tool("h", parameters={"properties": {}}),
            BuiltinTool(_ELSEWHERE, "web_search", {"type": "web_search"}),
            BuiltinTool("anthropic_messages", "bash", {"type": "bash", "name": "bash"}),
        ),
    )

    body, changes = _written(request)

    assert body["tools"] == [
        {"name": "f", "description": "d", "input_schema": schema, "strict": True},
        {"name": "g", "input_schema": {"type": "object"}},
        {"name": "h", "input_schema": {"type": "object", "properties": {}}},
        {"type": "bash", "name": "bash"},
    ]
    assert changes == [("tools[1].strict", "dropped"), ("tools[3]", "dropped")]


def test_the_tools_of_a_conversation_are_defined_if_nobody_did_but_not_offered():
    calls = _turn("assistant", ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}"))
    results = _turn("user", ToolResult("a", (Text("A"),)), ToolResult("b", (Text("B"),)))

    body, changes = _written(_asked(_HELLO, calls, results))

    assert body["tools"] == [
        {"name": "f", "input_schema": {"type": "object"}},
        {"name": "g", "input_schema": {"type": "object"}},
    ]
    assert body["tool_choice"] == {"type": "none"}
    assert changes == [("tools", "emulated")]


_TOOL: Final = (Tool("f", parameters={"type": "object"}),)
_THINK: Final = ReasoningWish("on", budget=2000)


@pytest.mark.parametrize(
    ("choice", "tools", "reasoning", "written", "changes"),
    [
        (ToolChoice("required"), _TOOL, None, {"type": "any"}, []),
        (ToolChoice("named", "f"), _TOOL, None, {"type": "tool", "name": "f"}, []),
        (ToolChoice("none"), _TOOL, None, {"type": "none"}, []),
        (
            ToolChoice(parallel=False),
            _TOOL,
            None,
            {"type": "auto", "disable_parallel_tool_use": True},
            [],
        ),
        (ToolChoice("none"), (), None, None, []),
        (ToolChoice(parallel=True), (), None, None, []),
        (ToolChoice("required"), (), None, {"type": "any"}, []),
        (ToolChoice("auto"), _TOOL, _THINK, {"type": "auto"}, []),
        (
            ToolChoice("named", "f", parallel=False),
            _TOOL,
            _THINK,
            {"type": "auto", "disable_parallel_tool_use": True},
            [("tool_choice", "emulated")],
        ),
    ],
)
def test_how_tools_are_chosen_is_said_as_far_as_it_can_be(
    choice: ToolChoice,
    tools: tuple[Tool, ...],
    reasoning: ReasoningWish | None,
    written: JsonObject | None,
    changes: list[tuple[str, str]],
):
    request = replace(_asked(), tool_choice=choice, tools=tools, reasoning=reasoning)

    body, changed = _written(request)

    assert body.get("tool_choice") == written
    assert changed == changes


@pytest.mark.parametrize(
    ("wish", "thinking", "effort", "changes"),
    [
        (ReasoningWish(effort="high"), None, "high", []),
        (ReasoningWish(effort="none"), {"type": "disabled"}, None, []),
        (ReasoningWish(effort="minimal"), None, "low", [("reasoning.effort", "emulated")]),
        (ReasoningWish("on"), {"type": "adaptive"}, None, [("reasoning.mode", "emulated")]),
        (ReasoningWish("off"), {"type": "disabled"}, None, []),
        (ReasoningWish("adaptive", "max"), {"type": "adaptive"}, "max", []),
        (ReasoningWish(budget=2000), {"type": "enabled", "budget_tokens": 2000}, None, []),
        (
            ReasoningWish("on", budget=10),
            {"type": "enabled", "budget_tokens": 1024},
            None,
            [("reasoning.budget", "emulated")],
        ),
        (
            ReasoningWish("off", budget=2000),
            {"type": "disabled"},
            None,
            [("reasoning.budget", "dropped")],
        ),
    ],
)
def test_how_much_to_think_is_said_in_the_words_there_are(
    wish: ReasoningWish,
    thinking: JsonObject | None,
    effort: str | None,
    changes: list[tuple[str, str]],
):
    body, changed = _written(replace(_asked(), reasoning=wish))

    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort
    assert changed == changes


def test_thinking_gets_its_budget_beside_the_default_length_of_an_answer():
    body, _ = _written(replace(_asked(), reasoning=_THINK))

    assert body["max_tokens"] == DEFAULT_OUTPUT + 2000


def test_a_given_limit_holds_with_thinking_too():
    body, _ = _written(replace(_asked(), reasoning=_THINK, limits=Limits(3000)))

    assert body["max_tokens"] == 3000


@pytest.mark.parametrize(
    ("sampling", "reasoning", "said", "changes"),
    [
        (Sampling(0.5, 0.9, 4), None, {"temperature": 0.5, "top_p": 0.9, "top_k": 4}, []),
        (Sampling(1.7), None, {"temperature": 1.0}, [("temperature", "emulated")]),
        (Sampling(presence_penalty=0.0, frequency_penalty=0), None, {}, []),
        (
            Sampling(seed=0, presence_penalty=0.5, frequency_penalty=-1),
            None,
            {},
            [
                ("seed", "dropped"),
                ("presence_penalty", "dropped"),
                ("frequency_penalty", "dropped"),
            ],
        ),
        (
            Sampling(0.5, 0.97, 4),
            _THINK,
            {"top_p": 0.97},
            [("temperature", "dropped"), ("top_k", "dropped")],
        ),
        (Sampling(1), _THINK, {"temperature": 1}, []),
    ],
)
def test_sampling_keeps_what_this_format_takes(
    sampling: Sampling,
    reasoning: ReasoningWish | None,
    said: JsonObject,
    changes: list[tuple[str, str]],
):
    body, changed = _written(replace(_asked(), sampling=sampling, reasoning=reasoning))

    assert {name: body[name] for name in ("temperature", "top_p", "top_k") if name in body} == said
    assert changed == changes


def test_a_json_object_is_asked_for_in_words():
    request = replace(_asked(), system=(Text("Be brief."),), output=Output("json_object"))

    body, changes = _written(request)

    assert body["system"][0] == _text("Be brief.")
    assert "JSON object" in body["system"][1]["text"]
    assert changes == [("output", "emulated")]


def test_a_schema_is_asked_for_without_its_label():
    schema = {"type": "object", "additionalProperties": False}
    output = Output("json_schema", schema, "answer", "What to say.", strict=True)

    body, changes = _written(replace(_asked(), output=output))

    assert body["output_config"] == {"format": {"type": "json_schema", "schema": schema}}
    assert changes == [("output.description", "dropped")]


def test_a_schema_that_is_not_there_cannot_be_asked_for():
    body, changes = _written(replace(_asked(), output=Output("json_schema", name="answer")))

    assert "output_config" not in body
    assert changes == [("output", "dropped")]


def test_a_stop_sequence_of_white_space_is_left_out():
    body, changes = _written(replace(_asked(), stop=("\n", "END")))

    assert body["stop_sequences"] == ["END"]
    assert changes == [("stop", "dropped")]


def test_adapting_leaves_the_request_itself_alone():
    request = replace(_asked(), sampling=Sampling(1.7), output=Output("json_object"))
    before = msgspec.json.encode(request)

    write_request(request)

    assert msgspec.json.encode(request) == before
