"""Anthropic: who it is, where it is, and what its errors mean."""

from typing import Final

from dragoman.chat import Actor, Category, LLMServiceError
from dragoman.config.facts import ModelEntry
from dragoman.services.providers.counting import CountRoute, FieldsRoute
from dragoman.services.providers.error_rows import ErrorRow, rows
from dragoman.services.providers.errors import map_provider_error
from dragoman.services.providers.http import HttpProvider
from dragoman.wire import anthropic_messages
from dragoman.wire.base import ProviderSide

_SDK: Final = "anthropic 2.x, _error_classes.py: its classes say what each code means"

ANTHROPIC_ERRORS: Final[tuple[ErrorRow, ...]] = (
    # `error.details.error_code`, where the type says less or something else.
    *rows(
        "code",
        "api_key_scope_missing",
        "cmek_feature_unsupported",
        "cmek_key_disabled",
        "cmek_key_network_blocked",
        "organization_not_enrolled_in_beta",
        "organization_on_hold",
        "organization_type_not_supported",
        "parent_organization_required",
        "workspace_policy_violation",
        category=Category.PERMISSION,
        source=_SDK,
    ),
    *rows(
        "code",
        "claude_code_key_creator_not_member",
        category=Category.AUTHENTICATION,
        source=_SDK,
    ),
    *rows("code", "storage_quota_exceeded", category=Category.QUOTA_EXHAUSTED, source=_SDK),
    *rows(
        "code",
        "cmek_context_unavailable",
        "cmek_key_unreachable",
        category=Category.OVERLOADED,
        word="upstream_unavailable",
        source=_SDK,
    ),
    *rows("code", "request_body_timeout", category=Category.TIMEOUT, source=_SDK),
    # A 404, and not for want of the model.
    *rows(
        "code",
        "environment_not_found",
        "file_expired",
        "thread_not_found",
        category=Category.INVALID_REQUEST,
        source=_SDK,
    ),
    # Five facts that come as plain `invalid_request_error` or `rate_limit_error`, in prose only.
    ErrorRow(
        type="invalid_request_error",
        message_has="prompt is too long",
        category=Category.CONTEXT_TOO_LONG,
        source="https://github.com/anthropics/claude-code/issues/59696",
    ),
    ErrorRow(
        type="invalid_request_error",
        message_has="exceed context limit",
        category=Category.CONTEXT_TOO_LONG,
        source="https://github.com/docker/docker-agent/issues/569",
    ),
    ErrorRow(
        type="invalid_request_error",
        message_has="credit balance is too low",
        category=Category.QUOTA_EXHAUSTED,
        source="https://github.com/anthropics/claude-quickstarts/issues/229",
    ),
    ErrorRow(
        type="invalid_request_error",
        message_has="reached your specified API usage limits",
        category=Category.QUOTA_EXHAUSTED,
        source="https://github.com/anthropics/claude-code/issues/38035",
    ),
    ErrorRow(
        type="rate_limit_error",
        message_has="Extra usage is required",
        category=Category.QUOTA_EXHAUSTED,
        source="https://github.com/anthropics/claude-code/issues/44863",
    ),
    ErrorRow(
        type="invalid_request_error",
        message_has="blocked by content filtering policy",
        category=Category.CONTENT_FILTERED,
        source="https://github.com/anthropics/claude-code/issues/58367",
    ),
    # What the SDK raises by itself, with nothing but its class to go by (_exceptions.py).
    ErrorRow(exception="anthropic.CredentialsError", category=Category.AUTHENTICATION),
    ErrorRow(exception="anthropic.WorkloadIdentityError", category=Category.AUTHENTICATION),
    ErrorRow(
        exception="anthropic.WorkloadIdentityError",
        status=400,
        category=Category.AUTHENTICATION,
    ),
    ErrorRow(exception="anthropic.APIWebhookValidationError", category=Category.INVALID_REQUEST),
    ErrorRow(exception="anthropic.RetryableError", category=Category.BAD_RESPONSE, retryable=True),
    ErrorRow(
        exception="builtins.TypeError",
        message_has="Could not resolve authentication method",
        category=Category.AUTHENTICATION,
        source="anthropic 2.x, _client.py",
    ),
    ErrorRow(
        exception="builtins.ValueError",
        message_has="Streaming is required",
        category=Category.UNSUPPORTED,
        actor=Actor.OPERATOR,
        source="anthropic 2.x, _base_client.py",
    ),
)


# As of 2026-11: https://platform.claude.com/docs/en/about-claude/models/overview
ANTHROPIC_MODELS: Final = (
    ModelEntry(
        "claude-sonnet-5", "Claude Sonnet 5", "For hard questions", "anthropic", default=True
    ),
    ModelEntry(
        "claude-haiku-4-5",
        "Claude Haiku 4.5",
        "Quick and cheap",
        "anthropic",
    ),
)


# https://platform.claude.com/docs/en/build-with-claude/token-counting, and anthropic 2.12,
# types/message_count_tokens_params.py and its beta
ANTHROPIC_COUNTING: Final = FieldsRoute(
    wire=anthropic_messages.name,
    path="/v1/messages/count_tokens",
    takes=frozenset(
        {"cache_control", "compaction", "context_management", "mcp_servers", "messages", "model"}
        | {"output_config", "speed", "system", "thinking", "tool_choice", "tools"}
    ),
)


def map_anthropic_error(error: BaseException, *, model: str | None = None) -> LLMServiceError:
    """Judge an error of Anthropic's, or of whatever broke on the way; see `map_provider_error`."""
    return map_provider_error(error, rows=ANTHROPIC_ERRORS, provider="anthropic", model=model)


class AnthropicProvider(HttpProvider, frozen=True, kw_only=True):
    """Anthropic by its Messages API; `ANTHROPIC_BASE_URL` does not end in `/v1`.

    The version is pinned: 2026-10-21 refuses sampling parameters that older models take. A model
    entry's `api_version` overrides it.
    """

    provider_id: str = "anthropic"
    name: str = "Anthropic"
    wire: ProviderSide = anthropic_messages
    base_url: str = "https://api.anthropic.com"
    api_key_env: str | None = "ANTHROPIC_API_KEY"
    models_env: str | None = "ANTHROPIC_MODELS"
    key_header: tuple[str, str] = ("x-api-key", "")
    api_version_header: str | None = "anthropic-version"
    api_version: str | None = "2023-06-01"
    error_rows: tuple[ErrorRow, ...] = ANTHROPIC_ERRORS
    default_models: tuple[ModelEntry, ...] = ANTHROPIC_MODELS
    needs_output_limit: bool = True
    models_path: str = "/v1/models?limit=1000"
    counting: CountRoute | None = ANTHROPIC_COUNTING
