"""The tutorial for authors of providers, followed to the letter."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from dragoman.composition import compose
from dragoman.testing import Script, scripted_upstream
from tests.support.server import configured, running

TUTORIAL = Path(__file__).parents[3] / "docs" / "add-a-provider.md"
BLOCK = re.compile(r"^```(\w+)(?: ([\w.]+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, str]:
    """Give the files that the tutorial shows, by name; a block without a name by its language."""
    return {name or language: text for language, name, text in BLOCK.findall(TUTORIAL.read_text())}


EXAMPLE = TUTORIAL.parents[1] / "examples" / "dragoman-parrot"
BROKEN = """
[project]
name = "dragoman-wreck"
version = "0.1"
[project.entry-points."dragoman.providers"]
wreck = "wreck:provider"
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[tool.hatch.build.targets.wheel]
only-include = ["wreck.py"]
"""


@dataclass(frozen=True)
class Environment:
    """An environment to throw away, which has what the tests run in, and whatever is installed."""

    folder: Path

    def python(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run its Python, with no variables but those of every shell."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return subprocess.run(
            [self.folder / "bin" / "python", *words],
            cwd=cwd,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def install(self, project: Path) -> None:
        """Build a wheel of a project, and install it."""
        build = "import hatchling.build, sys; print(hatchling.build.build_wheel('dist'))"
        built = self.python("-c", build, cwd=project)
        assert built.returncode == 0, built.stderr
        wheel = project / "dist" / built.stdout.split()[-1]
        install = ("-m", "pip", "install", "--no-index", "--no-deps", str(wheel))
        done = self.python(*install, cwd=project)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Environment:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True, symlinks=True)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    also = [path for path in sys.path if path.endswith("-packages")]
    lines = [f"import site; site.addsitedir({path!r})" for path in also]
    (packages / "beside.pth").write_text("\n".join(lines))
    return Environment(folder)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Copy the example, to build and test it without a trace."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "dragoman-parrot"))


def test_the_example_is_what_the_tutorial_shows():
    shown = blocks()
    for name in ("parrot.py", "test_parrot.py", "pyproject.toml"):
        assert (EXAMPLE / name).read_text() == shown[name], name


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


def test_built_and_installed_it_is_found_and_keeps_its_promises(environment, package, tmp_path):
    environment.install(package)
    listed = environment.python("-m", "dragoman", "providers", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    (line,) = [line for line in listed.stdout.splitlines() if line.startswith("parrot ")]
    assert " ".join(line.split()) == "parrot Parrot parrots no key: set PARROT_API_KEY"

    words = ("providers", "test", "test_parrot:TestParrot", "--junit", "found.xml")
    tested = environment.python("-m", "dragoman", *words, cwd=package)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "tools           not offered" in tested.stdout
    assert "stream          pass" in tested.stdout
    assert 'failures="0"' in (package / "found.xml").read_text()


def test_a_plugin_that_breaks_at_import_is_left_out_with_one_line(environment, tmp_path):
    wreck = tmp_path / "wreck"
    wreck.mkdir()
    (wreck / "pyproject.toml").write_text(BROKEN)
    (wreck / "wreck.py").write_text("raise OSError('no sail')\n")
    environment.install(wreck)
    listed = environment.python("-m", "dragoman", "providers", cwd=tmp_path)
    assert listed.returncode == 0
    assert "openai" in listed.stdout
    assert listed.stderr == ("plugin 'wreck' (wreck:provider) is left out: OSError: no sail\n")


async def test_installed_it_answers(environment, package, monkeypatch, tmp_path):
    environment.install(package)
    (packages,) = (environment.folder / "lib").glob("python*/site-packages")
    monkeypatch.syspath_prepend(str(packages))
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
