"""The examples people copy, and the page that explains them: they load as they stand."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from dotenv import dotenv_values

from dragoman.config.models import ModelConfiguration, ModelEntry, load_model_configuration
from dragoman.config.settings import (
    SETTINGS,
    Configuration,
    ConfigurationError,
    Settings,
    load_configuration,
)
from dragoman.services.providers import CATALOG, FAMILIES, FEATURES, facts_of, provider_of, registry

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs" / "configuration.md"
BLOCK = re.compile(r"```(?P<kind>dotenv|toml)\n(?P<text>.*?)```", re.DOTALL)
KEYS = {"OPENAI_API_KEY": "test-key-for-openai", "ANTHROPIC_API_KEY": "test-key-for-anthropic"}
OFFERED = {
    provider.provider_id: {it.id: it.name for it in facts_of(provider, {}).default_models}
    for provider in registry.get_all()
}


def examples() -> list[tuple[str, str]]:
    return [(found["kind"], found["text"]) for found in BLOCK.finditer(PAGE.read_text("utf-8"))]


def load(
    cwd: Path, *, environ: Mapping[str, str] | None = None, env_file: Path | None = None
) -> Configuration:
    return load_configuration(
        flags={},
        environ=environ or {},
        cwd=cwd,
        config_file=None,
        env_file=env_file,
        families=FAMILIES,
        features=FEATURES,
        built_in=tuple(registry),
        replaceable=tuple(provider.provider_id for provider in CATALOG),
        key_variables=set(KEYS),
    )


def models_of(configuration: Configuration) -> ModelConfiguration:
    own = (provider_of(row, FAMILIES) for row in configuration.provider_rows)
    environ = configuration.environ
    facts = {
        provider.provider_id: facts_of(provider, environ)
        for provider in registry.extended(own).get_all()
    }
    return load_model_configuration(facts, environ, file_models=configuration.file_models)


def strange(models: ModelConfiguration) -> list[str]:
    """Give the models of an example that are none of those their provider offers by itself."""
    return [entry.id for entry in (*models.models, *models.left_out) if not is_offered(entry)]


def is_offered(entry: ModelEntry) -> bool:
    offered = OFFERED.get(entry.provider)
    renamed = entry.upstream_id is not None
    return (
        not offered
        or entry.name == offered.get(entry.id)
        or (renamed and entry.vendor_id in offered)
    )


@pytest.mark.parametrize("key", KEYS)
def test_the_example_of_variables_needs_only_a_key(tmp_path: Path, key: str):
    example = ROOT / "backend" / ".env.example"

    configuration = load(tmp_path, environ={key: KEYS[key]}, env_file=example)
    models = models_of(configuration)

    assert configuration.warnings == ()
    assert strange(models) == []
    assert (len(models.models), models.source) == (2, "MODELS")


def test_the_example_of_variables_without_a_key_names_both(tmp_path: Path):
    configuration = load(tmp_path, env_file=ROOT / "backend" / ".env.example")

    with pytest.raises(ConfigurationError, match=r"OPENAI_API_KEY .* or ANTHROPIC_API_KEY"):
        models_of(configuration)


def test_the_settings_that_the_example_leaves_out_are_the_defaults(tmp_path: Path):
    text = (ROOT / "backend" / ".env.example").read_text("utf-8")
    optional = re.findall(r"^# ((?:DRAGOMAN_\w+|LOG_LEVEL|DEBUG)=.*)$", text, re.MULTILINE)
    (tmp_path / ".env").write_text("\n".join(optional).replace("/path/to/model.gguf", ""))

    assert {line.split("=")[0] for line in optional} == {row.variable for row in SETTINGS}
    environ = {"HOME": "/home/ada"}
    assert load(tmp_path, environ=environ).settings == load(Path("/"), environ=environ).settings


def test_the_variables_for_tests_load_and_reach_no_vendor(tmp_path: Path):
    file = ROOT / "backend" / ".env.test"

    configuration = load(tmp_path, env_file=file)
    models = models_of(configuration)

    assert (configuration.warnings, models.warnings) == ((), ())
    assert strange(models) == []
    assert (len(models.models), models.source) == (4, "MODELS")
    addresses = [value for name, value in dotenv_values(file).items() if name.endswith("_BASE_URL")]
    assert len(addresses) == 2
    assert all(str(address).startswith("http://127.0.0.1:9") for address in addresses)


def test_the_example_of_the_file_loads(tmp_path: Path):
    text = (ROOT / "dragoman.toml.example").read_text("utf-8")
    (tmp_path / "dragoman.toml").write_text(text, encoding="utf-8")

    configuration = load(tmp_path, environ=KEYS)
    models = models_of(configuration)

    assert (configuration.warnings, models.warnings) == ((), ())
    assert strange(models) == []
    assert (len(models.models), models.source) == (4, "dragoman.toml")
    optional = re.findall(r"^# (\w+) = ", text, re.MULTILINE)
    assert sorted(optional) == sorted(Settings.__struct_fields__)


@pytest.mark.parametrize(("kind", "text"), examples())
def test_every_example_of_the_page_loads(tmp_path: Path, kind: str, text: str):
    name = {"dotenv": ".env", "toml": "dragoman.toml"}[kind]
    (tmp_path / name).write_text(text, encoding="utf-8")

    configuration = load(tmp_path, environ=KEYS if kind == "toml" else {})
    models = models_of(configuration)

    assert configuration.warnings == ()
    assert strange(models) == []
    assert models.default is not None
    old_form = "OPENAI_MODELS=" in text
    assert models.source == ("legacy" if old_form else "MODELS" if kind == "dotenv" else name)
    assert bool(models.warnings) == old_form


def test_the_page_has_examples_of_both_files():
    assert {kind for kind, _ in examples()} == {"dotenv", "toml"}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_page_has_a_row_for_every_setting(setting: object):
    (row,) = [row for row in SETTINGS if row is setting]
    lines = PAGE.read_text("utf-8").splitlines()

    cells = [line for line in lines if line.startswith("|") and f"| `{row.variable}` |" in line]
    assert len(cells) == 1
    assert f"| `{row.name}` |" in cells[0]


def test_the_example_of_the_readme_loads(tmp_path: Path):
    text = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(r"```sh\n((?:[A-Z_]+=[^\n]*\n)+.*?)```", text, re.DOTALL)
    (tmp_path / ".env").write_text(block, encoding="utf-8")

    models = models_of(load(tmp_path))
    assert (models.warnings, strange(models)) == ((), [])


def test_a_model_that_no_provider_offers_would_be_noticed():
    assert not is_offered(ModelEntry("gpt-2", "GPT-2", "", "openai"))
    assert not is_offered(ModelEntry("old", "Old", "", "openai", upstream_id="gpt-2"))
    assert is_offered(ModelEntry("llama3.2", "Llama 3.2", "", "ollama"))
