"""What `/api/v1/conversations` promises: kept, found, read, changed, thrown away, brought back."""

import io
import re
from datetime import datetime

import pytest

from dragoman.testing.upstream import whole
from tests.support.tapes import openai_whole

URL = "/api/v1/conversations"
NOWHERE = f"{URL}/conv-00000000-0000-0000-0000-000000000000"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def api(dragoman):
    """Ask with JSON; give the status and the body."""

    async def ask(method, path, body=None, **options: object):
        response = await dragoman.client.request(method, path, json=body, **options)
        return response.status, await response.json(content_type=None)

    return ask


@pytest.fixture
def make(api):
    async def conversation(**wanted: object):
        status, made = await api("POST", URL, wanted)
        assert status == 201, made
        return made

    return conversation


@pytest.fixture
def say(dragoman, upstream):
    """Have a turn with an answer."""

    async def turn(conversation, message, answer="Yes", **more: object):
        upstream.play(whole(openai_whole(answer)))
        response = await dragoman.ask(message, conversationId=conversation["id"], **more)
        assert response.status == 200, await response.text()
        return await response.json()

    return turn


def moment(text):
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


async def test_a_new_conversation_has_an_id_a_title_and_times(make):
    made = await make()

    assert re.fullmatch(f"conv-{UUID}", made["id"])
    assert made == {
        "id": made["id"],
        "title": "New conversation",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
        "systemPrompt": None,
        "model": None,
        "temperature": None,
        "maxTokens": None,
    }
    assert moment(made["createdAt"])


async def test_a_conversation_begins_with_what_is_wanted(make, api):
    wanted = {
        "title": "  My\ntitle ",
        "systemPrompt": "Be brief",
        "model": "claude",
        "temperature": 0.5,
        "maxTokens": 100,
        "colour": "ignored",
    }
    made = await make(**wanted)
    expected = {**wanted, "title": "My title"}
    del expected["colour"]
    assert {name: made[name] for name in expected} == expected
    assert (await api("GET", f"{URL}/{made['id']}"))[1]["systemPrompt"] == "Be brief"


async def test_a_conversation_without_messages_is_read_whole(make, api):
    made = await make()
    status, read = await api("GET", f"{URL}/{made['id']}")
    assert status == 200
    assert read == {**made, "messages": [], "activeLeaf": None, "nextBefore": None}


async def test_the_list_has_the_latest_activity_first_with_models_and_no_messages(make, say, api):
    first, second = await make(title="first"), await make(title="second")
    await say(first, "Hello")

    status, page = await api("GET", URL)

    assert status == 200
    assert [each["title"] for each in page["conversations"]] == ["first", "second"]
    listed = page["conversations"][0]
    assert set(listed) == {"id", "title", "createdAt", "updatedAt", "model", "models"}
    assert listed["models"] == ["gpt"]
    assert moment(listed["updatedAt"]) >= moment(listed["createdAt"])
    assert page["conversations"][1]["id"] == second["id"]
    assert page["nextCursor"] is None


async def test_the_list_comes_in_pages(make, api):
    for number in range(5):
        await make(title=str(number))
    titles, cursor = [], None
    for _ in range(3):
        more = {} if cursor is None else {"cursor": cursor}
        _, page = await api("GET", URL, params={"limit": 2, **more})
        titles.append([each["title"] for each in page["conversations"]])
        cursor = page["nextCursor"]
    assert titles == [["4", "3"], ["2", "1"], ["0"]]
    assert cursor is None


async def test_search_looks_in_titles_and_messages_and_shows_the_words(make, say, api):
    talk, other = await make(), await make(title="Cooking dragons")
    await say(talk, "Tell me of knights", "Knights fought <b>dragons</b>")
    await say(other, "How long?", "An hour")

    async def found(q):
        _, page = await api("GET", URL, params={"q": q})
        return [(each["title"], each.get("snippet")) for each in page["conversations"]]

    assert await found("dragons") == [
        ("Cooking dragons", None),
        ("Tell me of knights", "Knights fought <b>dragons</b>"),
    ]
    assert await found("hour long") == [("Cooking dragons", "An hour")]
    assert await found("nobody") == []
    assert len(await found("  ")) == 2


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"cursor": "next"},
        {"cursor": "-1"},
        {"cursor": "9" * 21},
        {"q": "x" * 201},
        {"q": "a\x00b"},
    ],
    ids=str,
)
async def test_a_wrong_way_to_ask_for_the_list_is_named(api, params):
    status, error = await api("GET", URL, params=params)
    assert (status, error["code"]) == (422, "INVALID_REQUEST")
    assert error["detail"]["field"] == next(iter(params))


