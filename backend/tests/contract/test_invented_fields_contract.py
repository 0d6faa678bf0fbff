"""What a vendor invents tomorrow passes between its own clients and its own models, at any depth.

Every object of every request, stream and whole reply holds a field that nobody here has heard of.
"""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import pytest
from msgspec import Struct

from dragoman.testing.upstream import streamed, whole
from tests.support.agent import SCRIPTS, Call, Turn
from tests.support.server import Dragoman, configured, running
from tests.support.tapes import (
    anthropic_whole,
    gemini_whole,
    named_sse,
    openai_whole,
    responses_whole,
)

NEWS: Final = {"invented": {"tomorrow": [1.5, None, "ünï", {"deep": True}]}}
TURN: Final = Turn("Hm.", "Good day", (Call("call_1", "look", {"at": "sky"}),))
PARAMETERS: Final = {"type": "object", "properties": {"at": {"type": "string"}}}


def inventive(said: Any) -> Any:
    """Give the same with a new field in every object."""
    match said:
        case dict():
            return {name: inventive(value) for name, value in said.items()} | NEWS
        case list():
            return [inventive(value) for value in said]
        case _:
            return said


# Responses are told as they are kept: written anew, in their vendor's own spelling.
_compact: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_KEPT: Final = {"store": False, "previous_response_id": None}


def inventive_stream(pieces: Iterable[bytes]) -> list[bytes]:
    told = []
    for piece in pieces:
        head, mark, payload = piece.partition(b"data: ")
        if payload.startswith(b"{"):
            kept = b'"type": "response.' in payload
            said = inventive(json.loads(payload))
            if "response" in said:
                said["response"] |= _KEPT
            payload = (_compact if kept else json.dumps)(said).encode() + b"\n\n"
        told.append(head + mark + payload)
    return told


def messages_stream() -> list[bytes]:
    message = anthropic_whole("") | {"content": [], "stop_reason": None}
    blocks: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Hm."},
        ),
        ({"type": "text", "text": ""}, {"type": "text_delta", "text": "Good day"}),
        (
            {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"at": "sky"}'},
        ),
        ({"type": "invention", "new": 1}, {"type": "invention_delta", "new": 2}),
    ]
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    for index, (block, delta) in enumerate(blocks):
        events += [
            {"type": "content_block_start", "index": index, "content_block": block},
            {"type": "ping"},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    ending = {"stop_reason": "tool_use", "stop_sequence": None}
    events += [
        {"type": "an_invented_event", "new": [1]},
        {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]
    return named_sse(*events)


class Case(Struct, frozen=True):
    """A dialect: where its clients ask, whole and streamed, what they ask, and what they hear."""

    model: str
    doors: tuple[str, str]
    asked: dict[str, Any]
    reply: dict[str, Any]
    stream: list[bytes]
    named: bool = True
    """Whether the model and the wish for a stream stand in the body."""

    def door(self, *, stream: bool) -> str:
        return self.doors[stream]

    def body(self, *, stream: bool) -> dict[str, Any]:
        asked: dict[str, Any] = inventive(self.asked)
        return asked | ({"model": self.model, "stream": stream} if self.named else {})


USER: Final = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
CASES: Final = (
    Case(
        "chat",
        ("/v1/chat/completions",) * 2,
        {
            "messages": USER,
            "tools": [{"type": "function", "function": {"name": "look", "parameters": PARAMETERS}}],
        },
        openai_whole("Good day"),
        list(SCRIPTS["chat"](TURN).pieces),
    ),
    Case(
        "responses",
        ("/v1/responses",) * 2,
        {
            "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello"}]}],
            "tools": [{"type": "function", "name": "look", "parameters": PARAMETERS}],
            "store": False,
        },
        responses_whole("Good day") | _KEPT,
        list(SCRIPTS["responses"](TURN).pieces),
    ),
    Case(
        "claude",
        ("/v1/messages",) * 2,
        {
            "max_tokens": 64,
            "system": [{"type": "text", "text": "Be brief."}],
            "messages": USER,
            "tools": [{"name": "look", "input_schema": PARAMETERS}],
        },
        anthropic_whole("Good day"),
        messages_stream(),
    ),
    Case(
        "flash",
        (
            "/v1beta/models/flash:generateContent",
            "/v1beta/models/flash:streamGenerateContent?alt=sse",
        ),
        {
            "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
            "generationConfig": {"maxOutputTokens": 64},
            "tools": [
                {"functionDeclarations": [{"name": "look", "parametersJsonSchema": PARAMETERS}]}
            ],
        },
        gemini_whole("Good day"),
        list(SCRIPTS["gemini"](TURN).pieces),
        named=False,
    ),
)
EVERY: Final = pytest.mark.parametrize("case", CASES, ids=lambda case: case.model)


@pytest.fixture
async def dragoman(upstream, tmp_path) -> AsyncIterator[Dragoman]:
    providers = {
        "chat": {"provider": "openai", "wire": "openai_chat", "default": True},
        "responses": {"provider": "openai", "wire": "openai_responses"},
        "claude": {"provider": "anthropic"},
        "flash": {"provider": "gemini"},
    }
    models = [
        {"id": name, "name": name, "description": "x", "upstream_id": "vendor-model", **row}
        for name, row in providers.items()
    ]
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


def renamed(said: bytes, model: str) -> bytes:
    """Call the vendor's model by our name: all that may differ."""
    return said.replace(b'"vendor-model"', b'"%b"' % model.encode())


@EVERY
async def test_a_stream_arrives_byte_for_byte_but_for_the_models_name(dragoman, upstream, case):
    pieces = inventive_stream(case.stream)
    upstream.play(streamed(pieces))
    wish = {"stream_options": {"include_usage": True}} if case.model == "chat" else {}

    response = await dragoman.client.post(
        case.door(stream=True), json=case.body(stream=True) | wish
    )

    assert await response.read() == renamed(b"".join(pieces), case.model)
    assert "x-dragoman-receipt" not in response.headers


@EVERY
async def test_a_whole_reply_says_what_the_vendor_said(dragoman, upstream, case):
    reply = inventive(case.reply)
    upstream.play(whole(reply))

    response = await dragoman.client.post(case.door(stream=False), json=case.body(stream=False))

    assert await response.json() == json.loads(renamed(json.dumps(reply).encode(), case.model))
    assert "x-dragoman-receipt" not in response.headers


OURS: Final = {
    "model": "vendor-model",
    "stream_options": {"include_usage": True},  # what it cost is always asked, and told to us
    "include": ["reasoning.encrypted_content"],
}
"""What may be added to a request, or said otherwise in it."""


@EVERY
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_request_reaches_the_vendor_as_it_was_asked(dragoman, upstream, case, *, stream):
    upstream.play(streamed(case.stream) if stream else whole(case.reply))
    asked = case.body(stream=stream)

    response = await dragoman.client.post(case.door(stream=stream), json=asked)
    await response.read()

    sent = upstream.received[-1].json
    changed = {name for name in sent.keys() | asked.keys() if sent.get(name) != asked.get(name)}
    assert {name: sent[name] for name in changed} == {name: OURS[name] for name in changed}
