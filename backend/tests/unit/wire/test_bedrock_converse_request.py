"""Requests in Converse's words, each held against Amazon's own description of the format."""

import base64
import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Base64,
    Category,
    ChatRequest,
    Document,
    Extras,
    FileRef,
    Image,
    InvalidInput,
    Limits,
    Link,
    LLMBadRequestError,
    Message,
    Opaque,
    Output,
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
from dragoman.wire import bedrock_converse
from dragoman.wire.base import Written

CLAUDE = "us.anthropic.claude-sonnet-5-v1:0"
OLDER_CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-2-lite-v1:0"
PIXEL = Base64("image/png", base64.b64encode(b"pixel").decode())
PAGE = Base64("application/pdf", base64.b64encode(b"page").decode())
WEATHER = Tool("weather", "Tells it", {"type": "object", "properties": {}})
SHAPE = (
    botocore.session.Session()
    .get_service_model("bedrock-runtime")
    .operation_model("Converse")
    .input_shape
)


def user(*parts: Any) -> Message:
    return Message("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def assistant(*parts: Any) -> Message:
    return Message("assistant", user(*parts).parts)


def asked(*messages: Message, model: str = CLAUDE, **fields: Any) -> ChatRequest:
    return ChatRequest(model=model, messages=messages or (user("Hi"),), **fields)


def written(request: ChatRequest) -> tuple[dict[str, Any], Written]:
    """Write a request, and have it checked by Amazon's own description of the format."""
    out = bedrock_converse.write_request(request)
    body = json.loads(out.body)
    report = ParamValidator().validate({**body, "modelId": request.model}, SHAPE)
    assert not report.has_errors(), report.generate_report()
    return body, out


def changes(out: Written) -> dict[str, str]:
    return {receipt.field: receipt.action for receipt in out.receipts}


@pytest.mark.parametrize(
    ("model", "stream", "path"),
    [
        (CLAUDE, False, f"/model/{CLAUDE}/converse"),
        (CLAUDE, True, f"/model/{CLAUDE}/converse-stream"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/mine",
            False,
            "/model/arn:aws:bedrock:us-east-1:123456789012:inference-profile%2Fmine/converse",
        ),
        ("../x?y", False, "/model/..%2Fx%3Fy/converse"),
    ],
)
def test_the_model_and_the_mode_stand_in_the_path(model, stream, path):
    out = bedrock_converse.write_request(asked(model=model, stream=stream))

    assert out.path == path


def test_a_model_that_would_climb_out_of_the_path_is_refused():
    with pytest.raises(LLMBadRequestError, match="no model's name"):
        bedrock_converse.write_request(asked(model=".."))


def test_a_plain_question_is_said_in_full():
    body, out = written(
        asked(
            user("Hi"),
            system=(Text("Be brief."),),
            limits=Limits(100),
            sampling=Sampling(temperature=0.5, top_p=0.9),
            stop=("END",),
            metadata={"team": "a"},
        )
    )

    assert body == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {
            "maxTokens": 100,
            "temperature": 0.5,
            "topP": 0.9,
            "stopSequences": ["END"],
        },
        "requestMetadata": {"team": "a"},
    }
    assert out.receipts == ()


def test_turns_alternate_system_goes_first_and_results_open_their_turn():
    body, out = written(
        asked(
            user("Weather?"),
            assistant(ToolCall("c1", "weather", '{"city":"Oslo"}'), ToolCall("c2", "weather", "")),
            user("thanks", ToolResult("c1", (Text("cold"),), is_error=False)),
            user(ToolResult("c2", (Text("none"),), is_error=True)),
            Message("system", (Text("Be kind."),)),
            tools=(WEATHER,),
        )
    )

    assert body["system"] == [{"text": "Be kind."}]
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "Oslo"}}},
                {"toolUse": {"toolUseId": "c2", "name": "weather", "input": {}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "c1", "content": [{"text": "cold"}]}},
                {
                    "toolResult": {
                        "toolUseId": "c2",
                        "content": [{"text": "none"}],
                        "status": "error",
                    }
                },
                {"text": "thanks"},
            ],
        },
    ]
    assert changes(out) == {"messages[4]": "renamed"}


