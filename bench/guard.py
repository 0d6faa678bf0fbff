"""That the hot path has not become dearer: its work is counted, and held to budgets.toml.

`calls` are calls of functions, Python's and C's; `steps` are instructions of Python's virtual
machine. Both are counted on the server's thread alone, for whole requests, for streams, and for
each chunk of a stream; the same program on the same Python counts the same, on any machine and
under any load. `kept` are the blocks of memory that a request leaves behind.

    python -m bench.guard [--write]
"""

import argparse
import gc
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from bench.lockstep import Script, Server
from bench.questions import Wire
from dragoman.observability.logs import configure_logging

BUDGETS: Final = Path(__file__).with_name("budgets.toml")
MOST: Final = 1.005
"""How many times its budget a count may be."""
SLACK: Final = 0.4
"""How many calls or steps it may be above that: less than one."""
LEAST: Final = 0.8
"""How far below its budget a count may be before the budget has to be lowered, to stay true."""
ELSEWHERE: Final = 1.3
"""What `MOST` is with a Python that has no budget of its own: each compiles to other steps."""
KEPT: Final = 0.5
"""How many blocks of memory a request may leave behind: none, but for what is loaded late."""

_FEW: Final = 2
_MANY: Final = 42
"""Pieces of a short and of a long stream: what they differ by is the chunks."""
_PLAYS: Final = 8
_BATCHES: Final = 5

SCRIPTS: Final = (
    Script("chat", Wire.CHAT, Wire.CHAT),
    Script("from-anthropic", Wire.MESSAGES, Wire.CHAT),
    Script("to-anthropic", Wire.CHAT, Wire.MESSAGES),
    Script("own", Wire.OWN, Wire.CHAT),
)


class Count(Struct, frozen=True):
    """What one unit of work takes."""

    calls: float
    steps: float


if TYPE_CHECKING:
    from _typeshed import TraceFunction

Counts = Mapping[str, Count]
Budgets = Mapping[str, Counts]
"""By the version of Python, then by what is counted: `chat.request`, `chat.chunk` and the like."""


class _Calls:
    """Counts calls on the thread that it is put on."""

    def __init__(self) -> None:
        self.number = 0

    def _called(self, _: FrameType, event: str, __: object) -> None:
        if event in {"call", "c_call"}:
            self.number += 1

    def begin(self) -> None:
        self.number = 0
        sys.setprofile(self._called)

    def end(self) -> None:
        sys.setprofile(None)


class _Steps:
    """Counts the virtual machine's instructions on the thread that it is put on."""

    def __init__(self) -> None:
        self.number = 0

    def _traced(self, frame: FrameType, event: str, _: object) -> "TraceFunction":
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode":
            self.number += 1
        return self._traced

    def begin(self) -> None:
        self.number = 0
        sys.settrace(self._traced)

    def end(self) -> None:
        sys.settrace(None)


def count(server: Server, scripts: Sequence[Script] = SCRIPTS) -> dict[str, Count]:
    """Count what the scripts take, as requests, as streams and as chunks of these."""
    found = {}
    for script in scripts:
        short, long = (_replaced(script, pieces) for pieces in (_FEW, _MANY))
        for one in (script, short, long):
            for _ in range(3):  # what is loaded, compiled or connected once
                server.play(one)
        by_counter = []
        for counter in (_Calls(), _Steps()):
            whole, brief, lengthy = (_least(server, one, counter) for one in (script, short, long))
            each = (lengthy - brief) / (_MANY - _FEW)
            by_counter.append((whole, brief - _FEW * each, each))
        for unit, calls, steps in zip(("request", "stream", "chunk"), *by_counter, strict=True):
            found[f"{script.name}.{unit}"] = Count(round(calls, 1), round(steps, 1))
    return found


def _replaced(script: Script, pieces: int) -> Script:
    return Script(script.name, script.client, script.upstream, pieces)


def _least(server: Server, script: Script, counter: _Calls | _Steps) -> float:
    """Give the count of one play: the least, for now and then the server does something else."""

    def batch(plays: int) -> int:
        server.on_its_thread(counter.begin)
        for _ in range(plays):
            server.play(script)
        server.on_its_thread(counter.end)
        return counter.number

    nothing = min(batch(0) for _ in range(_BATCHES))
    return (min(batch(_PLAYS) for _ in range(_BATCHES)) - nothing) / _PLAYS


def kept(server: Server) -> float:
    """Count the blocks of memory that a request leaves behind, be it whole or a stream."""

    def batch(plays: int) -> int:
        for _ in range(plays):
            for script in SCRIPTS:
                server.play(script)
                server.play(_replaced(script, _FEW))
        server.on_its_thread(_collect)
        return sys.getallocatedblocks()

    batch(_PLAYS)
    seen = [batch(_PLAYS * 4) for _ in range(_BATCHES + 1)]
    requests = _PLAYS * 4 * len(SCRIPTS) * 2
    return min(after - before for before, after in pairwise(seen)) / requests


def _collect() -> None:
    gc.collect()


def complaints(found: Counts, budgets: Counts, *, most: float = MOST) -> Iterator[str]:
    """Say what is beyond its budget, and what is so far below it that the budget tells nothing."""
    for name, one in found.items():
        budget = budgets.get(name)
        if budget is None:
            yield f"{name}: has no budget yet"
            continue
        for what in ("calls", "steps"):
            now, then = getattr(one, what), getattr(budget, what)
            if now > then * most + SLACK:
                yield f"{name}: {now:g} {what}, {now / then - 1:+.1%} of its budget of {then:g}"
            elif now < then * LEAST:
                yield f"{name}: only {now:g} {what} of {then:g}: lower the budget, so that it holds"


def read(file: Path = BUDGETS) -> Budgets:
    """Read the budgets."""
    return {
        version: {name: Count(**figures) for name, figures in counts.items()}
        for version, counts in tomllib.loads(file.read_text(encoding="utf-8")).items()
    }


def write(budgets: Budgets, file: Path = BUDGETS) -> None:
    """Write the budgets."""
    lines = [
        "# What the hot path takes, by the version of Python: calls of functions and instructions",
        "# of the virtual machine, for a whole request, for a stream, and for each of its chunks.",
        "# Counted anew by: make bench-guard ARGS=--write",
    ]
    for version, counts in sorted(budgets.items()):
        lines += ["", f'["{version}"]']
        lines += [
            f'"{name}" = {{ calls = {one.calls}, steps = {one.steps} }}'
            for name, one in counts.items()
        ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def main() -> int:
    """Count, and compare or write."""
    options = argparse.ArgumentParser(prog="python -m bench.guard", description=__doc__)
    options.add_argument("--write", action="store_true", help="make today's counts the budgets")
    chosen = options.parse_args()
    configure_logging("warning", str)  # as it is measured; whoever tests this has its own
    with Server() as server:
        found, left = count(server), kept(server)
    for name, one in found.items():
        print(f"{name:24} {one.calls:8g} calls {one.steps:9g} steps")
    print(f"{'kept by a request':24} {left:8.2f} blocks")
    budgets = read()
    if chosen.write:
        write({**budgets, _version(): found})
        return 0
    own = budgets.get(_version())
    if own is None:
        print(f"· Python {_version()} has no budgets; held loosely to those of {min(budgets)}")
    wrong = list(complaints(found, own or budgets[min(budgets)], most=MOST if own else ELSEWHERE))
    if left > KEPT:
        wrong.append(f"a request leaves {left:.2f} blocks of memory behind")
    for line in wrong:
        print(f"✗ {line}", file=sys.stderr)
    if wrong:
        print("If that is meant: make bench-guard ARGS=--write, and say why.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
