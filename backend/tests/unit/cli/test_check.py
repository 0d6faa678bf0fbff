"""`dragoman check`: everything at once, each mistake with its cure."""

import asyncio
import json
import re
import shutil
import time
from datetime import date
from email.utils import formatdate

import pytest

from dragoman.cli.at_home import is_loopback
from dragoman.cli.check import check
from dragoman.cli.configuration import Loader
from dragoman.cli.processor import complaint_about_processor
from dragoman.services.providers import LocalProvider
from dragoman.testing import Script, scripted_upstream
from dragoman.testing.upstream import streamed, whole
from tests.integration.independent.certificates import found, server_context

KEY = "canary-0123456789abcdef"
MODEL = {"id": "small", "name": "Small", "description": "A model", "provider": "anthropic"}

needs_local_model = pytest.mark.skipif(
    LocalProvider().problem({}) is not None,
    reason="the local model is not installed: `make setup` installs it",
)


def models(*entries: dict[str, str]) -> str:
    return json.dumps(entries)


@needs_local_model
def test_nothing_configured_is_no_problem_where_the_local_model_is(typed):
    result = typed("check")
    assert result.exit_code == 0
    assert "the environment alone: no .env, no dragoman.toml" in result.stdout
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "openai OpenAI no key: set OPENAI_API_KEY" in rows
    assert "local Local model can run here, and starts when it is needed" in rows
    assert "Known, too, and not used: groq, mistral, " in result.stdout
    assert "*  local  SmolLM2 135M (toy)  local" in result.stdout
    assert result.stdout.endswith("No problem was found.\n")


def test_a_good_configuration_is_shown_and_no_key_is(typed):
    result = typed("check", ANTHROPIC_API_KEY=KEY, MODELS=models(MODEL | {"default": True}))
    assert result.exit_code == 0
    assert "enabled: ANTHROPIC_API_KEY is set, at https://api.anthropic.com" in result.stdout
    assert "Models (from MODELS)\n  *  small  Small  anthropic\n" in result.stdout
    assert result.stdout.endswith("\nNo problem was found.\n")
    assert KEY not in result.output


def test_the_files_that_were_read_are_named(typed, tmp_path):
    (tmp_path / ".env").write_text(f"ANTHROPIC_API_KEY={KEY}\n")
    (tmp_path / "other.toml").write_text("port = 1234\n")
    result = typed("check", "--config", "other.toml")
    assert f"Read\n  {tmp_path / '.env'}\n  {tmp_path / 'other.toml'}\n" in result.stdout
    assert "127.0.0.1, port 1234" in result.stdout


def test_warnings_are_shown_and_are_no_problems(typed):
    result = typed("check", ANTHROPIC_API_KEY=f" {KEY} ", MODELS=models(MODEL))
    assert result.exit_code == 0
    assert "! ANTHROPIC_API_KEY in the environment: white space" in result.stdout
    assert "! MODELS: no entry is marked as the default" in result.stdout
    assert result.stdout.endswith("\nNo mistake; 2 warnings.\n")


def test_models_that_are_left_out_are_told_with_the_variable(typed):
    mixed = models(MODEL | {"default": True}, MODEL | {"id": "gpt", "provider": "openai"})
    result = typed("check", ANTHROPIC_API_KEY=KEY, MODELS=mixed)
    assert result.exit_code == 0
    assert "provider 'openai' has no key: set OPENAI_API_KEY (1 model left out)" in result.stdout
    assert result.stdout.endswith("\nNo mistake; 1 warning.\n")


def test_every_problem_of_every_kind_is_told_at_once(typed, tmp_path):
    (tmp_path / "file").write_text("")
    result = typed(
        "check",
        MODELS=models(MODEL | {"provider": "antropic"}, {"id": "x"}),
        DRAGOMAN_HOST="0.0.0.0",
        DRAGOMAN_DATA_DIR=str(tmp_path / "file"),
    )
    assert result.exit_code == 2
    problems = result.stdout.partition(" problems:\n")[2].splitlines()
    assert all(problem.startswith("- ") for problem in problems)
    text = "\n".join(problems)
    assert "MODELS[0].provider: unknown provider 'antropic' (did you mean 'anthropic'?)" in text
    assert "MODELS[1]: the field 'name' is missing" in text
    assert "'0.0.0.0' can be reached from other machines" in text
    assert "file is a file" in text


def test_what_cannot_even_be_read_is_told_too(typed, tmp_path):
    (tmp_path / "dragoman.toml").write_text("port = \n")
    result = typed("check", LOG_LEVEL="loud")
    assert result.exit_code == 2
    assert "2 problems:" in result.stdout
    assert "not valid TOML" in result.stdout
    assert "'loud' is not a level" in result.stdout


