"""A request made in other words, or for a provider that takes less: what is sent, what is told."""

import json
from typing import Any, Final

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
    Receipt,
    Sampling,
    Source,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from dragoman.wire import openai_chat as wire
from dragoman.wire.openai_chat import FEATURES, OPTIONAL_FIELDS

_OTHER: Final = "anthropic_messages"
_PICTURE: Final = Image(Base64("image/png", "AA=="))
_PICTURE_SENT: Final = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def saying(*parts: Part, role: Any = "user") -> Message:
    return Message(role, parts)


def asking(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or (saying(Text("Hi")),), **fields)


def sent(request: ChatRequest, *without: str) -> JsonObject:
    body: JsonObject = json.loads(wire.write_request(request, without=frozenset(without)).body)
    return body


def changes(request: ChatRequest, *without: str) -> list[tuple[str, str]]:
    written = wire.write_request(request, without=frozenset(without))
    return [(receipt.field, receipt.action) for receipt in written.receipts]


def test_the_system_prompt_becomes_the_first_message():
    request = asking(system=(Text("Be kind."),))

    assert sent(request)["messages"][0] == {"role": "system", "content": "Be kind."}


def test_a_system_prompt_of_several_texts_keeps_them_apart():
    request = asking(system=(Text("Be kind."), Text("Be short.")))

    assert sent(request)["messages"][0]["content"] == [
        {"type": "text", "text": "Be kind."},
        {"type": "text", "text": "Be short."},
    ]


def test_each_result_becomes_a_message_and_the_rest_follows_them():
    request = asking(
        saying(ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"), role="assistant"),
        saying(ToolResult("a", (Text("1"),)), ToolResult("b"), Text("Go on.")),
    )

    assert sent(request)["messages"] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": ""},
        {"role": "user", "content": "Go on."},
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ((Text("no such file"),), "[error] no such file"),
        ((), "[error]"),
        (
            (Text("a"), Text("b")),
            [{"type": "text", "text": "[error] a"}, {"type": "text", "text": "b"}],
        ),
    ],
)
def test_a_result_that_is_an_error_says_so_in_its_text(content: tuple[Part, ...], told: Any):
    request = asking(saying(ToolResult("a", content, is_error=True)))

    assert sent(request)["messages"][0]["content"] == told
    assert changes(request) == [("messages[0].content[0].is_error", "emulated")]


def test_pictures_in_results_move_behind_all_results():
    request = asking(
        saying(ToolResult("a", (Text("see"), _PICTURE))),
        saying(ToolResult("b", (Text("done"),)), Text("What is it?")),
    )

    assert sent(request)["messages"] == [
        {"role": "tool", "tool_call_id": "a", "content": "see"},
        {"role": "tool", "tool_call_id": "b", "content": "done"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What the tool gave back beside its text: a"},
                _PICTURE_SENT,
                {"type": "text", "text": "What is it?"},
            ],
        },
    ]
    assert changes(request) == [("messages[0].content[0]", "renamed")]


@pytest.mark.parametrize("after", [(), (saying(Text("I see."), role="assistant"),)])
def test_pictures_in_results_get_a_message_of_their_own_if_no_other_takes_them(
    after: tuple[Message, ...],
):
    request = asking(saying(ToolResult("a", (_PICTURE,))), *after)

    result, moved = sent(request)["messages"][:2]
    assert result["content"] == ""
    assert moved["role"] == "user"
    assert moved["content"][1] == _PICTURE_SENT


def test_a_moved_picture_joins_a_message_of_several_parts():
    request = asking(saying(ToolResult("a", (_PICTURE,)), Text("One"), Text("Two")))

    moved = sent(request)["messages"][1]["content"]

    assert [part.get("text") for part in moved] == [
        "What the tool gave back beside its text: a",
        None,
        "One",
        "Two",
    ]


def test_a_message_that_takes_a_moved_picture_keeps_its_own_fields():
    named = Message("user", (Text("Hi"),), Extras("openai_chat", {"name": "ann"}))

    moved = sent(asking(saying(ToolResult("a", (_PICTURE,))), named))["messages"][1]

    assert moved["name"] == "ann"
    assert len(moved["content"]) == 3


def test_a_moved_picture_joins_a_message_that_says_nothing():
    request = asking(saying(ToolResult("a", (_PICTURE,))), saying())

    assert [message["role"] for message in sent(request)["messages"]] == ["tool", "user"]


def test_reasoning_goes_back_only_to_where_it_came_from():
    request = asking(
        saying(Reasoning("hm", "seal", origin=_OTHER), Text("Yes."), role="assistant"),
        saying(Reasoning("hm", origin="openai_chat"), Text("No."), role="assistant"),
    )

    assert sent(request)["messages"] == [
        {"role": "assistant", "content": "Yes."},
        {"role": "assistant", "content": "No.", "reasoning_content": "hm"},
    ]
    assert changes(request) == [("messages[0].content[0]", "dropped")]


