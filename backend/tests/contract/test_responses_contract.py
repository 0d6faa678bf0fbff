"""What programs of the Responses format are promised: kept answers, gone on from with any model."""

import asyncio
import json
from itertools import count

import openai
import pytest
from sqlalchemy import func, select

from dragoman.storage import StorageError, Trouble
from dragoman.storage.database import NAME, open_database
from dragoman.storage.errors import WORDS
from dragoman.storage.schema import responses
from dragoman.storage.sqlite import reading_engine
from dragoman.testing import Script
from dragoman.testing.upstream import streamed, whole
from tests.support.server import configured, parse_events, running
from tests.support.tapes import (
    anthropic_stream,
    anthropic_whole,
    gemini_stream,
    gemini_whole,
    openai_stream,
    openai_whole,
    responses_stream,
    responses_whole,
)

from .conftest import MODELS as OTHERS
from .conftest import PACE

URL = "/v1/responses"
_numbers = count(1)


def _responses_whole(text):
    return responses_whole(text) | {"id": f"resp_vendors{next(_numbers)}"}


def _responses_stream(words):
    id_ = f'"resp_vendors{next(_numbers)}"'.encode()
    return [piece.replace(b'"resp_1"', id_) for piece in responses_stream(words)]


# Four models, each asked in another wire format.
WHOLE = {
    "gpt": _responses_whole,
    "chat": openai_whole,
    "claude": anthropic_whole,
    "gemini": gemini_whole,
}
STREAM = {
    "gpt": _responses_stream,
    "chat": openai_stream,
    "claude": anthropic_stream,
    "gemini": gemini_stream,
}
MODELS = pytest.mark.parametrize("model", list(WHOLE))
WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

CHAT = {
    "id": "chat",
    "name": "Chat",
    "description": "Asked in the older format",
    "provider": "openai",
    "wire": "openai_chat",
    "upstream_id": "vendor-chat",
}


GEMINI = {"id": "gemini", "name": "Gemini", "description": "Google's", "provider": "gemini"}


@pytest.fixture
def environ(environ, upstream):
    return {
        **environ,
        "MODELS": json.dumps([*OTHERS, CHAT, GEMINI]),
        "GEMINI_API_KEY": "canary-gemini-key",
        "GEMINI_BASE_URL": f"{upstream.url}/v1beta",
    }


class Door:
    """Asks at this door; each answer of the upstream is put in just before."""

    def __init__(self, client, upstream) -> None:
        self.client = client
        self.upstream = upstream

    async def ask(self, model="gpt", answer="Good day", *, stream=False, **more: object):
        """Ask, and be answered; give the response as it was told last."""
        told = streamed(STREAM[model](answer.split())) if stream else whole(WHOLE[model](answer))
        self.upstream.play(told)
        return self.last(await self.post(model=model, stream=stream, **more))

    async def post(self, **body: object):
        body = {"model": "gpt", "input": "Hello", **body}
        async with self.client.post(URL, json=body) as response:
            return response, await response.read()

    def last(self, answered):
        response, body = answered
        assert response.status == 200, body
        if response.content_type == "text/event-stream":
            return parse_events(body)[-1].content["response"]
        return json.loads(body)

    async def call(self, method, path, **query: object):
        async with self.client.request(method, f"{URL}/{path}", params=query) as response:
            return response.status, await response.json()

    async def get(self, path, **query: object):
        status, body = await self.call("GET", path, **query)
        assert status == 200, body
        return body

    @property
    def sent(self):
        return self.upstream.received[-1].json


@pytest.fixture
def door(dragoman, upstream):
    return Door(dragoman.client, upstream)


@pytest.fixture
def stored(tmp_path):
    """Count the responses that are stored."""

    def rows():
        engine = reading_engine(tmp_path / NAME)
        with engine.begin() as connection:
            found = connection.execute(select(func.count()).select_from(responses)).scalar()
        engine.dispose()
        return found

    return rows


