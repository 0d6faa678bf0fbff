"""What Google's errors mean, by whichever of its addresses a model is asked."""

from typing import Final

from dragoman.chat import Category
from dragoman.services.providers.error_rows import ErrorRow, rows

_REASONS: Final = "https://cloud.google.com/apis/design/errors: google.api.ErrorReason"
_QUOTAS: Final = "https://github.com/googleapis/python-genai/issues/2044"

GEMINI_ERRORS: Final[tuple[ErrorRow, ...]] = (
    # The reason of an `ErrorInfo`. A bad key is a 400, and INVALID_ARGUMENT like any bad request.
    *rows(
        "code",
        "ACCESS_TOKEN_EXPIRED",
        "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        "API_KEY_INVALID",
        "CREDENTIALS_MISSING",
        category=Category.AUTHENTICATION,
        source=_REASONS,
    ),
    *rows(
        "code",
        "API_KEY_ANDROID_APP_BLOCKED",
        "API_KEY_HTTP_REFERRER_BLOCKED",
        "API_KEY_IOS_APP_BLOCKED",
        "API_KEY_IP_ADDRESS_BLOCKED",
        "API_KEY_SERVICE_BLOCKED",
        "CONSUMER_INVALID",
        "CONSUMER_SUSPENDED",
        "SERVICE_DISABLED",
        "USER_PROJECT_DENIED",
        category=Category.PERMISSION,
        source=_REASONS,
    ),
    *rows("code", "BILLING_DISABLED", category=Category.QUOTA_EXHAUSTED, source=_REASONS),
    *rows("code", "RATE_LIMIT_EXCEEDED", category=Category.RATE_LIMIT, source=_REASONS),
    ErrorRow(
        code="MODEL_CAPACITY_EXHAUSTED",
        category=Category.OVERLOADED,
        source="https://github.com/google-gemini/gemini-cli/issues/26633",
    ),
    ErrorRow(
        code="QUOTA_EXHAUSTED",
        category=Category.QUOTA_EXHAUSTED,
        source="https://github.com/google-gemini/gemini-cli, utils/googleQuotaErrors.ts",
    ),
    # A day's quota is used up: the delay that is told with it, of seconds, does not help.
    *rows(
        "code",
        "GenerateContentInputTokensPerModelPerDay",
        "GenerateContentInputTokensPerModelPerDay-FreeTier",
        "GenerateRequestsPerDayPerProjectPerModel",
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        category=Category.QUOTA_EXHAUSTED,
        source=_QUOTAS,
    ),
    # Without a key at all, the vendor speaks of permission.
    ErrorRow(
        type="PERMISSION_DENIED",
        message_has="unregistered callers",
        category=Category.AUTHENTICATION,
        source="https://github.com/PublicAffairs/openai-gemini/issues/92",
    ),
    ErrorRow(
        type="FAILED_PRECONDITION",
        message_has="location is not supported",
        category=Category.PERMISSION,
        source="https://github.com/google-gemini/gemini-cli/issues/24641",
    ),
    ErrorRow(
        type="INVALID_ARGUMENT",
        message_has="exceeds the maximum number of tokens",
        category=Category.CONTEXT_TOO_LONG,
        source="https://github.com/google-gemini/gemini-cli/issues/6678",
    ),
    # The vendor gave up on its own request, not we on it.
    ErrorRow(type="CANCELLED", status=499, category=Category.CONNECTION, word="premature_close"),
    # What the SDK raises by itself, with nothing but its class to go by (errors.py).
    ErrorRow(
        exception="google.UnknownApiResponseError",
        category=Category.BAD_RESPONSE,
        retryable=True,
        word="bad_json",
    ),
)
