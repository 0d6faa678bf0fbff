"""The vendors' own SDKs, and behind Dragoman what others take the vendors to be."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.independent.llmock import running_llmock
from tests.integration.independent.processes import Program, dragoman_command, running_program

from .asking import MODELS, OF_EVERY_WIRE, OWN, PROMPT, at, check_done
from .conftest import KEYS, entry
from .environments import PROGRAMS, command_in, find_environment, prepare

OF_THE_VENDORS = at("chat", "responses", "messages", "gemini", clients=OWN)


@dataclass(frozen=True)
class Upstream:
    """Another's idea of all vendors: where each is, and what is said there."""

    name: str
    openai: str
    anthropic: str
    gemini: str
    greeting: str
    least: int
    """How many tokens it counts at least, for what it reads and for what it says."""


@pytest.fixture(scope="module")
def llmock(tmp_path_factory) -> Iterator[Upstream]:
    with running_llmock(tmp_path_factory.mktemp("llmock")) as program:
        url = program.address
        places = f"{url}/v1", f"{url}/anthropic", f"{url}/gemini/v1beta"
        yield Upstream("llmock", *places, greeting=PROMPT, least=5)  # it is told to echo


@pytest.fixture(scope="module")
def aimock(tmp_path_factory) -> Iterator[Upstream]:
    environment, folder = find_environment("aimock"), tmp_path_factory.mktemp("aimock")
    prepare(environment, folder)
    program = Path(shutil.copy(PROGRAMS / "aimock.mjs", folder))
    with running_program(command_in(environment, program), environ={}, folder=folder) as running:
        running.wait_for_address()
        url = running.address
        places = f"{url}/v1", url, f"{url}/v1beta"
        yield Upstream("aimock", *places, greeting="Ahoy from the harbour", least=0)


@pytest.fixture(scope="module", params=["llmock", "aimock"])
def other(request) -> Upstream:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def served(other, tmp_path_factory) -> Iterator[Program]:
    """Dragoman, with one of them as all vendors, and once more as a provider of one's own."""
    own = {"name": "Own", "speaks": "openai", "base_url": other.openai}
    models = [*(entry(model, **more) for model, more in MODELS.items()), entry("o", provider="own")]
    environ = {
        "MODELS": json.dumps(models),
        "PROVIDERS": json.dumps({"own": own}),
        "OPENAI_BASE_URL": other.openai,
        "ANTHROPIC_BASE_URL": other.anthropic,
        "GEMINI_BASE_URL": other.gemini,
        **KEYS,
    }
    folder = tmp_path_factory.mktemp("served")
    command = dragoman_command("serve", "--port", "0")
    with running_program(command, environ=environ, folder=folder) as program:
        program.wait_for_address()
        yield program


@OF_EVERY_WIRE
@OF_THE_VENDORS
async def test_an_answer_of_anothers_making_is_streamed(run, served, other, client, door, model):
    column = f"stream, {other.name}"
    outcome = await run(client, door, "stream", model=model, base=served.address, column=column)

    check_done(outcome)
    assert other.greeting in outcome["text"]
    assert outcome["usage"]["input"] >= other.least
    assert outcome["usage"]["output"] >= other.least


@OF_EVERY_WIRE
@OF_THE_VENDORS
@pytest.mark.parametrize("cell", ["tools", "tools_streamed"])
async def test_a_call_of_anothers_making_is_answered(run, served, other, client, door, model, cell):
    column = f"{cell}, {other.name}"
    outcome = await run(client, door, cell, model=model, base=served.address, column=column)

    check_done(outcome)
    assert [call["name"] for call in outcome["calls"]] == ["get_weather"]
    assert list(outcome["calls"][0]["arguments"]) == ["city"]
    assert outcome["text"]


@at("messages", "gemini", clients=OWN)
async def test_a_vendor_that_counts_no_tokens_has_them_estimated(run, served, client, door):
    column = "count, estimated"
    outcome = await run(client, door, "count_tokens", model="o", base=served.address, column=column)

    check_done(outcome)
    assert 5 < outcome["tokens"] < 50
