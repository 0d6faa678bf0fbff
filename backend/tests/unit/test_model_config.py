"""The one list of models: what is read, what is left out, and how every mistake is told."""

import json
from collections.abc import Mapping

import pytest

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

OPENAI_KEY = "sk-canary-openai-0123456789"
Entry = dict[str, object]

GPT = ModelEntry("gpt-5.2", "GPT-5.2", "The large one", "openai")
MINI = ModelEntry("gpt-5-mini", "GPT-5 mini", "The small one", "openai")
SONNET = ModelEntry("claude-sonnet-4-5", "Claude Sonnet 4.5", "Balanced", "anthropic")


def facts(*enabled: str) -> dict[str, ProviderFacts]:
    return {
        "openai": ProviderFacts(
            key_env="OPENAI_API_KEY",
            models_env="OPENAI_MODELS",
            enabled="openai" in enabled,
            name="OpenAI",
            default_models=(GPT, MINI),
            wires=("openai_chat", "openai_responses"),
        ),
        "anthropic": ProviderFacts(
            key_env="ANTHROPIC_API_KEY",
            models_env="ANTHROPIC_MODELS",
            enabled="anthropic" in enabled,
            name="Anthropic",
            default_models=(SONNET,),
        ),
        "groq": ProviderFacts("GROQ_API_KEY", None, "groq" in enabled, "Groq"),
        "local": ProviderFacts(None, None, "local" in enabled, "This machine"),
    }


def entry(model: str = "gpt-5.2", provider: str = "openai", **more: object) -> Entry:
    return {"id": model, "name": model, "description": "", "provider": provider, **more}


def load(*entries: object, enabled: tuple[str, ...] = ("openai",)) -> ModelConfiguration:
    environ = {"MODELS": json.dumps(entries), "OPENAI_API_KEY": OPENAI_KEY}
    return load_model_configuration(facts(*enabled), environ)


def problems(text: str, *enabled: str, more: Mapping[str, str] | None = None) -> tuple[str, ...]:
    environ = {"MODELS": text, "OPENAI_API_KEY": OPENAI_KEY, **(more or {})}
    with pytest.raises(ConfigurationError) as caught:
        load_model_configuration(facts(*(enabled or ("openai", "anthropic"))), environ)
    assert OPENAI_KEY not in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def problem(*entries: object) -> str:
    (only,) = problems(json.dumps(entries))
    return only


# --- a list without mistakes -----------------------------------------------------------------


def test_an_entry_is_read_whole():
    listed = load(
        {
            "id": "large",
            "name": "  The large one ",
            "description": "For hard questions",
            "provider": "openai",
            "default": True,
            "upstream_id": "gpt-5.2",
            "context_window": 400_000,
            "max_output_tokens": 128_000,
            "capabilities": ["tools", "images"],
            "api_version": "2026-01-01",
            "wire": "openai_responses",
        }
    )

    expected = ModelEntry(
        id="large",
        name="The large one",
        description="For hard questions",
        provider="openai",
        default=True,
        upstream_id="gpt-5.2",
        context_window=400_000,
        max_output_tokens=128_000,
        capabilities=("tools", "images"),
        api_version="2026-01-01",
        wire="openai_responses",
    )
    assert listed == ModelConfiguration((expected,), expected, (), (), "MODELS")
    assert expected.vendor_id == "gpt-5.2"


def test_the_vendors_name_is_the_id_where_nothing_else_is_said():
    assert load(entry("gpt-5.2", default=True)).models[0].vendor_id == "gpt-5.2"


def test_an_optional_field_that_is_null_is_as_not_given():
    listed = load(entry(default=True, upstream_id=None, capabilities=None, context_window=None))

    assert listed.default == ModelEntry("gpt-5.2", "gpt-5.2", "", "openai", default=True)


def test_models_of_a_provider_without_a_key_are_left_out_and_counted():
    listed = load(
        entry("gpt-5.2", default=True),
        entry("claude-sonnet-4-5", "anthropic"),
        entry("claude-haiku-4-5", "anthropic"),
        entry("llama", "groq"),
    )

    assert [model.id for model in listed.models] == ["gpt-5.2"]
    assert [(model.id, model.provider) for model in listed.left_out] == [
        ("claude-sonnet-4-5", "anthropic"),
        ("claude-haiku-4-5", "anthropic"),
        ("llama", "groq"),
    ]
    assert listed.disabled == (
        DisabledProvider("anthropic", "ANTHROPIC_API_KEY", 2),
        DisabledProvider("groq", "GROQ_API_KEY", 1),
    )
    assert [disabled.message for disabled in listed.disabled] == [
        "provider 'anthropic' has no key: set ANTHROPIC_API_KEY (2 models left out)",
        "provider 'groq' has no key: set GROQ_API_KEY (1 model left out)",
    ]


