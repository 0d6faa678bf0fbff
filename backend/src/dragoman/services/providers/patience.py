"""How long to wait for the next thing, and what it is called when it does not come."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from dragoman.chat import Failure, UpstreamError
from dragoman.services.providers.transport import Timeouts

T = TypeVar("T")


class Patience:
    """The limits of one call, on the clock of the running loop."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._clock = asyncio.get_running_loop().time
        self._begun = self._clock()
        self._until = self._begun + timeouts.first_byte
        self._reason = "timeout_first_byte"

    def headers_came(self) -> None:
        """Wait for the first event from now on."""
        self._until = self._begun + self._timeouts.first_token
        self._reason = "timeout_first_token"

    def event_came(self) -> None:
        """Wait for the next event from now on."""
        self._until = self._clock() + self._timeouts.idle
        self._reason = "timeout_idle"

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Await; raises `UpstreamError` with the reason of the limit that ran out first."""
        end = self._begun + self._timeouts.total
        until, reason = min((self._until, self._reason), (end, "timeout_total"))
        try:
            async with asyncio.timeout_at(until):
                return await awaitable
        except TimeoutError as error:
            seconds = until - self._begun
            message = f"no answer in time ({reason.removeprefix('timeout_')}, {seconds:.3g} s)"
            raise UpstreamError(Failure(reason=reason, message=message)) from error
