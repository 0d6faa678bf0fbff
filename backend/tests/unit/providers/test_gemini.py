"""The Gemini provider: the template, and what is its own."""

import json
from collections.abc import Sequence

import pytest

from dragoman.chat import Category, UpstreamError
from dragoman.services.providers import Engines, GeminiProvider, Runtime, map_gemini_error
from dragoman.services.providers.transport import AiohttpUpstream, Timeouts
from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import Script, whole
from tests.support.tapes import gemini_stream, gemini_whole
from tests.unit.providers import ProviderContract

TIMEOUTS = Timeouts(connect=1, first_byte=2, first_token=2, idle=2, total=5)


class TestGeminiProvider(ProviderContract):
    provider = GeminiProvider()
    path = "/models/vendor-model:generateContent"

    def whole(self, text: str) -> bytes:
        return json.dumps(gemini_whole(text)).encode()

    def stream(self, words: Sequence[str]) -> Sequence[bytes]:
        return gemini_stream(words)

    async def test_a_stream_is_asked_for_by_its_address(self) -> None:
        async with scripted_upstream() as upstream:
            upstream.play(self._stream(self.stream(["Good", " day"])))
            await self.ask(upstream, stream=True)
            (request,) = upstream.received
        assert request.path == "/models/vendor-model:streamGenerateContent?alt=sse"
        assert request.json.keys() == {"contents"}

    async def test_a_stream_that_comes_as_one_list_is_understood(self) -> None:
        chunks = [json.loads(event[6:]) for event in self.stream(["Good", " day"])]
        async with scripted_upstream() as upstream:
            upstream.play(whole(chunks))
            reply = await self.ask(upstream, stream=True)
        assert reply.text == "Good day"

    async def test_a_wait_that_is_told_in_the_body_is_kept(self) -> None:
        detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
        error = {"code": 429, "message": "No.", "status": "RESOURCE_EXHAUSTED", "details": [detail]}
        async with scripted_upstream() as upstream:
            body = json.dumps({"error": error}).encode()
            upstream.play(Script(429, {"content-type": "application/json"}, (body,)))
            failure = await self.fail(upstream)
            assert (failure.category, failure.retry_after) == (Category.RATE_LIMIT, 34.4)
            upstream.play(self._stream([b"data: " + body + b"\n\n"]))
            failure = await self.fail(upstream, stream=True)
            assert (failure.category, failure.retry_after) == (Category.RATE_LIMIT, 34.4)


def test_it_is_found_where_the_vendor_says():
    config = GeminiProvider().get_config({"GEMINI_API_KEY": "k" * 8})

    assert config.base_url == "https://generativelanguage.googleapis.com/v1beta"
    assert (config.api_key_env, config.models_env) == ("GEMINI_API_KEY", "GEMINI_MODELS")


def runtime(url: str, upstream: AiohttpUpstream) -> Runtime:
    return Runtime({"GEMINI_BASE_URL": url, "GEMINI_API_KEY": "k-1"}, upstream, TIMEOUTS, Engines())


async def test_its_models_are_listed_by_the_names_that_requests_use():
    socket = AiohttpUpstream(TIMEOUTS)
    listed = {"models": [{"name": "models/gemini-3.8-flash", "version": "1"}, {"name": "tuned/x"}]}
    try:
        async with scripted_upstream() as upstream:
            upstream.play(whole(listed))
            names = await GeminiProvider().list_models(runtime(upstream.url, socket))
            (request,) = upstream.received
    finally:
        await socket.close()
    assert names == ("gemini-3.8-flash", "tuned/x")
    assert (request.path, request.headers["x-goog-api-key"]) == ("/models?pageSize=1000", "k-1")


async def test_a_list_of_models_that_is_none_is_the_vendors_fault():
    socket = AiohttpUpstream(TIMEOUTS)
    try:
        async with scripted_upstream() as upstream:
            upstream.play(whole({"data": []}))
            with pytest.raises(UpstreamError) as caught:
                await GeminiProvider().list_models(runtime(upstream.url, socket))
    finally:
        await socket.close()
    assert map_gemini_error(caught.value).category is Category.BAD_RESPONSE