def test_a_system_prompt_alone_becomes_the_question():
    body, _ = written(ChatRequest(model=CLAUDE, messages=(), system=(Text("Hi"),)))

    assert body["messages"] == [{"role": "user", "content": [{"text": "Hi"}]}]


@pytest.mark.parametrize("messages", [(), (user("  "),)])
def test_a_conversation_without_words_is_refused(messages):
    with pytest.raises(LLMBadRequestError, match="nothing in them"):
        bedrock_converse.write_request(ChatRequest(model=CLAUDE, messages=messages))


def test_tools_that_only_the_past_knows_are_defined_by_name():
    body, out = written(
        asked(
            user("Weather?"),
            assistant(ToolCall("c1", "weather", "{}")),
            user(ToolResult("c1", (Text("cold"),))),
            tool_choice=ToolChoice("none"),
        )
    )

    spec = {"name": "weather", "inputSchema": {"json": {"type": "object"}}}
    assert body["toolConfig"] == {"tools": [{"toolSpec": spec}]}
    assert changes(out) == {"tools": "emulated"}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ToolChoice("auto"), {"auto": {}}),
        (ToolChoice("required"), {"any": {}}),
        (ToolChoice("named", "weather"), {"tool": {"name": "weather"}}),
        (ToolChoice(None, parallel=True), None),
    ],
)
def test_a_tool_choice_has_a_word(choice, said):
    body, out = written(asked(tools=(WEATHER,), tool_choice=choice))

    assert body["toolConfig"].get("toolChoice") == said
    assert out.receipts == ()


def test_a_choice_among_some_tools_is_made_by_offering_no_others():
    other = replace(WEATHER, name="other")
    choice = ToolChoice("required", allowed=("other",))
    body, out = written(asked(tools=(WEATHER, other), tool_choice=choice))

    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["other"]
    assert body["toolConfig"]["toolChoice"] == {"any": {}}
    assert changes(out) == {"tool_choice.allowed": "emulated"}


def test_forbidden_tools_are_not_offered_unless_the_conversation_used_some():
    plain, _ = written(asked(tools=(WEATHER,), tool_choice=ToolChoice("none")))
    used, out = written(
        asked(
            user("Weather?"),
            assistant(ToolCall("c1", "weather", "{}")),
            user(ToolResult("c1", (Text("cold"),))),
            tools=(WEATHER,),
            tool_choice=ToolChoice("none"),
        )
    )

    assert "toolConfig" not in plain
    assert "toolChoice" not in used["toolConfig"]
    assert changes(out) == {"tool_choice": "emulated"}


def test_a_thinking_model_is_not_forced_to_use_a_tool():
    body, out = written(
        asked(
            tools=(WEATHER,),
            tool_choice=ToolChoice("required", parallel=False),
            reasoning=ReasoningWish(effort="high"),
        )
    )

    assert body["toolConfig"]["toolChoice"] == {"auto": {}}
    assert changes(out) == {"tool_choice": "emulated", "parallel_tool_calls": "dropped"}


def test_another_vendors_tools_and_thoughts_and_blocks_stay_at_home():
    body, out = written(
        asked(
            user("Hi"),
            assistant(Reasoning("hm", origin="gemini"), Opaque("gemini", "x", {}), "Hello"),
            user("And?", Opaque("gemini", "y", {})),
        )
    )

    assert [turn["content"] for turn in body["messages"]] == [
        [{"text": "Hi"}],
        [{"text": "Hello"}],
        [{"text": "And?"}],
    ]
    assert len(out.receipts) == 3


def test_ids_that_are_not_taken_are_renamed_alike_in_calls_and_results():
    long = "x" * 80
    body, out = written(
        asked(
            user("Weather?"),
            assistant(ToolCall(long, "weather", "{}")),
            user(ToolResult(long, (Text("cold"),))),
            tools=(WEATHER,),
        )
    )

    called = body["messages"][1]["content"][0]["toolUse"]["toolUseId"]
    assert called == body["messages"][2]["content"][0]["toolResult"]["toolUseId"]
    assert len(called) <= 64
    assert changes(out) == {"tool_call.id": "renamed"}


