"""What a running process and its children have used: time of the processor, and memory.

Linux only, by /proc (proc(5)).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


def tree(pid: int) -> Iterator[int]:
    """Give a process and all that came from it."""
    yield pid
    with suppress(OSError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                for child in (thread / "children").read_text().split():
                    yield from tree(int(child))


def has_ended(pid: int) -> bool:
    """Tell whether a process is over, though nobody may have asked for its exit code yet."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def processor_time(pid: int) -> float:
    """Give the seconds that the tree's threads have run, in the kernel and outside of it."""
    return sum(map(_time_of, tree(pid)))


def _time_of(pid: int) -> float:
    """By nanoseconds where the kernel counts them, else by its ticks of 10 ms."""
    try:
        threads = list((_PROC / str(pid) / "task").iterdir())
        counted = [int((thread / "schedstat").read_text().split()[0]) for thread in threads]
        if any(counted):
            return sum(counted) / 1e9
    except OSError:
        pass
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def busy_time(cpu: int) -> float | None:
    """Give the seconds that a processor was busy since the machine started, if it is told."""
    for line in (_PROC / "stat").read_text().splitlines():
        name, *counts = line.split()
        if name == f"cpu{cpu}":
            user, nice, system, _, _, interrupts, soft, stolen = map(int, counts[:8])
            return (user + nice + system + interrupts + soft + stolen) / _TICK
    return None


def forget_peak(pid: int) -> None:
    """Let the peak of memory be counted anew from now on."""
    for process in tree(pid):
        with suppress(OSError):
            (_PROC / str(process) / "clear_refs").write_text("5")


def peak_memory(pid: int) -> float:
    """Give the sum of the tree's peaks of resident memory, in MB: shared pages count for each."""
    return _memory(pid, "status", "VmHWM:")


def resident_memory(pid: int) -> float:
    """Give the tree's resident memory in MB; of several processes, shared pages count once."""
    processes = list(tree(pid))
    if len(processes) == 1:
        return _memory(pid, "status", "VmRSS:")
    return _memory(pid, "smaps_rollup", "Pss:")


def _memory(pid: int, file: str, name: str) -> float:
    total = 0
    for process in tree(pid):
        with suppress(OSError):
            for line in (_PROC / str(process) / file).read_text().splitlines():
                if line.startswith(name):
                    total += int(line.split()[1])
    return total / 1024


@cache
def processors() -> tuple[int, int] | None:
    """Give a processor for the gateway and another for everything else; None if there is one.

    Looked up once, for this process is soon held to one of them itself.
    """
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[-1]) if len(usable) > 1 else None


@contextmanager
def pinned(cpu: int | None) -> Iterator[None]:
    """Run on one processor for a while: what is started meanwhile stays there."""
    before = os.sched_getaffinity(0)
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def listener_on(port: int) -> int | None:
    """Find the process that listens on a port of 127.0.0.1, if it is one of ours."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    sockets.add(f"socket:[{fields[9]}]")
    owners = [pid for pid in _own_processes() if sockets & set(_open_files(pid))]
    return min(owners, default=None)


def _own_processes() -> Iterator[int]:
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            yield int(folder.name)


def _open_files(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for file in (_PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                yield str(file.readlink())
