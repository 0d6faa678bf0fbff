"""A client's Messages request: read strictly, and written back as it came."""

from typing import Final

import msgspec
import pytest

from dragoman.chat import (
    Base64,
    BuiltinTool,
    Category,
    ChatRequest,
    Document,
    Extras,
    FileRef,
    Image,
    InvalidInput,
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
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from dragoman.wire import anthropic_messages
from dragoman.wire.anthropic_messages import FEATURES, OPTIONAL_FIELDS
from dragoman.wire.base import Wire

_WIRE: Final[Wire] = anthropic_messages
_HELLO: Final = [{"role": "user", "content": "Hello"}]
_CACHED: Final = {"cache_control": {"type": "ephemeral"}}


def _body(**said: Json) -> JsonObject:
    return {"model": "m", "max_tokens": 9, "messages": _HELLO} | said


def _read(**said: Json) -> ChatRequest:
    return _WIRE.read_request(msgspec.json.encode(_body(**said)))


def _written(request: ChatRequest) -> JsonObject:
    written: JsonObject = msgspec.json.decode(_WIRE.write_request(request).body)
    return written


def _aside(**fields: Json) -> Extras:
    return Extras("anthropic_messages", fields)


def test_the_module_is_a_wire():
    assert (_WIRE.name, _WIRE.path) == ("anthropic_messages", "/v1/messages")


def test_a_plain_question_is_read():
    request = _read(system="Be brief.", stream=True, temperature=0.5, top_p=0.9, top_k=5)

    assert request == ChatRequest(
        model="m",
        system=(Text("Be brief."),),
        messages=(
            Message("user", (Text("Hello"),), Extras("anthropic_messages", {}, ("as a string",))),
        ),
        sampling=Sampling(0.5, 0.9, 5),
        limits=Limits(9),
        stream=True,
        extras=Extras("anthropic_messages", {}, ("as a string",)),
    )


_BLOCKS: Final[list[tuple[JsonObject, Part]]] = [
    ({"type": "text", "text": "Hi"}, Text("Hi")),
    ({"type": "text", "text": "Hi", **_CACHED}, Text("Hi", _aside(**_CACHED))),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
        Image(Base64("image/png", "AA==")),
    ),
    (
        {"type": "image", "source": {"type": "url", "url": "https://a/b"}, **_CACHED},
        Image(Link("https://a/b"), extras=_aside(**_CACHED)),
    ),
    (
        {"type": "image", "source": {"type": "file", "file_id": "f1", "new": 1}},
        Image(FileRef("f1", "anthropic_messages"), extras=_aside(source={"new": 1})),
    ),
    (
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            "title": "Plan",
            "citations": {"enabled": True},
        },
        Document(Base64("application/pdf", "AA=="), "Plan", _aside(citations={"enabled": True})),
    ),
    (
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "words"},
            "context": "c",
        },
        Document(PlainText("words"), extras=_aside(context="c")),
    ),
    (
        {"type": "document", "source": {"type": "content", "content": "words"}},
        Opaque(
            "anthropic_messages",
            "document",
            {"type": "document", "source": {"type": "content", "content": "words"}},
        ),
    ),
    (
        {"type": "image", "source": {"type": "text", "media_type": "text/plain", "data": "?"}},
        Opaque(
            "anthropic_messages",
            "image",
            {"type": "image", "source": {"type": "text", "media_type": "text/plain", "data": "?"}},
        ),
    ),
    (
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": [1, 2.5]}, "caller": {"x": 1}},
        ToolCall("t1", "f", '{"a":[1,2.5]}', _aside(caller={"x": 1})),
    ),
    (
        {"type": "tool_result", "tool_use_id": "t1", "content": "42", "is_error": False},
        ToolResult(
            "t1",
            (Text("42"),),
            is_error=False,
            extras=Extras("anthropic_messages", {}, ("as a string",)),
        ),
    ),
    (
        {"type": "tool_result", "tool_use_id": "t1", "is_error": True},
        ToolResult("t1", is_error=True),
    ),
    (
        {"type": "tool_result", "tool_use_id": "t1", "content": []},
        ToolResult("t1", extras=_aside(content=[])),
    ),
    (
        {
            "type": "tool_result",
            "tool_use_id": "t1",
            "content": [
                {"type": "text", "text": "seen"},
                {"type": "image", "source": {"type": "url", "url": "https://a/b"}},
                {"type": "tool_reference", "tool_name": "f"},
            ],
        },
        ToolResult(
            "t1",
            (
                Text("seen"),
                Image(Link("https://a/b")),
                Opaque(
                    "anthropic_messages",
                    "tool_reference",
                    {"type": "tool_reference", "tool_name": "f"},
                ),
            ),
        ),
    ),
    (
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln=="},
        Reasoning("Hm.", "c2ln==", origin="anthropic_messages"),
    ),
    (
        {"type": "thinking", "thinking": "", "signature": "c2ln=="},
        Reasoning("", "c2ln==", origin="anthropic_messages"),
    ),
    (
        {"type": "thinking", "thinking": "unsigned"},
        Reasoning("unsigned", origin="anthropic_messages"),
    ),
    (
        {"type": "redacted_thinking", "data": "sealed"},
        Reasoning(encrypted="sealed", origin="anthropic_messages"),
    ),
    (
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
        Opaque(
            "anthropic_messages",
            "server_tool_use",
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
            '{"query":"q"}',
        ),
    ),
    (
        {"type": "invented_tomorrow", "input": {}, "deep": [{"x": None}]},
        Opaque(
            "anthropic_messages",
            "invented_tomorrow",
            {"type": "invented_tomorrow", "input": {}, "deep": [{"x": None}]},
        ),
    ),
]


