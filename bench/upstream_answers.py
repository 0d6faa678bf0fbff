"""The mock upstream's bytes: answers of OpenAI's chat completions and Anthropic's messages.

The fields are those that the two vendors send, so that an answer weighs what a real one does.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from bench.content import PROMPT_TOKENS, TOKENS, piece, said

_CREATED: Final = 1_790_000_000
_CHAT_ID: Final = "chatcmpl-Hb4Rq0vTz81mXnC6LwYd2KpAe9sUf"
_MESSAGE_ID: Final = "msg_01H4rb0urL1ghtsQuayTide77"


class Streamed(Struct, frozen=True):
    """A stream's events in the order of sending: `opening` at once, then one of `pieces` a time."""

    opening: bytes
    pieces: tuple[bytes, ...]
    closing: bytes


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(value)


@lru_cache
def whole_chat(model: str) -> bytes:
    """Give a whole answer of chat completions."""
    choice = {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": said(TOKENS),
            "refusal": None,
            "annotations": [],
        },
        "logprobs": None,
        "finish_reason": "stop",
    }
    return _json(
        {
            "id": _CHAT_ID,
            "object": "chat.completion",
            "created": _CREATED,
            "model": model,
            "choices": [choice],
            "usage": _chat_usage(TOKENS),
            "service_tier": "default",
            "system_fingerprint": "fp_7d1c9e20ab",
        }
    )


def _chat_usage(tokens: int) -> Mapping[str, Any]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": tokens,
        "total_tokens": PROMPT_TOKENS + tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


@lru_cache
def streamed_chat(model: str, pieces: int, *, usage: bool) -> Streamed:
    """Give a streamed answer of chat completions; with `usage`, its last event counts tokens."""

    def event(choices: list[Mapping[str, Any]], counted: Mapping[str, Any] | None = None) -> bytes:
        chunk = {
            "id": _CHAT_ID,
            "object": "chat.completion.chunk",
            "created": _CREATED,
            "model": model,
            "service_tier": "default",
            "system_fingerprint": "fp_7d1c9e20ab",
            "choices": choices,
            **({"usage": counted} if usage else {}),
            "obfuscation": "q7Zt",
        }
        return b"data: " + _json(chunk) + b"\n\n"

    def choice(delta: Mapping[str, Any], finish: str | None = None) -> list[Mapping[str, Any]]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]

    counted = event([], _chat_usage(pieces)) if usage else b""
    return Streamed(
        event(choice({"role": "assistant", "content": "", "refusal": None})),
        tuple(event(choice({"content": piece(number)})) for number in range(pieces)),
        event(choice({}, "stop")) + counted + b"data: [DONE]\n\n",
    )


def _message(model: str, content: list[Mapping[str, Any]], stop: str | None, tokens: int) -> Any:
    return {
        "id": _MESSAGE_ID,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": PROMPT_TOKENS,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": tokens,
            "service_tier": "standard",
        },
    }


@lru_cache
def whole_message(model: str) -> bytes:
    """Give a whole answer of messages."""
    return _json(_message(model, [{"type": "text", "text": said(TOKENS)}], "end_turn", TOKENS))


@lru_cache
def streamed_message(model: str, pieces: int) -> Streamed:
    """Give a streamed answer of messages."""

    def event(kind: str, **fields: Any) -> bytes:
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), _json({"type": kind, **fields}))

    def delta(number: int) -> bytes:
        text = {"type": "text_delta", "text": piece(number)}
        return event("content_block_delta", index=0, delta=text)

    end = {"stop_reason": "end_turn", "stop_sequence": None}
    return Streamed(
        event("message_start", message=_message(model, [], None, 1))
        + event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        + event("ping"),
        tuple(map(delta, range(pieces))),
        event("content_block_stop", index=0)
        + event("message_delta", delta=end, usage={"output_tokens": pieces})
        + event("message_stop"),
    )
