"""What programs that speak a vendor's format are promised: their words, their errors, any model."""

import asyncio
import json

import pytest

from dragoman.testing import Script
from dragoman.testing.upstream import streamed, whole
from tests.support.server import configured, running
from tests.support.tapes import (
    anthropic_stream,
    anthropic_whole,
    openai_stream,
    openai_whole,
)

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
WHOLE = {"gpt": openai_whole, "claude": anthropic_whole}
STREAM = {"gpt": openai_stream, "claude": anthropic_stream}
MODELS = pytest.mark.parametrize("model", ["gpt", "claude"])
DOORS = pytest.mark.parametrize("door", [CHAT, MESSAGES])
USER = [{"role": "user", "content": "Hello"}]


def asking(door: str, **more: object) -> dict[str, object]:
    need = {"max_tokens": 64} if door == MESSAGES else {}
    return {"model": "gpt", "messages": USER, **need, **more}


def payloads(body: bytes) -> list[dict]:
    """Give the data of every event but `[DONE]`."""
    lines = [line[6:] for line in body.splitlines() if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def said(door: str, events: list[dict]) -> str:
    if door == CHAT:
        deltas = [choice["delta"] for event in events for choice in event.get("choices", [])]
        return "".join(delta.get("content") or "" for delta in deltas)
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    return "".join(delta["text"] for delta in deltas)


@MODELS
async def test_a_client_of_openais_format_gets_any_models_answer(dragoman, upstream, model):
    upstream.play(whole(WHOLE[model]("Good day")))

    response = await dragoman.client.post(CHAT, json=asking(CHAT, model=model))
    answer = await response.json()

    assert response.status == 200
    assert answer["object"] == "chat.completion"
    assert answer["model"] == model
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "Good day"}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert isinstance(answer["created"], int)
    assert answer["id"]
    assert answer["usage"]["prompt_tokens"] == 7


@MODELS
async def test_a_client_of_anthropics_format_gets_any_models_answer(dragoman, upstream, model):
    upstream.play(whole(WHOLE[model]("Good day")))

    response = await dragoman.client.post(MESSAGES, json=asking(MESSAGES, model=model))
    answer = await response.json()

    assert response.status == 200
    assert (answer["type"], answer["role"], answer["model"]) == ("message", "assistant", model)
    assert answer["content"] == [{"type": "text", "text": "Good day"}]
    assert answer["stop_reason"] == "end_turn"
    assert answer["usage"]["input_tokens"] == 7


@DOORS
@MODELS
async def test_a_stream_ends_with_the_mark_of_its_format(dragoman, upstream, door, model):
    upstream.play(streamed(STREAM[model](["Good", " ", "day"])))

    response = await dragoman.client.post(door, json=asking(door, model=model, stream=True))
    body = await response.read()
    events = payloads(body)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert said(door, events) == "Good day"
    if door == CHAT:
        assert body.endswith(b"data: [DONE]\n\n")
        assert {event["model"] for event in events} == {model}
        assert all(event["id"] and isinstance(event["created"], int) for event in events)
        assert not any(event.get("usage") for event in events), "nobody asked for it"
    else:
        assert events[-1] == {"type": "message_stop"}
        assert events[0]["message"]["model"] == model


@MODELS
async def test_usage_is_told_in_a_stream_to_a_client_that_asks(dragoman, upstream, model):
    upstream.play(streamed(STREAM[model](["x"])))
    body = asking(CHAT, model=model, stream=True, stream_options={"include_usage": True})

    response = await dragoman.client.post(CHAT, json=body)
    last = payloads(await response.read())[-1]

    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == 7


async def test_the_vendors_name_of_a_model_is_never_told(dragoman, upstream):
    for door, model, stream in (
        (door, model, stream)
        for door in (CHAT, MESSAGES)
        for model in ("gpt", "claude")
        for stream in (False, True)
    ):
        named = f"vendor-{model}"
        tape = STREAM[model](["x"]) if stream else None
        upstream.play(
            streamed([piece.replace(b'"m"', f'"{named}"'.encode()) for piece in tape])
            if tape
            else whole(WHOLE[model]("x") | {"model": named})
        )

        response = await dragoman.client.post(door, json=asking(door, model=model, stream=stream))

        assert b"vendor-" not in await response.read(), (door, model, stream)


