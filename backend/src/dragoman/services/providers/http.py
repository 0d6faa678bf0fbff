"""A provider that speaks a wire format over HTTP: everything about it is a row of data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import ChatRequest, JsonObject, LLMServiceError
from dragoman.config.facts import ModelEntry
from dragoman.config.provider_rows import address_variable
from dragoman.config.secrets import clean_key
from dragoman.observability.secrets import Secret
from dragoman.services.providers.base import Embedded, ProviderConfig, Runtime
from dragoman.services.providers.calls import Answered, Call, ask
from dragoman.services.providers.counting import CountRoute
from dragoman.services.providers.embeddings import embedded
from dragoman.services.providers.errors import ErrorRow, map_provider_error
from dragoman.services.providers.http_model import HttpChatModel
from dragoman.services.providers.parameters import refused_by
from dragoman.services.providers.signing import Signer
from dragoman.services.providers.vectors import VectorRoute, made_by
from dragoman.wire.base import ProviderSide, malformed

_EVENT_STREAM: Final = frozenset({"text/event-stream"})


class HttpProvider(Struct, frozen=True, kw_only=True):
    """A provider as a row: subclass it with defaults, or fill it from configuration.

    It is asked in `wire`, or in one of its `other_wires`; see `wire_for`.
    `base_url` is the vendor's, or "" where each customer has another; the variable `<ID>_BASE_URL`
    overrides it. `key_header` is the
    header's name and what stands before the key. `api_version_header` takes a model entry's
    `api_version`, else `api_version`. `without` names what this vendor's dialect of the wire does
    not take. `needs_output_limit` tells that the wire insists on one, so that a model entry's own
    maximum is filled in. `stream_types` are the content types of its streams. `embeddings_path` and
    `counting` are for a vendor that makes vectors in OpenAI's words, and one that counts tokens.
    Every path is below the base URL.
    """

    provider_id: str
    name: str
    wire: ProviderSide
    base_url: str
    other_wires: tuple[ProviderSide, ...] = ()
    api_key_env: str | None = None
    models_env: str | None = None
    key_header: tuple[str, str] = ("authorization", "Bearer ")
    headers: Mapping[str, str] = {}
    api_version_header: str | None = None
    api_version: str | None = None
    error_rows: tuple[ErrorRow, ...] = ()
    default_models: tuple[ModelEntry, ...] = ()
    without: frozenset[str] = frozenset()
    needs_output_limit: bool = False
    models_path: str = "/models"
    embeddings_path: str | None = None
    counting: CountRoute | None = None
    stream_types: frozenset[str] = _EVENT_STREAM

    @property
    def wires(self) -> tuple[str, ...]:
        """The names of the wire formats it can be asked in, the usual one first."""
        return (self.wire.name, *(wire.name for wire in self.other_wires))

    def wire_for(self, request: ChatRequest, model: ModelEntry) -> ProviderSide:
        """Choose the wire to ask in: the model entry's, else the client's own, else the usual one.

        What goes on in the format that it came in loses nothing. A format that this provider does
        not speak is no choice.
        """
        came_in = None if request.extras is None else request.extras.wire
        wanted = model.wire or came_in
        if wanted is None or wanted == self.wire.name:
            return self.wire
        return next((wire for wire in self.other_wires if wire.name == wanted), self.wire)

    def get_config(self, environ: Mapping[str, str]) -> ProviderConfig:
        """Give the address and key that `environ` sets for this provider."""
        address = address_variable(self.provider_id)
        key = _key(self.api_key_env, environ)
        return ProviderConfig(
            id=self.provider_id,
            name=self.name,
            base_url=(environ.get(address) or self.base_url).rstrip("/"),
            api_key_env=self.api_key_env,
            models_env=self.models_env,
            api_key=key,
            base_url_env=None if self.base_url else address,
        )

    def create_llm(self, model: ModelEntry, runtime: Runtime) -> HttpChatModel:
        """Make a model that is asked over HTTP."""
        config = self.get_config(runtime.environ)
        signer = self.signer(config, runtime)
        return HttpChatModel(self, config, model, runtime.upstream, runtime.timeouts, signer)

    def signer(self, config: ProviderConfig, runtime: Runtime) -> Signer | None:  # noqa: ARG002 - for who overrides it
        """Give what signs each request; `None`, as here, where a key in a header does."""
        return None

    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        """Judge an error by this provider's rows, then by the common ones."""
        return map_provider_error(
            error, rows=self.error_rows, provider=self.provider_id, model=model
        )

    async def list_models(self, runtime: Runtime) -> tuple[str, ...]:
        """Ask the vendor for its model ids (`GET …/models`, which costs nothing)."""
        config = self.get_config(runtime.environ)
        call = Call(
            method="GET",
            url=config.base_url + self.models_path,
            headers=self.request_headers(config, None),
            secrets=self.secrets(config),
        )
        body = (await ask(call, runtime, self.wire, signer=self.signer(config, runtime))).body
        try:
            return self.model_ids(body)
        except msgspec.DecodeError as error:
            raise malformed("bad_json", "the list of models is not one") from error

    def model_ids(self, body: bytes) -> tuple[str, ...]:
        """Read the list of models that the vendor gave. Raises `msgspec.DecodeError`."""
        listed = _decode_models(body)
        return tuple(item.id for item in (listed.data if isinstance(listed, _Models) else listed))

    async def count_tokens(
        self, request: ChatRequest, model: ModelEntry, runtime: Runtime
    ) -> int | None:
        """Ask the vendor how many tokens a question has; `None` where it has no route for that."""
        route = self.counting
        wires = (self.wire, *self.other_wires)
        wire = next((wire for wire in wires if route and wire.name == route.wire), None)
        if route is None or wire is None:
            return None
        config = self.get_config(runtime.environ)
        sent = self.create_llm(model, runtime).outgoing_in(
            wire, replace(request, stream=False, strict=False)
        )
        path, body = route.question(sent.url.removeprefix(config.base_url), sent.body)
        call = Call(
            url=config.base_url + path,
            headers=sent.headers,
            secrets=sent.secrets,
            model=model,
            body=body,
        )
        answer = await ask(call, runtime, wire, signer=self.signer(config, runtime))
        return route.count(answer.body)

    async def create_embeddings(
        self, fields: JsonObject, model: ModelEntry, runtime: Runtime
    ) -> Embedded | None:
        """Ask for vectors; `None` where the vendor has no route for that."""
        config = self.get_config(runtime.environ)

        async def asked(path: str, body: JsonObject) -> Answered:
            call = Call(
                url=config.base_url + path,
                headers=self.request_headers(config, model),
                secrets=self.secrets(config),
                model=model,
                body=msgspec.json.encode(body),
            )
            return await ask(call, runtime, self.wire, signer=self.signer(config, runtime))

        route = self.vector_route(model)
        if route is not None:
            return await made_by(route, fields, model, asked)
        if self.embeddings_path is None:
            return None
        answer = await asked(self.embeddings_path, {**fields, "model": model.vendor_id})
        return embedded(answer, model.id)

    def vector_route(self, model: ModelEntry) -> VectorRoute | None:  # noqa: ARG002 - for who overrides it
        """Give how `model` is asked for vectors; `None`, as here, where not in words of its own."""
        return None

    def refused_by(
        self, model: ModelEntry, client: Mapping[str, str], *, effort: str | None
    ) -> tuple[str, ...]:
        """Give the words of `parameters.toml` that `model` refuses, in the version it is asked."""
        version = model.api_version or self.api_version
        if self.api_version_header is not None:
            version = client.get(self.api_version_header, version)
        return refused_by(self.provider_id, model.vendor_id, version, effort=effort)

    def own_headers(self) -> frozenset[str]:
        """Give the names of the headers that no client may set: the key's, and the operator's."""
        return frozenset({self.key_header[0], *(name.lower() for name in self.headers)})

    def request_headers(
        self,
        config: ProviderConfig,
        model: ModelEntry | None,
        client: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, str]:
        """Give the headers of a request: what it is, for which version, and the key.

        What the `client` brought goes before the version, and after everything else.
        """
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        version = (model.api_version if model is not None else None) or self.api_version
        if self.api_version_header is not None and version is not None:
            headers[self.api_version_header] = version
        headers |= client
        if config.api_key is not None:
            name, before = self.key_header
            headers[name] = before + config.api_key.reveal()
        return headers | {name.lower(): value for name, value in self.headers.items()}

    def secrets(self, config: ProviderConfig) -> tuple[Secret, ...]:
        """Give what is sent and must not be told: the key, and the values of own headers."""
        own = tuple(Secret(value) for value in self.headers.values())
        return own if config.api_key is None else (config.api_key, *own)


def _key(variable: str | None, environ: Mapping[str, str]) -> Secret | None:
    if variable is None:
        return None
    value = clean_key(variable, environ.get(variable, "")).value
    return None if value is None else Secret(value)


class _Listed(Struct):
    id: str


class _Models(Struct):
    data: list[_Listed]


# Together's is no object: https://docs.together.ai/reference/models-1
_decode_models: Final = msgspec.json.Decoder(_Models | list[_Listed]).decode
