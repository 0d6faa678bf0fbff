"""`dragoman serve` as a process: what it says, what stops it, how it ends."""

import asyncio
import json
import socket
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import Any

import aiohttp
import pytest

from dragoman.services.providers import LocalProvider
from dragoman.testing import ScriptedUpstream
from dragoman.testing.upstream import streamed
from tests.support.program import PATIENCE, eventually, run, serving
from tests.support.server import parse_events
from tests.support.tapes import anthropic_stream

from .conftest import KEY, MODELS

STREAM = {"accept": "text/event-stream"}

needs_local_model = pytest.mark.skipif(
    LocalProvider().problem({}) is not None,
    reason="the local model is not installed: `make setup` installs it",
)


async def events_of(url: str) -> list[dict[str, object]]:
    async with (
        aiohttp.ClientSession(url) as client,
        client.post("/api/v1/messages", json={"message": "Hello?"}, headers=STREAM) as answer,
    ):
        return [event.content for event in parse_events(await answer.read())]


async def until_asked(vendor: ScriptedUpstream) -> None:
    async with asyncio.timeout(PATIENCE):
        await vendor.asked.wait()


# --- beginning ---------------------------------------------------------------------------------


async def test_a_server_says_where_it_is_answers_and_ends_well(vendor, configured):
    vendor.play(streamed(anthropic_stream(["Hel", "lo"])))
    async with serving(**configured) as server:
        first, second, last = await events_of(server.url)
        ended = await server.end(SIGTERM)
    assert [first["content"], second["content"], last["type"]] == ["Hel", "lo", "complete"]
    assert ended.code == 0
    assert f"curl -N {server.url}/api/v1/messages" in ended.out
    assert "* claude  Claude, from Anthropic" in ended.out
    assert KEY not in ended.out + ended.err


async def test_every_request_is_one_line_of_json_in_the_log(vendor, configured):
    vendor.play(streamed(anthropic_stream(["Hello"])))
    async with serving(**configured) as server:
        await events_of(server.url)
        ended = await server.end(SIGINT)
    lines = [json.loads(line) for line in ended.err.splitlines()]
    (request,) = [line for line in lines if line["event"] == "request"]
    assert (request["route"], request["model"], request["status"]) == (
        "POST /api/v1/messages",
        "claude",
        200,
    )
    assert "Hello" not in ended.err


@needs_local_model
async def test_nothing_configured_serves_the_toy_and_calls_it_one(tmp_path):
    async with serving(folder=tmp_path) as server:
        *tokens, last = await events_of(server.url)
        ended = await server.end(SIGTERM)
    assert "".join(str(token["content"]) for token in tokens).strip()
    assert last["type"] == "complete"
    assert "This is a toy" in ended.out
    assert ended.code == 0


async def test_changed_files_are_taken_over_while_it_runs(tmp_path, configured):
    (tmp_path / ".env").write_text(f"MODELS='{MODELS}'\n")
    del configured["MODELS"]
    async with serving(**configured) as server, aiohttp.ClientSession(server.url) as client:
        (tmp_path / ".env").write_text(f"MODELS='{MODELS.replace('claude', 'other')}'\n")

        async def taken_over() -> bool:
            return "other" in await (await client.get("/api/v1/models")).text()

        await eventually(taken_over)


async def test_the_browser_is_opened_when_it_is_ready(tmp_path, configured):
    browser = tmp_path / "browser"
    opened = tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part; mv {opened}.part {opened}\n')
    browser.chmod(0o755)

    async def is_opened() -> bool:
        return opened.exists()

    async with serving("--open", BROWSER=f"{browser} %s", **configured) as server:
        await eventually(is_opened)
    assert opened.read_text() == f"{server.url}\n"


async def test_warnings_are_told_before_it_is_ready(configured):
    configured["ANTHROPIC_API_KEY"] += " "
    async with serving(**configured) as server:
        ended = await server.end(SIGTERM)
    assert ended.err.startswith("! ANTHROPIC_API_KEY in the environment: white space")


async def test_models_that_are_left_out_are_told_with_the_variable(configured):
    other = '{"id": "gpt", "name": "GPT", "description": "", "provider": "openai"}'
    configured["MODELS"] = f"{MODELS[:-1]}, {other}]"
    async with serving(**configured) as server:
        ended = await server.end(SIGTERM)
    assert ended.err.startswith("! provider 'openai' has no key: set OPENAI_API_KEY (1 model left")
    assert "gpt" not in ended.out


