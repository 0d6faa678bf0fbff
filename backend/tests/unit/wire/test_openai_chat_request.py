"""A client's request in Chat Completions: read into the vocabulary, and written as it came."""

import json
from typing import Final

import pytest

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
    Json,
    JsonObject,
    Limits,
    Link,
    Message,
    Opaque,
    Output,
    Part,
    Reasoning,
    ReasoningWish,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from dragoman.wire import openai_chat as wire

_NAME: Final = "openai_chat"
_HELLO: Final = {"role": "user", "content": "Hello"}


def asking(*messages: JsonObject, **fields: Json) -> JsonObject:
    return {"model": "m", "messages": list(messages or (_HELLO,)), **fields}


def read(body: JsonObject) -> ChatRequest:
    return wire.read_request(json.dumps(body).encode())


def message_of(message: JsonObject) -> Message:
    return read(asking(message)).messages[0]


def parts_of(content: Json) -> tuple[Part, ...]:
    return message_of({"role": "user", "content": content}).parts


def mark(*form: str, **fields: Json) -> Extras:
    return Extras(_NAME, fields, form)


def test_the_settings_of_a_request_are_understood():
    request = read(
        asking(
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            seed=7,
            presence_penalty=0.1,
            frequency_penalty=-0.1,
            max_completion_tokens=100,
            stop=["END"],
            stream=True,
            user="u-1",
            metadata={"team": "a"},
            reasoning_effort="low",
            parallel_tool_calls=False,
            n=2,
        )
    )

    assert request == ChatRequest(
        model="m",
        messages=(Message("user", (Text("Hello"),)),),
        tool_choice=ToolChoice(parallel=False),
        sampling=Sampling(0.5, 0.9, 40, 7, 0.1, -0.1),
        reasoning=ReasoningWish(effort="low"),
        limits=Limits(100),
        stop=("END",),
        stream=True,
        user="u-1",
        metadata={"team": "a"},
        extras=mark("top_k", n=2),
    )


@pytest.mark.parametrize(
    ("message", "understood"),
    [
        ({"role": "system", "content": "Be kind."}, Message("system", (Text("Be kind."),))),
        (
            {"role": "developer", "content": "Be kind."},
            Message("system", (Text("Be kind."),), mark("developer")),
        ),
        ({"role": "user", "content": ""}, Message("user", ())),
        ({"role": "user", "content": None}, Message("user", (), mark(content=None))),
        ({"role": "user"}, Message("user", (), mark("no content"))),
        (
            {"role": "user", "content": [{"type": "text", "text": "Hi"}], "name": "ann"},
            Message("user", (Text("Hi"),), mark("parts", name="ann")),
        ),
        (
            {"role": "tool", "tool_call_id": "c1", "content": "12 °C"},
            Message("user", (ToolResult("c1", (Text("12 °C"),)),)),
        ),
        (
            {"role": "assistant", "content": "It is.", "reasoning_content": "Is it?"},
            Message("assistant", (Reasoning("Is it?", origin=_NAME), Text("It is."))),
        ),
        (
            {"role": "assistant", "content": None, "refusal": "I will not."},
            Message("assistant", (Text("I will not.", mark("refusal")),), mark(content=None)),
        ),
        (
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                    {"type": "text", "text": "Yes"},
                ],
            },
            Message(
                "assistant",
                (Reasoning("Hm", origin=_NAME, extras=mark("thinking")), Text("Yes")),
            ),
        ),
    ],
)
def test_each_kind_of_message_is_understood(message: JsonObject, understood: Message):
    assert message_of(message) == understood


@pytest.mark.parametrize(
    ("call", "understood"),
    [
        (
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}},
            ToolCall("c1", "look", '{"a":1}'),
        ),
        (
            {"id": "c1", "function": {"name": "look", "arguments": "{"}, "index": 0, "x": 1},
            ToolCall("c1", "look", "{", mark("untyped", "indexed", x=1)),
        ),
        (
            {"id": "c1", "type": "function", "function": {"name": "look"}},
            ToolCall("c1", "look", "", mark("no arguments")),
        ),
        (
            {"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}},
            Opaque(
                _NAME,
                "tool_call:custom",
                {"id": "c1", "type": "custom", "custom": {"name": "sql"}},
                "SELECT 1",
            ),
        ),
        (
            {"id": "c1", "type": "novel", "novel": {}},
            Opaque(_NAME, "tool_call:novel", {"id": "c1", "type": "novel", "novel": {}}),
        ),
    ],
)
def test_each_kind_of_call_is_understood(call: JsonObject, understood: Part):
    message = {"role": "assistant", "content": None, "tool_calls": [call]}

    assert message_of(message) == Message("assistant", (understood,))