def text_of(response):
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == "message"
        for part in item["content"]
    )


@MODELS
@WAYS
async def test_any_model_answers_and_its_answer_is_read_again(door, model, stream):
    told = await door.ask(model, "Good day", stream=stream)

    assert told["object"] == "response"
    assert told["status"] == "completed"
    assert told["model"] == model
    assert told["id"].startswith("resp_")
    assert text_of(told) == ("Goodday" if stream else "Good day")
    assert isinstance(told["created_at"], int)
    assert (told["store"], told["previous_response_id"]) == (True, None)
    assert told["usage"]["input_tokens"] == 7
    assert await door.get(told["id"]) == told


@MODELS
async def test_every_event_of_a_stream_tells_of_the_same_response(door, upstream, model):
    upstream.play(streamed(STREAM[model](["Good", "day"])))

    _, body = await door.post(model=model, stream=True)
    events = [event.content for event in parse_events(body)]
    responses = [event["response"] for event in events if "response" in event]

    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[0]["type"] == "response.created"
    assert events[-1]["type"] == "response.completed"
    assert len({response["id"] for response in responses}) == 1
    assert {(response["store"], response["model"]) for response in responses} == {(True, model)}


@MODELS
@WAYS
async def test_nothing_is_kept_of_what_is_not_to_be_stored(door, model, stream):
    told = await door.ask(model, stream=stream, store=False)

    assert told["store"] is False
    status, body = await door.call("GET", told["id"])
    assert status == 404
    assert body["error"]["type"] == "invalid_request_error"
    assert told["id"] in body["error"]["message"]


@MODELS
@pytest.mark.parametrize("later", list(WHOLE))
@WAYS
async def test_a_response_goes_on_from_another_with_any_model(door, model, later, stream):
    first = await door.ask(model, "Ahoy", input="My name is Ada", instructions="Be brief")
    second = await door.ask(
        later, "Ada", input="Who am I?", previous_response_id=first["id"], stream=stream
    )

    assert second["previous_response_id"] == first["id"]
    assert (await door.get(second["id"]))["previous_response_id"] == first["id"]
    asked = json.dumps(door.sent)
    places = [asked.index(said) for said in ("My name is Ada", "Ahoy", "Who am I?")]
    assert places == sorted(places)
    assert "Be brief" not in asked, "instructions are not carried over"


@MODELS
async def test_providers_are_asked_for_nothing_but_an_answer(door, model):
    first = await door.ask("gpt", "Ahoy", include=["message.output_text.logprobs"])
    own = door.sent
    await door.ask(model, previous_response_id=first["id"])

    assert own["store"] is False
    assert own["include"] == ["message.output_text.logprobs", "reasoning.encrypted_content"]
    assert "previous_response_id" not in door.sent
    if model == "gpt":
        assert (door.sent["store"], door.sent["include"]) == (
            False,
            ["reasoning.encrypted_content"],
        )
    else:
        assert {"store", "include"}.isdisjoint(door.sent)


@MODELS
async def test_what_is_done_here_is_no_loss_in_translation(door, model):
    first = await door.ask(model, "Ahoy")
    door.upstream.play(whole(WHOLE[model]("Yes")))
    body = {"model": model, "input": "And?", "previous_response_id": first["id"], "store": True}
    headers = {"x-dragoman-strict": "true"}

    async with door.client.post(URL, json=body, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert "x-dragoman-receipt" not in response.headers


async def test_what_was_changed_is_told_with_the_response_again(door):
    told = await door.ask("claude", max_tool_calls=3)

    async with door.client.get(f"{URL}/{told['id']}") as response:
        assert response.headers["x-dragoman-receipt"] == "dropped max_tool_calls"


async def test_reasoning_returns_to_its_vendor_with_its_seal_unbroken(door, upstream):
    sealed = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "b64=="}
    reply = _responses_whole("Ahoy")
    upstream.play(whole(reply | {"output": [sealed, *reply["output"]]}))
    first = door.last(await door.post())
    await door.ask("gpt", previous_response_id=first["id"])

    assert door.sent["input"][1:3] == [sealed, *reply["output"]]