@pytest.mark.parametrize(("block", "part"), _BLOCKS, ids=lambda value: str(value)[:40])
def test_every_block_has_its_part_and_goes_back_as_it_came(block: JsonObject, part: Part):
    messages = [{"role": "user", "content": [block]}]

    request = _read(messages=messages)

    assert request.messages == (Message("user", (part,)),)
    assert _written(request)["messages"] == messages


_TOOLS: Final[list[tuple[JsonObject, Tool | BuiltinTool]]] = [
    (
        {"name": "f", "description": "d", "input_schema": {"type": "object"}, "strict": True},
        Tool("f", "d", {"type": "object"}, strict=True),
    ),
    (
        {"type": "custom", "name": "f", "input_schema": {"type": "object"}, "defer_loading": True},
        Tool(
            "f",
            parameters={"type": "object"},
            extras=Extras("anthropic_messages", {"defer_loading": True}, ("type: custom",)),
        ),
    ),
    (
        {"type": None, "name": "f", "input_schema": {"type": "object"}, **_CACHED},
        Tool("f", parameters={"type": "object"}, extras=_aside(type=None, **_CACHED)),
    ),
    (
        {"type": "web_search_20250305", "name": "web_search", "max_uses": None},
        BuiltinTool(
            "anthropic_messages",
            "web_search_20250305",
            {"type": "web_search_20250305", "name": "web_search", "max_uses": None},
        ),
    ),
]


@pytest.mark.parametrize(("said", "tool"), _TOOLS, ids=lambda value: str(value)[:40])
def test_every_tool_is_read_and_goes_back_as_it_came(said: JsonObject, tool: Tool | BuiltinTool):
    request = _read(tools=[said])

    assert request.tools == (tool,)
    assert _written(request)["tools"] == [said]


_CHOICES: Final[list[tuple[JsonObject, ToolChoice | None]]] = [
    ({"type": "auto"}, ToolChoice("auto")),
    ({"type": "none"}, ToolChoice("none")),
    ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice("required", parallel=False)),
    ({"type": "auto", "disable_parallel_tool_use": False}, ToolChoice("auto", parallel=True)),
    ({"type": "tool", "name": "f", "new": 1}, ToolChoice("named", "f", extras=_aside(new=1))),
    ({"type": "invented_tomorrow", "names": ["f"]}, None),
]


@pytest.mark.parametrize(("said", "choice"), _CHOICES, ids=lambda value: str(value)[:40])
def test_every_tool_choice_is_read_and_goes_back(said: JsonObject, choice: ToolChoice | None):
    request = _read(tool_choice=said)

    assert request.tool_choice == choice
    assert _written(request)["tool_choice"] == said


