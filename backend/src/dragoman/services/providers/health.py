"""How providers do: what a request or a check last heard of them.

    a request, a check ─▶ Health.well, Health.failed ─▶ status_of ─▶ what clients are told

Nothing here asks anybody: a list of models is told from memory, however many providers are out of
reach.
"""

import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from dragoman.chat import Category, LLMServiceError
from dragoman.services.providers.base import (
    Background,
    BaseProvider,
    ProviderConfig,
    ProviderStatus,
    Runtime,
    State,
)

_MEANS: Final[dict[Category, State]] = {
    Category.AUTHENTICATION: State.REFUSED,
    Category.CONNECTION: State.UNREACHABLE,
    Category.RATE_LIMIT: State.LIMITED,
    Category.QUOTA_EXHAUSTED: State.LIMITED,
}
"""What an error says of its whole provider; the others say something of one request."""

_SILENT: Final = frozenset(
    {Category.BAD_RESPONSE, Category.OVERLOADED, Category.PERMISSION, Category.TIMEOUT}
)
"""Errors that leave open whether the next request fares better."""

_LIMITED_FOR: Final = 60.0
"""Seconds that a limit is believed in where nobody said how long it lasts."""


class Heard(Struct, frozen=True):
    """What was heard of a provider, and when; `until` is when it stops being true by itself.

    Both are seconds since 1970.
    """

    status: ProviderStatus
    until: float | None = None


class Health:
    """What was last heard of each provider, as it was set up then."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._heard: dict[str, tuple[ProviderConfig, Heard]] = {}

    def well(self, config: ProviderConfig) -> None:
        """Remember that a provider answered."""
        self._remember(config, ProviderStatus(State.READY, checked_at=self._now()))

    def failed(self, config: ProviderConfig, error: LLMServiceError) -> None:
        """Remember what an error says of its provider, if it says anything."""
        state = _MEANS.get(error.category)
        if state is not None:
            status = ProviderStatus(state, str(error), checked_at=self._now())
            wait = _LIMITED_FOR if error.retry_after is None else error.retry_after
            until = self._now() + wait if state is State.LIMITED else None
            self._remember(config, status, until)
        elif error.status is not None and error.category not in _SILENT:
            # It answered, and took the key: it is the request that it did not like.
            self.well(config)

    def status(self, config: ProviderConfig) -> ProviderStatus | None:
        """Give what was last heard; `None` if nothing was, or if it is set up otherwise now."""
        known, heard = self._heard.get(config.id, (None, None))
        if heard is None or known != config:
            return None
        if heard.until is not None and self._now() >= heard.until:
            return ProviderStatus(State.READY, checked_at=heard.status.checked_at)
        return heard.status

    def _remember(
        self, config: ProviderConfig, status: ProviderStatus, until: float | None = None
    ) -> None:
        self._heard[config.id] = (config, Heard(status, until))

    async def close(self) -> None:
        """Nothing runs, so nothing ends."""


def health_of(runtime: Runtime) -> Health:
    """Give what is kept beside the server, across reloads."""
    return runtime.engines.get(Health, Health, Health)


def status_of(provider: BaseProvider, runtime: Runtime) -> ProviderStatus:
    """Tell whether a provider can be used now, as far as that is known; asks nobody."""
    config = provider.get_config(runtime.environ)
    if not config.enabled:
        return ProviderStatus(State.NO_KEY, f"set {' and '.join(config.wants)}")
    if isinstance(provider, Background):
        try:
            return provider.get_status(runtime)
        except Exception as error:  # noqa: BLE001 - a careless plugin must not hide the others
            return ProviderStatus(State.FAILED, f"{type(error).__name__}: {error}")
    return health_of(runtime).status(config) or ProviderStatus(State.READY)
