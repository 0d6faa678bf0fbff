"""What `GET /api/v1/models` promises."""

import json
from datetime import UTC, datetime, timedelta

from dragoman.testing import scripted_upstream
from dragoman.testing.upstream import whole
from tests.support.server import configured, running
from tests.support.tapes import openai_whole
from tests.support.waiting import wait_until

MODELS = [
    {"id": "one", "name": "One", "description": "First", "provider": "openai", "default": True},
    {"id": "two", "name": "Two", "description": "Second", "provider": "anthropic"},
    {
        "id": "three",
        "name": "Three",
        "description": "Third",
        "provider": "openai",
        "upstream_id": "secret-name",
        "context_window": 128000,
        "max_output_tokens": 4096,
        "capabilities": ["tools"],
    },
]


async def test_every_usable_model_is_listed_in_the_order_of_the_configuration(tmp_path):
    environ = {
        "MODELS": json.dumps(MODELS),
        "OPENAI_API_KEY": "k" * 9,
        "ANTHROPIC_API_KEY": "a" * 9,
    }
    async with running(configured(tmp_path, environ)) as dragoman:
        response = await dragoman.client.get("/api/v1/models")
        listed = (await response.json())["models"]

    assert response.status == 200
    assert response.content_type == "application/json"
    assert [model["id"] for model in listed] == ["one", "two", "three"]
    assert {name: listed[1][name] for name in ("id", "name", "description", "provider")} == {
        "id": "two",
        "name": "Two",
        "description": "Second",
        "provider": "anthropic",
    }
    assert [model["default"] for model in listed] == [True, False, False]
    assert listed[2]["contextWindow"] == 128000


async def test_models_without_a_key_come_last_and_name_the_variable(tmp_path):
    environ = {"MODELS": json.dumps(MODELS), "ANTHROPIC_API_KEY": "a" * 9}
    async with running(configured(tmp_path, environ)) as dragoman:
        listed = (await (await dragoman.client.get("/api/v1/models")).json())["models"]

    assert [(model["id"], model["state"], model["reason"]) for model in listed] == [
        ("two", "ready", ""),
        ("one", "no_key", "set OPENAI_API_KEY"),
        ("three", "no_key", "set OPENAI_API_KEY"),
    ]
    assert [model["id"] for model in listed if model["default"]] == ["two"]
    assert listed[2]["contextWindow"] == 128000


async def test_a_model_without_a_key_that_is_asked_is_answered_with_the_variable(tmp_path):
    environ = {"MODELS": json.dumps(MODELS), "ANTHROPIC_API_KEY": "a" * 9}
    async with running(configured(tmp_path, environ)) as dragoman:
        response = await dragoman.ask(model="three")
        error = await response.json()

    assert (response.status, error["reason"]) == (400, "unknown_model")
    assert "OPENAI_API_KEY is not set; there are: two" in error["error"]


async def test_neither_a_key_nor_the_vendors_name_of_a_model_is_told(tmp_path):
    environ = {"MODELS": json.dumps(MODELS), "OPENAI_API_KEY": "canary-openai-key"}
    async with running(configured(tmp_path, environ)) as dragoman:
        text = await (await dragoman.client.get("/api/v1/models")).text()

    assert "canary" not in text
    assert "secret-name" not in text


async def test_another_method_is_refused_in_the_same_words_as_everything_else(tmp_path):
    environ = {"MODELS": json.dumps(MODELS), "OPENAI_API_KEY": "k" * 9}
    async with running(configured(tmp_path, environ)) as dragoman:
        response = await dragoman.client.post("/api/v1/models", json={})
        error = await response.json()

    assert response.status == 405
    assert (error["status"], error["code"]) == ("error", "INVALID_REQUEST")
    assert error["request_id"] == response.headers["x-request-id"]