_THINKING: Final[list[tuple[JsonObject, ReasoningWish]]] = [
    (
        {"thinking": {"type": "enabled", "budget_tokens": 2048, "display": "omitted"}},
        ReasoningWish("on", None, 2048, _aside(display="omitted")),
    ),
    (
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
        ReasoningWish("adaptive", "high"),
    ),
    ({"thinking": {"type": "disabled"}}, ReasoningWish("off")),
    (
        {"thinking": {"type": "between_tools"}},
        ReasoningWish("off", extras=_aside(type="between_tools")),
    ),
    (
        {"thinking": {"type": "invented_tomorrow", "depth": 3}},
        ReasoningWish(extras=_aside(type="invented_tomorrow", depth=3)),
    ),
    ({"output_config": {"effort": "low"}}, ReasoningWish(effort="low")),
]


@pytest.mark.parametrize(("said", "wish"), _THINKING, ids=lambda value: str(value)[:60])
def test_every_wish_about_thinking_is_read_and_goes_back(said: JsonObject, wish: ReasoningWish):
    request = _read(**said)

    assert request.reasoning == wish
    assert _written(request) == _body(**said)


def test_a_schema_for_the_answer_is_read_and_goes_back():
    said = {"format": {"type": "json_schema", "schema": {"type": "object"}, "new": 1}, "next": 2}

    request = _read(output_config=said)

    assert request.output == Output("json_schema", {"type": "object"}, extras=_aside(new=1))
    assert _written(request)["output_config"] == said


def test_the_person_asking_is_known_by_the_callers_id():
    said = {"user_id": "u-1", "tenant": "t"}

    request = _read(metadata=said)

    assert request.user == "u-1"
    assert _written(request)["metadata"] == said


@pytest.mark.parametrize(
    "said",
    [
        {"container": "c1", "mcp_servers": [{"type": "url"}], "service_tier": "auto", **_CACHED},
        {"stream": False},
        {"stream": None, "temperature": None, "system": None, "tools": None, "metadata": None},
        {"system": [], "tools": [], "stop_sequences": [], "metadata": {}, "output_config": {}},
        {"metadata": {"user_id": None}, "output_config": {"effort": None, "format": None}},
        {"output_config": {"format": {"type": "invented_tomorrow"}}},
        {"thinking": {}, "tool_choice": None},
        {"system": ""},
        {"system": [{"type": "text", "text": "Be brief.", **_CACHED}]},
        {"system": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}]},
        {"stop_sequences": ["END", "\n"]},
        {"max_tokens": 0},
        {"temperature": 1.9},
        {"messages": [{"role": "user", "content": []}]},
        {"messages": [{"role": "user", "content": "Hi", "id": "new"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
        {"messages": [*_HELLO, *_HELLO]},
        {"messages": [*_HELLO, {"role": "system", "content": "Now in French."}]},
        {
            "messages": [
                {"role": "system", "content": [{"type": "tool_addition", "tool": {"name": "f"}}]},
                *_HELLO,
            ]
        },
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_request_in_these_words_goes_out_as_it_came(said: JsonObject):
    written = _WIRE.write_request(_read(**said))

    assert msgspec.json.decode(written.body) == _body(**said)
    assert written.receipts == ()


def test_thinking_that_another_vendors_model_thought_is_left_out():
    unsealed = {"type": "thinking", "thinking": "Hm.", "signature": ""}
    sealed = {"type": "thinking", "thinking": "", "signature": "c2ln=="}
    words = {"type": "text", "text": "Hello!"}
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [unsealed, sealed, words]},
        {"role": "user", "content": "Go on"},
        {"role": "assistant", "content": [unsealed]},
        {"role": "user", "content": "Well?"},
    ]

    written = _WIRE.write_request(_read(messages=turns))

    assert msgspec.json.decode(written.body)["messages"] == [
        turns[0],
        {"role": "assistant", "content": [sealed, words]},
        turns[2],
        turns[4],
    ]
    dropped = [receipt.field for receipt in written.receipts]
    assert dropped == ["messages[1].content[0]", "messages[3].content[0]"]


def test_a_request_without_a_limit_gets_the_default_one():
    body = msgspec.json.encode({"model": "m", "messages": _HELLO, "max_tokens": None})

    assert _written(_WIRE.read_request(body))["max_tokens"] == anthropic_messages.DEFAULT_OUTPUT


def test_what_a_provider_does_not_take_is_left_out_with_a_receipt():
    said = {"temperature": 0.5, "top_p": None, "top_k": 3, "output_config": {"effort": "high"}}
    tools = [{"name": "f", "input_schema": {"type": "object"}, "strict": True}]
    web = {"type": "web_search_20250305", "name": "web_search"}
    without = frozenset({"temperature", "top_p", "effort", "strict_tools", "max_tokens", "absent"})

    written = _WIRE.write_request(_read(**said, tools=[*tools, web]), without=without)

    assert msgspec.json.decode(written.body) == _body(
        top_k=3, tools=[{"name": "f", "input_schema": {"type": "object"}}, web]
    )
    assert [(receipt.field, receipt.action) for receipt in written.receipts] == [
        ("reasoning.effort", "dropped"),
        ("tools.f.strict", "dropped"),
        ("temperature", "dropped"),
    ]


_PICTURE: Final = {"type": "image", "source": {"type": "url", "url": "https://a/b"}}
_PAPER: Final = {"type": "document", "source": {"type": "url", "url": "https://a/b"}}


@pytest.mark.parametrize(
    ("feature", "said", "at"),
    [
        ("tools", {"tools": [{"name": "f"}]}, "tools"),
        (
            "json_schema",
            {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
            "output",
        ),
        ("images", {"messages": [*_HELLO, {"role": "user", "content": [_PICTURE]}]}, "messages[1]"),
        (
            "documents",
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "tool_use_id": "t", "content": [_PAPER]}
                        ],
                    }
                ]
            },
            "messages[0]",
        ),
    ],
)
def test_a_feature_that_a_provider_lacks_is_refused_and_not_left_out(
    feature: str, said: JsonObject, at: str
):
    request = _read(**said)

    with pytest.raises(LLMBadRequestError, match=f"takes no {feature}") as caught:
        _WIRE.write_request(request, without=frozenset({feature}))

    assert caught.value.category is Category.UNSUPPORTED
    assert str(caught.value).startswith(f"{at}: ")
    assert _WIRE.write_request(request, without=frozenset(FEATURES) - {feature})


