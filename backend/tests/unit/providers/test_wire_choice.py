"""In which wire format a provider is asked that speaks several."""

import pytest
from msgspec.structs import replace

from dragoman.config import ProviderRow
from dragoman.services.providers import (
    FAMILIES,
    AnthropicProvider,
    LocalProvider,
    OpenAIProvider,
    facts_of,
    provider_of,
)
from dragoman.testing.upstream import whole
from dragoman.wire import openai_chat
from tests.support.tapes import openai_whole
from tests.unit.providers.asked import MODEL, Renamed, asking, exchange

TELEX = Renamed(openai_chat, "telex", "/telex")
BOTH = OpenAIProvider(other_wires=(TELEX,))


async def path_asked(provider, request, model=MODEL) -> str:
    received, reply = await exchange(provider, whole(openai_whole("ok")), request, model)
    assert reply.text == "ok"
    return received.path


async def test_without_a_word_a_provider_is_asked_in_its_usual_format():
    assert await path_asked(BOTH, asking()) == "/chat/completions"


async def test_a_client_is_answered_in_its_own_format_if_the_provider_speaks_it():
    assert await path_asked(BOTH, asking("telex")) == "/telex"
    assert await path_asked(BOTH, asking("openai_chat")) == "/chat/completions"


async def test_a_client_of_a_foreign_format_is_translated_into_the_usual_one():
    assert await path_asked(BOTH, asking("anthropic_messages")) == "/chat/completions"


async def test_the_model_entry_decides_before_the_client():
    in_telex = replace(MODEL, wire="telex")
    assert await path_asked(BOTH, asking("openai_chat"), in_telex) == "/telex"
    in_chat = replace(MODEL, wire="openai_chat")
    assert await path_asked(BOTH, asking("telex"), in_chat) == "/chat/completions"


def test_configuration_is_told_the_formats_with_the_usual_one_first():
    assert facts_of(BOTH, {}).wires == ("openai_chat", "telex")
    assert facts_of(AnthropicProvider(), {}).wires == ("anthropic_messages",)
    assert facts_of(LocalProvider(), {}).wires == ()


ROW = ProviderRow("box", "Box", "telegraph", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("named", "spoken"),
    [
        ((), ("openai_chat",)),
        (("telex",), ("telex",)),
        (("telex", "openai_chat"), ("telex", "openai_chat")),
    ],
)
def test_a_row_speaks_the_formats_that_it_names_or_its_familys_usual_one(named, spoken):
    row = replace(ROW, wires=named)
    assert provider_of(row, {"telegraph": BOTH}).wires == spoken


def test_rows_of_the_catalog_speak_one_format():
    row = replace(ROW, speaks="openai")
    assert provider_of(row, FAMILIES).wires == ("openai_chat",)
