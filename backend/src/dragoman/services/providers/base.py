"""What a provider is: an identity that can make a model and judge its errors.

    BaseProvider.create_llm(entry, runtime) ─▶ ChatModel.stream(ChatRequest) ─▶ batches of events
    BaseProvider.map_error(exception)       ─▶ LLMServiceError

A provider is a value: it knows who it is, and nothing of the world. What the world adds (keys, the
socket, running engines) arrives as a `Runtime`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Fold,
    Json,
    JsonObject,
    LLMServiceError,
    Receipt,
    Reply,
    StreamEvent,
    Usage,
)
from dragoman.config.facts import ModelEntry, ProviderFacts
from dragoman.observability.secrets import MASK, Secret, mask
from dragoman.services.providers.transport import Timeouts, Upstream

Batch: TypeAlias = Sequence[StreamEvent]
"""The events that one read from a provider brought; never empty."""

T_co = TypeVar("T_co", covariant=True)


class Arriving(Protocol[T_co]):
    """What comes piece by piece until it is closed, as an asynchronous generator does."""

    def __aiter__(self) -> AsyncIterator[T_co]:
        """Iterate."""
        ...

    def __anext__(self) -> Awaitable[T_co]:
        """Wait for the next piece. Raises `StopAsyncIteration` behind the last."""
        ...

    def aclose(self) -> Awaitable[object]:
        """Be done, wherever it is."""
        ...


Batches: TypeAlias = Arriving[Batch]
"""A reply as it comes. Whoever stops early closes it, and with that the call upstream."""


class ProviderConfig(Struct, frozen=True, kw_only=True):
    """A provider as it is set up here: where it is, and with which key.

    `base_url_env` is the variable of its address, where it has none that suits everybody.
    """

    id: str
    name: str
    base_url: str
    api_key_env: str | None = None
    models_env: str | None = None
    api_key: Secret | None = None
    base_url_env: str | None = None

    @property
    def wants(self) -> tuple[str, ...]:
        """The variables without which no request can be sent: of a key, of an address."""
        key = self.api_key_env if self.api_key is None else None
        address = None if self.base_url else self.base_url_env
        return tuple(variable for variable in (key, address) if variable is not None)

    @property
    def enabled(self) -> bool:
        """Whether requests can be sent: there is a key, or none is needed, and an address."""
        return not self.wants


class ChatModel(Protocol):
    """One model of one provider, ready to be asked."""

    def stream(self, request: ChatRequest) -> Batches:
        """Ask; give the reply's events as they come, batch by batch.

        `request.stream` says how to ask the provider; the events are the same either way. Raises
        anything, at once or on the way; the provider's `map_error` explains it. Closing it ends the
        call.
        """
        ...

    async def complete(self, request: ChatRequest) -> Reply:
        """Ask, and give the whole reply: the fold of what `stream` gives."""
        ...


class Shown(Struct, frozen=True):
    """A request as people may see it: no key, and no header whose value nobody vouches for."""

    method: str
    url: str
    headers: dict[str, str]
    body: Json


class Outgoing(Struct, frozen=True, kw_only=True):
    """A request as it will be sent. `headers` hold the key: not for logs; see `shown`.

    `plain` names the headers whose values are no secret; `secrets` are taken out wherever else they
    might stand.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    receipts: tuple[Receipt, ...] = ()
    plain: frozenset[str] = frozenset()
    secrets: tuple[Secret, ...] = ()

    def shown(self) -> Shown:
        """Give what may be told of it; a body that is no JSON is given as text."""
        try:
            body: Json = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = self.body.decode("utf-8", "replace")
        headers = {
            name: mask(value, self.secrets) if name in self.plain else MASK
            for name, value in self.headers.items()
        }
        return Shown(self.method, mask(self.url, self.secrets), headers, body)

    def __repr__(self) -> str:
        """Tell where it goes, without key and prompt."""
        return f"Outgoing({self.method} {mask(self.url, self.secrets)})"


@runtime_checkable
class Explains(Protocol):
    """A model that can tell beforehand what would be sent."""

    def outgoing(self, request: ChatRequest) -> Outgoing:
        """Translate a request; sends nothing. Raises `LLMServiceError` for what cannot be said."""
        ...


class State(StrEnum):
    """Whether a provider can be used now.

    The last three are what was heard of it last: it refused the key, could not be reached, or
    wanted fewer requests. A request to it may fare better.
    """

    READY = "ready"
    NO_KEY = "no_key"
    LOADING = "loading"
    FAILED = "failed"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    LIMITED = "limited"


class ProviderStatus(Struct, frozen=True):
    """A provider's state, with the reason where it is not `ready`.

    `checked_at` is when it was last heard of, in seconds since 1970; `None`: not yet.
    """

    state: State
    reason: str = ""
    checked_at: float | None = None


