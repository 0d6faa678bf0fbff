"""The clients: what each is called, where its environment is, and how its program is run."""

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

VARIABLE: Final = "DRAGOMAN_CLIENTS"
REQUIRED: Final = "DRAGOMAN_REQUIRE_CLIENTS"
PATIENCE: Final = 60.0
"""Seconds that a client may take to start, or for a cell."""

PROGRAMS: Final = Path(__file__).with_name("programs")

Outcome = dict[str, Any]


@dataclass(frozen=True)
class Client:
    """A client: its environment, the program that drives it, the doors it knocks at."""

    name: str
    program: str
    doors: tuple[str, ...]
    environment: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The name of its environment's folder."""
        return self.environment or self.name


CLIENTS: Final = {
    client.name: client
    for client in (
        Client("openai-python", "openai_sdk.py", ("chat", "responses"), "openai"),
        Client("openai-python-2", "openai_sdk.py", ("chat", "responses"), "openai-2"),
        Client("anthropic-python", "anthropic_sdk.py", ("messages",), "anthropic"),
        Client("google-genai", "google_genai.py", ("gemini",)),
        Client("openai-node", "openai_sdk.mjs", ("chat", "responses")),
        Client("anthropic-node", "anthropic_sdk.mjs", ("messages",)),
        Client("vercel-ai", "vercel_ai.mjs", ("chat", "responses", "messages", "gemini")),
        Client("langchain", "langchain_openai_cells.py", ("chat", "responses")),
        Client("pydantic-ai", "pydantic_ai_cells.py", ("chat", "responses", "messages", "gemini")),
        Client(
            "litellm",
            "litellm_cells.py",
            ("chat", "messages", "gemini"),
            variables={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        ),
        Client("llm", "llm_cells.py", ("chat",)),
    )
}


UPSTREAMS: Final = ("aimock",)
"""What has an environment among those of the clients, and stands behind Dragoman."""


def find_environment(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Find a client's environment, or skip; fail where the tests must not go without it."""
    root = environ.get(VARIABLE)
    if root and (Path(root) / name / ".key").is_file():
        return Path(root) / name
    problem = f"{VARIABLE} names {root}, where {name} is not" if root else f"{VARIABLE} is not set"
    if environ.get(REQUIRED) == "1":
        pytest.fail(f"{problem}, and {REQUIRED}=1 asks for it: run make test-clients")
    pytest.skip("the clients are run by make test-clients, each in an environment of its own")


def command_in(environment: Path, program: Path) -> list[str]:
    """Run a program with the interpreter of a client's environment."""
    interpreter = "node" if program.suffix == ".mjs" else "python"
    return [str(environment / "bin" / interpreter), str(program)]


def prepare(environment: Path, folder: Path) -> None:
    """Make `folder` a place where programs find the packages of a Node environment."""
    modules = environment / "node_modules"
    if modules.is_dir():
        (folder / "node_modules").symlink_to(modules)


def variables_for(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a client's process: nothing of the machine's settings or keys."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        **more,
    }


class HungError(Exception):
    """A client's program gave no answer for `PATIENCE` seconds, and was ended."""


class ClientProcess:
    """A client's program, running: it does one cell after the other."""

    def __init__(self, client: Client, folder: Path) -> None:
        environment = find_environment(client.folder)
        prepare(environment, folder)
        for program in PROGRAMS.glob(f"*{Path(client.program).suffix}"):
            shutil.copy(program, folder)
        self.client = client
        self._log = (folder / "log.txt").open("w+b")
        self._process = subprocess.Popen(
            command_in(environment, folder / client.program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=folder,
            env=variables_for(folder, **client.variables),
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.versions: dict[str, str] = self._answer()["versions"]

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def run(self, cell: str, door: str, **ask: Any) -> Outcome:
        """Do one cell; give what came of it. Raises `HungError` when nothing does."""
        line = json.dumps({"cell": cell, "door": door, **ask})
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._log.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(b"")

    def _answer(self) -> Outcome:
        try:
            line = self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            self._process.kill()
            self._process.wait()
            raise HungError(f"{self.client.name}: no answer in {PATIENCE:.0f} s") from None
        if not line:
            self._log.flush()
            self._log.seek(0)
            pytest.fail(f"{self.client.name} ended: {self._log.read().decode()[-4000:]}")
        answer: Outcome = json.loads(line)
        return answer
