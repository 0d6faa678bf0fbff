"""How much is under way in all workers together: memory that they share, a number of each."""

import asyncio
import mmap

from dragoman.api.relay import Meter


class Tally:
    """Make it before the workers are forked; each then counts in a `meter` of its own."""

    def __init__(self, workers: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")[:workers]

    def meter(self, worker: int) -> Meter:
        """Give the meter of a worker, from 0, which begins again at nothing."""
        self._counts[worker] = 0
        return _SharedMeter(self._counts, worker)

    @property
    def total(self) -> int:
        """What is under way in all of them."""
        return sum(self._counts)


class _SharedMeter(Meter):
    def __init__(self, counts: memoryview, worker: int) -> None:
        super().__init__()
        self._counts = counts
        self._worker = worker

    def __enter__(self) -> None:
        super().__enter__()
        self._counts[self._worker] = self.running

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._counts[self._worker] = self.running

    def until(self, task: asyncio.Task[None]) -> None:
        self.__enter__()
        task.add_done_callback(self.__exit__)
