"""What a model was not told is said: in a header, and beside the reply that is kept."""

import json
from collections.abc import AsyncIterator

import pytest

from dragoman.testing.upstream import streamed, whole
from tests.support.server import Dragoman, configured, parse_events, running
from tests.support.tapes import anthropic_stream, anthropic_whole

# It takes no temperature, and an answer says so.
MODEL = {
    "id": "opus",
    "name": "Opus",
    "description": "x",
    "provider": "anthropic",
    "upstream_id": "claude-opus-4-7",
    "default": True,
}


@pytest.fixture
async def dragoman(environ, tmp_path) -> AsyncIterator[Dragoman]:
    async with running(configured(tmp_path, environ | {"MODELS": json.dumps([MODEL])})) as server:
        yield server


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_what_a_model_refuses_is_left_out_and_kept_beside_the_reply(
    dragoman, upstream, make, read, stream
):
    upstream.play(streamed(anthropic_stream(["Hi"])) if stream else whole(anthropic_whole("Hi")))
    conversation = await make(temperature=0.5)

    ask = dragoman.ask_streamed if stream else dragoman.ask
    response = await ask(conversationId=conversation)
    end = (parse_events(await response.read())[-1].content) if stream else {}

    assert "temperature" not in upstream.received[0].json
    assert response.headers["x-dragoman-receipt"] == "dropped temperature"
    _, reply = await read(conversation)
    (receipt,) = reply["receipts"]
    if stream:
        assert end["receipts"] == [receipt]
    assert (receipt["field"], receipt["action"]) == ("temperature", "dropped")
    assert receipt["reason"]


async def test_a_reply_to_a_question_that_was_sent_whole_has_no_receipts(
    dragoman, upstream, make, read
):
    upstream.play(whole(anthropic_whole("Hi")))
    conversation = await make()

    response = await dragoman.ask(conversationId=conversation)

    assert "x-dragoman-receipt" not in response.headers
    assert [message["receipts"] for message in await read(conversation)] == [[], []]
