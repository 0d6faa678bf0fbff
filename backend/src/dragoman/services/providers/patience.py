"""How long to wait for the next thing, and what it is called when it does not come."""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Generic, Self, TypeVar

from dragoman.chat import Failure, UpstreamError
from dragoman.services.providers.transport import Timeouts

T = TypeVar("T")


class Patience:
    """The limits of one call, on the clock of the running loop. Use it as a context, for that long.

    One timer keeps them all: it is wound again when it rings too early, and not with every event.
    Only what is spent in `wait` is held against the provider. The task that makes it is the one
    that waits. `loop` is the running one, for whoever knows it: Python 3.11 asks the system for it.

    Raises `RuntimeError` outside a task.
    """

    def __init__(self, timeouts: Timeouts, loop: asyncio.AbstractEventLoop | None = None) -> None:
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("only a task can be patient")
        self._task = task
        self._timeouts = timeouts
        self._loop = task.get_loop()
        self._begun = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._rings = 0.0
        self._waits = False
        self._over = False
        self._allow(self._begun + timeouts.first_byte, "timeout_first_byte")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def headers_came(self) -> None:
        """Wait for the first event from now on."""
        self._allow(self._begun + self._timeouts.first_token, "timeout_first_token")

    def event_came(self) -> None:
        """Wait for the next event from now on."""
        self._allow(self._loop.time() + self._timeouts.idle, "timeout_idle")

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Await; raises `UpstreamError` with the reason of the limit that ran out first."""
        self._waits = True
        if self._timer is None:
            self._wind()
        try:
            return await awaitable
        except asyncio.CancelledError as error:
            if not self._over or self._task.uncancel() > 0:
                raise
            raise self._ran_out() from error
        finally:
            self._waits = False

    def entering(self, context: AbstractAsyncContextManager[T]) -> AbstractAsyncContextManager[T]:
        """Give `context`, so that entering it is a `wait`."""
        return _Entering(self, context)

    def _allow(self, until: float, reason: str) -> None:
        end = self._begun + self._timeouts.total
        self._until, self._reason = (until, reason) if until < end else (end, "timeout_total")
        if self._timer is not None and self._until < self._rings:
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
        seconds = self._until - self._begun
        message = f"no answer in time ({self._reason.removeprefix('timeout_')}, {seconds:.3g} s)"
        return UpstreamError(Failure(reason=self._reason, message=message))


class _Entering(Generic[T]):
    def __init__(self, patience: Patience, context: AbstractAsyncContextManager[T]) -> None:
        self._patience = patience
        self._context = context

    async def __aenter__(self) -> T:
        return await self._patience.wait(self._context.__aenter__())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._context.__aexit__(kind, error, trace)
