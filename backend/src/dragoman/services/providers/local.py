"""The embedded model: a toy that answers on a fresh machine without any key."""

from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Failure,
    Limits,
    LLMServiceError,
    Reply,
    Sampling,
    Text,
    UpstreamError,
)
from dragoman.config.facts import ModelEntry
from dragoman.services.providers.base import (
    Batches,
    Outgoing,
    ProviderConfig,
    ProviderStatus,
    Runtime,
    State,
    complete,
)
from dragoman.services.providers.errors import map_provider_error
from dragoman.services.providers.http import HttpProvider
from dragoman.services.providers.http_model import HttpChatModel
from dragoman.services.providers.local_engine import (
    EngineState,
    EngineStatus,
    LocalEngine,
    LocalEngineUnavailableError,
    diagnosis,
)
from dragoman.wire import openai_chat

MODEL_VARIABLE: Final = "DRAGOMAN_LOCAL_MODEL"

TOY: Final = ModelEntry(
    id="local",
    name="SmolLM2 135M (toy)",
    description="A tiny model inside Dragoman: to try things out, not to rely on",
    provider="local",
    default=True,
    context_window=8192,
    capabilities=("json_schema",),  # by a grammar, which the engine makes of it
)

# A 135M model rambles without them: one short sentence in English is what it can do.
_TOY_SYSTEM: Final = Text("You are a helpful assistant. Answer in one short English sentence.")
_TOY_OUTPUT: Final = 256

_STATES: Final = {
    EngineState.ABSENT: State.FAILED,
    EngineState.STOPPED: State.LOADING,
    EngineState.LOADING: State.LOADING,
    EngineState.READY: State.READY,
    EngineState.FAILED: State.FAILED,
}

_log: Final = structlog.get_logger("dragoman")

# What is seen of an engine that died at work, before its end is known.
_LOST: Final = frozenset(
    {"connect_error", "connection_reset", "premature_close", "stream_interrupted"}
)


class LocalProvider(Struct, frozen=True):
    """llama.cpp in a child process, with the packaged SmolLM2 or the GGUF file one names."""

    provider_id: str = "local"

    def get_config(self, environ: Mapping[str, str]) -> ProviderConfig:  # noqa: ARG002 - needs no key
        """Give the set-up: no key, and no address before the engine runs."""
        return ProviderConfig(id=self.provider_id, name="Local model", base_url="")

    def create_llm(self, model: ModelEntry, runtime: Runtime) -> "LocalChatModel":
        """Make a model that starts the engine on first need."""
        return LocalChatModel(self, model, runtime)

    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        """Judge an error by the common rows: the engine speaks a known wire."""
        return map_provider_error(error, provider=self.provider_id, model=model)

    def model_entry(self, environ: Mapping[str, str]) -> ModelEntry:
        """Give the one model to offer when nothing is configured: the toy, or the named file."""
        path = model_path(environ)
        if path is None:
            return TOY
        description = f"{path.name}, run inside Dragoman"
        return ModelEntry("local", path.stem[:50], description, self.provider_id, default=True)

    def problem(self, environ: Mapping[str, str]) -> str | None:
        """Say why the model cannot run here, `None` if it can; starts nothing."""
        status = diagnosis(model_path(environ))
        return status.reason if status.state is EngineState.ABSENT else None

    async def start(self, runtime: Runtime) -> None:
        """Begin to load the model; returns before it answers. What cannot begin is logged."""
        engine = engine_of(runtime)
        await engine.start()
        if engine.status.state is EngineState.FAILED:
            _log.warning("local_model_not_started", reason=engine.status.reason)

    def get_status(self, runtime: Runtime) -> ProviderStatus:
        """Tell how far the engine is."""
        status = engine_of(runtime).status
        return ProviderStatus(_STATES[status.state], status.reason)


class LocalChatModel:
    """The engine's model: waits until it is loaded, then asks it like any other server."""

    def __init__(self, provider: LocalProvider, model: ModelEntry, runtime: Runtime) -> None:
        self._provider = provider
        self._model = model
        self._runtime = runtime

    async def stream(self, request: ChatRequest) -> Batches:
        """Ask; see `ChatModel.stream`."""
        engine = engine_of(self._runtime)
        try:
            await engine.ensure_ready(self._runtime.timeouts.first_token)
            key = engine.key
        except LocalEngineUnavailableError as error:
            raise UpstreamError(_failure(error.status)) from error
        model = self._served_by(engine)
        try:
            async with aclosing(model.stream(_fit(request, engine))) as batches:
                async for batch in batches:
                    yield batch
        except UpstreamError as error:
            if error.failure.reason in _LOST and (died := await engine.fate(key)):
                raise UpstreamError(_failure(died)) from error
            raise

    def outgoing(self, request: ChatRequest) -> Outgoing:
        """Translate a request; sends nothing. Raises `UpstreamError` while the engine is not ready:
        it has no address then.
        """
        engine = engine_of(self._runtime)
        return self._served_by(engine).outgoing(_fit(request, engine))

    async def complete(self, request: ChatRequest) -> Reply:
        """Ask for a whole reply."""
        return await complete(self, request)

    def _served_by(self, engine: LocalEngine) -> HttpChatModel:
        """Give the model of the running engine, which is a provider of its own."""
        try:
            address, key = engine.address, engine.key
        except LocalEngineUnavailableError as error:
            raise UpstreamError(_failure(error.status)) from error
        server = HttpProvider(
            provider_id=self._provider.provider_id,
            name="Local model",
            wire=openai_chat,
            base_url=f"{address}/v1",
            api_key_env="KEY",
            # The toy's chat template has no place for tools: they would be dropped in silence.
            without=frozenset({"tools"} if engine.model_path is None else ()),
        )
        model = replace(self._model, upstream_id=engine.alias)
        return server.create_llm(model, replace(self._runtime, environ={"KEY": key}))


def engine_of(runtime: Runtime) -> LocalEngine:
    """Give the engine for the file that the environment names, the same one every time."""
    path = model_path(runtime.environ)
    return runtime.engines.get(
        ("local", path), LocalEngine, lambda: LocalEngine(path, environ=runtime.environ)
    )


def model_path(environ: Mapping[str, str]) -> Path | None:
    """Give the GGUF file that the environment names, if any."""
    named = environ.get(MODEL_VARIABLE, "").strip()
    return Path(named).expanduser() if named else None


def _fit(request: ChatRequest, engine: LocalEngine) -> ChatRequest:
    return for_the_toy(request) if engine.model_path is None else request


def for_the_toy(request: ChatRequest) -> ChatRequest:
    """Fill in what the packaged model needs to make sense, wherever the caller said nothing."""
    told = request.system or any(message.role == "system" for message in request.messages)
    cold = Sampling(temperature=0.0)
    return replace(
        request,
        system=request.system if told else (_TOY_SYSTEM,),
        sampling=cold if request.sampling == Sampling() else request.sampling,
        limits=Limits(_TOY_OUTPUT) if request.limits.output is None else request.limits,
    )


def _failure(status: EngineStatus) -> Failure:
    reason = f"local_model_{status.state}"
    return Failure(reason=reason, message=status.reason or f"the local model is {status.state}")
