"""From source to browser: what the package's build makes of the page, and how a server gives it."""

import asyncio
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest

from tests.integration.independent.processes import running_program
from tests.support.server import Dragoman, configured, running

BACKEND = Path(__file__).parents[2]
REQUIRED = "DRAGOMAN_REQUIRE_PAGE"

# Stand-ins for the two programs: what they are asked stands in calls.txt, beside them.
NODE = """\
#!/bin/sh
echo v{version}
"""
NPM = """\
#!{python}
import json, os, pathlib, sys
words = sys.argv[1:]
here = pathlib.Path(__file__).parent
with open(here / "calls.txt", "a") as calls:
    calls.write(words[0] + "\\n")
if (here / "offline").exists():
    sys.exit("npm error code ENOTFOUND")
if words[0] == "ci":
    lock = json.loads(pathlib.Path("package-lock.json").read_text())
    pathlib.Path("node_modules").mkdir(exist_ok=True)
    vue = "node_modules/vue"
    hidden = {{"packages": {{vue: lock["packages"][vue]}}}}
    pathlib.Path("node_modules/.package-lock.json").write_text(json.dumps(hidden))
else:
    out = pathlib.Path(words[words.index("--outDir") + 1])
    (out / "assets").mkdir(parents=True)
    source = pathlib.Path("src/main.ts").read_text()
    (out / "assets" / "page-1a.js").write_text(source)
    (out / "index.html").write_text('<script type="module" src="./assets/page-1a.js"></script>')
"""


@pytest.fixture(scope="session")
def hatch_build() -> Iterator[ModuleType]:
    """The build's hook as a module."""
    spec = importlib.util.spec_from_file_location("hatch_build", BACKEND / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Checkout:
    """A checkout with a package small enough to build in a test, and its page's source."""

    def __init__(self, root: Path) -> None:
        self.backend = root / "backend"
        self.frontend = root / "frontend"
        self.web = self.backend / "src" / "dragoman" / "_web"
        self.tools = root / "tools"
        self.dist = root / "dist"
        self.tools.mkdir()
        package = self.backend / "src" / "dragoman"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        for name in ("pyproject.toml", "hatch_build.py"):
            shutil.copy(BACKEND / name, self.backend)
        shutil.copy(BACKEND.parent / ".gitignore", root)
        self.write("package.json", json.dumps({"name": "dragoman-page"}))
        self.write("package-lock.json", json.dumps(_LOCK))
        self.write("src/main.ts", "first")

    def write(self, name: str, text: str) -> None:
        path = self.frontend / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def provide_npm(self, *, node: str = "20.20.2") -> None:
        self._program("node", NODE.format(version=node))
        self._program("npm", NPM.format(python=sys.executable))

    def _program(self, name: str, text: str) -> None:
        path = self.tools / name
        path.write_text(text)
        path.chmod(0o755)

    def go_offline(self) -> None:
        (self.tools / "offline").touch()

    def calls(self) -> list[str]:
        """Give what npm was asked to do since this was last asked."""
        asked = self.tools / "calls.txt"
        words = asked.read_text().split() if asked.exists() else []
        asked.unlink(missing_ok=True)
        return words

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": str(self.tools), "HOME": str(self.tools)}

    def hatch(self, *words: str, **environ: str) -> str:
        """Run hatchling; give all that it said."""
        return _run(
            [sys.executable, "-m", "hatchling", *words],
            folder=self.backend,
            environ={**self.environ, **environ},
        )

    def wheel(self) -> list[str]:
        """Build a wheel; list the page's files in it."""
        self.hatch("build", "-t", "wheel", "-d", str(self.dist))
        (built,) = self.dist.glob("*.whl")
        with zipfile.ZipFile(built) as archive:
            return sorted(name for name in archive.namelist() if "/_web/" in name)


_LOCK = {
    "packages": {
        "": {"name": "dragoman-page"},
        "node_modules/vue": {"version": "3.5.45", "integrity": "sha512-a"},
        "node_modules/@rolldown/binding-darwin": {"integrity": "sha512-b", "optional": True},
    }
}


def _run(command: list[str], *, folder: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


PAGE = ["dragoman/_web/.source", "dragoman/_web/assets/page-1a.js", "dragoman/_web/index.html"]


def test_a_wheel_carries_a_page_that_was_built_for_it(checkout: Checkout):
    checkout.provide_npm()

    assert checkout.wheel() == PAGE
    assert checkout.calls() == ["ci", "run"]


def test_a_current_page_is_used_as_it_is(checkout: Checkout):
    checkout.provide_npm()
    checkout.wheel()
    checkout.calls()

    assert checkout.wheel() == PAGE
    assert checkout.calls() == []


def test_a_page_of_an_older_source_is_built_anew_with_the_packages_there_are(checkout: Checkout):
    checkout.provide_npm()
    checkout.wheel()
    checkout.calls()
    checkout.write("src/main.ts", "second")

    checkout.wheel()

    assert checkout.calls() == ["run"]
    assert (checkout.web / "assets" / "page-1a.js").read_text() == "second"


def test_other_packages_are_installed_before_the_next_build(checkout: Checkout):
    checkout.provide_npm()
    checkout.wheel()
    checkout.calls()
    lock = json.loads(json.dumps(_LOCK).replace("sha512-a", "sha512-c"))
    checkout.write("package-lock.json", json.dumps(lock))

    checkout.wheel()

    assert checkout.calls() == ["ci", "run"]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("src/components/New.vue", True),
        ("src/tests/deep.ts", True),
        ("public/icon.svg", True),
        ("vite.plugins.ts", True),
        ("src/main.test.ts", False),
        ("tests/page.test.ts", False),
        ("e2e/chat.spec.ts", False),
        ("node_modules/vue/index.js", False),
        (".prettierrc.json", False),
    ],
)
def test_a_page_is_older_than_a_change_of_what_it_is_built_from(
    checkout: Checkout, hatch_build: ModuleType, name: str, *, counts: bool
):
    before = hatch_build.source_hash(checkout.frontend)
    checkout.write(name, "new")

    assert (hatch_build.source_hash(checkout.frontend) != before) is counts