async def test_what_a_request_saw_of_its_provider_is_told_with_the_time(tmp_path):
    refusal = whole({"error": {"message": "no", "code": "invalid_api_key"}}, status=401)
    async with scripted_upstream() as vendor:
        vendor.play(refusal, whole(openai_whole("ok")))
        environ = {
            "MODELS": json.dumps(MODELS[:1]),
            "OPENAI_API_KEY": "k" * 9,
            "OPENAI_BASE_URL": f"{vendor.url}/v1",
        }
        async with running(configured(tmp_path, environ)) as dragoman:
            told = []
            for _ in range(2):
                await dragoman.ask(model="one")
                for route in ("models", "providers"):
                    body = await (await dragoman.client.get(f"/api/v1/{route}")).json()
                    told.append(body[route][0])
        # The lists themselves asked nobody.
        assert [request.method for request in vendor.received] == ["POST", "POST"]

    assert [it["state"] for it in told] == ["refused", "refused", "ready", "ready"]
    assert "refused our key" in told[0]["reason"]
    assert told[2]["reason"] == ""
    for it in told:
        ago = datetime.now(UTC) - datetime.fromisoformat(it["checkedAt"])
        assert timedelta(0) <= ago < timedelta(minutes=1)


async def test_with_a_dead_provider_the_lists_are_told_and_the_model_may_be_asked_again(tmp_path):
    environ = {
        "MODELS": json.dumps(MODELS[:1]),
        "OPENAI_API_KEY": "k" * 9,
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    }
    async with running(configured(tmp_path, environ)) as dragoman:
        first = await (await dragoman.ask(model="one")).json()
        (model,) = (await (await dragoman.client.get("/api/v1/models")).json())["models"]
        (vendors,) = (await (await dragoman.client.get("/v1/models")).json())["data"]
        again = await (await dragoman.ask(model="one")).json()

    assert (model["state"], vendors["id"]) == ("unreachable", "one")
    assert first["reason"] == again["reason"] == "connect_error"


async def test_what_is_known_of_a_model_is_told_and_what_is_not_is_null(tmp_path):
    plain = {"name": "N", "description": "", "provider": "openai", "context_window": 9_000}
    entries = [
        plain | {"id": "gpt-5.6"},
        plain | {"id": "gpt-99"},
        plain | {"id": "gpt-5.5", "capabilities": ["tools", "its_own"], "efforts": ["high", "low"]},
    ]
    environ = {"MODELS": json.dumps(entries), "OPENAI_API_KEY": "k" * 9}
    async with running(configured(tmp_path, environ)) as dragoman:
        known, unknown, said = (await (await dragoman.client.get("/api/v1/models")).json())[
            "models"
        ]

    assert (known["contextWindow"], known["maxOutputTokens"]) == (9_000, 128_000)
    assert set(known["capabilities"]) >= {"tools", "images", "json_schema"}
    assert known["lacks"] == ["audio"]
    assert known["efforts"] == ["none", "low", "medium", "high", "xhigh", "max"]
    for name in ("maxOutputTokens", "capabilities", "lacks", "efforts"):
        assert unknown[name] is None
    assert said["capabilities"] == ["tools", "its_own"]
    assert said["lacks"] == ["audio", "documents", "images", "json_schema", "reasoning"]
    assert said["efforts"] == ["low", "high"]


async def test_a_window_that_only_the_list_of_prices_knows_is_told_soon(tmp_path):
    entry = {"id": "r", "name": "R", "description": "", "provider": "openrouter"}
    entries = [entry | {"upstream_id": "anthropic/claude-sonnet-5"}]
    environ = {"MODELS": json.dumps(entries), "OPENROUTER_API_KEY": "k" * 9}
    async with running(configured(tmp_path, environ)) as dragoman:

        async def known() -> bool:
            (one,) = (await (await dragoman.client.get("/api/v1/models")).json())["models"]
            return one["contextWindow"] is not None

        await wait_until(known, wanted=True)
        (model,) = (await (await dragoman.client.get("/api/v1/models")).json())["models"]

    assert model["contextWindow"] >= 100_000
    assert (model["default"], model["capabilities"]) == (True, None)
