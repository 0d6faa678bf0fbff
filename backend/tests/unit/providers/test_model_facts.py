"""What is known of models: the table itself, what an entry makes of it, and what is sent then."""

from datetime import date

import pytest
from msgspec.structs import replace

from dragoman.chat import (
    EFFORT_SCALE,
    Audio,
    Base64,
    Extras,
    Image,
    LLMBadRequestError,
    Message,
    ReasoningWish,
    Sampling,
)
from dragoman.config.facts import ModelConfiguration, ModelEntry
from dragoman.services.llm_service import get_ai_response
from dragoman.services.providers import (
    AnthropicProvider,
    GeminiProvider,
    OpenAIProvider,
    registry,
)
from dragoman.services.providers.base import HasDefaults
from dragoman.services.providers.model_facts import described, model_facts_of, model_rows
from dragoman.services.providers.narrowing import CAPABILITIES
from dragoman.testing.upstream import whole
from tests.support.tapes import anthropic_whole, gemini_whole, openai_whole
from tests.unit.providers.asked import asking, exchange, world

ROWS = model_rows()
every_row = pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row.providers[0]} {row.models[0]}"
)
PICTURE = Message("user", (Image(Base64("image/png", "aGk=")),))
SOUND = Message("user", (Audio(Base64("audio/wav", "aGk=")),))


def known(provider: str, model: str, **entry: object) -> ModelEntry:
    """List a model, and say no more of it than `entry`."""
    plain = ModelEntry("ours", "Ours", "", provider, upstream_id=model)
    return described(replace(plain, **entry))


@every_row
def test_each_row_says_of_whom_since_when_and_from_where(row):
    assert row.providers
    assert all(provider in registry for provider in row.providers)
    assert row.models
    assert date(2026, 1, 1) < row.as_of <= date.today()  # noqa: DTZ011 - a day, anywhere
    assert row.source.startswith("https://")


@every_row
def test_each_number_of_a_row_is_possible(row):
    window, most = row.context_window, row.max_output_tokens
    assert window is None or 1_000 <= window <= 20_000_000
    assert most is None or 1_000 <= most <= (window or most)


@every_row
def test_each_word_of_a_row_is_a_known_one_and_stands_once(row):
    able = row.capabilities or ()
    assert set(able) | set(row.lacks) <= CAPABILITIES.keys()
    assert not set(able) & set(row.lacks)
    efforts = row.efforts or ()
    assert list(efforts) == sorted(efforts, key=EFFORT_SCALE.index)
    assert len(set(efforts)) == len(efforts)
    assert efforts != ("none",)
    assert row.efforts is None or "reasoning" in able


@every_row
def test_no_row_stands_behind_one_that_has_all_of_its_models(row):
    for provider in row.providers:
        for pattern in row.models:
            assert model_facts_of(provider, pattern.replace("*", "")) is row


def test_every_model_that_we_offer_by_ourselves_is_known():
    for provider in registry.get_all():
        if isinstance(provider, HasDefaults):
            for model in provider.default_models:
                assert described(model).context_window, model.id


def test_of_a_model_that_nobody_knows_nothing_is_said():
    entry = ModelEntry("ours", "Ours", "", "openai", upstream_id="gpt-99")
    assert described(entry) is entry


def test_the_same_name_elsewhere_is_another_model():
    assert known("openai", "gpt-5.6").context_window == 1_050_000
    assert known("lmstudio", "gpt-5.6").context_window is None


def test_what_the_entry_says_counts_and_the_rest_is_filled_in():
    entry = known("openai", "gpt-5.6", context_window=9_000, efforts=("low",))
    assert (entry.context_window, entry.max_output_tokens) == (9_000, 128_000)
    assert entry.efforts == ("low",)


def test_capabilities_that_are_listed_count_alone():
    entry = known("openai", "gpt-5.6", capabilities=("audio",))
    assert (entry.capabilities, entry.lacks) == (("audio",), None)