@DOORS
@MODELS
async def test_the_vendors_name_of_a_model_is_not_told_in_an_error(dragoman, upstream, door, model):
    said = {"message": f"The model `vendor-{model}-2026` is busy", "param": f"vendor-{model}"}
    upstream.play(whole({"error": said, "type": "error"}, status=400))

    response = await dragoman.client.post(door, json=asking(door, model=model))
    body = await response.text()

    assert response.status == 400
    assert f"The model `{model}-2026` is busy" in body
    assert "vendor-" not in body


@pytest.mark.parametrize("vendors", ["true", "false"])
async def test_whether_to_try_again_is_said_once(dragoman, upstream, vendors):
    upstream.play(whole({"error": {"message": "no"}}, status=400, x_should_retry=vendors))

    response = await dragoman.client.post(CHAT, json=asking(CHAT))

    assert response.headers.getall("x-should-retry") == ["false"]


async def test_the_vendors_name_of_a_model_is_not_told_by_a_stream_that_names_it_late(
    dragoman, upstream
):
    first, *rest = openai_stream(["x"])
    named = b'"model": "vendor-model"'
    late = [piece.replace(named, b'"model": "vendor-gpt"') for piece in rest]
    assert late != rest
    for silent in (b'"model": ""', b'"model": null'):
        upstream.play(streamed([first.replace(named, silent), *late]))

        response = await dragoman.client.post(CHAT, json=asking(CHAT, stream=True))

        assert b"vendor-" not in await response.read()


async def test_the_same_wire_gets_unknown_fields_both_ways(dragoman, upstream):
    upstream.play(whole(openai_whole("x") | {"sparkle": {"deep": [1]}}))

    response = await dragoman.client.post(CHAT, json=asking(CHAT, glitter="gold"))

    assert upstream.received[0].json["glitter"] == "gold"
    assert (await response.json())["sparkle"] == {"deep": [1]}


async def test_a_clients_own_version_and_betas_reach_its_own_wire(dragoman, upstream):
    upstream.play(whole(anthropic_whole("x")))
    headers = {"anthropic-version": "2026-10-21", "anthropic-beta": "one,two"}

    await dragoman.client.post(MESSAGES, json=asking(MESSAGES, model="claude"), headers=headers)
    await dragoman.client.post(MESSAGES, json=asking(MESSAGES, model="claude"))
    own, without = upstream.received

    assert own.headers["anthropic-version"] == "2026-10-21"
    assert own.headers["anthropic-beta"] == "one,two"
    assert without.headers["anthropic-version"] == "2023-06-01"
    assert "anthropic-beta" not in without.headers


async def test_a_clients_own_headers_do_not_reach_another_wire(dragoman, upstream):
    upstream.play(whole(openai_whole("x")))

    await dragoman.client.post(
        MESSAGES, json=asking(MESSAGES), headers={"anthropic-beta": "one", "x-api-key": "theirs"}
    )

    assert "anthropic-beta" not in upstream.received[0].headers
    assert "theirs" not in str(upstream.received[0].headers)


# What a provider says, and the status and word a client of each format reads.
FAILURES = [
    (401, 502, "upstream_auth", 502, "authentication_error"),
    (403, 502, "upstream_auth", 502, "permission_error"),
    (402, 429, "quota_exhausted", 402, "billing_error"),
    (404, 404, "model_not_found", 404, "not_found_error"),
    (413, 413, "upstream_too_large", 413, "request_too_large"),
    (422, 422, "upstream_unprocessable", 422, "invalid_request_error"),
    (400, 400, "upstream_bad_request", 400, "invalid_request_error"),
    (429, 429, "rate_limit_exceeded", 429, "rate_limit_error"),
    (500, 502, "upstream_5xx", 502, "api_error"),
    (503, 503, "server_is_overloaded", 529, "overloaded_error"),
    (529, 503, "server_is_overloaded", 529, "overloaded_error"),
]


