"""Interleaved rounds: every work, asked of every system in turn, its processor time counted."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from bench.load import Outcome, Task, ask, quantile
from bench.processes import busy_time, forget_peak, peak_memory, processor_time, processors
from bench.questions import Wire
from bench.systems import Kind, System
from bench.works import Work

_WARM: Final = 0.25
"""Seconds of load before a run, that nothing is told of."""
_SETTLE: Final = 0.05


class Measured(Struct, frozen=True, kw_only=True):
    """One run: a system, a work, a round. Times are in milliseconds, costs in microseconds.

    `cost` is the processor time of the system's processes for each answer or, of streams, for each
    chunk, setting the stream up included. `peak` is in MB. `disturbed` is the share of the run in
    which the system's processor was busy with something else.
    """

    system: str
    work: str
    round: int
    right: int
    faults: dict[str, int]
    per_second: float
    cost: float | None
    p50: float | None
    p99: float | None
    first_p50: float | None
    first_p99: float | None
    peak: float | None
    disturbed: float | None
    octets: int


def task_of(work: Work, system: System, *, seconds: float) -> Task:
    """Say what is asked of a system for a work."""
    wire, model = system.asked_in(work)
    return Task(
        port=system.port,
        wire=wire,
        model=model,
        concurrency=work.concurrency,
        pieces=work.pieces,
        seconds=None if work.answers else seconds,
        answers=work.answers,
        headers=system.headers,
    )


def can(system: System, work: Work) -> bool:
    """Tell whether a system can be asked for a work: Dragoman's own API is Dragoman's alone."""
    known = system.kind is Kind.RELAY or system.is_dragoman
    return known or work.client is not Wire.OWN


async def measure(system: System, work: Work, number: int, *, seconds: float) -> Measured:
    """Warm up, then measure one run."""
    task = task_of(work, system, seconds=seconds)
    await _warm(task)
    pid = system.pid
    cpus = processors()
    if pid is not None:
        forget_peak(pid)
    busy = busy_time(cpus[0]) if cpus else None
    used = 0.0 if pid is None else processor_time(pid)
    outcome = await ask(task)
    await asyncio.sleep(_SETTLE)  # what was put off until after the answer belongs to it
    used = 0.0 if pid is None else processor_time(pid) - used
    after = busy_time(cpus[0]) if cpus else None
    units = outcome.right * (work.pieces or 1)
    return Measured(
        system=system.name,
        work=work.name,
        round=number,
        right=outcome.right,
        faults=outcome.faults,
        per_second=outcome.right / outcome.elapsed,
        cost=used / units * 1e6 if pid is not None and units else None,
        p50=_ms(outcome, 0.5),
        p99=_ms(outcome, 0.99),
        first_p50=_ms(outcome, 0.5, first=True) if work.pieces else None,
        first_p99=_ms(outcome, 0.99, first=True) if work.pieces else None,
        peak=None if pid is None else peak_memory(pid),
        disturbed=(
            None
            if busy is None or after is None
            else max(0.0, after - busy - used) / outcome.elapsed
        ),
        octets=outcome.octets // outcome.right if outcome.right else 0,
    )


async def _warm(task: Task) -> None:
    few = min(task.concurrency, 16)
    await ask(
        Task(
            port=task.port,
            wire=task.wire,
            model=task.model,
            concurrency=few,
            pieces=task.pieces,
            seconds=_WARM,
            headers=task.headers,
        )
    )


def _ms(outcome: Outcome, share: float, *, first: bool = False) -> float | None:
    found = quantile(outcome.first if first else outcome.latencies, share)
    return None if found is None else found * 1000


def order(systems: Sequence[System], number: int) -> Iterator[System]:
    """Let another system begin in each round."""
    begin = number % len(systems)
    yield from (*systems[begin:], *systems[:begin])


async def compare(
    systems: Sequence[System],
    works: Sequence[Work],
    *,
    rounds: int,
    seconds: float,
    tell: Callable[[Measured], None],
) -> list[Measured]:
    """Measure everything, `rounds` times over."""
    found = []
    for number in range(rounds):
        for work in works:
            for system in order(systems, number):
                if can(system, work):
                    one = await measure(system, work, number, seconds=seconds)
                    tell(one)
                    found.append(one)
    return found
