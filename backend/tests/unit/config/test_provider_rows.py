"""Providers by configuration alone: what a row may say, and how a wrong one is told."""

import json

import pytest

from dragoman.config.settings import ProviderRow

from .folder import ConfigurationFolder

CANARY = "sk-canary-0123456789abcdef"
ROW = {"name": "My box", "speaks": "alpha", "base_url": "http://127.0.0.1:11434/v1"}


def environ(rows: object) -> dict[str, str]:
    return {"PROVIDERS": rows if isinstance(rows, str) else json.dumps(rows)}


def rows_of(folder: ConfigurationFolder, rows: object) -> tuple[ProviderRow, ...]:
    return folder.load(environ=environ(rows)).provider_rows


def problem(folder: ConfigurationFolder, **fields: object) -> str:
    (only,) = folder.problems(environ=environ({"box": {**ROW, **fields}}))
    return only


def test_five_lines_of_toml_are_a_provider(folder: ConfigurationFolder):
    folder.write(
        "dragoman.toml",
        """
[providers.box]
name = "My box"
speaks = "alpha"
base_url = "http://127.0.0.1:11434/v1/"
api_key_env = "BOX_API_KEY"
""",
    )

    loaded = folder.load(environ={"BOX_API_KEY": f" {CANARY}"})

    assert loaded.provider_rows == (
        ProviderRow(
            id="box",
            name="My box",
            speaks="alpha",
            base_url="http://127.0.0.1:11434/v1",
            api_key_env="BOX_API_KEY",
        ),
    )
    assert loaded.environ["BOX_API_KEY"] == CANARY
    assert [secret.reveal() for secret in loaded.secrets] == [CANARY]


def test_a_row_can_say_everything(folder: ConfigurationFolder):
    whole = {
        **ROW,
        "api_key_env": "BOX_API_KEY",
        "models_env": "BOX_MODELS",
        "headers": {"X-Title": "home"},
        "without": ["tools", "images"],
    }

    (row,) = rows_of(folder, {"box": whole})

    assert row == ProviderRow(
        "box",
        "My box",
        "alpha",
        "http://127.0.0.1:11434/v1",
        "BOX_API_KEY",
        "BOX_MODELS",
        {"X-Title": "home"},
        ("tools", "images"),
    )


def test_rows_of_both_places_stand_together(folder: ConfigurationFolder):
    folder.write(
        "dragoman.toml",
        '[providers.one]\nname = "1"\nspeaks = "beta"\nbase_url = "https://one.example"\n',
    )

    assert [row.id for row in rows_of(folder, {"two": ROW})] == ["two", "one"]


def test_one_id_in_both_places_is_an_error_naming_both(folder: ConfigurationFolder):
    folder.write(
        "dragoman.toml",
        '[providers.box]\nname = "1"\nspeaks = "beta"\nbase_url = "https://one.example"\n',
    )

    assert folder.problems(environ=environ({"box": ROW})) == (
        (
            "dragoman.toml: providers.box: the provider 'box' is defined in PROVIDERS.box too: "
            "keep one"
        ),
    )


def test_a_built_in_provider_cannot_be_defined_again(folder: ConfigurationFolder):
    assert folder.problems(environ=environ({"acme": ROW})) == (
        (
            "PROVIDERS.acme: the provider 'acme' is built in: choose another id, "
            "or set ACME_BASE_URL to send its requests elsewhere"
        ),
    )


def test_a_built_in_provider_that_is_replaceable_can(folder: ConfigurationFolder):
    assert [row.id for row in rows_of(folder, {"apex": ROW})] == ["apex"]
    assert [row.id for row in rows_of(folder, {"box": ROW})] == ["box"]


@pytest.mark.parametrize("identity", ["Box", "1box", "", "bo x", "böx", "x" * 65, "-x", "x\n"])
def test_an_id_has_one_form(folder: ConfigurationFolder, identity: str):
    (only,) = folder.problems(environ=environ({identity: ROW}))

    assert "cannot be the id of a provider" in only


@pytest.mark.parametrize("missing", ["name", "speaks", "base_url"])
def test_a_missing_field_is_told(folder: ConfigurationFolder, missing: str):
    row = {field: value for field, value in ROW.items() if field != missing}

    assert folder.problems(environ=environ({"box": row})) == (
        f"PROVIDERS.box: the field {missing!r} is missing: add it",
    )


def test_an_unknown_wire_format_is_told_with_a_suggestion(folder: ConfigurationFolder):
    assert problem(folder, speaks="alhpa") == (
        "PROVIDERS.box.speaks: nothing here speaks 'alhpa' (did you mean 'alpha'?): "
        "the wire formats are alpha, beta"
    )


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [("baseurl", "'base_url'"), ("api-key-env", "'api_key_env'"), ("header", "'headers'")],
)
def test_an_unknown_key_is_refused(folder: ConfigurationFolder, key: str, suggestion: str):
    told = problem(folder, **{key: "x"})

    assert told.startswith(f"PROVIDERS.box: unknown key {key!r} (did you mean {suggestion}?)")


