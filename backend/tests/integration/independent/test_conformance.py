"""`dragoman providers test` at servers that others wrote: llmock, and llama.cpp with the toy model.

What each of them gets wrong is theirs; that it is found, and told by its name, is ours.
"""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from dragoman.services.providers.local import LocalProvider
from dragoman.services.providers.local_engine import LocalEngine

from .llmock import running_llmock
from .processes import dragoman_command

Verdicts = dict[str, str]


async def verdicts(folder: Path, url: str, *options: str, **environ: str) -> Verdicts:
    """Test a server from the command line; give the verdict of each case, by its name."""
    found = folder / "found.json"
    command = dragoman_command("providers", "test", url, *options, "--json", str(found))
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=folder,
        env={"HOME": str(folder), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert found.exists(), done.stderr
    (column,) = json.loads(found.read_bytes())["columns"]
    told = {outcome["name"]: outcome["verdict"] for outcome in column["outcomes"]}
    assert done.returncode == (1 if "fail" in told.values() else 0)
    assert not any(key in done.stdout for key in environ.values())
    return told


def named(told: Verdicts, verdict: str) -> set[str]:
    return {name for name, found in told.items() if found == verdict}


@pytest.fixture(scope="module")
def llmock(tmp_path_factory):
    with running_llmock(tmp_path_factory.mktemp("llmock")) as program:
        yield program


# It answers for any model, heeds no stop word, and takes anything for a request of responses; in
# Anthropic's words it counts no picture and knows no schema.
LLMOCK = {"model.unknown_is_refused", "stop.words_are_heeded"}
WELL = {
    "models.are_listed",
    "plain.is_answered",
    "plain.has_the_form",
    "stream.is_answered",
    "stream.has_the_form",
    "usage.is_told_whole",
    "usage.is_told_streamed",
    "system.is_read",
    "cancel.leaves_it_well",
}


@pytest.mark.parametrize(
    ("path", "wire", "faults"),
    [
        ("/v1", "openai_chat", LLMOCK),
        ("/v1", "openai_responses", {"model.unknown_is_refused", "error.has_the_form"}),
        ("/anthropic", "anthropic_messages", LLMOCK | {"images.are_read", "schema.is_kept"}),
    ],
)
async def test_llmock_is_found_to_be_what_it_is(llmock, tmp_path, path, wire, faults):
    told = await verdicts(tmp_path, f"{llmock.address}{path}", "--wire", wire)

    assert named(told, "fail") == faults
    assert named(told, "pass") >= WELL | {"tools.call_comes_whole", "tools.call_comes_streamed"}


@pytest.mark.skipif(
    LocalProvider().problem({}) is not None, reason=f"{LocalProvider().problem({})}"
)
async def test_the_local_models_server_is_found_to_drop_tools_without_a_word(tmp_path):
    engine = LocalEngine()
    try:
        await engine.ensure_ready()
        url = f"{engine.address}/v1"
        told = await verdicts(tmp_path, url, "--key-env", "ENGINE_KEY", ENGINE_KEY=engine.key)
    finally:
        await engine.close()

    assert named(told, "pass") >= WELL | {"error.has_the_form", "key.wrong_is_refused"}
    assert named(told, "fail") >= {
        "model.unknown_is_refused",
        "tools.call_comes_streamed",
        "tools.call_comes_whole",
    }
