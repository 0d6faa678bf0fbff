"""Programs beside the tests: each a process of its own, with a log, and looked at while it runs."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

PATIENCE: Final = 30.0
"""Seconds that a program may take to start, or to do what it was told."""

_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+(?=\s)")


class Program:
    """A running program whose output goes to files."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, log: Path) -> None:
        self._process = process
        self._out = out
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """What it wrote to standard output."""
        return self._out.read_text("utf-8", "replace")

    @property
    def log(self) -> str:
        """What it wrote to standard error."""
        return self._log.read_text("utf-8", "replace")

    @property
    def address(self) -> str:
        """The first address it named."""
        found = _ADDRESS.search(self.said)
        assert found, f"no address yet\n{self.said}\n{self.log}"
        return found[0]

    def wait_for_address(self) -> None:
        eventually(lambda: _ADDRESS.search(self.said) or not self.alive)
        assert self.alive, f"it ended at once\n{self.said}\n{self.log}"

    def kill(self) -> None:
        """End it as the system does when memory runs out: it gets no chance to tidy up."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def end(self) -> int:
        """Ask it to end; give its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextmanager
def running_program(
    command: Sequence[str | Path], *, environ: Mapping[str, str], folder: Path
) -> Iterator[Program]:
    """Run a program in `folder`, with this environment and no other."""
    out, log = folder / "out.txt", folder / "log.txt"
    with out.open("wb") as stdout, log.open("wb") as stderr:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), **environ},
        )
    program = Program(process, out, log)
    try:
        yield program
    finally:
        if program.alive:
            program.end()


def dragoman_command(*words: str) -> list[str | Path]:
    """Give the command line as a person types it, from the environment that the tests run in."""
    return [Path(sys.executable).with_name("dragoman"), *words]


def eventually(look: Callable[[], object], *, within: float = PATIENCE) -> None:
    """Wait until `look` gives something true."""
    until = time.monotonic() + within
    while not look():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def exists(pid: int) -> bool:
    """Tell whether a process runs; one that waits to be buried does not."""
    return any(row[0] == pid for row in _processes())


def children(pid: int) -> list[int]:
    """Give the processes that a process has started and that still run."""
    return [child for child, parent in _processes() if parent == pid]


def _processes() -> list[tuple[int, int]]:
    """List what runs: each process with its parent."""
    command = ["ps", "-ax", "-o", "pid=,ppid=,stat="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listing.splitlines()]
    return [(int(pid), int(parent)) for pid, parent, state in rows if state[0] != "Z"]


def descriptors(pid: int) -> int:
    """Count the files and sockets that a process has open; 0 where the system does not tell."""
    opened = Path(f"/proc/{pid}/fd")
    return len(list(opened.iterdir())) if opened.exists() else 0


class Memory:
    """How much a process's resident memory grows from now on, at its peak; in bytes."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        peak = Path(f"/proc/{pid}/clear_refs")
        if not peak.exists():
            pytest.skip("only Linux tells the peak of another process's memory")
        peak.write_text("5")  # what is resident now; proc_pid_clear_refs(5)
        self._before = self._read("VmHWM")

    @property
    def rise(self) -> int:
        return self._read("VmHWM") - self._before

    def _read(self, field: str) -> int:
        line = next(x for x in self._status.read_text().splitlines() if x.startswith(field))
        return int(line.split()[1]) * 1024
