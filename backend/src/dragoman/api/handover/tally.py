"""How much is under way in all workers together: memory that they share, a number of each."""

import mmap

from dragoman.api.relay import Meter


class Tally:
    """Make it before the workers are forked; each then counts in a `meter` of its own."""

    def __init__(self, workers: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")[:workers]

    def meter(self, worker: int) -> Meter:
        """Give the meter of a worker, from 0, which begins again at nothing."""
        return _SharedMeter(self._counts, worker)

    @property
    def total(self) -> int:
        """What is under way in all of them."""
        return sum(self._counts)


class _SharedMeter(Meter):
    def __init__(self, counts: memoryview, worker: int) -> None:
        self._counts = counts
        self._worker = worker
        super().__init__()

    @property
    def running(self) -> int:
        """What is under way in this worker."""
        return self._counts[self._worker]

    @running.setter
    def running(self, number: int) -> None:
        self._counts[self._worker] = number