def test_arguments_that_are_an_object_become_the_text_they_should_have_been():
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": [1]}}}

    (part,) = message_of({"role": "assistant", "tool_calls": [call]}).parts

    assert part == ToolCall("c", "f", '{"a":[1]}')


def test_calls_in_the_old_words_get_ids_that_pair_them_with_their_results():
    call = {"name": "look", "arguments": "{}"}
    request = read(
        asking(
            _HELLO,
            {"role": "assistant", "content": None, "function_call": call},
            {"role": "function", "name": "look", "content": "a cat"},
            {"role": "assistant", "content": None, "function_call": call},
            {"role": "function", "name": "look", "content": "a dog"},
        )
    )

    parts = [part for message in request.messages[1:] for part in message.parts]
    assert parts == [
        ToolCall("call_1", "look", "{}", mark("function")),
        ToolResult("call_1", (Text("a cat"),), extras=mark("function", name="look")),
        ToolCall("call_3", "look", "{}", mark("function")),
        ToolResult("call_3", (Text("a dog"),), extras=mark("function", name="look")),
    ]


@pytest.mark.parametrize(
    ("part", "understood"),
    [
        (
            {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}},
            Text("Hi", mark(cache_control={"type": "ephemeral"})),
        ),
        (
            {
                "type": "image_url",
                "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"},
            },
            Image(Base64("image/png", "AA=="), "low"),
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "new": 1}},
            Image(Link("https://x.test/a.png"), extras=mark(image_url={"new": 1})),
        ),
        (
            {"type": "image_url", "image_url": "https://x.test/a.png"},
            Image(Link("https://x.test/a.png"), extras=mark("bare")),
        ),
        (
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
            },
            Document(Base64("application/pdf", "AA=="), "a.pdf"),
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}},
            Document(Base64("application/pdf", "AA=="), extras=mark("unnamed")),
        ),
        ({"type": "file", "file": {"file_id": "f-1"}}, Document(FileRef("f-1", _NAME))),
        (
            {"type": "file", "file": {"file_data": "https://x.test/a.pdf"}},
            Document(Link("https://x.test/a.pdf"), extras=mark("bare")),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav", "rate": 8}},
            Audio(Base64("audio/wav", "AA=="), mark(input_audio={"rate": 8})),
        ),
        ({"type": "refusal", "refusal": "No."}, Text("No.", mark("refusal", "parts"))),
    ],
)
def test_each_kind_of_part_is_understood(part: JsonObject, understood: Part):
    assert parts_of([part]) == (understood,)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "document_url", "document_url": "https://x.test/a.pdf"},
        {"type": "image_url"},
        {"type": "image_url", "image_url": {}},
        {"type": "file", "file": {"file_url": "https://x.test/a.pdf"}},
        {"type": "file"},
        {"type": "input_audio", "input_audio": {"data": "AA=="}},
        {"type": "thinking", "thinking": [{"type": "reference", "ids": [1]}]},
        {"type": "thinking", "thinking": [{"type": "text", "text": "a", "x": 1}]},
        {"type": "thinking", "thinking": []},
    ],
)
def test_a_part_that_nobody_here_knows_is_carried_whole(part: JsonObject):
    assert parts_of([part]) == (Opaque(_NAME, part["type"], part),)


def test_thinking_in_several_texts_is_read_as_one_and_goes_out_as_it_came():
    texts = [{"type": "text", "text": "One, "}, {"type": "text", "text": "two."}]
    message = {"role": "assistant", "content": [{"type": "thinking", "thinking": texts}]}

    (part,) = message_of(message).parts

    assert part == Reasoning("One, two.", origin=_NAME, extras=mark("thinking", thinking=texts))
    written = json.loads(wire.write_request(read(asking(message))).body)
    assert written["messages"] == [message]


def test_what_a_model_shows_is_carried_whole():
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}

    (part,) = message_of({"role": "assistant", "content": [shown]}).parts

    assert part == Opaque(_NAME, "image_url", shown)


