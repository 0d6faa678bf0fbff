"""Chatting with the models of this very program, their provider played by the test."""

from collections.abc import AsyncIterator, Mapping

import pytest
from msgspec import Struct

from dragoman.chat import (
    Category,
    ChatRequest,
    LLMServiceError,
    Message,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    ToolCall,
)
from dragoman.cli.configuration import Loader
from dragoman.cli.conversation import Choice, Conversation, NoAnswerError
from dragoman.cli.own_models import OwnModels
from dragoman.composition import Service
from dragoman.config import ModelEntry
from dragoman.services.providers import (
    Batches,
    ProviderConfig,
    ProviderRegistry,
    ProviderStatus,
    Runtime,
    State,
)

KEY = "canary-0123456789abcdef"
MODELS = (
    '[{"id": "one", "name": "One", "description": "", "provider": "acme", "default": true},'
    ' {"id": "two", "name": "Two", "description": "", "provider": "acme"}]'
)
ANSWER: list[StreamEvent] = [
    ResponseStart(),
    PartStart(0, Reasoning("I think")),
    PartDelta(0, " and think"),
    PartEnd(0),
    PartStart(1, Text("Hel")),
    PartDelta(1, "lo"),
    PartEnd(1),
    PartStart(2, ToolCall("call", "clock", "{")),
    PartDelta(2, "}"),
    PartEnd(2),
    ResponseEnd(Stop(StopReason.TOOL)),
]


class Acme(Struct, frozen=True):
    """A provider with a machine that takes its time."""

    state: State = State.READY
    error: LLMServiceError | None = None
    asked: list[ChatRequest] = []
    provider_id: str = "acme"

    def get_config(self, environ: Mapping[str, str]) -> ProviderConfig:
        return ProviderConfig(id="acme", name="Acme's machine", base_url="")

    def create_llm(self, model: ModelEntry, runtime: Runtime) -> "Acme":
        return self

    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        assert isinstance(error, LLMServiceError)
        return error

    async def start(self, runtime: Runtime) -> None:
        """It starts by itself."""

    def get_status(self, runtime: Runtime) -> ProviderStatus:
        return ProviderStatus(self.state)

    async def stream(self, request: ChatRequest) -> Batches:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        yield ANSWER

    async def complete(self, request: ChatRequest) -> Reply:
        raise NotImplementedError


@pytest.fixture
def acme() -> Acme:
    return Acme(asked=[])


@pytest.fixture
async def own(acme: Acme, tmp_path) -> AsyncIterator[OwnModels]:
    async with service_of(acme, tmp_path) as service:
        yield OwnModels(service)


def service_of(provider: Acme, folder) -> Service:
    load = Loader(
        environ={"MODELS": MODELS, "PROVIDERS": provided(KEY)},
        cwd=folder,
        registry=ProviderRegistry([provider]),
    )
    return Service(load(), registry=load.registry)


def provided(secret: str) -> str:
    row = '{"name": "Other", "speaks": "openai", "base_url": "http://127.0.0.1:1/v1", "headers": '
    return f'{{"other": {row}{{"x-token": "{secret}"}}}}}}'


async def test_the_text_of_a_reply_is_said_and_nothing_else(own):
    said = [said async for said in own.answer(Conversation().asked("Hi"))]
    assert said == ["Hel", "lo", Stop(StopReason.TOOL)]


async def test_the_conversation_is_asked_as_it_stands(own, acme):
    conversation = Conversation("two", "Be kind").asked("a").answered("b").asked("c")
    async for _ in own.answer(conversation):
        pass
    (request,) = acme.asked
    assert request == ChatRequest(
        model="two",
        system=(Text("Be kind"),),
        messages=(
            Message("user", (Text("a"),)),
            Message("assistant", (Text("b"),)),
            Message("user", (Text("c"),)),
        ),
        stream=True,
    )


async def test_the_models_are_those_of_the_configuration(own):
    assert await own.choices() == (
        Choice("one", "One", "acme", default=True),
        Choice("two", "Two", "acme", default=False),
    )


async def test_waiting_is_for_the_model_that_was_asked(own):
    assert own.waiting(None) == "waiting for one…"
    assert own.waiting("two") == "waiting for two…"


async def test_waiting_for_what_is_being_loaded_is_told_as_such(tmp_path):
    async with service_of(Acme(State.LOADING), tmp_path) as service:
        assert OwnModels(service).waiting(None) == "loading the acme's machine…"


async def test_an_error_is_told_without_a_key_in_it(tmp_path):
    error = LLMServiceError(Category.TIMEOUT, f"no answer\nwith {KEY}")
    async with service_of(Acme(error=error), tmp_path) as service:
        with pytest.raises(NoAnswerError) as caught:
            await anext(OwnModels(service).answer(Conversation().asked("Hi")))
    assert str(caught.value) == "no answer with **********"


async def test_an_unknown_model_is_told_with_those_there_are(own):
    with pytest.raises(NoAnswerError, match="there are: one, two"):
        await anext(own.answer(Conversation("three").asked("Hi")))
