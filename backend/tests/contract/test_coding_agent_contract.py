"""A coding agent that speaks Anthropic's format, at work with models of every other format.

count_tokens ─▶ two tools at once, one of which fails ─▶ a picture ─▶ an edit ─▶ the last word
"""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any, Final

import pytest
from anthropic.types import ContentBlockParam, Message, MessageTokensCount, RawMessageStreamEvent
from pydantic import TypeAdapter

from dragoman.testing import Script
from dragoman.testing.upstream import Received, whole
from tests.support.agent import SCRIPTS, SEALS, Call, Turn, events_in, message_in
from tests.support.server import Dragoman, configured, running

MODELS: Final = [
    {"id": "chat", "provider": "openai", "wire": "openai_chat", "default": True},
    {"id": "responses", "provider": "openai", "wire": "openai_responses"},
    {"id": "gemini", "provider": "gemini"},
]
HEADERS: Final = {
    "x-api-key": "the agent's own",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
    "user-agent": "an-agent/2.1 (external, cli)",
}
THINKING: Final[tuple[dict[str, Any], ...]] = (
    {"type": "enabled", "budget_tokens": 8_000},
    {"type": "adaptive"},
)
COUNTED: Final = frozenset({"model", "messages", "system", "tools", "tool_choice", "thinking"})
CACHED: Final = {"cache_control": {"type": "ephemeral"}}
PICTURE: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def tool(name: str, *required: str, **more: Any) -> dict[str, Any]:
    properties = {field: {"type": "string"} for field in required}
    schema = {"type": "object", "properties": properties, "required": list(required)}
    closed = schema | {"additionalProperties": False}
    return {"name": name, "description": f"To {name}", "input_schema": closed, **more}


TOOLS: Final = [
    tool("Read", "file_path"),
    tool("Bash", "command"),
    tool("Screenshot"),
    tool("Edit", "file_path", "old_string", "new_string", strict=True) | CACHED,
]
# The agent asked another model before: that one's thinking means nothing to these.
BEFORE: Final = [
    {"role": "user", "content": [{"type": "text", "text": "<context>/src</context>"}]},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Claude's own", "signature": "ErUBCkYIBxgC"},
            {"type": "redacted_thinking", "data": "EmwKAhgBEgy3"},
            {"type": "text", "text": "Ready."},
        ],
    },
    {"role": "user", "content": [{"type": "text", "text": "Make the tests pass.", **CACHED}]},
]


def request(model: str, thinking: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": model,
        "max_tokens": 32_000,
        "stream": True,
        "system": [
            {"type": "text", "text": "You are a coding agent.", **CACHED},
            {
                "type": "text",
                "text": "# Environment\nLinux",
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            },
        ],
        "tools": TOOLS,
        "tool_choice": {"type": "auto"},
        "thinking": thinking,
        "metadata": {"user_id": "user_1_account_2_session_3"},
        "messages": BEFORE,
    }


TURNS: Final = (
    Turn(
        "Both at once.",
        "I read the code and run the tests.",
        (
            Call("call_read", "Read", {"file_path": "/src/a.py"}),
            Call("call_bash", "Bash", {"command": 'pytest -q "ünï"'}),
        ),
    ),
    Turn("How does it look?", "", (Call("call_shot", "Screenshot", {}),)),
    Turn(
        "An off-by-one.",
        "Found it.",
        (
            Call(
                "call_edit",
                "Edit",
                {"file_path": "/src/a.py", "old_string": "n\n", "new_string": "n + 1\n"},
            ),
        ),
    ),
    Turn("", "All tests pass.", ()),
)
RESULTS: Final = {
    "Read": {"content": [{"type": "text", "text": "1\tn"}]},
    "Bash": {"content": "2 failed", "is_error": True},
    "Screenshot": {
        "content": [
            {"type": "text", "text": "The page:"},
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": PICTURE},
            },
        ]
    },
    "Edit": {"content": "Applied.", **CACHED},
}


@pytest.fixture
async def dragoman(upstream, tmp_path) -> AsyncIterator[Dragoman]:
    models = [
        {"name": one["id"], "description": "x", "upstream_id": "vendor-model", **one}
        for one in MODELS
    ]
    environ = {
        "MODELS": json.dumps(models),
        "OPENAI_API_KEY": "k1",
        "GEMINI_API_KEY": "k2",
        "OPENAI_BASE_URL": f"{upstream.url}/v1",
        "GEMINI_BASE_URL": f"{upstream.url}/v1beta",
    }
    async with running(configured(tmp_path, environ)) as server:
        yield server


EVENT: Final[TypeAdapter[Any]] = TypeAdapter(RawMessageStreamEvent)
BLOCK: Final[TypeAdapter[Any]] = TypeAdapter(ContentBlockParam)