def test_a_tools_result_with_a_picture_is_remembered_as_such():
    picture = {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}
    result = {"role": "tool", "tool_call_id": "c", "content": [picture]}

    (part,) = message_of(result).parts

    image = Image(Link("https://x.test/a.png"))
    assert part == ToolResult("c", (image,), extras=mark("media"))


@pytest.mark.parametrize(
    ("tool", "understood"),
    [
        (
            {
                "type": "function",
                "function": {"name": "f", "description": "d", "parameters": {}, "strict": True},
            },
            Tool("f", "d", {}, strict=True),
        ),
        (
            {"function": {"name": "f", "new": 1}, "cache_control": {}},
            Tool("f", extras=mark("untyped", cache_control={}, function={"new": 1})),
        ),
        (
            {"type": "custom", "custom": {"name": "sql"}},
            BuiltinTool(_NAME, "custom", {"type": "custom", "custom": {"name": "sql"}}),
        ),
    ],
)
def test_each_kind_of_tool_is_understood(tool: JsonObject, understood: Tool | BuiltinTool):
    assert read(asking(tools=[tool])).tools == (understood,)


@pytest.mark.parametrize(
    ("choice", "understood"),
    [
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ("any", ToolChoice("required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice("named", "f")),
        (
            {"type": "function", "function": {"name": "f", "x": 1}},
            ToolChoice("named", "f", extras=mark(function={"x": 1})),
        ),
        ({"type": "allowed_tools", "allowed_tools": {}}, None),
        (None, None),
    ],
)
def test_each_choice_of_tools_is_understood(choice: Json, understood: ToolChoice | None):
    assert read(asking(tool_choice=choice)).tool_choice == understood


@pytest.mark.parametrize(
    ("wish", "understood"),
    [
        ({"type": "text"}, Output("text")),
        ({"type": "json_object", "schema": {}}, Output("json_object", extras=mark(schema={}))),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True, "x": 1},
            },
            Output(
                "json_schema",
                {"type": "object"},
                "n",
                strict=True,
                extras=mark(json_schema={"x": 1}),
            ),
        ),
        (
            {"type": "json_schema", "json_schema": {"description": "d"}},
            Output("json_schema", description="d", extras=mark("unnamed")),
        ),
        ({"type": "grammar", "grammar": "…"}, None),
        (None, None),
    ],
)
def test_each_form_of_an_answer_is_understood(wish: Json, understood: Output | None):
    assert read(asking(response_format=wish)).output == understood


