"""What models refuse: the table itself, and what is sent to a model that refuses something."""

from datetime import date

import pytest
from msgspec.structs import replace

from dragoman.chat import Extras, ReasoningWish, Receipt, Sampling, Tool, ToolChoice
from dragoman.services.providers import AnthropicProvider, OpenAIProvider, registry
from dragoman.services.providers.narrowing import WORDS
from dragoman.services.providers.parameters import refusals
from dragoman.testing.upstream import whole
from tests.support.tapes import anthropic_whole, openai_whole
from tests.unit.providers.asked import MODEL, asking, exchange

FIELDS = {"logprobs", "top_logprobs", "logit_bias", "max_tokens"}
WARM = Sampling(temperature=0.3, top_p=0.9)


@pytest.mark.parametrize("row", refusals(), ids=lambda row: f"{row.provider} {row.models[0]}")
def test_each_row_says_of_whom_since_when_and_from_where(row):
    assert row.provider in registry
    assert row.models
    assert row.refuses
    assert date(2026, 1, 1) < row.as_of <= date.today()  # noqa: DTZ011 - a day, anywhere
    assert row.source.startswith("https://")


@pytest.mark.parametrize("row", refusals(), ids=lambda row: f"{row.provider} {row.models[0]}")
def test_each_word_of_a_row_is_a_known_one_or_a_field_of_a_body(row):
    assert set(row.refuses) <= WORDS | FIELDS


async def sent_to(model: str, request, provider=None, **entry: str):
    provider = provider or OpenAIProvider()
    body = anthropic_whole("ok") if provider.provider_id == "anthropic" else openai_whole("ok")
    named = replace(MODEL, upstream_id=model, **entry)
    received, reply = await exchange(provider, whole(body), request, named)
    return received.json, reply.receipts


def dropped(*fields: str) -> tuple[Receipt, ...]:
    return tuple(Receipt(name, "dropped", "model 'ours' refuses it") for name in fields)


@pytest.mark.parametrize("model", ["o3", "o4-mini-2025-04-16", "gpt-5", "gpt-5-mini", "gpt-5.6"])
async def test_a_reasoning_model_is_not_sent_what_it_refuses(model):
    body, receipts = await sent_to(model, asking(sampling=WARM))
    assert not {"temperature", "top_p"} & body.keys()
    assert receipts == dropped("temperature", "top_p")


@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-5-chat-latest", "gpt-5.3-chat-latest", "mine"])
async def test_other_models_are_asked_as_it_was_said(model):
    body, receipts = await sent_to(model, asking(sampling=WARM, stop=("x",)))
    assert (body["temperature"], body["top_p"], body["stop"]) == (0.3, 0.9, ["x"])
    assert receipts == ()


async def test_without_reasoning_a_newer_model_takes_them_after_all():
    wish = ReasoningWish(effort="none")
    body, receipts = await sent_to("gpt-5.2", asking(sampling=WARM, reasoning=wish))
    assert (body["temperature"], receipts) == (0.3, ())
    body, _ = await sent_to("gpt-5", asking(sampling=WARM, reasoning=wish))
    assert "temperature" not in body


async def test_what_the_model_does_anyway_is_left_out_without_a_word():
    neutral = Sampling(temperature=1.0, top_p=1.0, presence_penalty=0.0)
    body, receipts = await sent_to("o3", asking(sampling=neutral))
    assert not {"temperature", "top_p", "presence_penalty"} & body.keys()
    assert receipts == ()


async def test_a_limit_is_said_by_the_name_that_the_model_knows():
    request = asking("openai_chat")
    request = replace(
        request,
        limits=replace(request.limits, output=9),
        extras=Extras("openai_chat", {"logprobs": True}, ("max_tokens",)),
    )
    body, receipts = await sent_to("o3", request)
    assert (body["max_completion_tokens"], "max_tokens" in body, "logprobs" in body) == (
        9,
        False,
        False,
    )
    assert {(receipt.field, receipt.action) for receipt in receipts} == {
        ("max_completion_tokens", "renamed"),
        ("logprobs", "dropped"),
    }


async def test_a_version_of_the_api_refuses_what_an_older_one_took():
    request = asking("anthropic_messages", sampling=Sampling(temperature=0.3))
    older, _ = await sent_to("claude-haiku-4-5", request, AnthropicProvider())
    assert older["temperature"] == 0.3
    newer, receipts = await sent_to(
        "claude-haiku-4-5", request, AnthropicProvider(), api_version="2026-10-21"
    )
    assert "temperature" not in newer
    assert receipts == dropped("temperature")


async def test_the_version_that_counts_is_the_clients_own():
    named = Extras("anthropic_messages", {"anthropic-version": "2026-10-21"})
    request = asking("anthropic_messages", sampling=Sampling(top_k=3), headers=named)
    body, receipts = await sent_to("claude-haiku-4-5", request, AnthropicProvider())
    assert "top_k" not in body
    assert receipts == dropped("top_k")


async def test_a_budget_becomes_the_models_own_choice_where_there_is_none():
    wish = ReasoningWish(mode="on", budget=2048)
    body, receipts = await sent_to("claude-opus-4-7", asking(reasoning=wish), AnthropicProvider())
    assert body["thinking"] == {"type": "adaptive"}
    assert [(receipt.field, receipt.action) for receipt in receipts] == [
        ("reasoning.budget", "emulated")
    ]


async def test_a_model_that_always_thinks_is_neither_stopped_nor_forced():
    request = asking(
        reasoning=ReasoningWish(mode="off"),
        tools=(Tool("weather"),),
        tool_choice=ToolChoice("named", "weather"),
    )
    body, receipts = await sent_to("claude-sonnet-5-5", request, AnthropicProvider())
    assert "thinking" not in body
    assert body["tool_choice"] == {"type": "auto"}
    assert {receipt.field for receipt in receipts} == {"reasoning.mode", "tool_choice"}
