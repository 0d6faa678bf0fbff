"""What a turn in a conversation promises to those who leave: it goes on, and they find its end."""

import asyncio
import json
import socket
from contextlib import contextmanager
from dataclasses import replace

import pytest
import yarl
from structlog.testing import capture_logs

from dragoman.services.providers.transport import Timeouts
from dragoman.testing.upstream import streamed, whole
from tests.support.server import configured, parse_events, running
from tests.support.tapes import openai_stream, openai_whole
from tests.support.waiting import wait_until

URL = "/api/v1/conversations"
PATIENT = Timeouts(idle=30, total=60)
SECRET = "What nobody may read in a log"


@pytest.fixture
def ended(read):
    """Wait until the last reply of a conversation has ended; give it."""

    async def reply(conversation):
        async def is_over():
            return (await read(conversation))[-1]["state"] != "streaming"

        await wait_until(is_over, wanted=True)
        return (await read(conversation))[-1]

    return reply


@pytest.fixture
def in_flight(dragoman):
    async def running_now():
        return (await (await dragoman.client.get("/health")).json())["inFlight"]

    return running_now


@pytest.fixture
def begun(dragoman):
    """Ask, and read up to a word."""

    async def asked_until(conversation, word):
        response = await dragoman.ask_streamed(SECRET, conversationId=conversation)
        text = await response.content.readuntil(b'"%b"}\n\n' % word.encode())
        return response, parse_events(text)[0].content

    return asked_until


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_client_that_leaves_before_the_first_token_does_not_end_the_reply(
    dragoman, upstream, make, ended, in_flight, stream
):
    answer = (
        streamed(openai_stream(["Good ", "day"])) if stream else whole(openai_whole("Good day"))
    )
    upstream.play(replace(answer, before=0.3))
    conversation = await make()
    ask = dragoman.ask_streamed if stream else dragoman.ask
    asking = asyncio.create_task(ask("Hello", conversationId=conversation))
    await asyncio.wait_for(upstream.asked.wait(), 2)

    asking.cancel()

    reply = await ended(conversation)
    assert (reply["state"], reply["text"], reply["stopReason"]) == ("complete", "Good day", "stop")
    assert reply["usage"]["inputTokens"] == 7
    await wait_until(in_flight, 0)
    assert len(upstream.received) == 1


async def test_a_reply_whose_client_left_in_mid_stream_goes_on_to_its_end(
    upstream, make, begun, read, ended, in_flight
):
    upstream.play(streamed(openai_stream(["Good ", "day", " to", " you"]), pause=0.15))
    conversation = await make()
    response, start = await begun(conversation, "Good ")

    response.close()

    async def seen():
        return (await read(conversation))[-1]["text"]

    await wait_until(seen, "Good day")
    assert (await read(conversation))[-1]["state"] == "streaming"
    assert await in_flight() == 1
    reply = await ended(conversation)
    assert (reply["id"], reply["state"]) == (start["messageId"], "complete")
    assert reply["text"] == "Good day to you"
    await wait_until(in_flight, 0)


async def test_a_reply_that_goes_on_alone_keeps_its_conversation_busy(
    dragoman, upstream, make, begun, ended
):
    upstream.play(streamed(openai_stream(["Good ", "day"]), pause=0.15))
    conversation = await make()
    response, _ = await begun(conversation, "Good ")
    response.close()

    second = await dragoman.ask("And?", conversationId=conversation)
    assert (second.status, (await second.json())["reason"]) == (409, "conversation_busy")

    await ended(conversation)
    upstream.play(whole(openai_whole("So")))
    assert (await dragoman.ask("And?", conversationId=conversation)).status == 200
    shown = [message["content"] for message in upstream.received[-1].json["messages"]]
    assert shown == [SECRET, "Good day", "And?"]


async def test_a_reply_that_goes_on_alone_can_be_stopped(
    dragoman, upstream, make, begun, ended, in_flight
):
    upstream.play(streamed(openai_stream(["Good ", "day"])[:3], end="hang"))
    conversation = await make()
    response, start = await begun(conversation, "day")
    response.close()

    stopped = await dragoman.client.post(f"/api/v1/messages/{start['messageId']}/stop", json={})

    assert stopped.status == 204
    await asyncio.wait_for(upstream.closed_by_peer.wait(), 1)
    reply = await ended(conversation)
    assert (reply["state"], reply["text"], reply["error"]) == ("cancelled", "Good day", None)
    await wait_until(in_flight, 0)


