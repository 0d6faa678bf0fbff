"""How long it takes to begin: help on the command line, and a server that answers."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from msgspec import Struct

from bench.processes import processor_time, resident_memory, tree
from bench.systems import Place, dragoman

_IDLE: Final = 3.0
"""Seconds after which a server has done what it does once, a second after its start."""


class Taken(Struct, frozen=True):
    """Seconds by the clock, and of a processor."""

    wall: float
    processor: float


class Start(Struct, frozen=True):
    """Medians, idle MB and processes.

    `first` is the only start that has a database to make; `ready` are the others, until /health
    answers. `yardstick` is what it takes to import FastAPI, measured in between: it tells how fast
    the machine is at that moment.
    """

    help: Taken
    first: Taken
    ready: Taken
    yardstick: Taken
    memory: float
    processes: int


class _Run(Struct, frozen=True):
    taken: Taken
    memory: float
    processes: int


def measure(command: Sequence[str], place: Place, *, times: int) -> Start:
    """Start and end it once, and then so many times."""
    first = _serve(command, place)
    program = command[: command.index("serve")] if "serve" in command else command
    helped, ready, yards = [], [], []
    for _ in range(times):
        helped.append(_run([*program, "--help"], place))
        yards.append(_run([sys.executable, "-c", "import fastapi"], place))
        ready.append(_serve(command, place))
    return Start(
        help=_typical(helped),
        first=first.taken,
        ready=_typical([one.taken for one in ready]),
        yardstick=_typical(yards),
        memory=median(one.memory for one in ready),
        processes=max(one.processes for one in ready),
    )


def _serve(command: Sequence[str], place: Place) -> _Run:
    begun = time.perf_counter()
    with dragoman(command, place, name="start") as system:
        pid = system.pid or 0
        taken = Taken(time.perf_counter() - begun, processor_time(pid))
        time.sleep(_IDLE)
        return _Run(taken, resident_memory(pid), len(list(tree(pid))))


def _run(command: Sequence[str], place: Place) -> Taken:
    used, begun = _of_children(), time.perf_counter()
    subprocess.run(  # noqa: S603 - what the caller names
        command, env=place.environ, capture_output=True, check=True
    )
    return Taken(time.perf_counter() - begun, _of_children() - used)


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _typical(found: Sequence[Taken]) -> Taken:
    def middle(of: Callable[[Taken], float]) -> float:
        return median(of(one) for one in found)

    return Taken(middle(lambda one: one.wall), middle(lambda one: one.processor))
