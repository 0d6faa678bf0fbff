"""The common error rows: what our findings, codes, types and statuses mean, whoever says them.

REASONS      faults that our own transport, wires and engines find
WORDS        codes and types that mean one thing wherever they are used
STATUSES     HTTP
IN_BAND      words that say less than a status does: they count where there is none
"""

from typing import Final

from msgspec.structs import replace

from dragoman.chat import Actor, Category
from dragoman.services.providers.error_rows import DEFAULTS, ErrorRow, Verdict, rows, words

REASONS: Final[tuple[ErrorRow, ...]] = (
    *rows("reason", "connect_error", category=Category.CONNECTION),
    # A connection that is not made in time is one that is not made.
    *rows("reason", "timeout_connect", category=Category.CONNECTION, word="connect_error"),
    *rows("reason", "connection_reset", "premature_close", category=Category.CONNECTION),
    *rows("reason", "dns_error", category=Category.CONNECTION, actor=Actor.OPERATOR),
    *rows(
        "reason",
        "tls_error",
        "bad_address",
        category=Category.CONNECTION,
        retryable=False,
        actor=Actor.OPERATOR,
    ),
    *rows("reason", "local_model_failed", category=Category.CONNECTION, actor=Actor.OPERATOR),
    *rows(
        "reason",
        "local_model_absent",
        category=Category.CONNECTION,
        retryable=False,
        actor=Actor.OPERATOR,
    ),
    *rows("reason", "local_model_loading", "local_model_stopped", category=Category.OVERLOADED),
    *rows("reason", "stream_interrupted", "server_shutdown", category=Category.STREAM_INTERRUPTED),
    *rows("reason", "timeout", category=Category.TIMEOUT, word="upstream_timeout"),
    *rows("reason", "timeout_first_byte", "timeout_first_token", category=Category.TIMEOUT),
    # Half a reply has been passed on, or nothing is left of the time that the caller gave us.
    *rows("reason", "timeout_idle", "timeout_total", category=Category.TIMEOUT, retryable=False),
    # A second try may get a sound answer, ...
    *rows(
        "reason",
        "bad_json",
        "bad_content_type",
        "empty_response",
        "ended_in_error",
        category=Category.BAD_RESPONSE,
        retryable=True,
    ),
    # ... but not where the same request would get the same again.
    *rows(
        "reason",
        "bad_headers",
        "body_too_large",
        "decompressed_too_large",
        "event_too_large",
        "bad_payload",
        "many_choices",
        category=Category.BAD_RESPONSE,
    ),
    *rows("reason", "upstream_redirect", category=Category.BAD_RESPONSE, actor=Actor.OPERATOR),
    *rows("reason", "invalid_input", category=Category.INVALID_REQUEST),
    *rows("reason", "cancelled", category=Category.CANCELLED),
)

WORDS: Final[tuple[ErrorRow, ...]] = (
    *words(
        "account_deactivated",
        "authentication_error",
        "invalid_api_key",
        "invalid_authentication_error",
        "UNAUTHENTICATED",
        category=Category.AUTHENTICATION,
    ),
    *words(
        "data_residency_mismatch",
        "permission_denied",
        "permission_error",
        "PERMISSION_DENIED",
        "unsupported_country_region_territory",
        category=Category.PERMISSION,
    ),
    # A 429 as often as a 402, and waiting does not help.
    *words(
        "billing_error",
        "billing_hard_limit_reached",
        "billing_not_active",
        "contract_spend_limit_reached",
        "credit_balance_exhausted",
        "enforced_spend_limit_reached",
        "insufficient_quota",
        "linked_organization_billing_unavailable",
        "linked_organization_spend_limit_reached",
        "organization_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "project_spend_limit_exceeded",
        category=Category.QUOTA_EXHAUSTED,
    ),
    # Larger than a whole minute's allowance: no wait makes it fit.
    ErrorRow(
        code="rate_limit_exceeded",
        status=413,
        category=Category.INVALID_REQUEST,
        word="upstream_too_large",
    ),
    *words(
        "ramp_limit_exceeded",
        "rate_limit_error",
        "rate_limit_exceeded",
        "rate_limited",
        "RESOURCE_EXHAUSTED",
        "slow_down",
        "too_many_requests",
        category=Category.RATE_LIMIT,
    ),
    *words(
        "capacity_exceeded",
        "engine_overloaded_error",
        "overloaded_error",
        "server_is_overloaded",
        "service_tier_capacity_exceeded",
        "service_unavailable_error",
        "UNAVAILABLE",
        category=Category.OVERLOADED,
    ),
    *words("conflict_error", category=Category.OVERLOADED, word="upstream_conflict"),
    *words(
        "DEADLINE_EXCEEDED",
        "request_timeout",
        "timeout_error",
        "vector_store_timeout",
        category=Category.TIMEOUT,
    ),
    *words(
        "context_length_exceeded",
        "context_window_exceeded",
        "exceed_context_size_error",
        category=Category.CONTEXT_TOO_LONG,
    ),
    ErrorRow(type="BadRequestError", param="input_tokens", category=Category.CONTEXT_TOO_LONG),
    *words("request_too_large", category=Category.INVALID_REQUEST, word="upstream_too_large"),
    *words(
        "bio_policy",
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "image_content_policy_violation",
        "misalignment_policy_violation",
        "moderation_blocked",
        "ResponsibleAIPolicyViolation",
        category=Category.CONTENT_FILTERED,
    ),
    *words(
        "DeploymentNotFound",
        "invalid_model",
        "model_not_found",
        "NOT_FOUND",
        "not_found_error",
        category=Category.MODEL_NOT_FOUND,
    ),
    # The request is well formed and another model may well take it, so it is not "invalid".
    *words(
        "not_supported_error",
        "OperationNotSupported",
        "UNIMPLEMENTED",
        "unsupported_parameter",
        "unsupported_value",
        category=Category.UNSUPPORTED,
    ),
    # The model's own slip, which its vendor tells as a 400.
    *words(
        "json_validate_failed",
        "tool_use_failed",
        category=Category.INVALID_REQUEST,
        word="bad_generation",
    ),
)

