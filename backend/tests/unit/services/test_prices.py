"""What tokens cost, by the kept list: known where it is, and never made up."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dragoman.chat import Usage
from dragoman.config.facts import ModelEntry
from dragoman.services.prices import context_windows_of, cost_of

THEN = datetime(2026, 11, 1, tzinfo=UTC)


def entry(provider: str, model: str, upstream_id: str | None = None) -> ModelEntry:
    return ModelEntry(model, model, "", provider, upstream_id=upstream_id)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-5.4-mini"),
        ("anthropic", "claude-sonnet-4-5"),
        ("gemini", "gemini-2.5-flash"),
        ("groq", "llama-3.3-70b-versatile"),
    ],
)
def test_a_known_model_has_a_price(provider: str, model: str):
    cost = cost_of(entry(provider, model), Usage(1000, 100), now=THEN)

    assert cost is not None
    assert cost.usd > 0
    assert cost.source.startswith("genai-prices ")


def test_it_is_the_vendors_name_that_has_the_price():
    named = cost_of(entry("openai", "ours", "gpt-5.4-mini"), Usage(1000, 100), now=THEN)

    assert named == cost_of(entry("openai", "gpt-5.4-mini"), Usage(1000, 100), now=THEN)


def test_what_was_read_from_the_cache_is_not_counted_twice():
    model = entry("anthropic", "claude-sonnet-4-5")
    whole, cached = cost_of(model, Usage(1000, 0)), cost_of(model, Usage(1000, 0, cache_read=1000))

    assert whole is not None
    assert cached is not None
    assert cached.usd == whole.usd / 10


@pytest.mark.parametrize(
    "model", [entry("openai", "nobody-knows-it"), entry("parrot", "gpt-5.4-mini")]
)
def test_what_the_list_does_not_know_has_no_price(model: ModelEntry):
    assert cost_of(model, Usage(1000, 100), now=THEN) is None


def test_nothing_counted_has_no_price():
    assert cost_of(entry("openai", "gpt-5.4-mini"), Usage(), now=THEN) is None


def test_no_tokens_cost_nothing():
    cost = cost_of(entry("openai", "gpt-5.4-mini"), Usage(0, 0), now=THEN)

    assert cost is not None
    assert cost.usd == Decimal(0)


def test_the_list_tells_context_windows_too_and_only_those_it_knows():
    listed = [
        entry("bedrock", "nova", "amazon.nova-pro-v1:0"),
        entry("ollama", "amazon.nova-pro-v1:0"),
        entry("openai", "nobody-knows-it"),
        entry("openai", "tts-1"),
    ]

    assert context_windows_of(listed) == {"nova": 300_000}