class Closable(Protocol):
    """Something that runs beside the server and must be ended with it."""

    async def close(self) -> None:
        """End it."""
        ...


C = TypeVar("C", bound=Closable)


class Engines:
    """What providers run beside the server, each made at most once and ended with it."""

    def __init__(self) -> None:
        self._running: dict[object, Closable] = {}

    def get(self, key: object, kind: type[C], make: Callable[[], C]) -> C:
        """Give the engine kept under `key`, making it on first need."""
        engine = self._running.get(key)
        if not isinstance(engine, kind):
            engine = make()
            self._running[key] = engine
        return engine

    async def close(self) -> None:
        """End every engine."""
        running, self._running = self._running, {}
        for engine in running.values():
            await engine.close()


class Runtime(Struct, frozen=True):
    """The world, as a provider gets it: settings and keys, the socket, and engines."""

    environ: Mapping[str, str]
    upstream: Upstream
    timeouts: Timeouts
    engines: Engines


@runtime_checkable
class BaseProvider(Protocol):
    """A provider. A new one is a value with these four members, registered under its id."""

    @property
    def provider_id(self) -> str:
        """The id that model lists use: `^[a-z][a-z0-9_-]*$`."""
        ...

    def get_config(self, environ: Mapping[str, str]) -> ProviderConfig:
        """Give the provider's set-up under `environ`; reads nothing else."""
        ...

    def create_llm(self, model: ModelEntry, runtime: Runtime) -> ChatModel:
        """Make a model that can be asked, many times at once; no I/O happens before it is."""
        ...

    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        """Judge anything that asking a model raised; `model` is our id. Never raises."""
        ...


@runtime_checkable
class HasDefaults(Protocol):
    """A provider that knows models to begin with, for when nobody listed any."""

    @property
    def default_models(self) -> tuple[ModelEntry, ...]:
        """Two or three models, with the date of that knowledge in the provider's source."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """A provider that can be asked in more than one wire format."""

    @property
    def wires(self) -> tuple[str, ...]:
        """The formats' names, the usual one first."""
        ...


@runtime_checkable
class Counts(Protocol):
    """A provider that may be able to count the tokens of a question."""

    def count_tokens(
        self, request: ChatRequest, model: ModelEntry, runtime: Runtime
    ) -> Awaitable[int | None]:
        """Ask the vendor for the number; `None` where it has no such route.

        Raises like `ChatModel.stream`.
        """
        ...


class Embedded(Struct, frozen=True):
    """Vectors as their vendor wrote them, a JSON object of OpenAI's form.

    `headers` are what a client may hear, `receipts` what of the request was not said to the vendor.
    """

    body: bytes
    usage: Usage | None = None
    headers: tuple[tuple[str, str], ...] = ()
    receipts: tuple[Receipt, ...] = ()


@runtime_checkable
class Embeds(Protocol):
    """A provider that may be able to make vectors of texts."""

    def create_embeddings(
        self, fields: JsonObject, model: ModelEntry, runtime: Runtime
    ) -> Awaitable[Embedded | None]:
        """Ask for vectors; `fields` are those of the request. `None` where there is no such route.

        The model is the vendor's in what is sent, and ours in what comes back. Raises like
        `ChatModel.stream`.
        """
        ...


@runtime_checkable
class Background(Protocol):
    """A provider that needs time before it can answer."""

    def start(self, runtime: Runtime) -> Awaitable[None]:
        """Begin getting ready."""
        ...

    def get_status(self, runtime: Runtime) -> ProviderStatus:
        """Tell how far it is."""
        ...


@runtime_checkable
class Discovers(Protocol):
    """A provider that can be asked which models it has; costs nothing."""

    def list_models(self, runtime: Runtime) -> Awaitable[tuple[str, ...]]:
        """Ask for the vendor's model ids; raises like `ChatModel.stream`."""
        ...


def complete(model: ChatModel, request: ChatRequest) -> Awaitable[Reply]:
    """Ask `model` for a whole reply: what every `ChatModel.complete` does."""
    return whole_of(model.stream(replace(request, stream=False)))


async def whole_of(batches: Batches) -> Reply:
    """Take a reply to its end, give the fold of it, and close it. Raises what it does."""
    folding = Fold()
    try:
        async for batch in batches:
            folding.add(batch)
    finally:
        await batches.aclose()
    return folding.reply()


def facts_of(provider: BaseProvider, environ: Mapping[str, str]) -> ProviderFacts:
    """Tell what configuration must know of a provider."""
    config = provider.get_config(environ)
    return ProviderFacts(
        key_env=config.api_key_env,
        models_env=config.models_env,
        enabled=config.enabled,
        wants=config.wants,
        name=config.name,
        default_models=provider.default_models if isinstance(provider, HasDefaults) else (),
        wires=provider.wires if isinstance(provider, Speaks) else (),
    )
