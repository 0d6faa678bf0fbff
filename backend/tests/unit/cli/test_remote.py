"""Talking to a Dragoman elsewhere, played by a server that says what its script says."""

from collections.abc import AsyncIterator

import pytest

from dragoman.chat import Stop, StopReason
from dragoman.cli.conversation import Conversation, NoAnswerError, Said, Turn
from dragoman.cli.endings import WrongUsageError
from dragoman.cli.remote import MOST_TURNS, RemoteDragoman
from dragoman.testing import Script, ScriptedUpstream, scripted_upstream
from dragoman.testing.upstream import streamed, whole
from tests.support.tapes import sse

HELLO = Conversation(model="small").asked("Hello?")
COMPLETE = {"type": "complete", "model": "small", "totalTokens": 9, "stopReason": "stop"}


def token(text: str) -> dict[str, str]:
    return {"type": "token", "content": text}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedUpstream]:
    async with scripted_upstream() as scripted:
        yield scripted


async def answer(server: ScriptedUpstream, conversation: Conversation = HELLO) -> list[Said]:
    async with RemoteDragoman(server.url) as remote:
        return [said async for said in remote.answer(conversation)]


async def failure(server: ScriptedUpstream) -> str:
    with pytest.raises(NoAnswerError) as caught:
        await answer(server)
    return str(caught.value)


async def test_tokens_come_as_they_are_and_the_end_last(server):
    server.play(streamed(sse(token("Hel"), token("lo"), COMPLETE)))
    assert await answer(server) == ["Hel", "lo", Stop(StopReason.STOP)]


async def test_the_question_is_asked_in_the_words_of_the_api(server):
    server.play(streamed(sse(COMPLETE)))
    conversation = Conversation(model="small").asked("a").answered("b").asked("c")
    await answer(server, conversation)
    (received,) = server.received
    assert (received.method, received.path) == ("POST", "/api/v1/messages")
    assert received.headers["accept"] == "text/event-stream"
    assert received.json == {
        "message": "c",
        "history": [{"sender": "user", "text": "a"}, {"sender": "system", "text": "b"}],
        "model": "small",
    }


async def test_the_default_model_is_left_to_the_server(server):
    server.play(streamed(sse(COMPLETE)))
    await answer(server, Conversation().asked("a"))
    assert server.received[0].json == {"message": "a"}


async def test_of_a_long_conversation_the_server_gets_the_end(server):
    server.play(streamed(sse(COMPLETE)))
    turns = tuple(Turn("user", str(number)) for number in range(MOST_TURNS + 5))
    await answer(server, Conversation(turns=turns))
    history = server.received[0].json["history"]
    assert len(history) == MOST_TURNS
    assert history[-1]["text"] == str(MOST_TURNS + 3)


@pytest.mark.parametrize("word", list(StopReason))
async def test_every_reason_to_stop_is_understood(server, word):
    server.play(streamed(sse({**COMPLETE, "stopReason": word})))
    assert await answer(server) == [Stop(word)]


async def test_what_a_later_server_says_is_passed_over(server):
    events = sse(token("a"), {"type": "thought", "of": {"x": 1}}, {**COMPLETE, "stopReason": "nap"})
    server.play(streamed([*events[:1], b": keep-alive\n\n", *events[1:]]))
    assert await answer(server) == ["a", Stop(StopReason.STOP)]


async def test_an_error_before_the_stream_is_told_in_the_servers_words(server):
    problem = {"status": "error", "error": "groq wants fewer requests: try again in 7 s"}
    server.play(whole({**problem, "code": "RATE_LIMIT"}, status=503, retry_after="7"))
    assert await failure(server) == "groq wants fewer requests: try again in 7 s"


async def test_an_error_in_the_stream_is_told_in_the_servers_words(server):
    error = b'event: error\ndata: {"type":"error","error":"it broke off","code":"X"}\n\n'
    server.play(streamed([*sse(token("Hel")), error]))
    assert await failure(server) == "it broke off"


@pytest.mark.parametrize("end", ["clean", "cut", "reset"])
async def test_a_stream_without_its_end_is_no_answer(server, end):
    server.play(streamed(sse(token("Hel")), end=end))
    assert "broke off in the middle" in await failure(server)


@pytest.mark.parametrize(
    "script",
    [
        Script(404, {"content-type": "text/html"}, (b"<html>not here</html>",)),
        Script(302, {"location": "http://127.0.0.1:9/"}),
        Script(200, {"content-type": "text/event-stream"}, (b"data: <html>\n\n",)),
    ],
)
async def test_a_server_that_is_no_dragoman_is_found_out(server, script):
    server.play(script)
    message = await failure(server)
    assert "Dragoman" in message
    assert "<html>" not in message


async def test_a_server_that_is_not_there_is_said_to_be_with_the_cure():
    async with scripted_upstream() as gone:
        url = gone.url
    async with RemoteDragoman(url) as remote:
        with pytest.raises(NoAnswerError, match="cannot be reached") as caught:
            await remote.choices()
    assert url in str(caught.value)
    assert "dragoman serve" in str(caught.value)


async def test_models_are_listed(server):
    model = {"id": "small", "name": "Small", "provider": "acme", "default": True, "more": 1}
    server.play(whole({"models": [model]}))
    async with RemoteDragoman(f"{server.url}/") as remote:
        (choice,) = await remote.choices()
    assert (choice.id, choice.name, choice.provider, choice.default) == (
        "small",
        "Small",
        "acme",
        True,
    )
    assert server.received[0].path == "/api/v1/models"


async def test_a_model_without_a_key_is_none_to_choose(server):
    ready = {"id": "a", "name": "A", "provider": "acme", "default": True, "state": "loading"}
    keyless = {"id": "b", "name": "B", "provider": "acme", "default": False, "state": "no_key"}
    server.play(whole({"models": [ready, keyless]}))
    async with RemoteDragoman(server.url) as remote:
        assert [choice.id for choice in await remote.choices()] == ["a"]


async def test_models_that_are_none_are_no_answer(server):
    server.play(whole({"data": []}))
    async with RemoteDragoman(server.url) as remote:
        with pytest.raises(NoAnswerError, match="not as a Dragoman does"):
            await remote.choices()


@pytest.mark.parametrize(
    "url", ["localhost:8000", "127.0.0.1", "ftp://x", "http://", "http://x:99999", "http://[::1"]
)
def test_what_is_no_address_is_a_mistake(url):
    with pytest.raises(WrongUsageError, match="--url must be"):
        RemoteDragoman(url)
