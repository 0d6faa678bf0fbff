"""A person with one model, whose vendor says what a test tells it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dragoman.testing import ScriptedUpstream, scripted_upstream

KEY = "canary-0123456789abcdef"
MODELS = json.dumps(
    [
        {"id": "claude", "name": "Claude", "description": "A model", "provider": "anthropic"}
        | {"default": True}
    ]
)


@pytest.fixture
async def vendor() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as scripted:
        yield scripted


@pytest.fixture
def configured(vendor: ScriptedUpstream, tmp_path) -> dict[str, Any]:
    """Where a command runs, and with which variables."""
    return {
        "folder": tmp_path,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": vendor.url,
        "MODELS": MODELS,
    }
