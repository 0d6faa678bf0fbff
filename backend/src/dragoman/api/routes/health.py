"""`GET /health`: whether the server is well, and which providers can be used."""

from collections.abc import Callable

from fastapi import APIRouter
from pydantic import BaseModel

from dragoman.api.routes.providers import Provider, providers_of
from dragoman.config import ConfigurationStatus
from dragoman.services.routing import Setup
from dragoman.storage import Trouble


class Health(BaseModel):
    """The server's own health; `config` is `stale` while a changed file cannot be taken over.

    `storage` is `ok`, or the reason for which the last attempt to store something failed.
    """

    status: str = "ok"
    config: str
    configReason: str | None = None  # noqa: N815 - the API's spelling
    storage: str = "ok"
    inFlight: int  # noqa: N815
    models: int
    providers: list[Provider]


def health_router(
    setup: Callable[[], Setup],
    config: Callable[[], ConfigurationStatus],
    trouble: Callable[[], Trouble | None],
    in_flight: Callable[[], int],
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
            storage=str(trouble() or "ok"),
            inFlight=in_flight(),
            models=len(now.models.models),
            providers=providers_of(now),
        )

    return router
