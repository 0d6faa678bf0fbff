"""Responses that programs may come back to: kept, found, gone on from, and forgotten in time."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final, NoReturn, Self

from msgspec.structs import replace

from dragoman.chat import InvalidInput, JsonObject
from dragoman.services.purging import purge_daily
from dragoman.services.routing import Elsewhere
from dragoman.storage import KeptResponse, Step, responses
from dragoman.storage.database import Database

DAY: Final = 24 * 60 * 60 * 1000
"""A day, in milliseconds."""


def _now() -> int:
    return time.time_ns() // 1_000_000


class ResponseService:
    """The responses of one database. Enter it, and what is too old goes, now and once a day.

    `days` tells for how many days a response is kept, at this moment; 0 is not at all. `now` gives
    the time in milliseconds since 1970.
    """

    def __init__(
        self, database: Database, *, days: Callable[[], int], now: Callable[[], int] = _now
    ) -> None:
        self._database = database
        self._days = days
        self._now = now
        self._purging: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._purging = asyncio.create_task(purge_daily(self.purge, "responses"))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._purging is not None:
            self._purging.cancel()
            with suppress(asyncio.CancelledError):
                await self._purging

    @property
    def keeps(self) -> bool:
        """Whether responses are kept at all."""
        return self._days() > 0

    async def make_ready(self) -> None:
        """See that something can be stored, if the last time it could not.

        To be done before a model is asked: an answer that cannot be kept is paid for in vain.
        Raises `StorageError`.
        """
        if self._database.health.trouble is not None:
            await self._database.write(responses.probe)

    async def keep(self, response: KeptResponse, *, after: Sequence[Step] = ()) -> None:
        """Store a response that goes on from the last of `after`, as of now.

        It is on the disk when this returns. Raises `StorageError`.
        """
        dated = replace(response, created_at=self._now())
        await self._database.write(lambda c: responses.keep(c, dated, after=after))

    async def get(self, response_id: str) -> KeptResponse:
        """Give a response. Raises `InvalidInput` (404), `StorageError`."""
        since = self._since()
        found = await self._database.read(lambda c: responses.get(c, response_id, since=since))
        if found is None:
            raise _unknown(response_id)
        return found

    async def steps(self, response_id: str) -> tuple[Step, ...]:
        """Give what was said from the beginning to a response, it included; raises like `get`."""
        since = self._since()
        found = await self._database.read(lambda c: responses.steps(c, response_id, since=since))
        if not found:
            raise _unknown(response_id)
        return found

    async def items(self, ids: Collection[str]) -> dict[str, JsonObject]:
        """Find items of kept answers by their ids. Raises `InvalidInput` (404), `StorageError`."""
        since = self._since()
        found = await self._database.read(lambda c: responses.items(c, ids, since=since))
        for missing in (id_ for id_ in ids if id_ not in found):
            problem = f"Item with id '{missing}' not found."
            raise InvalidInput("input", problem, status=404, reason="not_found")
        return found

    async def delete(self, response_id: str) -> None:
        """Forget a response; what goes on from it keeps what was said. Raises like `get`."""
        await self.get(response_id)
        await self._database.write(lambda c: responses.forget(c, response_id))

    async def purge(self) -> int:
        """Forget what was kept long enough; tell how many responses that were."""
        before = self._since()
        return await self._database.write(lambda c: responses.purge(c, before=before))

    def _since(self) -> int:
        return self._now() - self._days() * DAY


def _unknown(response_id: str) -> InvalidInput:
    problem = f"Response with id '{response_id}' not found."
    return InvalidInput("", problem, status=404, reason="not_found")


class ResponsesElsewhere(ResponseService):
    """Responses that another process keeps: whoever needs anything of them is told `Elsewhere`."""

    def __init__(self) -> None:
        """Know nothing, for there is nothing here."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise Elsewhere
