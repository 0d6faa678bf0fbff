"""`dragoman check`: everything at once, each mistake with its cure."""

import asyncio
import json

import pytest

from dragoman.cli.processor import complaint_about_processor
from dragoman.services.providers import LocalProvider
from dragoman.testing import Script, scripted_upstream
from dragoman.testing.upstream import whole

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
    assert "openai      OpenAI       no key: set OPENAI_API_KEY" in result.stdout
    assert "local       Local model  can run here, and starts when it is needed" in result.stdout
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