def test_a_file_under_another_name_is_another_source(checkout: Checkout, hatch_build: ModuleType):
    before = hatch_build.source_hash(checkout.frontend)
    (checkout.frontend / "src/main.ts").rename(checkout.frontend / "src/start.ts")

    assert hatch_build.source_hash(checkout.frontend) != before


def test_without_a_registry_the_wheel_is_built_all_the_same(checkout: Checkout):
    checkout.provide_npm()
    checkout.go_offline()

    said = checkout.hatch("build", "-t", "wheel", "-d", str(checkout.dist))

    assert "npm registry could not be reached" in said
    assert "with no page" in said
    assert checkout.wheel() == []


def test_a_build_that_fails_leaves_the_older_page(checkout: Checkout):
    checkout.provide_npm()
    checkout.wheel()
    checkout.write("src/main.ts", "second")
    checkout.go_offline()

    said = checkout.hatch("build", "-t", "wheel", "-d", str(checkout.dist))

    assert "with the page of an older source" in said
    assert checkout.wheel() == PAGE
    assert (checkout.web / "assets" / "page-1a.js").read_text() == "first"


def test_an_editable_installation_builds_nothing(checkout: Checkout):
    checkout.provide_npm()

    checkout.hatch("build", "-t", "wheel:editable", "--hooks-only")

    assert checkout.calls() == []


def test_an_sdist_carries_the_page_and_is_built_without_its_source(
    checkout: Checkout, tmp_path: Path
):
    checkout.provide_npm()
    checkout.hatch("build", "-t", "sdist", "-d", str(checkout.dist))
    (sdist,) = checkout.dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    checkout.calls()
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    checkout.backend = unpacked

    assert checkout.wheel() == PAGE
    assert checkout.calls() == []


def test_the_neighbour_of_an_unpacked_sdist_is_not_built(checkout: Checkout):
    checkout.provide_npm()
    checkout.write("package.json", json.dumps({"name": "something-else"}))

    assert checkout.wheel() == []
    assert checkout.calls() == []


@pytest.mark.parametrize(
    ("node", "asks"), [(None, True), ("18.19.0", True), ("20.18.3", True), ("20.19.0", False)]
)
def test_a_node_is_asked_of_the_package_index_where_there_is_none_that_will_do(
    checkout: Checkout, hatch_build: ModuleType, node: str | None, *, asks: bool
):
    if node is not None:
        checkout.provide_npm(node=node)

    script = (
        "import json, hatchling.build as b; print(json.dumps(b.get_requires_for_build_wheel()))"
    )
    said = _run([sys.executable, "-c", script], folder=checkout.backend, environ=checkout.environ)

    assert json.loads(said) == ([hatch_build.NODE] if asks else [])