def test_arguments_that_are_no_object_are_refused_before_anything_is_sent():
    with pytest.raises(LLMBadRequestError, match="no JSON object") as refused:
        bedrock_converse.write_request(asked(assistant(ToolCall("c", "f", "[1"))))

    assert refused.value.category is Category.INVALID_REQUEST


def test_files_are_said_by_their_format_and_documents_have_names_of_their_own():
    body, out = written(
        asked(
            user(
                Image(PIXEL, detail="high"),
                Document(PAGE, "Q1/report__2026.pdf"),
                Document(PAGE),
                Document(PlainText("words"), "Document"),
                Image(Link("s3://bucket/kiwi.JPG")),
                Audio(Base64("audio/wav", "AAAA")),
            )
        )
    )

    image, first, second, third, kiwi, sound, words = body["messages"][0]["content"]
    assert image == {"image": {"format": "png", "source": {"bytes": PIXEL.content}}}
    assert first["document"]["name"] == "Q1 report 2026 pdf"
    assert second["document"]["name"] == "Document"
    assert third["document"] == {
        "format": "txt",
        "name": "Document 2",
        "source": {"bytes": base64.b64encode(b"words").decode()},
    }
    location = {"s3Location": {"uri": "s3://bucket/kiwi.JPG"}}
    assert kiwi == {"image": {"format": "jpeg", "source": location}}
    assert sound == {"audio": {"format": "wav", "source": {"bytes": "AAAA"}}}
    assert words == {"text": "Here is a document."}
    assert set(changes(out).values()) == {"dropped", "renamed", "emulated"}


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (Image(Base64("image/tiff", "AAAA")), "images may be: png"),
        (Image(Link("https://example.com/x.png")), "fetches no addresses"),
        (Image(Link("s3://bucket/picture")), "does not tell which image"),
        (Document(FileRef("file-1", "openai_chat")), "lies at another vendor"),
        (Document(Base64("application/zip", "AAAA")), "documents may be: pdf"),
    ],
)
def test_a_file_that_is_not_read_here_is_refused_with_a_cure(part, problem):
    with pytest.raises(LLMBadRequestError, match=problem):
        bedrock_converse.write_request(asked(user("Look", part)))


def test_an_assistants_files_are_left_out():
    body, out = written(asked(user("Hi"), assistant("Here", Image(PIXEL)), user("Thanks")))

    assert body["messages"][1]["content"] == [{"text": "Here"}]
    assert changes(out) == {"messages[1].content[1]": "dropped"}


@pytest.mark.parametrize(
    ("model", "wish", "fields", "effort"),
    [
        (CLAUDE, ReasoningWish(effort="high"), {"thinking": {"type": "adaptive"}}, "high"),
        (CLAUDE, ReasoningWish(effort="minimal"), {"thinking": {"type": "adaptive"}}, "low"),
        (CLAUDE, ReasoningWish("on", budget=5000), {"thinking": {"type": "adaptive"}}, None),
        (CLAUDE, ReasoningWish("off"), {"thinking": {"type": "disabled"}}, None),
        (
            OLDER_CLAUDE,
            ReasoningWish(effort="medium"),
            {"thinking": {"type": "enabled", "budget_tokens": 8192}},
            None,
        ),
        (
            OLDER_CLAUDE,
            ReasoningWish("on", budget=10),
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            None,
        ),
        (
            NOVA,
            ReasoningWish(effort="max"),
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
            None,
        ),
        (NOVA, ReasoningWish(effort="none"), {"reasoningConfig": {"type": "disabled"}}, None),
        ("openai.gpt-oss-120b-1:0", ReasoningWish("off"), {"reasoning_effort": "low"}, None),
        ("openai.gpt-oss-120b-1:0", ReasoningWish(budget=9), {"reasoning_effort": "medium"}, None),
        ("meta.llama4-v1:0", ReasoningWish(effort="high"), None, None),
        ("anthropic.claude-v2", ReasoningWish(effort="high"), None, None),
    ],
)
def test_how_much_to_think_is_said_in_the_words_of_the_models_family(model, wish, fields, effort):
    body, _ = written(asked(model=model, reasoning=wish))

    assert body.get("additionalModelRequestFields") == fields
    assert body.get("outputConfig", {}).get("effort") == effort