def test_a_default_that_is_left_out_is_no_default_any_more():
    listed = load(entry("claude-sonnet-4-5", "anthropic", default=True), entry("gpt-5.2"))

    (lost,) = listed.left_out
    assert (lost.id, lost.default) == ("claude-sonnet-4-5", False)


def test_what_can_be_used_stands_before_what_is_left_out():
    listed = load(entry("claude-sonnet-4-5", "anthropic", default=True), entry("gpt-5.2"))

    assert [(model.id, model.default) for model in listed.listed] == [
        ("gpt-5.2", True),
        ("claude-sonnet-4-5", False),
    ]


def test_what_is_left_out_of_the_old_lists_is_kept_apart_too():
    environ = {"OPENAI_MODELS": "gpt-5.2", "ANTHROPIC_MODELS": "claude-sonnet-4-5"}
    listed = load_model_configuration(facts("openai"), environ)

    assert [model.id for model in listed.models] == ["gpt-5.2"]
    assert [model.id for model in listed.left_out] == ["claude-sonnet-4-5"]


def test_nobody_listed_the_models_that_a_provider_without_a_key_would_offer():
    assert load_model_configuration(facts("anthropic"), {}).left_out == ()


def test_a_provider_that_needs_no_key_and_is_absent_says_so():
    listed = load(entry(default=True), entry("toy", "local"))

    assert listed.disabled == (DisabledProvider("local", None, 1),)
    assert "not available here" in listed.disabled[0].message


def test_the_local_model_can_stand_in_the_list():
    listed = load(entry("toy", "local", default=True), enabled=("local",))

    assert [model.id for model in listed.models] == ["toy"]


def test_without_a_default_the_first_that_can_be_used_takes_over_with_a_warning():
    listed = load(entry("claude-sonnet-4-5", "anthropic"), entry("a"), entry("b"))

    assert [(model.id, model.default) for model in listed.models] == [("a", True), ("b", False)]
    assert listed.default == listed.models[0]
    (warning,) = listed.warnings
    assert "no entry is marked as the default" in warning
    assert "'a'" in warning


def test_a_default_that_was_left_out_moves_to_the_first_enabled_with_a_warning():
    listed = load(entry("claude-sonnet-4-5", "anthropic", default=True), entry("a"), entry("b"))

    assert listed.default is not None
    assert listed.default.id == "a"
    assert [model.default for model in listed.models] == [True, False]
    (warning,) = listed.warnings
    assert "'claude-sonnet-4-5'" in warning
    assert "'a' is the default now" in warning


def test_nothing_set_gives_no_model_and_no_word():
    assert load_model_configuration(facts(), {}) == ModelConfiguration((), None, (), (), "none")


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_list_is_as_unset(blank: str):
    assert load_model_configuration(facts(), {"MODELS": blank}).source == "none"


def test_load_unified_models_gives_the_list_as_it_was_written():
    text = json.dumps([entry("claude-sonnet-4-5", "anthropic"), entry("gpt-5.2")])

    listed = load_unified_models({"MODELS": text}, facts())

    assert [(model.id, model.default) for model in listed] == [
        ("claude-sonnet-4-5", False),
        ("gpt-5.2", False),
    ]


def test_load_unified_models_gives_nothing_where_nothing_is_set():
    assert load_unified_models({}, facts("openai")) == ()


def test_the_files_list_is_read_like_the_variable():
    listed = load_model_configuration(
        facts("openai"), {}, file_models=[entry("gpt-5.2", default=True)]
    )

    assert [model.id for model in listed.models] == ["gpt-5.2"]
    assert listed.source == "dragoman.toml"


def test_a_mistake_in_the_file_is_told_with_the_files_name():
    with pytest.raises(ConfigurationError) as caught:
        load_unified_models({}, facts(), file_models=[entry(provider="opnai")])

    assert caught.value.problems == (
        (
            "dragoman.toml: models[0].provider: unknown provider 'opnai' (did you mean 'openai'?): "
            "the providers are openai, anthropic, groq, local"
        ),
    )


