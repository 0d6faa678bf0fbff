"""Dragoman as a process, its upstreams, and the look at its health that follows every test."""

import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from dragoman.services.providers.transport import Timeouts
from dragoman.testing import ScriptedUpstream, scripted_upstream

from .asking import KEYS, PROMPT, Asker, until
from .processes import Program, descriptors, running_program

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


@contextmanager
def running_dragoman(
    command: Sequence[str | Path], *, environ: Mapping[str, str], folder: Path
) -> Iterator[Program]:
    """Run a Dragoman that can be asked; at the end it must end well."""
    with running_program(command, environ=environ, folder=folder) as program:
        program.wait_for_address()
        yield program
        if program.alive:
            assert program.end() == 0, program.log
        check_clean(program)


@asynccontextmanager
async def watched(program: Program) -> AsyncIterator[Asker]:
    """Give a client, and look at the server's health when the test is done with it."""
    opened = descriptors(program.pid)
    async with client_of(program) as client:
        yield client
    async with client_of(program) as asker:

        async def is_at_rest() -> bool:
            leaks = descriptors(program.pid) > opened + 5
            return not leaks and not await asker.at_work()

        assert program.alive
        await until(is_at_rest)  # llmock keeps idle connections for 5 s
        assert (await asker.get("/health"))["status"] == "ok"
        check_clean(program)


@asynccontextmanager
async def client_of(program: Program) -> AsyncIterator[Asker]:
    """Give a client whose connections end with it."""
    limit = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(program.address, timeout=limit) as session:
        yield Asker(session)


def check_clean(program: Program) -> None:
    """See that no key, no prompt and no accident stands in what it wrote."""
    written = program.said + program.log
    assert not [spill for spill in _SPILLS if spill in written], written
    assert not [key for key in KEYS.values() if key in written]
    assert PROMPT not in written


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
    with running_dragoman(scaled_command(), environ=environ, folder=folder) as program:
        yield program


@pytest.fixture
async def upstream(listener) -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream(listener) as scripted:
        yield scripted


@pytest.fixture
async def asker(dragoman, upstream) -> AsyncIterator[Asker]:
    async with watched(dragoman) as client:
        yield client
