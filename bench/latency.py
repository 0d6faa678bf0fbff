"""What one request more waits: Dragoman and nginx beside the upstream itself, one connection."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bench.compare import task_of
from bench.load import ask, quantile
from bench.questions import Wire
from bench.report import Ranged, ranged, table
from bench.systems import System
from bench.works import Work

WHOLE = Work(
    name="whole", title="whole answer", client=Wire.CHAT, upstream=Wire.CHAT, concurrency=1
)
FIRST = Work(
    name="first",
    title="first chunk of a stream",
    client=Wire.CHAT,
    upstream=Wire.CHAT,
    concurrency=1,
    pieces=10,
)


class Latency(Struct, frozen=True):
    """How long a system took in one round, in milliseconds; and by how much more than `direct`."""

    system: str
    work: str
    p50: float
    p99: float
    added_p50: float
    added_p99: float


async def measure(systems: Sequence[System], *, rounds: int, seconds: float) -> list[Latency]:
    """Measure in interleaved rounds; the first of `systems` is what the others are held against."""
    found = []
    for _ in range(rounds):
        for work in (WHOLE, FIRST):
            base: tuple[float, float] | None = None
            for system in systems:
                p50, p99 = await _one(work, system, seconds)
                base = base or (p50, p99)
                found.append(
                    Latency(system.name, work.name, p50, p99, p50 - base[0], p99 - base[1])
                )
    return found


async def _one(work: Work, system: System, seconds: float) -> tuple[float, float]:
    task = task_of(work, system, seconds=seconds)
    await ask(task_of(work, system, seconds=0.2))
    outcome = await ask(task)
    times = outcome.first if work.pieces else outcome.latencies
    if outcome.faults or not times:
        raise RuntimeError(f"{system.name} gave wrong answers: {outcome.faults}")
    return (quantile(times, 0.5) or 0) * 1000, (quantile(times, 0.99) or 0) * 1000


def written(found: Sequence[Latency]) -> str:
    """Give the table."""

    def of(name: str, work: Work) -> Iterator[Ranged | str | None]:
        runs = [one for one in found if (one.system, one.work) == (name, work.name)]
        yield work.title
        yield name
        yield ranged(one.p50 for one in runs)
        yield ranged(one.p99 for one in runs)
        yield ranged(one.added_p50 for one in runs)
        yield ranged(one.added_p99 for one in runs)

    names = list(dict.fromkeys(one.system for one in found))
    titles = ("until", "system", "p50 ms", "p99 ms", "added p50", "added p99")
    return table(titles, (list(of(name, work)) for work in (WHOLE, FIRST) for name in names))
