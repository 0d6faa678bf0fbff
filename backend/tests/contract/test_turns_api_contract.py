"""What `POST /api/v1/messages` promises in a conversation: stored first, told afterwards."""

import asyncio
import json
import re

import aiohttp
import pytest

from dragoman.storage.database import NAME
from dragoman.storage.sqlite import library
from dragoman.testing import Script
from dragoman.testing.upstream import streamed, whole
from tests.support.server import configured, parse_events, running
from tests.support.tapes import (
    anthropic_stream,
    anthropic_whole,
    named_sse,
    openai_stream,
    openai_whole,
)

URL = "/api/v1/conversations"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NONE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def say(dragoman, upstream):
    """Have a whole turn; give the answer's body."""

    async def turn(conversation, message=None, answer="Yes", **more: object):
        upstream.play(whole(openai_whole(answer)))
        body = {"conversationId": conversation, **more}
        body |= {} if message is None else {"message": message}
        response = await dragoman.client.post("/api/v1/messages", json=body)
        assert response.status == 200, await response.text()
        return await response.json()

    return turn


def asked(upstream):
    """What the last request showed the model."""
    return [(m["role"], m["content"]) for m in upstream.received[-1].json["messages"]]


async def test_a_whole_answer_names_what_was_stored(dragoman, upstream, make, read):
    upstream.play(whole(openai_whole("Good day")))
    conversation = await make()

    response = await dragoman.ask("Hello", conversationId=conversation)
    answer = await response.json()

    assert response.status == 200
    assert (answer["status"], answer["message"], answer["model"]) == ("success", "Good day", "gpt")
    assert (answer["conversationId"], answer["title"]) == (conversation, "Hello")
    assert re.fullmatch(f"msg-{UUID}", answer["messageId"])
    assert re.fullmatch(f"msg-{UUID}", answer["userMessageId"])
    assert answer["stopReason"] == "stop"
    assert answer["timing"]["totalMs"] >= answer["timing"]["firstTokenMs"] > 0

    message, reply = await read(conversation)
    assert (message["id"], message["sender"], message["text"]) == (
        answer["userMessageId"],
        "user",
        "Hello",
    )
    assert (message["state"], message["parentId"], message["model"]) == ("complete", None, None)
    assert reply == {
        "id": answer["messageId"],
        "sender": "system",
        "text": "Good day",
        "state": "complete",
        "model": "gpt",
        "provider": "openai",
        "timestamp": reply["timestamp"],
        "usage": answer["usage"],
        "timing": answer["timing"],
        "error": None,
        "parentId": message["id"],
        "stopReason": "stop",
        "reasoning": None,
        "receipts": [],
    }


@pytest.mark.parametrize("model", ["gpt", "claude"])
async def test_a_stream_opens_with_what_was_stored_and_ends_when_all_is(
    dragoman, upstream, make, read, model
):
    stream = {"gpt": openai_stream, "claude": anthropic_stream}[model]
    upstream.play(streamed(stream(["Good", " ", "day"])))
    conversation = await make()

    events = await dragoman.events("Hello", conversationId=conversation, model=model)

    start, *tokens, end = [event.content for event in events]
    assert set(start) == {
        "type",
        "conversationId",
        "userMessageId",
        "messageId",
        "title",
        "model",
    }
    assert (start["type"], start["conversationId"]) == ("start", conversation)
    assert (start["title"], start["model"]) == ("Hello", model)
    assert [token["type"] for token in tokens] == ["token"] * 3
    assert (end["type"], end["messageId"]) == ("complete", start["messageId"])
    assert (end["conversationId"], end["stopReason"]) == (conversation, "stop")
    assert end["timing"]["totalMs"] >= end["timing"]["firstTokenMs"] > 0
    message, reply = await read(conversation)
    assert (message["id"], reply["id"]) == (start["userMessageId"], start["messageId"])
    assert (reply["text"], reply["state"], reply["usage"]) == ("Good day", "complete", end["usage"])
    assert reply["timing"] == end["timing"]