class Agent:
    """The agent: it keeps the conversation, runs the tools, and checks what it is told."""

    def __init__(self, dragoman: Dragoman, asked: dict[str, Any]) -> None:
        self._client = dragoman.client
        self._asked = asked
        self.messages: list[dict[str, Any]] = list(BEFORE)
        self.receipts: list[str] = []

    async def count(self) -> int:
        body = {name: value for name, value in self._asked.items() if name in COUNTED}
        response = await self._client.post(
            "/v1/messages/count_tokens?beta=true", json=body, headers=HEADERS
        )
        counted = await response.json()
        assert response.status == 200, counted
        return MessageTokensCount.model_validate(counted).input_tokens

    async def step(self) -> Message:
        """Ask once, and run the tools that are called for."""
        response = await self._client.post(
            "/v1/messages?beta=true",
            json=self._asked | {"messages": self.messages},
            headers=HEADERS,
        )
        stream = await response.read()
        assert response.status == 200, stream
        self.receipts = response.headers["x-dragoman-receipt"].split("; ")
        for event in events_in(stream):
            EVENT.validate_python(event)
        assert [event["type"] for event in events_in(stream)].count("message_stop") == 1
        said = message_in(stream)
        for block in said["content"]:
            BLOCK.validate_python(block)
        self.messages.append({"role": "assistant", "content": said["content"]})
        results = [
            {"type": "tool_result", "tool_use_id": block["id"], **RESULTS[block["name"]]}
            for block in said["content"]
            if block["type"] == "tool_use"
        ]
        if results:
            self.messages.append({"role": "user", "content": results})
        return Message.model_validate(said)


def conversation(model: str, sent: Any) -> list[Any]:
    """Give what a provider is told after what the agent began with."""
    match model:
        case "chat":
            return sent["messages"][4:]
        case "responses":
            return sent["input"][3:]
        case _:
            return sent["contents"][3:]


READ, BASH, SHOT, EDIT = (call for turn in TURNS for call in turn.calls)
URL: Final = f"data:image/png;base64,{PICTURE}"


def compact(call: Call) -> str:
    return json.dumps(call.input, separators=(",", ":"), ensure_ascii=False)


def _chat_turn(turn: Turn) -> dict[str, Any]:
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": compact(call)},
        }
        for call in turn.calls
    ]
    said = {"role": "assistant", "content": turn.text or None}
    return said | {"reasoning_content": turn.thought, "tool_calls": calls}


def _chat_result(call: Call, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call.id, "content": content}


def _responses_turn(turn: Turn) -> list[dict[str, Any]]:
    thought = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": turn.thought}],
        "encrypted_content": SEALS["responses"],
    }
    words = [{"role": "assistant", "content": turn.text}] if turn.text else []
    calls = [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": compact(call),
        }
        for call in turn.calls
    ]
    return [thought, *words, *calls]


def _responses_result(call: Call, output: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call.id, "output": output}


def _gemini_turn(turn: Turn) -> dict[str, Any]:
    words = [{"text": turn.text}] if turn.text else []
    calls: list[dict[str, Any]] = [
        {"functionCall": {"name": call.name, "args": call.input}} for call in turn.calls
    ]
    calls[0]["thoughtSignature"] = SEALS["gemini"]
    return {"role": "model", "parts": [{"text": turn.thought, "thought": True}, *words, *calls]}


def _gemini_results(*results: tuple[Call, dict[str, Any]]) -> dict[str, Any]:
    parts = [{"functionResponse": {"name": call.name, **result}} for call, result in results]
    return {"role": "user", "parts": parts}


TOLD: Final[dict[str, list[Any]]] = {
    "chat": [
        _chat_turn(TURNS[0]),
        _chat_result(READ, "1\tn"),
        _chat_result(BASH, "[error] 2 failed"),
        _chat_turn(TURNS[1]),
        _chat_result(SHOT, "The page:"),
        {
            "role": "user",
            "content": [
                {"type": "text", "text": f"What the tool gave back beside its text: {SHOT.id}"},
                {"type": "image_url", "image_url": {"url": URL}},
            ],
        },
        _chat_turn(TURNS[2]),
        _chat_result(EDIT, "Applied."),
    ],
    "responses": [
        *_responses_turn(TURNS[0]),
        _responses_result(READ, "1\tn"),
        _responses_result(BASH, "[error] 2 failed"),
        *_responses_turn(TURNS[1]),
        _responses_result(
            SHOT,
            [
                {"type": "input_text", "text": "The page:"},
                {"type": "input_image", "image_url": URL, "detail": "auto"},
            ],
        ),
        *_responses_turn(TURNS[2]),
        _responses_result(EDIT, "Applied."),
    ],
    "gemini": [
        _gemini_turn(TURNS[0]),
        _gemini_results(
            (READ, {"response": {"output": "1\tn"}}), (BASH, {"response": {"error": "2 failed"}})
        ),
        _gemini_turn(TURNS[1]),
        _gemini_results(
            (
                SHOT,
                {
                    "response": {"output": "The page:"},
                    "parts": [{"inlineData": {"mimeType": "image/png", "data": PICTURE}}],
                },
            )
        ),
        _gemini_turn(TURNS[2]),
        _gemini_results((EDIT, {"response": {"output": "Applied."}})),
    ],
}
"""What each provider is told in the end: every result beside its call, its own thoughts alone."""


