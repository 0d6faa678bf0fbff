"""Google's Gemini: who it is, where it is, and what its errors mean."""

from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from dragoman.chat import LLMServiceError
from dragoman.config.facts import ModelEntry
from dragoman.services.providers.counting import CountRoute, number_in
from dragoman.services.providers.error_rows import ErrorRow
from dragoman.services.providers.errors import map_provider_error
from dragoman.services.providers.google_errors import GEMINI_ERRORS
from dragoman.services.providers.google_vectors import BatchRoute
from dragoman.services.providers.http import HttpProvider
from dragoman.services.providers.vectors import VectorRoute
from dragoman.wire import gemini
from dragoman.wire.base import ProviderSide

# As of 2026-11: https://ai.google.dev/gemini-api/docs/models
GEMINI_MODELS: Final = (
    ModelEntry(
        "gemini-3.8-flash",
        "Gemini 3.8 Flash",
        "For hard questions",
        "gemini",
        default=True,
    ),
    ModelEntry(
        "gemini-3.5-flash-lite",
        "Gemini 3.5 Flash-Lite",
        "Quick and cheap",
        "gemini",
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

    def vector_route(self, model: ModelEntry) -> VectorRoute:  # noqa: ARG002 - see HttpProvider
        """Give how vectors are asked for: many at once."""
        return BatchRoute()

    def model_ids(self, body: bytes) -> tuple[str, ...]:
        """Read the list of models: `{"models": [{"name": "models/…"}]}`."""
        return tuple(item.name.removeprefix("models/") for item in _decode_models(body).models)
