"""The lists of models, as clients of each vendor read them."""

import pytest

ANTHROPIC = {"anthropic-version": "2023-06-01"}


async def test_openais_clients_find_every_model(dragoman):
    answer = await (await dragoman.client.get("/v1/models")).json()
    one = await (await dragoman.client.get("/v1/models/claude")).json()

    assert answer["object"] == "list"
    assert [model["id"] for model in answer["data"]] == ["gpt", "claude"]
    assert one == {"id": "claude", "object": "model", "created": 0, "owned_by": "anthropic"}


async def test_anthropics_clients_find_every_model(dragoman):
    response = await dragoman.client.get("/v1/models", headers=ANTHROPIC)
    answer = await response.json()
    one = await (await dragoman.client.get("/v1/models/gpt", headers=ANTHROPIC)).json()

    assert [model["id"] for model in answer["data"]] == ["gpt", "claude"]
    assert (answer["first_id"], answer["last_id"], answer["has_more"]) == ("gpt", "claude", False)
    assert (one["type"], one["id"], one["display_name"]) == ("model", "gpt", "GPT")


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        ("limit=1", ["gpt"], True),
        ("limit=1&after_id=gpt", ["claude"], False),
        ("limit=1&before_id=claude", ["gpt"], False),
        ("after_id=claude", [], False),
    ],
)
async def test_anthropics_list_comes_in_pages(dragoman, query, ids, more):
    answer = await (await dragoman.client.get(f"/v1/models?{query}", headers=ANTHROPIC)).json()

    assert [model["id"] for model in answer["data"]] == ids
    assert answer["has_more"] is more


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=" + 5000 * "9", "after_id=nobody"])
async def test_a_page_that_makes_no_sense_is_refused_by_name(dragoman, query):
    response = await dragoman.client.get(f"/v1/models?{query}", headers=ANTHROPIC)

    assert response.status == 400
    assert query.partition("=")[0] in (await response.json())["error"]["message"]


async def test_googles_clients_find_every_model(dragoman):
    answer = await (await dragoman.client.get("/v1beta/models")).json()
    one = await (await dragoman.client.get("/v1beta/models/gpt")).json()

    assert [model["name"] for model in answer["models"]] == ["models/gpt", "models/claude"]
    assert (one["name"], one["displayName"]) == ("models/gpt", "GPT")
    assert "generateContent" in one["supportedGenerationMethods"]


async def test_a_model_that_is_not_there_is_not_found_in_the_callers_dialect(dragoman):
    chat = await dragoman.client.get("/v1/models/nope")
    messages = await dragoman.client.get("/v1/models/nope", headers=ANTHROPIC)

    assert (chat.status, messages.status) == (404, 404)
    assert (await chat.json())["error"]["code"] == "model_not_found"
    assert (await messages.json())["error"]["type"] == "not_found_error"
    assert messages.headers["request-id"]


async def test_the_vendors_name_of_a_model_is_in_no_list(dragoman):
    for path in ("/v1/models", "/v1beta/models", "/v1/models/gpt", "/v1beta/models/claude"):
        for headers in ({}, ANTHROPIC):
            response = await dragoman.client.get(path, headers=headers)
            assert "vendor-" not in await response.text()
