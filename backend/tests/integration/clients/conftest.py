"""Dragoman as a process, a scripted vendor behind it, and the clients that knock at its doors."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from xdist.remote import Producer

from dragoman.testing import ScriptedUpstream, scripted_upstream
from tests.integration.independent.processes import Program, dragoman_command, running_program

from .asking import DOCUMENTED, MODELS, PROMPT, SYSTEM
from .environments import CLIENTS, ClientProcess, HungError, Outcome
from .scheduling import ByClient
from .table import print_tables

KEYS = {
    "OPENAI_API_KEY": "sk-canary-0penai",
    "ANTHROPIC_API_KEY": "sk-ant-canary",
    "GEMINI_API_KEY": "sk-canary-g00gle",
}


def entry(model: str, **more: Any) -> dict[str, Any]:
    """One model of the list."""
    named = {"id": model, "name": model, "description": ""}
    return named | {"upstream_id": f"vendor-{model}", "max_output_tokens": 4096} | more


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByClient:
    return ByClient(config, log)


@pytest.fixture(scope="session")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture(scope="session")
def dragoman(listener, tmp_path_factory) -> Iterator[Program]:
    """A Dragoman as a person starts it; every vendor is the scripted one."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listed = MODELS | {name: MODELS[name.split("-")[0]] for name in DOCUMENTED}
    environ = {
        "MODELS": json.dumps([entry(model, **more) for model, more in listed.items()]),
        "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_BASE_URL": url,
        "GEMINI_BASE_URL": f"{url}/v1beta",
        # A vendor in a process that is busy with other cells is not to be taken for a silent one.
        "DRAGOMAN_FIRST_BYTE_TIMEOUT": "1.5",
        "DRAGOMAN_FIRST_TOKEN_TIMEOUT": "2.0",
        "DRAGOMAN_IDLE_TIMEOUT": "1.2",
        **KEYS,
    }
    folder = tmp_path_factory.mktemp("dragoman")
    command = dragoman_command("serve", "--port", "0")
    with running_program(command, environ=environ, folder=folder) as program:
        program.wait_for_address()
        yield program


@pytest.fixture(scope="session")
def client_named(tmp_path_factory) -> Iterator[Callable[[str], ClientProcess]]:
    """Give a client by name: its process runs until the last test is over."""
    running: dict[str, ClientProcess] = {}

    def give(name: str) -> ClientProcess:
        if name in running and not running[name].alive:
            running.pop(name).end()
        if name not in running:
            running[name] = ClientProcess(CLIENTS[name], tmp_path_factory.mktemp(name))
        return running[name]

    yield give
    for process in running.values():
        process.end()


@pytest.fixture
async def upstream(listener) -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream(listener) as scripted:
        yield scripted


@pytest.fixture
def run(client_named, dragoman, record_property):
    """Run a cell of a client at a door, and have the table tell of it."""

    async def run_cell(
        client: str, door: str, cell: str, *, model: str, column: str | None = None, **ask: Any
    ) -> Outcome:
        process = await asyncio.to_thread(client_named, client)
        record_property("row", (client, door))
        record_property("versions", process.versions)
        record_property("column", column or cell)
        asked = {"base": dragoman.address, "model": model, "timeout": 20.0, "retries": 0}
        asked |= {"system": SYSTEM, "prompt": PROMPT}
        try:
            outcome = await asyncio.to_thread(process.run, cell, door, **(asked | ask))
        except HungError as hung:
            # Its own limit is 20 s: one that outlives that hangs in its own code, as LiteLLM does
            # once in some thousand cells. A second time is no accident.
            record_property("hung", str(hung))
            process = await asyncio.to_thread(client_named, client)
            outcome = await asyncio.to_thread(process.run, cell, door, **(asked | ask))
        record_property("outcome", outcome)
        return outcome

    return run_cell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what every client was seen to do."""
    print_tables(terminalreporter)
