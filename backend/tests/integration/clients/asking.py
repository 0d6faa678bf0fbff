"""What the tests of the clients share: which of them, at which doors, and what is asked."""

from collections.abc import Collection

import pytest

from .environments import CLIENTS, Outcome
from .turns import Call

MODELS: dict[str, dict[str, str]] = {
    "gpt": {"provider": "openai", "wire": "openai_chat"},
    "gpt-r": {"provider": "openai", "wire": "openai_responses"},
    "claude": {"provider": "anthropic"},
    "flash": {"provider": "gemini"},
}
"""Every model that is talked to, one for each wire."""
DOCUMENTED = {"gpt-5.6": "vendor-gpt-5.6", "claude-sonnet-5": "vendor-claude-sonnet-5"}
"""The models that docs/clients.md asks, with the vendor's name for each."""

DOORS = [(client.name, door) for client in CLIENTS.values() for door in client.doors]
SYSTEM = "Be brief."
PROMPT = "Where do the boats go at night?"
PARIS, ROME = Call("call_paris", {"city": "Paris"}), Call("call_rome", {"city": "Rome"})
CITY = {"name": "Paris", "population": 2048472}

OWN = {
    "openai-python",
    "openai-python-2",
    "openai-node",
    "anthropic-python",
    "anthropic-node",
    "google-genai",
}
"""The vendors' own SDKs; the others build upon them, or upon the formats."""

OF_EVERY_WIRE = pytest.mark.parametrize("model", MODELS)


def at(*doors: str, clients: Collection[str] = CLIENTS) -> pytest.MarkDecorator:
    """All the clients of these doors, or those of them that are named."""
    chosen = [(client, door) for client, door in DOORS if door in doors and client in clients]
    names = [f"{client}-{door}" for client, door in chosen]
    return pytest.mark.parametrize(("client", "door"), chosen, ids=names)


AT_EVERY_DOOR = at("chat", "responses", "messages", "gemini")


def check_done(outcome: Outcome) -> bool:
    """Tell whether there is an outcome to look at; a client that cannot must have said why."""
    if outcome["outcome"] == "n/a":
        assert outcome["reason"]
        return False
    assert outcome["outcome"] == "done", outcome.get("trace", outcome)
    return True