@WAYS
async def test_another_vendors_seal_returns_unbroken(door, upstream, stream):
    thought = {"type": "thinking", "thinking": "Let me see", "signature": "c2VhbA=="}
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}
    upstream.play(
        whole(anthropic_whole("") | {"content": [thought, call], "stop_reason": "tool_use"})
    )
    tools = [{"type": "function", "name": "weather", "parameters": {"type": "object"}}]
    first = door.last(await door.post(model="claude", tools=tools, stream=stream))
    (asked,) = [item for item in first["output"] if item["type"] == "function_call"]

    result = {"type": "function_call_output", "call_id": asked["call_id"], "output": "rain"}
    await door.ask(
        "claude", "It rains", input=[result], tools=tools, previous_response_id=first["id"]
    )

    _, assistant, user = door.sent["messages"]
    assert assistant["content"] == [thought, call]
    assert user["content"][0]["tool_use_id"] == "toolu_1"


async def test_the_seal_on_a_call_returns_to_its_vendor(door, upstream):
    call = {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}}
    sealed = call | {"thoughtSignature": "c2VhbA=="}
    reply = gemini_whole("")
    reply["candidates"][0]["content"]["parts"] = [sealed]
    upstream.play(whole(reply))
    tools = [{"type": "function", "name": "weather", "parameters": {"type": "object"}}]
    first = door.last(await door.post(model="gemini", tools=tools))
    (asked,) = [item for item in first["output"] if item["type"] == "function_call"]

    result = {"type": "function_call_output", "call_id": asked["call_id"], "output": "rain"}
    await door.ask(
        "gemini", "It rains", input=[result], tools=tools, previous_response_id=first["id"]
    )

    (replayed,) = door.sent["contents"][1]["parts"]
    assert replayed["thoughtSignature"] == "c2VhbA=="


@WAYS
@pytest.mark.parametrize("typed", [True, False])
async def test_kept_items_may_be_named_instead_of_sent(door, upstream, stream, typed):
    thought = {"type": "thinking", "thinking": "Let me see", "signature": "c2VhbA=="}
    text = {"type": "text", "text": "I look"}
    call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}
    reply = anthropic_whole("") | {"content": [thought, text, call], "stop_reason": "tool_use"}
    upstream.play(whole(reply))
    tools = [{"type": "function", "name": "weather", "parameters": {"type": "object"}}]
    first = door.last(await door.post(model="claude", tools=tools, stream=stream))
    kind = {"type": "item_reference"} if typed else {}
    named = [{**kind, "id": item["id"]} for item in first["output"]]
    result = {"type": "function_call_output", "call_id": "toolu_1", "output": "rain"}
    asked = [{"role": "user", "content": "Hello"}, *named, result]

    second = await door.ask("claude", "It rains", input=asked, tools=tools)

    assert door.sent["messages"][1]["content"] == [thought, text, call]
    listed = await door.get(f"{second['id']}/input_items", order="asc")
    assert listed["data"][1:4] == first["output"]
    await door.ask("gpt", "Yes", input="And?", previous_response_id=second["id"])
    assert "item_reference" not in json.dumps(door.sent)


async def test_a_short_request_cannot_name_more_than_could_be_sent(door, upstream):
    kept = await door.ask(answer="x" * 100_000)
    asked = len(upstream.received)
    named = [{"id": kept["output"][0]["id"]}]

    response, body = await door.post(input=named * 400)
    assert (response.status, json.loads(body)["error"]["param"]) == (413, "input")

    response, body = await door.post(input=[{"id": f"msg_{n}"} for n in range(30_000)])
    assert (response.status, json.loads(body)["error"]["param"]) == (400, "input")
    assert len(upstream.received) == asked


