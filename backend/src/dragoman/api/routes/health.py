"""`GET /health`: whether the server is well, and which providers can be used."""

from collections import Counter
from collections.abc import Callable

from fastapi import APIRouter
from pydantic import BaseModel

from dragoman.api.relay import Meter
from dragoman.config import ConfigurationStatus
from dragoman.services.providers import ProviderConfig, State, status_of
from dragoman.services.routing import Setup


class ProviderHealth(BaseModel):
    """One provider, and why it cannot be used if it cannot."""

    id: str
    name: str
    state: State
    reason: str = ""
    models: int


class Health(BaseModel):
    """The server's own health; `config` is `stale` while a changed file cannot be taken over."""

    status: str = "ok"
    config: str
    configReason: str | None = None  # noqa: N815 - the API's spelling
    inFlight: int  # noqa: N815
    models: int
    providers: list[ProviderHealth]


def health_router(
    setup: Callable[[], Setup], config: Callable[[], ConfigurationStatus], meter: Meter
) -> APIRouter:
    """Make the router from what it reports on."""
    router = APIRouter(tags=["health"])

    @router.get("/health", summary="Tell how the server is")
    async def health() -> Health:
        """Tell how the server is; asks nobody else, so it answers at once."""
        now, fresh = setup(), config()
        return Health(
            config=fresh.state,
            configReason=fresh.reason,
            inFlight=meter.running,
            models=len(now.models.models),
            providers=_providers(now),
        )

    return router


def _providers(setup: Setup) -> list[ProviderHealth]:
    """List the providers that answer for a model, and those that a key would enable."""
    counts = Counter(entry.provider for entry in setup.models.models)
    configs = [provider.get_config(setup.runtime.environ) for provider in setup.registry.get_all()]
    return [
        _provider(setup, config, counts[config.id])
        for config in configs
        if counts[config.id] or config.api_key_env is not None
    ]


def _provider(setup: Setup, config: ProviderConfig, models: int) -> ProviderHealth:
    status = status_of(setup.registry.get(config.id), setup.runtime)
    return ProviderHealth(
        id=config.id, name=config.name, state=status.state, reason=status.reason, models=models
    )
