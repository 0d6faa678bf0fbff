"""The wire formats that recordings are in, by the name that they have here."""

import json
from typing import Any, Final

from dragoman.services.providers.bedrock_invoke import Invoke
from dragoman.wire import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama_chat,
    openai_chat,
    openai_responses,
)

INVOKE: Final = "bedrock_invoke"


class ReadInvoke(Invoke, frozen=True):
    """Anthropic's words in Amazon's envelope, whose requests are read, too."""

    def read_request(self, body: bytes) -> Any:
        """Read a request; the model stands in its address."""
        return anthropic_messages.read_request(
            json.dumps({"model": "m"} | json.loads(body)).encode()
        )

    def write_reply(self, reply: Any) -> bytes:
        """Write a reply, which is Anthropic's."""
        return anthropic_messages.write_reply(reply)


WIRES: Final[dict[str, Any]] = {
    **{
        wire.name: wire
        for wire in (
            openai_chat,
            anthropic_messages,
            openai_responses,
            gemini,
            bedrock_converse,
            ollama_chat,
        )
    },
    INVOKE: ReadInvoke(),
}

ONE_WAY: Final = frozenset({bedrock_converse.name, INVOKE, ollama_chat.name})
"""The formats that no client speaks here: their streams are read, and never written."""


def wire_of(endpoint: str, body: Any) -> str | None:
    """Name the format of an exchange by its endpoint; an `invoke` may be in any model's own."""
    if endpoint in ("invoke", "invoke-stream"):
        theirs = isinstance(body, dict) and "anthropic_version" in body
        return INVOKE if theirs else None
    return ENDPOINTS.get(endpoint)


ENDPOINTS: Final = {
    "chat.completions": "openai_chat",
    "messages": "anthropic_messages",
    "responses": "openai_responses",
    "generateContent": "gemini",
    "streamGenerateContent": "gemini",
    "converse": "bedrock_converse",
    "converse-stream": "bedrock_converse",
    "api.chat": "ollama_chat",
}