@pytest.mark.parametrize(
    "q", ['"', "*", "NEAR(", "a AND", "title:x", "'; DROP TABLE messages", "-"]
)
async def test_a_search_is_words_and_no_query_language(api, make, say, q):
    await say(await make(), "Hello")
    status, page = await api("GET", URL, params={"q": q})
    assert (status, page["conversations"]) == (200, [])


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_change_concerns_what_it_names_and_null_takes_back(make, api, method):
    made = await make(model="gpt", temperature=1, maxTokens=5)
    status, changed = await api(
        method, f"{URL}/{made['id']}", {"title": "New", "temperature": None, "model": "claude"}
    )
    assert status == 200
    assert changed == {**made, "title": "New", "temperature": None, "model": "claude"}
    assert (await api("GET", f"{URL}/{made['id']}"))[1]["title"] == "New"


WRONG = [
    ({"title": ""}, "title"),
    ({"title": " \n"}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"title": 5}, "title"),
    ({"systemPrompt": "x" * 100_001}, "systemPrompt"),
    ({"systemPrompt": ["x"]}, "systemPrompt"),
    ({"temperature": -0.1}, "temperature"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": "warm"}, "temperature"),
    ({"temperature": True}, "temperature"),
    ({"maxTokens": 0}, "maxTokens"),
    ({"maxTokens": 1.5}, "maxTokens"),
    ({"maxTokens": 10**12}, "maxTokens"),
    ({"model": 7}, "model"),
    ([], None),
    ("text", None),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=[str(row[0])[:30] for row in WRONG])
async def test_a_wrong_field_is_named_and_nothing_is_stored(make, api, body, field):
    made = await make()
    for method, path in (("POST", URL), ("PATCH", f"{URL}/{made['id']}")):
        status, error = await api(method, path, body)
        assert (status, error["code"], error["status"]) == (422, "INVALID_REQUEST", "error")
        assert error.get("detail", {}).get("field") == field
        assert error["request_id"]
    _, page = await api("GET", URL)
    assert [each["id"] for each in page["conversations"]] == [made["id"]]
    assert (await api("GET", f"{URL}/{made['id']}"))[1]["title"] == made["title"]


async def test_a_model_that_is_not_there_is_answered_with_those_that_are(make, api):
    made = await make()
    for method, path in (("POST", URL), ("PATCH", f"{URL}/{made['id']}")):
        status, error = await api(method, path, {"model": "gtp"})
        assert status == 400
        assert "gpt, claude" in error["error"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", NOWHERE, None),
        ("PATCH", NOWHERE, {"title": "x"}),
        ("PUT", NOWHERE, {"title": "x"}),
        ("DELETE", NOWHERE, None),
        ("POST", f"{NOWHERE}/restore", {}),
        ("POST", "/api/v1/messages/msg-none/stop", {}),
        ("POST", "/api/v1/messages", {"conversationId": NOWHERE[-41:], "message": "x"}),
        ("GET", f"{URL}/..%2f..%2fetc%2fpasswd", None),
        ("GET", f"{URL}/%2e%2e", None),
        ("GET", f"{URL}/a%00b", None),
        ("GET", f"{URL}/{'x' * 4000}", None),
    ],
    ids=str,
)
async def test_what_is_not_there_is_not_found(api, upstream, method, path, body):
    status, error = await api(method, path, body)
    assert (status, error["code"]) == (404, "INVALID_REQUEST")
    assert upstream.received == []


async def test_what_is_thrown_away_is_gone_until_it_is_brought_back(make, say, api):
    made = await make(title="Mine")
    await say(made, "Hello dragon")
    path = f"{URL}/{made['id']}"

    assert await api("DELETE", path) == (204, None)
    assert (await api("GET", path))[0] == 404
    assert (await api("DELETE", path))[0] == 404
    assert (await api("PATCH", path, {"title": "x"}))[0] == 404
    assert (await api("GET", URL))[1]["conversations"] == []
    assert (await api("GET", URL, params={"q": "dragon"}))[1]["conversations"] == []

    status, restored = await api("POST", f"{path}/restore", {})
    assert (status, restored["id"], restored["title"]) == (200, made["id"], "Mine")
    assert len((await api("GET", path))[1]["messages"]) == 2


