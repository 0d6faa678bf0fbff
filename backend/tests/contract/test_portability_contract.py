"""One conversation that goes from vendor to vendor: what each wants back, it gets byte for byte."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dragoman.testing.upstream import streamed, whole
from tests.support.server import Dragoman, configured, running
from tests.support.tapes import named_sse, sse

MODELS = [
    {"id": "claude", "provider": "anthropic", "default": True},
    {"id": "gpt-chat", "provider": "openai", "wire": "openai_chat"},
    {"id": "gpt-responses", "provider": "openai", "wire": "openai_responses"},
    {"id": "flash", "provider": "gemini"},
]
# Seals as vendors make them: base64, some of it with what other alphabets lack.
CLAUDES = "ErUBCkYIBxgCIkD+/z8Zs4bQ=="
OPENAIS = "gAAAAABo_9-encrypted+reasoning/of=="
GOOGLES = "CuABAVSoXO4K+thought/signature=="
TOOL = {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}


@pytest.fixture
async def dragoman(upstream, tmp_path) -> AsyncIterator[Dragoman]:
    models = [{"name": one["id"], "description": "x", **one} for one in MODELS]
    environ = {
        "MODELS": json.dumps(models),
        "OPENAI_API_KEY": "k1",
        "ANTHROPIC_API_KEY": "k2",
        "GEMINI_API_KEY": "k3",
        "OPENAI_BASE_URL": f"{upstream.url}/v1",
        "ANTHROPIC_BASE_URL": upstream.url,
        "GEMINI_BASE_URL": f"{upstream.url}/v1beta",
    }
    async with running(configured(tmp_path, environ)) as server:
        yield server


def claude(n: int) -> dict[str, Any]:
    content = [
        {"type": "thinking", "thinking": f"Claude thinks {n}", "signature": CLAUDES},
        {"type": "tool_use", "id": f"toolu_{n}", "name": "look", "input": {"at": "sky"}},
    ]
    return {
        "id": f"msg_{n}",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": content,
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 2},
    }


def claude_stream(n: int) -> list[bytes]:
    reply = claude(n)
    thinking, call = reply["content"]
    deltas = [
        (0, {"type": "thinking_delta", "thinking": thinking["thinking"]}),
        (0, {"type": "signature_delta", "signature": CLAUDES}),
        (1, {"type": "input_json_delta", "partial_json": json.dumps(call["input"])}),
    ]
    blocks = [thinking | {"thinking": "", "signature": ""}, call | {"input": {}}]
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": reply | {"content": [], "stop_reason": None}}
    ]
    for index, block in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [
            {"type": "content_block_delta", "index": index, "delta": delta}
            for of, delta in deltas
            if of == index
        ]
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": "tool_use", "stop_sequence": None}
    events += [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]
    return named_sse(*events)


def gpt_chat(n: int) -> dict[str, Any]:
    function = {"name": "look", "arguments": '{"at": "sea"}'}
    call = {"id": f"call_{n}", "type": "function", "function": function}
    return {
        "id": f"chatcmpl-{n}",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-chat",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None, "tool_calls": [call]},
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
    }


def gpt_responses(n: int) -> dict[str, Any]:
    output = [
        {
            "id": f"rs_{n}",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "GPT thinks"}],
            "encrypted_content": OPENAIS,
        },
        {
            "id": f"fc_{n}",
            "type": "function_call",
            "call_id": f"call_{n}",
            "name": "look",
            "arguments": '{"at":"wood"}',
            "status": "completed",
        },
    ]
    return {
        "id": f"resp_{n}",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt-responses",
        "output": output,
        "usage": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9},
    }


def flash(n: int) -> dict[str, Any]:
    parts = [
        {"text": "Flash thinks", "thought": True},
        {
            "functionCall": {"id": f"fn_{n}", "name": "look", "args": {"at": "town"}},
            "thoughtSignature": GOOGLES,
        },
    ]
    content = {"role": "model", "parts": parts}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2, "totalTokenCount": 9},
        "modelVersion": "flash",
        "responseId": f"r_{n}",
    }


SCRIPTS = {
    ("claude", False): lambda n: whole(claude(n)),
    ("claude", True): lambda n: streamed(claude_stream(n)),
    ("gpt-chat", False): lambda n: whole(gpt_chat(n)),
    ("gpt-chat", True): lambda n: whole(gpt_chat(n)),
    ("gpt-responses", False): lambda n: whole(gpt_responses(n)),
    ("gpt-responses", True): lambda n: streamed(
        named_sse(
            {"type": "response.created", "sequence_number": 0, "response": gpt_responses(n)},
            {"type": "response.completed", "sequence_number": 1, "response": gpt_responses(n)},
        )
    ),
    ("flash", False): lambda n: whole(flash(n)),
    ("flash", True): lambda n: streamed(sse(flash(n))),
}
# From each vendor to each other, and back to each.
JOURNEY = ("claude", "gpt-chat", "gpt-responses", "flash", "claude", "gpt-responses", "flash")


class Client:
    """A program of one format that keeps the conversation as its vendor's documents say."""

    def __init__(self, dragoman: Dragoman) -> None:
        self.dragoman = dragoman
        self.receipts: list[str] = []

    async def post(self, path: str, body: dict[str, Any]) -> bytes:
        response = await self.dragoman.client.post(path, json=body)
        content = await response.read()
        assert response.status == 200, content
        self.receipts.append(response.headers.get("x-dragoman-receipt", ""))
        return content


