"""llmock, another's idea of both vendors: how it is found, started and told what to do."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from .processes import Program, eventually, running_program

VARIABLE: Final = "DRAGOMAN_LLMOCK"
REQUIRED: Final = "DRAGOMAN_REQUIRE_LLMOCK"
WINDOW: Final = 1000
"""The context window of its models, in tokens of four characters."""


def find_llmock(environ: Mapping[str, str] = os.environ) -> Path:
    """Find its program, or skip; fail where the tests must not go without it."""
    named = environ.get(VARIABLE)
    if named and Path(named).is_file():
        return Path(named)
    problem = f"{VARIABLE} names {named}, which is no file" if named else f"{VARIABLE} is not set"
    if environ.get(REQUIRED) == "1":
        pytest.fail(f"{problem}, and {REQUIRED}=1 asks for it: make setup-test installs llmock")
    pytest.skip(f"{problem}: make setup-test installs llmock, make test sets it")


@contextmanager
def running_llmock(folder: Path) -> Iterator[Program]:
    """Run it on a free port."""
    port = _free_port()
    command = [find_llmock(), "serve", "--port", str(port), "--log-level", "warning"]
    command += ["--response-style", "echo", "--context-window", str(WINDOW)]
    with running_program(command, environ={"NO_COLOR": "1"}, folder=folder) as program:
        # It prints its address before it listens.
        eventually(lambda: _is_open(port) or not program.alive)
        assert program.alive, program.said + program.log
        yield program
        program.kill()  # it would see every delay through to its end


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class LLMock:
    """Its controls: what it shall do next, and what it was asked."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def reset(self) -> None:
        await self._call("POST", "reset")

    async def script(self, *behaviors: dict[str, Any]) -> None:
        """Behave so at the next requests."""
        await self._call("POST", "scenario", behaviors=behaviors)

    async def requests(self) -> list[dict[str, Any]]:
        """Give what it was asked and how it answered, once nothing is under way any more."""
        return (await self._call("GET", "requests"))["requests"]

    async def _call(self, method: str, verb: str, **body: Any) -> Any:
        async with self._session.request(method, f"/_llmock/{verb}", json=body) as came:
            assert came.status < 300, await came.text()
            return await came.json()
