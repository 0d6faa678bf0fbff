"""Room for descriptors: how much a process has is for the system to tell."""

import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")

TELL = """
import os, resource, sys
from dragoman.cli.descriptors import make_room

allowed, most, room = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
before = os.listdir("/proc/self/fd")
make_room(room)
assert os.listdir("/proc/self/fd") == before
(line,) = (line for line in open("/proc/self/status") if line.startswith("FDSize:"))
print(line.split()[1], *resource.getrlimit(resource.RLIMIT_NOFILE))
"""
LIMITS = {
    "more than enough is allowed": ((4096, 4096, 2048), (2048, 4096, 4096)),
    "as many as are needed may be allowed": ((256, 4096, 2048), (2048, 2048, 4096)),
    "fewer than are needed may be allowed": ((256, 512, 2048), (512, 512, 512)),
}


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells how large the table is")
@pytest.mark.parametrize("case", LIMITS)
def test_there_is_room_for_as_many_as_are_needed_and_may_be_allowed(case):
    given, made = LIMITS[case]
    program = (sys.executable, "-c", TELL, *map(str, given))
    told = subprocess.run(program, capture_output=True, check=True, timeout=30)
    assert tuple(map(int, told.stdout.split())) == made