def test_a_host_that_is_none_is_a_problem(typed):
    result = typed("check", DRAGOMAN_HOST="no-such-host.invalid", ANTHROPIC_API_KEY=KEY)
    assert result.exit_code == 2
    assert "1 problem:\n- there is no host 'no-such-host.invalid'" in result.stdout


def test_an_open_host_is_no_problem_if_it_is_meant(typed):
    result = typed(
        "check",
        DRAGOMAN_HOST="0.0.0.0",
        DRAGOMAN_INSECURE_NO_AUTH="yes",
        ANTHROPIC_API_KEY=KEY,
    )
    assert result.exit_code == 0


def test_check_makes_no_data_folder(typed, tmp_path):
    typed("check", DRAGOMAN_DATA_DIR=str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("facts", "too_old"),
    [
        ("processor : 0\nflags\t\t: fpu sse avx avx2 fma\n", False),
        ("processor : 0\nflags\t\t: fpu sse avx\n", True),
        ("processor : 0\nFeatures\t: fp asimd\n", False),
    ],
)
def test_a_processor_that_is_too_old_for_the_local_model_is_found_out(tmp_path, facts, too_old):
    (tmp_path / "cpuinfo").write_text(facts)
    complaint = complaint_about_processor(tmp_path / "cpuinfo")
    assert (complaint is not None and "AVX2" in complaint) is too_old


def test_where_nobody_tells_of_the_processor_nothing_is_said(tmp_path):
    assert complaint_about_processor(tmp_path / "none") is None


# --- asking the vendors ------------------------------------------------------------------------


async def live(typed, script: Script, **environ: str):
    async with scripted_upstream() as vendor:
        vendor.play(script)
        result = await asyncio.to_thread(
            typed,
            "check",
            "--live",
            ANTHROPIC_API_KEY=KEY,
            ANTHROPIC_BASE_URL=vendor.url,
            MODELS=models(MODEL),
            **environ,
        )
    return result, vendor.received


async def test_a_vendor_that_lists_the_model_is_well(typed):
    listed = {"data": [{"id": "small"}, {"id": "large"}]}
    result, (request,) = await live(typed, whole(listed))
    assert result.exit_code == 0, result.output
    assert "anthropic  answers, and lists 2 models\n             small: listed" in result.stdout
    assert request.method == "GET"
    assert request.headers["x-api-key"] == KEY


async def test_a_model_that_its_vendor_does_not_list_is_a_problem(typed):
    result, _ = await live(typed, whole({"data": [{"id": "smaller"}]}))
    assert result.exit_code == 2
    assert "small: not listed" in result.stdout
    assert (
        "- model 'small': Anthropic does not list 'small' (did you mean 'smaller'?): "
        "correct its id, or take it out" in result.stdout
    )


async def test_a_refused_key_is_explained_and_not_shown(typed):
    error = {"type": "error", "error": {"type": "authentication_error", "message": f"no: {KEY}"}}
    result, _ = await live(typed, whole(error, status=401))
    assert result.exit_code == 2
    assert "refused our key (401): the operator should check it" in result.stdout
    assert KEY not in result.output


async def test_vendors_without_key_are_not_asked(typed):
    result, _ = await live(typed, whole({"data": [{"id": "small"}]}))
    vendors = result.stdout.partition("Vendors\n")[2]
    assert "openai" not in vendors
    assert "ollama" not in vendors


# --- what surrounds it -------------------------------------------------------------------------


def http_date(ahead: float) -> str:
    return formatdate(time.time() + ahead, usegmt=True)


async def test_a_clock_that_is_an_hour_late_is_a_problem_with_its_cure(typed):
    script = whole({"data": [{"id": "small"}]}, date=http_date(3600))
    result, _ = await live(typed, script)
    assert result.exit_code == 2
    assert "- this machine's clock is 60 minutes behind those of the providers" in result.stdout
    assert "timedatectl set-ntp true" in result.stdout


async def test_the_doctor_asks_the_vendors_without_being_told_to(typed):
    async with scripted_upstream() as vendor:
        vendor.play(whole({"data": [{"id": "small"}]}))
        result = await asyncio.to_thread(
            typed,
            "doctor",
            ANTHROPIC_API_KEY=KEY,
            ANTHROPIC_BASE_URL=vendor.url,
            MODELS=models(MODEL | {"default": True}),
        )
        assert [request.method for request in vendor.received] == ["GET"]
    assert "small: listed" in result.stdout
    assert result.exit_code == 0, result.output


