"""The OpenAI provider: the template, and what is its own."""

import json
from collections.abc import Sequence

from dragoman.config.facts import ModelEntry
from dragoman.services.providers import OpenAIProvider
from dragoman.testing.upstream import whole
from dragoman.wire import openai_responses
from tests.support.tapes import (
    openai_stream,
    openai_whole,
    responses_stream,
    responses_whole,
)
from tests.unit.providers import ProviderContract
from tests.unit.providers.asked import exchange


class TestOpenAIProvider(ProviderContract):
    provider = OpenAIProvider()
    path = "/chat/completions"
    spare = 2  # the usage, and the mark at the end

    def whole(self, text: str) -> bytes:
        return json.dumps(openai_whole(text)).encode()

    def stream(self, words: Sequence[str]) -> Sequence[bytes]:
        return openai_stream(words)


class TestOpenAIInResponses(ProviderContract):
    provider = OpenAIProvider()
    path = "/responses"
    model = ModelEntry(
        "ours", "Ours", "", "openai", upstream_id="vendor-model", wire="openai_responses"
    )

    def whole(self, text: str) -> bytes:
        return json.dumps(responses_whole(text)).encode()

    def stream(self, words: Sequence[str]) -> Sequence[bytes]:
        return responses_stream(words)


async def test_a_client_of_the_responses_format_is_passed_on_in_it():
    request = openai_responses.read_request(b'{"model": "ours", "input": "Hi", "zeal": 7}')
    received, reply = await exchange(OpenAIProvider(), whole(responses_whole("ok")), request)
    assert (received.path, received.json) == (
        "/responses",
        {"model": "vendor-model", "input": "Hi", "zeal": 7},
    )
    assert reply.text == "ok"


def test_it_is_found_where_the_vendor_says():
    config = OpenAIProvider().get_config({"OPENAI_API_KEY": "k" * 8})
    assert config.base_url == "https://api.openai.com/v1"
    assert (config.api_key_env, config.models_env) == ("OPENAI_API_KEY", "OPENAI_MODELS")


def test_its_address_can_be_moved():
    config = OpenAIProvider().get_config({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1/"})
    assert config.base_url == "http://127.0.0.1:9/v1"
