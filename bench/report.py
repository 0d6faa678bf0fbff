"""What was measured, as tables to be read: medians, the range behind them, ratios to nginx."""

import os
import platform
import re
import subprocess
import sys
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from msgspec import Struct

from bench.compare import Measured
from bench.plot import Bar, bars
from bench.processes import processors
from bench.systems import find_nginx
from bench.works import WORKS, Work

LIMIT: Final = "nginx"
"""The system that others are measured against."""


class Machine(Struct, frozen=True):
    """Where and when it was measured."""

    when: str
    processors: int
    pinned: bool
    processor: str
    system: str
    python: str
    nginx: str | None

    def __str__(self) -> str:
        where = "the gateway on one, mock and load on another" if self.pinned else "not pinned"
        beside = f", nginx {self.nginx}" if self.nginx else ""
        return (
            f"{self.when}; {self.processors} processors ({self.processor}), {where}; "
            f"{self.system}; Python {self.python}{beside}"
        )


def this_machine(now: datetime, environ: Mapping[str, str]) -> Machine:
    """Describe the machine."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cpus = processors()
    return Machine(
        when=f"{now:%Y-%m-%d}",
        processors=len(os.sched_getaffinity(0)),
        pinned=cpus is not None,
        processor=found[1].strip() if found else platform.machine(),
        system=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(),
        nginx=_version_of_nginx(environ),
    )


def _version_of_nginx(environ: Mapping[str, str]) -> str | None:
    program = find_nginx(environ)
    if program is None:
        return None
    said = subprocess.run(  # noqa: S603 - nginx
        [program, "-v"], capture_output=True, text=True, check=False
    )
    return said.stderr.rpartition("/")[2].strip() or None


_STEPS: Final = (1.0, 10.0, 100.0)
_DIGITS: Final = (3, 2, 1, 0)
"""How many digits stand behind the point of a number below and above each step."""


class Ranged(Struct, frozen=True):
    """A median, and the least and greatest of what it is the median of."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        digits = _DIGITS[bisect(_STEPS, self.middle)]
        middle = f"{self.middle:.{digits}f}"
        if self.least == self.most:
            return middle
        return f"{middle} ({self.least:.{digits}f}–{self.most:.{digits}f})"


def ranged(values: Iterable[float | None]) -> Ranged | None:
    """Sum up what several rounds said; None if none said anything."""
    known = [value for value in values if value is not None]
    return Ranged(median(known), min(known), max(known)) if known else None


class Found(Struct, frozen=True):
    """Everything that was measured, to be asked by work and system."""

    machine: Machine
    measured: tuple[Measured, ...]

    def systems(self) -> tuple[str, ...]:
        """Give the systems in the order in which they were first measured."""
        return tuple(dict.fromkeys(one.system for one in self.measured if one.round == 0))

    def works(self) -> tuple[Work, ...]:
        """Give the works that were measured."""
        names = {one.work for one in self.measured}
        return tuple(work for work in WORKS if work.name in names)

    def of(self, work: Work, system: str) -> list[Measured]:
        """Give the runs of a system at a work."""
        return [one for one in self.measured if (one.work, one.system) == (work.name, system)]

    def ratio(self, work: Work, system: str) -> Ranged | None:
        """Say how many times the cost of nginx in the same round it was."""
        limit = {one.round: one.cost for one in self.of(work, LIMIT)}
        return ranged(
            one.cost / base
            for one in self.of(work, system)
            if one.cost is not None and (base := limit.get(one.round))
        )


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join('–' if cell is None else str(cell) for cell in cells)} |"


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give a table of Markdown."""
    return "\n".join([_row(titles), _row(["---"] * len(titles)), *map(_row, rows)])


def costs(found: Found) -> str:
    """Give the table of costs: what counts on a machine that others use as well."""
    systems = [name for name in found.systems() if _is_counted(found, name)]
    others = [name for name in systems if name != LIMIT]
    ratios = LIMIT in systems

    def row(work: Work) -> Iterator[object]:
        yield f"`{work.name}`: {work.title}"
        yield "chunk" if work.pieces else "request"
        for name in systems:
            yield ranged(one.cost for one in found.of(work, name))
        for name in others if ratios else ():
            ratio = found.ratio(work, name)
            yield None if ratio is None else f"**{ratio}×**"

    titles = ["work", "µs of CPU per", *systems]
    if ratios:
        titles += [f"{name} ÷ {LIMIT}" for name in others]
    return table(titles, (list(row(work)) for work in found.works()))


def _is_counted(found: Found, system: str) -> bool:
    return any(one.cost is not None for one in found.measured if one.system == system)


_WALL: Final[tuple[tuple[str, Callable[[Measured], float | None]], ...]] = (
    ("answers/s", lambda one: one.per_second),
    ("p50 ms", lambda one: one.p50),
    ("p99 ms", lambda one: one.p99),
    ("first p50 ms", lambda one: one.first_p50),
    ("first p99 ms", lambda one: one.first_p99),
    ("peak MB", lambda one: one.peak),
    ("disturbed %", lambda one: None if one.disturbed is None else one.disturbed * 100),
    ("bytes", lambda one: one.octets),
)


def wall_clock(found: Found) -> str:
    """Give the table of times and sizes: on a machine that others use as well, pessimistic."""

    def rows() -> Iterator[Sequence[object]]:
        for work in found.works():
            for name in found.systems():
                runs = found.of(work, name)
                if runs:
                    wrong = sum(sum(run.faults.values()) for run in runs)
                    told = (ranged(map(column, runs)) for _, column in _WALL)
                    yield [f"`{work.name}`", name, *told, wrong]

    return table(["work", "system", *(title for title, _ in _WALL), "wrong answers"], rows())


def faults(found: Found) -> list[str]:
    """Say which answers were wrong, and how."""
    return [
        f"{one.system}, {one.work}: {number} × {fault}"
        for one in found.measured
        for fault, number in one.faults.items()
    ]


def picture(found: Found) -> str:
    """Draw the ratios; without nginx, the costs."""
    ratios = LIMIT in found.systems()
    others = [name for name in found.systems() if _is_counted(found, name) and name != LIMIT]

    def height(work: Work, name: str) -> float | None:
        one = found.ratio(work, name) if ratios else ranged(o.cost for o in found.of(work, name))
        return None if one is None else one.middle

    drawn = [
        Bar(work.title, tuple((name, height(work, name)) for name in others))
        for work in found.works()
    ]
    what = "CPU time as a multiple of nginx's" if ratios else "CPU time, µs"
    return bars(f"{what}, per request or per chunk: shorter is better", drawn)


def write(found: Found, folder: Path) -> str:
    """Write results.json, table.md and ratios.svg into a folder; give the text of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{found.machine}\n\n{costs(found)}\n\n{wall_clock(found)}\n"
    (folder / "results.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    (folder / "table.md").write_text(text, encoding="utf-8")
    (folder / "ratios.svg").write_text(picture(found), encoding="utf-8")
    return text


def read(file: Path) -> Found:
    """Read a results.json."""
    return msgspec.json.decode(file.read_bytes(), type=Found)


if __name__ == "__main__":
    print(write(read(Path(sys.argv[1])), Path(sys.argv[1]).parent))
