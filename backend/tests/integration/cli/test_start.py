"""What a start loads, and what waits until somebody needs it: nothing here looks at a clock."""

import json
import resource
import sys
from signal import SIGTERM
from typing import Any

import aiohttp
import pytest

from dragoman.storage.database import open_database
from tests.support.program import Ended, eventually, serving

WAITING = {
    "aiohttp",  # for a proxy
    "alembic",  # for a database of another schema
    "botocore",
    "dragoman.cli.chat",
    "dragoman.cli.check",
    "dragoman.services.providers.aiohttp_upstream",
    "dragoman.testing",
    "fastapi_swagger",  # its files alone are of use
    "genai_prices",  # for a price
    "google.auth",
    "httpx2",
    "mako",
    "numpy",
    "openai",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
    "truststore",  # for a host with a certificate
    "webbrowser",
    "xllamacpp",
}
MODULES, COLLECTING, ROOM = "modules:", "collecting:", "room:"

TOLD_AT_THE_END = f"""
import gc, sys
from dragoman.cli import main
try:
    main()
finally:
    print("{MODULES}", *sys.modules, file=sys.stderr)
    enabled = "enabled" if gc.isenabled() else "disabled"
    apart = "set-apart" if gc.get_freeze_count() > 50_000 else "looked-through"
    print("{COLLECTING}", enabled, apart, file=sys.stderr)
    if sys.platform == "linux":
        with open("/proc/self/status") as status:
            sizes = [line.split()[1] for line in status if line.startswith("FDSize:")]
        print("{ROOM}", *sizes, file=sys.stderr)
"""
PROGRAM = (sys.executable, "-c", TOLD_AT_THE_END)


# The list of prices has the context window of this one, and nothing else does.
OF_OLD = json.dumps(
    [{"id": "claude-2.1", "name": "Claude", "description": "A model", "provider": "anthropic"}]
)


@pytest.fixture
def started_before(configured) -> dict[str, Any]:
    """Somebody whose database has its schema: only the first start of all makes one."""
    with open_database(configured["folder"] / "data"):
        pass
    return {**configured, "DRAGOMAN_DATA_DIR": str(configured["folder"] / "data")}


def told(line: str, ended: Ended) -> set[str]:
    """What the program said at its end, after a word."""
    (found,) = (said for said in ended.err.splitlines() if said.startswith(line))
    return set(found.split()[1:])


async def test_a_server_that_is_ready_has_loaded_nothing_that_it_may_never_need(started_before):
    async with serving(program=PROGRAM, **started_before) as server:
        async with aiohttp.ClientSession(server.url) as client, client.get("/health") as answer:
            assert answer.status == 200
        ended = await server.end(SIGTERM)
    assert "dragoman.app" in told(MODULES, ended)
    assert WAITING & told(MODULES, ended) == set()
    assert told(COLLECTING, ended) == {"enabled", "set-apart"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how large the table is")
async def test_a_server_that_is_ready_has_room_for_its_connections(started_before):
    async with serving(program=PROGRAM, **started_before) as server:
        ended = await server.end(SIGTERM)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    (room,) = told(ROOM, ended)
    assert int(room) >= (8000 if most == resource.RLIM_INFINITY else min(8000, most))


async def test_the_list_of_prices_tells_context_windows_without_staying(started_before):
    environ = {**started_before, "MODELS": OF_OLD}
    async with serving(program=PROGRAM, **environ) as server:
        async with aiohttp.ClientSession(server.url) as client:

            async def is_known() -> bool:
                async with client.get("/api/v1/models") as answer:
                    (model,) = (await answer.json())["models"]
                    return model["contextWindow"] == 200_000

            assert not await is_known()
            await eventually(is_known)
        ended = await server.end(SIGTERM)
    assert "genai_prices" not in told(MODULES, ended)