def test_a_whole_list_is_described_with_its_default():
    one = ModelEntry("a", "A", "", "openai", upstream_id="gpt-5.6", default=True)
    two = ModelEntry("b", "B", "", "anthropic", upstream_id="claude-haiku-4-5")
    listed = ModelConfiguration((one,), one, left_out=(two,)).each(described)
    assert listed.default is not None
    assert listed.default.context_window == listed.models[0].context_window == 1_050_000
    assert listed.left_out[0].context_window == 200_000


async def refusal(provider, model: ModelEntry, message: Message) -> LLMBadRequestError:
    async with world(provider, model) as (server, candidate):
        with pytest.raises(LLMBadRequestError) as caught:
            await get_ai_response(asking(messages=(message,)), candidate)
        assert server.received == []
        return caught.value


async def test_what_a_model_is_known_to_lack_is_refused_with_both_cures():
    error = await refusal(OpenAIProvider(), known("openai", "gpt-5.6"), SOUND)
    assert error.param == "messages[0]"
    assert "'ours' is known to be without 'audio'" in error.message
    assert "choose another model" in error.message
    assert "'capabilities'" in error.message


async def test_what_is_neither_known_nor_denied_is_sent():
    # Whether it takes files is not known for certain, and whether it takes pictures is.
    model = known("openai", "gpt-6.2-sol")
    request = asking("openai_chat", messages=(SOUND, PICTURE))
    received, _ = await exchange(OpenAIProvider(), whole(openai_whole("ok")), request, model)
    assert len(received.json["messages"]) == 2


async def test_a_model_that_does_not_think_is_asked_without_the_wish():
    request = asking("openai_chat", reasoning=ReasoningWish(effort="high"))
    model = known("openai", "gpt-4.1")
    received, reply = await exchange(OpenAIProvider(), whole(openai_whole("ok")), request, model)
    assert "reasoning_effort" not in received.json
    (receipt,) = reply.receipts
    assert (receipt.field, receipt.action) == ("reasoning", "dropped")


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        ("gpt-5.6", "minimal", "low"),
        ("gpt-5.5", "max", "xhigh"),
        ("gpt-6.1-sol", "none", "low"),
        ("gpt-5-mini", "none", "minimal"),
        ("gpt-5.5-pro", "low", "medium"),
    ],
)
async def test_an_effort_that_the_model_has_no_word_for_becomes_the_nearest(model, asked, said):
    request = asking("openai_chat", reasoning=ReasoningWish(effort=asked))
    received, reply = await exchange(
        OpenAIProvider(), whole(openai_whole("ok")), request, known("openai", model)
    )
    assert received.json["reasoning_effort"] == said
    (receipt,) = reply.receipts
    assert (receipt.field, receipt.action) == ("reasoning.effort", "emulated")
    assert repr(said) in receipt.reason


@pytest.mark.parametrize("effort", ["none", "low", "max", "its-own-word"])
async def test_an_effort_that_it_takes_or_that_only_its_vendor_knows_is_sent_as_it_is(effort):
    request = asking("openai_chat", reasoning=ReasoningWish(effort=effort))
    received, reply = await exchange(
        OpenAIProvider(), whole(openai_whole("ok")), request, known("openai", "gpt-5.6")
    )
    assert (received.json["reasoning_effort"], reply.receipts) == (effort, ())


async def test_a_model_that_nobody_knows_is_asked_as_it_was_said():
    request = asking("openai_chat", reasoning=ReasoningWish(effort="minimal"))
    received, reply = await exchange(
        OpenAIProvider(), whole(openai_whole("ok")), request, known("openai", "gpt-99")
    )
    assert (received.json["reasoning_effort"], reply.receipts) == ("minimal", ())


