"""Programs beside the tests: each a process of its own, with a log, and looked at while it runs."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 30.0
"""Seconds that a program may take to start, or to do what it was told."""

_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+")


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


def eventually(look, *, within: float = PATIENCE) -> None:
    """Wait until `look` gives something true."""
    until = time.monotonic() + within
    while not look():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def exists(pid: int) -> bool:
    """Tell whether a process runs; one that waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def children(pid: int) -> list[int]:
    """Give the processes that a process has started and that still run."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    pids = [int(child) for path in found for child in path.read_text().split()]
    return [child for child in pids if exists(child)]


def descriptors(pid: int) -> int:
    """Count the files and sockets that a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


class Memory:
    """How much a process's resident memory grows from now on, at its peak; in bytes."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        # "5" sets the peak to what is resident now; proc_pid_clear_refs(5).
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._before = self._read("VmHWM")

    @property
    def rise(self) -> int:
        return self._read("VmHWM") - self._before

    def _read(self, field: str) -> int:
        line = next(x for x in self._status.read_text().splitlines() if x.startswith(field))
        return int(line.split()[1]) * 1024
