"""Asking providers now and then how they do, so that nobody who waits has to."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Final

import structlog
from msgspec.structs import replace

from dragoman.services.providers import BaseProvider, Runtime
from dragoman.services.providers.base import Discovers
from dragoman.services.providers.health import health_of
from dragoman.services.providers.transport import Timeouts
from dragoman.services.routing import Setup

EVERY: Final = 300.0
"""Seconds after which a provider of whom nothing was heard is asked."""
_LOOK: Final = 15.0
"""Seconds between two looks at whose turn it is."""
_log: Final = structlog.get_logger("dragoman")

_PATIENCE: Final = Timeouts(connect=5.0, first_byte=15.0, first_token=15.0, idle=10.0, total=20.0)


class ProviderChecks:
    """Asks each provider of a listed model for its own list, which costs nothing.

    Nobody is asked who was heard of, by a request or a check, within the last `every` seconds.
    """

    def __init__(
        self,
        setup: Callable[[], Setup],
        *,
        wanted: Callable[[], bool],
        every: float = EVERY,
        look: float = _LOOK,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._setup = setup
        self._wanted = wanted
        self._every = every
        self._look = look
        self._now = now
        self._since = now()

    async def run(self) -> None:
        """Look on until cancelled; never fails."""
        while True:
            await asyncio.sleep(self._look)
            try:
                if self._wanted():
                    await self.check()
            except Exception as error:  # noqa: BLE001 - a careless plugin must not end the checks
                _log.warning("providers_not_checked", error=f"{type(error).__name__}: {error}")

    async def check(self) -> None:
        """Ask all whose turn it is, at once."""
        setup = self._setup()
        runtime = replace(setup.runtime, timeouts=_PATIENCE)
        due = list(self._due(setup))
        await asyncio.gather(*(_ask(provider, lists, runtime) for provider, lists in due))

    def _due(self, setup: Setup) -> Iterator[tuple[BaseProvider, Discovers]]:
        health = health_of(setup.runtime)
        for name in sorted({entry.provider for entry in setup.models.models}):
            provider = setup.registry.get(name)
            known = health.status(provider.get_config(setup.runtime.environ))
            last = self._since if known is None else known.checked_at or 0.0
            if isinstance(provider, Discovers) and self._now() - last >= self._every:
                yield provider, provider


async def _ask(provider: BaseProvider, lists: Discovers, runtime: Runtime) -> None:
    config, health = provider.get_config(runtime.environ), health_of(runtime)
    try:
        await lists.list_models(runtime)
    except Exception as error:  # noqa: BLE001 - the provider judges it, whatever it is
        health.failed(config, provider.map_error(error))
    else:
        health.well(config)
