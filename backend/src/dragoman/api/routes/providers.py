"""`GET /api/v1/providers`: whose models there are, and what is missing for the others."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from dragoman.api.routes.models import time_of
from dragoman.services.providers import State, status_of
from dragoman.services.routing import Setup


class Provider(BaseModel):
    """A provider: whether it can be used now, and why not.

    `keyVariable` holds its key, or its address where only that is missing. `checkedAt` is when it
    was last heard of, by a request or a check; null: not yet.
    """

    id: str
    name: str
    state: State
    reason: str = ""
    checkedAt: datetime | None = None  # noqa: N815 - the API's spelling
    keyVariable: str | None = None  # noqa: N815 - the API's spelling
    models: int


class Providers(BaseModel):
    """The providers that answer for a model, and those that a key would enable."""

    providers: list[Provider]


def providers_of(setup: Setup) -> list[Provider]:
    """List the providers that answer for a model, and those that a key would enable."""
    counts = Counter(entry.provider for entry in setup.models.models)
    listed = []
    for provider in setup.registry.get_all():
        config = provider.get_config(setup.runtime.environ)
        if counts[config.id] or config.api_key_env is not None:
            status = status_of(provider, setup.runtime)
            listed.append(
                Provider(
                    id=config.id,
                    name=config.name,
                    state=status.state,
                    reason=status.reason,
                    checkedAt=time_of(status),
                    # Whoever has a key may still lack the address, which the page tells alike.
                    keyVariable=config.wants[0] if config.wants else config.api_key_env,
                    models=counts[config.id],
                )
            )
    return listed


def providers_router(setup: Callable[[], Setup]) -> APIRouter:
    """Make the router; `setup` gives the models as they are at this moment."""
    router = APIRouter(prefix="/api/v1", tags=["models"])

    @router.get("/providers", summary="List the providers")
    async def list_providers() -> Providers:
        """List the providers that answer for a model, and those that a key would enable."""
        return Providers(providers=providers_of(setup()))

    return router
