"""`POST /api/v1/explain`: what would be sent, without a key in it and without sending it."""

import pytest

from tests.contract.conftest import KEYS
from tests.support.server import configured, running

CHAT = {"messages": [{"role": "user", "content": "Good day"}]}
GOOGLES = {"contents": [{"role": "user", "parts": [{"text": "Good day"}]}]}


async def explained(dragoman, **enquiry: object):
    response = await dragoman.client.post("/api/v1/explain", json=enquiry)
    return response, await response.json()


@pytest.mark.parametrize(
    ("dialect", "request_", "beside"),
    [
        ("openai_chat", CHAT | {"model": "claude"}, {}),
        ("openai_responses", {"model": "claude", "input": "Good day"}, {}),
        ("anthropic_messages", CHAT | {"model": "claude", "max_tokens": 9}, {}),
        ("gemini", GOOGLES, {"model": "claude"}),
    ],
)
async def test_any_dialects_request_is_shown_as_it_would_be_sent(
    dragoman, upstream, dialect, request_, beside
):
    response, said = await explained(dragoman, dialect=dialect, request=request_, **beside)

    assert response.status == 200, said
    assert (said["model"], said["provider"]) == ("claude", "anthropic")
    assert said["request"]["url"] == f"{upstream.url}/v1/messages"
    assert said["request"]["body"]["model"] == "vendor-claude"
    assert said["request"]["body"]["messages"][0]["role"] == "user"
    assert said["inputTokens"] > 0
    text = await response.text()
    assert not any(key in text for key in KEYS.values())
    assert said["request"]["headers"]["anthropic-version"] == "2023-06-01"
    assert upstream.received == []


async def test_what_the_translation_changes_is_told_with_its_reason(dragoman):
    _, said = await explained(
        dragoman, dialect="openai_chat", request=CHAT | {"model": "claude", "seed": 7}
    )

    (receipt,) = [receipt for receipt in said["receipts"] if receipt["field"] == "seed"]
    assert receipt["action"] == "dropped"
    assert receipt["reason"]


async def test_a_strict_request_is_refused_as_it_would_be(dragoman, upstream):
    response, said = await explained(
        dragoman,
        dialect="openai_chat",
        headers={"X-Dragoman-Strict": "true"},
        request=CHAT | {"model": "claude", "seed": 7},
    )

    assert response.status == 400
    assert "seed" in said["error"]
    assert upstream.received == []


async def test_an_unknown_price_is_null_and_so_are_unknown_limits(dragoman):
    _, said = await explained(dragoman, dialect="openai_chat", request=CHAT | {"model": "gpt"})

    assert said["cost"] is None
    assert said["maxOutputTokens"] is said["contextWindow"] is None


async def test_an_unlisted_model_is_known_by_its_vendors_name(environ, tmp_path):
    allowed = environ | {"DRAGOMAN_ALLOW_UNLISTED_MODELS": "true"}
    async with running(configured(tmp_path, allowed)) as dragoman:
        asked = CHAT | {"model": "anthropic/claude-opus-5-5", "reasoning_effort": "none"}
        _, said = await explained(dragoman, dialect="openai_chat", request=asked)

    assert (said["contextWindow"], said["maxOutputTokens"]) == (1_000_000, 128_000)
    assert said["request"]["body"]["max_tokens"] == 128_000
    assert "thinking" not in said["request"]["body"]


async def test_a_known_price_is_told(environ, upstream, tmp_path):
    models = '[{"id": "m", "name": "M", "description": "x", "provider": "openai", '
    models += '"upstream_id": "gpt-5.4-mini", "max_output_tokens": 1000, "default": true}]'
    async with running(configured(tmp_path, environ | {"MODELS": models})) as dragoman:
        _, said = await explained(dragoman, dialect="openai_chat", request=CHAT | {"model": "m"})

    assert float(said["cost"]["inputUsd"]) > 0
    assert float(said["cost"]["mostUsd"]) > float(said["cost"]["inputUsd"])
    assert (said["maxOutputTokens"], said["contextWindow"]) == (1000, 400_000)


@pytest.mark.parametrize(
    ("enquiry", "field"),
    [
        ({}, "dialect"),
        ({"dialect": "klingon", "request": {}}, "dialect"),
        ({"dialect": "openai_chat"}, "request"),
        ({"dialect": "openai_chat", "request": {"model": "gpt", "messages": 7}}, "messages"),
        ({"dialect": "openai_chat", "request": CHAT | {"model": "nope"}}, "model"),
    ],
)
async def test_a_wrong_enquiry_is_refused_where_it_is_wrong(dragoman, enquiry, field):
    response, said = await explained(dragoman, **enquiry)

    assert response.status == 400
    assert field in said["error"]
