"""Memory over many requests: it has to become level."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from bench.load import Outcome, Task, ask
from bench.plot import Line, lines
from bench.processes import resident_memory
from bench.systems import BenchError, System
from bench.works import BURST

MODEL: Final = "bench-10-0"
_BLOCKS: Final = 50
_STREAMED: Final = 10
"""Every tenth request is for a stream, of ten pieces."""


class Sample(Struct, frozen=True):
    """Resident memory in MB after so many requests."""

    requests: int
    memory: float


async def measure(system: System, requests: int, *, tell: Callable[[Sample], None]) -> list[Sample]:
    """Ask `requests` times, and look at the memory now and then. Wrong answers end it."""
    pid = system.pid
    if pid is None:
        raise BenchError(f"{system.name}: its process is not known")
    found = [Sample(0, resident_memory(pid))]
    block = max(_STREAMED, requests // _BLOCKS)
    while found[-1].requests < requests:
        streamed = block // _STREAMED
        for task in (
            _task(system, block - streamed, pieces=None),
            _task(system, streamed, pieces=10),
        ):
            _insist(system, await ask(task))
        found.append(Sample(found[-1].requests + block, resident_memory(pid)))
        tell(found[-1])
    return found


def _task(system: System, answers: int, *, pieces: int | None) -> Task:
    wire, _ = system.asked_in(BURST)
    return Task(
        port=system.port,
        wire=wire,
        model=MODEL,
        concurrency=32,
        pieces=pieces,
        answers=answers,
        headers=system.headers,
    )


def _insist(system: System, outcome: Outcome) -> None:
    if outcome.faults:
        raise BenchError(f"{system.name} gave wrong answers: {outcome.faults}")


def growth(found: list[Sample]) -> float:
    """Say by how many MB it grew from half of the requests to all of them."""
    return found[-1].memory - found[len(found) // 2].memory


def picture(name: str, found: list[Sample]) -> str:
    """Draw the memory over the requests."""
    points = tuple((float(sample.requests), sample.memory) for sample in found)
    return lines(
        f"Resident memory over {found[-1].requests:,} requests",
        [Line(name, points)],
        across="requests, every tenth a stream of ten chunks",
        up="MB",
    )
