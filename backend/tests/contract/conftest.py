"""Dragoman with one model of each vendor, both at a scripted upstream."""

import json
from collections.abc import AsyncIterator

import pytest

from dragoman.api.relay import Pace
from dragoman.testing import ScriptedUpstream, scripted_upstream
from tests.support.server import Dragoman, configured, running

MODELS = [
    {
        "id": "gpt",
        "name": "GPT",
        "description": "Speaks one wire",
        "provider": "openai",
        "upstream_id": "vendor-gpt",
        "default": True,
    },
    {
        "id": "claude",
        "name": "Claude",
        "description": "Speaks the other",
        "provider": "anthropic",
        "upstream_id": "vendor-claude",
    },
]
URL = "/api/v1/conversations"
KEYS = {"OPENAI_API_KEY": "canary-openai-key", "ANTHROPIC_API_KEY": "canary-anthropic-key"}
PACE = Pace(hold=0.3, beat=0.2, stall=1.0)


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as scripted:
        yield scripted


@pytest.fixture
def environ(upstream: ScriptedUpstream) -> dict[str, str]:
    return {
        "MODELS": json.dumps(MODELS),
        "OPENAI_BASE_URL": f"{upstream.url}/v1",
        "ANTHROPIC_BASE_URL": upstream.url,
        **KEYS,
    }


@pytest.fixture
async def dragoman(environ: dict[str, str], tmp_path) -> AsyncIterator[Dragoman]:
    async with running(configured(tmp_path, environ), pace=PACE) as server:
        yield server


@pytest.fixture
def make(dragoman):
    """Begin a conversation; give its id."""

    async def conversation(**wanted: object):
        response = await dragoman.client.post(URL, json=wanted)
        return (await response.json())["id"]

    return conversation


@pytest.fixture
def read(dragoman):
    """Read the messages of a conversation."""

    async def messages(conversation):
        response = await dragoman.client.get(f"{URL}/{conversation}")
        assert response.status == 200, await response.text()
        return (await response.json())["messages"]

    return messages