def test_two_lists_are_an_error_that_names_both_places():
    environ = {"MODELS": json.dumps([entry()])}

    for load_it in (
        lambda: load_unified_models(environ, facts("openai"), file_models=[entry()]),
        lambda: load_model_configuration(facts("openai"), environ, file_models=[entry()]),
    ):
        with pytest.raises(ConfigurationError, match=r"MODELS and \[\[models\]\] in dragoman.toml"):
            load_it()


# --- mistakes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "cure"),
    [
        ("nonsense", "line 1, column 1", ""),
        ('[{"id": "a",}]', "line 1, column", "take out the comma"),
        ('[\n  {"id": "a"},\n]', "column", "take out the comma"),
        ("[{'id': 'a'}]", "line 1, column 3", "straight double quotes"),
        ("[{“id”: 1}]", "line 1, column 3", "straight double quotes"),
        ('[{"default": True}]', "line 1, column 14", "JSON writes true"),
        ('[{"upstream_id": None}]', "line 1, column 18", "JSON writes null"),
        ('[\n  {"id": "a" "name": "b"}\n]', "line 2, column 14", "',' delimiter"),
        ('[{"id": "a"', "line 1, column 12", "ends too early"),
        ("[", "line 1, column 2", "ends too early"),
        ('[{"id": "a', "line 1, column 9", "Unterminated string"),
        ('[{"id": "a\x01"}]', "line 1, column 11", "Invalid control character"),
        ("[] []", "line 1, column 4", "Extra data"),
        ('[{"context_window": NaN}]', "NaN is not JSON", ""),
        ('[{"context_window": -Infinity}]', "-Infinity is not JSON", ""),
        ("[" * 100_000, "nested too deeply", ""),
        ("[" + "9" * 5000 + "]", "a number that is too long", ""),
    ],
)
def test_bad_json_is_told_with_its_position(text: str, where: str, cure: str):
    (only,) = problems(text)

    assert only.startswith("MODELS: ")
    assert where in only
    assert cure in only


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"id": "a"}', "an object"),
        ('"gpt-5.2"', "a string"),
        ("5", "a whole number"),
        ("1e999", "a number"),
        ("null", "null"),
        ("true", "a boolean"),
    ],
)
def test_what_is_not_an_array_is_named(text: str, kind: str):
    assert problems(text) == (f"MODELS: this must be an array of objects, not {kind}",)


def test_an_empty_list_is_a_mistake():
    assert problems("[]") == ("MODELS: the list is empty: name at least one model, or take it out",)


@pytest.mark.parametrize(
    ("bad", "kind"), [("gpt-5.2", "a string"), (None, "null"), ([], "an array"), (1.5, "a number")]
)
def test_an_entry_that_is_no_object_is_told_with_its_index(bad: object, kind: str):
    assert problem(entry(), bad) == f"MODELS[1]: an entry must be an object, not {kind}"


@pytest.mark.parametrize("field", ["id", "name", "description", "provider"])
def test_a_missing_field_is_told_with_entry_and_name(field: str):
    broken = {name: value for name, value in entry().items() if name != field}

    assert problem(broken, entry("b")) == f"MODELS[0]: the field {field!r} is missing: add it"


@pytest.mark.parametrize(
    ("provider", "suggestion"),
    [
        ("opnai", " (did you mean 'openai'?)"),
        ("OpenAI", " (did you mean 'openai'?)"),
        ("antropic", " (did you mean 'anthropic'?)"),
        ("zzz", ""),
    ],
)
def test_an_unknown_provider_is_told_with_a_suggestion_and_the_known_ones(
    provider: str, suggestion: str
):
    assert problem(entry(), entry("b", provider)) == (
        f"MODELS[1].provider: unknown provider {provider!r}{suggestion}: "
        "the providers are openai, anthropic, groq, local"
    )


def test_a_duplicate_id_is_told_with_both_places_and_the_way_out():
    told = problem(entry(), entry("b"), entry())

    assert told.startswith("MODELS[2].id: 'gpt-5.2' is already the id of MODELS[0]")
    assert "upstream_id" in told


