"""Google's models in a project of Google Cloud (Vertex AI), asked with an account's tokens."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.config.facts import ModelEntry
from dragoman.services.providers.base import ProviderConfig, Runtime
from dragoman.services.providers.calls import Call, ask
from dragoman.services.providers.counting import CountRoute, number_in
from dragoman.services.providers.error_rows import ErrorRow
from dragoman.services.providers.google_credentials import FILE, GoogleCredentials
from dragoman.services.providers.google_errors import GEMINI_ERRORS
from dragoman.services.providers.google_vectors import vertex_route
from dragoman.services.providers.http import HttpProvider
from dragoman.services.providers.signing import Signer
from dragoman.services.providers.vectors import VectorRoute
from dragoman.wire import gemini
from dragoman.wire.base import ProviderSide, malformed

_PROJECT: Final = "GOOGLE_CLOUD_PROJECT"
_LOCATION: Final = "GOOGLE_CLOUD_LOCATION"
# https://cloud.google.com/resource-manager/docs/creating-managing-projects
_PROJECTS: Final = re.compile(r"[a-z0-9][a-z0-9.:-]*")
_LOCATIONS: Final = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
# The version that Google's own SDK asks for by itself (google-genai 3.4, _api_client.py).
_VERSION: Final = "v1beta1"
_CURE: Final = "pip install 'dragoman[vertex]'"
_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode: Final = msgspec.json.Encoder().encode


def host_of(location: str) -> str:
    """Give the host of a location: https://cloud.google.com/vertex-ai/docs/reference/rest."""
    match location:
        case "global":
            return "aiplatform.googleapis.com"
        case "us" | "eu":
            return f"aiplatform.{location}.rep.googleapis.com"
        case _:
            return f"{location}-aiplatform.googleapis.com"


class CountTokens(Struct, frozen=True):
    """The route that counts, which takes the fields of a request as they are.

    https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens
    """

    wire: str = gemini.name
    takes: frozenset[str] = frozenset(
        {"contents", "generationConfig", "systemInstruction", "tools"}
    )

    def question(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Give `…:countTokens`, and the fields of the request that count."""
        kept = {name: value for name, value in _decode(body).items() if name in self.takes}
        return f"{path.rpartition(':')[0]}:countTokens", _encode(kept)

    def count(self, answer: bytes) -> int:
        """Read the number of tokens. Raises `UpstreamError` where there is none."""
        return number_in(answer, "totalTokens")


class _Listed(Struct):
    name: str


class _Models(Struct, rename="camel"):
    publisher_models: list[_Listed]


_decode_models: Final = msgspec.json.Decoder(_Models).decode


class VertexProvider(HttpProvider, frozen=True, kw_only=True):
    """Google's models in the project and the location that two variables name.

    There is no key: a token comes from Google's credentials (see `google_credentials`).
    """

    provider_id: str = "vertex"
    name: str = "Google Vertex AI"
    wire: ProviderSide = gemini
    base_url: str = ""
    models_env: str | None = "VERTEX_MODELS"
    error_rows: tuple[ErrorRow, ...] = GEMINI_ERRORS
    models_path: str = "/publishers/google/models?pageSize=200"
    counting: CountRoute | None = CountTokens()

    def get_config(self, environ: Mapping[str, str]) -> ProviderConfig:
        """Give the address of the project, in its location."""
        config = HttpProvider.get_config(self, environ)
        project, location = environ.get(_PROJECT, ""), environ.get(_LOCATION, "")
        named = _PROJECTS.fullmatch(project) is not None
        if not config.base_url and named and _LOCATIONS.fullmatch(location):
            place = f"{_VERSION}/projects/{project}/locations/{location}/publishers/google"
            config = replace(config, base_url=f"https://{host_of(location)}/{place}")
        return replace(config, base_url_env=_LOCATION if named else _PROJECT)

    def signer(self, config: ProviderConfig, runtime: Runtime) -> Signer:  # noqa: ARG002 - see HttpProvider
        """Give what fetches tokens, one for all models."""
        environ = runtime.environ
        return runtime.engines.get(
            (self.provider_id, environ.get(FILE)),
            GoogleCredentials,
            lambda: GoogleCredentials(environ, cure=_CURE),
        )

    def vector_route(self, model: ModelEntry) -> VectorRoute:
        """Give how vectors are asked for, which differs from model to model."""
        return vertex_route(model.vendor_id)

    async def list_models(self, runtime: Runtime) -> tuple[str, ...]:
        """Ask for Google's models; the project is asked for its quota alone."""
        config = self.get_config(runtime.environ)
        before, _, after = config.base_url.partition("/projects/")
        headers = self.request_headers(config, None)
        if after:
            headers["x-goog-user-project"] = after.partition("/")[0]
        call = Call(method="GET", url=before + self.models_path, headers=headers, secrets=())
        answer = await ask(call, runtime, self.wire, signer=self.signer(config, runtime))
        try:
            listed = _decode_models(answer.body).publisher_models
        except msgspec.DecodeError as error:
            raise malformed("bad_json", "the list of models is not one") from error
        return tuple(item.name.rpartition("/")[2] for item in listed)
