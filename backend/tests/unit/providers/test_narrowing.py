"""What a model was declared without, and what strictness does not let pass."""

import pytest
from msgspec.structs import replace

from dragoman.chat import (
    Actor,
    Audio,
    Base64,
    BuiltinTool,
    Category,
    Document,
    Image,
    LLMBadRequestError,
    Message,
    Output,
    ReasoningWish,
    Sampling,
    Tool,
    ToolResult,
)
from dragoman.services.llm_service import get_ai_response
from dragoman.services.providers import AnthropicProvider, OpenAIProvider
from dragoman.services.providers.narrowing import CAPABILITIES
from dragoman.testing.upstream import whole
from tests.support.tapes import openai_whole
from tests.unit.providers.asked import MODEL, asking, exchange, world

PICTURE = Image(Base64("image/png", "aGk="))
FILE = Document(Base64("application/pdf", "aGk="))
SOUND = Audio(Base64("audio/wav", "aGk="))
NEEDS = [
    ("tools", {"tools": (Tool("weather"),)}, "tools"),
    ("tools", {"tools": (BuiltinTool("openai_chat", "web", {"type": "web"}),)}, "tools"),
    ("images", {"messages": (Message("user", (PICTURE,)),)}, "messages[0]"),
    ("images", {"messages": (Message("user", (ToolResult("1", (PICTURE,)),)),)}, "messages[0]"),
    ("documents", {"messages": (Message("user", (FILE,)),)}, "messages[0]"),
    ("audio", {"messages": (Message("user", (SOUND,)),)}, "messages[0]"),
    ("json_schema", {"output": Output("json_schema", {"type": "object"})}, "output"),
]


async def refused(request, model, provider=None) -> LLMBadRequestError:
    """Ask what must not be asked; nothing arrives."""
    async with world(provider or OpenAIProvider(), model) as (server, candidate):
        with pytest.raises(LLMBadRequestError) as caught:
            await get_ai_response(request, candidate)
        assert server.received == []
        return caught.value


@pytest.mark.parametrize(("capability", "fields", "at"), NEEDS)
async def test_what_a_model_was_declared_without_is_refused_before_anything_is_sent(
    capability, fields, at
):
    others = tuple(word for word in CAPABILITIES if word != capability)
    model = replace(MODEL, capabilities=others)
    error = await refused(asking("openai_chat", **fields), model)
    assert (error.category, error.actor, error.param) == (
        Category.UNSUPPORTED,
        Actor.CALLER,
        at,
    )
    assert f"'ours' is listed without {capability!r}" in error.message


@pytest.mark.parametrize("capabilities", [None, tuple(CAPABILITIES), ("tools", "json_schema")])
async def test_what_it_was_declared_with_or_nothing_was_said_about_is_sent(capabilities):
    request = asking(
        "openai_chat", tools=(Tool("weather"),), output=Output("json_schema", {"type": "object"})
    )
    model = replace(MODEL, capabilities=capabilities)
    received, _ = await exchange(OpenAIProvider(), whole(openai_whole("ok")), request, model)
    assert {"tools", "response_format"} <= received.json.keys()


async def test_a_model_declared_without_reasoning_is_asked_without_the_wish():
    request = asking("openai_chat", reasoning=ReasoningWish(effort="high"))
    script = whole(openai_whole("ok"))
    received, reply = await exchange(
        OpenAIProvider(), script, request, replace(MODEL, capabilities=())
    )
    assert "reasoning_effort" not in received.json
    (receipt,) = reply.receipts
    assert (receipt.field, receipt.action) == ("reasoning", "dropped")


async def test_a_wish_not_to_reason_is_granted_without_a_word():
    request = asking("openai_chat", reasoning=ReasoningWish(mode="off"), strict=True)
    _, reply = await exchange(
        OpenAIProvider(), whole(openai_whole("ok")), request, replace(MODEL, capabilities=())
    )
    assert reply.receipts == ()


LOSSY = Sampling(seed=7, presence_penalty=0.5)


async def test_strictness_refuses_a_lossy_translation_and_names_each_field():
    error = await refused(asking(sampling=LOSSY, strict=True), MODEL, AnthropicProvider())
    assert (error.category, error.reason) == (Category.UNSUPPORTED, "lossy_translation")
    assert (error.provider, error.model, error.actor) == ("anthropic", "ours", Actor.CALLER)
    assert "seed (dropped: " in error.message
    assert "presence_penalty (dropped: " in error.message


async def test_strictness_refuses_what_the_model_would_be_spared():
    model = replace(MODEL, upstream_id="o3")
    error = await refused(asking(sampling=Sampling(temperature=0.1), strict=True), model)
    assert "temperature (dropped: model 'ours' refuses it)" in error.message


async def test_strictness_lets_a_faithful_translation_pass():
    request = asking(sampling=Sampling(temperature=0.5), strict=True)
    received, _ = await exchange(OpenAIProvider(), whole(openai_whole("ok")), request)
    assert received.json["temperature"] == 0.5
