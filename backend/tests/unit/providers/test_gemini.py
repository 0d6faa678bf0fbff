"""The Gemini provider: the template, and what is its own."""

import json
from collections.abc import Sequence

import pytest

from dragoman.chat import Category, UpstreamError
from dragoman.services.providers import Engines, GeminiProvider, Runtime, map_gemini_error
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import Timeouts
from dragoman.testing import scripted_upstream
from dragoman.testing.tapes import read_stream
from dragoman.testing.upstream import Script, whole
from dragoman.wire import gemini
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


def runtime(url: str, upstream: HttptoolsUpstream) -> Runtime:
    return Runtime({"GEMINI_BASE_URL": url, "GEMINI_API_KEY": "k-1"}, upstream, TIMEOUTS, Engines())


async def test_its_models_are_listed_by_the_names_that_requests_use():
    socket = HttptoolsUpstream(TIMEOUTS)
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
    socket = HttptoolsUpstream(TIMEOUTS)
    try:
        async with scripted_upstream() as upstream:
            upstream.play(whole({"data": []}))
            with pytest.raises(UpstreamError) as caught:
                await GeminiProvider().list_models(runtime(upstream.url, socket))
    finally:
        await socket.close()
    assert map_gemini_error(caught.value).category is Category.BAD_RESPONSE


def failing(code: int, status: str, message: str = "No.", **details: object) -> bytes:
    kinds = {
        "reason": "ErrorInfo",
        "retryDelay": "RetryInfo",
        "violations": "QuotaFailure",
        "fieldViolations": "BadRequest",
    }
    told = [
        {"@type": f"type.googleapis.com/google.rpc.{kinds[name]}", name: value}
        for name, value in details.items()
    ]
    error = {"code": code, "message": message, "status": status, "details": told}
    return json.dumps({"error": error}).encode()


PER_DAY = [
    {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"},
    {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"},
]
TOO_LONG = "The input token count (9) exceeds the maximum number of tokens allowed (8)."
NOBODY = "Method doesn't allow unregistered callers (callers without established identity)."
ELSEWHERE = "User location is not supported for the API use."


@pytest.mark.parametrize(
    ("body", "category", "retryable"),
    [
        (failing(400, "INVALID_ARGUMENT"), Category.INVALID_REQUEST, False),
        (
            failing(400, "INVALID_ARGUMENT", reason="API_KEY_INVALID"),
            Category.AUTHENTICATION,
            False,
        ),
        (failing(403, "PERMISSION_DENIED", NOBODY), Category.AUTHENTICATION, False),
        (failing(403, "PERMISSION_DENIED"), Category.PERMISSION, False),
        (
            failing(403, "PERMISSION_DENIED", reason="API_KEY_SERVICE_BLOCKED"),
            Category.PERMISSION,
            False,
        ),
        (failing(400, "FAILED_PRECONDITION", ELSEWHERE), Category.PERMISSION, False),
        (failing(400, "INVALID_ARGUMENT", TOO_LONG), Category.CONTEXT_TOO_LONG, False),
        (failing(404, "NOT_FOUND"), Category.MODEL_NOT_FOUND, False),
        (failing(429, "RESOURCE_EXHAUSTED"), Category.RATE_LIMIT, True),
        (
            failing(429, "RESOURCE_EXHAUSTED", violations=PER_DAY[:1], retryDelay="7s"),
            Category.RATE_LIMIT,
            True,
        ),
        (
            failing(429, "RESOURCE_EXHAUSTED", violations=PER_DAY, retryDelay="7s"),
            Category.QUOTA_EXHAUSTED,
            False,
        ),
        (
            failing(429, "RESOURCE_EXHAUSTED", reason="MODEL_CAPACITY_EXHAUSTED"),
            Category.OVERLOADED,
            True,
        ),
        (failing(500, "INTERNAL"), Category.BAD_RESPONSE, True),
        (failing(503, "UNAVAILABLE"), Category.OVERLOADED, True),
        (failing(504, "DEADLINE_EXCEEDED"), Category.TIMEOUT, True),
        (failing(499, "CANCELLED"), Category.CONNECTION, True),
        (b"[" + failing(503, "UNAVAILABLE") + b"]", Category.OVERLOADED, True),
    ],
)
def test_an_error_is_judged_alike_before_and_inside_a_stream(
    body: bytes, category: Category, *, retryable: bool
):
    (error,) = json.loads(body) if body.startswith(b"[") else [json.loads(body)]
    status = error["error"]["code"]

    before = map_gemini_error(UpstreamError(gemini.read_failure(status, {}, body)))
    inside = read_stream(gemini, [b"data: " + body + b"\n\n"]).failure

    assert inside is not None
    for judged in (before, map_gemini_error(UpstreamError(inside))):
        assert (judged.category, judged.retryable) == (category, retryable)


def test_a_wait_is_known_where_the_body_tells_it():
    body = failing(429, "RESOURCE_EXHAUSTED", retryDelay="34.4s")

    assert gemini.read_failure(429, {}, body).retry_after == 34.4
    assert gemini.read_failure(429, {}, failing(429, "X", retryDelay="soon")).retry_after is None
