"""Clouds behind the front doors: binary frames come in, each client hears its own format."""

import base64
import json
from pathlib import Path
from typing import Any

from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import Script
from tests.support.frames import event, exception
from tests.support.server import configured, running

NOVA = {"id": "nova", "upstream_id": "us.amazon.nova-2-lite-v1:0"}
CLAUDE = {"id": "claude", "upstream_id": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}
MODELS = [
    {"name": entry["id"], "description": "", "provider": "bedrock"} | entry
    for entry in (NOVA, CLAUDE)
]
ACCESS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "canary-secret-91ab"}
SAYS_HI = (
    event("messageStart", role="assistant", p="abc"),
    event("contentBlockDelta", contentBlockIndex=0, delta={"text": "Hi"}, p="abcdef"),
    event("contentBlockStop", contentBlockIndex=0),
    event("messageStop", stopReason="end_turn"),
    event("metadata", usage={"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}),
)


def streamed(*frames: bytes) -> Script:
    return Script(200, {"content-type": "application/vnd.amazon.eventstream"}, frames)


def chunk(**said: Any) -> bytes:
    return event("chunk", bytes=base64.b64encode(json.dumps(said).encode()).decode())


async def told(
    tmp_path: Path, script: Script, path: str, body: dict[str, Any]
) -> tuple[str, bytes]:
    """Ask the server as a client would; give where it asked in turn, and what the client heard."""
    async with scripted_upstream() as amazon:
        amazon.play(script)
        place = {"AWS_REGION": "us-east-1", "BEDROCK_BASE_URL": amazon.url}
        environ = ACCESS | place | {"MODELS": json.dumps(MODELS)}
        asked = {"stream": True, "messages": [{"role": "user", "content": "Hello"}]} | body
        async with running(configured(tmp_path, environ)) as server:
            response = await server.client.post(path, json=asked)
            heard = await response.read()
        return amazon.received[0].path, heard


async def test_a_client_of_chat_completions_hears_chunks(tmp_path: Path):
    asked, heard = await told(
        tmp_path, streamed(*SAYS_HI), "/v1/chat/completions", {"model": "nova"}
    )

    chunks = [json.loads(line[6:]) for line in heard.splitlines() if line.startswith(b"data: {")]
    assert asked == f"/model/{NOVA['upstream_id']}/converse-stream"
    assert {said["model"] for said in chunks} == {"nova"}
    words = [said["choices"][0]["delta"].get("content") for said in chunks if said["choices"]]
    assert "".join(filter(None, words)) == "Hi"
    assert heard.endswith(b"data: [DONE]\n\n")


async def test_a_client_of_messages_hears_what_anthropic_would_have_said(tmp_path: Path):
    message = {"id": "msg_1", "model": "claude-haiku-4-5", "content": [], "usage": {}}
    said = [
        {"type": "message_start", "message": {"type": "message", "role": "assistant"} | message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
        {"type": "message_stop"},
    ]
    asked, heard = await told(
        tmp_path,
        streamed(*(chunk(**one) for one in said)),
        "/v1/messages",
        {"model": "claude", "max_tokens": 9},
    )

    events = [json.loads(line[6:]) for line in heard.splitlines() if line.startswith(b"data: ")]
    said[0]["message"]["model"] = "claude"
    assert asked == f"/model/{CLAUDE['upstream_id']}/invoke-with-response-stream"
    assert events == said


async def test_an_exception_in_the_frames_is_an_error_in_the_clients_words(tmp_path: Path):
    frames = (*SAYS_HI[:2], exception("modelStreamErrorException", message="overheated"))
    _, heard = await told(
        tmp_path, streamed(*frames), "/v1/messages", {"model": "nova", "max_tokens": 9}
    )

    assert b"event: error" in heard
    assert b"overheated" in heard
    assert b"message_stop" not in heard


async def test_a_cut_between_two_frames_is_no_success(tmp_path: Path):
    script = Script(
        200, {"content-type": "application/vnd.amazon.eventstream"}, SAYS_HI[:3], end="cut"
    )
    _, heard = await told(tmp_path, script, "/v1/chat/completions", {"model": "nova"})

    assert b'"error"' in heard
    assert b"[DONE]" not in heard
