"""What stays of a long prompt while its answer is streamed: what it says, and no bytes of it."""

import gc
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

import dragoman
from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import Script
from tests.support.server import configured, running
from tests.support.tapes import anthropic_stream

PROMPT = "All that was said. " * 40_000
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": PROMPT}]},
    "/v1/messages": {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 100},
    "/v1/responses": {"input": PROMPT},
}
HELD = {"/v1/responses": 2}
"""How often, if not once: a response is kept together with what it was asked."""

MODELS = '[{"id":"m","name":"M","description":"","provider":"anthropic","upstream_id":"c"}]'
BEGUN = Script(
    200, {"content-type": "text/event-stream"}, tuple(anthropic_stream(["Yes"])[:3]), end="hang"
)

PACKAGE = Path(dragoman.__file__).parent
OURS = [
    tracemalloc.Filter(inclusive=True, filename_pattern=f"{PACKAGE}/{layer}/*")
    for layer in ("api", "chat", "services", "wire")
]


def prompts_held() -> float:
    """How often as much as the prompt is held by what was made in the product's code."""
    gc.collect()
    traces = tracemalloc.take_snapshot().filter_traces(OURS).traces
    return sum(trace.size for trace in traces if trace.size > len(PROMPT) / 2) / len(PROMPT)


@pytest.mark.parametrize("path", ASKED)
async def test_of_a_long_prompt_only_what_it_says_is_held_while_its_answer_comes(
    path: str, tmp_path: Path
):
    tracemalloc.start()
    try:
        async with scripted_upstream() as vendor:
            vendor.play(BEGUN)
            environ = {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": vendor.url, "MODELS": MODELS}
            asking = {"model": "m", "stream": True, **ASKED[path]}
            async with (
                running(configured(tmp_path, environ)) as server,
                server.client.post(
                    path, json=asking, headers={"accept": "text/event-stream"}
                ) as answer,
            ):
                assert answer.status == 200
                assert round(prompts_held(), 1) == HELD.get(path, 1)
    finally:
        tracemalloc.stop()
