"""Counting the tokens of a question: by the vendor, or by a guess that says so."""

import pytest
from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Base64,
    Category,
    Document,
    Extras,
    Image,
    Link,
    LLMServiceError,
    Message,
    PlainText,
    Receipt,
    Sampling,
    Text,
    Tool,
)
from dragoman.config import ProviderRow
from dragoman.services.counting import Counted, count_tokens, estimate
from dragoman.services.providers import (
    FAMILIES,
    AnthropicProvider,
    GeminiProvider,
    OpenAIProvider,
    provider_of,
)
from dragoman.testing.upstream import Script, whole
from dragoman.wire import anthropic_messages
from tests.unit.providers.asked import KEY, MODEL, asking, world

GUESSED = (Receipt("input_tokens", "emulated", "estimated"),)


def saying(text: str):
    return replace(asking(), messages=(Message("user", (Text(text),)),))


async def counted(provider, request, script, model=MODEL):
    async with world(provider, model) as (server, candidate):
        server.play(script)
        return await count_tokens(request, candidate), server.received


async def test_anthropic_counts_what_would_be_sent_without_what_its_route_does_not_take():
    request = asking(
        "anthropic_messages",
        tools=(Tool("weather", parameters={"type": "object"}),),
        sampling=Sampling(temperature=0.5),
        stop=("x",),
        stream=True,
        headers=Extras("anthropic_messages", {"anthropic-beta": "context-1m"}),
    )
    found, (received,) = await counted(AnthropicProvider(), request, whole({"input_tokens": 42}))
    assert found == Counted(42)
    assert (received.method, received.path) == ("POST", "/v1/messages/count_tokens")
    assert set(received.json) == {"model", "messages", "tools"}
    assert received.json["model"] == "vendor-model"
    assert (received.headers["x-api-key"], received.headers["anthropic-beta"]) == (
        KEY,
        "context-1m",
    )


@pytest.mark.parametrize("client", [None, "openai_chat", "anthropic_messages", "openai_responses"])
async def test_openai_counts_in_its_responses_format_whoever_asks(client):
    answer = whole({"object": "response.input_tokens", "input_tokens": 7})
    found, (received,) = await counted(OpenAIProvider(), asking(client, stream=True), answer)
    assert found == Counted(7)
    assert received.path == "/responses/input_tokens"
    assert set(received.json) == {"model", "input"}


async def test_gemini_counts_the_whole_request_under_its_models_name():
    request = asking("openai_chat", tools=(Tool("weather"),), stream=True)
    found, (received,) = await counted(GeminiProvider(), request, whole({"totalTokens": 9}))
    assert found == Counted(9)
    assert received.path == "/models/vendor-model:countTokens"
    (inside,) = received.json.values()
    assert (inside["model"], set(inside)) == (
        "models/vendor-model",
        {"model", "contents", "tools"},
    )


async def test_a_clients_own_request_is_counted_with_its_cache_markers():
    body = (
        b'{"model": "ours", "max_tokens": 9, "cache_control": {"type": "ephemeral"},'
        b' "messages": [{"role": "user", "content": "Hi"}]}'
    )
    request = anthropic_messages.read_request(body)
    _, (received,) = await counted(AnthropicProvider(), request, whole({"input_tokens": 1}))
    assert received.json == {
        "model": "vendor-model",
        "cache_control": {"type": "ephemeral"},
        "messages": [{"role": "user", "content": "Hi"}],
    }


async def test_a_compatible_server_is_not_asked_and_the_guess_says_so():
    row = ProviderRow("box", "Box", "openai", "http://127.0.0.1:9")
    found, received = await counted(provider_of(row, FAMILIES), saying("x" * 40), Script())
    assert (found, received) == (Counted(14, GUESSED), [])


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_where_the_vendors_route_is_missing_it_is_guessed(status):
    script = whole({"error": {"message": "no such route"}}, status=status)
    found, _ = await counted(AnthropicProvider(), saying("x" * 40), script)
    assert found == Counted(14, GUESSED)


async def test_a_model_that_the_vendor_does_not_know_is_no_missing_route():
    error = {"type": "not_found_error", "message": "model: vendor-model"}
    script = whole({"type": "error", "error": error}, status=404)
    with pytest.raises(LLMServiceError) as caught:
        await counted(AnthropicProvider(), saying("Hi"), script)
    assert caught.value.category is Category.MODEL_NOT_FOUND


@pytest.mark.parametrize(
    "script",
    [
        whole({"error": {"message": "no"}}, status=401),
        whole({"input_tokens": "many"}),
        whole({"input_tokens": -1}),
        whole({}),
        whole([]),
    ],
)
async def test_any_other_failure_is_one(script):
    with pytest.raises(LLMServiceError) as caught:
        await counted(AnthropicProvider(), saying("Hi"), script)
    assert (caught.value.provider, caught.value.model) == ("anthropic", "ours")


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 4), ("abcd" * 100, 104), ("жшую" * 100, 164), ("大風歌" * 100, 204)]
)
def test_text_is_guessed_by_its_script(text, tokens):
    assert estimate(saying(text)) == tokens


def test_what_is_no_text_counts_too():
    parts = (
        Image(Link("https://a.example/b.png")),
        Document(PlainText("abcd" * 10)),
        Document(Base64("application/pdf", "A" * 8000)),
        Document(Link("https://a.example/b.pdf")),
        Audio(Base64("audio/wav", "A" * 3200)),
    )
    request = replace(asking(), messages=(Message("user", parts),))
    assert estimate(request) == 4 + 1200 + 10 + 300 + 3000 + 3


def test_tools_and_schemas_are_part_of_the_question():
    request = saying("Hi")
    tool = Tool("weather", "Tells it", {"type": "object"})
    assert estimate(replace(request, tools=(tool,))) > estimate(request) + 12
