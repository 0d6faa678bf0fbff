"""Failures that vendors were seen to answer with, each judged rightly: who waits, and how long."""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from dragoman.chat import Category, ChatRequest, LLMServiceError, Message, Text
from dragoman.config.facts import ModelEntry
from dragoman.services.providers import BaseProvider, Engines, HttpProvider, Runtime, registry
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.providers.transport import Timeouts
from dragoman.testing.upstream import Script, scripted_upstream
from dragoman.wire import openai_chat

# Provider, status and a piece of the body -> category, retryable, seconds to wait. A wait that is
# only in the prose is none; a type that contradicts the status ("invalid_request_error" for a
# want of capacity) decides nothing.
JUDGEMENTS: Final[dict[tuple[str, int, str], tuple[Category, bool, float | None]]] = {
    ("anthropic", 529, "overloaded_error"): (Category.OVERLOADED, True, None),
    ("anthropic", 200, "overloaded_error"): (Category.OVERLOADED, True, None),
    ("google", 503, "overloaded, try later"): (Category.OVERLOADED, True, None),
    ("google", 503, "MODEL_CAPACITY_EXHAUSTED"): (Category.OVERLOADED, True, None),
    ("google", 429, "RetryInfo"): (Category.RATE_LIMIT, True, 38.0),
    ("google", 429, "Resource exhausted"): (Category.RATE_LIMIT, True, None),
    ("openai", 429, "rate_limit_exceeded"): (Category.RATE_LIMIT, True, None),
    ("openai", 429, "insufficient_quota"): (Category.QUOTA_EXHAUSTED, False, None),
    ("openai", 200, "server_is_overloaded"): (Category.OVERLOADED, True, None),
    ("groq", 429, "rate_limit_exceeded"): (Category.RATE_LIMIT, True, 7.0),
    ("mistral", 429, "rate_limited"): (Category.RATE_LIMIT, True, None),
    ("mistral", 429, "capacity exceeded"): (Category.RATE_LIMIT, True, None),
    ("mistral", 503, "capacity exceeded"): (Category.OVERLOADED, True, None),
}

GOOGLE = HttpProvider(
    provider_id="google",
    name="Google",
    wire=openai_chat,
    base_url="",
    api_key_env="GOOGLE_API_KEY",
)
"""Google speaks OpenAI's format too, with errors in its own."""

TIMEOUTS = Timeouts(connect=1, first_byte=2, first_token=2, idle=2, total=5)

BEGUN = b"""event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",\
"model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}

"""

Shape = dict[str, Any]


@pytest.fixture(scope="module")
def shapes() -> list[Shape]:
    folder = os.environ.get("DRAGOMAN_CORPUS")
    if not folder:
        missing = "DRAGOMAN_CORPUS does not say where the recorded exchanges are"
        if os.environ.get("DRAGOMAN_REQUIRE_CORPUS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    seen: list[Shape] = json.loads((Path(folder) / "error_shapes.json").read_bytes())["cases"]
    return seen


def fitting(shapes: list[Shape], provider: str, status: int, words: str) -> list[Shape]:
    return [
        shape
        for shape in shapes
        if shape["provider"] == provider
        and str(status) in str(shape["status"])
        and words in json.dumps(shape)
    ]


def script_of(shape: Shape, status: int) -> Script:
    """Answer as the vendor did."""
    headers = {"content-type": "application/json"} | shape.get("headers", {})
    if "body" in shape:
        return Script(status, headers, (json.dumps(shape["body"]).encode(),))
    error = shape.get("sse") or f"event: error\ndata: {json.dumps(shape['error_event'])}\n\n"
    begun = (BEGUN,) if shape["provider"] == "anthropic" else ()
    return Script(status, {"content-type": "text/event-stream"}, (*begun, error.encode()))


async def ask(provider: BaseProvider, script: Script) -> LLMServiceError:
    """Ask a provider that answers by `script`; give what its failure is judged to be."""
    prefix = provider.provider_id.upper()
    socket = HttptoolsUpstream(TIMEOUTS)
    asked = ChatRequest(model="m", messages=(Message("user", (Text("Hi"),)),), stream=True)
    try:
        async with scripted_upstream() as upstream:
            upstream.play(script)
            environ = {f"{prefix}_BASE_URL": upstream.url, f"{prefix}_API_KEY": "k-123456789"}
            runtime = Runtime(environ, socket, TIMEOUTS, Engines())
            model = provider.create_llm(ModelEntry("m", "M", "", provider.provider_id), runtime)
            with pytest.raises(Exception) as caught:  # noqa: PT011 - the provider judges which
                [batch async for batch in model.stream(asked)]
    finally:
        await socket.close()
    return provider.map_error(caught.value, model="m")


@pytest.mark.parametrize(("provider", "status", "words"), JUDGEMENTS)
async def test_a_failure_that_was_seen_is_judged_rightly(
    shapes: list[Shape], provider: str, status: int, words: str
):
    (shape,) = fitting(shapes, provider, status, words)

    error = await ask(
        GOOGLE if provider == "google" else registry.get(provider), script_of(shape, status)
    )

    judgement = (error.category, error.retryable, error.retry_after)
    assert judgement == JUDGEMENTS[provider, status, words]


def test_every_failure_that_was_seen_is_judged(shapes: list[Shape]):
    judged = [shape for row in JUDGEMENTS for shape in fitting(shapes, *row)]

    assert all(shape in judged for shape in shapes)
