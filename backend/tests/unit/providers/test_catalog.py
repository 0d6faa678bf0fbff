"""The catalog: every row loads, says where it is and since when, and comes to a provider."""

import ipaddress
import json
import re
from collections import Counter
from datetime import date
from urllib.parse import urlsplit

import msgspec
import pytest

from dragoman.chat import Category, Failure, UpstreamError
from dragoman.config.models import load_model_configuration
from dragoman.services.providers import (
    CATALOG,
    FAMILIES,
    FEATURES,
    OpenAIProvider,
    facts_of,
    registry,
)
from dragoman.services.providers.catalog import CatalogRow, catalog_rows

ROWS = catalog_rows()
PROMISED = {
    *("groq", "mistral", "deepseek", "xai", "openrouter", "together", "fireworks", "cerebras"),
    *("perplexity", "nvidia", "moonshot", "zai", "huggingface", "ollama", "lmstudio", "vllm"),
    *("llamacpp", "azure-openai", "cohere", "sambanova", "nebius", "novita", "deepinfra"),
    *("alibaba", "minimax", "baseten"),
}
AT_HOME = {"ollama", "lmstudio", "llamacpp", "vllm"}
WHOLE = {
    "id": "acme",
    "name": "Acme",
    "speaks": "openai",
    "base_url": "https://acme.example/v1",
    "as_of": date(2026, 11, 22),
    "source": "https://acme.example/docs",
}

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


def made(**fields: object):
    return msgspec.convert({**WHOLE, **fields}, CatalogRow, strict=True).provider(FAMILIES)


def judged(provider_id: str, **facts: object) -> Category:
    failure = Failure(**facts)
    return registry.get(provider_id).map_error(UpstreamError(failure)).category


def test_the_catalog_has_the_providers_that_it_promises():
    assert {row.id for row in ROWS} >= PROMISED
    assert [row.id for row in ROWS] == [provider.provider_id for provider in CATALOG]
    assert all(row.id in registry for row in ROWS)


@every_row
def test_a_row_says_since_when_and_from_where(row: CatalogRow):
    assert date(2026, 1, 1) < row.as_of <= date.today()  # noqa: DTZ011 - a day, anywhere
    assert re.fullmatch(r"https://[^\s]+", row.source)
    assert all(error.source.startswith("https://") for error in row.errors if error.message_has)


@every_row
def test_an_address_is_encrypted_or_on_this_machine(row: CatalogRow):
    url = urlsplit(row.base_url or row.address)
    if row.id in AT_HOME:
        assert url.hostname is not None
        assert ipaddress.ip_address(url.hostname).is_loopback
        assert row.api_key_env is None
    else:
        assert url.scheme == "https"
        assert row.api_key_env is not None
    assert not url.path.endswith("/")
    assert (url.query, url.fragment) == ("", "")


def test_a_variable_is_the_key_of_one_provider_alone():
    configs = [provider.get_config({}) for provider in registry.get_all()]
    named = Counter(config.api_key_env for config in configs if config.api_key_env)
    shared = {variable for variable, count in named.items() if count > 1}
    # One account of Amazon's, asked in two ways: by its own API, and by OpenAI's.
    assert shared == {"AWS_BEARER_TOKEN_BEDROCK"}
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", variable) for variable in named)


@every_row
def test_a_row_goes_without_what_is_known_and_takes_what_its_family_does_not(row: CatalogRow):
    # A vendor's own field, that we never write by ourselves, is a word too.
    assert set(row.without) <= FEATURES | {"logit_bias"}
    assert set(row.takes) <= FAMILIES[row.speaks].without


@every_row
def test_a_row_comes_to_a_provider_of_its_family(row: CatalogRow):
    provider, family = row.provider(FAMILIES), FAMILIES[row.speaks]

    assert provider.wires == (row.wires or family.wires[:1])
    assert provider.without == (family.without | set(row.without)) - set(row.takes)
    assert provider.error_rows == row.errors + family.error_rows