class MessagesClient(Client):
    def __init__(self, dragoman: Dragoman) -> None:
        super().__init__(dragoman)
        self.messages: list[Any] = [{"role": "user", "content": "Look around"}]

    async def turn(self, model: str, *, stream: bool) -> None:
        tool = {"name": "look", "input_schema": TOOL["parameters"]}
        thinking = {"type": "enabled", "budget_tokens": 1024}
        body = {"model": model, "max_tokens": 4096, "tools": [tool], "thinking": thinking}
        said = await self.post(
            "/v1/messages", {**body, "messages": self.messages, "stream": stream}
        )
        content = _accumulated(said) if stream else json.loads(said)["content"]
        self.messages.append({"role": "assistant", "content": content})
        results = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": "seen"}
            for block in content
            if block["type"] == "tool_use"
        ]
        self.messages.append({"role": "user", "content": results})


def _accumulated(stream: bytes) -> list[dict[str, Any]]:
    """Put a stream together as the vendor's SDK does."""
    blocks: list[dict[str, Any]] = []
    inputs: dict[int, str] = {}
    for line in stream.splitlines():
        if not line.startswith(b"data: "):
            continue
        event = json.loads(line[6:])
        if event["type"] == "content_block_start":
            blocks.append(event["content_block"])
        elif event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            match delta["type"]:
                case "thinking_delta":
                    block["thinking"] += delta["thinking"]
                case "signature_delta":
                    block["signature"] = delta["signature"]
                case "text_delta":
                    block["text"] += delta["text"]
                case "input_json_delta":
                    inputs[event["index"]] = inputs.get(event["index"], "") + delta["partial_json"]
    for index, text in inputs.items():
        blocks[index]["input"] = json.loads(text)
    return blocks


class ResponsesClient(Client):
    def __init__(self, dragoman: Dragoman) -> None:
        super().__init__(dragoman)
        self.input: list[Any] = [{"role": "user", "content": "Look around"}]

    async def turn(self, model: str, *, stream: bool) -> None:
        tool = {"type": "function", **TOOL}
        body = {"model": model, "tools": [tool], "input": self.input, "store": False}
        body |= {"stream": stream, "reasoning": {"effort": "high"}}
        said = await self.post("/v1/responses", body)
        if stream:
            last = [line for line in said.splitlines() if line.startswith(b"data: ")][-1]
            output = json.loads(last[6:])["response"]["output"]
        else:
            output = json.loads(said)["output"]
        self.input += output
        self.input += [
            {"type": "function_call_output", "call_id": item["call_id"], "output": "seen"}
            for item in output
            if item["type"] == "function_call"
        ]