def test_a_budget_has_room_below_the_limit_or_there_is_no_thinking():
    wish = ReasoningWish("on", budget=9000)
    fit, _ = written(asked(model=OLDER_CLAUDE, reasoning=wish, limits=Limits(4000)))
    none, out = written(asked(model=OLDER_CLAUDE, reasoning=wish, limits=Limits(500)))

    thinking = fit["additionalModelRequestFields"]["thinking"]
    assert thinking == {"type": "enabled", "budget_tokens": 3999}
    assert "additionalModelRequestFields" not in none
    assert changes(out) == {"reasoning": "dropped"}


def test_sampling_goes_where_the_model_takes_it_and_is_left_out_where_it_does_not():
    sampling = Sampling(1.5, 0.9, 40, seed=7, frequency_penalty=0)
    claude, told = written(asked(sampling=sampling))
    nova, _ = written(asked(model=NOVA, sampling=sampling))
    llama, dropped = written(asked(model="meta.llama4-v1:0", sampling=sampling))
    thinking, beside = written(
        asked(sampling=sampling, reasoning=ReasoningWish(effort="low"), stop=(" ",))
    )
    high, unlimited = written(
        asked(
            model=NOVA,
            sampling=sampling,
            limits=Limits(9),
            reasoning=ReasoningWish(effort="high"),
        )
    )

    assert claude["inferenceConfig"] == {"temperature": 1.0, "topP": 0.9}
    assert claude["additionalModelRequestFields"] == {"top_k": 40}
    assert changes(told) == {"seed": "dropped", "temperature": "emulated"}
    assert nova["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 40}}
    assert "additionalModelRequestFields" not in llama
    assert changes(dropped)["top_k"] == "dropped"
    assert thinking["inferenceConfig"] == {"topP": 0.9}
    assert changes(beside).keys() == {"seed", "temperature", "top_k", "stop"}
    assert "inferenceConfig" not in high
    assert changes(unlimited).keys() == {"max_tokens", "temperature", "top_p", "seed"}


def test_a_schema_for_the_answer_goes_as_text():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    body, out = written(asked(output=Output("json_schema", schema, "thing", "a thing")))

    form = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert json.loads(form.pop("schema")) == schema
    assert form == {"name": "thing", "description": "a thing"}
    assert out.receipts == ()


def test_a_json_object_is_asked_for_in_words_and_a_form_without_a_schema_is_none():
    asked_for, told = written(asked(output=Output("json_object")))
    without, dropped = written(asked(output=Output("json_schema")))
    text, nothing = written(asked(output=Output("text")))

    assert "single JSON object" in asked_for["system"][0]["text"]
    assert changes(told) == {"output": "emulated"}
    assert "outputConfig" not in without | text
    assert changes(dropped) == {"output": "dropped"}
    assert nothing.receipts == ()


def test_what_does_not_fit_of_a_users_labels_is_left_out_with_receipts():
    metadata = {"bad{}": "x", "good": "y"} | {f"k{n}": "v" for n in range(20)}
    body, out = written(asked(metadata=metadata, user="me", extras=Extras("gemini", {"x": 1})))

    assert len(body["requestMetadata"]) == 16
    assert {"metadata.bad{}", "user", "x"} < changes(out).keys()


def test_what_a_provider_does_not_take_is_left_out_with_a_receipt():
    request = asked(sampling=Sampling(0.5, 0.9), metadata={"a": "b"})

    out = bedrock_converse.write_request(
        request, without=frozenset({"topP", "requestMetadata", "messages"})
    )

    body = json.loads(out.body)
    assert body.keys() == {"messages", "inferenceConfig"}
    assert body["inferenceConfig"] == {"temperature": 0.5}
    assert changes(out) == {"topP": "dropped", "requestMetadata": "dropped"}


OWN = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "Hi"},
                {"cachePoint": {"type": "default", "ttl": "1h"}},
                {"guardContent": {"text": {"text": "x"}}},
                {"video": {"format": "mp4", "source": {"bytes": "AAAA"}}},
                {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}}},
                {
                    "image": {
                        "format": "png",
                        "source": {"s3Location": {"uri": "s3://a/b", "bucketOwner": "1"}},
                    }
                },
                {
                    "document": {
                        "format": "txt",
                        "name": "A",
                        "source": {"text": "words"},
                        "citations": {"enabled": True},
                    }
                },
                {"document": {"name": "B", "source": {"content": [{"text": "x"}]}}},
                {"image": {"format": "tiff", "source": {"bytes": "AAAA"}}},
                {"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}},
                {"text": "two", "kinds": {}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2lnbg=="}}},
                {"reasoningContent": {"redactedContent": "c2VhbGVk"}},
                {"reasoningContent": {"news": 1}},
                {
                    "citationsContent": {
                        "content": [{"text": "a"}],
                        "citations": [{"title": "t"}],
                    }
                },
                {
                    "citationsContent": {
                        "content": [{"text": "a"}, {"text": "b"}],
                        "citations": [{"title": "t"}],
                    }
                },
                {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
                {
                    "toolUse": {
                        "toolUseId": "s",
                        "name": "g",
                        "input": {"a": 1},
                        "type": "server_tool_use",
                    }
                },
                {"toolResult": {"toolUseId": "s", "content": [{"json": {}}], "type": "done"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "c",
                        "status": "success",
                        "content": [{"json": {"a": 1}}, {"text": "b"}],
                    }
                },
                {"toolResult": {"toolUseId": "d", "status": "odd", "content": []}},
            ],
        },
    ],
    "system": [{"text": "Be brief."}],
    "inferenceConfig": {"maxTokens": 9, "stopSequences": ["x"], "odd": 1},
    "toolConfig": {
        "tools": [
            {"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}},
            {"systemTool": {"name": "g"}},
            {"cachePoint": {"type": "default"}},
        ],
        "toolChoice": {"tool": {"name": "f"}},
    },
    "outputConfig": {"effort": "high"},
    "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
    "additionalModelRequestFields": {"thinking": {"type": "adaptive"}},
    "additionalModelResponseFieldPaths": ["/stop_sequence"],
    "requestMetadata": {"a": "b"},
    "performanceConfig": {"latency": "optimized"},
}


