"""`GET /api/v1/models`: the models people can choose."""

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from dragoman.config.facts import ModelEntry
from dragoman.services.providers import ProviderStatus, State, status_of
from dragoman.services.providers.narrowing import lacks
from dragoman.services.routing import Setup


class Model(BaseModel):
    """A model as a client sees it; windows and ceilings are in tokens, null where unknown.

    `capabilities` are what it is known to do, `lacks` what it is known not to do, and refused for;
    what is in neither is unknown. `efforts` are the words of reasoning effort that it takes, from
    the least; none at all: it thinks by a budget.

    `state` and `reason` are those of its provider: whether it can be asked now. With `no_key` it
    cannot, and `reason` names the variable that is missing. `refused`, `unreachable` and `limited`
    are what was heard of it at `checkedAt`: it may be asked all the same.
    """

    id: str
    name: str
    description: str
    provider: str
    default: bool
    contextWindow: int | None = None  # noqa: N815 - the API's spelling
    maxOutputTokens: int | None = None  # noqa: N815
    capabilities: list[str] | None = None
    lacks: list[str] | None = None
    efforts: list[str] | None = None
    state: State
    reason: str = ""
    checkedAt: datetime | None = None  # noqa: N815 - the API's spelling


class Models(BaseModel):
    """The models that are listed: first those that can be used, then those without a key.

    Both in the order of the configuration.
    """

    models: list[Model]


def models_router(setup: Callable[[], Setup]) -> APIRouter:
    """Make the router; `setup` gives the models as they are at this moment."""
    router = APIRouter(prefix="/api/v1", tags=["models"])

    @router.get("/models", summary="List the models")
    async def list_models() -> Models:
        """List every model, first those that can be used: exactly one of these is the default."""
        now = setup()
        return Models(models=[_model(entry, now) for entry in now.models.listed])

    return router


def _model(entry: ModelEntry, setup: Setup) -> Model:
    status = status_of(setup.registry.get(entry.provider), setup.runtime)
    return Model(
        id=entry.id,
        name=entry.name,
        description=entry.description,
        provider=entry.provider,
        default=entry.default,
        contextWindow=entry.context_window,
        maxOutputTokens=entry.max_output_tokens,
        capabilities=None if entry.capabilities is None else list(entry.capabilities),
        lacks=None if entry.capabilities is None else sorted(lacks(entry)),
        efforts=None if entry.efforts is None else list(entry.efforts),
        state=status.state,
        reason=status.reason,
        checkedAt=time_of(status),
    )


def time_of(status: ProviderStatus) -> datetime | None:
    """Give when a provider was last heard of; `None`: not yet."""
    return None if status.checked_at is None else datetime.fromtimestamp(status.checked_at, UTC)
