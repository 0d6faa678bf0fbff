"""Providers that are rows, and providers that other packages bring."""

from importlib.metadata import EntryPoint

from dragoman.config import ProviderRow
from dragoman.services.providers import (
    FAMILIES,
    HttpProvider,
    load_plugins,
    provider_of,
    registry,
)
from dragoman.wire import openai_chat


def test_a_row_behaves_like_its_family_but_for_what_it_says():
    row = ProviderRow(
        id="mine",
        name="Mine",
        speaks="anthropic",
        base_url="http://127.0.0.1:9",
        api_key_env="MY_KEY",
        headers={"x-team": "a"},
        without=("tools",),
    )
    mine = provider_of(row, FAMILIES)
    family = FAMILIES["anthropic"]
    assert (mine.wire, mine.key_header, mine.error_rows) == (
        family.wire,
        family.key_header,
        family.error_rows,
    )
    assert (mine.base_url, mine.api_key_env) == ("http://127.0.0.1:9", "MY_KEY")
    assert mine.headers == {"x-team": "a"}
    assert "tools" in mine.without
    assert mine.default_models == ()


def test_a_server_on_this_machine_needs_no_key():
    assert registry.get("ollama").get_config({}).enabled


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "dragoman.providers")


LOCAL = "dragoman.services.providers.local:LocalProvider"


def test_a_plugin_is_a_provider_or_makes_one():
    plugins = load_plugins([entry("local", LOCAL)])
    assert [p.provider_id for p in plugins.providers] == ["local"]
    assert plugins.problems == ()


def test_a_broken_plugin_is_told_of_and_stops_nobody():
    plugins = load_plugins(
        [
            entry("gone", "no_such_package:provider"),
            entry("strange", "json:dumps"),
            entry("local", LOCAL),
            entry("again", LOCAL),
        ]
    )
    assert [p.provider_id for p in plugins.providers] == ["local"]
    gone, strange, again = plugins.problems
    assert "'gone'" in gone
    assert "no_such_package" in gone
    assert "it has no provider_id, get_config" in strange
    assert "is there already" in again


BAD = HttpProvider(provider_id="Bad", name="Bad", wire=openai_chat, base_url="http://x")


def test_a_plugin_with_an_id_that_is_none_is_told_of():
    plugins = load_plugins([entry("bad", f"{__name__}:BAD")])
    assert plugins.providers == ()
    assert "'Bad' must match" in plugins.problems[0]


def test_a_plugin_does_not_take_the_place_of_ours():
    plugins = load_plugins([entry("local", LOCAL)], taken=registry.__contains__)
    assert plugins.providers == ()
    assert "is there already" in plugins.problems[0]
