"""Where a setting comes from, which source wins, and how a wrong one is told."""

import json
from pathlib import Path

import pytest

from dragoman.config import ConfigurationError
from dragoman.config.settings import SETTINGS, Settings

from .folder import ConfigurationFolder

# --- which source counts ---------------------------------------------------------------------


def test_nothing_said_gives_the_defaults(folder: ConfigurationFolder):
    loaded = folder.load(environ={"HOME": "/home/ada"})

    assert loaded.settings == Settings(
        data_dir=Path("/home/ada/.local/share/dragoman"),
        host="127.0.0.1",
        port=8000,
        workers=1,
        log_level="info",
        debug=False,
        allowed_hosts=(),
        insecure_no_auth=False,
        trust_proxies=False,
        allow_unlisted_models=False,
        keep_responses_days=30,
        check_providers=True,
        local_model=None,
        strict=False,
        connect_timeout=5.0,
        first_byte_timeout=60.0,
        first_token_timeout=120.0,
        idle_timeout=60.0,
        total_timeout=600.0,
    )
    assert (loaded.provider_rows, loaded.file_models, loaded.warnings) == ((), None, ())
    assert loaded.sources == ()


def test_the_user_data_folder_of_the_desktop_is_respected(folder: ConfigurationFolder):
    loaded = folder.load(environ={"HOME": "/home/ada", "XDG_DATA_HOME": "/data"})
    assert loaded.settings.data_dir == Path("/data/dragoman")

    loaded = folder.load(environ={"HOME": "/home/ada", "XDG_DATA_HOME": "relative"})
    assert loaded.settings.data_dir == Path("/home/ada/.local/share/dragoman")

    assert folder.load().settings.data_dir == folder.path / ".local/share/dragoman"


def test_flags_beat_the_environment_which_beats_dotenv_which_beats_the_file(
    folder: ConfigurationFolder,
):
    folder.write("dragoman.toml", "port = 1\n")
    assert folder.load().settings.port == 1

    folder.write(".env", "DRAGOMAN_PORT=2\n")
    assert folder.load().settings.port == 2

    environ = {"DRAGOMAN_PORT": "3"}
    assert folder.load(environ=environ).settings.port == 3

    assert folder.load(environ=environ, flags={"port": 4}).settings.port == 4


def test_a_flag_that_was_not_given_hides_nothing(folder: ConfigurationFolder):
    assert folder.load(environ={"DRAGOMAN_PORT": "3"}, flags={"port": None}).settings.port == 3


def test_a_flag_that_is_no_setting_is_a_mistake_of_the_program(folder: ConfigurationFolder):
    with pytest.raises(TypeError, match="prot"):
        folder.load(flags={"prot": 1})


def test_a_blank_variable_hides_nothing(folder: ConfigurationFolder):
    folder.write(".env", "DRAGOMAN_PORT=2\n")

    assert folder.load(environ={"DRAGOMAN_PORT": ""}).settings.port == 2


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
def test_every_setting_can_come_from_every_source(folder: ConfigurationFolder, name: str):
    (setting,) = [setting for setting in SETTINGS if setting.name == name]
    weights = folder.write("model.gguf", "GGUF")
    texts = {
        "host": "::1",
        "port": "9000",
        "workers": "4",
        "data_dir": str(folder.path / "kept"),
        "log_level": "debug",
        "debug": "true",
        "allowed_hosts": "chat.example, Other.example",
        "insecure_no_auth": "true",
        "trust_proxies": "true",
        "allow_unlisted_models": "true",
        "keep_responses_days": "7",
        "check_providers": "false",
        "local_model": str(weights),
        "strict": "true",
        "connect_timeout": "1.5",
        "first_byte_timeout": "1.5",
        "first_token_timeout": "1.5",
        "idle_timeout": "1.5",
        "total_timeout": "1.5",
    }
    plain = Settings(data_dir=folder.path / ".local/share/dragoman")

    by_environ = folder.load(environ={setting.variable: texts[name]}).settings
    by_flag = folder.load(flags={name: texts[name]}).settings
    folder.write("dragoman.toml", f"{name} = {json.dumps(texts[name])}\n")
    by_file = folder.load().settings
    folder.write("dragoman.toml", "")
    folder.write(".env", f"{setting.variable}={texts[name]}\n")
    by_dotenv = folder.load().settings

    assert by_environ == by_flag == by_file == by_dotenv
    changed = {
        field
        for field in Settings.__struct_fields__
        if getattr(by_environ, field) != getattr(plain, field)
    }
    assert changed == {name}


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("debug", True, True),
        ("port", 0, 0),
        ("keep_responses_days", 0, 0),
        ("host", "[::1]", "::1"),
        ("log_level", "WARNING", "warning"),
        ("data_dir", Path("/kept"), Path("/kept")),
    ],
)
def test_a_flag_may_be_typed(folder: ConfigurationFolder, name: str, value: object, read: object):
    assert getattr(folder.load(flags={name: value}).settings, name) == read


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "inf", "1e9", "true"])
def test_a_time_that_is_none_is_told(folder: ConfigurationFolder, text: str):
    with pytest.raises(ConfigurationError, match=r"DRAGOMAN_IDLE_TIMEOUT.*write seconds"):
        folder.load(environ={"DRAGOMAN_IDLE_TIMEOUT": text})


