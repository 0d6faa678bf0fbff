"""Chatting with a Dragoman that runs elsewhere, through `/api/v1` as any other program would."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self, final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from msgspec import Struct

from dragoman.chat import Stop, StopReason
from dragoman.wire.sse import EventTooLargeError, SseParser

from .conversation import Choice, Conversation, NoAnswerError, Said, Turn
from .endings import WrongUsageError

CONNECT: Final = 5.0  # seconds
SILENCE: Final = 120.0  # seconds; the server says something every 15
LONGEST: Final = 1 << 20  # bytes of an answer that is no stream
MOST_TURNS: Final = 200  # what the API takes; of a longer conversation it gets the end

# "system" is what the API calls the answering side.
_SENDERS: Final[dict[str, str]] = {"user": "user", "assistant": "system"}
_STOPS: Final = {reason.value: reason for reason in StopReason}


class _Event(Struct):
    """An event of a stream, or the body of an error: the two have their words in common."""

    type: str = ""
    content: str = ""
    error: str = ""
    reason: str = ""
    stop_reason: str = msgspec.field(default="stop", name="stopReason")


class _Model(Choice, frozen=True):
    """A model as the server lists it; one without a key is listed too."""

    state: str = "ready"


class _Models(Struct):
    models: tuple[_Model, ...]


_read_event: Final = msgspec.json.Decoder(_Event).decode
_read_models: Final = msgspec.json.Decoder(_Models).decode


@final
class RemoteDragoman:
    """A server at `url`; enter it in a running event loop.

    Raises `WrongUsageError` for what is no address.
    """

    def __init__(self, url: str) -> None:
        self._url = _checked(url)

    async def __aenter__(self) -> Self:
        patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE)
        self._session = aiohttp.ClientSession(timeout=patience)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def choices(self) -> tuple[Choice, ...]:
        """Give the models that the server offers, and has a key for."""
        async with self._asked("GET", "/api/v1/models") as response:
            try:
                listed = _read_models(await response.content.read(LONGEST)).models
            except msgspec.DecodeError as error:
                raise self._stranger(response.status) from error
        return tuple(model for model in listed if model.state != "no_key")

    def waiting(self, model: str | None) -> str:
        """Say that the server says nothing yet."""
        return f"waiting for {model or self._url}…"

    async def answer(self, conversation: Conversation) -> AsyncGenerator[Said, None]:
        """Ask the server, and give the words as they come; see `Partner.answer`."""
        parser = SseParser()
        body = _question(conversation)
        async with self._asked("POST", "/api/v1/messages", body) as response:
            async for chunk in response.content.iter_any():
                for event in parser.feed(chunk):
                    for said in _said(event.data):
                        yield said
                        if isinstance(said, Stop):
                            return
        raise NoAnswerError(self._broken_off)

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: object = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request; inside, the answer is a success, and what goes wrong is explained."""
        headers = {"accept": "text/event-stream" if body else "application/json"}
        try:
            async with self._session.request(
                method, self._url + path, json=body, headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await self._refusal(response)
                yield response
        except TimeoutError as error:
            raise NoAnswerError(f"{self._url} does not answer: try again later") from error
        except (aiohttp.ClientError, EventTooLargeError) as error:
            raise NoAnswerError(self._reason(error)) from error

    async def _refusal(self, response: aiohttp.ClientResponse) -> NoAnswerError:
        try:
            problem = _read_event(await response.content.read(LONGEST))
        except msgspec.DecodeError:
            return self._stranger(response.status)
        return _problem(problem)

    def _stranger(self, status: int) -> NoAnswerError:
        return NoAnswerError(f"{self._url} answers (status {status}), but not as a Dragoman does")

    @property
    def _broken_off(self) -> str:
        return f"{self._url} broke off in the middle of its answer: try again"

    def _reason(self, error: Exception) -> str:
        match error:
            case aiohttp.ClientConnectorError(strerror=reason):
                return (
                    f"{self._url} cannot be reached ({reason}): is the server running? "
                    "`dragoman serve` starts one"
                )
            case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
                return self._broken_off
            case _:
                return f"{self._url} cannot be understood ({type(error).__name__})"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise WrongUsageError("--url must be the address of a Dragoman, as http://127.0.0.1:8000")
    return url.rstrip("/")


def _question(conversation: Conversation) -> dict[str, object]:
    *earlier, last = conversation.turns
    question = {
        "message": last.text,
        "history": [_turn(turn) for turn in earlier[-MOST_TURNS:]],
        "model": conversation.model,
    }
    return {name: value for name, value in question.items() if value}


def _turn(turn: Turn) -> dict[str, str]:
    return {"sender": _SENDERS[turn.role], "text": turn.text}


def _said(payload: bytes) -> Iterator[Said]:
    try:
        event = _read_event(payload)
    except msgspec.DecodeError as error:
        raise NoAnswerError("the server sent something that is no event of a Dragoman") from error
    match event.type:
        case "token":
            yield event.content
        case "complete":
            yield Stop(_STOPS.get(event.stop_reason, StopReason.STOP))
        case "error":
            raise _problem(event)
        case _:  # what a later server may add
            pass


def _problem(problem: _Event) -> NoAnswerError:
    return NoAnswerError(problem.error or problem.reason or "the server gives no reason")
