"""The tutorial for authors of providers, followed to the letter."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dragoman.app import compose
from dragoman.testing import Script, scripted_upstream
from tests.support.server import configured, running

TUTORIAL = Path(__file__).parents[3] / "docs" / "add-a-provider.md"
BLOCK = re.compile(r"^```(\w+)(?: ([\w.]+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, str]:
    """Give the files that the tutorial shows, by name; a block without a name by its language."""
    return {name or language: text for language, name, text in BLOCK.findall(TUTORIAL.read_text())}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Lay out the tutorial's package as an installer would."""
    files = blocks()
    for name in ("parrot.py", "test_parrot.py", "pyproject.toml"):
        (tmp_path / name).write_text(files[name])
    project = tomllib.loads(files["pyproject.toml"])["project"]
    info = tmp_path / "dragoman_parrot-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    group, points = next(iter(project["entry-points"].items()))
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
    return tmp_path


def test_its_tests_pass(package: Path):
    environ = {**os.environ, "PYTHONPATH": str(package)}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_parrot.py"),
            *("--rootdir", str(package)),
        ],
        cwd=package,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 12


async def test_installed_it_is_found_and_answers(package: Path, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(package))
    models = [{"id": "polly", "name": "Polly", "description": "", "provider": "parrot"}]
    async with scripted_upstream() as upstream:
        lines = (
            b'{"word": "Pieces"}' + b"\n",
            b'{"done": "thirsty", "heard": 3, "spoken": 1}' + b"\n",
        )
        upstream.play(Script(headers={"content-type": "application/x-ndjson"}, pieces=lines))
        environ = {
            "MODELS": json.dumps(models),
            "PARROT_API_KEY": "sunflower-seed",
            "PARROT_BASE_URL": upstream.url,
        }
        async with running(configured(tmp_path, environ)) as dragoman:
            events = await dragoman.events("Speak")
    assert [event.content["type"] for event in events] == ["token", "complete"]
    assert events[-1].content["totalTokens"] == 4
    assert upstream.received[0].json == {
        "parrot": "polly",
        "turns": [{"who": "user", "say": "Speak"}],
        "stream": True,
    }


def test_its_few_lines_of_configuration_are_accepted(tmp_path):
    first = next(text for language, name, text in BLOCK.findall(TUTORIAL.read_text()) if not name)
    (tmp_path / "dragoman.toml").write_text(first)
    composition = compose(configured(tmp_path, {}))
    assert [(model.id, model.vendor_id) for model in composition.models.models] == [
        ("llama", "llama3.3")
    ]


def test_its_catalog_row_has_the_catalogs_columns():
    shown = next(
        text for text in (row[2] for row in BLOCK.findall(TUTORIAL.read_text())) if "acme" in text
    )
    catalog = TUTORIAL.parents[1] / "backend/src/dragoman/services/providers/catalog.toml"
    columns = {column for row in tomllib.loads(catalog.read_text()).values() for column in row}
    assert set(tomllib.loads(shown)["acme"]) <= columns
