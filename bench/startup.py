"""How long it takes to begin: help on the command line, and a server that answers."""

import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from msgspec import Struct

from bench.processes import resident_memory, tree
from bench.systems import Place, dragoman


class Start(Struct, frozen=True):
    """Medians: seconds until the help was told and until /health answered, idle MB, processes."""

    help: float
    ready: float
    memory: float
    processes: int


def measure(command: Sequence[str], place: Place, *, times: int) -> Start:
    """Start and end it so many times."""
    helped, ready, memory, processes = [], [], [], []
    for number in range(times):
        helped.append(_help(command, place))
        with ExitStack() as stack:
            begun = time.perf_counter()
            system = stack.enter_context(dragoman(command, place, name=f"start-{number}"))
            ready.append(time.perf_counter() - begun)
            time.sleep(2)
            memory.append(resident_memory(system.pid or 0))
            processes.append(len(list(tree(system.pid or 0))))
    return Start(median(helped), median(ready), median(memory), max(processes))


def _help(command: Sequence[str], place: Place) -> float:
    program = command[: command.index("serve")] if "serve" in command else command
    begun = time.perf_counter()
    subprocess.run(  # noqa: S603 - what the caller names
        [*program, "--help"], env=place.environ, capture_output=True, check=True
    )
    return time.perf_counter() - begun
