"""What a configuration comes to: its models and providers, and the service that answers by them.

Configuration ─▶ compose ─▶ Composition ─▶ Service (providers, socket, engines, what is kept)
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Self

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dragoman.api.errors import Problem, problem_of
from dragoman.config import (
    Configuration,
    ConfigurationError,
    ModelConfiguration,
    ModelEntry,
    Settings,
    load_model_configuration,
)
from dragoman.observability.secrets import mask
from dragoman.services.prices import context_windows_of
from dragoman.services.providers import (
    FAMILIES,
    Background,
    Engines,
    LocalProvider,
    ProviderRegistry,
    Runtime,
    facts_of,
    installed,
    load_plugins,
    provider_of,
)
from dragoman.services.providers import registry as built_in
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.local import MODEL_VARIABLE
from dragoman.services.providers.model_facts import described
from dragoman.services.providers.transport import Timeouts
from dragoman.services.routing import Elsewhere, Setup

if TYPE_CHECKING:
    from dragoman.services.conversation_service import ConversationService
    from dragoman.services.response_service import ResponseService
    from dragoman.storage.database import Database

_log: Final = structlog.get_logger("dragoman")

NOTHING_CONFIGURED: Final = """\
no model can be used: {problem}
Put a key and a list of models into .env, for example:
  OPENAI_API_KEY=...
  MODELS=[{{"id": "gpt-5.4-mini", "name": "GPT-5.4 mini", "description": "Quick and cheap", \
"provider": "openai", "default": true}}]"""

NOTHING_LEFT: Final = (
    "there are no models and no keys any more: put them back, or start again without them"
)

_SETTLED: Final = 1.0
"""Seconds after which a server has answered whoever waited for it to start."""


class Composition(Struct, frozen=True):
    """What a configuration comes to: models, providers, and what the operator should know."""

    models: ModelConfiguration
    registry: ProviderRegistry
    warnings: tuple[str, ...]


class NoModelsError(ConfigurationError):
    """Nothing can be used: no key, no list, and no local model."""


def compose(configuration: Configuration, *, registry: ProviderRegistry = built_in) -> Composition:
    """Decide which models there are.

    With nothing configured that is the embedded local model. Raises `ConfigurationError` with
    every mistake, `NoModelsError` when nothing can be used.
    """
    plugins = load_plugins(installed(), taken=registry.__contains__)
    own = (provider_of(row, FAMILIES) for row in configuration.provider_rows)
    providers = registry.extended((*plugins.providers, *own))
    facts = {name: facts_of(providers.get(name), configuration.environ) for name in providers}
    try:
        models = load_model_configuration(
            facts, configuration.environ, file_models=configuration.file_models
        )
    except ConfigurationError as error:
        # A model may miss its provider for no other reason than a plugin that failed.
        raise ConfigurationError((*error.problems, *plugins.problems)) from error
    if not models.models:
        models = _local_model(configuration, models)
    warnings = (*configuration.warnings, *plugins.problems, *models.warnings)
    return Composition(models.each(described), providers, warnings)


def _local_model(configuration: Configuration, models: ModelConfiguration) -> ModelConfiguration:
    """Fall back to the embedded model. Raises `NoModelsError` when it cannot run here."""
    environ = environment(configuration)
    provider = LocalProvider()
    problem = provider.problem(environ)
    if problem is not None:
        raise NoModelsError([NOTHING_CONFIGURED.format(problem=problem)])
    entry = provider.model_entry(environ)
    return replace(models, models=(entry,), default=entry, source="local")


def environment(configuration: Configuration) -> dict[str, str]:
    """Give the variables that providers read: the environment, with the settings they need."""
    environ = dict(configuration.environ)
    if configuration.settings.local_model is not None:
        environ[MODEL_VARIABLE] = str(configuration.settings.local_model)
    return environ


def timeouts_of(settings: Settings) -> Timeouts:
    """Give the timeouts of the settings."""
    return Timeouts(
        connect=settings.connect_timeout,
        first_byte=settings.first_byte_timeout,
        first_token=settings.first_token_timeout,
        idle=settings.idle_timeout,
        total=settings.total_timeout,
    )


class Service:
    """One running Dragoman, without HTTP: enter it, and ask the models of its `setup`.

    One that is not the `owner` keeps nothing and runs nothing beside itself: whatever needs that is
    `Elsewhere`.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        registry: ProviderRegistry = built_in,
        timeouts: Timeouts | None = None,
        owner: bool = True,
    ) -> None:
        self._owner = owner
        self._registry = registry
        self._timeouts = timeouts or timeouts_of(configuration.settings)
        self.configuration = configuration
        self._secrets = frozenset(configuration.secrets)
        self.composition = compose(configuration, registry=registry)
        self._told = set(self.composition.warnings)
        self._engines = Engines()
        self._setup: Setup | None = None
        self._conversations: ConversationService | None = None
        self._responses: ResponseService | None = None
        self._starting: set[asyncio.Task[None]] = set()

    @property
    def setup(self) -> Setup:
        """The models, the providers and the world, as they are now."""
        if self._setup is None:
            raise RuntimeError("the service is not running: enter it first")
        return self._setup

    @property
    def conversations(self) -> "ConversationService":
        """The conversations, while `keeping` lasts."""
        if self._conversations is None:
            if not self._owner:
                raise Elsewhere
            raise RuntimeError("no conversations are kept: enter `keeping` first")
        return self._conversations

    @property
    def responses(self) -> "ResponseService":
        """The responses that programs may come back to, while `keeping` lasts."""
        if self._responses is None:
            if not self._owner:
                from dragoman.services.response_service import (  # noqa: PLC0415 - as above
                    ResponsesElsewhere,
                )

                return ResponsesElsewhere()
            raise RuntimeError("no responses are kept: enter `keeping` first")
        return self._responses

    @asynccontextmanager
    async def keeping(self, database: "Database | None") -> AsyncIterator[None]:
        """Keep conversations and responses in `database`.

        Without one, it is opened in the data folder for this long. Raises `StorageError` if that
        cannot be opened.
        """
        # Asking a model needs no SQL, and it takes long to import.
        from dragoman.services.conversation_service import ConversationService  # noqa: PLC0415
        from dragoman.services.response_service import ResponseService  # noqa: PLC0415
        from dragoman.storage.database import open_database  # noqa: PLC0415

        folder = self.configuration.settings.data_dir
        opened = await asyncio.to_thread(open_database, folder) if database is None else database
        try:
            async with (
                ConversationService(opened) as conversations,
                ResponseService(opened, days=self._days_kept) as responses,
            ):
                self._conversations, self._responses = conversations, responses
                yield
        finally:
            self._conversations = self._responses = None
            if database is None:
                await asyncio.to_thread(opened.close)

    def _days_kept(self) -> int:
        return self.configuration.settings.keep_responses_days

    def redact(self, text: str) -> str:
        """Take out every key that was ever in use: an old one may still be under way."""
        return mask(text, self._secrets)

    def explain(self, error: Exception) -> Problem:
        """Say what a client is told about an error; no key is in it."""
        problem = problem_of(error, debug=self.configuration.settings.debug)
        told = {
            name: self.redact(fact) if isinstance(fact, str) else fact
            for name, fact in (problem.detail or {}).items()
        }
        return replace(problem, message=self.redact(problem.message), detail=told or None)

    async def __aenter__(self) -> Self:
        self._upstream = HttptoolsUpstream(
            self._timeouts, trust_proxies=self.configuration.settings.trust_proxies
        )
        self._setup = self._set_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._starting:
            task.cancel()
        await self._engines.close()
        await self._upstream.close()

    def start_background(self) -> None:
        """Begin what takes time: providers get ready, and what is not known yet is looked up."""
        setup = self.setup
        if not self._owner:
            return
        for name in {model.provider for model in setup.models.models}:
            provider = setup.registry.get(name)
            if isinstance(provider, Background):
                self._beside(provider.start(setup.runtime), "provider_not_started")
        if any(entry.context_window is None for entry in setup.models.listed):
            self._beside(self._find_windows(setup), "context_windows_not_found")

    def _beside(self, work: Awaitable[None], failure: str) -> None:
        def ended(task: asyncio.Task[None]) -> None:
            self._starting.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.warning(failure, error=f"{type(error).__name__}: {error}")

        task = asyncio.ensure_future(work)
        self._starting.add(task)
        task.add_done_callback(ended)

    async def _find_windows(self, setup: Setup) -> None:
        """Learn the context windows that only the list of prices has; a reload makes that void."""
        await asyncio.sleep(_SETTLED)
        wanted = [entry for entry in setup.models.listed if entry.context_window is None]
        found = await asyncio.to_thread(context_windows_of, wanted)

        def filled(entry: ModelEntry) -> ModelEntry:
            return replace(entry, context_window=entry.context_window or found.get(entry.id))

        if found and self._setup is setup:
            self._setup = replace(setup, models=setup.models.each(filled))

    async def reload(self, configuration: Configuration) -> None:
        """Put a changed configuration to use, for the requests that come from now on.

        Logs the warnings that were not there before. Raises `ConfigurationError`, and changes
        nothing, when it has mistakes.
        """
        composition = compose(configuration, registry=self._registry)
        if composition.models.source == "local" != self.composition.models.source:
            # Whoever lost the file did not mean that a toy should answer.
            raise ConfigurationError([NOTHING_LEFT])
        self.composition = composition
        self.configuration = configuration
        self._secrets |= frozenset(configuration.secrets)
        self._setup = self._set_up()
        self.start_background()
        for warning in self.composition.warnings:
            if warning not in self._told:
                self._told.add(warning)
                _log.warning(warning)

    def _set_up(self) -> Setup:
        runtime = Runtime(
            environ=environment(self.configuration),
            upstream=self._upstream,
            timeouts=self._timeouts,
            engines=self._engines,
        )
        return Setup(
            self.composition.models,
            self.composition.registry,
            runtime,
            unlisted=self.configuration.settings.allow_unlisted_models,
            engines_elsewhere=not self._owner,
        )