async def test_a_model_that_thinks_by_a_budget_is_given_one():
    request = asking("openai_chat", reasoning=ReasoningWish(effort="medium"))
    received, reply = await exchange(
        AnthropicProvider(),
        whole(anthropic_whole("ok")),
        request,
        known("anthropic", "claude-haiku-4-5"),
    )
    assert received.json["thinking"] == {"type": "enabled", "budget_tokens": 8192}
    assert "output_config" not in received.json
    assert received.json["max_tokens"] == 64_000
    assert ("reasoning.effort", "emulated") in {(it.field, it.action) for it in reply.receipts}


async def test_without_room_for_thinking_and_an_answer_it_is_asked_without():
    request = asking("openai_chat", reasoning=ReasoningWish(effort="low"))
    request = replace(request, limits=replace(request.limits, output=500))
    received, reply = await exchange(
        AnthropicProvider(),
        whole(anthropic_whole("ok")),
        request,
        known("anthropic", "claude-haiku-4-5"),
    )
    assert not {"thinking", "output_config"} & received.json.keys()
    assert ("reasoning.effort", "dropped") in {(it.field, it.action) for it in reply.receipts}


async def test_its_own_client_that_says_an_effort_alone_is_spared_the_refusal():
    wish = ReasoningWish(effort="high")
    request = asking("anthropic_messages", reasoning=wish, sampling=Sampling(temperature=0.2))
    received, reply = await exchange(
        AnthropicProvider(),
        whole(anthropic_whole("ok")),
        request,
        known("anthropic", "claude-haiku-4-5"),
    )
    assert not {"thinking", "output_config"} & received.json.keys()
    assert received.json["temperature"] == 0.2
    assert [(it.field, it.action) for it in reply.receipts] == [("reasoning.effort", "dropped")]


async def thinking_of(model: str, request) -> dict[str, object]:
    received, _ = await exchange(
        GeminiProvider(), whole(gemini_whole("ok")), request, known("gemini", model)
    )
    return received.json["generationConfig"]["thinkingConfig"]


async def test_a_model_that_always_thinks_is_asked_for_the_least_that_it_takes():
    off = asking("openai_chat", reasoning=ReasoningWish(mode="off"))
    assert (await thinking_of("gemini-3.8-flash", off))["thinkingLevel"] == "low"
    assert (await thinking_of("gemini-3.6-flash", off))["thinkingLevel"] == "minimal"


async def test_googles_own_client_is_helped_to_a_level_that_there_is():
    extras = Extras("gemini", {}, ("level MINIMAL",))
    wish = ReasoningWish(effort="minimal", extras=extras)
    request = asking("gemini", reasoning=wish)
    assert (await thinking_of("gemini-3.8-flash", request))["thinkingLevel"] == "low"
    assert (await thinking_of("gemini-3.6-flash", request))["thinkingLevel"] == "MINIMAL"


async def test_where_the_format_insists_on_a_limit_it_is_the_models_own():
    request = asking("anthropic_messages")
    for model, most in (("claude-opus-5-5", 128_000), ("claude-haiku-4-5-20251001", 64_000)):
        received, _ = await exchange(
            AnthropicProvider(), whole(anthropic_whole("ok")), request, known("anthropic", model)
        )
        assert received.json["max_tokens"] == most


async def test_what_is_refused_beside_thinking_is_left_out_where_thinking_cannot_be_turned_off():
    wish = ReasoningWish(effort="none")
    for model, sent in (("gpt-6.1-sol", False), ("gpt-6-sol", True)):
        request = asking("openai_chat", reasoning=wish, sampling=Sampling(temperature=0.3))
        received, _ = await exchange(
            OpenAIProvider(), whole(openai_whole("ok")), request, known("openai", model)
        )
        assert ("temperature" in received.json) is sent


async def test_a_wish_not_to_think_is_granted_by_a_model_that_thinks_by_a_budget():
    request = asking("openai_chat", reasoning=ReasoningWish(effort="none"))
    received, _ = await exchange(
        AnthropicProvider(),
        whole(anthropic_whole("ok")),
        request,
        known("anthropic", "claude-haiku-4-5"),
    )
    assert received.json["thinking"] == {"type": "disabled"}