class ChatClient(Client):
    def __init__(self, dragoman: Dragoman) -> None:
        super().__init__(dragoman)
        self.messages: list[Any] = [{"role": "user", "content": "Look around"}]

    async def turn(self, model: str, *, stream: bool) -> None:
        assert not stream, (
            "told whole here: a stream's pieces are put together by every client anew"
        )
        tool = {"type": "function", "function": TOOL}
        body = {"model": model, "tools": [tool], "messages": self.messages}
        said = await self.post("/v1/chat/completions", {**body, "reasoning_effort": "high"})
        message = json.loads(said)["choices"][0]["message"]
        self.messages.append(message)
        self.messages += [
            {"role": "tool", "tool_call_id": call["id"], "content": "seen"}
            for call in message["tool_calls"]
        ]


class GeminiClient(Client):
    def __init__(self, dragoman: Dragoman) -> None:
        super().__init__(dragoman)
        self.contents: list[Any] = [{"role": "user", "parts": [{"text": "Look around"}]}]

    async def turn(self, model: str, *, stream: bool) -> None:
        tool = {"functionDeclarations": [TOOL]}
        body = {"contents": self.contents, "tools": [tool]}
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        said = await self.post(f"/v1beta/models/{model}:{method}", body)
        lines = [line[6:] for line in said.splitlines() if line.startswith(b"data: ")]
        chunks = [json.loads(line) for line in lines] if stream else [json.loads(said)]
        parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
        self.contents.append({"role": "model", "parts": parts})
        results = [
            {"functionResponse": {**_named(part["functionCall"]), "response": {"output": "seen"}}}
            for part in parts
            if "functionCall" in part
        ]
        self.contents.append({"role": "user", "parts": results})


def _named(call: dict[str, Any]) -> dict[str, Any]:
    return {name: call[name] for name in ("id", "name") if name in call}


def seals_in(sent: Any) -> list[str]:
    """Give every seal in a request, whatever it stands in."""
    text = json.dumps(sent)
    return [seal for seal in (CLAUDES, OPENAIS, GOOGLES) if json.dumps(seal)[1:-1] in text]


# Which seals each model is to be shown: its vendor's, once it made one.
OWN = {"claude": CLAUDES, "gpt-responses": OPENAIS, "flash": GOOGLES, "gpt-chat": None}


@pytest.mark.parametrize(
    ("client", "stream"),
    [
        (MessagesClient, False),
        (MessagesClient, True),
        (ResponsesClient, False),
        (ResponsesClient, True),
        (ChatClient, False),
        (GeminiClient, False),
        (GeminiClient, True),
    ],
)
async def test_seals_return_to_their_makers_and_to_nobody_else(dragoman, upstream, client, stream):
    talking = client(dragoman)
    begun: set[str] = set()

    for n, model in enumerate(JOURNEY):
        upstream.play(SCRIPTS[model, stream](n))
        await talking.turn(model, stream=stream)
        own = OWN[model]
        expected = [own] if own is not None and model in begun else []
        sent = upstream.received[-1].json
        assert seals_in(sent) == expected, (n, model, json.dumps(sent, indent=1))
        assert "ZHJhZ29tYW4x" not in json.dumps(sent), "no vendor is shown a seal of ours"
        begun.add(model)

    first, second = talking.receipts[0], talking.receipts[1]
    assert "dropped" not in first
    assert "dropped" in second, "claude's thinking means nothing to another vendor"


async def test_thinking_returns_with_its_words_and_its_call(dragoman, upstream):
    talking = MessagesClient(dragoman)
    for n, model in enumerate(("claude", "gpt-responses", "flash", "claude")):
        upstream.play(SCRIPTS[model, False](n))
        await talking.turn(model, stream=False)

    messages = upstream.received[-1].json["messages"]

    assert messages[1]["content"] == claude(0)["content"]
    thoughts = [
        block
        for message in messages[2:]
        for block in message["content"]
        if isinstance(block, dict) and block["type"] == "thinking"
    ]
    assert thoughts == []


async def test_a_vendors_reasoning_item_returns_whole(dragoman, upstream):
    talking = MessagesClient(dragoman)
    for n, model in enumerate(("gpt-responses", "claude", "gpt-responses")):
        upstream.play(SCRIPTS[model, False](n))
        await talking.turn(model, stream=False)

    items = upstream.received[-1].json["input"]
    (reasoning,) = [item for item in items if item.get("type") == "reasoning"]

    assert reasoning == gpt_responses(0)["output"][0]