def test_relative_paths_begin_where_they_were_written(folder: ConfigurationFolder):
    elsewhere = folder.path / "etc"
    elsewhere.mkdir()
    env_file = elsewhere / "prod.env"
    env_file.write_text("DRAGOMAN_DATA_DIR=kept\n")
    toml = elsewhere / "prod.toml"
    toml.write_text('data_dir = "stored"\n')

    assert folder.load(env_file=env_file).settings.data_dir == elsewhere / "kept"
    assert folder.load(config_file=toml).settings.data_dir == elsewhere / "stored"
    assert folder.load(flags={"data_dir": "here"}).settings.data_dir == folder.path / "here"


def test_a_tilde_is_the_home_of_the_environment(folder: ConfigurationFolder):
    environ = {"HOME": "/home/ada", "DRAGOMAN_DATA_DIR": "~/kept"}

    assert folder.load(environ=environ).settings.data_dir == Path("/home/ada/kept")


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("DRAGOMAN_PORT", "eighty", "'eighty' is not a port: write a number from 0 to 65535"),
        ("DRAGOMAN_PORT", "65536", "'65536' is not a port"),
        ("DRAGOMAN_PORT", "-1", "'-1' is not a port"),
        ("DRAGOMAN_PORT", "٣", "is not a port"),
        ("DRAGOMAN_PORT", "9" * 5000, "is not a port"),
        ("DRAGOMAN_KEEP_RESPONSES_DAYS", "-1", "'-1' is no number of days: write a whole one from"),
        ("DRAGOMAN_KEEP_RESPONSES_DAYS", "3651", "is no number of days"),
        ("DRAGOMAN_WORKERS", "0", "'0' is no number of workers: write a whole one from 1 to 64"),
        ("DRAGOMAN_WORKERS", "two", "is no number of workers"),
        ("DRAGOMAN_HOST", "a b", "'a b' is not a host"),
        ("DRAGOMAN_HOST", "http://x", "is not a host"),
        ("LOG_LEVEL", "warn", "'warn' is not a level (did you mean 'warning'?): write one of"),
        ("DRAGOMAN_INSECURE_NO_AUTH", "maybe", "'maybe' is neither true nor false"),
        ("DRAGOMAN_LOCAL_MODEL", "/no/such.gguf", "there is no file '/no/such.gguf'"),
        ("DRAGOMAN_DATA_DIR", "/a\x07b", "contains a control character"),
    ],
)
def test_a_wrong_setting_is_told_with_its_variable_and_its_source(
    folder: ConfigurationFolder, variable: str, value: str, complaint: str
):
    (only,) = folder.problems(environ={variable: value})
    assert only.startswith(f"{variable} in the environment: ")
    assert complaint in only


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('port = "eighty"', "dragoman.toml: port: 'eighty' is not a port"),
        ("port = 80.5", "dragoman.toml: port: a number is not a port"),
        ("port = true", "dragoman.toml: port: "),
        ("host = 5", "dragoman.toml: host: this must be a string, not a whole number"),
        ("debug = 1", "dragoman.toml: debug: this must be a string, not a whole number"),
        ("data_dir = []", "dragoman.toml: data_dir: this must be a string, not an array"),
        ('data_dir = " "', "dragoman.toml: data_dir: it is blank"),
        ("log_level = 2026-01-01", "dragoman.toml: log_level: this must be a string, not a date"),
    ],
)
def test_a_wrong_setting_in_the_file_is_told_with_its_key(
    folder: ConfigurationFolder, line: str, complaint: str
):
    folder.write("dragoman.toml", line)

    (only,) = folder.problems()
    assert only.startswith(complaint)


def test_a_debug_variable_of_another_program_is_left_with_a_warning(folder: ConfigurationFolder):
    loaded = folder.load(environ={"DEBUG": "express:*"})

    assert loaded.settings.debug is False
    (warning,) = loaded.warnings
    assert warning.startswith("DEBUG in the environment: 'express:*' is neither true nor false")


def test_a_misspelt_variable_is_warned_of(folder: ConfigurationFolder):
    loaded = folder.load(environ={"DRAGOMAN_DATADIR": "/x", "DRAGOMAN_SOMETHING_ELSE": "1"})

    assert loaded.warnings == (
        (
            "DRAGOMAN_DATADIR in the environment: nobody reads this variable "
            "(did you mean 'DRAGOMAN_DATA_DIR'?)"
        ),
    )