async def test_a_server_open_to_others_warns_each_time(configured):
    async with serving("--host", "0.0.0.0", "--insecure-no-auth", **configured) as server:
        assert server.url.startswith("http://127.0.0.1:")
        ended = await server.end(SIGTERM)
    warning = json.loads(ended.err.splitlines()[0])
    assert (warning["event"], warning["level"]) == ("insecure_bind", "warning")


# --- refusing to begin -------------------------------------------------------------------------


async def refused(*arguments: str, code: int, **configured: Any) -> str:
    ended = await run("serve", *arguments, **configured)
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err, ended.err
    assert KEY not in ended.err
    assert ended.err.startswith("dragoman: ")
    return ended.err.removeprefix("dragoman: ")


async def test_a_port_in_use(configured):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        told = await refused("--port", port, code=4, **configured)
    assert told.startswith(f"port {port} is in use by another program")
    assert told.count("\n") == 1


async def test_two_servers_cannot_share_a_port(configured):
    async with serving(**configured) as server:
        port = server.url.rpartition(":")[2]
        assert "in use" in await refused("--port", port, code=4, **configured)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.7"])
async def test_a_host_that_cannot_be_listened_on(configured, host):
    told = await refused("--host", host, "--insecure-no-auth", code=4, **configured)
    assert host in told
    assert told.count("\n") == 1


async def test_a_host_open_to_others(configured):
    told = await refused("--host", "0.0.0.0", "--port", "0", code=2, **configured)
    assert "--insecure-no-auth" in told
    assert told.count("\n") == 1


async def test_a_data_folder_that_cannot_be_written(tmp_path, configured):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", Path("/proc/dragoman")):
        configured["DRAGOMAN_DATA_DIR"] = str(folder)
        told = await refused("--port", "0", code=3, **configured)
        assert str(folder) in told
        assert told.count("\n") == 1


async def test_models_whose_providers_have_no_key(configured):
    del configured["ANTHROPIC_API_KEY"]
    told = await refused("--port", "0", code=2, **configured)
    assert "set ANTHROPIC_API_KEY for 'anthropic'" in told


async def test_every_mistake_is_told_at_once(configured):
    configured |= {"MODELS": '[{"id": "a"}, 3]', "LOG_LEVEL": "loud"}
    told = await refused("--port", "0", code=2, **configured)
    for place in ("MODELS[0]", "MODELS[1]", "LOG_LEVEL"):
        assert place in told


async def test_a_flag_that_makes_no_sense(configured):
    assert "'many' is not a port" in await refused("--port", "many", code=2, **configured)


async def test_a_file_that_was_named_and_is_not_there(configured):
    assert "correct --config" in await refused("--config", "no.toml", code=2, **configured)


async def test_a_key_with_a_line_break_is_refused_by_its_name(configured):
    configured["ANTHROPIC_API_KEY"] = f"{KEY}\r\nx: y"
    told = await refused("--port", "0", code=2, **configured)
    assert "ANTHROPIC_API_KEY" in told
    assert "line break" in told


async def test_nothing_configured_and_no_local_model_shows_how_to_configure(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['xllamacpp'] = None\n")
    told = await refused("--port", "0", code=2, folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert "no model can be used" in told
    assert "OPENAI_API_KEY=" in told
    assert "MODELS=" in told


async def test_a_developer_sees_the_traceback(configured):
    configured["MODELS"] = "[{"
    ended = await run("serve", "--traceback", **configured)
    assert "Traceback" in ended.err
    assert "ConfigurationError" in ended.err
    assert ended.code == 1


# --- ending ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
async def test_a_reply_that_runs_is_finished(vendor, configured, number):
    vendor.play(streamed(anthropic_stream(["a", "b", "c"]), pause=0.15))
    async with serving(**configured) as server:
        asking = asyncio.create_task(events_of(server.url))
        await until_asked(vendor)
        ended = await server.end(number)
        events = await asking
    assert [event["type"] for event in events] == ["token", "token", "token", "complete"]
    assert ended.code == 0
    told = [json.loads(line) for line in ended.err.splitlines()]
    assert [line["running"] for line in told if line["event"] == "shutting_down"] == [1]


@pytest.mark.parametrize(("numbers", "code"), [((SIGINT, SIGINT), 130), ((SIGTERM, SIGINT), 130)])
async def test_the_second_signal_ends_it_at_once(vendor, configured, numbers, code):
    vendor.play(streamed(anthropic_stream(["a", "b"])[:4], end="hang"))
    async with serving(**configured) as server:
        asking = asyncio.create_task(events_of(server.url))
        await until_asked(vendor)
        ended = await server.end(*numbers)
        await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(PATIENCE):
            await vendor.closed_by_peer.wait()
    assert ended.code == code
    assert "Traceback" not in ended.err, ended.err
