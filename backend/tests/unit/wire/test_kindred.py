"""What OpenAI's two formats both say, taken from the one to the other and to nobody else."""

import json
from typing import Any, Final

import pytest
from msgspec.structs import replace

from dragoman.chat import Receipt, Text, Tool, ToolChoice
from dragoman.services.providers import registry
from dragoman.services.providers.http import HttpProvider
from dragoman.wire import anthropic_messages, openai_chat, openai_responses
from dragoman.wire.base import Wire

CHAT: Final = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
RESPONSES: Final = {"model": "m", "input": "Hi", "store": False}


def translated(
    asked: dict[str, Any], to: Wire, *without: str
) -> tuple[dict[str, Any], tuple[Receipt, ...]]:
    read_by = openai_chat if "messages" in asked else openai_responses
    request = read_by.read_request(json.dumps(asked).encode())
    written = to.write_request(request, without=frozenset(without))
    return json.loads(written.body), written.receipts


SAME: Final = {
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
    "prompt_cache_retention": "24h",
    "safety_identifier": "s",
    "service_tier": "flex",
    "metadata": {"a": "b"},
    "user": "u",
    "top_p": 0.5,
}


@pytest.mark.parametrize(("asked", "to"), [(CHAT, openai_responses), (RESPONSES, openai_chat)])
def test_what_both_call_the_same_goes_through(asked: dict[str, Any], to: Wire):
    body, receipts = translated(asked | SAME, to)

    assert {name: body[name] for name in SAME} == SAME
    assert receipts == ()


@pytest.mark.parametrize(
    ("chat", "responses"),
    [
        ({"verbosity": "low"}, {"text": {"verbosity": "low"}}),
        (
            {"verbosity": "low", "response_format": {"type": "json_object"}},
            {"text": {"format": {"type": "json_object"}, "verbosity": "low"}},
        ),
    ],
)
def test_what_is_spelled_otherwise_is_said_in_both_spellings(
    chat: dict[str, Any], responses: dict[str, Any]
):
    said, receipts = translated(CHAT | chat, openai_responses)
    back, returned = translated(RESPONSES | responses, openai_chat)

    assert {name: said[name] for name in responses} == responses
    assert {name: back[name] for name in chat} == chat
    assert receipts == returned == ()


def test_what_a_chat_wants_stored_is_stored():
    assert translated(CHAT | {"store": True}, openai_responses)[0]["store"] is True
    assert translated(CHAT, openai_responses)[0]["store"] is False


def test_a_chat_that_searches_has_the_tool_for_it_beside_its_own():
    place = {"type": "approximate", "approximate": {"city": "Bern"}}
    search = {"web_search_options": {"search_context_size": "low", "user_location": place}}
    tool = {"type": "function", "function": {"name": "f"}}

    body, receipts = translated(CHAT | search | {"tools": [tool]}, openai_responses)

    assert [one["type"] for one in body["tools"]] == ["function", "web_search"]
    assert body["tools"][1] == {
        "type": "web_search",
        "search_context_size": "low",
        "user_location": {"type": "approximate", "city": "Bern"},
    }
    assert receipts == ()


@pytest.mark.parametrize(
    "location", ["here", {"type": "approximate"}, None], ids=["text", "no place", "null"]
)
def test_a_search_that_nobody_understands_is_left_out_and_said_so(location: Any):
    search = {"web_search_options": {"user_location": location}}

    body, receipts = translated(CHAT | search, openai_responses)

    assert "tools" not in body
    assert [one.field for one in receipts] == ["web_search_options"]


def test_a_choice_among_some_functions_is_the_same_in_both():
    request = openai_chat.read_request(json.dumps(CHAT).encode())
    choice = ToolChoice("required", allowed=("f", "g"))
    tools = (Tool("f"), Tool("g"), Tool("h"))
    chosen = replace(request, tools=tools, tool_choice=choice)

    for wire in (openai_chat, openai_responses):
        written = wire.write_request(chosen)
        again = wire.read_request(written.body)
        assert again.tool_choice == choice
        assert written.receipts == ()


@pytest.mark.parametrize(
    "choice",
    [
        {"mode": "auto", "tools": [{"type": "mcp", "server_label": "x"}]},
        {"mode": "auto", "tools": [{"type": "function", "name": "f", "x": 1}]},
        {"mode": "auto", "tools": []},
        {"mode": "sometimes", "tools": [{"type": "function", "name": "f"}]},
    ],
)
def test_a_choice_among_more_than_functions_stays_with_its_own_format(choice: dict[str, Any]):
    asked = RESPONSES | {"tool_choice": {"type": "allowed_tools", **choice}}

    body, receipts = translated(asked, openai_chat)

    assert "tool_choice" not in body
    assert [one.field for one in receipts] == ["tool_choice"]
    assert translated(asked, openai_responses)[0] == asked


def test_who_does_not_know_such_fields_is_spared_them():
    asked = RESPONSES | SAME | {"text": {"verbosity": "low"}}

    body, receipts = translated(asked, openai_chat, "kindred_fields")

    assert {one.field for one in receipts} == {"text"} | SAME.keys() - {
        "metadata",
        "user",
        "top_p",
    }
    assert body.keys() == {"model", "messages", "metadata", "user", "top_p"}


def test_who_knows_no_choice_among_some_tools_is_offered_no_others():
    request = replace(
        anthropic_messages.read_request(json.dumps(CHAT | {"max_tokens": 9}).encode()),
        tools=(Tool("f"), Tool("g")),
        tool_choice=ToolChoice("auto", allowed=("g",)),
    )

    for wire in (openai_chat, openai_responses):
        written = wire.write_request(request, without=frozenset({"kindred_fields"}))
        again = wire.read_request(written.body)
        assert [tool.name for tool in again.tools if isinstance(tool, Tool)] == ["g"]
        assert again.tool_choice == ToolChoice("auto")
        assert [one.field for one in written.receipts] == ["tool_choice.allowed"]


def test_a_choice_among_tools_that_are_not_there_is_none():
    request = openai_chat.read_request(json.dumps(CHAT).encode())
    choosing = replace(
        request,
        tools=(Tool("f"),),
        messages=(request.messages[0], replace(request.messages[0], parts=(Text("Hi"),))),
        tool_choice=ToolChoice("auto", allowed=("g",)),
    )

    written = anthropic_messages.write_request(choosing)

    assert json.loads(written.body)["tools"][0]["name"] == "f"
    assert [(one.field, one.action) for one in written.receipts] == [
        ("tool_choice.allowed", "dropped")
    ]


@pytest.mark.parametrize(
    ("provider_id", "knows"),
    [("openai", True), ("azure-openai", True), ("mistral", False), ("groq", False)],
)
def test_providers_of_openais_models_know_them_and_compatible_servers_do_not(
    provider_id: str, *, knows: bool
):
    provider = registry.get(provider_id)

    assert isinstance(provider, HttpProvider)
    assert ("kindred_fields" not in provider.without) is knows
