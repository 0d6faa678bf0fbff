"""What answers at once: help and version, without the weight of the commands."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

import dragoman
from dragoman.cli import main

HEAVY = {
    "aiohttp",
    "alembic",
    "asyncio",
    "dragoman.app",
    "dragoman.composition",
    "dragoman.chat",
    "dragoman.config",
    "fastapi",
    "msgspec",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "structlog",
    "uvicorn",
}
LOADED_BY = """
import sys
from dragoman.cli import main
try:
    main({arguments!r})
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["serve", "--help"], ["chat", "-h"], ["providers", "test", "-h"]],
)
def test_help_and_version_load_nothing_that_commands_need(arguments):
    code = LOADED_BY.format(arguments=arguments)
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout
    loaded = set(ran.stderr.split())
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_listing_models_loads_no_web_framework():
    code = "import sys, dragoman.cli.models, dragoman.cli.chat; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(ran.stdout.split())
    assert "dragoman.composition" in loaded
    assert loaded & {"fastapi", "starlette", "uvicorn"} == set()


def test_the_version_is_the_packages():
    shown = CliRunner().invoke(main, ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"dragoman, version {dragoman.__version__}\n")


def test_help_names_every_command():
    shown = CliRunner().invoke(main, ["--help"])
    commands = shown.output.partition("Commands:")[2]
    assert [line.split()[0] for line in commands.strip().splitlines()] == [
        "backup",
        "chat",
        "check",
        "doctor",
        "export",
        "import",
        "models",
        "providers",
        "serve",
    ]


def test_python_m_dragoman_is_dragoman():
    ran = subprocess.run(
        [sys.executable, "-m", "dragoman", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout == f"dragoman, version {dragoman.__version__}\n"


def test_an_unknown_command_is_the_typists_mistake():
    assert CliRunner().invoke(main, ["srve"]).exit_code == 2