def test_the_optional_fields_are_all_that_is_ever_written_beside_the_question():
    everything = _read(
        system="Be brief.",
        tools=[{"name": "f", "input_schema": {"type": "object"}}],
        tool_choice={"type": "auto"},
        thinking={"type": "enabled", "budget_tokens": 1024},
        output_config={"effort": "low"},
        temperature=1,
        top_p=1,
        top_k=1,
        stop_sequences=["x"],
        metadata={"user_id": "u"},
        stream=True,
    )

    assert _written(everything).keys() - _body().keys() == OPTIONAL_FIELDS
    less = _WIRE.write_request(everything, without=OPTIONAL_FIELDS - FEATURES.keys())
    assert msgspec.json.decode(less.body).keys() == _body().keys() | {"tools"}


def test_call_ids_in_other_letters_are_renamed_alike_in_calls_and_results():
    calls = [
        {"type": "tool_use", "id": call_id, "name": "f", "input": {}}
        for call_id in ("functions.f:0", "functions.f_0", "functions_f:0", "")
    ]
    results = [{"type": "tool_result", "tool_use_id": call["id"]} for call in calls]
    messages = [
        {"role": "assistant", "content": [{"type": "text", "text": "Wait."}, *calls]},
        {"role": "user", "content": results},
    ]

    written = _WIRE.write_request(_read(messages=messages))

    asked, answered = msgspec.json.decode(written.body)["messages"]
    sent = [block["id"] for block in asked["content"][1:]]
    assert sent == [block["tool_use_id"] for block in answered["content"]]
    assert len(set(sent)) == 4
    assert all(call_id.replace("_", "").replace("-", "").isalnum() for call_id in sent)
    assert [receipt.action for receipt in written.receipts] == ["renamed"] * 4