@pytest.mark.parametrize("key", ["api_key", "apikey", "api_key_environ"])
def test_where_a_key_belongs_is_told_to_whoever_puts_it_into_the_row(
    folder: ConfigurationFolder, key: str
):
    assert problem(folder, **{key: CANARY}) == (
        f"PROVIDERS.box: unknown key {key!r} (did you mean 'api_key_env'?): "
        "it takes the name of a variable; the key itself belongs in .env"
    )


def test_a_key_in_the_row_is_refused_and_not_repeated(folder: ConfigurationFolder):
    for told in (problem(folder, api_key=CANARY), problem(folder, api_key_env=CANARY)):
        assert "api_key_env" in told
        assert CANARY not in told


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("name", 5, "this must be a string, not a whole number"),
        ("name", " ", "it is blank"),
        ("name", "n" * 51, "51 characters are too many"),
        ("name", "a\x00", "control character"),
        ("speaks", None, "this must be a string, not null"),
        ("api_key_env", "MY KEY", "must be the name of a variable"),
        ("api_key_env", "1KEY", "must be the name of a variable"),
        ("headers", [], "this must be an object"),
        ("headers", {"a b": "x"}, "'a b' cannot be the name of a header"),
        ("headers", {"x": 1}, "must be a string of ASCII on one line"),
        ("headers", {"x": "a\r\nb: c"}, "must be a string of ASCII on one line"),
        ("headers", {"Host": "x"}, "is set by the connection"),
        ("headers", {"content-length": "1"}, "is set by the connection"),
        ("headers", {"X-A": "1", "x-a": "2"}, "named twice"),
        ("without", "tools", "an array of words"),
        ("without", ["No Tools"], "is not a word"),
    ],
)
def test_a_wrong_value_is_told_with_its_field(
    folder: ConfigurationFolder, field: str, value: object, complaint: str
):
    told = problem(folder, **{field: value})

    assert told.startswith(f"PROVIDERS.box.{field}: ")
    assert complaint in told


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("box.example/v1", "must begin with http:// or https://"),
        ("ftp://box.example", "must begin with http:// or https://"),
        ("file:///etc/passwd", "must begin with http:// or https://"),
        ("http://", "must begin with http:// or https:// and a host"),
        ("https://box.example:99999", "not an address"),
        ("https://box.example:0", "must begin with"),
        ("https://[::1", "not an address"),
        (f"https://user:{CANARY}@box.example", "take user and password out"),
        (f"https://{CANARY}@box.example", "take user and password out"),
        ("https://box.example/v1?key=1", "take out what follows"),
        ("https://box.example/v1#x", "take out what follows"),
        ("https://box.example/a b", "no white space"),
        ("https://box.example\\@evil.example", "no backslash"),
        ("https://bücher.example", "only ASCII"),
        ("", "it is blank"),
        (5, "this must be a string"),
    ],
)
def test_an_address_is_http_with_a_host_and_without_secrets(
    folder: ConfigurationFolder, address: object, complaint: str
):
    told = problem(folder, base_url=address)

    assert told.startswith("PROVIDERS.box.base_url: ")
    assert complaint in told
    assert CANARY not in told


@pytest.mark.parametrize(
    "address",
    ["http://localhost:1/v1", "http://127.8.8.8", "http://[::1]:5", "http://a.localhost"],
)
def test_a_key_may_travel_openly_on_this_machine(folder: ConfigurationFolder, address: str):
    row = {**ROW, "base_url": address, "api_key_env": "BOX_API_KEY", "models_env": "BOX_MODELS"}

    loaded = folder.load(environ={**environ({"box": row}), "BOX_MODELS": "a"})

    assert loaded.warnings == ()


@pytest.mark.parametrize("address", ["http://box.example", "http://192.168.1.5:8080/v1"])
def test_a_key_that_travels_openly_to_another_machine_is_warned_of(
    folder: ConfigurationFolder, address: str
):
    row = {**ROW, "base_url": address, "api_key_env": "BOX_API_KEY", "models_env": "BOX_MODELS"}

    loaded = folder.load(environ={**environ({"box": row}), "BOX_MODELS": "a"})

    (warning,) = loaded.warnings
    assert "BOX_API_KEY travels unencrypted" in warning
    assert not folder.load(environ=environ({"box": {**row, "api_key_env": None}})).secrets


