"""What the measurements are made into, and one whole run of them."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from time import process_time
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from bench.compare import Measured
from bench.plot import Bar, Line, bars, lines
from bench.processes import listener_on, processor_time, resident_memory
from bench.report import Found, Machine, costs, picture, ranged, read, write
from bench.systems import ROOT
from bench.works import BURST, WORKS

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

MACHINE = Machine(
    when="2026-11-22",
    processors=2,
    pinned=True,
    processor="a processor",
    system="Linux",
    python="3.11",
    nginx="1.22",
)
RUN = Measured(
    system="nginx",
    work=BURST.name,
    round=0,
    right=10,
    faults={},
    per_second=5.0,
    cost=4.0,
    p50=1.0,
    p99=2.0,
    first_p50=0.5,
    first_p99=0.9,
    peak=12.0,
    disturbed=0.1,
    octets=30_000,
)


def found(nginx: list[float], dragoman: list[float]) -> Found:
    runs = [
        replace(RUN, system=system, round=number, cost=cost)
        for system, costs_ in (("nginx", nginx), ("dragoman", dragoman))
        for number, cost in enumerate(costs_)
    ]
    return Found(MACHINE, tuple(runs))


def test_a_ratio_is_taken_within_a_round_and_then_the_median():
    # A machine that is three times as slow in the second round is so for both.
    measured = found([4.0, 12.0, 5.0], [8.0, 36.0, 10.0])

    assert measured.ratio(BURST, "dragoman") == ranged([2.0, 3.0, 2.0])
    assert costs(measured).endswith("| **2.00 (2.00\u20133.00)\xd7** |")


def test_without_nginx_there_are_costs_and_no_ratios():
    measured = found([], [8.0, 36.0, 10.0])

    assert "10.0 (8.0\u201336.0)" in costs(measured)
    assert "÷" not in costs(measured)
    assert "µs" in picture(measured)


def test_results_are_read_as_they_were_written(tmp_path: Path):
    measured = found([4.0], [8.0])

    text = write(measured, tmp_path)

    assert read(tmp_path / "results.json") == measured
    assert (tmp_path / "table.md").read_text("utf-8") == text
    ET.parse(tmp_path / "ratios.svg")


def test_a_picture_is_well_formed_whatever_it_is_of():
    drawn = bars("<a> & b", [Bar("x < y", (("one", 0.4), ("two", 340.0), ("none", None)))])

    bar = "{http://www.w3.org/2000/svg}rect"
    widths = [
        float(one.get("width", "0"))
        for one in ET.fromstring(drawn).iter(bar)
        if one.get("height") == "12"
    ]
    assert widths[-2:] == sorted(widths[-2:])
    ET.fromstring(lines("t", [Line("m", ((0.0, 1.0), (9.0, 2.0)))], across="x", up="y"))


def test_every_work_has_a_name_of_its_own():
    assert len({work.name for work in WORKS}) == len(WORKS)


@linux
def test_the_time_and_the_memory_of_this_process_are_those_that_it_knows_itself():
    begun = processor_time(os.getpid()), process_time()
    sum(number * number for number in range(400_000))
    used = processor_time(os.getpid()) - begun[0], process_time() - begun[1]

    assert used[0] == pytest.approx(used[1], abs=0.02)
    assert 10 < resident_memory(os.getpid()) < 4_000


@linux
def test_who_listens_on_a_port_is_found():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert listener_on(listener.getsockname()[1]) == os.getpid()


@linux
def test_a_machine_without_nginx_measures_dragoman_alone_and_says_so(tmp_path: Path):
    command = [sys.executable, "-m", "bench", "--works", "whole-1,own-stream", "--rounds", "1"]
    environ = {**os.environ, "NGINX": "/nowhere/nginx"}

    done = subprocess.run(
        [*command, "--seconds", "0.2", "--out", tmp_path],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "nginx was not found" in done.stderr
    systems = read(tmp_path / "results.json").systems()
    assert systems == ("direct", "dragoman")
    assert all(not run.faults and run.right for run in read(tmp_path / "results.json").measured)
