"""An event loop in a thread of its own: it tends its connections while the person is typing.

The main thread keeps what belongs to it, the keyboard and Ctrl-C. It lends work to the loop and
waits; a Ctrl-C in between ends the work, and not the loop.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Any, Final, Self, TypeVar, final

T = TypeVar("T")

FAREWELL: Final = 10.0  # seconds for what is still running to end
DOZE: Final = 0.2  # seconds after which a Ctrl-C is noticed at the latest


@final
class LoopThread:
    """Enter it in the main thread; leaving it ends what was kept, the last first."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon: if something will not end, the program still can.
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="loop")
        self._kept: list[tuple[asyncio.Event, Future[None]]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for leaving, kept in reversed(self._kept):
            self._loop.call_soon_threadsafe(leaving.set)
            with suppress(TimeoutError):
                kept.result(FAREWELL)
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_end_the_rest(), self._loop).result(FAREWELL)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(FAREWELL)
        if not self._thread.is_alive():
            self._loop.close()

    def keep(self, context: AbstractAsyncContextManager[T]) -> T:
        """Enter `context` in the loop, in a task that stays in it until this thread is left."""
        entered: Future[T] = Future()
        leaving = asyncio.Event()
        kept = asyncio.run_coroutine_threadsafe(_stay(context, entered, leaving), self._loop)
        self._kept.append((leaving, kept))
        return entered.result()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Have `work` done, and give what it gives.

        A Ctrl-C cancels it: `KeyboardInterrupt` is raised once it has let go of everything.
        """
        outcome: Future[T] = Future()
        running: list[asyncio.Task[T]] = []

        def begin() -> None:
            running.append(self._loop.create_task(work))
            running[0].add_done_callback(partial(_hand_over, outcome))

        def end() -> None:
            if running:
                running[0].cancel()
            else:  # Ctrl-C came before anything was begun
                work.close()
                _cancel(outcome)

        try:
            self._loop.call_soon_threadsafe(begin)
            # A signal that comes just before a thread falls asleep does not wake it: so it dozes.
            while not outcome.done():
                wait([outcome], DOZE)
            return outcome.result()
        except KeyboardInterrupt:
            self._loop.call_soon_threadsafe(end)
            wait([outcome], FAREWELL)
            raise


async def _stay(
    context: AbstractAsyncContextManager[T], entered: Future[T], leaving: asyncio.Event
) -> None:
    try:
        async with context as inside:
            entered.set_result(inside)
            await leaving.wait()
    except Exception as error:
        if entered.done():
            raise
        entered.set_exception(error)


async def _end_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def _hand_over(outcome: Future[T], task: asyncio.Task[T]) -> None:
    if task.cancelled():
        _cancel(outcome)
    elif error := task.exception():
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())


def _cancel(outcome: Future[T]) -> None:
    outcome.cancel()
    outcome.set_running_or_notify_cancel()