@MODELS
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("failure", FAILURES, ids=[str(row[0]) for row in FAILURES])
async def test_a_failure_is_told_in_the_callers_dialect(dragoman, upstream, model, stream, failure):
    status, openai_status, code, anthropic_status, kind = failure
    upstream.play(Script(status, {"content-type": "application/json"}, (b"{}",)))

    chat = await dragoman.client.post(CHAT, json=asking(CHAT, model=model, stream=stream))
    told = (await chat.json())["error"]
    messages = await dragoman.client.post(
        MESSAGES, json=asking(MESSAGES, model=model, stream=stream)
    )
    other = await messages.json()

    assert (chat.status, told["code"]) == (openai_status, code)
    assert set(told) == {"message", "type", "param", "code"}
    assert (messages.status, other["error"]["type"]) == (anthropic_status, kind)
    assert other["type"] == "error"
    assert other["request_id"] == messages.headers["request-id"]


@DOORS
async def test_how_long_to_wait_is_passed_on(dragoman, upstream, door):
    upstream.play(Script(429, {"content-type": "application/json", "retry-after": "7"}, (b"{}",)))

    response = await dragoman.client.post(door, json=asking(door))

    assert response.status == 429
    assert response.headers["retry-after"] == "7"
    assert "x-should-retry" not in response.headers


@DOORS
async def test_what_would_be_retried_in_vain_says_so(dragoman, upstream, door):
    upstream.play(Script(401, {"content-type": "application/json"}, (b"{}",)))

    response = await dragoman.client.post(door, json=asking(door))

    assert response.headers["x-should-retry"] == "false"


@DOORS
@MODELS
async def test_a_stream_that_breaks_off_ends_in_an_error_and_no_mark(
    dragoman, upstream, door, model
):
    upstream.play(streamed(STREAM[model](["Good", " day"])[:2], end="cut"))

    response = await dragoman.client.post(door, json=asking(door, model=model, stream=True))
    body = await response.read()
    events = payloads(body)

    assert response.status == 200
    assert "error" in events[-1]
    assert b"[DONE]" not in body
    assert b"message_stop" not in body
    if door == MESSAGES:
        assert b"event: error\n" in body
        assert events[-1]["error"]["type"] == "api_error"


@DOORS
async def test_a_model_that_is_not_there_is_not_found_and_the_known_ones_are_named(dragoman, door):
    response = await dragoman.client.post(door, json=asking(door, model="gpt-nope"))
    error = (await response.json())["error"]

    assert response.status == 404
    assert "gpt, claude" in error["message"]
    if door == CHAT:
        assert (error["code"], error["param"]) == ("model_not_found", "model")
    else:
        assert error["type"] == "not_found_error"


@DOORS
@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"{", 400, None),
        (b"[]", 400, None),
        (b'{"messages": []}', 400, "model"),
        (b'{"model": "gpt", "messages": 7}', 400, "messages"),
        (b'{"model": "gpt", "messages": [{"role": "clown"}]}', 400, "messages[0].role"),
    ],
)
async def test_a_wrong_request_is_refused_where_it_is_wrong(dragoman, door, body, status, path):
    response = await dragoman.client.post(
        door, data=body, headers={"content-type": "application/json"}
    )
    error = (await response.json())["error"]

    assert response.status == status
    assert error["type"] == "invalid_request_error"
    if path is not None:
        assert path in error["message"]
        if door == CHAT:
            assert error["param"] == path


@DOORS
@pytest.mark.parametrize("field", ["api_base", "base_url", "api_key", "headers", "user_config"])
async def test_no_request_chooses_an_address_or_a_key(dragoman, upstream, door, field):
    response = await dragoman.client.post(door, json=asking(door, **{field: "http://evil"}))

    assert response.status == 400
    assert field in (await response.json())["error"]["message"]
    assert upstream.received == []


