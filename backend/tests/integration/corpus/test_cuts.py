"""A stream that was cut is never taken for a whole one: ten of each wire, cut at every byte."""

import json
import re

import pytest

from dragoman.testing.grammar import check_grammar
from dragoman.testing.tapes import read_stream
from dragoman.wire import anthropic_messages, gemini, openai_chat, openai_responses
from dragoman.wire.base import Wire

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
RESPONSES = (
    "azure-openai/responses--vercel-azure-text-1-stream",
    "azure-openai/responses--vercel-azure-tool-call-1-stream",
    "deepseek/responses--test-deepseek-responses-text-stream-0",
    "open-responses/responses--vercel-openai-pdf-input-file-1-stream",
    "openai/responses--test-openai-include-raw-annotations-streaming-2",
    "openai/responses--test-openai-responses-model-file-search-tool-stream-3",
    "openai/responses--test-openai-responses-stream-0",
    "openai/responses--vercel-openai-custom-tool-1-stream",
    "openai/responses--vercel-openai-mcp-tool-approval-1-stream",
    "openrouter/responses--test-openai-responses-raw-cot-stream-openrouter-0",
)
GEMINI = (
    "google-vertex/streamGenerateContent--test-google-vertex-service-tier-flex-stream-0",
    "google-vertex/streamGenerateContent--test-streaming-excludecontent-gemini-2-5-flash-vertexaiapi-s-0",
    "google/streamGenerateContent--test-cancel-recorded-provider-stream-google-0",
    "google/streamGenerateContent--test-code-execution-stream-0",
    "google/streamGenerateContent--test-google-model-file-search-tool-stream-3",
    "google/streamGenerateContent--test-google-streaming-tool-call-thought-signature-0",
    "google/streamGenerateContent--test-resolved-model-0",
    "google/streamGenerateContent--test-tools-0",
    "google/streamGenerateContent--vercel-google-reasoning-stream",
    "google/streamGenerateContent--vercel-google-stream-tool-call-arguments-stream",
)
WIRES: dict[str, Wire] = {
    **dict.fromkeys(CHAT, openai_chat),
    **dict.fromkeys(MESSAGES, anthropic_messages),
    **dict.fromkeys(RESPONSES, openai_responses),
    **dict.fromkeys(GEMINI, gemini),
}
BODIES = {one.name: one.bodies[0] for one in RECORDINGS if one.name in WIRES}


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


def check_cut(wire: Wire, body: bytes, cut: int, *, clean: bool, whole: bool) -> None:
    """Assert that `body`, cut at `cut`, is taken for whole or not, and for nothing it is not."""
    told = read_stream(wire, [body[:cut]], clean=clean)

    assert (told.failure is None) is whole, f"cut at byte {cut}, clean={clean}"
    assert told.failure is None or told.failure.reason == "stream_interrupted"
    check_grammar(told.events, finished=whole)


@pytest.mark.parametrize("name", CHAT)
def test_a_torn_chat_stream_is_whole_only_after_its_last_word(name: str):
    body = BODIES[name]
    done = end_of_event(body, b"data: [DONE]")

    for cut in range(len(body) + 1):
        check_cut(openai_chat, body, cut, clean=False, whole=cut >= done)


@pytest.mark.parametrize("name", CHAT)
def test_a_chat_stream_that_ended_in_good_order_is_whole_once_it_has_a_finish_reason(name: str):
    body = BODIES[name]
    finished = min(finish_of(body), end_of_event(body, b"data: [DONE]"))

    for cut in range(len(body) + 1):
        check_cut(openai_chat, body, cut, clean=True, whole=cut >= finished)


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("clean", [False, True], ids=["torn", "ended"])
def test_a_messages_stream_is_whole_only_after_message_stop(name: str, *, clean: bool):
    body = BODIES[name]
    done = end_of_event(body, b'"message_stop"')

    for cut in range(len(body) + 1):
        check_cut(anthropic_messages, body, cut, clean=clean, whole=cut >= done)


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize("clean", [False, True], ids=["torn", "ended"])
def test_a_responses_stream_is_whole_only_after_its_last_event(name: str, *, clean: bool):
    body = BODIES[name]
    done = end_of_event(body, b'"response.completed"')

    for cut in range(len(body) + 1):
        check_cut(openai_responses, body, cut, clean=clean, whole=cut >= done)


@pytest.mark.parametrize("name", GEMINI)
def test_a_torn_gemini_stream_is_never_whole(name: str):
    body = BODIES[name]

    for cut in range(len(body) + 1):
        check_cut(gemini, body, cut, clean=False, whole=False)


@pytest.mark.parametrize("name", GEMINI)
def test_a_gemini_stream_that_ended_in_good_order_is_whole_once_it_has_a_finish_reason(name: str):
    body = BODIES[name]
    finish = body.rindex(b'"finishReason"')
    listed = body.startswith(b"[")
    # The last item of a list ends before the bracket that closes the list.
    finished = body.rindex(b"}") + 1 if listed else finish + end_of_line(body[finish:])

    for cut in range(len(body) + 1):
        check_cut(gemini, body, cut, clean=True, whole=cut >= finished)


def end_of_line(said: bytes) -> int:
    """Find where an event is whole: after the blank line that follows it, which a CR may end."""
    found = re.search(rb"\r\n\r|\n\n", said)
    assert found is not None
    return found.end()


@pytest.mark.parametrize("name", WIRES)
def test_what_arrived_before_the_cut_is_told(name: str):
    wire = WIRES[name]
    body = BODIES[name]
    whole = read_stream(wire, [body], clean=True)

    for cut in range(len(body) + 1):
        told = read_stream(wire, [body[:cut]], clean=False)

        assert told.events == whole.events[: len(told.events)]