FATES = [
    ("cut", "stream_interrupted", "CONNECTION_ERROR"),
    ("hang", "timeout_idle", "TIMEOUT"),
]


@pytest.mark.parametrize(("end", "reason", "code"), FATES)
async def test_a_reply_that_fails_alone_is_stored_and_logged_once(
    upstream, make, begun, ended, in_flight, end, reason, code
):
    upstream.play(streamed(openai_stream(["Good ", "day"])[:3], end=end, pause=0.15))
    conversation = await make()
    with capture_logs() as lines:
        response, start = await begun(conversation, "Good ")
        response.close()
        reply = await ended(conversation)
        await wait_until(in_flight, 0)

    assert (reply["state"], reply["text"], reply["error"]["code"]) == ("error", "Good day", code)
    (request,) = [line for line in lines if line.get("route") == "POST /api/v1/messages"]
    (alone,) = [line for line in lines if line["event"] == "turn_ended"]
    assert (request["reason"], alone["reason"]) == ("client_gone", reason)
    assert alone["request_id"] == request["request_id"] == reply["error"]["request_id"]
    assert (alone["message_id"], alone["state"]) == (start["messageId"], "error")
    assert (alone["model"], alone["provider"]) == ("gpt", "openai")
    assert [line for line in lines if line["log_level"] == "error"] == []
    assert SECRET not in str(lines)
    assert "Good" not in str(lines)


async def test_a_client_that_reads_too_slowly_loses_its_stream_and_not_the_reply(
    dragoman, upstream, make, ended, in_flight
):
    words = [letter * (1 << 18) for letter in "abcdefghijklmnop"]
    upstream.play(streamed(openai_stream(words)))
    conversation = await make()
    body = json.dumps({"message": SECRET, "conversationId": conversation}).encode()
    head = (
        "POST /api/v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with capture_logs() as lines, slow_socket(dragoman) as slow:
        await asyncio.get_running_loop().sock_sendall(slow, head.encode() + body)
        await asyncio.wait_for(upstream.asked.wait(), 2)

        reply = await ended(conversation)
        assert (reply["state"], len(reply["text"])) == ("complete", sum(map(len, words)))
        assert await in_flight() == 1
        await wait_until(in_flight, 0)

    (request,) = [line for line in lines if line.get("route") == "POST /api/v1/messages"]
    assert request["reason"] == "slow_reader"
    (alone,) = [line for line in lines if line["event"] == "turn_ended"]
    assert (alone["state"], alone["tokens_in"]) == ("complete", 7)


@contextmanager
def slow_socket(dragoman):
    """A connection that takes little, and reads nothing of it."""
    address = yarl.URL(dragoman.url)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((address.host, address.port))
        slow.setblocking(False)  # noqa: FBT003 - that is how it is called
        yield slow


async def test_throwing_a_conversation_away_ends_a_reply_that_goes_on_alone(
    dragoman, upstream, make, begun, ended, in_flight
):
    upstream.play(streamed(openai_stream(["Good ", "day"])[:3], end="hang"))
    conversation = await make()
    response, _ = await begun(conversation, "day")
    response.close()

    deleted = await dragoman.client.delete(f"{URL}/{conversation}")

    assert deleted.status == 204
    await asyncio.wait_for(upstream.closed_by_peer.wait(), 1)
    await wait_until(in_flight, 0)
    await dragoman.client.post(f"{URL}/{conversation}/restore", json={})
    reply = await ended(conversation)
    assert (reply["state"], reply["text"]) == ("cancelled", "Good day")


async def test_a_server_that_ends_does_not_wait_for_a_reply_without_a_client(
    upstream, tmp_path, environ
):
    upstream.play(streamed(openai_stream(["Good ", "day"])[:3], end="hang"))
    settings = configured(tmp_path, environ)
    async with running(settings, timeouts=PATIENT) as server:
        made = await (await server.client.post(URL, json={})).json()
        response = await server.ask_streamed(conversationId=made["id"])
        await response.content.readuntil(b'"day"}\n\n')
        response.close()
    await asyncio.wait_for(upstream.closed_by_peer.wait(), 1)
    async with running(settings) as server:
        after = await (await server.client.get(f"{URL}/{made['id']}")).json()
    reply = after["messages"][-1]
    assert (reply["state"], reply["text"]) == ("interrupted", "Good day")
