"""`dragoman providers`: the list, and the test of one, at a scripted server or at its address."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from dragoman.testing import scripted_upstream
from tests.support.servers import KEY, MODEL, Server

MINE = """
from dragoman.services.providers import OpenAIProvider


class Sound(OpenAIProvider, frozen=True, kw_only=True):
    other_wires: tuple = ()


class Leaky(Sound, frozen=True, kw_only=True):
    def map_error(self, error, *, model=None):
        judged = super().map_error(error, model=model)
        judged.args = ("the key is canary-5b1f0a9c3d7e",)
        return judged


nothing = 7
"""


@pytest.fixture
def server() -> Iterator[str]:
    """A good server, in a thread of its own: commands run loops of their own."""
    started, ended = threading.Event(), threading.Event()
    urls: list[str] = []

    async def serve() -> None:
        async with scripted_upstream() as upstream:
            upstream.play(Server())
            urls.append(upstream.url)
            started.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(10)
    yield urls[0]
    ended.set()
    thread.join(10)


def test_the_providers_are_listed_with_what_they_lack(typed):
    listed = typed("providers", OPENAI_API_KEY="sk-0123456789abcdef")
    lines = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert listed.exit_code == 0
    assert "openai_chat, openai_responses" in lines["openai"]
    assert lines["openai"].endswith("ready")
    assert "set GROQ_API_KEY" in lines["groq"]


def test_the_list_can_be_read_by_machines(typed):
    listed = json.loads(typed("providers", "--json").stdout)["providers"]
    (anthropic,) = [row for row in listed if row["id"] == "anthropic"]
    assert anthropic["wires"] == ["anthropic_messages"]
    assert anthropic["state"] == "no key: set ANTHROPIC_API_KEY"


def test_a_provider_is_tested_in_each_of_its_wires(typed, tmp_path):
    tested = typed("providers", "test", "openai", "--junit", "found.xml", "--json", "found.json")
    assert (tested.exit_code, tested.stderr) == (0, "")
    heading, *rows = tested.stdout.splitlines()
    assert heading.split() == ["openai_chat", "openai_responses"]
    assert "parallel tools  pass         pass" in rows
    assert "settings        pass         not offered" in rows
    assert tested.stdout.count("not offered  settings.are_sent (openai_responses)") == 1
    suites = ET.fromstring((tmp_path / "found.xml").read_bytes())
    assert [suite.get("failures") for suite in suites] == ["0", "0"]
    columns = json.loads((tmp_path / "found.json").read_bytes())["columns"]
    assert [column["name"] for column in columns] == ["openai_chat", "openai_responses"]


def test_one_wire_can_be_chosen(typed):
    tested = typed("providers", "test", "openai", "--wire", "openai_responses")
    assert tested.stdout.splitlines()[0].split() == ["openai_responses"]


def test_a_class_of_a_module_is_tested_and_what_fails_is_named(typed, tmp_path: Path):
    (tmp_path / "mine_to_test.py").write_text(MINE)
    assert typed("providers", "test", "mine_to_test:Sound").exit_code == 0
    leaky = typed("providers", "test", "mine_to_test:Leaky")
    assert leaky.exit_code == 1
    assert "FAIL  key.is_in_no_error: the error for a 401 shows the key" in leaky.stdout


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("opnai", "did you mean 'openai'?"),
        ("local", "ProviderContract"),
        ("nowhere.at.all:Thing", "cannot be imported"),
        ("mine_to_test:nothing", "neither a provider nor"),
    ],
)
def test_a_target_that_is_none_is_told_with_the_cure(typed, tmp_path, target, said):
    (tmp_path / "mine_to_test.py").write_text(MINE)
    tested = typed("providers", "test", target)
    assert tested.exit_code == 2
    assert said in tested.stderr


def test_a_server_on_this_machine_is_tested_at_once(typed, server):
    tested = typed("providers", "test", f"{server}/", "--key-env", "MY_KEY", MY_KEY=KEY)
    assert (tested.exit_code, tested.stderr) == (0, "")
    assert f"Asking {server} for {MODEL}, in openai_chat." in tested.stdout
    assert "pass         tools.call_comes_streamed" in tested.stdout
    assert KEY not in tested.output


def test_a_provider_can_be_tested_at_its_address(typed, server):
    environ = {"GROQ_API_KEY": KEY, "GROQ_BASE_URL": server}
    tested = typed("providers", "test", "groq", "--live", "--wire", "openai_chat", **environ)
    assert tested.exit_code == 0
    assert f"Asking {server} for {MODEL}, in openai_chat." in tested.stdout


def test_whoever_does_not_agree_sends_nothing(typed):
    tested = typed("providers", "test", "https://nowhere.invalid/v1", "--model", "m")
    assert tested.exit_code == 1
    assert "at most 25 small requests to nowhere.invalid" in tested.stdout
    assert "nothing was sent" in tested.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY is not set"),
        (["--wire", "openai"], "there is no 'openai'"),
        ([], "name a model by --model"),
    ],
)
def test_a_server_that_cannot_be_asked_is_told_with_the_cure(typed, options, said):
    tested = typed("providers", "test", "http://127.0.0.1:9/v1", *options)
    assert tested.exit_code == 2
    assert said in tested.stderr