async def test_an_item_that_is_not_kept_is_not_found(door, upstream):
    response, body = await door.post(input=[{"type": "item_reference", "id": "msg_nobodys"}])

    assert response.status == 404
    assert "msg_nobodys" in json.loads(body)["error"]["message"]
    assert upstream.received == []


async def test_what_goes_on_from_a_deleted_response_keeps_what_was_said(door):
    first = await door.ask(answer="Ahoy", input="My name is Ada")
    second = await door.ask(input="And?", previous_response_id=first["id"])

    status, deleted = await door.call("DELETE", first["id"])
    await door.ask(input="Who am I?", previous_response_id=second["id"])

    assert status == 200
    assert deleted == {"id": first["id"], "object": "response", "deleted": True}
    assert "My name is Ada" in json.dumps(door.sent)
    assert (await door.call("GET", first["id"]))[0] == 404
    assert (await door.call("DELETE", first["id"]))[0] == 404
    _, body = await door.post(previous_response_id=first["id"])
    assert json.loads(body)["error"]["code"] == "previous_response_not_found"


@WAYS
async def test_an_unknown_previous_response_is_told_as_the_vendor_does(door, upstream, stream):
    response, body = await door.post(previous_response_id="resp_nobodys", stream=stream)
    error = json.loads(body)["error"]

    assert response.status == 400
    assert (error["code"], error["param"]) == (
        "previous_response_not_found",
        "previous_response_id",
    )
    assert "Previous response with id 'resp_nobodys' not found" in error["message"]
    assert upstream.received == []


@pytest.mark.parametrize(
    ("asked", "cure"),
    [({"background": True}, "stream"), ({"conversation": "conv_1"}, "previous_response_id")],
)
async def test_what_only_the_vendor_can_do_is_refused_with_a_cure(door, upstream, asked, cure):
    response, body = await door.post(**asked)
    error = json.loads(body)["error"]

    assert response.status == 400
    assert (error["param"], error["code"]) == (next(iter(asked)), "unsupported_parameter")
    assert cure in error["message"]
    assert upstream.received == []


async def test_what_says_nothing_is_not_refused(door):
    told = await door.ask(background=False, conversation=None, previous_response_id=None)
    assert told["store"] is True
    assert "conversation" not in door.sent


async def test_routes_that_only_the_vendor_has_say_so(door):
    told = await door.ask()

    for path in (f"{told['id']}/cancel", "compact", "input_tokens"):
        status, body = await door.call("POST", path)
        assert status == 404
        assert body["error"]["message"].partition(": ")[2], "what to do instead"
    status, body = await door.call("GET", told["id"], stream="true")
    assert (status, body["error"]["param"]) == (400, "stream")


@MODELS
@pytest.mark.parametrize(
    "failure",
    [
        Script(503, {"content-type": "application/json"}, (b"{}",)),
        "a stream that is cut",
    ],
    ids=["before", "in the middle"],
)
async def test_a_response_that_failed_is_not_kept(door, upstream, stored, model, failure):
    cut = streamed(STREAM[model](["Good", "day"])[:3], end="cut")
    upstream.play(failure if isinstance(failure, Script) else cut)

    response, body = await door.post(model=model, stream=True)

    if response.status == 200:
        events = [event.content for event in parse_events(body)]
        kinds = {event["type"] for event in events}
        assert {"error", "response.failed"} <= kinds
        assert "response.completed" not in kinds
    else:
        assert response.status == 503
        assert json.loads(body)["error"]["code"] == "server_is_overloaded"
    assert stored() == 0


async def test_a_client_that_leaves_ends_the_call_and_nothing_is_kept(door, upstream, stored):
    upstream.play(streamed(_responses_stream(["one", "two"])[:4], pause=0.05, end="hang"))

    response = await door.client.post(URL, json={"model": "gpt", "input": "Hello", "stream": True})
    await response.content.readuntil(b"\n\n")
    response.close()

    await asyncio.wait_for(upstream.closed_by_peer.wait(), 2)
    assert stored() == 0


