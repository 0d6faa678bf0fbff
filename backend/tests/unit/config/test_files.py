"""The files of the configuration, the variables laid over them, and the keys among these."""

import json
import pickle
from pathlib import Path

import msgspec
import pytest

from dragoman.config.environment import Environment, Variables
from dragoman.config.secrets import clean_key
from dragoman.config.sources import FileSeen, SourceFile, look_at

from .folder import ConfigurationFolder

CANARY = "sk-canary-0123456789abcdef"
MODELS = json.dumps([{"id": "a", "name": "A", "description": "", "provider": "acme"}])

# --- the two files ---------------------------------------------------------------------------


def test_the_files_that_were_read_are_named_and_all_are_looked_at(folder: ConfigurationFolder):
    file = folder.write(".env", "A=1\n")

    loaded = folder.load()

    assert loaded.sources == (file,)
    assert [(seen.path, seen.digest is None) for seen in loaded.looked_at] == [
        (file, False),
        (folder.path / "dragoman.toml", True),
    ]


def test_named_files_replace_the_ones_of_the_working_folder(folder: ConfigurationFolder):
    folder.write(".env", "DRAGOMAN_PORT=1\n")
    folder.write("dragoman.toml", 'host = "one"\n')
    env_file = folder.write("other.env", "LOG_LEVEL=error\n")
    toml = folder.write("other.toml", "debug = true\n")

    loaded = folder.load(env_file=env_file, config_file=toml)

    assert loaded.settings.port == 8000
    assert loaded.settings.host == "127.0.0.1"
    assert (loaded.settings.log_level, loaded.settings.debug) == ("error", True)
    assert loaded.sources == (env_file, toml)


def test_a_file_named_and_missing_is_told_with_the_option(folder: ConfigurationFolder):
    told = folder.problems(env_file=Path("no.env"), config_file=Path("no.toml"))

    assert told == (
        f"{folder.path / 'no.env'}: there is no such file: correct --env-file",
        f"{folder.path / 'no.toml'}: there is no such file: correct --config",
    )


def test_a_folder_called_dotenv_is_not_read_and_named(folder: ConfigurationFolder):
    (folder.path / ".env").mkdir()

    assert folder.load().warnings == (".env: this is not a regular file: it is not read",)


def test_a_file_that_cannot_be_opened_is_a_mistake_with_the_reason(folder: ConfigurationFolder):
    (folder.path / "dragoman.toml").symlink_to("dragoman.toml")

    (only,) = folder.problems()
    assert only.startswith("dragoman.toml: it cannot be read (Too many levels of symbolic links)")


def test_what_is_no_file_looks_the_same_until_it_becomes_one(folder: ConfigurationFolder):
    place = folder.path / ".env"
    place.mkdir()
    as_folder = look_at(place)
    assert folder.load().looked_at[0] == as_folder == look_at(place)

    place.rmdir()
    assert look_at(place) == FileSeen(place, None)

    folder.write(".env", "A=1\n")
    assert folder.load().looked_at[0] == look_at(place)
    assert look_at(place) not in (as_folder, FileSeen(place, None))


def test_no_part_of_a_reading_shows_a_value_when_it_is_printed():
    seen = FileSeen(Path("/.env"), "0")
    values = (
        SourceFile(seen, ".env", f"ACME_API_KEY={CANARY}"),
        Variables(".env", {"ACME_API_KEY": CANARY}),
        Environment({"ACME_API_KEY": CANARY}),
        clean_key("ACME_API_KEY", CANARY),
        clean_key("ACME_API_KEY", ""),
        clean_key("ACME_API_KEY", f"{CANARY} {CANARY}"),
    )

    assert CANARY not in repr(values)
    assert [repr(value) for value in values[2:]] == [
        "Environment(1 variables)",
        "CleanedKey(set)",
        "CleanedKey(unset)",
        "CleanedKey(refused)",
    ]


def test_a_folder_given_as_the_file_is_a_mistake(folder: ConfigurationFolder):
    (only,) = folder.problems(config_file=folder.path)

    assert "not a regular file" in only


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        ("A=1\n".encode("utf-16"), ".env: it is written in UTF-16: save it as UTF-8"),
        (b"A=1\nB=\xff\n", ".env: line 2 is not UTF-8: save the file as UTF-8"),
        (b"#" * (1024 * 1024 + 1), ".env: it is larger than 1048576 bytes"),
    ],
)
def test_a_file_that_is_no_text_is_told(folder: ConfigurationFolder, octets: bytes, complaint: str):
    (folder.path / ".env").write_bytes(octets)

    (only,) = folder.problems()
    assert only.startswith(complaint)


