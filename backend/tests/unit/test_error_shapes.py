"""Failures that vendors were seen to answer with, each judged rightly: who waits, and how long."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dragoman.chat import Category, LLMServiceError, UpstreamError
from dragoman.services.providers import map_anthropic_error, map_openai_error, map_provider_error
from dragoman.testing.tapes import read_stream
from dragoman.wire import anthropic_messages, openai_chat

# (provider, status, what the body says) -> category, retryable, seconds to wait
JUDGEMENTS: dict[tuple[str, int, str], tuple[Category, bool, float | None]] = {
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

Shape = dict[str, Any]


@pytest.fixture(scope="module")
def shapes() -> list[Shape]:
    folder = os.environ.get("DRAGOMAN_CORPUS")
    if not folder:
        message = "DRAGOMAN_CORPUS does not say where the recorded exchanges are"
        if os.environ.get("DRAGOMAN_REQUIRE_CORPUS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    cases: list[Shape] = json.loads((Path(folder) / "error_shapes.json").read_bytes())["cases"]
    return cases


def statuses(shape: Shape) -> list[int]:
    status = shape["status"]
    return [status] if isinstance(status, int) else [int(each) for each in status.split(" or ")]


def raised(shape: Shape, status: int) -> UpstreamError:
    """Give what reading this answer raises, by the wire that would read it."""
    if "sse" in shape:
        failure = read_stream(anthropic_messages, [shape["sse"].encode()]).failure
        assert failure is not None
        return UpstreamError(failure)
    wire = anthropic_messages if shape["provider"] == "anthropic" else openai_chat
    body = json.dumps(shape.get("body") or shape["error_event"]).encode()
    return UpstreamError(wire.read_failure(status, shape.get("headers", {}), body))


def judged(shape: Shape, status: int) -> LLMServiceError:
    error = raised(shape, status)
    match shape["provider"]:
        case "openai":
            return map_openai_error(error)
        case "anthropic":
            return map_anthropic_error(error)
        case provider:
            return map_provider_error(error, provider=provider)


def seen(shapes: list[Shape]) -> Iterator[tuple[tuple[str, int, str], LLMServiceError]]:
    for shape in shapes:
        text = json.dumps(shape)
        for status in statuses(shape):
            marks = [
                row
                for row in JUDGEMENTS
                if row[:2] == (shape["provider"], status) and row[2] in text
            ]
            assert len(marks) == 1, f"{len(marks)} judgements fit {text}"
            yield marks[0], judged(shape, status)


def test_every_failure_that_was_seen_is_judged_rightly(shapes: list[Shape]):
    judgements = {
        row: (error.category, error.retryable, error.retry_after) for row, error in seen(shapes)
    }

    assert judgements == JUDGEMENTS