async def test_the_items_of_a_response_are_listed_whole_and_page_by_page(door):
    first = await door.ask(answer="Ahoy", input="One")
    items = [
        {"role": "user", "content": "Two"},
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "3"},
    ]
    second = await door.ask(input=items, previous_response_id=first["id"])
    path = f"{second['id']}/input_items"

    listed = await door.get(path, order="asc")
    kinds = [(item["type"], item.get("role")) for item in listed["data"]]
    assert kinds == [
        ("message", "user"),
        ("message", "assistant"),
        ("message", "user"),
        ("function_call", None),
        ("function_call_output", None),
    ]
    assert listed["data"][0]["content"] == [{"type": "input_text", "text": "One"}]
    assert listed["data"][1] == first["output"][0]
    ids = [item["id"] for item in listed["data"]]
    assert len(set(ids)) == 5
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (ids[0], ids[-1], False)

    assert [item["id"] for item in (await door.get(path))["data"]] == ids[::-1]
    page = await door.get(path, order="asc", limit=2, after=ids[1])
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (ids[2:4], True)
    limits = (0, 101, "00100999", "00001" + 5000 * "9")
    for wrong in (*({"limit": limit} for limit in limits), {"order": "up"}, {"after": "nobody"}):
        status, body = await door.call("GET", path, **wrong)
        assert (status, body["error"]["param"]) == (400, next(iter(wrong)))


async def test_a_response_outlives_its_server(environ, tmp_path, upstream):
    configuration = configured(tmp_path, environ)
    async with running(configuration, pace=PACE) as dragoman:
        told = await Door(dragoman.client, upstream).ask(input="My name is Ada")
    async with running(configuration, pace=PACE) as dragoman:
        door = Door(dragoman.client, upstream)
        assert await door.get(told["id"]) == told
        await door.ask(input="Who am I?", previous_response_id=told["id"])
        assert "My name is Ada" in json.dumps(door.sent)


class Refusing:
    """A database that stores nothing more once it has a trouble."""

    def __init__(self, database) -> None:
        self.database = database
        self.trouble = None

    def __getattr__(self, name) -> object:
        return getattr(self.database, name)

    async def write(self, job):
        if self.trouble is not None:
            raise StorageError(self.trouble)
        return await self.database.write(job)


@MODELS
@WAYS
@pytest.mark.parametrize(
    ("trouble", "status"), [(Trouble.FULL, 507), (Trouble.READONLY, 503)], ids=["full", "read-only"]
)
async def test_no_success_is_told_of_what_could_not_be_stored(
    environ, tmp_path, upstream, model, stream, trouble, status
):
    with open_database(tmp_path) as opened:
        database = Refusing(opened)
        async with running(configured(tmp_path, environ), pace=PACE, database=database) as server:
            door = Door(server.client, upstream)
            kept = await door.ask(model)
            database.trouble = trouble
            answer = streamed(STREAM[model](["Good", "day"]), pause=0.01)
            upstream.play(answer if stream else whole(WHOLE[model]("Good day")))

            response, body = await door.post(model=model, stream=stream)
            unstored, _ = await door.post(model=model, store=False)

            assert unstored.status == 200, "it needs no room"
            assert await door.get(kept["id"]) == kept
            if not stream:
                assert response.status == status
                assert WORDS[trouble] in json.loads(body)["error"]["message"]
                return
            events = [event.content for event in parse_events(body)]
            kinds = [event["type"] for event in events]
            assert kinds[-2:] == ["error", "response.failed"]
            assert "response.completed" not in kinds
            assert WORDS[trouble] in events[-2]["error"]["message"]
            assert events[-1]["response"]["id"] == events[0]["response"]["id"]


