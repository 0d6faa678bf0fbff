"""The watch over the configuration's files: a change is taken over whole, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal, final

import structlog
from msgspec import Struct

from .errors import ConfigurationError
from .settings import Configuration
from .sources import FileSeen, look_at

logger: Final = structlog.get_logger(__name__)

INTERVAL: Final = 1.0
# An editor empties a file before it fills it: what still changes is not read.
SETTLED_AFTER: Final = 0.1
_MOST_LOOKS: Final = 5

Reload = Callable[[Configuration], Awaitable[None]]


class ConfigurationStatus(Struct, frozen=True):
    """How fresh the configuration in use is.

    `stale` means that the files were changed and could not be taken over: `reason` is the whole
    message, and the last good configuration is in use. `reloads` and `failures` count since the
    start.
    """

    state: Literal["ok", "stale"] = "ok"
    reason: str | None = None
    reloads: int = 0
    failures: int = 0


@final
class ConfigurationWatcher:
    """Looks at the configuration's files every second, and has a change taken over.

    `load` reads the configuration anew, as it was read at the start; `reload` puts it to use.
    Either may raise `ConfigurationError`: then nothing changes but `status`, until the files
    change again. Files that were missing are watched too.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        load: Callable[[], Configuration],
        reload: Reload,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        interval: float = INTERVAL,
    ) -> None:
        self._seen = configuration.looked_at
        self._load = load
        self._reload = reload
        self._sleep = sleep
        self._interval = interval
        self._status = ConfigurationStatus()

    @property
    def status(self) -> ConfigurationStatus:
        """How fresh the configuration in use is."""
        return self._status

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self._sleep(self._interval)
            await self.look()

    async def look(self) -> bool:
        """Look once; give whether a change was taken over."""
        now = await self._look_at_files()
        if now == self._seen:
            return False
        now = await self._settled(now)
        if now == self._seen:
            return False
        self._seen = now
        try:
            configuration = await asyncio.to_thread(self._load)
            # What was read counts as seen: a change in between is found by the next look.
            self._seen = configuration.looked_at
            await self._reload(configuration)
        except ConfigurationError as error:
            self._fail(str(error))
            logger.warning("configuration_kept", reason="reload_failed", problems=error.problems)
            return False
        except Exception as error:
            # The watch must outlive a mistake in our own code: it would end without a sound.
            self._fail(f"the new configuration could not be put to use ({type(error).__name__})")
            logger.exception("configuration_kept", reason="reload_failed")
            return False
        self._status = ConfigurationStatus("ok", None, self._status.reloads + 1, self._failures)
        logger.info("configuration_reloaded", files=[str(path) for path in configuration.sources])
        return True

    @property
    def _failures(self) -> int:
        return self._status.failures

    def _fail(self, reason: str) -> None:
        self._status = ConfigurationStatus(
            "stale", reason, self._status.reloads, self._failures + 1
        )

    async def _settled(self, seen: tuple[FileSeen, ...]) -> tuple[FileSeen, ...]:
        for _ in range(_MOST_LOOKS):
            await self._sleep(SETTLED_AFTER)
            now = await self._look_at_files()
            if now == seen:
                break
            seen = now
        return now

    async def _look_at_files(self) -> tuple[FileSeen, ...]:
        paths = [seen.path for seen in self._seen]
        return tuple(await asyncio.to_thread(lambda: [look_at(path) for path in paths]))
