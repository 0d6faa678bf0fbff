"""The page's types are made from a schema that is written down: the one that is served."""

import json
from pathlib import Path

import pytest

WRITTEN = Path(__file__).parents[3] / "frontend" / "openapi.json"


async def test_the_page_was_made_for_the_api_that_is_served(dragoman):
    if not WRITTEN.is_file():
        pytest.skip("there is no frontend/ beside these tests")
    served = await (await dragoman.client.get("/openapi.json")).json()
    del served["info"]["version"]
    written = json.loads(WRITTEN.read_text())
    assert written == served, "openapi.json is old: `npm run types` beside a running server"
