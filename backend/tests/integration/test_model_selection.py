"""From a line of configuration to the provider that answers."""

import asyncio
import json
import re
from pathlib import Path

import anthropic
import pytest
import structlog

from dragoman.composition import NoModelsError, Service, compose
from dragoman.config import Configuration, ConfigurationError, load_configuration
from dragoman.services.providers import FAMILIES, FEATURES, OpenAIProvider, registry
from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import whole
from tests.support.server import configured, running
from tests.support.tapes import anthropic_whole, openai_whole


def models(*rows: dict[str, object]) -> str:
    return json.dumps([{"name": row["id"], "description": "", **row} for row in rows])


BOTH = models(
    {"id": "gpt", "provider": "openai", "default": True}, {"id": "claude", "provider": "anthropic"}
)
KEYS = {"OPENAI_API_KEY": "openai-key-1", "ANTHROPIC_API_KEY": "anthropic-key-1"}


async def test_the_model_decides_which_provider_is_asked(tmp_path):
    async with scripted_upstream() as one, scripted_upstream() as other:
        one.play(whole(openai_whole("from one")))
        other.play(whole(anthropic_whole("from the other")))
        environ = {
            "MODELS": BOTH,
            "OPENAI_BASE_URL": one.url,
            "ANTHROPIC_BASE_URL": other.url,
            **KEYS,
        }
        async with running(configured(tmp_path, environ)) as dragoman:
            answers = [
                (await (await dragoman.ask(model=model)).json())["message"]
                for model in ("gpt", "claude", "gpt")
            ]

    assert answers == ["from one", "from the other", "from one"]
    assert (len(one.received), len(other.received)) == (2, 1)


def test_a_default_without_a_key_moves_to_the_first_that_has_one(tmp_path):
    composition = compose(configured(tmp_path, {"MODELS": BOTH, "ANTHROPIC_API_KEY": "key-12345"}))
    assert composition.models.default is not None
    assert composition.models.default.id == "claude"
    assert any("claude" in warning for warning in composition.warnings)


def test_a_list_without_any_key_names_each_variable(tmp_path):
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY") as caught:
        compose(configured(tmp_path, {"MODELS": BOTH}))
    assert "ANTHROPIC_API_KEY" in str(caught.value)


def test_a_key_without_a_list_brings_models_and_a_list_to_paste(tmp_path):
    composition = compose(configured(tmp_path, {"ANTHROPIC_API_KEY": "key-12345"}))
    assert {model.provider for model in composition.models.models} == {"anthropic"}
    assert 2 <= len(composition.models.models) <= 3
    pasted = next(text for text in composition.warnings if "MODELS=" in text)
    again = pasted[pasted.index("[") : pasted.rindex("]") + 1]
    listed = compose(configured(tmp_path, {"MODELS": again, "ANTHROPIC_API_KEY": "key-12345"}))
    assert [m.id for m in listed.models.models] == [m.id for m in composition.models.models]


def test_with_nothing_set_the_toy_answers_and_says_that_it_is_one(tmp_path):
    pytest.importorskip("xllamacpp", reason="the local model's engine is not installed")
    composition = compose(configured(tmp_path, {}))
    (toy,) = composition.models.models
    assert (toy.id, toy.provider, toy.default) == ("local", "local", True)
    assert "toy" in toy.name


def test_the_local_model_may_stand_in_a_list(tmp_path):
    listed = models({"id": "tiny", "provider": "local"})
    composition = compose(configured(tmp_path, {"MODELS": listed}))
    assert [model.id for model in composition.models.models] == ["tiny"]


def test_without_keys_and_packages_the_message_shows_how_to_configure(tmp_path, monkeypatch):
    monkeypatch.setattr("dragoman.services.providers.local_engine.ENGINE", "no_such_engine")
    with pytest.raises(NoModelsError, match="MODELS=") as caught:
        compose(configured(tmp_path, {}))
    assert "OPENAI_API_KEY" in str(caught.value)
    (shown,) = re.findall(r"MODELS=(.*)", str(caught.value))
    listed = compose(configured(tmp_path, {"MODELS": shown, **KEYS})).models.models
    offered = {model.id for model in OpenAIProvider().default_models}
    assert {model.id for model in listed} <= offered


def in_folder(folder: Path) -> Configuration:
    return load_configuration(
        flags={},
        environ={"DRAGOMAN_DATA_DIR": str(folder)},
        cwd=folder,
        config_file=None,
        env_file=None,
        families=FAMILIES,
        features=FEATURES,
        built_in=tuple(registry),
        key_variables=tuple(KEYS),
    )


TOML = """
[[models]]
id = "tiny"
name = "Tiny"
description = "At home"
provider = "home"

[providers.home]
name = "Home"
speaks = "openai"
base_url = "{url}"
"""