def test_a_proxy_that_is_not_used_is_told_of_without_its_password(typed):
    result = typed("check", ANTHROPIC_API_KEY=KEY, HTTPS_PROXY="http://u:hidden@p.example:3128")
    assert "! HTTPS_PROXY name a proxy, which is not used" in result.stdout
    assert "hidden" not in result.output
    assert result.exit_code == 0


def test_a_proxy_that_is_used_and_cannot_be_is_a_problem(typed):
    result = typed(
        "check",
        ANTHROPIC_API_KEY=KEY,
        HTTPS_PROXY="socks5://p.example:1080",
        DRAGOMAN_TRUST_PROXIES="yes",
    )
    assert "- HTTPS_PROXY: a SOCKS proxy is not supported" in result.stdout
    assert result.exit_code == 2


async def test_who_cannot_be_reached_through_a_proxy_is_told_to_look_at_it(typed):
    result = await asyncio.to_thread(
        typed,
        "check",
        "--live",
        ANTHROPIC_API_KEY=KEY,
        ANTHROPIC_BASE_URL="http://127.0.0.1:9",
        HTTP_PROXY="http://127.0.0.1:9",
        DRAGOMAN_TRUST_PROXIES="yes",
        MODELS=models(MODEL | {"default": True}),
    )
    assert "since DRAGOMAN_TRUST_PROXIES is set: see whether it runs" in result.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
async def test_a_certificate_that_nobody_here_knows_is_told_with_what_helps(typed, tmp_path):
    context = server_context(found(tmp_path).vouch("sound"))
    async with scripted_upstream(tls=context) as vendor:
        vendor.play(whole({"data": []}))
        result = await asyncio.to_thread(
            typed,
            "check",
            "--live",
            ANTHROPIC_API_KEY=KEY,
            ANTHROPIC_BASE_URL=vendor.url,
            MODELS=models(MODEL | {"default": True}),
        )
        assert vendor.received == []
    assert result.exit_code == 2
    assert "no secure connection to" in result.stdout
    assert "set SSL_CERT_FILE to a file with that certificate" in result.stdout


def retired(upstream_id: str, **environ: str) -> dict[str, str]:
    entry = MODEL | {"upstream_id": upstream_id, "default": True}
    return {"ANTHROPIC_API_KEY": KEY, "MODELS": models(entry), **environ}


def test_a_model_that_was_switched_off_is_warned_of_with_what_to_take_instead(typed):
    result = typed("check", **retired("claude-3-7-sonnet-20250219"))
    assert (
        "! model 'small': 'claude-3-7-sonnet-20250219' was switched off on 2026-02-19: put "
        "'claude-sonnet-5' in its place" in result.stdout
    )
    assert result.exit_code == 0


def test_another_address_may_keep_a_model_for_longer(typed):
    elsewhere = {"ANTHROPIC_BASE_URL": "https://proxy.example"}
    assert (
        "switched off" not in typed("check", **retired("claude-3-7-sonnet-1", **elsewhere)).stdout
    )
    assert "switched off" not in typed("check", **retired("claude-sonnet-5")).stdout


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 12, 1), "was switched off on 2026-12-01"),
        (date(2026, 11, 30), "will be switched off on 2026-12-01"),
        (date(2026, 7, 1), None),
    ],
)
def test_the_day_decides_what_is_said_of_a_model(tmp_path, capsys, day, said):
    entry = {"id": "g", "name": "G", "description": "", "provider": "gemini", "default": True}
    environ = {
        "GEMINI_API_KEY": KEY,
        "MODELS": models(entry | {"upstream_id": "gemini-2.5-pro"}),
        "HOME": str(tmp_path),
    }
    check(Loader(environ=environ, cwd=tmp_path), live=False, today=lambda: day)
    told = capsys.readouterr().out
    assert (said in told) if said else ("switched off" not in told)


# --- servers on this machine -------------------------------------------------------------------


async def at_home(typed, script: Script, **environ: str):
    async with scripted_upstream() as server:
        server.play(script)
        result = await asyncio.to_thread(
            typed, "check", ANTHROPIC_API_KEY=KEY, LMSTUDIO_BASE_URL=f"{server.url}/v1", **environ
        )
    return result.stdout, server


