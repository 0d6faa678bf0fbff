"""How long to wait for the next thing, and what it is called when it does not come."""

import asyncio
from typing import Final

from dragoman.chat import Failure, UpstreamError
from dragoman.services.providers.transport import Timeouts

_LAST: Final = 0.2
"""Seconds to wait for the last bytes after a finished stream, so that its connection is kept."""


class Patience:
    """The limits of one call, on the clock of the running loop; `close` it when the call is over.

    Use it as a context for each time of waiting for the provider: only that is held against it.
    Leaving raises `UpstreamError` with the reason of the limit that ran out first; whatever leaves
    it with an error ends the call. One timer keeps them all: it is wound again when it rings too
    early, and not with every event. The task that makes it is the one that waits. `loop` is the
    running one, for whoever knows it: Python 3.11 asks the system for it.

    Raises `RuntimeError` outside a task.
    """

    def __init__(self, timeouts: Timeouts, loop: asyncio.AbstractEventLoop | None = None) -> None:
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("only a task can be patient")
        self._task = task
        self._timeouts = timeouts
        self._loop = task.get_loop()
        self._begun = self._since = self._loop.time()
        self._allowed, self._reason = timeouts.first_byte, "timeout_first_byte"
        self._timer: asyncio.TimerHandle | None = None
        self._rings = 0.0
        self._waits = 0
        self._over = self._goes_on = False

    def __enter__(self) -> None:
        self._waits += 1
        if self._timer is None:
            self._wind()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        self._waits -= 1
        if error is not None:
            self.close()
            if self._over and kind is asyncio.CancelledError:
                self._over = False  # one context alone takes back what the clock did
                if self._task.uncancel() <= 0:
                    raise self._ran_out() from error

    def close(self) -> None:
        """Be done: nothing rings any more."""
        if self._timer is not None:
            self._timer.cancel()

    def headers_came(self) -> None:
        """Wait for the first event from now on."""
        self._allow(self._timeouts.first_token, "timeout_first_token")

    def event_came(self) -> None:
        """Wait for the next event from now on."""
        self._since = self._loop.time()
        if not self._goes_on:
            self._goes_on = True
            self._allow(self._timeouts.idle, "timeout_idle")

    def all_came(self) -> None:
        """Wait a moment for what may follow, which nobody needs."""
        self._since = self._loop.time()
        self._allow(_LAST, "timeout_last")

    @property
    def _until(self) -> float:
        return min(self._since + self._allowed, self._begun + self._timeouts.total)

    def _allow(self, seconds: float, reason: str) -> None:
        is_longer = seconds >= self._allowed
        self._allowed, self._reason = seconds, reason
        if not is_longer and self._timer is not None and self._until < self._rings:
            self._timer.cancel()
            self._wind()

    def _wind(self) -> None:
        self._rings = self._until
        self._timer = self._loop.call_at(self._rings, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._loop.time() < self._until:
            self._wind()
        elif self._waits:
            self._over = True
            self._task.cancel()

    def _ran_out(self) -> UpstreamError:
        until, end = self._until, self._begun + self._timeouts.total
        reason = self._reason if until < end else "timeout_total"
        seconds = until - self._begun
        message = f"no answer in time ({reason.removeprefix('timeout_')}, {seconds:.3g} s)"
        return UpstreamError(Failure(reason=reason, message=message))