@DOORS
async def test_what_the_edge_refuses_is_told_in_the_callers_dialect_too(dragoman, door):
    wrong_method = await dragoman.client.get(door)
    foreign = await dragoman.client.post(door, json={}, headers={"origin": "http://evil.example"})
    untyped = await dragoman.client.post(door, data=b"{}", headers={"content-type": "text/plain"})

    for response, status in ((wrong_method, 405), (foreign, 403), (untyped, 415)):
        error = (await response.json())["error"]
        assert response.status == status
        assert error["type"] == "invalid_request_error"
        assert error["message"]


async def test_an_unknown_route_is_told_in_the_callers_dialect(dragoman):
    response = await dragoman.client.post("/v1/audio/speech", json={})

    assert response.status == 404
    assert (await response.json())["error"]["type"] == "invalid_request_error"


@DOORS
async def test_what_the_translation_changed_is_told_in_a_header(dragoman, upstream, door):
    model, field = ("claude", "seed") if door == CHAT else ("gpt", "top_k")
    upstream.play(whole(WHOLE[model]("x")), streamed(STREAM[model](["x"])))

    for stream in (False, True):
        body = asking(door, model=model, stream=stream, **{field: 7})
        response = await dragoman.client.post(door, json=body)
        await response.read()
        assert f"dropped {field}" in response.headers["x-dragoman-receipt"]


@DOORS
async def test_a_strict_client_is_refused_before_anything_is_lost(dragoman, upstream, door):
    model, field = ("claude", "seed") if door == CHAT else ("gpt", "top_k")
    body = asking(door, model=model, **{field: 7})

    response = await dragoman.client.post(door, json=body, headers={"x-dragoman-strict": "true"})

    assert response.status == 400
    assert field in (await response.json())["error"]["message"]
    assert upstream.received == []


@DOORS
async def test_a_client_that_leaves_ends_the_call_upstream(dragoman, upstream, door):
    upstream.play(streamed(openai_stream(["one", "two"])[:2], pause=0.05, end="hang"))

    response = await dragoman.client.post(door, json=asking(door, stream=True))
    await response.content.readuntil(b"\n\n")
    response.close()

    await asyncio.wait_for(upstream.closed_by_peer.wait(), 2)


async def test_tools_go_there_and_back_across_the_formats(dragoman, upstream):
    reply = anthropic_whole("")
    reply["content"] = [
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}}
    ]
    reply["stop_reason"] = "tool_use"
    upstream.play(whole(reply), whole(anthropic_whole("It rains")))
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}

    first = await dragoman.client.post(CHAT, json=asking(CHAT, model="claude", tools=[tool]))
    message = (await first.json())["choices"][0]["message"]
    call = message["tool_calls"][0]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "rain"}
    second = await dragoman.client.post(
        CHAT, json=asking(CHAT, model="claude", tools=[tool], messages=[*USER, message, result])
    )

    assert json.loads(call["function"]["arguments"]) == {"city": "Oslo"}
    assert (await second.json())["choices"][0]["message"]["content"] == "It rains"
    sent = upstream.received[1].json["messages"]
    assert sent[1]["content"][0]["id"] == sent[2]["content"][0]["tool_use_id"] == "toolu_1"


@DOORS
async def test_a_model_nobody_listed_is_asked_where_the_operator_allows_it(
    environ, upstream, tmp_path, door
):
    upstream.play(whole(openai_whole("x") | {"model": "any/model"}))
    allowing = environ | {"DRAGOMAN_ALLOW_UNLISTED_MODELS": "true"}
    async with running(configured(tmp_path, allowing)) as dragoman:
        response = await dragoman.client.post(door, json=asking(door, model="openai/any/model"))
        answer = await response.json()

    assert response.status == 200
    assert answer["model"] == "openai/any/model"
    assert upstream.received[0].json["model"] == "any/model"


