"""Dragoman as a server inside the test: a real socket, the real application."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from dragoman.api.edge import server_config
from dragoman.api.relay import Pace
from dragoman.app import create_app
from dragoman.config import Configuration, load_configuration
from dragoman.services.providers import CATALOG, FAMILIES, FEATURES, ProviderRegistry, registry
from dragoman.services.providers.transport import Timeouts
from dragoman.storage.database import Database

QUICK = Timeouts(connect=1.0, first_byte=1.5, first_token=2.0, idle=1.2, total=6.0)
"""Short enough to be waited for, long enough for a machine that is busy with other tests."""


def configured(folder: Path, environ: Mapping[str, str]) -> Configuration:
    """Read a configuration from variables alone."""
    return load_configuration(
        flags={},
        environ={"DRAGOMAN_DATA_DIR": str(folder), **environ},
        cwd=folder,
        config_file=None,
        env_file=None,
        families=FAMILIES,
        features=FEATURES,
        built_in=tuple(registry),
        replaceable=tuple(provider.provider_id for provider in CATALOG),
        key_variables=("OPENAI_API_KEY", "ANTHROPIC_API_KEY"),
    )


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    content: dict[str, Any]


@dataclass(frozen=True)
class Dragoman:
    """A running server and a client for it."""

    url: str
    client: aiohttp.ClientSession

    async def ask(self, message: str = "Hello", **more: Any) -> aiohttp.ClientResponse:
        response = await self.client.post("/api/v1/messages", json={"message": message, **more})
        await response.read()
        return response

    async def ask_streamed(self, message: str = "Hello", **more: Any) -> aiohttp.ClientResponse:
        return await self.client.post(
            "/api/v1/messages",
            json={"message": message, **more},
            headers={"accept": "text/event-stream"},
        )

    async def events(self, message: str = "Hello", **more: Any) -> list[Event]:
        response = await self.ask_streamed(message, **more)
        assert response.status == 200, await response.text()
        return parse_events(await response.read())


def parse_events(body: bytes) -> list[Event]:
    events = []
    for block in body.decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line[0] != ":")
        if "data" in fields:
            events.append(Event(fields.get("event", "message"), json.loads(fields["data"])))
    return events


def _holding(held: list[aiohttp.ClientResponse]) -> aiohttp.TraceConfig:
    """Keep every answer until the test is over: one that is not read must not look like a leak."""

    async def hold(_: object, __: object, ended: aiohttp.TraceRequestEndParams) -> None:
        held.append(ended.response)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(hold)
    return trace


@asynccontextmanager
async def running(
    configuration: Configuration,
    *,
    providers: ProviderRegistry = registry,
    timeouts: Timeouts = QUICK,
    pace: Pace | None = None,
    load: Callable[[], Configuration] | None = None,
    drain: int = 30,
    database: Database | None = None,
) -> AsyncIterator[Dragoman]:
    """Run the application on a free port of loopback."""
    app = create_app(
        configuration,
        registry=providers,
        timeouts=timeouts,
        pace=pace,
        load=load,
        database=database,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(server_config(app, drain=drain))
    serving = asyncio.create_task(server._serve([listener]))
    while not server.started:
        assert not serving.done(), "the server did not start"
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession(url, trace_configs=[_holding(held := [])]) as client:
            yield Dragoman(url, client)
            for response in held:
                response.close()
    finally:
        server.should_exit = True
        await serving
        listener.close()