def test_the_two_places_that_name_a_node_name_the_same(hatch_build: ModuleType):
    lock = (BACKEND / "requirements" / "node.txt").read_text()

    assert f"\n{hatch_build.NODE} " in lock


def test_the_oldest_node_is_the_one_that_the_page_asks_for(hatch_build: ModuleType):
    package = json.loads((BACKEND.parent / "frontend" / "package.json").read_text())

    assert package["engines"]["node"] == ">=" + ".".join(map(str, hatch_build.OLDEST_NODE))


@pytest.fixture
def installed(hatch_build: ModuleType, tmp_path: Path) -> Path:
    """A program of a wheel of this very checkout, installed; the page has to be built already."""
    if not hatch_build.frontend_of(BACKEND).is_current:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"the page is not built, and {REQUIRED}=1 asks for it: make page")
        pytest.skip("the page is not built from its present source: make page")
    nowhere = {"PATH": str(tmp_path / "empty"), "HOME": str(tmp_path)}
    hatchling = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    _run(hatchling, folder=BACKEND, environ=nowhere)
    (wheel,) = tmp_path.glob("*.whl")
    _run([sys.executable, "-m", "venv", "venv"], folder=tmp_path, environ=nowhere)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--no-index", "--no-deps", str(wheel)]
    _run(install, folder=tmp_path, environ=nowhere)
    # What it depends on is borrowed; a line of a .pth file brings no other .pth files with it.
    (own,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    borrowed = Path(pytest.__file__).parents[1]
    (own / "borrowed.pth").write_text(str(borrowed))
    return tmp_path / "venv" / "bin" / "dragoman"


async def test_an_installed_wheel_serves_the_page_where_no_node_is(installed: Path, tmp_path: Path):
    nowhere = {"PATH": str(tmp_path / "empty"), "OPENAI_API_KEY": "sk-1"}
    python = installed.with_name("python")
    whence = [str(python), "-c", "import dragoman; print(dragoman.__file__)"]
    assert _run(whence, folder=tmp_path, environ=nowhere).startswith(str(installed.parents[1]))

    with running_program(
        [installed, "serve", "--port", "0"], environ=nowhere, folder=tmp_path
    ) as server:
        server.wait_for_address()
        async with aiohttp.ClientSession(server.address) as client:
            status, html = await fetched(client, "/")
            named = re.findall(r'(?:src|href)="\.(/[^"]+)"', html)
            answers = [await fetched(client, name) for name in named]

    assert status == 200
    assert any(name.endswith(".js") for name in named)
    assert [status for status, _ in answers] == [200] * len(named)


async def fetched(client: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    """Get a file; give the status and the text."""
    async with client.get(path) as answer:
        return answer.status, await answer.text()


@pytest.fixture
async def dragoman(tmp_path: Path) -> AsyncIterator[Dragoman]:
    async with running(configured(tmp_path, {"OPENAI_API_KEY": "sk-1"})) as server:
        yield server


async def raw(server: Dragoman, head: str) -> bytes:
    """Send a request as it is written; give the whole answer."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/assets/../../app.py",
        "/%2e%2e/app.py",
        "/assets/%2e%2e%2f%2e%2e%2fapp.py",
        "/..%5capp.py",
        "//app.py",
        "/.source",
        "/%00",
    ],
)
async def test_no_path_leads_out_of_the_page(dragoman: Dragoman, path: str):
    answer = await raw(dragoman, f"GET {path} HTTP/1.1")

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"import" not in answer


async def test_the_head_of_the_page_has_no_body(dragoman: Dragoman):
    whole, head = [await raw(dragoman, f"{method} / HTTP/1.1") for method in ("GET", "HEAD")]

    assert head.endswith(b"\r\n\r\n")
    assert whole.split(b"\r\n", 1)[0] == head.split(b"\r\n", 1)[0]
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    assert len(whole.partition(b"\r\n\r\n")[2]) == int(length[1])


async def test_a_method_of_the_api_is_refused_as_before(dragoman: Dragoman):
    async with dragoman.client.delete("/api/v1/models") as refused:
        assert refused.status == 405
    async with dragoman.client.get("/api/v1/none", headers={"accept": "text/html"}) as unknown:
        assert unknown.status == 404
        assert (await unknown.json())["code"] == "INVALID_REQUEST"