async def test_a_model_nobody_listed_is_refused_with_the_setting_that_would_allow_it(dragoman):
    response = await dragoman.client.post(CHAT, json=asking(CHAT, model="openai/gpt-9"))

    assert response.status == 404
    assert "allow_unlisted_models" in (await response.json())["error"]["message"]


@DOORS
async def test_the_operator_can_have_every_translation_strict(environ, upstream, tmp_path, door):
    model, field = ("claude", "seed") if door == CHAT else ("gpt", "top_k")
    body = asking(door, model=model, **{field: 7})
    async with running(configured(tmp_path, environ | {"DRAGOMAN_STRICT": "true"})) as dragoman:
        response = await dragoman.client.post(door, json=body)
        error = (await response.json())["error"]

    assert response.status == 400
    assert field in error["message"]
    assert upstream.received == []


def _without(whole_reply: dict, *path: str | int) -> dict:
    *way, last = path
    place = whole_reply
    for step in way:
        place = place[step]
    del place[last]
    return whole_reply


def _with_object_arguments(*, call: object) -> dict:
    reply = openai_whole("Hi")
    reply["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
    return reply


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
CARELESS = {
    "names no model": (CHAT, "gpt", _without(openai_whole("Hi"), "model")),
    "says no model": (CHAT, "gpt", openai_whole("Hi") | {"model": None}),
    "is of no kind": (CHAT, "gpt", _without(openai_whole("Hi"), "object")),
    "is of nobody": (CHAT, "gpt", _without(openai_whole("Hi"), "choices", 0, "message", "role")),
    "is no number": (CHAT, "gpt", _without(openai_whole("Hi"), "choices", 0, "index")),
    "has no end": (CHAT, "gpt", _without(openai_whole("Hi"), "choices", 0, "finish_reason")),
    "calls with an object": (CHAT, "gpt", _with_object_arguments(call=CALL)),
    "names no model either": (MESSAGES, "claude", _without(anthropic_whole("Hi"), "model")),
    "is no message": (MESSAGES, "claude", _without(anthropic_whole("Hi"), "type")),
    "is of nobody either": (MESSAGES, "claude", _without(anthropic_whole("Hi"), "role")),
    "counts nothing": (MESSAGES, "claude", anthropic_whole("Hi") | {"usage": None}),
    "has no end either": (MESSAGES, "claude", anthropic_whole("Hi") | {"stop_reason": None}),
}


@pytest.mark.parametrize("careless", CARELESS)
async def test_what_a_careless_vendor_leaves_out_clients_of_its_format_are_told(
    dragoman, upstream, careless
):
    door, model, reply = CARELESS[careless]
    upstream.play(whole(reply))

    response = await dragoman.client.post(door, json=asking(door, model=model))
    answer = await response.json()

    assert response.status == 200
    assert answer["model"] == model
    if door == CHAT:
        (choice,) = answer["choices"]
        assert (answer["object"], choice["index"]) == ("chat.completion", 0)
        assert (choice["message"]["role"], choice["finish_reason"]) == ("assistant", "stop")
        assert all(
            isinstance(call["function"]["arguments"], str)
            for call in choice["message"].get("tool_calls", ())
        )
    else:
        assert (answer["type"], answer["role"]) == ("message", "assistant")
        assert answer["stop_reason"] == "end_turn"
        assert answer["usage"].keys() >= {"input_tokens", "output_tokens"}


@MODELS
async def test_the_vendors_name_of_a_model_is_not_told_in_another_spelling(
    dragoman, upstream, model
):
    door = CHAT if model == "gpt" else MESSAGES
    body = json.dumps(WHOLE[model]("Hi") | {"model": "vendor/x"}).replace("r/x", "r\\/x")
    upstream.play(Script(200, {"content-type": "application/json"}, (body.encode(),)))

    response = await dragoman.client.post(door, json=asking(door, model=model))

    assert (await response.json())["model"] == model
