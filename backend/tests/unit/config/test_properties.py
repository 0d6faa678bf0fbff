"""What must hold for any input at all: one kind of error, no key in any word, one order."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.config.models import (
    ConfigurationError,
    ModelConfiguration,
    ModelEntry,
    ProviderFacts,
    load_model_configuration,
    models_variable,
)
from dragoman.config.settings import load_configuration

FACTS = {
    "openai": ProviderFacts("OPENAI_API_KEY", "OPENAI_MODELS", enabled=True, name="OpenAI"),
    "anthropic": ProviderFacts("ANTHROPIC_API_KEY", None, enabled=False, name="Anthropic"),
    "local": ProviderFacts(None, None, enabled=True, name="Local"),
}
KEY = "sk-canary-0123456789abcdef"

words = st.sampled_from(
    ["id", "name", "description", "provider", "default", "upstream_id", "capabilities", "zzz"]
)
texts = st.one_of(
    st.text(max_size=60),
    st.sampled_from([*FACTS, "opnai", "gpt-5.2", "", " ", KEY, f"x {KEY} y", "\ud800"]),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | texts, inner, max_size=6),
    max_leaves=20,
)
near_entries = st.fixed_dictionaries(
    {},
    optional={
        "id": texts | values,
        "name": texts | values,
        "description": texts | values,
        "provider": st.sampled_from([*FACTS, "opnai"]) | values,
        "default": st.booleans() | values,
        "upstream_id": texts | values,
        "context_window": st.integers() | values,
        "capabilities": st.lists(texts) | values,
        "api_version": texts | values,
        "wire": texts | values,
    },
)
lists = st.lists(near_entries | values, max_size=5) | values
ids = st.from_regex(r"[a-z][a-z0-9.:/_-]{0,20}", fullmatch=True)


def outcome(
    environ: Mapping[str, str], file_models: object = None
) -> ModelConfiguration | tuple[str, ...]:
    try:
        return load_model_configuration(FACTS, environ, file_models=file_models)
    except ConfigurationError as error:
        return error.problems


def check(result: ModelConfiguration | tuple[str, ...]) -> None:
    told = result.warnings if isinstance(result, ModelConfiguration) else result
    assert told or isinstance(result, ModelConfiguration)
    assert KEY not in " ".join(told)
    for text in told:
        text.encode()  # a lone surrogate could not be printed
        assert all(character.isprintable() or character == "\n" for character in text)
    if isinstance(result, ModelConfiguration):
        assert [model for model in result.models if model.default] == [
            default for default in [result.default] if default is not None
        ]
        assert bool(result.models) == (result.default is not None)
        assert all(FACTS[model.provider].enabled for model in result.models)
        assert len({model.id for model in result.models}) == len(result.models)


@given(lists)
@settings(max_examples=300)
def test_any_json_gives_models_or_a_list_of_problems(raw: object):
    environ = {"MODELS": json.dumps(raw), "OPENAI_API_KEY": KEY}

    result = outcome(environ)

    check(result)
    assert outcome(environ) == result


@given(st.text(max_size=200) | st.text(alphabet="[]{}\",:\\ \n'tfn01u", max_size=60))
@settings(max_examples=300)
def test_any_text_gives_models_or_a_list_of_problems(text: str):
    for name in ("MODELS", "OPENAI_MODELS"):
        check(outcome({name: text, "OPENAI_API_KEY": KEY}))


@given(lists)
def test_any_value_of_the_file_gives_models_or_a_list_of_problems(raw: object):
    check(outcome({"OPENAI_API_KEY": KEY}, file_models=raw))


@given(lists)
def test_any_legacy_list_gives_models_or_a_list_of_problems(raw: object):
    check(outcome({"OPENAI_MODELS": json.dumps(raw), "OPENAI_API_KEY": KEY}))


printable = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), max_size=40
).map(str.strip)


@given(
    st.lists(
        st.builds(
            ModelEntry,
            id=ids,
            name=printable.filter(bool),
            description=printable,
            provider=st.sampled_from(["openai", "local"]),
            upstream_id=st.none() | ids,
            context_window=st.none() | st.integers(1, 10**6),
            capabilities=st.none()
            | st.lists(st.sampled_from(["tools", "images"])).map(
                lambda words: tuple(dict.fromkeys(words))
            ),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda entry: entry.id,
    )
)
def test_a_list_written_for_pasting_is_read_back_as_it_was(entries: list[ModelEntry]):
    line = models_variable(entries)
    pasted = dotenv_values(stream=io.StringIO(f"A=1\n{line}\nB=2\n"), interpolate=False)

    assert set(pasted) == {"A", "MODELS", "B"}
    result = outcome({"MODELS": str(pasted["MODELS"])})
    assert isinstance(result, ModelConfiguration)
    first, *others = entries
    assert result.models[1:] == tuple(others)
    assert result.models[0].name == first.name


octets = st.binary(max_size=200) | st.text(max_size=200).map(
    lambda text: text.encode("utf-8", "replace")
)


@given(
    dotenv=octets,
    toml=octets,
    variables=st.dictionaries(
        st.sampled_from(
            ["MODELS", "PROVIDERS", "OPENAI_API_KEY", "OPENAI_BASE_URL", "DRAGOMAN_PORT", "DEBUG"]
        ),
        st.text(max_size=40) | lists.map(json.dumps),
    ),
)
@settings(max_examples=200)
def test_any_files_and_variables_give_a_configuration_or_a_list_of_problems(
    dotenv: bytes, toml: bytes, variables: dict[str, str]
):
    with TemporaryDirectory() as name:
        cwd = Path(name)
        (cwd / ".env").write_bytes(dotenv)
        (cwd / "dragoman.toml").write_bytes(toml)

        def load() -> tuple[str, ...]:
            try:
                return load_configuration(
                    flags={},
                    environ=variables,
                    cwd=cwd,
                    config_file=None,
                    env_file=None,
                    families={"alpha"},
                    built_in={"openai"},
                    key_variables={"OPENAI_API_KEY"},
                ).warnings
            except ConfigurationError as error:
                return error.problems

        told = load()
        assert load() == told
        for text in told:
            text.encode()


keys = st.text(
    st.characters(codec="ascii", exclude_categories=("Cc", "Zs")), min_size=16, max_size=40
).filter(lambda key: len(set(key)) > 5 and key[0] not in "\"'")


@given(
    key=keys,
    where=st.sampled_from(
        [
            {"MODELS": "KEY"},
            {"MODELS": '["KEY"]'},
            {"MODELS": '[{"id": "KEY"}]'},
            {"MODELS": '[{"provider": "KEY"}]'},
            {"MODELS": '[{"KEY": 1}]'},
            {"MODELS": '[{"KEY": 1, "KEY": 2}]'},
            {"MODELS": '[{"id": "a text that is long enough to be cut in the key KEY"}]'},
            {"MODELS": '[{"id": "x KEY", "capabilities": ["KEY"]}]'},
            {"OPENAI_MODELS": "KEY KEY"},
            {"PROVIDERS": '{"KEY": {}}'},
            {"PROVIDERS": '{"x": {"speaks": "KEY", "base_url": "http://KEY@x", "KEY": 1}}'},
            {"PROVIDERS": '{"x": {"headers": {"KEY:": "KEY"}}}'},
            {"OPENAI_BASE_URL": "https://x:KEY@host/"},
            {"DRAGOMAN_PORT": "KEY"},
            {"DRAGOMAN_LOCAL_MODEL": "/KEY"},
            {"LOG_LEVEL": "KEY"},
            {"DEBUG": "KEY"},
        ]
    ),
)
@settings(max_examples=300)
def test_a_key_that_slipped_in_anywhere_is_in_no_message(key: str, where: dict[str, str]):
    told, of_another = (" ".join(_everything_told(_planted(it, where))) for it in (key, KEY))

    pieces = {key[at : at + 10] for at in range(len(key) - 9)}
    assert {piece for piece in pieces if piece in told and piece not in of_another} == set()


def _planted(key: str, where: dict[str, str]) -> dict[str, str]:
    inside_json = json.dumps(key)[1:-1]
    variables = {
        name: text.replace("KEY", inside_json if text[0] in "[{" else key)
        for name, text in where.items()
    }
    return {**variables, "OPENAI_API_KEY": key}


def _everything_told(environ: dict[str, str]) -> list[str]:
    told: list[str] = []
    try:
        told += load_configuration(
            flags={},
            environ=environ,
            cwd=Path("/nonexistent"),
            config_file=None,
            env_file=None,
            families={"alpha"},
            built_in={"openai"},
            key_variables={"OPENAI_API_KEY"},
        ).warnings
    except ConfigurationError as error:
        told.append(str(error))
    try:
        told += load_model_configuration(FACTS, environ).warnings
    except ConfigurationError as error:
        told.append(str(error))
    return told
