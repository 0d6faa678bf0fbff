"""`dragoman models`: what is configured, and what there would be."""

import asyncio
import json

import pytest
from click.testing import Result

from dragoman.cli.table import table
from dragoman.testing import Script, scripted_upstream
from dragoman.testing.upstream import whole

KEY = "canary-0123456789abcdef"
MODELS = json.dumps(
    [
        {"id": "gpt", "name": "GPT", "description": "One", "provider": "openai", "default": True},
        {"id": "claude", "name": "Claude", "description": "Other", "provider": "anthropic"},
    ]
)


def test_the_configured_models_are_a_table_with_their_states(typed):
    result = typed("models", ANTHROPIC_API_KEY=KEY, MODELS=MODELS)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "   ID      NAME    PROVIDER   STATE",
        "*  claude  Claude  anthropic  ready",
        "   gpt     GPT     openai     no key: set OPENAI_API_KEY",
    ]


def test_models_without_a_key_of_the_old_lists_are_shown_too(typed):
    result = typed("models", ANTHROPIC_API_KEY=KEY, OPENAI_MODELS="gpt", ANTHROPIC_MODELS="claude")
    assert [line.split()[-1] for line in result.stdout.splitlines()] == [
        "STATE",
        "ready",
        "OPENAI_API_KEY",
    ]


def test_the_same_as_json(typed):
    result = typed("models", "--json", OPENAI_API_KEY=KEY, MODELS=MODELS)
    gpt, claude = json.loads(result.stdout)["models"]
    assert gpt == {
        "id": "gpt",
        "name": "GPT",
        "description": "One",
        "provider": "openai",
        "default": True,
        "state": "ready",
    }
    assert claude["state"] == "no key: set ANTHROPIC_API_KEY"
    assert claude["default"] is False


def test_models_of_a_file_are_listed(typed, tmp_path):
    (tmp_path / "dragoman.toml").write_text(
        "[[models]]\nid = 'a'\nname = 'A'\ndescription = ''\nprovider = 'ollama'\n"
    )
    assert "*  a   A     ollama    ready" in typed("models").stdout


def test_the_default_models_of_a_provider_are_listed(typed):
    result = typed("models", "--json", ANTHROPIC_API_KEY=KEY)
    listed = json.loads(result.stdout)["models"]
    assert {model["provider"] for model in listed} == {"anthropic"}
    assert sum(model["default"] for model in listed) == 1


def test_a_wrong_configuration_ends_it(typed):
    result = typed("models", MODELS="[{]")
    assert result.exit_code == 2
    assert result.stderr.startswith("dragoman: the configuration cannot be used: MODELS")


async def discovered(typed, script: Script, *arguments: str, **environ: str) -> Result:
    async with scripted_upstream() as vendor:
        vendor.play(script)
        return await asyncio.to_thread(
            typed,
            "models",
            "--discover",
            *arguments,
            ANTHROPIC_API_KEY=KEY,
            ANTHROPIC_BASE_URL=vendor.url,
            OLLAMA_BASE_URL="http://127.0.0.1:9/v1",
            **environ,
        )


async def test_what_vendors_offer_ends_in_a_list_that_can_be_pasted(typed, tmp_path):
    result = await discovered(typed, whole({"data": [{"id": "b"}, {"id": "a's"}, {"id": "c"}]}))
    assert result.exit_code == 0, result.output
    assert "Anthropic (anthropic)\n  a's\n  b\n  c\n" in result.stdout
    assert "Ollama (ollama)\n  not running at http://127.0.0.1:9/v1\n" in result.stdout
    pasted = result.stdout.partition("MODELS='")
    (tmp_path / ".env").write_text("".join(pasted[1:]) + f"ANTHROPIC_API_KEY={KEY}\n")
    listed = await asyncio.to_thread(typed, "models", "--json")
    assert [model["id"] for model in json.loads(listed.stdout)["models"]] == ["b", "c"]


async def test_discovery_helps_where_the_list_is_wrong(typed):
    result = await discovered(typed, whole({"data": [{"id": "a"}]}), MODELS="[{]")
    assert result.exit_code == 0
    assert "  a\n" in result.stdout


async def test_a_vendor_that_refuses_is_a_failure(typed):
    result = await discovered(typed, Script(401))
    assert result.exit_code == 1
    assert "refused our key (401)" in result.stdout
    assert "dragoman check" in result.stderr


async def test_what_vendors_offer_as_json(typed):
    result = await discovered(typed, whole({"data": [{"id": "a"}]}), "--json")
    anthropic, ollama, *_ = json.loads(result.stdout)["providers"]
    assert anthropic == {
        "id": "anthropic",
        "name": "Anthropic",
        "models": ["a"],
        "problem": None,
        "remark": None,
    }
    assert ollama["remark"] == "not running at http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("rows", "text"),
    [([], ""), ([("a", "b"), ("long", "")], "  a     b\n  long")],
)
def test_columns_are_as_wide_as_what_stands_in_them(rows, text):
    assert table(rows, indent="  ") == text
