"""Asking a running Dragoman, and what every one of its answers must be like."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import aiohttp

from tests.support.server import Event, parse_events

Mode = Literal["whole", "streamed"]

PROMPT: Final = "canary-prompt Where do the boats go at night?"
KEYS: Final = {
    "OPENAI_API_KEY": "sk-canary-0penai-4f1d9c27",
    "ANTHROPIC_API_KEY": "sk-ant-canary-anthr0pic-8b3e",
}

_ACCEPT: Final = {"whole": "application/json", "streamed": "text/event-stream"}
_TERMINAL: Final = {"complete", "error"}


@dataclass(frozen=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def is_stream(self) -> bool:
        return self.headers["content-type"].startswith("text/event-stream")

    @property
    def events(self) -> list[Event]:
        return parse_events(self.body.encode())

    @property
    def last(self) -> dict[str, Any]:
        """The end of a stream, or the whole of a whole answer."""
        return self.events[-1].content if self.is_stream else json.loads(self.body)

    @property
    def text(self) -> str:
        """What the model said."""
        if not self.is_stream:
            return self.last.get("message", "")
        told = [event.content for event in self.events]
        return "".join(event["content"] for event in told if event["type"] == "token")

    @property
    def outcome(self) -> tuple[int, str, str]:
        """An error in short: status, code, reason."""
        return self.status, self.last["code"], self.last["reason"]


class Asker:
    """A client that takes no answer which is not sound in itself."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(
        self, model: str, mode: Mode, message: str = PROMPT, *, pause: float = 0, **more: Any
    ) -> Answer:
        """Ask; `pause` is how many seconds pass before the answer is read."""
        question = {"model": model, "message": message, **more}
        headers = {"accept": _ACCEPT[mode]}
        async with self._session.post("/api/v1/messages", json=question, headers=headers) as came:
            await asyncio.sleep(pause)
            named = {name.lower(): value for name, value in came.headers.items()}
            answer = Answer(came.status, named, (await came.read()).decode())
        check_sound(answer)
        return answer

    async def at_work(self) -> bool:
        """Tell whether anything is under way."""
        return (await self.get("/health"))["inFlight"] > 0

    async def get(self, path: str) -> Any:
        async with self._session.get(path) as came:
            assert came.status == 200, await came.text()
            return await came.json()


async def until(look: Callable[[], Awaitable[object]], *, within: float = 10) -> None:
    """Wait until `look` gives something true."""
    async with asyncio.timeout(within):
        while not await look():  # noqa: ASYNC110 - what happens, happens in another process
            await asyncio.sleep(0.02)


def check_sound(answer: Answer) -> None:
    """No key and no page in it, and a stream has one end, which is its last event."""
    assert not any(key in answer.body for key in KEYS.values())
    assert "<html" not in answer.body.lower()
    assert "Traceback" not in answer.body
    if not answer.is_stream:
        assert answer.last["status"] == ("success" if answer.status == 200 else "error")
        return
    assert answer.status == 200
    kinds = [event.content["type"] for event in answer.events]
    assert set(kinds[:-1]) <= {"token"}
    assert kinds[-1] in _TERMINAL
    assert [event.name for event in answer.events[:-1]] == ["message"] * (len(kinds) - 1)
    assert answer.events[-1].name == ("error" if kinds[-1] == "error" else "message")
