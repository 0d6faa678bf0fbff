"""Short answers of both vendors' formats, in our own words."""

import json
from collections.abc import Sequence
from typing import Any


def sse(*events: Any) -> list[bytes]:
    """Frame events that carry no name; a string goes as it is."""
    return [
        f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
        for event in events
    ]


def named_sse(*events: dict[str, Any]) -> list[bytes]:
    """Frame events named by their type."""
    return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events]


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "vendor-model",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def openai_stream(words: Sequence[str]) -> list[bytes]:
    """A finished stream: its words, the finish, the usage, the mark."""
    usage = {"prompt_tokens": 7, "completion_tokens": len(words), "total_tokens": 7 + len(words)}
    return sse(
        _chunk({"role": "assistant", "content": ""}),
        *(_chunk({"content": word}) for word in words),
        _chunk({}, "stop"),
        {**_chunk({}), "choices": [], "usage": usage},
        "[DONE]",
    )


def openai_whole(text: str, *, finish: str = "stop") -> dict[str, Any]:
    """A whole reply."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "vendor-model",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish,
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
    }


def anthropic_stream(words: Sequence[str]) -> list[bytes]:
    """A finished stream: one text block, the usage, the stop."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "vendor-model",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 1},
    }
    block = {"type": "text", "text": ""}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
        for word in words
    ]
    return named_sse(
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "ping"},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": len(words)},
        },
        {"type": "message_stop"},
    )


def anthropic_whole(text: str) -> dict[str, Any]:
    """A whole reply."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "vendor-model",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 2},
    }
