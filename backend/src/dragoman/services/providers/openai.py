"""OpenAI: who it is, where it is, and what its errors mean."""

from typing import Final

from dragoman.chat import Category, LLMServiceError
from dragoman.config.facts import ModelEntry
from dragoman.services.providers.counting import CountRoute, FieldsRoute
from dragoman.services.providers.error_rows import ErrorRow
from dragoman.services.providers.errors import map_provider_error
from dragoman.services.providers.http import HttpProvider
from dragoman.wire import openai_chat, openai_responses
from dragoman.wire.base import ProviderSide

OPENAI_ERRORS: Final[tuple[ErrorRow, ...]] = (
    # Elsewhere a message that is wrong in itself; here a prompt that was flagged.
    ErrorRow(
        code="invalid_prompt",
        category=Category.CONTENT_FILTERED,
        source="https://github.com/openai/codex/issues/7250",
    ),
    # One request above the allowance of a whole minute: it never fits.
    ErrorRow(
        code="rate_limit_exceeded",
        message_has="Request too large for",
        category=Category.INVALID_REQUEST,
        word="upstream_too_large",
        source="https://github.com/Aider-AI/aider/issues/1880",
    ),
    # The code says that the model cannot; the truth is that this account may not.
    ErrorRow(
        code="unsupported_value",
        param="stream",
        message_has="organization must be verified",
        category=Category.PERMISSION,
        source="https://github.com/lobehub/lobehub/issues/9385",
    ),
    # What the SDK raises by itself, with nothing but its class to go by (_exceptions.py).
    ErrorRow(exception="openai.ContentFilterFinishReasonError", category=Category.CONTENT_FILTERED),
    ErrorRow(
        exception="openai.LengthFinishReasonError",
        category=Category.INVALID_REQUEST,
        word="output_limit",
    ),
    ErrorRow(exception="openai.SubjectTokenProviderError", category=Category.AUTHENTICATION),
    ErrorRow(exception="openai.InvalidWebhookSignatureError", category=Category.INVALID_REQUEST),
    ErrorRow(
        exception="openai.WebSocketConnectionClosedError",
        category=Category.CONNECTION,
        word="connection_reset",
    ),
    ErrorRow(
        exception="openai.WebSocketQueueFullError",
        category=Category.OVERLOADED,
        word="send_queue_full",
    ),
    ErrorRow(
        exception="openai.OpenAIError",
        message_has="Missing credentials",
        category=Category.AUTHENTICATION,
        source="openai 3.x, _client.py",
    ),
)


# As of 2026-11: https://platform.openai.com/docs/models
OPENAI_MODELS: Final = (
    ModelEntry("gpt-5.6", "GPT-5.6", "For hard questions", "openai", default=True),
    ModelEntry("gpt-5.4-mini", "GPT-5.4 mini", "Quick and cheap", "openai"),
)


# https://developers.openai.com/api/docs/guides/token-counting, and openai 3.54,
# types/responses/input_token_count_params.py
OPENAI_COUNTING: Final = FieldsRoute(
    wire=openai_responses.name,
    path="/responses/input_tokens",
    takes=frozenset(
        {"conversation", "input", "instructions", "model", "parallel_tool_calls", "personality"}
        | {"previous_response_id", "reasoning", "text", "tool_choice", "tools", "truncation"}
    ),
)


def map_openai_error(error: BaseException, *, model: str | None = None) -> LLMServiceError:
    """Judge an error of OpenAI's, or of whatever broke on the way; see `map_provider_error`."""
    return map_provider_error(error, rows=OPENAI_ERRORS, provider="openai", model=model)


class OpenAIProvider(HttpProvider, frozen=True, kw_only=True):
    """OpenAI by its chat completions or its responses API; `OPENAI_BASE_URL` ends in `/v1`."""

    provider_id: str = "openai"
    name: str = "OpenAI"
    wire: ProviderSide = openai_chat
    other_wires: tuple[ProviderSide, ...] = (openai_responses,)
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str | None = "OPENAI_API_KEY"
    models_env: str | None = "OPENAI_MODELS"
    error_rows: tuple[ErrorRow, ...] = OPENAI_ERRORS
    default_models: tuple[ModelEntry, ...] = OPENAI_MODELS
    embeddings_path: str | None = "/embeddings"
    counting: CountRoute | None = OPENAI_COUNTING