def test_two_defaults_are_told_with_their_places():
    assert problem(entry(default=True), entry("b"), entry("c", default=True)) == (
        "MODELS: 2 entries are marked as the default (MODELS[0], MODELS[2]): keep 'default' on one"
    )


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("isDefault", " (did you mean 'default'?)"),
        ("Name", " (did you mean 'name'?)"),
        ("context-window", " (did you mean 'context_window'?)"),
        ("zzz", ""),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(key: str, suggestion: str):
    told = problem(entry(**{key: 1}))

    assert told.startswith(f"MODELS[0]: unknown key {key!r}{suggestion}: take it out or correct it")
    assert "upstream_id" in told


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("id", 5, "this must be a string, not a whole number"),
        ("id", None, "this must be a string, not null"),
        ("id", "", "it is blank"),
        ("id", "  ", "it is blank"),
        ("id", "a b", "cannot be an id"),
        ("id", "a,b", "cannot be an id"),
        ("id", "a\n", "cannot be an id"),
        ("id", "a'b", "cannot be an id"),
        ("id", "modèle", "cannot be an id"),
        ("id", "\ud800", "cannot be an id"),
        ("id", "x" * 201, "201 characters are too many"),
        ("id", "sk-proj-0123456789abcdefghij0123", "looks like an API key"),
        ("name", "x" * 51, "51 characters are too many: shorten it to 50"),
        ("name", " ", "it is blank"),
        ("name", "a\x00b", "control character (U+0000)"),
        ("name", "a\nb", "control character (U+000A)"),
        ("name", "\ud800", "control character (U+D800)"),
        ("name", "a\u202eb", "control character (U+202E)"),
        ("name", ["a"], "this must be a string, not an array"),
        ("description", "x" * 501, "501 characters are too many: shorten it to 500"),
        ("description", "\x1b[31m", "control character (U+001B)"),
        ("description", None, "this must be a string, not null"),
        ("provider", 7, "this must be a string, not a whole number"),
        ("provider", {}, "this must be a string, not an object"),
        ("default", "true", "this must be true or false, not a string"),
        ("default", 1, "this must be true or false, not a whole number"),
        ("upstream_id", "", "it is blank"),
        ("upstream_id", 5, "this must be a string"),
        ("context_window", "8k", "a whole number of tokens, not a string"),
        ("context_window", True, "a whole number of tokens, not a boolean"),
        ("context_window", 1.5, "a whole number of tokens, not a number"),
        ("context_window", 0, "from 1 to"),
        ("max_output_tokens", -1, "from 1 to"),
        ("max_output_tokens", 10**30, "from 1 to"),
        ("capabilities", "tools", "an array of words"),
        ("capabilities", [1], "a whole number is none"),
        ("capabilities", ["Tool Use"], "'Tool Use' is not a word"),
        ("api_version", "", "must be a version"),
        ("api_version", 20230601, "must be a string"),
        ("api_version", "2023\r\nx: y", "must be a version"),
        ("wire", "Chat", "'Chat' is not a word"),
        ("wire", 1, "this must be a string, not a whole number"),
        ("wire", "openai_respones", "(did you mean 'openai_responses'?): it speaks openai_chat"),
    ],
)
def test_a_wrong_value_is_told_with_entry_and_field(field: str, value: object, complaint: str):
    told = problem(entry("other"), {**entry(), field: value})

    assert told.startswith(f"MODELS[1].{field}: ")
    assert complaint in told
    assert "\n" not in told
    assert "\x1b" not in told


def test_a_provider_without_a_choice_of_wires_takes_no_wire():
    told = problems(json.dumps([{**entry("llama", "groq"), "wire": "openai_chat"}]), "groq")

    assert told == ("MODELS[0].wire: provider 'groq' leaves no choice: take it out",)


def test_a_name_of_fifty_characters_of_any_script_is_welcome():
    name = "大" * 49 + "🙂"

    assert load(entry(default=True, name=name)).models[0].name == name


def test_a_key_given_twice_in_one_entry_is_a_mistake():
    text = '[{"id": "a", "id": "b", "name": "n", "description": "", "provider": "openai"}]'

    assert problems(text) == ("MODELS[0]: the key 'id' is given more than once: keep one",)


def test_every_mistake_is_told_at_once_in_the_order_of_the_list():
    told = problems(
        json.dumps(
            [
                entry(provider="opnai", default=True),
                "x",
                {"id": "b", "nam": "B", "provider": "openai", "default": True},
                entry("b", name="n" * 51),
            ]
        )
    )

    assert [each.split(": ")[0] for each in told] == [
        "MODELS[0].provider",
        "MODELS[1]",
        "MODELS[2]",  # no name
        "MODELS[2]",  # no description
        "MODELS[2]",  # the key nobody knows
        "MODELS[3].name",
        "MODELS[3].id",
        "MODELS",
    ]