STATUSES: Final[tuple[ErrorRow, ...]] = (
    *rows("status", 401, category=Category.AUTHENTICATION),
    *rows("status", 402, category=Category.QUOTA_EXHAUSTED),
    *rows("status", 403, 451, category=Category.PERMISSION),
    *rows("status", 404, 410, category=Category.MODEL_NOT_FOUND),
    *rows("status", 405, category=Category.INVALID_REQUEST, actor=Actor.OPERATOR),
    # Our own way out wants to know who we are.
    *rows(
        "status",
        407,
        category=Category.CONNECTION,
        retryable=False,
        actor=Actor.OPERATOR,
        word="proxy_auth",
    ),
    *rows("status", 408, category=Category.TIMEOUT),
    *rows("status", 409, category=Category.OVERLOADED, word="upstream_conflict"),
    *rows("status", 413, category=Category.INVALID_REQUEST, word="upstream_too_large"),
    *rows("status", 422, category=Category.INVALID_REQUEST, word="upstream_unprocessable"),
    *rows("status", 429, category=Category.RATE_LIMIT),
    # "Flex tier capacity exceeded"; https://console.groq.com/docs/errors
    *rows("status", 498, category=Category.OVERLOADED),
    # nginx's "client closed request": they lost us, while we are still here.
    *rows("status", 499, category=Category.CONNECTION, word="premature_close"),
    *rows("status", 503, category=Category.OVERLOADED, word="upstream_unavailable"),
    *rows("status", 529, category=Category.OVERLOADED),
    # 52x are Cloudflare's words for an origin that it cannot reach, or not in time;
    # https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
    *rows(
        "status",
        *(500, 502, 504, 520, 521, 522, 523, 524),
        category=Category.BAD_RESPONSE,
        retryable=True,
        word="upstream_5xx",
    ),
)

IN_BAND: Final[tuple[ErrorRow, ...]] = (
    *words(
        "invalid_request",
        "invalid_request_error",
        "INVALID_ARGUMENT",
        "BadRequestError",
        category=Category.INVALID_REQUEST,
    ),
    *words(
        "api_error",
        "internal_error",
        "INTERNAL",
        "internal_server_error",
        "InternalServerError",
        "server_error",
        category=Category.BAD_RESPONSE,
        retryable=True,
        word="upstream_5xx",
    ),
)

EXCEPTIONS: Final[tuple[ErrorRow, ...]] = (
    # The generated SDKs' word for an error that was told inside a stream, without any other.
    *rows("exception", "APIError", category=Category.BAD_RESPONSE),
)

COMMON: Final = REASONS + WORDS + STATUSES + EXCEPTIONS

OTHERS: Final[dict[int, Verdict]] = {
    3: replace(DEFAULTS[Category.BAD_RESPONSE], word="upstream_redirect", actor=Actor.OPERATOR),
    4: DEFAULTS[Category.INVALID_REQUEST],
    5: replace(DEFAULTS[Category.BAD_RESPONSE], word="upstream_5xx"),
}
"""What the hundreds of a status mean where the status itself has no row."""
