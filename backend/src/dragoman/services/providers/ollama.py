"""Ollama by its own API: what a row that speaks it is like."""

from typing import Final

from dragoman.chat import Category
from dragoman.services.providers.error_rows import ErrorRow
from dragoman.services.providers.http import HttpProvider
from dragoman.wire import ollama_chat
from dragoman.wire.base import ProviderSide

# An error is one sentence, so that prose is all there is to tell one from another.
OLLAMA_ERRORS: Final[tuple[ErrorRow, ...]] = (
    # What the engine says is wrapped in that sentence, with its type.
    ErrorRow(
        type="exceed_context_size_error",
        category=Category.CONTEXT_TOO_LONG,
        source="https://github.com/ollama/ollama/issues/16800",
    ),
    ErrorRow(
        status=400,
        message_has="exceeds the available context size",
        category=Category.CONTEXT_TOO_LONG,
        source="https://github.com/ollama/ollama/issues/16800",
    ),
    # "… does not support tools", "… does not support thinking"
    ErrorRow(
        status=400,
        message_has="does not support",
        category=Category.UNSUPPORTED,
        source="https://github.com/ollama/ollama/issues/5793",
    ),
    # Of an hour, a session or a week: no wait of ours is that long.
    ErrorRow(
        status=429,
        message_has="usage limit",
        category=Category.QUOTA_EXHAUSTED,
        source="https://github.com/continuedev/continue/issues/11444",
    ),
    # Before a stream it comes with a 503.
    ErrorRow(
        status=200,
        message_has="server busy",
        category=Category.OVERLOADED,
        source="https://github.com/ollama/ollama/blob/main/server/sched.go",
    ),
)


class OllamaProvider(HttpProvider, frozen=True, kw_only=True):
    """Ollama by its own API; its address ends in the port."""

    provider_id: str = "ollama-chat"
    name: str = "Ollama"
    wire: ProviderSide = ollama_chat
    base_url: str = "http://127.0.0.1:11434"
    error_rows: tuple[ErrorRow, ...] = OLLAMA_ERRORS
    stream_types: frozenset[str] = frozenset({ollama_chat.STREAM_TYPE})
    # Of these, it speaks OpenAI's words: https://docs.ollama.com/openai
    models_path: str = "/v1/models"
    embeddings_path: str | None = "/v1/embeddings"
