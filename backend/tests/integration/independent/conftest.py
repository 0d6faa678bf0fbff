"""Dragoman as a process, its upstreams, and the look at its health that follows every test."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from dragoman.services.providers.transport import Timeouts
from dragoman.testing import ScriptedUpstream, scripted_upstream

from .asking import KEYS, PROMPT, Asker
from .llmock import LLMock, running_llmock
from .processes import Program, descriptors, dragoman_command, running_program

MODELS = json.dumps(
    [
        {"id": id_, "name": id_, "description": "", "provider": provider, "upstream_id": vendor_id}
        for id_, provider, vendor_id in (
            ("gpt", "openai", "vendor-gpt"),
            ("claude", "anthropic", "vendor-claude"),
        )
    ]
)
SCALED = Timeouts(connect=1.0, first_byte=1.5, first_token=2.0, idle=1.0, total=60.0)
_SPILLS = ("Traceback", "never retrieved", "never awaited", "Unclosed", "Exception ignored")


def environ_for(openai: str, anthropic: str) -> dict[str, str]:
    """Set both vendors up, at these addresses."""
    addresses = {"OPENAI_BASE_URL": openai, "ANTHROPIC_BASE_URL": anthropic}
    return {"MODELS": MODELS, **KEYS, **addresses}


def scaled_command(timeouts: Timeouts = SCALED) -> list[str | Path]:
    """Serve like the command line does, with these limits."""
    server = Path(__file__).with_name("scaled_server.py")
    return [sys.executable, server, msgspec.json.encode(timeouts).decode()]



class Watched:
    """A running Dragoman under observation: `begin` before a test, `check` after it."""

    def __init__(self, program: Program, asker: Asker) -> None:
        self._program = program
        self._asker = asker
        self._log = len(program.log)
        self._open = descriptors(program.pid)

    async def check(self) -> None:
        """See that it lives, is idle, and has let nothing slip."""
        assert self._program.alive
        await self._idle()
        assert (await self._asker.get("/health"))["status"] == "ok"
        said = self._program.said + self._program.log
        assert not [spill for spill in _SPILLS if spill in said[self._log :]], said[self._log :]
        assert not [key for key in KEYS.values() if key in said]
        assert PROMPT not in said

    async def _idle(self) -> None:
        """Wait until it has nothing under way, and as many files open as before."""
        async with asyncio.timeout(5):
            while (await self._asker.get("/health"))["inFlight"] or self._leaks:
                await asyncio.sleep(0.05)

    @property
    def _leaks(self) -> bool:
        return descriptors(self._program.pid) > self._open + 5


@asynccontextmanager
async def watched(program: Program) -> AsyncIterator[Asker]:
    """Give a client, and look at the server's health when the test is done with it."""
    limit = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(program.address, timeout=limit) as session:
        asker = Asker(session)
        watch = Watched(program, asker)
        yield asker
        await watch.check()


@pytest.fixture(scope="session")
def listener() -> Iterator[socket.socket]:
    """The scripted upstream's address: one for all tests, so that one Dragoman serves them all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="session")
def dragoman(listener, tmp_path_factory) -> Iterator[Program]:
    """A Dragoman whose limits of time are scaled down, both vendors at the scripted upstream."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("dragoman")
    environ = environ_for(f"{url}/v1", url)
    with running_program(scaled_command(), environ=environ, folder=folder) as program:
        program.wait_for_address()
        yield program


@pytest.fixture
async def upstream(listener) -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream(listener) as scripted:
        yield scripted


@pytest.fixture
async def asker(dragoman, upstream) -> AsyncIterator[Asker]:
    async with watched(dragoman) as client:
        yield client
