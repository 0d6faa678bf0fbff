"""A stream that was cut is never taken for a whole one: ten of each wire, cut at every byte."""

import json

import pytest

from dragoman.testing.tapes import read_stream
from dragoman.wire import anthropic_messages, openai_chat

from .cases import RECORDINGS

CHAT = (
    "crusoe/chat-completions--test-crusoe-model-streaming-0",
    "huggingface/chat-completions--test-cancel-recorded-provider-stream-huggingface-1",
    "mistral/chat-completions--vercel-mistral-reasoning-stream",
    "moonshotai/chat-completions--vercel-moonshotai-stream-stream",
    "openai/chat-completions--chat-streaming-detailed-usage-0",
    "openai/chat-completions--test-open-ai-function-calls-tools-streaming-parallel-with-ev-1",
    "openrouter/chat-completions--test-openrouter-cache-streaming-e2e-0",
    "openrouter/chat-completions--test-openrouter-streaming-reasoning-0",
    "snowflake/chat-completions--test-snowflake-model-streaming-0",
    "xai/chat-completions--vercel-xai-tool-call-stream",
)
MESSAGES = (
    "anthropic/messages--test-anthropic-model-thinking-part-redacted-stream-0",
    "anthropic/messages--test-anthropic-native-tool-search-streaming-1",
    "anthropic/messages--test-anthropic-sync-streaming-helper-methods-legacy-0",
    "anthropic/messages--test-fixed-version-tool-chain-with-thinking-display-regressi-0",
    "anthropic/messages--test-stream-events-thinking-0",
    "anthropic/messages--test-tools-0",
    "anthropic/messages--vercel-anthropic-code-execution-20260120-prompt-cache-1-stream",
    "anthropic/messages--vercel-anthropic-fallback-stream",
    "anthropic/messages--vercel-anthropic-mcp-1-stream",
    "anthropic/messages--vercel-anthropic-tool-no-args-stream",
)
BODIES = {one.name: one.bodies[0] for one in RECORDINGS if one.name in CHAT + MESSAGES}


def end_of_event(body: bytes, mark: bytes) -> int:
    """Find where the event that holds `mark` is whole; beyond the body if none does."""
    found = body.find(mark)
    return len(body) + 1 if found < 0 else body.index(b"\n\n", found) + 2


def finish_of(body: bytes) -> int:
    """Find where the vendor has named a reason to finish."""
    for line in body.splitlines():
        if line.startswith(b"data: {") and any(
            choice.get("finish_reason") for choice in json.loads(line[6:])["choices"]
        ):
            return end_of_event(body, line)
    return len(body) + 1


@pytest.mark.parametrize("name", CHAT)
def test_a_chat_stream_cut_anywhere_is_whole_only_if_the_vendor_had_finished(name: str):
    body = BODIES[name]
    done = end_of_event(body, b"data: [DONE]")
    finished = min(done, finish_of(body))

    for cut in range(len(body) + 1):
        torn = read_stream(openai_chat, [body[:cut]], clean=False)
        assert (torn.failure is None) is (cut >= done), f"torn at byte {cut}"

        ended = read_stream(openai_chat, [body[:cut]], clean=True)
        assert (ended.failure is None) is (cut >= finished), f"ended at byte {cut}"

        for failure in filter(None, (torn.failure, ended.failure)):
            assert failure.reason == "stream_interrupted"


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("clean", [False, True], ids=["torn", "ended"])
def test_a_messages_stream_cut_anywhere_is_whole_only_after_message_stop(name: str, clean: bool):  # noqa: FBT001
    body = BODIES[name]
    done = end_of_event(body, b'"message_stop"')

    for cut in range(len(body) + 1):
        told = read_stream(anthropic_messages, [body[:cut]], clean=clean)

        assert (told.failure is None) is (cut >= done), f"cut at byte {cut}"
        assert told.failure is None or told.failure.reason == "stream_interrupted"
