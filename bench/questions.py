"""What a client sends: the question in three wire formats, as bytes of HTTP/1.1."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from bench.content import AGREED, EARLIER, QUESTION, SYSTEM


class Wire(StrEnum):
    """A format in which a client asks."""

    CHAT = "chat"
    """OpenAI's chat completions."""
    MESSAGES = "messages"
    """Anthropic's messages."""
    OWN = "own"
    """Dragoman's own `POST /api/v1/messages`."""


PATHS: Final[Mapping[Wire, str]] = {
    Wire.CHAT: "/v1/chat/completions",
    Wire.MESSAGES: "/v1/messages",
    Wire.OWN: "/api/v1/messages",
}

_TURNS: Final = (
    {"role": "user", "content": EARLIER},
    {"role": "assistant", "content": AGREED},
    {"role": "user", "content": QUESTION},
)
_ROLES: Final = {"user": "user", "assistant": "system"}  # in Dragoman's own, an old word


def _body(wire: Wire, model: str, *, stream: bool) -> Mapping[str, Any]:
    streamed = {"stream": True} if stream else {}
    match wire:
        case Wire.CHAT:
            told = [{"role": "system", "content": SYSTEM}, *_TURNS]
            return {"model": model, "messages": told, "max_tokens": 512, **streamed}
        case Wire.MESSAGES:
            said = {"system": SYSTEM, "messages": _TURNS}
            return {"model": model, "max_tokens": 512, **said, **streamed}
        case Wire.OWN:
            earlier = [
                {"sender": _ROLES[turn["role"]], "text": turn["content"]} for turn in _TURNS[:-1]
            ]
            return {"message": QUESTION, "model": model, "history": earlier}


def question(
    wire: Wire, model: str, *, stream: bool, host: str, headers: Mapping[str, str] | None = None
) -> bytes:
    """Give a request as it goes onto the connection."""
    body = msgspec.json.encode(_body(wire, model, stream=stream))
    fields = {
        "host": host,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "accept": "text/event-stream" if stream else "application/json",
        **({"anthropic-version": "2023-06-01"} if wire is Wire.MESSAGES else {}),
        **(headers or {}),
    }
    lines = [f"POST {PATHS[wire]} HTTP/1.1", *(f"{name}: {fields[name]}" for name in fields)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
