"""A server that is killed in the middle of everything: what it had promised is there, and once."""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from dragoman.storage.database import NAME
from dragoman.storage.sqlite import library
from tests.support.program import serving
from tests.support.server import parse_events

ROUNDS = 25
CLIENTS = 8
DATA = Path(".local/share/dragoman")
MODELS = [
    {"id": "gpt", "name": "GPT", "description": "", "provider": "openai", "default": True},
]


def answer_to(question: str) -> list[str]:
    """What the model says: each reply is one of its own, some of them long."""
    number = int(question.rpartition("-")[2])
    return [f"{question}:{piece} " * 20 for piece in range(3 + number % 40)]


@asynccontextmanager
async def a_model(dice: random.Random) -> AsyncIterator[str]:
    """A vendor whose model answers every question in its own time; gives its address."""

    async def reply(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        pieces = answer_to(asked["messages"][-1]["content"])
        if not asked.get("stream"):
            await asyncio.sleep(dice.uniform(0, 0.05))
            message = {"role": "assistant", "content": "".join(pieces)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response({"id": "r", "object": "chat.completion", "choices": [choice]})
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(chunk({"content": piece}))
            await asyncio.sleep(dice.uniform(0, 0.01))
        await response.write(chunk({}, "stop") + b"data: [DONE]\n\n")
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", reply)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "r", "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: %b\n\n" % json.dumps(event).encode()


@dataclass
class Promises:
    """What clients were told is stored."""

    conversations: set[str] = field(default_factory=set)
    messages: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    questions: int = 0

    def question(self) -> str:
        self.questions += 1
        return f"question-{self.questions}"


async def storm(session: aiohttp.ClientSession, promises: Promises, dice: random.Random) -> None:
    """Talk until the server is gone, and note every promise."""
    conversation = None
    while True:
        try:
            if conversation is None or dice.random() < 0.2:
                async with session.post("/api/v1/conversations", json={}) as made:
                    conversation = (await made.json())["id"]
                promises.conversations.add(conversation)
            await talk(session, conversation, promises, dice)
        except (aiohttp.ClientError, ConnectionError, json.JSONDecodeError):
            return


async def talk(
    session: aiohttp.ClientSession, conversation: str, promises: Promises, dice: random.Random
) -> None:
    question = promises.question()
    body = {"conversationId": conversation, "message": question}
    if dice.random() < 0.3:
        async with session.post("/api/v1/messages", json=body) as whole:
            told = await whole.json()
        promises.messages[told["userMessageId"]] = question
        promises.replies[told["messageId"]] = told["message"]
        return
    headers = {"accept": "text/event-stream"}
    said = ""
    async with session.post("/api/v1/messages", json=body, headers=headers) as stream:
        buffer = b""
        async for piece in stream.content.iter_any():
            buffer += piece
            *blocks, buffer = buffer.split(b"\n\n")
            for event in parse_events(b"\n\n".join(blocks)) if any(blocks) else []:
                match event.content:
                    case {"type": "start"}:
                        promises.messages[event.content["userMessageId"]] = question
                    case {"type": "token"}:
                        said += event.content["content"]
                    case {"type": "complete"}:
                        promises.replies[event.content["messageId"]] = said


def check(folder: Path, promises: Promises) -> Counter[str]:
    """See that every promise was kept; count the replies by their states."""
    database = (folder / DATA / NAME).as_uri()
    with closing(library().connect(f"{database}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        conversations = {row[0] for row in connection.execute("SELECT id FROM conversations")}
        everything = "SELECT id, parent_id, role, state, text FROM messages"
        rows = connection.execute(everything).fetchall()
    stored = {row[0]: row for row in rows}
    assert len(stored) == len(rows)
    assert promises.conversations <= conversations
    asked = {row[0]: row[4] for row in rows if row[2] == "user"}
    assert promises.messages.items() <= asked.items()
    assert max(Counter(asked.values()).values(), default=1) == 1, "a message is there twice"
    for id_, said in promises.replies.items():
        _, _, _, state, text = stored[id_]
        assert (state, text) == ("complete", said)
    replies = [row for row in rows if row[2] == "assistant"]
    assert len({row[1] for row in replies}) == len(replies), "a reply is there twice"
    for _, parent, _, _, text in replies:
        assert "".join(answer_to(asked[parent])).startswith(text)
    states = Counter(row[3] for row in rows)
    assert states.keys() <= {"complete", "interrupted"}
    return Counter(row[3] for row in replies)


@pytest.fixture
def tell(pytestconfig, capsys):
    """Write a line that is seen when all is well, too."""
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")

    def line(text):
        with capsys.disabled():
            reporter.ensure_newline()
            reporter.write_line(text)

    return line


async def test_nothing_that_was_acknowledged_is_lost_or_doubled_by_a_kill(tmp_path, tell):
    seed = int(os.environ.get("DRAGOMAN_SEED") or random.randrange(1 << 32))
    tell(f"seed {seed}: set DRAGOMAN_SEED to see the same")
    dice, promises = random.Random(seed), Promises()
    async with a_model(dice) as url:
        environ = {
            "OPENAI_API_KEY": "canary",
            "OPENAI_BASE_URL": url,
            "MODELS": json.dumps(MODELS),
        }
        for _ in range(ROUNDS):
            async with serving(folder=tmp_path, **environ) as server:
                check(tmp_path, promises)
                async with aiohttp.ClientSession(server.url) as session:
                    talks = [storm(session, promises, dice) for _ in range(CLIENTS)]
                    storming = asyncio.gather(*talks)
                    await asyncio.sleep(dice.uniform(0.05, 1.0))
                    server.process.kill()
                    await asyncio.wait_for(storming, 30)
        async with serving(folder=tmp_path, **environ):
            states = check(tmp_path, promises)
    tell(
        f"{ROUNDS} kills: {len(promises.messages)} messages and {len(promises.replies)} replies "
        f"were acknowledged; replies are {dict(states)}"
    )
    assert promises.replies
    assert states["interrupted"]