async def test_what_a_model_thinks_is_told_and_stored_apart(dragoman, upstream, make, read):
    thinking = {"type": "thinking", "thinking": ""}
    text = {"type": "text", "text": ""}
    opening, *_ = anthropic_stream([])
    events = [
        {"type": "content_block_start", "index": 0, "content_block": thinking},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "thinking_delta", "thinking": "Hm…"},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": text},
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "text_delta", "text": "Yes"},
        },
        {"type": "content_block_stop", "index": 1},
    ]
    pieces = [opening, *named_sse(*events), *anthropic_stream([])[-2:]]
    upstream.play(streamed(pieces))
    conversation = await make()

    told = await dragoman.events("Hello?", conversationId=conversation, model="claude")

    assert [(e.content["type"], e.content.get("content")) for e in told[1:3]] == [
        ("reasoning", "Hm…"),
        ("token", "Yes"),
    ]
    reply = (await read(conversation))[-1]
    assert (reply["reasoning"], reply["text"]) == ("Hm…", "Yes")

    upstream.play(streamed(pieces))
    outside = await dragoman.events("Hello?", model="claude")
    assert [event.content["type"] for event in outside] == ["token", "complete"]


async def test_the_stored_turns_are_the_context_with_the_wishes(upstream, make, say):
    conversation = await make(systemPrompt="Be brief", temperature=0.5, maxTokens=7)
    await say(conversation, "One", "1")
    await say(conversation, "Three", "3")

    assert asked(upstream) == [
        ("system", "Be brief"),
        ("user", "One"),
        ("assistant", "1"),
        ("user", "Three"),
    ]
    sent = upstream.received[-1].json
    assert sent["temperature"] == 0.5
    assert 7 in {sent.get("max_tokens"), sent.get("max_completion_tokens")}


async def test_a_conversation_goes_from_one_vendor_to_another_and_back(
    dragoman, upstream, make, say
):
    conversation = await make()
    await say(conversation, "One", "1")
    upstream.play(whole(anthropic_whole("2")))
    answer = await (await dragoman.ask("Two", conversationId=conversation, model="claude")).json()
    assert answer["message"] == "2"
    assert upstream.received[-1].path == "/v1/messages"
    await say(conversation, "Three", "3", model="gpt")
    assert asked(upstream) == [
        ("user", "One"),
        ("assistant", "1"),
        ("user", "Two"),
        ("assistant", "2"),
        ("user", "Three"),
    ]
    listed = await (await dragoman.client.get(URL)).json()
    assert listed["conversations"][0]["models"] == ["gpt", "claude"]
    assert listed["conversations"][0]["model"] == "gpt"


async def test_without_a_conversation_nothing_is_stored(dragoman, upstream):
    upstream.play(whole(openai_whole("hi")))
    answer = await (await dragoman.ask()).json()
    assert "messageId" not in answer
    listed = await (await dragoman.client.get(URL)).json()
    assert listed["conversations"] == []


async def test_a_retry_keeps_the_old_reply_and_is_shown_what_came_before(upstream, make, say, read):
    conversation = await make()
    first = await say(conversation, "One", "1")
    again = await say(conversation, None, "1!", retryOf=first["messageId"])

    assert again["userMessageId"] == first["userMessageId"]
    assert asked(upstream) == [("user", "One")]
    await say(conversation, None, "1?", retryOf=first["userMessageId"])
    shown = await read(conversation)
    assert [(m["text"], m["parentId"]) for m in shown] == [
        ("One", None),
        *((text, first["userMessageId"]) for text in ("1", "1!", "1?")),
    ]
    await say(conversation, "Two", parentId=again["messageId"])
    assert asked(upstream)[:2] == [("user", "One"), ("assistant", "1!")]


async def test_an_edit_is_a_branch_and_the_old_one_stays(dragoman, upstream, make, say, read):
    conversation = await make()
    await say(conversation, "One", "1")
    second = await say(conversation, "Two", "2")
    edited = await say(conversation, "Two!", "2!", editOf=second["userMessageId"])

    assert asked(upstream) == [("user", "One"), ("assistant", "1"), ("user", "Two!")]
    shown = {m["id"]: m for m in await read(conversation)}
    assert len(shown) == 6
    assert shown[edited["userMessageId"]]["parentId"] == shown[second["userMessageId"]]["parentId"]
    whole_one = await (await dragoman.client.get(f"{URL}/{conversation}")).json()
    assert whole_one["activeLeaf"] == edited["messageId"]


