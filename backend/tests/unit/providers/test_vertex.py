"""Vertex AI: where it is asked, whose token is sent, and what happens without one."""

import json
import sys
from contextlib import asynccontextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dragoman.chat import Category, LLMServiceError, UpstreamError
from dragoman.config.facts import ModelEntry
from dragoman.services.llm_service import get_ai_response
from dragoman.services.providers import Engines, Runtime, VertexProvider, registry
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.routing import Candidate
from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import Script, whole

from .asked import TIMEOUTS, asking

PLACE = {"GOOGLE_CLOUD_PROJECT": "my-project", "GOOGLE_CLOUD_LOCATION": "europe-west4"}
MODEL = ModelEntry("ours", "Ours", "", "vertex", upstream_id="gemini-2.5-flash")
SAID = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}
    ]
}
TOKEN = "canary-token-c01d"


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
async def google():
    """Run Google's two servers: the one that gives tokens, and the one that has models."""
    async with scripted_upstream() as tokens, scripted_upstream() as models:
        tokens.play(whole({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}))
        models.play(whole(SAID))
        yield tokens, models


@pytest.fixture
def account(google, private_key, tmp_path) -> str:
    """Write the file of a service account whose tokens come from here."""
    tokens, _ = google
    file = tmp_path / "account.json"
    said = {
        "type": "service_account",
        "project_id": "my-project",
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": "me@my-project.iam.gserviceaccount.com",
        "token_uri": f"{tokens.url}/token",
    }
    file.write_text(json.dumps(said))
    return str(file)


@asynccontextmanager
async def asked_with(environ: dict[str, str]):
    upstream, engines = HttptoolsUpstream(TIMEOUTS), Engines()
    try:
        runtime = Runtime(PLACE | environ, upstream, TIMEOUTS, engines)
        yield Candidate(MODEL, VertexProvider(), runtime)
    finally:
        await engines.close()
        await upstream.close()


def reaching(url: str, credentials: str) -> dict[str, str]:
    return {"VERTEX_BASE_URL": url, "GOOGLE_APPLICATION_CREDENTIALS": credentials}


@pytest.mark.parametrize(
    ("environ", "address", "wants"),
    [
        ({}, "", ("GOOGLE_CLOUD_PROJECT",)),
        ({"GOOGLE_CLOUD_PROJECT": "p"}, "", ("GOOGLE_CLOUD_LOCATION",)),
        (PLACE | {"GOOGLE_CLOUD_LOCATION": "evil.example/"}, "", ("GOOGLE_CLOUD_LOCATION",)),
        (PLACE | {"GOOGLE_CLOUD_PROJECT": "../x"}, "", ("GOOGLE_CLOUD_PROJECT",)),
        (PLACE, "https://europe-west4-aiplatform.googleapis.com", ()),
        (
            PLACE | {"GOOGLE_CLOUD_LOCATION": "global"},
            "https://aiplatform.googleapis.com",
            (),
        ),
        (
            PLACE | {"GOOGLE_CLOUD_LOCATION": "eu"},
            "https://aiplatform.eu.rep.googleapis.com",
            (),
        ),
    ],
)
def test_a_project_and_a_location_are_all_it_takes(environ, address, wants):
    config = registry.get("vertex").get_config(environ)

    location = environ.get("GOOGLE_CLOUD_LOCATION")
    place = f"/v1beta1/projects/my-project/locations/{location}/publishers/google"
    assert config.base_url == (address and address + place)
    assert config.wants == wants


async def test_a_token_is_fetched_once_and_sent_with_every_request(google, account):
    tokens, models = google
    async with asked_with(reaching(models.url, account)) as candidate:
        first = await get_ai_response(asking(), candidate)
        await get_ai_response(asking(), candidate)

    assert first.text == "Hi"
    assert len(tokens.received) == 1
    assert [one.headers["authorization"] for one in models.received] == [f"Bearer {TOKEN}"] * 2
    assert models.received[0].path == "/models/gemini-2.5-flash:generateContent"