async def test_a_provider_of_five_lines_of_toml_answers(tmp_path):
    async with scripted_upstream() as upstream:
        upstream.play(whole(openai_whole("home")))
        (tmp_path / "dragoman.toml").write_text(TOML.format(url=f"{upstream.url}/v1"))
        async with running(in_folder(tmp_path)) as dragoman:
            answer = await (await dragoman.ask()).json()

    assert (answer["message"], answer["model"]) == ("home", "tiny")
    assert upstream.received[0].path == "/v1/chat/completions"
    assert "authorization" not in upstream.received[0].headers
    assert "max_completion_tokens" not in upstream.received[0].json


async def test_a_changed_file_is_taken_over_and_a_broken_one_is_not(tmp_path):
    file = tmp_path / "dragoman.toml"
    async with scripted_upstream() as upstream:
        file.write_text(TOML.format(url=f"{upstream.url}/v1"))
        async with running(in_folder(tmp_path), load=lambda: in_folder(tmp_path)) as dragoman:

            async def listed() -> list[str]:
                response = await dragoman.client.get("/api/v1/models")
                return [model["id"] for model in (await response.json())["models"]]

            async def freshness() -> str:
                return (await (await dragoman.client.get("/health")).json())["config"]

            assert await listed() == ["tiny"]
            file.write_text("[[models]]\nid = 5\n")
            await _eventually(freshness, "stale")
            assert await listed() == ["tiny"]
            file.write_text(TOML.format(url=f"{upstream.url}/v1").replace('"tiny"', '"small"'))
            await _eventually(listed, ["small"])
            assert await freshness() == "ok"


async def test_a_provider_comes_and_goes_while_a_program_of_another_vendor_looks_on(tmp_path):
    file = tmp_path / "dragoman.toml"
    async with scripted_upstream() as upstream:
        upstream.play(whole(openai_whole("home")))
        first = TOML.format(url=f"{upstream.url}/v1")
        more = first.replace("home", "shed").replace('"tiny"', '"late"')
        file.write_text(first)
        async with running(in_folder(tmp_path), load=lambda: in_folder(tmp_path)) as dragoman:
            client = anthropic.AsyncAnthropic(base_url=dragoman.url, api_key="any", max_retries=0)

            async def listed() -> list[str]:
                return [model.id async for model in client.models.list()]

            file.write_text(f"{first}\n{more}")
            await _eventually(listed, ["tiny", "late"])
            message = await client.messages.create(
                model="late", max_tokens=9, messages=[{"role": "user", "content": "Hello"}]
            )
            file.write_text(first)
            await _eventually(listed, ["tiny"])
            with pytest.raises(anthropic.NotFoundError):
                await client.messages.create(
                    model="late", max_tokens=9, messages=[{"role": "user", "content": "Hello"}]
                )
            await client.close()

    assert message.content[0].text == "home"
    assert message.model == "late"


async def _eventually(look, wanted) -> None:
    for _ in range(60):
        if await look() == wanted:
            return
        await asyncio.sleep(0.1)
    assert await look() == wanted


async def test_a_listed_model_without_a_key_is_answered_with_the_variable(tmp_path):
    environ = {"MODELS": BOTH, "ANTHROPIC_API_KEY": "key-12345"}
    async with running(configured(tmp_path, environ)) as dragoman:
        response = await dragoman.ask(model="gpt")
        error = await response.json()

    assert (response.status, error["reason"]) == (400, "unknown_model")
    assert "OPENAI_API_KEY is not set; there are: claude" in error["error"]


async def test_a_warning_is_logged_once_however_often_the_files_change(tmp_path):
    def read(**more: str) -> Configuration:
        return configured(tmp_path, {"ANTHROPIC_API_KEY": "key-12345", **more})

    with structlog.testing.capture_logs() as lines:
        async with Service(read()) as service:  # whoever starts it tells the first warnings
            await service.reload(read(LOG_LEVEL="debug"))
            assert lines == []
            for _ in range(2):
                await service.reload(read(OPENAI_API_KEY="key-67890"))
                await service.reload(read())

    (line,) = lines
    assert line["log_level"] == "warning"
    assert "default models of OpenAI, Anthropic" in line["event"]


async def test_a_file_that_is_lost_does_not_make_way_for_the_toy(tmp_path):
    file = tmp_path / ".env"
    file.write_text(f"MODELS='{BOTH}'\nOPENAI_API_KEY=openai-key-1\n")
    async with running(in_folder(tmp_path), load=lambda: in_folder(tmp_path)) as dragoman:

        async def health() -> str:
            return (await (await dragoman.client.get("/health")).json())["config"]

        file.unlink()
        await _eventually(health, "stale")
        models = (await (await dragoman.client.get("/api/v1/models")).json())["models"]

    assert [model["id"] for model in models if model["state"] == "ready"] == ["gpt"]
