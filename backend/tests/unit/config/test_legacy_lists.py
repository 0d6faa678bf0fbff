"""The old lists, one variable for each provider: still read, with the new form ready to paste."""

import io
import json

import pytest
from dotenv import dotenv_values

from dragoman.config.models import (
    ConfigurationError,
    DisabledProvider,
    ModelConfiguration,
    ModelEntry,
    ProviderFacts,
    load_model_configuration,
    load_unified_models,
    models_variable,
)

KNOWN = ModelEntry("gpt-5.2", "GPT-5.2", "The large one", "openai", context_window=400_000)


def facts(*enabled: str) -> dict[str, ProviderFacts]:
    def of(provider: str, name: str, *known: ModelEntry) -> ProviderFacts:
        variable = provider.upper()
        return ProviderFacts(
            f"{variable}_API_KEY", f"{variable}_MODELS", provider in enabled, name, known
        )

    return {"openai": of("openai", "OpenAI", KNOWN), "anthropic": of("anthropic", "Anthropic")}


def load(*enabled: str, **variables: str) -> ModelConfiguration:
    return load_model_configuration(facts(*enabled or ("openai", "anthropic")), variables)


def problems(*enabled: str, **variables: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(*enabled, **variables)
    return caught.value.problems


@pytest.mark.parametrize(
    "text",
    ["a,b", " a , b ,", "a\nb", '["a", "b"]', '[{"id": "a"}, {"id": "b"}]', '["a", {"id": "b"}]'],
)
def test_a_list_is_an_array_or_separated_by_commas(text: str):
    listed = load(OPENAI_MODELS=text)

    assert [(model.id, model.default) for model in listed.models] == [("a", True), ("b", False)]
    assert listed.models[1] == ModelEntry("b", "b", "b by OpenAI", "openai")
    assert listed.source == "legacy"


def test_an_object_keeps_what_it_says():
    item = {"id": "a", "name": "A", "description": "D", "upstream_id": "x", "default": False}

    assert load(OPENAI_MODELS=json.dumps([item])).models == (
        ModelEntry("a", "A", "D", "openai", default=True, upstream_id="x"),
    )


def test_an_id_the_provider_knows_gets_its_name():
    (model,) = load(OPENAI_MODELS="gpt-5.2").models

    assert (model.name, model.description, model.context_window) == (
        "GPT-5.2",
        "The large one",
        400_000,
    )


def test_an_id_longer_than_a_name_may_be_is_cut_to_one():
    (model,) = load(OPENAI_MODELS="m" * 120).models

    assert model.name == "m" * 49 + "…"


def test_one_warning_shows_the_same_in_one_list():
    listed = load(OPENAI_MODELS="a", ANTHROPIC_MODELS="c,d")

    (warning,) = listed.warnings
    assert warning.startswith("OPENAI_MODELS and ANTHROPIC_MODELS: this is the old form")
    assert warning.endswith(models_variable(listed.models))


def test_the_list_to_paste_gives_the_same_models_and_no_warning():
    text = json.dumps([{"id": "a", "name": 'O\'Neil \\ "Q" # 5', "description": "ä 🙂 '\\'"}])
    listed = load(OPENAI_MODELS=text, ANTHROPIC_MODELS="c,d")

    pasted = dotenv_values(stream=io.StringIO(models_variable(listed.models)), interpolate=False)
    again = load_model_configuration(
        facts("openai", "anthropic"), {"MODELS": str(pasted["MODELS"])}
    )

    assert again.models == listed.models
    assert (again.source, again.warnings) == ("MODELS", ())


def test_the_list_to_paste_keeps_the_models_that_are_left_out_today():
    listed = load("openai", OPENAI_MODELS="a", ANTHROPIC_MODELS="c")

    assert [model.id for model in listed.models] == ["a"]
    assert listed.disabled == (DisabledProvider("anthropic", "ANTHROPIC_API_KEY", 1),)
    assert '"id": "c"' in listed.warnings[0]


def test_of_two_defaults_in_two_lists_the_first_wins():
    listed = load(
        OPENAI_MODELS='["a", {"id": "b", "default": true}]',
        ANTHROPIC_MODELS='[{"id": "c", "default": true}]',
    )

    assert [model.id for model in listed.models if model.default] == ["b"]


def test_a_default_that_was_left_out_moves_with_a_warning():
    listed = load("anthropic", OPENAI_MODELS='[{"id": "a", "default": true}]', ANTHROPIC_MODELS="c")

    assert listed.default is not None
    assert listed.default.id == "c"
    assert "'c' is the default now" in listed.warnings[0]


def test_the_one_list_is_preferred_and_the_old_one_named():
    text = json.dumps(
        [{"id": "x", "name": "X", "description": "", "provider": "openai", "default": True}]
    )
    listed = load(MODELS=text, OPENAI_MODELS="a")

    assert [model.id for model in listed.models] == ["x"]
    assert listed.warnings == ("OPENAI_MODELS: not read, because MODELS is set: take it out",)


def test_load_unified_models_does_not_read_the_old_lists():
    assert load_unified_models({"OPENAI_MODELS": "a"}, facts("openai")) == ()


def test_a_blank_old_list_is_as_unset():
    assert load(OPENAI_MODELS=" ", ANTHROPIC_MODELS="c").models[0].id == "c"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[", "OPENAI_MODELS: not valid JSON at line 1, column 2"),
        ('{"id": "a"}', "OPENAI_MODELS: this must be an array or a comma-separated list"),
        ("[]", "OPENAI_MODELS: the list is empty"),
        (",", "OPENAI_MODELS: the list is empty"),
        ("[1]", "OPENAI_MODELS[0]: this must be a string, not a whole number"),
        ("a b", "OPENAI_MODELS[0]: 'a b' cannot be an id"),
        ("sk-proj-0123456789abcdefghij", "OPENAI_MODELS[0]: it looks like an API key"),
        ('[{"name": "A"}]', "OPENAI_MODELS[0]: the field 'id' is missing"),
        ('[{"id": "a", "nam": "A"}]', "unknown key 'nam' (did you mean 'name'?)"),
        ('[{"id": "a", "provider": "x"}]', "this list belongs to 'openai'"),
        ('[{"id": "a", "id": "b"}]', "OPENAI_MODELS[0]: the key 'id' is given more than once"),
        ("a,a", "OPENAI_MODELS[1]: 'a' is listed already, in OPENAI_MODELS"),
    ],
)
def test_a_mistake_names_the_variable_and_the_place(text: str, complaint: str):
    (only,) = problems(OPENAI_MODELS=text)

    assert complaint in only
    assert "0123456789" not in only


def test_mistakes_of_all_lists_are_told_at_once():
    told = problems(OPENAI_MODELS="[", ANTHROPIC_MODELS="a,,b,a")

    assert [each.split(":")[0] for each in told] == ["OPENAI_MODELS", "ANTHROPIC_MODELS[2]"]


def test_old_lists_without_any_key_name_each_missing_variable():
    with pytest.raises(ConfigurationError) as caught:
        load_model_configuration(facts(), {"OPENAI_MODELS": "a", "ANTHROPIC_MODELS": "c"})

    assert caught.value.problems == (
        (
            "OPENAI_MODELS and ANTHROPIC_MODELS: no listed model can be used, "
            "none of their providers has a key: "
            "set OPENAI_API_KEY for 'openai' or ANTHROPIC_API_KEY for 'anthropic'"
        ),
    )
