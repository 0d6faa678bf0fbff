"""Reading the configuration for a command, and keeping its keys to ourselves."""

import pytest

from dragoman.cli.configuration import Loader
from dragoman.config import ConfigurationError

KEY = "sk-canary-0123456789abcdef"


def test_keys_leave_the_environment_and_stay_in_the_configuration(tmp_path):
    environ = {"OPENAI_API_KEY": KEY, "PATH": "/bin"}
    configuration = Loader(environ=environ, cwd=tmp_path)()
    assert environ == {"PATH": "/bin"}
    assert configuration.environ["OPENAI_API_KEY"] == KEY


def test_reading_again_still_finds_the_keys(tmp_path):
    load = Loader(environ={"OPENAI_API_KEY": KEY}, cwd=tmp_path)
    load()
    (tmp_path / ".env").write_text("LOG_LEVEL=debug\n")
    again = load()
    assert again.settings.log_level == "debug"
    assert again.environ["OPENAI_API_KEY"] == KEY


def test_a_key_leaves_the_environment_in_whatever_spelling(tmp_path):
    environ = {
        "OPENAI_API_KEY": f' "{KEY}" ',
        "COPY": f"Bearer {KEY}",
        "PROVIDERS": '{"own": {"name": "Own", "speaks": "openai", "base_url": '
        '"http://127.0.0.1:1/v1", "headers": {"x-token": "header-canary-1"}}}',
    }
    Loader(environ=environ, cwd=tmp_path)()
    assert environ == {}


def test_keys_of_providers_of_ones_own_are_keys(tmp_path):
    (tmp_path / "dragoman.toml").write_text(
        "[providers.own]\nname = 'Own'\nspeaks = 'openai'\n"
        "base_url = 'https://own.example/v1'\napi_key_env = 'OWN_SECRET'\n"
    )
    environ = {"OWN_SECRET": KEY}
    load = Loader(environ=environ, cwd=tmp_path)
    load()
    assert environ == {}
    assert KEY not in load.redact(f"it says {KEY}")


def test_a_key_of_before_a_reload_stays_secret(tmp_path):
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\n")
    load = Loader(environ={}, cwd=tmp_path)
    load()
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-another-0123456789\n")
    load()
    assert "canary" not in load.redact(f"{KEY} sk-another-0123456789")
    assert "another" not in load.redact(f"{KEY} sk-another-0123456789")


def test_flags_come_first_and_files_may_be_named(tmp_path):
    (tmp_path / "mine.toml").write_text("port = 1234\nhost = '::1'\n")
    (tmp_path / "mine.env").write_text("LOG_LEVEL=warning\n")
    load = Loader(
        {"port": "4321", "host": None},
        config=tmp_path / "mine.toml",
        env_file=tmp_path / "mine.env",
        environ={},
        cwd=tmp_path,
    )
    settings = load().settings
    assert (settings.port, settings.host, settings.log_level) == (4321, "::1", "warning")


def test_mistakes_are_raised_as_such(tmp_path):
    with pytest.raises(ConfigurationError, match="--port"):
        Loader({"port": "many"}, environ={}, cwd=tmp_path)()


def test_all_providers_are_given_ones_own_among_them(tmp_path):
    (tmp_path / "dragoman.toml").write_text(
        "[providers.own]\nname = 'Own'\nspeaks = 'anthropic'\nbase_url = 'https://own.example'\n"
    )
    load = Loader(environ={}, cwd=tmp_path)
    providers = load.providers(load())
    assert "own" in providers
    assert "local" in providers


@pytest.mark.parametrize(
    ("word", "warnings"),
    [
        ("stream_option", 1),
        ("json_shema", 1),
        ("stop_sequence", 1),
        ("stream_options", 0),
        ("effort", 0),
        ("developer_role", 0),
        ("models", 0),
        ("reasoning_format", 0),
        ("logit_bias", 0),
    ],
)
def test_a_word_is_only_doubted_where_a_wire_has_one_much_like_it(tmp_path, word, warnings):
    (tmp_path / "dragoman.toml").write_text(
        "[providers.own]\nname = 'Own'\nspeaks = 'openai'\nbase_url = 'https://own.example/v1'\n"
        f"without = ['{word}']\nmodels_env = 'OWN'\n"
    )
    assert len(Loader(environ={"OWN": "a"}, cwd=tmp_path)().warnings) == warnings
