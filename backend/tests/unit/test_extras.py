"""What is an extra is loaded by whoever needs it, and by nobody else."""

import subprocess
import sys
import tomllib
from pathlib import Path

BACKEND = Path(__file__).parents[2]
EXTRAS = {"botocore", "cryptography", "google", "requests", "urllib3"}


def test_the_server_starts_without_any_extra():
    look = "import sys, dragoman.app; print(*{name.partition('.')[0] for name in sys.modules})"

    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert EXTRAS.isdisjoint(said.stdout.split())


def test_the_base_installation_brings_no_extra():
    lock = (BACKEND / "requirements" / "base.txt").read_text()
    named = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}

    assert named.isdisjoint({"botocore", "google-auth", "requests"})


def test_each_extra_has_the_packages_that_its_errors_name():
    extras = tomllib.loads((BACKEND / "pyproject.toml").read_text())["project"]

    offered = extras["optional-dependencies"]
    assert offered.keys() >= {"bedrock", "vertex"}
    assert [wish.partition(">")[0] for wish in offered["bedrock"]] == ["botocore"]
    assert [wish.partition(">")[0] for wish in offered["vertex"]] == ["google-auth[requests]"]
