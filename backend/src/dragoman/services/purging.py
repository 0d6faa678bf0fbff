"""Deleting for good, once a day, what was kept long enough."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from dragoman.storage import StorageError

_DAY: Final = 24 * 60 * 60.0
_log: Final = structlog.get_logger("dragoman.storage")


async def purge_daily(purge: Callable[[], Awaitable[int]], kind: str) -> None:
    """Do `purge` now and then once a day, for ever; it tells how many of a `kind` it deleted."""
    while True:
        try:
            if count := await purge():
                _log.info("purged", **{kind: count})
        except StorageError as error:
            _log.warning("purge_failed", kind=kind, reason=str(error.trouble))
        await asyncio.sleep(_DAY)
