"""The composition root of the server: the only file that sees every layer, and puts them together.

Configuration ─▶ Service (`composition`) ─▶ create_app, create_gateway (HTTP)
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

import dragoman
from dragoman.api.docs import mount_docs
from dragoman.api.doors.dialects import (
    ANTHROPIC_MESSAGES,
    FRONT_DOORS,
    GEMINI,
    GEMINI_PREFIXES,
    OPENAI_RESPONSES,
)
from dragoman.api.doors.gemini import GeminiRoute
from dragoman.api.doors.models import vendor_models_router
from dragoman.api.doors.responses import PATH as RESPONSES
from dragoman.api.doors.responses import ResponsesRoute, responses_router
from dragoman.api.errors import Receive, Scope, Send
from dragoman.api.fastapi_errors import speak_one_language
from dragoman.api.guard import Guard, is_loopback
from dragoman.api.handover import Gateway, Link
from dragoman.api.openapi import describe
from dragoman.api.page import mount_page
from dragoman.api.relay import Meter, Pace
from dragoman.api.routes.chat import ChatRoute
from dragoman.api.routes.conversations import conversations_router
from dragoman.api.routes.counting import CountRoute
from dragoman.api.routes.embeddings import EmbeddingsRoute
from dragoman.api.routes.explain import explain_router
from dragoman.api.routes.health import health_router
from dragoman.api.routes.messages import MessagesRoute
from dragoman.api.routes.models import models_router
from dragoman.api.routes.providers import providers_router
from dragoman.api.server import App, Boundary, Dispatch
from dragoman.config import (
    Configuration,
    ConfigurationWatcher,
)
from dragoman.services.provider_checks import ProviderChecks
from dragoman.services.providers import (
    ProviderRegistry,
)
from dragoman.services.providers import registry as built_in
from dragoman.services.providers.transport import Timeouts
from dragoman.services.routing import Elsewhere

if TYPE_CHECKING:
    from dragoman.storage.database import Database
from dragoman.composition import Service

Load = Callable[[], Configuration]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    configuration: Configuration,
    *,
    load: Load | None = None,
    registry: ProviderRegistry = built_in,
    timeouts: Timeouts | None = None,
    pace: Pace | None = None,
    database: "Database | None" = None,
    meter: Meter | None = None,
    in_flight: Callable[[], int] | None = None,
) -> App:
    """Make the ASGI application. `load` reads the configuration anew when its files change.

    Conversations are kept in `database`; without one, it is opened in the data folder when the
    application starts, and closed when it ends. `meter` counts what is under way here, `in_flight`
    tells how much is in all workers. Raises `ConfigurationError` when the configuration cannot be
    used.
    """
    service = Service(configuration, registry=registry, timeouts=timeouts)
    watcher = ConfigurationWatcher(
        configuration, load=load or (lambda: configuration), reload=service.reload
    )
    meter = meter or Meter()
    lifespan = _lifespan(service, database, watcher if load is not None else None)
    rest = _documented(service, watcher, in_flight or (lambda: meter.running), lifespan)
    return _bounded(service, meter, _dispatch(service, meter, pace, rest))


def create_gateway(
    configuration: Configuration,
    *,
    load: Load,
    link: Link,
    registry: ProviderRegistry = built_in,
    meter: Meter | None = None,
) -> App:
    """Make the application of a worker that keeps nothing: it hands over to `link` what it must.

    Raises `ConfigurationError` when the configuration cannot be used.
    """
    service = Service(configuration, registry=registry, owner=False)
    watcher = ConfigurationWatcher(configuration, load=load, reload=service.reload)
    meter = meter or Meter()

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        async with service:
            watching = asyncio.create_task(watcher.run())
            try:
                yield
            finally:
                watching.cancel()

    answering = _bounded(service, meter, _dispatch(service, meter, None, _elsewhere))
    return Gateway(answering, link, meter=meter, life=life)


async def _elsewhere(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's
    raise Elsewhere


def _bounded(service: Service, meter: Meter, routes: App) -> App:
    settings = service.configuration.settings
    guarded = Guard(routes, settings.host, allowed_hosts=settings.allowed_hosts)
    return Boundary(guarded, explain=service.explain, meter=meter)


def _documented(
    service: Service,
    watcher: ConfigurationWatcher,
    in_flight: Callable[[], int],
    lifespan: Lifespan,
) -> FastAPI:
    """Make the routes that answer in one go; they describe themselves, and the others."""
    # Beyond this machine the server tells strangers nothing about itself.
    at_home = is_loopback(service.configuration.settings.host)
    app = FastAPI(
        title="Dragoman",
        version=dragoman.__version__,
        openapi_url="/openapi.json" if at_home else None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(models_router(lambda: service.setup))
    app.include_router(vendor_models_router(lambda: service.setup))
    app.include_router(providers_router(lambda: service.setup))
    app.include_router(conversations_router(lambda: service.conversations, lambda: service.setup))
    app.include_router(responses_router(lambda: service.responses))
    app.include_router(
        explain_router(
            lambda: service.setup,
            lambda: service.configuration.settings.strict,
            lambda: service.responses,
        )
    )
    app.include_router(
        health_router(
            lambda: service.setup,
            lambda: watcher.status,
            lambda: service.conversations.health.trouble,
            in_flight,
        )
    )
    if at_home:
        mount_docs(app)
    mount_page(app)
    speak_one_language(app, service.explain)
    describe(app)
    return app


def _dispatch(service: Service, meter: Meter, pace: Pace | None, rest: App) -> Dispatch:
    """Put the routes that stream in front of `rest`."""
    setup, explain = lambda: service.setup, service.explain

    def strict() -> bool:
        return service.configuration.settings.strict

    messages = MessagesRoute(setup, lambda: service.conversations, explain, pace=pace, meter=meter)
    front_doors: dict[str, dict[str, App]] = {
        path: {"POST": ChatRoute(dialect, setup, explain, pace=pace, strict=strict)}
        for path, dialect in FRONT_DOORS.items()
    }
    answering = ChatRoute(OPENAI_RESPONSES, setup, explain, pace=pace, strict=strict)
    front_doors[RESPONSES] = {"POST": ResponsesRoute(answering, lambda: service.responses)}
    front_doors["/v1/messages/count_tokens"] = {"POST": CountRoute(ANTHROPIC_MESSAGES, setup)}
    front_doors["/v1/embeddings"] = {"POST": EmbeddingsRoute(setup)}
    google = GeminiRoute(GEMINI, setup, explain, pace=pace, strict=strict)
    return Dispatch(
        {"/api/v1/messages": {"POST": messages}, **front_doors},
        rest,
        below={("POST", prefix): google for prefix in GEMINI_PREFIXES},
    )


def _lifespan(
    service: Service, database: "Database | None", watcher: ConfigurationWatcher | None
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service, service.keeping(database):
            service.start_background()
            checks = ProviderChecks(
                lambda: service.setup,
                wanted=lambda: service.configuration.settings.check_providers,
            )
            beside = [asyncio.create_task(checks.run())]
            if watcher is not None:
                beside.append(asyncio.create_task(watcher.run()))
            try:
                yield
            finally:
                for task in beside:
                    task.cancel()

    return lifespan