@pytest.mark.parametrize(
    ("word", "meant"), [("stream_option", "stream_options"), ("tool", "tools")]
)
def test_a_misspelt_feature_is_warned_of(folder: ConfigurationFolder, word: str, meant: str):
    row = {**ROW, "without": [word, "logit_bias"], "models_env": "BOX_MODELS"}

    loaded = folder.load(environ={**environ({"box": row}), "BOX_MODELS": "a"})

    (warning,) = loaded.warnings
    assert warning == (
        f"PROVIDERS.box.without: no feature is called {word!r} (did you mean {meant!r}?): "
        "as it stands, only a field of that name is left out"
    )
    assert loaded.provider_rows[0].without == (word, "logit_bias")


@pytest.mark.parametrize("word", ["tools", "stream_options", "logit_bias", "toolbox"])
def test_any_field_may_be_left_out_without_a_word(folder: ConfigurationFolder, word: str):
    row = {**ROW, "without": [word], "models_env": "BOX_MODELS"}

    assert folder.load(environ={**environ({"box": row}), "BOX_MODELS": "a"}).warnings == ()


def test_a_row_names_the_formats_it_can_be_asked_in(folder: ConfigurationFolder):
    row = {
        **ROW,
        "speaks": "alpha",
        "wires": ["alpha_two", "alpha_one"],
        "models_env": "BOX_MODELS",
    }

    loaded = folder.load(environ={**environ({"box": row}), "BOX_MODELS": "a"})

    assert loaded.provider_rows[0].wires == ("alpha_two", "alpha_one")


def test_a_format_that_its_family_does_not_know_is_refused(folder: ConfigurationFolder):
    assert problem(folder, speaks="alpha", wires=["alpha_ome"]) == (
        "PROVIDERS.box.wires: nothing that speaks 'alpha' knows 'alpha_ome' "
        "(did you mean 'alpha_one'?): there are alpha_one, alpha_two"
    )


ROUTES = [
    ("https://box.example/v1/chat/completions", "/chat/completions"),
    ("https://box.example/v1/completions/", "/completions"),
    ("https://box.example/v1/messages", "/v1/messages"),
    ("https://box.example/V1/Messages", "/v1/messages"),
    ("https://box.example/api/messages", "/messages"),
]


@pytest.mark.parametrize(("address", "route"), ROUTES)
def test_an_address_with_the_route_in_it_is_warned_of(
    folder: ConfigurationFolder, address: str, route: str
):
    row = {**ROW, "base_url": address, "models_env": "BOX_MODELS"}

    loaded = folder.load(environ={**environ({"box": row}), "BOX_MODELS": "a"})

    assert loaded.warnings == (
        f"PROVIDERS.box.base_url: leave the route out: base_url ends before {route!r}",
    )


@pytest.mark.parametrize(("address", "route"), ROUTES)
def test_a_replaced_address_with_the_route_in_it_is_warned_of(
    folder: ConfigurationFolder, address: str, route: str
):
    folder.write(".env", f"ACME_BASE_URL={address}\n")

    assert folder.load().warnings == (
        f"ACME_BASE_URL in .env: leave the route out: base_url ends before {route!r}",
    )


@pytest.mark.parametrize("path", ["", "/v1", "/messages-of/v1", "/chat", "/completions/v1"])
def test_an_address_that_ends_before_the_route_is_not(folder: ConfigurationFolder, path: str):
    assert folder.load(environ={"ACME_BASE_URL": f"https://box.example{path}"}).warnings == ()


def test_a_provider_without_any_model_is_warned_of(folder: ConfigurationFolder):
    assert folder.load(environ=environ({"box": ROW})).warnings == (
        (
            "provider 'box' is defined, and no model of it is listed: name one in MODELS, "
            'with "provider": "box"'
        ),
    )
    assert folder.load(environ={**environ({"box": ROW}), "MODELS": "[]"}).warnings == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "PROVIDERS in the environment: not valid JSON at line 1, column 2"),
        ("[]", "PROVIDERS: this must be an object of providers by their id, not an array"),
        ('{"box": 5}', "PROVIDERS.box: this must be an object, not a whole number"),
        ('{"box": {}, "box": {}}', "PROVIDERS: the key 'box' is given more than once"),
    ],
)
def test_json_that_is_no_table_of_rows_is_told(
    folder: ConfigurationFolder, text: str, complaint: str
):
    assert folder.problems(environ=environ(text))[0].startswith(complaint)


def test_the_printed_row_hides_the_values_of_its_headers(folder: ConfigurationFolder):
    (row,) = rows_of(folder, {"box": {**ROW, "headers": {"X-Token": CANARY}}})

    assert "X-Token" in repr(row)
    assert CANARY not in repr(row)
    assert CANARY not in str(row)


def test_a_rows_address_may_be_replaced_and_is_checked(folder: ConfigurationFolder):
    (only,) = folder.problems(environ={**environ({"my-box": ROW}), "MY_BOX_BASE_URL": "nowhere"})

    assert only.startswith("MY_BOX_BASE_URL in the environment: this must begin with http://")