@pytest.mark.parametrize(
    "body",
    [
        OWN,
        OWN | {"system": [], "inferenceConfig": {}, "toolConfig": {}, "outputConfig": {}},
        OWN | {"system": [{"text": "x"}, {"cachePoint": {"type": "default"}}]},
        OWN | {"toolConfig": {"tools": [{"systemTool": {}}], "toolChoice": {"new": {}}}},
        OWN | {"outputConfig": {"textFormat": {"type": "new"}}},
        OWN | {"requestMetadata": None},
        {"messages": [{"role": "system", "content": [{"text": "x"}], "odd": 1}]},
    ],
)
def test_a_request_in_its_own_words_survives_being_read_and_written(body):
    out = bedrock_converse.write_request(bedrock_converse.read_request(json.dumps(body).encode()))

    again = json.loads(out.body)
    assert again == {name: said for name, said in body.items() if said is not None or name in again}
    assert out.receipts == ()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"messages": [{"role": "tool", "content": []}]}, r"messages\[0\]\.role"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, r"messages\[0\]\.content"),
        ({"messages": [{"role": "user", "content": [{"text": 1}]}]}, r"content\[0\]\.text"),
        ({"messages": [{"role": "user", "content": [1]}]}, r"content\[0\]"),
        (
            {"messages": [{"role": "user", "content": [{"toolResult": {"toolUseId": "x"}}]}]},
            r"toolResult\.content",
        ),
        ({"system": "x"}, "system"),
        ({"inferenceConfig": {"stopSequences": [1]}}, r"inferenceConfig\.stopSequences"),
        ({"toolConfig": {"tools": [{"toolSpec": None}]}}, "toolSpec"),
    ],
)
def test_a_request_that_is_wrong_is_told_where(body, where):
    with pytest.raises(InvalidInput, match=where):
        bedrock_converse.read_request(json.dumps({"messages": []} | body).encode())