BAD = [
    ({"message": "x", "history": [{"sender": "user", "text": "y"}]}, "history"),
    ({}, "message"),
    ({"message": " "}, "message"),
    ({"message": "x" * 10_001}, "message"),
    ({"message": "x", "retryOf": f"msg-{NONE}"}, "message"),
    ({"retryOf": f"msg-{NONE}", "editOf": f"msg-{NONE}"}, "editOf"),
    ({"retryOf": f"msg-{NONE}", "parentId": f"msg-{NONE}"}, "parentId"),
    ({"message": "x", "editOf": f"msg-{NONE}", "parentId": f"msg-{NONE}"}, "parentId"),
    ({"editOf": f"msg-{NONE}"}, "message"),
    ({"message": "x", "parentId": "msg-1"}, "parentId"),
    ({"retryOf": "../../etc/passwd"}, "retryOf"),
    ({"retryOf": 5}, "retryOf"),
]


@pytest.mark.parametrize(("body", "field"), BAD, ids=[str(row[0])[:50] for row in BAD])
async def test_a_wrong_field_is_named_and_nothing_is_stored_or_sent(
    dragoman, upstream, make, read, body, field
):
    conversation = await make()
    response = await dragoman.client.post(
        "/api/v1/messages", json={"conversationId": conversation, **body}
    )
    error = await response.json()
    assert (response.status, error["detail"]["field"]) == (422, field)
    assert await read(conversation) == []
    assert upstream.received == []


@pytest.mark.parametrize("field", ["parentId", "retryOf", "editOf"])
async def test_branches_are_for_conversations(dragoman, field):
    body = {"message": "x", field: f"msg-{NONE}"}
    response = await dragoman.client.post("/api/v1/messages", json=body)
    assert (response.status, (await response.json())["detail"]["field"]) == (422, field)


@pytest.mark.parametrize("field", ["parentId", "retryOf", "editOf"])
async def test_a_message_that_is_not_in_the_conversation_is_not_found(
    dragoman, upstream, make, say, field
):
    elsewhere = await say(await make(), "Hello")
    conversation = await make()
    sent = len(upstream.received)
    for id_ in (f"msg-{NONE}", elsewhere["messageId"]):
        body = {"conversationId": conversation, field: id_}
        body |= {} if field == "retryOf" else {"message": "x"}
        response = await dragoman.client.post("/api/v1/messages", json=body)
        error = await response.json()
        assert (response.status, error["reason"]) == (404, "not_found")
    assert len(upstream.received) == sent


async def test_an_unknown_model_leaves_nothing_behind(dragoman, make, read):
    conversation = await make()
    response = await dragoman.ask(conversationId=conversation, model="gtp")
    assert response.status == 400
    assert await read(conversation) == []


async def test_while_a_reply_is_written_there_is_no_second_one(dragoman, upstream, make, read):
    upstream.play(streamed(openai_stream(["one", "two"])[:3], end="hang"))
    conversation = await make()
    response = await dragoman.ask_streamed(conversationId=conversation)
    await response.content.readuntil(b"\n\n")

    for _ in range(2):
        second = await dragoman.ask("And?", conversationId=conversation)
        error = await second.json()
        assert (second.status, error["reason"]) == (409, "conversation_busy")
    assert len(await read(conversation)) == 2
    response.close()


async def test_a_reply_can_be_watched_while_it_grows(dragoman, upstream, make, read):
    upstream.play(streamed(openai_stream(["one ", "two"])[:3], end="hang"))
    conversation = await make()
    response = await dragoman.ask_streamed(conversationId=conversation)
    await response.content.readuntil(b'"two"}\n\n')

    reply = (await read(conversation))[-1]
    assert (reply["state"], reply["text"]) == ("streaming", "one two")
    response.close()