# Every spelling here is some client's own, and goes out as it came.
_SPELLINGS: Final[list[JsonObject]] = [
    asking(stream=False, tools=None, tool_choice=None, temperature=None, stop=None, n=None),
    asking(tools=[], stop=[], metadata={}, user=""),
    asking(max_tokens=10),
    asking(max_tokens=10, max_completion_tokens=20),
    asking(stop="END"),
    asking(top_k=5, min_p=0.1, logit_bias={"1": 2}),
    asking(tool_choice="any"),
    asking(tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}),
    asking(response_format={"type": "json_schema", "json_schema": {"schema": {}}}),
    asking(response_format={"type": "grammar"}),
    asking(stream_options={"include_usage": False}),
    asking(stream_options={"include_usage": True}, n=1),
    asking(stream=True, stream_options={"include_usage": True}, n=2),
    asking(reasoning={"effort": "low"}, reasoning_effort="none", thinking={"type": "enabled"}),
    asking(parallel_tool_calls=True),
    asking({"role": "user", "content": [{"type": "text", "text": ""}]}),
    asking({"role": "user", "content": []}),
    asking({"role": "user", "content": None, "name": None}),
    asking({"role": "user"}),
    asking({"role": "assistant", "content": ""}),
    asking({"role": "assistant", "content": None}),
    asking({"role": "assistant", "content": None, "tool_calls": []}),
    asking({"role": "assistant", "content": "Hi", "tool_calls": None, "function_call": None}),
    asking({"role": "assistant", "content": [{"type": "text", "text": "Hi"}], "prefix": False}),
    asking({"role": "assistant", "content": "A", "reasoning": "B", "reasoning_content": "B"}),
    asking({"role": "assistant", "content": "A", "reasoning": "B", "reasoning_content": "C"}),
    asking({"role": "assistant", "content": "", "reasoning": "B"}),
    asking(
        {
            "role": "assistant",
            "content": "A",
            "reasoning": None,
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "…", "index": 0}, 7],
        }
    ),
    asking({"role": "assistant", "content": "A", "reasoning_details": [{"text": "B"}]}),
    asking({"role": "assistant", "refusal": "No.", "content": None, "audio": {"id": "a"}}),
    asking(
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}", "x": 1}},
        {"role": "function", "name": "f", "content": None},
    ),
    asking({"role": "tool", "tool_call_id": "c", "content": "", "name": "f"}),
    asking({"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "a"}]}),
    asking(
        {
            "role": "tool",
            "tool_call_id": "c",
            "content": [{"type": "image_url", "image_url": {"url": "https://x.test/a"}}],
        }
    ),
]


@pytest.mark.parametrize("body", _SPELLINGS)
def test_a_request_goes_out_as_it_came(body: JsonObject):
    written = wire.write_request(read(body))

    assert json.loads(written.body) == body
    assert written.receipts == ()


def test_what_asks_for_no_more_than_everybody_gets_is_understood():
    request = read(asking(stream=True, stream_options={"include_usage": True}, n=1))

    assert request.extras == mark("n: 1", "include_usage")


def test_a_stream_is_asked_to_tell_its_usage_beside_what_the_client_asked_of_it():
    body = asking(stream=True, stream_options={"include_usage": False, "include_obfuscation": True})

    written = json.loads(wire.write_request(read(body)).body)

    assert written["stream_options"] == {"include_usage": True, "include_obfuscation": True}
    assert "stream_options" not in json.loads(wire.write_request(read(asking())).body)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"messages": []}, "model: is required and must be a string"),
        ({"model": "m"}, "messages: is required and must be a list"),
        ({"model": "m", "messages": {}}, "messages: must be a list, not an object"),
        (asking("hello"), "messages[0]: must be an object, not a string"),
        (asking({"content": "x"}), "messages[0].role: is required and must be a string"),
        (
            asking(_HELLO, {"role": "narrator", "content": "x"}),
            "messages[1].role: must be one of system, developer, user, assistant, tool, function",
        ),
        (
            asking({"role": "user", "content": 1}),
            "messages[0].content: must be a string or a list of parts, not a number",
        ),
        (
            asking({"role": "user", "content": [{"text": "x"}]}),
            "messages[0].content[0].type: is required and must be a string",
        ),
        (
            asking({"role": "user", "content": [{"type": "text", "text": 1}]}),
            "messages[0].content[0].text: must be a string, not a number",
        ),
        (
            asking({"role": "tool", "content": "x"}),
            "messages[0].tool_call_id: is required and must be a string",
        ),
        (
            asking({"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}),
            "messages[0].tool_calls[0].function: must be an object, not null",
        ),
        (
            asking({"role": "assistant", "tool_calls": [{"function": {"name": 3}}]}),
            "messages[0].tool_calls[0].function.name: must be a string, not a number",
        ),
        (asking(tools=[{"type": "function"}]), "tools[0].function: must be an object, not null"),
        (asking(tools=[{"function": {}}]), "tools[0].function.name: is required"),
        (asking(max_tokens=-1), "max_tokens: must be at least 0"),
        (asking(max_completion_tokens="5"), "max_completion_tokens: must be an integer"),
        (asking(temperature="hot"), "temperature: must be a number, not a string"),
        (asking(stop=[1]), "stop: must be a string or a list of strings, not a list"),
        (asking(stream="yes"), "stream: must be true or false, not a string"),
        (asking(tool_choice="auot"), "tool_choice: must be an object or one of auto, none"),
        (asking(response_format="json"), "response_format: must be an object with a type"),
        (asking(metadata={"a": 1}), "metadata.a: must be a string, not a number"),
    ],
)
def test_a_mistake_is_told_where_it_is(body: JsonObject, complaint: str):
    with pytest.raises(InvalidInput) as caught:
        read(body)

    assert str(caught.value).startswith(complaint)


def test_a_body_that_is_no_json_is_refused():
    with pytest.raises(InvalidInput, match="not valid JSON"):
        wire.read_request(b"{")


def test_a_part_of_an_unknown_type_that_has_a_text_of_its_own_survives():
    content = [{"type": "user", "text": 1}]
    said = {"model": "m", "messages": [{"role": "user", "content": content}]}

    written = wire.write_request(wire.read_request(json.dumps(said).encode()))

    assert json.loads(written.body) == said