def test_a_byte_order_mark_is_no_part_of_the_first_name(folder: ConfigurationFolder):
    (folder.path / ".env").write_bytes(b"\xef\xbb\xbfDRAGOMAN_PORT=9000\r\n")
    assert folder.load().settings.port == 9000

    (folder.path / "dragoman.toml").write_bytes(b'\xef\xbb\xbfhost = "::1"\r\n')
    assert folder.load().settings.host == "::1"


def test_a_value_of_several_lines_stands_between_single_quotes(folder: ConfigurationFolder):
    folder.write(".env", 'MODELS=\'[\n  {"id": "a # b"}\n]\'\nDRAGOMAN_PORT=9000 # mine\n')

    loaded = folder.load()

    assert json.loads(loaded.environ["MODELS"]) == [{"id": "a # b"}]
    assert loaded.settings.port == 9000


def test_nothing_in_dotenv_is_expanded(folder: ConfigurationFolder):
    folder.write(".env", "SECRET_WORD=${HOME}-$HOME\n")

    assert folder.load(environ={"HOME": "/h"}).environ["SECRET_WORD"] == "${HOME}-$HOME"


@pytest.mark.parametrize("line", [f"{CANARY} = 'x", f"= {CANARY}", f"'{CANARY}", "]", '"a": 1,'])
def test_a_line_that_is_no_assignment_is_told_by_number_and_never_repeated(
    folder: ConfigurationFolder, line: str
):
    folder.write(".env", f"A=1\n\n# remark\n{line}\n")

    (only,) = folder.problems()
    assert only.startswith(".env: line 4 is not NAME=value")


def test_a_name_set_twice_in_dotenv_is_warned_of(folder: ConfigurationFolder):
    folder.write(".env", "export A=1\n\nB=2\nA=3\n")

    loaded = folder.load()

    assert loaded.environ["A"] == "3"
    assert loaded.warnings == (".env: A is set on line 1 and again on line 4: the last one counts",)


def test_broken_toml_is_told_with_line_and_column(folder: ConfigurationFolder):
    folder.write("dragoman.toml", f"port = 1\nhost = {CANARY}\n")

    (only,) = folder.problems()
    assert only.startswith("dragoman.toml: not valid TOML: ")
    assert "line 2, column" in only


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 10_000, "port = " + "9" * 5000, "a = 1\na = 2", "\x00"]
)
def test_toml_that_breaks_the_parser_is_told_too(folder: ConfigurationFolder, text: str):
    folder.write("dragoman.toml", text)

    (only,) = folder.problems()
    assert only.startswith("dragoman.toml: not valid TOML: ")


ONE = 'id = "a"\n'
TWO_BRACKETS = "write [[models]], with two brackets, once for each model"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"[models]\n{ONE}[models]\n{ONE}", 1),
        (f"[models]\n{ONE}\n[[models]]\n{ONE}", 1),
        (f"[[models]]\n{ONE}\n [ models ] # another\n{ONE}", 4),
    ],
)
def test_a_table_in_place_of_the_array_of_models_is_told_with_its_line(
    folder: ConfigurationFolder, text: str, line: int
):
    folder.write("dragoman.toml", text)

    (only,) = folder.problems()
    assert only.startswith("dragoman.toml: not valid TOML: Cannot ")
    assert only.endswith(f": {TWO_BRACKETS} (line {line} has one)")


@pytest.mark.parametrize("text", ["a = 1\na = 2", "[[models]]\n[[models]]\na = ", "[models.a"])
def test_other_broken_toml_is_not_explained_by_the_array_of_models(
    folder: ConfigurationFolder, text: str
):
    folder.write("dragoman.toml", text)

    (only,) = folder.problems()
    assert "brackets" not in only


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prot = 1", "dragoman.toml: unknown key 'prot' (did you mean 'port'?): take it out"),
        ("[provider.x]", "unknown key 'provider' (did you mean 'providers'?)"),
        ("[[model]]", "unknown key 'model' (did you mean 'models'?)"),
        ("zzz = 1", "unknown key 'zzz': take it out or correct it, the keys are host, port"),
        (f'ACME_API_KEY = "{CANARY}"', "ACME_API_KEY: variables belong in .env, not here"),
    ],
)
def test_an_unknown_key_of_the_file_is_refused(
    folder: ConfigurationFolder, text: str, complaint: str
):
    folder.write("dragoman.toml", text)

    (only,) = folder.problems()
    assert complaint in only


def test_a_list_in_the_file_and_one_in_a_variable_are_an_error_naming_both(
    folder: ConfigurationFolder,
):
    folder.write("dragoman.toml", '[[models]]\nid = "a"\n')

    told = folder.problems(environ={"MODELS": MODELS})
    assert told[0].startswith(
        "models are listed in two places, MODELS in the environment and [[models]] in dragoman.toml"
    )

    folder.write(".env", f"MODELS='{MODELS}'")
    assert "MODELS in .env and [[models]]" in folder.problems()[0]