def test_a_renamed_call_id_is_the_same_in_the_next_request():
    def turn(*call_ids: str) -> JsonObject:
        calls = [{"type": "tool_use", "id": it, "name": "f", "input": {}} for it in call_ids]
        return {"role": "assistant", "content": calls}

    first = _written(_read(messages=[turn("a.b")]))
    second = _written(_read(messages=[turn("a.b"), turn("a:b")]))

    assert first["messages"][0] == second["messages"][0]


def _user(*blocks: Json) -> JsonObject:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"model": 1}, "model: must be a string, not a number"),
        ({"messages": None}, "messages: must hold at least one message"),
        ({"messages": []}, "messages: must hold at least one message"),
        ({"messages": {}}, "messages: must be a list, not an object"),
        ({"messages": ["Hi"]}, "messages[0]: must be an object, not a string"),
        ({"messages": [{"content": "Hi"}]}, "messages[0].role: is required and must be a string"),
        (
            {"messages": [{"role": "tool", "content": "Hi"}]},
            "messages[0].role: must be user, assistant or system",
        ),
        (
            {"messages": [{"role": "user"}]},
            "messages[0].content: is required and must be a string or a list of blocks",
        ),
        (
            {"messages": [{"role": "user", "content": {}}]},
            "messages[0].content: must be a string or a list of blocks, not an object",
        ),
        (_user("Hi"), "messages[0].content[0]: must be an object, not a string"),
        (_user({"text": "Hi"}), "messages[0].content[0].type: is required and must be a string"),
        (
            _user({"type": "text", "text": 5}),
            "messages[0].content[0].text: must be a string, not a number",
        ),
        (
            _user({"type": "image"}),
            "messages[0].content[0].source: is required and must be an object",
        ),
        (
            _user({"type": "image", "source": {"type": "base64", "data": "AA=="}}),
            "messages[0].content[0].source.media_type: is required and must be a string",
        ),
        (
            _user({"type": "tool_use", "id": "t", "name": "f"}),
            "messages[0].content[0].input: is required and must be an object",
        ),
        (
            _user({"type": "tool_use", "id": "t", "name": "f", "input": "{}"}),
            "messages[0].content[0].input: must be an object, not a string",
        ),
        (
            _user({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text"}]}),
            "messages[0].content[0].content[0].text: is required and must be a string",
        ),
        (
            _user({"type": "tool_result", "tool_use_id": "t", "is_error": "no"}),
            "messages[0].content[0].is_error: must be true or false, not a string",
        ),
        ({"system": 1}, "system: must be a string or a list of blocks, not a number"),
        (
            {"system": [{"type": "invented"}]},
            "system: must be a string or a list of text blocks",
        ),
        ({"max_tokens": -1}, "max_tokens: must be at least 0"),
        ({"max_tokens": "9"}, "max_tokens: must be an integer, not a string"),
        ({"temperature": "hot"}, "temperature: must be a number, not a string"),
        ({"stream": "yes"}, "stream: must be true or false, not a string"),
        ({"stop_sequences": "END"}, "stop_sequences: must be a list of strings, not a string"),
        ({"stop_sequences": [1]}, "stop_sequences: must be a list of strings, not a list"),
        ({"tools": [{"name": 1}]}, "tools[0].name: must be a string, not a number"),
        ({"tools": [{"type": 1}]}, "tools[0].type: must be a string, not a number"),
        (
            {"tools": [{"name": "f", "input_schema": "object"}]},
            "tools[0].input_schema: must be an object, not a string",
        ),
        ({"tool_choice": "auto"}, "tool_choice: must be an object, not a string"),
        ({"tool_choice": {}}, "tool_choice.type: is required and must be a string"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name: is required and must be a string"),
        ({"thinking": {"budget_tokens": 1}}, "thinking.type: is required and must be a string"),
        ({"thinking": "on"}, "thinking: must be an object, not a string"),
        ({"output_config": {"effort": 3}}, "output_config.effort: must be a string, not a number"),
        ({"metadata": {"user_id": 3}}, "metadata.user_id: must be a string, not a number"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_complaint_says_where_the_request_is_wrong(said: JsonObject, complaint: str):
    with pytest.raises(InvalidInput) as caught:
        _read(**said)

    assert str(caught.value) == complaint


def test_a_request_without_messages_is_refused():
    with pytest.raises(InvalidInput, match="messages: is required and must be a list"):
        _WIRE.read_request(b'{"model":"m"}')