def test_a_turn_of_which_nothing_is_left_is_not_sent():
    request = asking(saying(Reasoning("hm", origin=_OTHER), role="assistant"), saying(Text("Hi")))

    assert [message["role"] for message in sent(request)["messages"]] == ["user"]


def test_several_thoughts_of_one_turn_become_one():
    details = Extras("openai_chat", {"reasoning_details": [{"index": 0}]}, ("reasoning",))
    request = asking(
        saying(
            Reasoning("a", origin="openai_chat", extras=details),
            Text("Yes."),
            Reasoning("b", origin="openai_chat", extras=details),
            role="assistant",
        )
    )

    assert sent(request)["messages"] == [
        {
            "role": "assistant",
            "content": "Yes.",
            "reasoning": "ab",
            "reasoning_details": [{"index": 0}, {"index": 0}],
        }
    ]


def test_what_only_another_format_can_say_is_left_out_and_told():
    request = asking(
        Message(
            "user",
            (
                Text("Hi", Extras(_OTHER, {"cache_control": {"type": "ephemeral"}})),
                Opaque(_OTHER, "container_upload", {}),
            ),
            Extras(_OTHER, {"x": 1}),
        ),
        saying(_PICTURE, Text("Here."), role="assistant"),
        tools=(BuiltinTool(_OTHER, "web_search", {}), Tool("f", extras=Extras(_OTHER, {"y": 1}))),
        output=Output("text", extras=Extras(_OTHER, {"z": 1})),
        extras=Extras(_OTHER, {"container": "c", "inference_geo": None}, ("stream: false",)),
    )

    body = sent(request)
    assert body["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Here."},
    ]
    assert body["tools"] == [{"type": "function", "function": {"name": "f"}}]
    assert set(changes(request)) == {
        ("container", "dropped"),
        ("messages[0].x", "dropped"),
        ("messages[0].content[0].cache_control", "dropped"),
        ("messages[0].content[1]", "dropped"),
        ("messages[1].content[0]", "dropped"),
        ("tools[0]", "dropped"),
        ("tools[1].y", "dropped"),
        ("response_format.z", "dropped"),
    }


@pytest.mark.parametrize("part", [ToolCall("a", "f", "{}"), Reasoning("hm", origin="openai_chat")])
def test_a_part_where_none_of_its_kind_can_stand_is_left_out_and_told(part: Part):
    request = asking(saying(Text("Hi"), part))

    assert sent(request)["messages"] == [{"role": "user", "content": "Hi"}]
    assert changes(request) == [("messages[0].content[1]", "dropped")]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (_PICTURE, _PICTURE_SENT),
        (
            Image(Link("https://x.test/a"), "low"),
            {"type": "image_url", "image_url": {"url": "https://x.test/a", "detail": "low"}},
        ),
        (
            Document(Base64("application/pdf", "AA=="), "a.pdf"),
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
            },
        ),
        (
            Document(Base64("application/pdf", "AA==")),
            {
                "type": "file",
                "file": {
                    "filename": "document.pdf",
                    "file_data": "data:application/pdf;base64,AA==",
                },
            },
        ),
        (
            Document(Base64("x/y", "AA==")),
            {"type": "file", "file": {"filename": "document", "file_data": "data:x/y;base64,AA=="}},
        ),
        (
            Audio(Base64("audio/mpeg", "AA==")),
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
        ),
    ],
)
def test_a_file_is_said_in_this_formats_words(part: Part, written: JsonObject):
    request = asking(saying(part))

    assert sent(request)["messages"][0]["content"] == [written]
    assert changes(request) == []


@pytest.mark.parametrize(("name", "text"), [(None, "a, b"), ("table.csv", "table.csv\n\na, b")])
def test_a_document_of_text_is_sent_as_text(name: str | None, text: str):
    request = asking(saying(Document(PlainText("a, b"), name)))

    assert sent(request)["messages"] == [{"role": "user", "content": text}]
    assert changes(request) == [("messages[0].content[0]", "emulated")]


