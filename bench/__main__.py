"""What `make bench` runs: `python -m bench [compare|latency|idle|soak|start] [OPTIONS]`."""

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Final

import click
import uvloop
from msgspec import Struct

from bench import idle, latency, report, soak, startup
from bench.compare import Measured, compare
from bench.processes import pinned, processors
from bench.systems import (
    NO_NGINX,
    BenchError,
    Place,
    System,
    find_nginx,
    mock_upstream,
    started,
)
from bench.works import WORKS, Work

_HELP: Final = ("-h", "--help")
RESULTS: Final = Path(__file__).with_name("results")
ELSEWHERE: Final = (
    "processor time and memory are read from /proc: measure on Linux. `make bench-guard` counts "
    "without it, everywhere"
)
ONE_PROCESSOR: Final = (
    "there is one processor: gateway, mock and load share it, which makes everybody slower and "
    "no ratio wrong"
)


class Field(Struct, frozen=True):
    """Who takes part, and where the results go."""

    command: str
    beside: Mapping[str, str]
    peers: Mapping[str, str]
    upstream_port: int
    folder: Path


def _named(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    split = [one.partition("=") for one in given]
    if not all(name and rest for name, _, rest in split):
        raise click.BadParameter("it has the form NAME=…")
    return {name: rest for name, _, rest in split}


_OPTIONS: Final = (
    click.option(
        "--out", type=click.Path(path_type=Path), default=RESULTS, help="Where results go."
    ),
    click.option(
        "--peer",
        multiple=True,
        callback=_named,
        metavar="NAME=URL",
        help="Another gateway, which listens already and asks the upstream of --upstream-port.",
    ),
    click.option(
        "--beside",
        multiple=True,
        callback=_named,
        metavar="NAME=COMMAND",
        help="Another Dragoman, started by this command.",
    ),
    click.option(
        "--dragoman",
        default=f"{sys.executable} -m dragoman serve",
        metavar="COMMAND",
        help="How Dragoman is started; --port is added.",
    ),
    click.option(
        "--upstream-port", type=int, default=0, help="The mock upstream's port, for peers."
    ),
)


def _taking_part(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that every command has; it is given them as its `field`."""

    @wraps(command)
    def with_field(
        *,
        out: Path,
        peer: dict[str, str],
        beside: dict[str, str],
        dragoman: str,
        upstream_port: int,
        **others: str | float | bool | None,
    ) -> None:
        field = Field(dragoman, beside, peer, upstream_port, out)
        command(field=field, **others)

    for option in _OPTIONS:
        with_field = option(with_field)
    return with_field


@contextmanager
def _upstream(field: Field) -> Iterator[Place]:
    """Run the mock upstream, on the processor of the load."""
    if not Path("/proc/self/stat").exists():
        raise BenchError(ELSEWHERE)
    cpus = processors()
    if cpus is None:
        click.echo(f"! {ONE_PROCESSOR}", err=True)
    with (
        tempfile.TemporaryDirectory(prefix="dragoman-bench-") as folder,
        mock_upstream(Path(folder), port=field.upstream_port) as place,
    ):
        yield place


@contextmanager
def _everything(field: Field) -> Iterator[tuple[Place, list[System]]]:
    """Start what takes part."""
    if find_nginx(os.environ) is None:
        click.echo(f"! {NO_NGINX}", err=True)
    cpus = processors()
    with (
        _upstream(field) as place,
        started(
            place,
            command=shlex.split(field.command),
            beside={name: shlex.split(other) for name, other in field.beside.items()},
            peers=field.peers,
            environ=os.environ,
        ) as systems,
        pinned(cpus[1] if cpus else None),
    ):
        yield place, systems


def _machine() -> report.Machine:
    return report.this_machine(datetime.now(UTC), os.environ)


def _tell(one: Measured) -> None:
    cost = "" if one.cost is None else f"{one.cost:9.2f} µs CPU"
    wrong = f"  WRONG: {one.faults}" if one.faults else ""
    click.echo(
        f"{one.round + 1}  {one.work:22} {one.system:12} {one.per_second:9.1f}/s {cost}{wrong}"
    )


def _works(named: str | None, *, full: bool) -> list[Work]:
    if named is None:
        return [work for work in WORKS if full or work.brief]
    known = {work.name: work for work in WORKS}
    unknown = [name for name in named.split(",") if name not in known]
    if unknown:
        raise click.UsageError(f"no such work: {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in named.split(",")]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
def main() -> None:
    """Measure what Dragoman costs, beside nginx on the same work; without a command, `compare`."""


@main.command("compare")
@click.option("--works", metavar="A,B", help=f"Of {', '.join(work.name for work in WORKS)}.")
@click.option("--full", is_flag=True, help="Every work, and longer runs.")
@click.option("--rounds", type=click.IntRange(1), default=3, help="How often each is measured.")
@click.option("--seconds", type=float, help="The length of a run.  [default: 1; --full: 2.5]")
@_taking_part
def compare_(
    works: str | None, rounds: int, seconds: float | None, field: Field, *, full: bool
) -> None:
    """Ask every system in turn, round after round: cost, times, memory, and ratios to nginx."""
    chosen = _works(works, full=full)
    length = seconds or (2.5 if full else 1.0)
    with _everything(field) as (_, systems):
        measured = uvloop.run(compare(systems, chosen, rounds=rounds, seconds=length, tell=_tell))
    found = report.Found(_machine(), tuple(measured))
    click.echo(f"\n{report.write(found, field.folder)}\nwritten to {field.folder}")
    if wrong := report.faults(found):
        raise BenchError("there were wrong answers:\n" + "\n".join(wrong))


@main.command("latency")
@click.option("--rounds", type=click.IntRange(1), default=3)
@click.option("--seconds", type=float, default=1.0, help="The length of a run.")
@_taking_part
def latency_(rounds: int, seconds: float, field: Field) -> None:
    """Tell what one connection waits more than at the upstream itself."""
    with _everything(field) as (_, systems):
        found = uvloop.run(latency.measure(systems, rounds=rounds, seconds=seconds))
    _write(field, "latency.md", latency.written(found))


@main.command("idle")
@click.option("--streams", type=click.IntRange(1, 3000), default=1000)
@_taking_part
def idle_(streams: int, field: Field) -> None:
    """Tell how much memory a silent stream takes."""
    with _everything(field) as (_, systems):
        counted = [system for system in systems if system.pid is not None]
        found = [uvloop.run(idle.measure(system, streams)) for system in counted]
    _write(field, "idle.md", idle.written(found))


@main.command("soak")
@click.option("--requests", type=click.IntRange(100), default=20_000)
@_taking_part
def soak_(requests: int, field: Field) -> None:
    """Draw Dragoman's memory over many requests."""

    def tell(sample: soak.Sample) -> None:
        click.echo(f"{sample.requests:9,} requests {sample.memory:8.1f} MB")

    with _everything(field) as (_, systems):
        system = next(system for system in systems if system.is_dragoman)
        found = uvloop.run(soak.measure(system, requests, tell=tell))
    rows = [(f"{one.requests:,}", f"{one.memory:.1f}") for one in found]
    grown = f"the second half brought {soak.growth(found):+.1f} MB"
    _write(field, "soak.md", f"{report.table(('requests', 'MB'), rows)}\n\n{grown}")
    field.folder.joinpath("soak.svg").write_text(soak.picture(system.name, found), "utf-8")


@main.command("start")
@click.option("--times", type=click.IntRange(1), default=5)
@_taking_part
def start_(times: int, field: Field) -> None:
    """Tell how long `--help` and a start take, and how large an idle server is."""
    with _upstream(field) as place:
        one = startup.measure(shlex.split(field.command), place, times=times)
    taken = {
        "--help": one.help,
        "ready": one.ready,
        "ready, the first time": one.first,
        "for comparison: import fastapi": one.yardstick,
    }
    rows = [
        (name, f"{it.wall * 1000:.0f} ms", f"{it.processor * 1000:.0f} ms")
        for name, it in taken.items()
    ]
    rows.append(("idle", f"{one.memory:.1f} MB in {one.processes} processes", ""))
    _write(field, "start.md", report.table(("start", "median", "of a processor"), rows))


def _write(field: Field, name: str, text: str) -> None:
    field.folder.mkdir(parents=True, exist_ok=True)
    whole = f"{_machine()}\n\n{text}\n"
    field.folder.joinpath(name).write_text(whole, encoding="utf-8")
    click.echo(f"{whole}\nwritten to {field.folder}")


def run(arguments: list[str]) -> None:
    """Run the command line; without the name of a command it is `compare`."""
    if not arguments or (arguments[0] not in main.commands and arguments[0] not in _HELP):
        arguments = ["compare", *arguments]
    try:
        main(arguments, prog_name="python -m bench")
    except BenchError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run(sys.argv[1:])