FAILURES = [
    (401, 503, "AUTH_ERROR"),
    (400, 400, "LLM_ERROR"),
    (429, 503, "RATE_LIMIT"),
    (500, 503, "LLM_ERROR"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("status", "expected", "code"), FAILURES)
async def test_a_failure_before_the_first_event_is_stored_and_true(
    dragoman, upstream, make, read, stream, status, expected, code
):
    headers = {"content-type": "application/json", "retry-after": "7"}
    upstream.play(Script(status, headers, (b"{}",)))
    conversation = await make()

    ask = dragoman.ask_streamed if stream else dragoman.ask
    response = await ask("Hello", conversationId=conversation)
    error = await response.json()

    assert (response.status, error["code"], error["kept"]) == (expected, code, 0)
    assert response.headers["x-request-id"] == error["request_id"]
    message, reply = await read(conversation)
    assert (error["userMessageId"], error["messageId"]) == (message["id"], reply["id"])
    assert error["conversationId"] == conversation
    assert (message["state"], reply["state"], reply["text"]) == ("complete", "error", "")
    stored = reply["error"]
    assert (stored["code"], stored["reason"]) == (code, error["reason"])
    assert (stored["message"], stored["detail"]) == (error["error"], error["detail"])
    assert stored["request_id"] == error["request_id"]
    if status == 429:
        assert response.headers["retry-after"] == "7"
        assert stored["retryAfter"] == 7


@pytest.mark.parametrize("end", ["cut", "reset"])
async def test_a_cut_stream_keeps_its_words_and_says_how_many(dragoman, upstream, make, read, end):
    upstream.play(streamed(openai_stream(["Good ", "day"])[:-3], end=end, pause=0.02))
    conversation = await make()

    events = await dragoman.events("Hello", conversationId=conversation)

    reply = (await read(conversation))[-1]
    assert (reply["state"], reply["text"]) == ("error", "Good day")
    last = events[-1]
    assert (last.name, last.content["code"]) == ("error", "CONNECTION_ERROR")
    assert (last.content["messageId"], last.content["kept"]) == (reply["id"], len("Good day"))
    assert reply["error"]["code"] == "CONNECTION_ERROR"
    assert [event.content["type"] for event in events].count("complete") == 0


async def test_a_failed_attempt_is_left_out_of_what_is_shown_next(dragoman, upstream, make, say):
    conversation = await make()
    upstream.play(Script(500, {"content-type": "application/json"}, (b"{}",)))
    failed = await (await dragoman.ask("One", conversationId=conversation)).json()
    await say(conversation, None, "1", retryOf=failed["messageId"])
    await say(conversation, "Two")
    assert asked(upstream) == [("user", "One"), ("assistant", "1"), ("user", "Two")]


@pytest.mark.parametrize("of", ["messageId", "userMessageId"])
async def test_stopping_keeps_the_words_and_ends_the_stream(dragoman, upstream, make, read, of):
    upstream.play(streamed(openai_stream(["Good ", "day"])[:3], end="hang"))
    conversation = await make()
    response = await dragoman.ask_streamed(conversationId=conversation)
    begun = await response.content.readuntil(b'"day"}\n\n')
    start = parse_events(begun)[0].content

    stop = f"/api/v1/messages/{start[of]}/stop"
    stopped = await dragoman.client.post(stop, json={})
    rest = parse_events(await asyncio.wait_for(response.read(), 2))

    assert stopped.status == 204
    assert [event.name for event in rest] == ["error"]
    assert (rest[0].content["reason"], rest[0].content["kept"]) == ("cancelled", 8)
    await asyncio.wait_for(upstream.closed_by_peer.wait(), 1)
    reply = (await read(conversation))[-1]
    assert (reply["state"], reply["text"], reply["error"]) == ("cancelled", "Good day", None)
    assert (await dragoman.client.post(stop, json={})).status == 204


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_stopping_before_the_first_word_is_told_to_whoever_waits(
    dragoman, upstream, make, read, stream
):
    upstream.play(Script(before=30))
    conversation = await make()
    ask = dragoman.ask_streamed if stream else dragoman.ask
    asking = asyncio.create_task(ask("Hello", conversationId=conversation))
    await asyncio.wait_for(upstream.asked.wait(), 2)
    reply = (await read(conversation))[-1]

    await dragoman.client.post(f"/api/v1/messages/{reply['id']}/stop", json={})

    response = await asyncio.wait_for(asking, 2)
    body = await response.read()
    # A slow machine may have begun the stream by then.
    error = json.loads(body) if response.status == 503 else parse_events(body)[-1].content
    assert (error["reason"], error["messageId"]) == ("cancelled", reply["id"])
    assert (await read(conversation))[-1]["state"] == "cancelled"


async def test_a_long_wait_is_bridged_after_the_start_is_told(dragoman, upstream, make, read):
    upstream.play(Script(before=5))
    conversation = await make()
    response = await dragoman.ask_streamed(conversationId=conversation)
    body = (await response.read()).decode()

    assert response.status == 200
    assert body.startswith('data: {"type":"start"')
    assert ": keep-alive" in body
    last = json.loads(body.rpartition("data: ")[2])
    assert last["code"] == "TIMEOUT"
    assert (await read(conversation))[-1]["error"]["code"] == "TIMEOUT"


async def test_throwing_a_conversation_away_ends_the_reply_in_it(dragoman, upstream, make):
    upstream.play(streamed(openai_stream(["one"])[:2], end="hang"))
    conversation = await make()
    response = await dragoman.ask_streamed(conversationId=conversation)
    await response.content.readuntil(b"\n\n")

    deleted = await dragoman.client.delete(f"{URL}/{conversation}")

    assert deleted.status == 204
    rest = parse_events(await asyncio.wait_for(response.read(), 2))
    assert rest[-1].content["reason"] == "cancelled"


async def test_all_of_it_is_there_after_a_restart(upstream, tmp_path, environ):
    upstream.play(whole(openai_whole("Good day")))
    async with running(configured(tmp_path, environ)) as server:
        made = await (await server.client.post(URL, json={"title": "Mine"})).json()
        await server.ask("Hello", conversationId=made["id"])
        before = await (await server.client.get(f"{URL}/{made['id']}")).json()
    async with running(configured(tmp_path, environ)) as server:
        after = await (await server.client.get(f"{URL}/{made['id']}")).json()
    assert after == before
    assert [m["text"] for m in after["messages"]] == ["Hello", "Good day"]


async def test_a_server_that_ends_marks_the_reply_as_interrupted(upstream, tmp_path, environ):
    upstream.play(streamed(openai_stream(["Good ", "day"])[:3], end="hang"))
    settings = configured(tmp_path, environ)
    async with aiohttp.ClientSession() as watcher, running(settings, drain=0) as server:
        made = await (await server.client.post(URL, json={})).json()
        response = await watcher.post(
            f"{server.url}/api/v1/messages",
            json={"message": "Hello", "conversationId": made["id"]},
            headers={"accept": "text/event-stream"},
        )
        await response.content.readuntil(b'"day"}\n\n')
    async with running(settings) as server:
        after = await (await server.client.get(f"{URL}/{made['id']}")).json()
    reply = after["messages"][-1]
    assert (reply["state"], reply["text"]) == ("interrupted", "Good day")


async def test_a_locked_database_is_told_before_anybody_is_asked(
    dragoman, upstream, make, read, tmp_path
):
    conversation = await make()
    other = library().connect(tmp_path / NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        asking = asyncio.create_task(dragoman.ask("Hello", conversationId=conversation))
        for _ in range(10):
            health = await asyncio.wait_for(dragoman.client.get("/health"), 1)
            assert health.status == 200
            assert (await asyncio.wait_for(read(conversation), 1)) == []
        response = await asking
    finally:
        other.execute("ROLLBACK")
        other.close()
    error = await response.json()
    assert (response.status, error["code"]) == (503, "STORAGE_ERROR")
    assert error["reason"] == "storage_busy"
    assert response.headers["retry-after"] == "5"
    assert upstream.received == []
    assert await read(conversation) == []