async def test_a_long_conversation_is_read_from_its_end(make, say, api):
    made = await make()
    for number in range(3):
        await say(made, f"question {number}", f"answer {number}")
    path = f"{URL}/{made['id']}"

    _, last = await api("GET", path, params={"limit": 4})
    _, first = await api("GET", path, params={"limit": 4, "before": last["nextBefore"]})

    shown = [m["text"] for m in first["messages"] + last["messages"]]
    assert shown == [f"{kind} {n}" for n in range(3) for kind in ("question", "answer")]
    assert first["nextBefore"] is None
    assert (await api("GET", path, params={"limit": 1001}))[0] == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", URL),
        ("PATCH", NOWHERE),
        ("PUT", NOWHERE),
        ("POST", f"{NOWHERE}/restore"),
        ("POST", "/api/v1/messages/msg-none/stop"),
    ],
)
async def test_what_changes_something_wants_json_from_its_own_origin(dragoman, method, path):
    as_text = {"content-type": "text/plain"}
    response = await dragoman.client.request(method, path, data="{}", headers=as_text)
    assert response.status == 415

    foreign = {"origin": "https://elsewhere.example"}
    for headers in (foreign, {"sec-fetch-site": "cross-site"}):
        response = await dragoman.client.request(method, path, json={}, headers=headers)
        assert (response.status, (await response.json())["reason"]) == (403, "origin_denied")


async def test_deleting_from_another_origin_is_refused(dragoman, make):
    made = await make()
    path = f"{URL}/{made['id']}"
    response = await dragoman.client.delete(path, headers={"origin": "https://elsewhere.example"})
    assert response.status == 403
    assert (await dragoman.client.get(path)).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"title": "a", "title": "b"}', 400),
        (b'{"title": "\\ud800"}', 422),
        (b'{"title": "a\\u0000b"}', 422),
        (b'{"temperature": NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"systemPrompt": "' + b"x" * (1 << 20) + b'"}', 413),
    ],
    ids=range(8),
)
async def test_hostile_bodies_are_refused(dragoman, body, status):
    response = await dragoman.client.post(
        URL, data=io.BytesIO(body), headers={"content-type": "application/json"}
    )
    assert response.status == status
    assert (await response.json())["code"] == "INVALID_REQUEST"


async def test_providers_are_listed_with_their_state_and_variable(dragoman):
    listed = (await (await dragoman.client.get("/api/v1/providers")).json())["providers"]
    by_id = {provider["id"]: provider for provider in listed}
    assert by_id["openai"] == {
        "id": "openai",
        "name": "OpenAI",
        "state": "ready",
        "reason": "",
        "keyVariable": "OPENAI_API_KEY",
        "models": 1,
        "checkedAt": None,
    }
    without = [provider for provider in listed if provider["state"] == "no_key"]
    assert without
    for provider in without:
        assert provider["reason"].startswith(f"set {provider['keyVariable']}")
        assert provider["models"] == 0


async def test_models_tell_whether_they_can_be_asked(dragoman):
    listed = (await (await dragoman.client.get("/api/v1/models")).json())["models"]
    assert [(model["state"], model["reason"]) for model in listed] == [("ready", "")] * 2


async def test_the_schema_tells_of_every_route(dragoman):
    schema = await (await dragoman.client.get("/openapi.json")).json()
    one = f"{URL}/{{conversation_id}}"
    described = {(path, method) for path, methods in schema["paths"].items() for method in methods}
    assert described >= {
        (URL, "post"),
        (URL, "get"),
        (one, "get"),
        (one, "patch"),
        (one, "delete"),
        (f"{one}/restore", "post"),
        ("/api/v1/messages/{message_id}/stop", "post"),
        ("/api/v1/providers", "get"),
    }
    components = schema["components"]["schemas"]
    for name in ("ConversationPage", "ConversationWithMessages", "MessageView", "Start", "Error"):
        assert name in components
    answer = schema["paths"][URL]["post"]["responses"]["201"]["content"]["application/json"]
    assert answer["schema"] == {"$ref": "#/components/schemas/ConversationView"}