def test_the_whole_message_is_a_heading_and_one_line_for_each_mistake():
    with pytest.raises(ConfigurationError) as caught:
        load_unified_models({"MODELS": "[1, 2]"}, facts())

    assert str(caught.value) == (
        "the configuration has 2 mistakes:\n"
        "  - MODELS[0]: an entry must be an object, not a whole number\n"
        "  - MODELS[1]: an entry must be an object, not a whole number"
    )


def test_a_list_without_any_enabled_provider_names_each_missing_variable():
    text = json.dumps([entry(), entry("b"), entry("c", "anthropic"), entry("d", "local")])
    with pytest.raises(ConfigurationError) as caught:
        load_model_configuration(facts(), {"MODELS": text})

    assert caught.value.problems == (
        (
            "MODELS: no listed model can be used, none of their providers has a key: "
            "set OPENAI_API_KEY for 'openai' or ANTHROPIC_API_KEY for 'anthropic'; "
            "and 'local' is not available here: list a model of another provider"
        ),
    )


def test_a_list_of_what_is_not_available_here_says_so():
    with pytest.raises(ConfigurationError) as caught:
        load_model_configuration(facts(), {"MODELS": json.dumps([entry("toy", "local")])})

    assert caught.value.problems == (
        (
            "MODELS: no listed model can be used, 'local' is not available here: "
            "list a model of another provider"
        ),
    )


def test_missing_keys_are_told_together_with_other_mistakes():
    text = json.dumps([entry(name="n" * 51)])
    with pytest.raises(ConfigurationError) as caught:
        load_model_configuration(facts(), {"MODELS": text})

    assert ["name" in caught.value.problems[0], "OPENAI_API_KEY" in caught.value.problems[1]] == [
        True,
        True,
    ]


def test_a_key_that_slipped_into_the_list_is_named_by_its_variable_and_not_repeated():
    for misplaced in (
        entry(OPENAI_KEY, default=True),
        entry(provider=OPENAI_KEY),
        {**entry(), OPENAI_KEY: 1},
        entry(description=f"use it with {OPENAI_KEY}"),
    ):
        assert problem(misplaced) == (
            "MODELS: the value of OPENAI_API_KEY stands in it: take it out"
        )


def test_a_dummy_key_may_be_the_name_of_a_provider():
    environ = {"MODELS": json.dumps([entry(default=True)]), "OPENAI_API_KEY": "openai"}

    assert load_model_configuration(facts("openai"), environ).default is not None


def test_what_looks_like_a_key_is_not_repeated():
    told = problem(entry(provider="sk-proj-another0123456789abcdef"))

    assert "another" not in told


# --- keys, and no list at all ----------------------------------------------------------------


def test_keys_without_a_list_give_the_providers_own_models_and_a_list_to_paste():
    listed = load_model_configuration(facts("openai", "anthropic"), {})

    assert [(model.id, model.default) for model in listed.models] == [
        ("gpt-5.2", True),
        ("gpt-5-mini", False),
        ("claude-sonnet-4-5", False),
    ]
    assert listed.source == "defaults"
    (warning,) = listed.warnings
    assert "default models of OpenAI, Anthropic" in warning
    assert warning.endswith(models_variable(listed.models))


def test_only_providers_that_are_enabled_by_a_key_offer_their_models():
    listed = load_model_configuration(facts("anthropic", "local"), {})

    assert [model.id for model in listed.models] == ["claude-sonnet-4-5"]


def test_a_key_whose_provider_offers_nothing_by_itself_is_told_of():
    listed = load_model_configuration(facts("groq"), {})

    assert (listed.models, listed.source) == ((), "none")
    assert listed.warnings == (
        "provider 'groq' has a key and no models: list some of them in MODELS",
    )


def test_a_table_of_the_file_is_no_list_and_the_form_of_one_is_told():
    with pytest.raises(ConfigurationError) as caught:
        load_model_configuration(facts("openai"), {}, file_models=entry())

    assert caught.value.problems == (
        "dragoman.toml: models: write [[models]], with two brackets, once for each model",
    )


def test_two_providers_offering_one_id_do_not_collide():
    twice = {
        "a": ProviderFacts("A_API_KEY", None, enabled=True, name="A", default_models=(GPT,)),
        "b": ProviderFacts("B_API_KEY", None, enabled=True, name="B", default_models=(GPT, MINI)),
    }

    assert [model.id for model in load_model_configuration(twice, {}).models] == [
        "gpt-5.2",
        "gpt-5-mini",
    ]