def test_a_row_may_say_where_its_key_goes():
    assert made(key_header=["api-key", ""]).key_header == ("api-key", "")
    assert made().key_header == FAMILIES["openai"].key_header


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"base_url": ""}, "a row has a base_url"),
        ({"address": "https://acme.example"}, "a row has a base_url"),
        ({"adress": "https://acme.example"}, "unknown field `adress`"),
        ({"errors": [{"category": "timeout"}]}, "an error row must name one of"),
        ({"errors": [{"code": "x", "category": "sad"}]}, "Invalid enum value 'sad'"),
    ],
)
def test_a_wrong_row_is_refused(fields: dict[str, object], complaint: str):
    with pytest.raises(msgspec.ValidationError, match=complaint):
        made(**fields)


@pytest.mark.parametrize(
    ("provider", "facts", "category"),
    [
        ("xai", {"status": 400, "message": "Incorrect API key provided: x"}, "authentication"),
        ("groq", {"status": 400, "message": "Incorrect API key provided: x"}, "invalid_request"),
        ("zai", {"status": 429, "code": "1113"}, "quota_exhausted"),
        ("zai", {"status": 429, "code": "1302"}, "rate_limit"),
        ("alibaba", {"status": 400, "code": "Arrearage", "type": "Arrearage"}, "quota_exhausted"),
        ("alibaba", {"status": 429, "code": "insufficient_quota"}, "rate_limit"),
        ("openai", {"status": 429, "code": "insufficient_quota"}, "quota_exhausted"),
        ("moonshot", {"status": 429, "type": "exceeded_current_quota_error"}, "quota_exhausted"),
        (
            "moonshot",
            {
                "status": 400,
                "type": "invalid_request_error",
                "message": "Invalid request: Your request exceeded model token limit : 8192",
            },
            "context_too_long",
        ),
        ("openrouter", {"status": 403, "code": "403", "message": "Key limit exceeded"}, "quota_"),
        (
            "openrouter",
            {"status": 404, "code": "404", "message": "No endpoints found that support tool use."},
            "unsupported",
        ),
        (
            "deepseek",
            {
                "status": 400,
                "code": "invalid_request_error",
                "message": "This response_format type is unavailable now",
            },
            "unsupported",
        ),
    ],
)
def test_a_vendors_own_words_for_an_error_are_understood(
    provider: str, facts: dict[str, object], category: str
):
    assert judged(provider, **facts).value.startswith(category)


def test_a_provider_without_an_address_wants_one_before_it_is_asked():
    azure = registry.get("azure-openai")
    key = {"AZURE_OPENAI_API_KEY": "k"}
    there = {"AZURE_OPENAI_BASE_URL": "https://mine.openai.azure.com/openai/v1/"}

    assert azure.get_config({}).wants == ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_BASE_URL")
    assert azure.get_config(key).wants == ("AZURE_OPENAI_BASE_URL",)
    assert not azure.get_config(key).enabled
    assert azure.get_config(there).wants == ("AZURE_OPENAI_API_KEY",)
    whole = azure.get_config(key | there)
    assert (whole.enabled, whole.base_url) == (True, "https://mine.openai.azure.com/openai/v1")


@pytest.mark.parametrize(
    "body", [b'{"data":[{"id":"a","object":"model"},{"id":"b"}]}', b'[{"id":"a"},{"id":"b"}]']
)
def test_a_list_of_models_is_read_in_either_shape(body: bytes):
    assert OpenAIProvider().model_ids(body) == ("a", "b")


@pytest.mark.parametrize("body", [b'{"models":[]}', b'[{"name":"a"}]', b"<p>", b'"a"'])
def test_what_is_no_list_of_models_is_refused(body: bytes):
    with pytest.raises(msgspec.DecodeError):
        OpenAIProvider().model_ids(body)


def test_models_of_a_provider_without_an_address_are_left_out_with_the_variable_it_wants():
    entry = {"id": "d", "name": "D", "description": "", "provider": "azure-openai"}
    local = {"id": "o", "name": "O", "description": "", "provider": "ollama", "default": True}
    environ = {"AZURE_OPENAI_API_KEY": "k" * 20, "MODELS": json.dumps([local, entry])}
    facts = {it.provider_id: facts_of(it, environ) for it in registry.get_all()}

    (left_out,) = load_model_configuration(facts, environ).disabled

    assert left_out.message == (
        "provider 'azure-openai' has no address: set AZURE_OPENAI_BASE_URL (1 model left out)"
    )
