"""Room for descriptors: how much a process has is for the system to tell."""

import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")

TELL = """
import os, resource, sys
from dragoman.cli.descriptors import make_room

allowed, room = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
before = os.listdir("/proc/self/fd")
make_room(room)
assert os.listdir("/proc/self/fd") == before
(line,) = (line for line in open("/proc/self/status") if line.startswith("FDSize:"))
print(line.split()[1])
"""


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells how large the table is")
@pytest.mark.parametrize(
    ("allowed", "room", "made"), [(4096, 2048, 2048), (1024, 8192, 1024), (512, 512, 512)]
)
def test_there_is_room_for_as_many_as_are_wanted_and_allowed(allowed, room, made):
    program = (sys.executable, "-c", TELL, str(allowed), str(room))
    told = subprocess.run(program, capture_output=True, check=True, timeout=30)
    assert int(told.stdout) == made