async def test_a_token_that_ends_is_fetched_anew(google, account):
    tokens, models = google
    tokens.play(whole({"access_token": "first", "expires_in": 1}), whole({"access_token": "next"}))
    async with asked_with(reaching(models.url, account)) as candidate:
        await get_ai_response(asking(), candidate)
        await get_ai_response(asking(), candidate)

    sent = [one.headers["authorization"] for one in models.received]
    assert sent == ["Bearer first", "Bearer next"]


async def test_a_token_is_masked_where_the_vendor_repeats_it(google, account):
    _, models = google
    error = {"code": 403, "status": "PERMISSION_DENIED", "message": f"no: {TOKEN}"}
    models.play(whole({"error": error}, status=403))
    async with asked_with(reaching(models.url, account)) as candidate:
        with pytest.raises(LLMServiceError) as told:
            await get_ai_response(asking(), candidate)

    assert TOKEN not in str(told.value)
    assert told.value.category is Category.PERMISSION


@pytest.mark.parametrize(
    ("answer", "category", "says"),
    [
        (whole({"error": "invalid_grant"}, status=400), Category.AUTHENTICATION, "invalid_grant"),
        (Script(end="reset"), Category.CONNECTION, "gave no token"),
    ],
)
async def test_a_token_that_is_refused_is_told_with_who_can_act(
    google, account, answer, category, says
):
    tokens, models = google
    tokens.play(answer)
    async with asked_with(reaching(models.url, account)) as candidate:
        with pytest.raises(LLMServiceError, match=says) as told:
            await get_ai_response(asking(), candidate)

    assert told.value.category is category
    assert told.value.provider == "vertex"
    assert models.received == []


@pytest.mark.parametrize("content", [None, "{", '{"type": "news"}'])
async def test_a_file_that_is_no_account_is_told_with_a_cure(google, tmp_path, content):
    _, models = google
    file = tmp_path / "account.json"
    if content is not None:
        file.write_text(content)
    async with asked_with(reaching(models.url, str(file))) as candidate:
        with pytest.raises(LLMServiceError, match="GOOGLE_APPLICATION_CREDENTIALS") as told:
            await get_ai_response(asking(), candidate)

    assert told.value.category is Category.AUTHENTICATION
    assert told.value.actor == "operator"


async def test_without_the_extra_there_is_a_line_with_the_cure(google, account, monkeypatch):
    _, models = google
    monkeypatch.setitem(sys.modules, "google.auth.exceptions", None)
    async with asked_with(reaching(models.url, account)) as candidate:
        with pytest.raises(LLMServiceError, match=r"pip install 'dragoman\[vertex\]'"):
            await get_ai_response(asking(), candidate)


async def test_tokens_are_counted_by_the_fields_that_count(google, account):
    _, models = google
    models.play(whole({"totalTokens": 7}))
    async with asked_with(reaching(models.url, account)) as candidate:
        count = await VertexProvider().count_tokens(asking("openai_chat"), MODEL, candidate.runtime)

    assert count == 7
    assert models.received[0].path == "/models/gemini-2.5-flash:countTokens"
    assert models.received[0].json.keys() == {"contents"}


async def test_googles_models_are_listed_on_the_account_of_the_project(google, account):
    _, models = google
    listed = {"publisherModels": [{"name": "publishers/google/models/gemini-2.5-flash"}]}
    models.play(whole(listed), whole({"models": []}))
    place = f"{models.url}/v1beta1/projects/my-project/locations/global/publishers/google"
    async with asked_with(reaching(place, account)) as candidate:
        found = await VertexProvider().list_models(candidate.runtime)
        with pytest.raises(UpstreamError, match="is not one"):
            await VertexProvider().list_models(candidate.runtime)

    assert found == ("gemini-2.5-flash",)
    first = models.received[0]
    assert first.path == "/v1beta1/publishers/google/models?pageSize=200"
    assert first.headers["x-goog-user-project"] == "my-project"
    assert first.headers["authorization"] == f"Bearer {TOKEN}"