async def test_a_server_on_this_machine_is_offered_with_what_to_put_into_env(typed):
    told, server = await at_home(typed, whole({"data": [{"id": "qwen3"}, {"id": "gemma3"}]}))
    assert f"On this machine, and not used\n  LM Studio  {server.url}/v1  lists 2 models" in told
    assert '{"id": "gemma3", "name": "gemma3", "description": "From LM Studio"' in told
    (request,) = server.received
    assert (request.method, request.path) == ("GET", "/v1/models")
    assert "authorization" not in request.headers


async def test_a_server_whose_models_are_listed_is_not_offered_again(typed):
    listed = MODEL | {"provider": "lmstudio", "default": True}
    told, server = await at_home(typed, whole({"data": [{"id": "x"}]}), MODELS=models(listed))
    assert "On this machine, and not used" not in told
    assert server.received == []


@pytest.mark.parametrize(
    "script", [Script(status=404), whole({"what": "else"}), streamed([b"<p>"])]
)
async def test_somebody_else_at_that_port_is_nobody(typed, script):
    told, _ = await at_home(typed, script)
    assert "On this machine, and not used" not in told


async def test_at_our_own_port_nobody_is_looked_for(typed):
    async with scripted_upstream() as server:
        server.play(whole({"data": [{"id": "x"}]}))
        port = server.url.rpartition(":")[2]
        result = await asyncio.to_thread(
            typed, "check", VLLM_BASE_URL=f"{server.url}/v1", DRAGOMAN_PORT=port
        )
        assert [request.path for request in server.received] == ["/api/v1/providers"]
    assert "On this machine, and not used" not in result.stdout


def test_only_this_machine_is_looked_at():
    assert [is_loopback(host) for host in ("localhost", "127.8.8.8", "::1")] == [True] * 3
    assert not any(is_loopback(host) for host in ("192.168.1.2", "box.example", "", None))


# --- the server that runs ----------------------------------------------------------------------


def told(state: str, **fields: object) -> dict[str, object]:
    return {"id": "acme", "name": "Acme", "state": state, "reason": "", "models": 1, **fields}


async def beside(typed, script: Script) -> str:
    async with scripted_upstream() as server:
        server.play(script)
        port = server.url.rpartition(":")[2]
        result = await asyncio.to_thread(typed, "check", ANTHROPIC_API_KEY=KEY, DRAGOMAN_PORT=port)
    assert [request.path for request in server.received] == ["/api/v1/providers"]
    return result.stdout


async def test_a_server_that_runs_there_tells_how_it_finds_its_providers(typed):
    reason = "it refused our key (401)"
    answer = [
        told("refused", reason=reason, checkedAt="2026-11-22T17:40:03Z", keyVariable="ACME_KEY"),
        told("unreachable", name="Other"),
        told("no_key", name="Idle", models=0),
    ]
    shown = (await beside(typed, whole({"providers": answer}))).partition("finds its providers\n")[
        2
    ]
    first, second, *_ = shown.splitlines()
    assert re.fullmatch(r"  Acme   key refused \(at \d\d:40\): it refused our key \(401\)", first)
    assert second == "  Other  out of reach"
    assert "Idle" not in shown


@pytest.mark.parametrize(
    "script",
    [
        whole({"models": []}),
        whole([]),
        whole({"providers": [{"id": "x"}]}),
        streamed([b"<p>"], end="cut"),
        Script(before=30),
    ],
)
async def test_somebody_else_who_runs_there_tells_nothing(typed, script):
    assert "finds its providers" not in await beside(typed, script)


def listed(**entry: object) -> dict[str, str]:
    entry = {"upstream_id": "claude-haiku-4-5", "default": True, **entry}
    return {"ANTHROPIC_API_KEY": KEY, "MODELS": models(MODEL | entry)}


def test_an_entry_that_promises_more_than_its_vendor_is_warned_of(typed):
    result = typed(
        "check",
        **listed(context_window=400_000, max_output_tokens=9, capabilities=["tools", "audio"]),
    )
    said = " ".join(result.stdout.split())
    assert "its context_window of 400000 is more than the 200000 of 'claude-haiku-4-5'" in said
    assert "'audio' is among its capabilities, and 'claude-haiku-4-5' is without" in said
    assert "max_output_tokens" not in said
    assert "No mistake; 2 warnings." in said
    assert result.exit_code == 0


def test_of_another_address_and_of_a_model_that_nobody_knows_nothing_is_said(typed):
    more = listed(context_window=400_000)
    elsewhere = typed("check", **more, ANTHROPIC_BASE_URL="https://proxy.example")
    unknown = typed("check", **listed(upstream_id="claude-99", context_window=400_000))
    assert "is more than" not in elsewhere.stdout + unknown.stdout
