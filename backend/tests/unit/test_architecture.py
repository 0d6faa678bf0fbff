"""The rules of the house: imports point one way, and the core names no vendor."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import dragoman

PACKAGE = Path(dragoman.__file__).parent
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

# Where a vendor's name would mean that adding a provider changes more than the provider. The doors
# are named for the formats of their clients, as the wires are: a provider needs none of its own.
DOORS = "api/doors"
CORE = (
    "chat",
    "storage",
    "api",
    "services/llm_service.py",
    "services/routing.py",
    "services/conversation_service.py",
)
VENDOR = re.compile(
    r"openai|anthropic|claude|gpt|gemini|google|vertex|groq|mistral|deepseek|openrouter|ollama"
    r"|bedrock|azure|cohere|xai|grok",
    re.IGNORECASE,
)
ROUTE = re.compile(r"""["'](?:GET |POST |PUT |DELETE )?/[\w/{}.:-]*["']""")


class Violation(NamedTuple):
    """A sin against one contract: lines to be added to modules of the package."""

    what: str
    contract: str
    lines: Mapping[str, str]


VIOLATIONS = (
    Violation(
        "configuration asks a service",
        "layers",
        {"config/planted.py": "import dragoman.services"},
    ),
    Violation(
        "logging reads the configuration",
        "layers",
        {"observability/planted.py": "import dragoman.config"},
    ),
    Violation(
        "storage and configuration are neighbours, not friends",
        "layers",
        {"storage/__init__.py": "import dragoman.config"},
    ),
    Violation(
        "a service uses the HTTP layer",
        "layers",
        {"api/planted.py": "", "services/routing.py": "import dragoman.api.planted"},
    ),
    Violation(
        "a new package has no place",
        "layers",
        {"miscellaneous/__init__.py": ""},
    ),
    Violation(
        "routing calls upwards",
        "services",
        {"services/routing.py": "import dragoman.services.llm_service"},
    ),
    Violation(
        "a new module of the services has no place",
        "services",
        {"services/miscellaneous.py": ""},
    ),
    Violation(
        "a wire reads by another",
        "wires",
        {"wire/morse.py": "", "wire/telex.py": "import dragoman.wire.morse"},
    ),
    Violation(
        "what the wires share knows one of them",
        "wires",
        {"wire/morse.py": "", "wire/sse.py": "import dragoman.wire.morse"},
    ),
    Violation(
        "a provider leans on another",
        "providers",
        {
            "services/providers/acme.py": "",
            "services/providers/globex.py": "import dragoman.services.providers.acme",
        },
    ),
    Violation(
        "what the providers share knows one of them",
        "providers",
        {
            "services/providers/acme.py": "",
            "services/providers/base.py": "import dragoman.services.providers.acme",
        },
    ),
    Violation("the vocabulary opens a socket", "pure", {"chat/planted.py": "import socket"}),
    Violation("the vocabulary waits", "pure", {"chat/planted.py": "import asyncio"}),
    Violation("a wire reads the environment", "pure", {"wire/planted.py": "import os"}),
    Violation("a wire knows a framework", "pure", {"wire/planted.py": "import starlette"}),
    Violation("a wire uses a client", "pure", {"wire/planted.py": "import aiohttp"}),
    Violation(
        "a provider imports its vendor's SDK",
        "sdks",
        {"services/providers/acme.py": "def ask():\n    import openai"},
    ),
    Violation(
        "the product uses its testing kit",
        "testing",
        {"api/planted.py": "import dragoman.testing"},
    ),
)


def contracts() -> dict[str, str]:
    """The contracts' names by their ids."""
    pyproject: dict[str, Any] = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    rows = pyproject["tool"]["importlinter"]["contracts"]
    return {row["id"]: row["name"] for row in rows}


def broken_contracts(folder: Path) -> set[str]:
    """The ids of the contracts that the package in this folder breaks."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("lint-imports")),
            f"--config={PYPROJECT}",
            "--no-cache",
            "--no-logo",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = {id_ for id_, name in contracts().items() if f"{name} BROKEN" in done.stdout}
    kept = {id_ for id_, name in contracts().items() if f"{name} KEPT" in done.stdout}
    assert broken | kept == set(contracts()), done.stdout + done.stderr
    assert done.returncode == bool(broken)
    return broken


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package that may be spoilt."""
    shutil.copytree(
        PACKAGE, tmp_path / "dragoman", ignore=shutil.ignore_patterns("__pycache__", "_web")
    )
    return tmp_path


def plant(copy: Path, lines: Mapping[str, str]) -> None:
    for name, line in lines.items():
        module = copy / "dragoman" / name
        module.parent.mkdir(exist_ok=True)
        (module.parent / "__init__.py").touch()
        with module.open("a", encoding="utf-8") as source:
            source.write(f"\n{line}\n")


def test_the_package_keeps_every_contract(copy: Path) -> None:
    assert broken_contracts(copy) == set()


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda violation: violation.what)
def test_a_violation_breaks_its_contract_and_no_other(copy: Path, violation: Violation) -> None:
    plant(copy, violation.lines)

    assert broken_contracts(copy) == {violation.contract}


def test_every_contract_has_a_violation_that_proves_it() -> None:
    assert {violation.contract for violation in VIOLATIONS} == set(contracts())


def vendors_named(package: Path) -> list[str]:
    """The lines of the core that name a vendor, other than in a route."""
    return [
        f"{module.relative_to(package)}:{number}: {line.strip()}"
        for part in CORE
        for module in sorted((package / part).rglob("*.py")) or [package / part]
        if module.is_file() and not module.is_relative_to(package / DOORS)
        for number, line in enumerate(module.read_text(encoding="utf-8").splitlines(), start=1)
        if VENDOR.search(ROUTE.sub("", line))
    ]


def test_the_core_names_no_vendor() -> None:
    assert vendors_named(PACKAGE) == []


def test_a_vendor_is_named_at_its_clients_door_and_not_beside_it(copy: Path) -> None:
    line = "from dragoman.wire import gemini"
    plant(copy, {"api/doors/planted.py": line, "api/routes/planted.py": line})

    assert vendors_named(copy / "dragoman") == [f"api/routes/planted.py:2: {line}"]


def test_a_vendor_in_a_route_is_no_name_and_one_beside_it_is() -> None:
    line = 'ROUTES = {"POST /openai/v1/chat/completions": openai_chat}'

    assert VENDOR.findall(ROUTE.sub("", line)) == ["openai"]
