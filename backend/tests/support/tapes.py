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


def responses_whole(text: str) -> dict[str, Any]:
    """A whole reply in the Responses format."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "vendor-model",
        "output": [_message_item("completed", [part])],
        "usage": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9},
    }


def _message_item(status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def responses_stream(words: Sequence[str]) -> list[bytes]:
    """A finished stream in the Responses format: one message of one text."""
    done = responses_whole("".join(words))
    begun = {**done, "status": "in_progress", "output": [], "usage": None}
    (item,) = done["output"]
    (part,) = item["content"]
    at = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}
    kind = "response.output_text"
    events = [
        {"type": "response.created", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": _message_item("in_progress", []),
        },
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *({"type": f"{kind}.delta", **at, "delta": word, "logprobs": []} for word in words),
        {"type": f"{kind}.done", **at, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": done},
    ]
    return named_sse(*({**event, "sequence_number": n} for n, event in enumerate(events)))


def _gemini_chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": text}] if text else []}
    candidate = {"content": content, "index": 0} | ({"finishReason": finish} if finish else {})
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 7,
            "candidatesTokenCount": 2,
            "totalTokenCount": 9,
        },
        "modelVersion": "vendor-model",
        "responseId": "response-1",
    }


def gemini_stream(words: Sequence[str]) -> list[bytes]:
    """A finished stream: its words, and the reason to finish with nothing more to say."""
    return sse(*(_gemini_chunk(word) for word in words), _gemini_chunk("", "STOP"))


def gemini_whole(text: str) -> dict[str, Any]:
    """A whole reply."""
    return _gemini_chunk(text, "STOP")