async def test_with_no_days_nothing_is_stored_and_clients_are_told_so(environ, tmp_path, upstream):
    environ = {**environ, "DRAGOMAN_KEEP_RESPONSES_DAYS": "0"}
    async with running(configured(tmp_path, environ), pace=PACE) as dragoman:
        door = Door(dragoman.client, upstream)
        told = await door.ask(store=True)

        assert told["store"] is False
        assert (await door.call("GET", told["id"]))[0] == 404
        response, _ = await door.post(previous_response_id=told["id"])
        assert response.status == 400


async def test_what_would_be_sent_for_a_response_is_what_is_sent(door, dragoman):
    first = await door.ask("claude", "Ahoy", input="My name is Ada")
    asked = {"model": "gpt", "input": "Who am I?", "stream": False}
    asked["previous_response_id"] = first["id"]

    body = {"dialect": "openai_responses", "request": asked}
    async with dragoman.client.post("/api/v1/explain", json=body) as response:
        explained = await response.json()
    await door.ask(**asked)

    assert explained["request"]["body"] == door.sent
    assert explained["receipts"] == []


@WAYS
async def test_a_response_that_was_cut_short_is_kept_as_that(door, upstream, stream):
    reply = anthropic_whole("Good") | {"stop_reason": "max_tokens"}
    upstream.play(whole(reply))

    told = door.last(await door.post(model="claude", stream=stream))

    assert told["status"] == "incomplete"
    assert told["incomplete_details"] == {"reason": "max_output_tokens"}
    assert await door.get(told["id"]) == told


async def test_what_a_server_of_the_same_format_says_oddly_is_kept(door, upstream):
    odd = _responses_stream(["Good", "day"])
    last = json.loads(odd[-1].partition(b"data: ")[2])
    last["response"]["output"] = None
    last["response"]["id"] = "no-id-of-ours"
    odd[-1] = b"event: response.completed\ndata: " + json.dumps(last).encode() + b"\n\n"
    upstream.play(streamed(odd))
    told = door.last(await door.post(stream=True))

    assert told["id"].startswith("resp_vendors")
    (item,) = (await door.get(told["id"]))["output"]
    assert item["content"][0]["text"] == "Goodday"
    await door.ask("claude", input="And?", previous_response_id=told["id"])
    assert door.sent["messages"][1]["content"] == [{"type": "text", "text": "Goodday"}]


async def test_an_id_that_clients_do_not_know_is_replaced_everywhere(door, upstream):
    foreign = [piece.replace(b"resp_vendors", b"chat-") for piece in _responses_stream(["Yes"])]
    upstream.play(streamed(foreign))

    _, body = await door.post(stream=True)
    responses = [e.content["response"] for e in parse_events(body) if "response" in e.content]

    assert len({response["id"] for response in responses}) == 1
    assert responses[0]["id"].startswith("resp_")
    assert await door.get(responses[0]["id"]) == responses[-1]


@pytest.fixture
async def sdk(dragoman):
    async with openai.AsyncOpenAI(
        base_url=f"{dragoman.url}/v1", api_key="any", max_retries=0
    ) as client:
        yield client


@MODELS
async def test_the_vendors_own_client_is_at_home(sdk, upstream, model):
    upstream.play(whole(WHOLE[model]("Ahoy")))
    first = await sdk.responses.create(model=model, input="My name is Ada")
    assert first.output_text == "Ahoy"

    upstream.play(streamed(STREAM[model](["A", "da"])))
    async with sdk.responses.stream(
        model=model, input="Who am I?", previous_response_id=first.id
    ) as stream:
        async for _ in stream:
            pass
        second = await stream.get_final_response()
    assert second.output_text == "Ada"
    assert second.previous_response_id == first.id

    again = await sdk.responses.retrieve(second.id)
    assert again.output_text == "Ada"
    items = [item async for item in sdk.responses.input_items.list(second.id, order="asc")]
    assert [item.type for item in items] == ["message"] * 3
    await sdk.responses.delete(second.id)
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.retrieve(second.id)
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk.responses.create(model=model, input="?", previous_response_id=second.id)
    assert refused.value.code == "previous_response_not_found"
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.cancel(first.id)