def test_the_files_models_are_handed_on_as_they_are(folder: ConfigurationFolder):
    folder.write("dragoman.toml", '[[models]]\nid = "a"\n')

    assert folder.load().file_models == [{"id": "a"}]


def test_every_mistake_of_every_source_is_told_at_once(folder: ConfigurationFolder):
    folder.write("dragoman.toml", 'prot = 1\nlog_level = "loud"\n[providers.X]\n')
    folder.write(".env", "]\nDRAGOMAN_HOST=a b\nACME_API_KEY='a b'\n")

    told = folder.problems(
        environ={"DRAGOMAN_PORT": "x", "PROVIDERS": "[]", "MODELS": '[{"provider": "later"}]'}
    )

    assert [each.split(": ")[0] for each in told] == [
        ".env",
        "dragoman.toml",
        "PROVIDERS",
        "dragoman.toml",
        "dragoman.toml",
        "dragoman.toml",
        "dragoman.toml",
        "ACME_API_KEY in .env",
        "DRAGOMAN_HOST in .env",
        "DRAGOMAN_PORT in the environment",
        "dragoman.toml",
        "MODELS[0]",
        "MODELS[0]",
        "MODELS[0]",
    ]


# --- variables and keys ----------------------------------------------------------------------


def test_the_environment_lies_over_dotenv_without_blanks(folder: ConfigurationFolder):
    folder.write(".env", "A=file\nB=file\nC=\n")

    loaded = folder.load(environ={"A": "process", "D": ""})

    assert dict(loaded.environ) == {"A": "process", "B": "file"}
    assert len(loaded.environ) == 2


def test_keys_are_cleaned_and_other_variables_are_left_alone(folder: ConfigurationFolder):
    folder.write(".env", f'OTHER_API_KEY=" a b "\nACME_API_KEY="\'{CANARY}\'"\n')

    loaded = folder.load()

    assert loaded.environ["ACME_API_KEY"] == CANARY
    assert loaded.environ["OTHER_API_KEY"] == " a b "
    assert loaded.warnings == ("ACME_API_KEY in .env: the quotes around the value were left out",)
    assert [secret.reveal() for secret in loaded.secrets] == [CANARY]


def test_a_key_that_cannot_be_one_is_a_problem_with_its_variable(folder: ConfigurationFolder):
    (only,) = folder.problems(environ={"ACME_API_KEY": f"{CANARY} {CANARY}"})

    assert only.startswith("ACME_API_KEY in the environment: there is a space inside the value")


@pytest.mark.parametrize("blank", ["", " ", "''", '"  "'])
def test_a_blank_key_on_top_hides_nothing(folder: ConfigurationFolder, blank: str):
    folder.write(".env", f"ACME_API_KEY={CANARY}\n")

    assert folder.load(environ={"ACME_API_KEY": blank}).environ["ACME_API_KEY"] == CANARY


def test_a_good_key_on_top_makes_a_bad_one_below_no_matter(folder: ConfigurationFolder):
    folder.write(".env", "ACME_API_KEY='a b'\n")

    assert folder.load(environ={"ACME_API_KEY": CANARY}).environ["ACME_API_KEY"] == CANARY


def test_a_configuration_shows_no_key_however_it_is_printed(folder: ConfigurationFolder):
    providers = {"own": {"name": "O", "speaks": "alpha", "base_url": "https://x.example"}}
    providers["own"]["headers"] = {"X-Token": CANARY}  # type: ignore[assignment]
    loaded = folder.load(
        environ={"ACME_API_KEY": CANARY, "MODELS": MODELS, "PROVIDERS": json.dumps(providers)}
    )

    assert loaded.provider_rows[0].headers == {"X-Token": CANARY}
    for shown in (repr(loaded), str(loaded), f"{loaded}", repr(loaded.environ)):
        assert CANARY not in shown
        assert MODELS not in shown
    assert CANARY.encode() not in pickle.dumps(loaded.environ)
    with pytest.raises(TypeError):
        msgspec.json.encode(loaded.environ)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("acme.example/v1", "must begin with http:// or https://"),
        (f"https://user:{CANARY}@acme.example", "take user and password out"),
        ("https://acme.example/v1?x=1", "take out what follows '?' or '#'"),
    ],
)
def test_a_providers_address_is_checked_at_once(
    folder: ConfigurationFolder, address: str, complaint: str
):
    (only,) = folder.problems(environ={"ACME_BASE_URL": address})

    assert only.startswith("ACME_BASE_URL in the environment: ")
    assert complaint in only