@pytest.mark.parametrize("thinking", THINKING, ids=lambda thinking: thinking["type"])
@pytest.mark.parametrize("model", SCRIPTS)
async def test_an_agents_loop_goes_on_to_its_last_word(dragoman, upstream, model, thinking):
    agent = Agent(dragoman, request(model, thinking))
    so_far: list[list[Any]] = []

    for turn in TURNS:
        upstream.play(SCRIPTS[model](turn))
        message = await agent.step()
        so_far.append(conversation(model, upstream.received[-1].json))
        check_told(message, turn)

    assert so_far[-1] == TOLD[model]
    for earlier, later in pairwise(so_far):
        # What is cached of a request is its beginning.
        assert earlier == later[: len(earlier)]
        assert len(earlier) < len(later)


def check_told(message: Message, turn: Turn) -> None:
    """Assert that the agent hears what the model said."""
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [(call.name, call.input) for call in calls] == [
        (call.name, call.input) for call in turn.calls
    ]
    assert len({call.id for call in calls}) == len(calls)
    assert "".join(block.text for block in message.content if block.type == "text") == turn.text
    thoughts = (block.thinking for block in message.content if block.type == "thinking")
    assert "".join(thoughts) == turn.thought
    assert message.stop_reason == ("tool_use" if turn.calls else "end_turn")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (70, 20)


@pytest.mark.parametrize("model", SCRIPTS)
async def test_what_means_nothing_to_a_provider_is_left_out_with_a_receipt(
    dragoman, upstream, model
):
    agent = Agent(dragoman, request(model, THINKING[0]))
    for turn in TURNS:
        upstream.play(SCRIPTS[model](turn))
        await agent.step()

    last = upstream.received[-1]
    said = last.body.decode() + json.dumps(last.headers)
    for left_out in ("cache_control", "Claude's own", "ErUBCkYIBxgC", "EmwKAhgBEgy3"):
        assert left_out not in said
    assert "anthropic" not in said
    assert HEADERS["x-api-key"] not in said
    assert "ZHJhZ29tYW4x" not in said, "a seal of ours is for the agent alone"
    assert {
        "dropped headers.anthropic-beta",
        "dropped messages[1].content[0]",
        "dropped messages[1].content[1]",
        "dropped messages[2].content[0].cache_control",
        "dropped messages[8].content[0].cache_control",
        "dropped tools[3].cache_control",
    } <= set(agent.receipts)
    assert sum("system" in receipt for receipt in agent.receipts) == 2


def declared(model: str, sent: Any) -> list[tuple[str, Any, bool]]:
    """Give the tools that a provider is told of: their names, their schemas, who is strict."""
    match model:
        case "chat":
            tools = [one["function"] for one in sent["tools"]]
        case "responses":
            tools = sent["tools"]
        case _:
            tools = sent["tools"][0]["functionDeclarations"]
    schema = "parametersJsonSchema" if model == "gemini" else "parameters"
    return [(one["name"], one[schema], one.get("strict") is True) for one in tools]


@pytest.mark.parametrize("model", SCRIPTS)
async def test_a_provider_is_told_of_the_agents_tools(dragoman, upstream, model):
    upstream.play(SCRIPTS[model](TURNS[0]))
    agent = Agent(dragoman, request(model, THINKING[0]))

    await agent.step()

    strict = () if model == "gemini" else ("Edit",)  # it has no word for it
    assert declared(model, upstream.received[-1].json) == [
        (one["name"], one["input_schema"], one["name"] in strict) for one in TOOLS
    ]
    assert ("dropped tools[3].strict" in agent.receipts) is (model == "gemini")


def counter(received: Received) -> Script:
    """Count, on the routes where the vendors do."""
    if received.path.endswith(":countTokens"):
        return whole({"totalTokens": 4321})
    if received.path.endswith("/responses/input_tokens"):
        return whole({"object": "response.input_tokens", "input_tokens": 4321})
    return Script(404, {"content-type": "application/json"}, (b"{}",))


@pytest.mark.parametrize("model", SCRIPTS)
async def test_an_agent_counts_before_it_asks(dragoman, upstream, model):
    upstream.play(counter)

    counted = await Agent(dragoman, request(model, THINKING[0])).count()

    if counted != 4321:
        assert 100 <= counted <= 1000, "an estimate of the tools and the words"
        assert model == "chat", "whose vendor counts nothing in this format"
    assert "cache_control" not in "".join(one.body.decode() for one in upstream.received)
