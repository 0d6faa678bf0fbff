"""Google's Gemini: who it is, where it is, and what its errors mean."""

from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from dragoman.chat import Category, LLMServiceError
from dragoman.config.facts import ModelEntry
from dragoman.services.providers.counting import CountRoute, number_in
from dragoman.services.providers.error_rows import ErrorRow, rows
from dragoman.services.providers.errors import map_provider_error
from dragoman.services.providers.http import HttpProvider
from dragoman.wire import gemini
from dragoman.wire.base import ProviderSide

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


# As of 2026-11: https://ai.google.dev/gemini-api/docs/models
GEMINI_MODELS: Final = (
    ModelEntry(
        "gemini-3.8-flash",
        "Gemini 3.8 Flash",
        "For hard questions",
        "gemini",
        default=True,
        context_window=1_048_576,
        max_output_tokens=65_536,
    ),
    ModelEntry(
        "gemini-3.5-flash-lite",
        "Gemini 3.5 Flash-Lite",
        "Quick and cheap",
        "gemini",
        context_window=1_048_576,
        max_output_tokens=65_536,
    ),
)


def map_gemini_error(error: BaseException, *, model: str | None = None) -> LLMServiceError:
    """Judge an error of Google's, or of whatever broke on the way; see `map_provider_error`."""
    return map_provider_error(error, rows=GEMINI_ERRORS, provider="gemini", model=model)


class _Listed(Struct):
    name: str


class _Models(Struct):
    models: list[_Listed]


_decode_models: Final = msgspec.json.Decoder(_Models).decode
_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


class CountTokens(Struct, frozen=True):
    """Google's route that counts: the whole request stands in it, under its model's name.

    https://ai.google.dev/api/tokens#method:-models.counttokens
    """

    wire: str = gemini.name

    def question(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Give `…:countTokens`, and the request inside."""
        place = path.rpartition(":")[0]
        request = {"model": unquote(place.removeprefix("/")), **_decode(body)}
        return f"{place}:countTokens", _encode({"generateContentRequest": request})

    def count(self, answer: bytes) -> int:
        """Read the number of tokens. Raises `UpstreamError` where there is none."""
        return number_in(answer, "totalTokens")


class GeminiProvider(HttpProvider, frozen=True, kw_only=True):
    """Google by its Gemini API; `GEMINI_BASE_URL` ends in the version, as in `/v1beta`."""

    provider_id: str = "gemini"
    name: str = "Google Gemini"
    wire: ProviderSide = gemini
    base_url: str = "https://generativelanguage.googleapis.com/v1beta"
    api_key_env: str | None = "GEMINI_API_KEY"
    models_env: str | None = "GEMINI_MODELS"
    key_header: tuple[str, str] = ("x-goog-api-key", "")
    error_rows: tuple[ErrorRow, ...] = GEMINI_ERRORS
    default_models: tuple[ModelEntry, ...] = GEMINI_MODELS
    models_path: str = "/models?pageSize=1000"
    counting: CountRoute | None = CountTokens()

    def model_ids(self, body: bytes) -> tuple[str, ...]:
        """Read the list of models: `{"models": [{"name": "models/…"}]}`."""
        return tuple(item.name.removeprefix("models/") for item in _decode_models(body).models)