@pytest.mark.parametrize(
    ("part", "advice"),
    [
        (Document(FileRef("f", _OTHER)), "send its content instead"),
        (Image(FileRef("f", _OTHER)), "send its content instead"),
        (Document(Link("https://x.test/a.pdf")), "send the file's content"),
        (Audio(Link("https://x.test/a.mp3")), "send the file's content"),
        (Image(PlainText("x")), "no image or recording"),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused_before_it_costs_anything(part: Part, advice: str):
    with pytest.raises(LLMBadRequestError, match=advice) as caught:
        sent(asking(saying(Text("See"), part)))

    assert caught.value.category is Category.UNSUPPORTED
    assert str(caught.value).startswith("messages[0].content[1]: ")


@pytest.mark.parametrize(
    ("feature", "request_"),
    [
        ("tools", asking(tools=(Tool("f"),))),
        ("images", asking(saying(_PICTURE))),
        ("images", asking(saying(ToolResult("a", (_PICTURE,))))),
        ("documents", asking(saying(Document(Base64("application/pdf", "AA=="))))),
        ("audio", asking(saying(Audio(Base64("audio/wav", "AA=="))))),
        ("json_schema", asking(output=Output("json_schema", {}, "n"))),
    ],
)
def test_what_changes_the_question_is_refused_where_the_provider_does_not_take_it(
    feature: str, request_: ChatRequest
):
    assert sent(request_)
    with pytest.raises(LLMBadRequestError, match="this model's provider takes no") as caught:
        sent(request_, feature)

    assert caught.value.category is Category.UNSUPPORTED


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("user", asking(user="u")),
        ("metadata", asking(metadata={"a": "b"})),
        ("seed", asking(sampling=Sampling(seed=1))),
        ("temperature", asking(sampling=Sampling(temperature=1))),
        ("stop", asking(stop=("END",))),
        ("reasoning_effort", asking(reasoning=ReasoningWish(effort="low"))),
        (
            "parallel_tool_calls",
            asking(tools=(Tool("f"),), tool_choice=ToolChoice("auto", parallel=False)),
        ),
        ("logit_bias", asking(extras=Extras("openai_chat", {"logit_bias": {}}))),
        ("response_format", asking(output=Output("json_object"))),
    ],
)
def test_a_field_that_the_provider_does_not_take_is_left_out_and_told(
    name: str, request_: ChatRequest
):
    assert name in sent(request_)
    assert name not in sent(request_, name)
    assert changes(request_, name) == [(name, "dropped")]
    assert changes(asking(), name) == []


def test_a_stream_can_do_without_telling_its_usage():
    request = asking(stream=True)

    assert "stream_options" not in sent(request, "stream_options")
    assert changes(request, "stream_options") == []


def test_a_client_that_asked_for_usage_itself_is_told_that_it_was_left_out():
    request = asking(stream=True, extras=Extras("openai_chat", {}, ("include_usage",)))

    assert "stream_options" not in sent(request, "stream_options")
    assert changes(request, "stream_options") == [("stream_options", "dropped")]


_OLDER: Final = Extras("openai_chat", {}, ("max_tokens",))


@pytest.mark.parametrize(
    ("extras", "without", "name", "told"),
    [
        (None, (), "max_completion_tokens", []),
        (None, ("max_completion_tokens",), "max_tokens", []),
        (_OLDER, (), "max_tokens", []),
        (_OLDER, ("max_completion_tokens",), "max_tokens", []),
        (_OLDER, ("max_tokens",), "max_completion_tokens", ["renamed"]),
    ],
)
def test_the_limit_has_the_name_that_the_provider_knows(
    extras: Extras | None, without: tuple[str, ...], name: str, told: list[str]
):
    request = asking(limits=Limits(9), extras=extras)

    body = sent(request, *without)

    assert {key: body[key] for key in body if key.startswith("max_")} == {name: 9}
    assert [action for _, action in changes(request, *without)] == told


def test_a_developer_is_called_system_where_the_provider_knows_no_other():
    request = asking(Message("system", (Text("x"),), Extras("openai_chat", {}, ("developer",))))

    assert sent(request)["messages"][0]["role"] == "developer"
    assert sent(request, "developer_role")["messages"][0]["role"] == "system"
    assert changes(request, "developer_role") == [("messages[0].role", "renamed")]


def test_strictness_is_left_out_where_the_provider_does_not_take_it():
    request = asking(tools=(Tool("f", strict=True), Tool("g")))

    assert sent(request)["tools"][0]["function"] == {"name": "f", "strict": True}
    assert sent(request, "strict_tools")["tools"][0]["function"] == {"name": "f"}
    assert changes(request, "strict_tools") == [("tools[0].strict", "dropped")]


