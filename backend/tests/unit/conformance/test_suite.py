"""The providers that this package brings keep every promise of the suite."""

import pytest

from dragoman.services.providers import FAMILIES, registry
from dragoman.testing.conformance.case import NotOffered
from dragoman.testing.conformance.suite import bench_of, examine

# Responses have no stop words; https://platform.openai.com/docs/api-reference/responses/create
NO_STOP_WORDS = {"settings.are_sent"}
NO_TOOLS = {
    "parallel_tools.arrive_streamed",
    "parallel_tools.arrive_whole",
    "tool_results.are_sent",
    "tools.are_sent",
    "tools.call_arrives_streamed",
    "tools.call_arrives_whole",
}
NO_KEY = {"key.is_in_its_header", "key.is_in_no_error"}


@pytest.mark.parametrize(
    ("provider", "wire", "without"),
    [
        ("openai", "openai_chat", set()),
        ("openai", "openai_responses", NO_STOP_WORDS),
        ("anthropic", "anthropic_messages", set()),
        ("gemini", "gemini", set()),
        ("groq", "openai_responses", NO_STOP_WORDS),
        ("minimax", "anthropic_messages", set()),
        ("mistral", "openai_chat", set()),
        ("ollama", "openai_chat", NO_KEY),
        ("perplexity", "openai_chat", NO_TOOLS),
    ],
)
async def test_a_provider_of_ours_keeps_every_promise(provider, wire, without):
    column = await examine(bench_of(registry.get(provider), wire))

    assert [outcome for outcome in column.outcomes if outcome.verdict == "fail"] == []
    assert {o.name for o in column.outcomes if o.verdict == "not offered"} == without


async def test_a_row_that_speaks_ollamas_own_format_keeps_every_promise():
    column = await examine(bench_of(FAMILIES["ollama"]))

    assert [outcome for outcome in column.outcomes if outcome.verdict == "fail"] == []
    no_filter = {"stop.filter_is_told"}
    assert {o.name for o in column.outcomes if o.verdict == "not offered"} == NO_KEY | no_filter


def test_a_provider_that_nobody_here_can_answer_is_told_what_to_do():
    with pytest.raises(NotOffered, match="ProviderContract"):
        bench_of(registry.get("local"))
    with pytest.raises(NotOffered, match=r"'gemini'.*openai_chat"):
        bench_of(registry.get("openai"), "gemini")
