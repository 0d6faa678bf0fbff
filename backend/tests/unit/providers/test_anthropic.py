"""The Anthropic provider: the template, and what is its own."""

import json
from collections.abc import Sequence

from dragoman.config.facts import ModelEntry
from dragoman.services.providers import AnthropicProvider
from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import whole
from tests.support.tapes import anthropic_stream, anthropic_whole
from tests.unit.providers import ProviderContract


class TestAnthropicProvider(ProviderContract):
    provider = AnthropicProvider()
    path = "/v1/messages"

    def whole(self, text: str) -> bytes:
        return json.dumps(anthropic_whole(text)).encode()

    def stream(self, words: Sequence[str]) -> Sequence[bytes]:
        return anthropic_stream(words)


class TestAModelWithAnotherVersion(TestAnthropicProvider):
    model = ModelEntry(
        "ours", "Ours", "", "anthropic", upstream_id="vendor-model", api_version="2026-10-21"
    )

    async def test_the_version_of_the_model_entry_is_sent(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(whole(anthropic_whole("ok")))
            await self.ask(upstream)
            assert upstream.received[0].headers["anthropic-version"] == "2026-10-21"


class TestAModelWithACeiling(TestAnthropicProvider):
    model = ModelEntry(
        "ours", "Ours", "", "anthropic", upstream_id="vendor-model", max_output_tokens=123
    )

    async def test_the_ceiling_of_the_model_entry_is_sent(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(whole(anthropic_whole("ok")))
            await self.ask(upstream)
            assert upstream.received[0].json["max_tokens"] == 123


async def test_the_version_is_pinned() -> None:
    async with scripted_upstream() as upstream:
        upstream.play(whole(anthropic_whole("ok")))
        await TestAnthropicProvider().ask(upstream)
        assert upstream.received[0].headers["anthropic-version"] == "2023-06-01"
        assert "authorization" not in upstream.received[0].headers


def test_it_is_found_where_the_vendor_says():
    config = AnthropicProvider().get_config({"ANTHROPIC_API_KEY": "k" * 8})
    assert config.base_url == "https://api.anthropic.com"