@pytest.mark.parametrize(
    ("wish", "effort", "told"),
    [
        (ReasoningWish(effort="xhigh"), "xhigh", []),
        (ReasoningWish(mode="on", effort="low"), "low", []),
        (ReasoningWish(mode="off"), "none", []),
        (ReasoningWish(mode="off", effort="low"), "none", []),
        (ReasoningWish(mode="on", budget=0), "none", [("reasoning.budget", "emulated")]),
        (ReasoningWish(budget=1024), "low", [("reasoning.budget", "emulated")]),
        (ReasoningWish(budget=10_000), "medium", [("reasoning.budget", "emulated")]),
        (ReasoningWish(budget=100_000), "high", [("reasoning.budget", "emulated")]),
        (ReasoningWish(effort="low", budget=9), "low", [("reasoning.budget", "dropped")]),
        (ReasoningWish(mode="on"), None, [("reasoning.mode", "dropped")]),
        (ReasoningWish(mode="adaptive"), None, [("reasoning.mode", "dropped")]),
        (ReasoningWish(), None, []),
    ],
)
def test_how_hard_to_think_is_said_as_an_effort(
    wish: ReasoningWish, effort: str | None, told: list[tuple[str, str]]
):
    request = asking(reasoning=wish)

    assert sent(request).get("reasoning_effort") == effort
    assert changes(request) == told


def test_a_setting_without_a_word_here_is_left_out_and_told():
    request = asking(sampling=Sampling(top_k=5))

    assert "top_k" not in sent(request)
    assert wire.write_request(request).receipts == (
        Receipt("top_k", "dropped", "this format has no word for it"),
    )


@pytest.mark.parametrize(
    ("mode", "told"),
    [("auto", []), ("none", []), ("required", [("tool_choice", "dropped")])],
)
def test_a_choice_among_no_tools_is_not_sent(mode: Any, told: list[tuple[str, str]]):
    request = asking(tool_choice=ToolChoice(mode, parallel=False))

    assert sent(request).keys() == {"model", "messages"}
    assert changes(request) == told


def test_a_schema_without_a_name_gets_one():
    request = asking(output=Output("json_schema", {"type": "object"}))

    assert sent(request)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}},
    }


def test_every_feature_that_can_be_missing_is_described():
    assert all(len(description) > 10 for description in FEATURES.values())


def test_the_optional_fields_are_all_that_is_ever_written_beside_the_question():
    everything = asking(
        tools=(Tool("f"),),
        tool_choice=ToolChoice("auto", parallel=False),
        output=Output("json_object"),
        sampling=Sampling(1, 1, 1, 1, 1, 1),
        reasoning=ReasoningWish(effort="low"),
        limits=Limits(9),
        stop=("x",),
        stream=True,
        user="u",
        metadata={"a": "b"},
        extras=Extras("openai_chat", {}, ("top_k", "n: 1")),
    )

    written = sent(everything).keys() | sent(everything, "max_completion_tokens").keys()
    assert written - {"model", "messages"} == OPTIONAL_FIELDS
    assert sent(everything, *OPTIONAL_FIELDS - FEATURES.keys()).keys() == {
        "model",
        "messages",
        "max_completion_tokens",
        "tools",
    }


@pytest.mark.parametrize("source", [PlainText("x"), FileRef("f", "openai_chat")])
def test_a_recording_is_bytes_or_nothing(source: Source):
    with pytest.raises(LLMBadRequestError):
        sent(asking(saying(Audio(source))))


@pytest.mark.parametrize("seal", [(), (Reasoning("Hm.", "seal", origin=_OTHER),)])
def test_an_answer_begun_for_the_model_is_left_out(seal: tuple[Part, ...]):
    request = asking(saying(Text("Hi")), saying(*seal, Text("Well, "), role="assistant"))

    assert sent(request)["messages"] == [{"role": "user", "content": "Hi"}]
    assert changes(request) == [("messages[1]", "dropped")]


def test_a_client_of_this_format_may_know_a_server_that_continues_answers():
    request = asking(saying(Text("Hi")), saying(Text("Well, "), role="assistant"))
    own = replace(request, extras=Extras("openai_chat"))

    assert len(sent(own)["messages"]) == 2
    assert changes(own) == []


def test_a_call_that_waits_for_its_result_is_no_begun_answer():
    request = asking(saying(Text("Hi")), saying(ToolCall("c", "f", "{}"), role="assistant"))

    assert len(sent(request)["messages"]) == 2


def test_of_many_stop_sequences_the_first_four_are_sent():
    request = asking(stop=("1", "2", "3", "4", "5"))

    assert sent(request)["stop"] == ["1", "2", "3", "4"]
    assert changes(request) == [("stop", "dropped")]
    own = replace(request, extras=Extras("openai_chat"))
    assert sent(own)["stop"] == ["1", "2", "3", "4", "5"]


def test_a_conversation_without_a_message_is_refused():
    with pytest.raises(LLMBadRequestError, match="nothing in them to answer"):
        wire.write_request(ChatRequest(model="m", messages=()))
