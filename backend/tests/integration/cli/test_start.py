"""What a start loads, and what waits until somebody needs it: nothing here looks at a clock."""

import sys
from signal import SIGTERM

import aiohttp

from dragoman.storage.database import open_database
from tests.support.program import serving

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
MODULES, COLLECTING = "modules:", "collecting:"

TOLD_AT_THE_END = f"""
import gc, sys
from dragoman.cli import main
try:
    main()
finally:
    print("{MODULES}", *sys.modules, file=sys.stderr)
    print("{COLLECTING}", gc.isenabled(), gc.get_freeze_count() > 50_000, file=sys.stderr)
"""
PROGRAM = (sys.executable, "-c", TOLD_AT_THE_END)


async def test_a_server_that_is_ready_has_loaded_nothing_that_it_may_never_need(configured):
    with open_database(configured["folder"] / "data"):
        pass  # only the first start of all has a schema to make
    environ = {**configured, "DRAGOMAN_DATA_DIR": str(configured["folder"] / "data")}
    async with serving(program=PROGRAM, **environ) as server:
        async with aiohttp.ClientSession(server.url) as client, client.get("/health") as answer:
            assert answer.status == 200
        ended = await server.end(SIGTERM)
    told = {line.split()[0]: line.split()[1:] for line in ended.err.splitlines() if line[:1] != "{"}
    assert "dragoman.app" in told[MODULES]
    assert WAITING.intersection(told[MODULES]) == set()
    assert told[COLLECTING] == ["True", "True"]
