"""Chatting with the models of this very program: no server is needed."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import final

from dragoman.chat import (
    ChatRequest,
    DragomanError,
    Message,
    PartDelta,
    PartStart,
    ResponseEnd,
    StreamEvent,
    Text,
)
from dragoman.composition import Service
from dragoman.services.llm_service import stream_ai_response
from dragoman.services.providers import State, status_of
from dragoman.services.routing import Candidate

from .conversation import Choice, Conversation, NoAnswerError, Said


@final
class OwnModels:
    """The models of a service that runs in this program."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def choices(self) -> tuple[Choice, ...]:
        """Give the models that can be used."""
        return tuple(
            Choice(entry.id, entry.name, entry.provider, entry.default)
            for entry in self._service.setup.models.models
        )

    def waiting(self, model: str | None) -> str:
        """Say that a model is being loaded, or that it thinks."""
        candidate = self._candidate(model)
        provider, runtime = candidate.provider, candidate.runtime
        if status_of(provider, runtime).state is State.LOADING:
            name = provider.get_config(runtime.environ).name
            return f"loading the {name[:1].lower()}{name[1:]}…"
        return f"waiting for {candidate.model.id}…"

    async def answer(self, conversation: Conversation) -> AsyncGenerator[Said, None]:
        """Ask the model, and give its words as they come; see `Partner.answer`."""
        words = _Words()
        try:
            candidate = self._candidate(conversation.model)
            request = _request(conversation, candidate.model.id)
            async with aclosing(stream_ai_response(request, candidate)) as batches:
                async for batch in batches:
                    for said in words.of(batch):
                        yield said
        except DragomanError as error:
            raise NoAnswerError(self._service.redact(str(error))) from error

    def _candidate(self, model: str | None) -> Candidate:
        return self._service.setup.candidates(model)[0]


def _request(conversation: Conversation, model: str) -> ChatRequest:
    return ChatRequest(
        model=model,
        system=(Text(conversation.system),) if conversation.system else (),
        messages=tuple(Message(turn.role, (Text(turn.text),)) for turn in conversation.turns),
        stream=True,
    )


class _Words:
    """Takes from a reply's events what is meant to be read: its text, and its end."""

    def __init__(self) -> None:
        self._speaking = False

    def of(self, events: Iterable[StreamEvent]) -> Iterator[Said]:
        for event in events:
            match event:
                case PartStart(part=Text(text=text)):
                    self._speaking = True
                    yield text
                case PartStart():
                    self._speaking = False
                case PartDelta(text=text) if self._speaking:
                    yield text
                case ResponseEnd(stop=stop):
                    yield stop
                case _:
                    pass
