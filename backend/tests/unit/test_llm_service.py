"""One path for whole and streamed replies, with no provider in sight."""

import gc
import weakref
from collections.abc import Mapping, Sequence
from contextlib import aclosing

import pytest
from msgspec.structs import replace

from dragoman.chat import (
    Category,
    ChatRequest,
    Extras,
    Fold,
    LLMConnectionError,
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
    Text,
    ToolCall,
    Usage,
)
from dragoman.config.facts import ModelEntry
from dragoman.services.llm_service import get_ai_response, stream_ai_response
from dragoman.services.providers import (
    Batch,
    Batches,
    Engines,
    ProviderConfig,
    Runtime,
    map_provider_error,
)
from dragoman.services.providers.base import complete
from dragoman.services.providers.transport import Timeouts
from dragoman.services.routing import Candidate

GREETING: tuple[Batch, ...] = (
    [ResponseStart(id="r1", model="vendor-model")],
    [PartStart(0, Text("")), PartDelta(0, "Good ")],
    [PartDelta(0, "day"), PartEnd(0), ResponseEnd(Stop(StopReason.STOP), Usage(3, 2))],
)


class Recited:
    """A model that recites batches; an exception among them is raised in its place."""

    def __init__(self, script: Sequence[Batch | Exception]) -> None:
        self.script = script
        self.asked: list[ChatRequest] = []
        self.closed = False

    async def stream(self, request: ChatRequest) -> Batches:
        self.asked.append(request)
        try:
            for item in self.script:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.closed = True

    async def complete(self, request: ChatRequest) -> Reply:
        return await complete(self, request)


class Reciter:
    """A provider of one such model, which counts how often it is asked to judge an error."""

    provider_id = "reciter"

    def __init__(self, *script: Batch | Exception) -> None:
        self.model = Recited(script)
        self.judged: list[BaseException] = []

    def get_config(self, environ: Mapping[str, str]) -> ProviderConfig:
        return ProviderConfig(id="reciter", name="Reciter", base_url="")

    def create_llm(self, model: ModelEntry, runtime: Runtime) -> Recited:
        return self.model

    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        self.judged.append(error)
        return map_provider_error(error, provider="reciter", model=model)


class NoSocket:
    """An upstream nobody may use."""

    def send(self, method, url, *, headers, body=b""):
        raise AssertionError("a reciter needs no socket")


def candidate_of(provider: Reciter) -> Candidate:
    runtime = Runtime({}, NoSocket(), Timeouts(), Engines())
    return Candidate(ModelEntry("ours", "Ours", "", "reciter"), provider, runtime)


ASKED = ChatRequest(model="ours", messages=(Message("user", (Text("Hello"),)),), stream=True)


async def failure_of(provider: Reciter) -> LLMServiceError:
    with pytest.raises(LLMServiceError) as caught:
        await get_ai_response(ASKED, candidate_of(provider))
    return caught.value


async def test_a_whole_reply_is_the_fold_of_its_stream():
    reply = await get_ai_response(ASKED, candidate_of(Reciter(*GREETING)))

    folding = Fold()
    async for batch in stream_ai_response(ASKED, candidate_of(Reciter(*GREETING))):
        folding.add(batch)

    assert reply == folding.reply()
    assert (reply.text, reply.usage) == ("Good day", Usage(3, 2))


async def test_the_provider_is_told_how_the_caller_wants_it():
    whole, streamed = Reciter(*GREETING), Reciter(*GREETING)
    await get_ai_response(ASKED, candidate_of(whole))
    async for _ in stream_ai_response(ASKED, candidate_of(streamed)):
        pass
    assert (whole.model.asked[0].stream, streamed.model.asked[0].stream) == (False, True)


async def test_batches_pass_as_they_are():
    passed = [batch async for batch in stream_ai_response(ASKED, candidate_of(Reciter(*GREETING)))]
    assert passed == list(GREETING)


@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_a_reply_without_its_end_is_interrupted(kept):
    provider = Reciter(*GREETING[:kept])
    error = await failure_of(provider)
    assert isinstance(error, LLMConnectionError)
    assert error.category is Category.STREAM_INTERRUPTED


async def test_what_a_model_raises_is_judged_once_by_its_own_provider():
    surprise = RuntimeError("surprise")
    provider = Reciter(GREETING[0], surprise)
    error = await failure_of(provider)
    assert provider.judged == [surprise]
    assert error.__cause__ is surprise
    assert (error.provider, error.model) == ("reciter", "ours")


SILENT = [
    (),
    (PartStart(0, Text("")), PartEnd(0)),
    (PartStart(0, Reasoning("hm")), PartDelta(0, ""), PartEnd(0)),
]


@pytest.mark.parametrize("said", SILENT, ids=["nothing", "no words", "only a thought"])
async def test_a_reply_that_says_nothing_is_no_reply(said):
    error = await failure_of(Reciter([ResponseStart(), *said, ResponseEnd(Stop(StopReason.STOP))]))
    assert (error.category, error.reason) == (Category.BAD_RESPONSE, "empty_response")


@pytest.mark.parametrize("reason", [StopReason.LENGTH, StopReason.CONTENT_FILTER])
async def test_silence_with_another_reason_is_an_answer(reason):
    ended = [ResponseStart(), ResponseEnd(Stop(reason))]
    reply = await get_ai_response(ASKED, candidate_of(Reciter(ended)))
    assert (reply.parts, reply.stop) == ((), Stop(reason))


@pytest.mark.parametrize("reason", [StopReason.ERROR, StopReason.MALFORMED])
async def test_a_bad_end_is_told_in_its_own_format_alone(reason):
    said = (PartStart(0, Text("So")), PartEnd(0), ResponseEnd(Stop(reason, "OTHER")))
    spoken = Reciter([ResponseStart(wire="gemini"), *said])

    with pytest.raises(LLMServiceError) as failed:
        await get_ai_response(asked_in("openai_chat"), candidate_of(spoken))
    error = failed.value
    assert (error.category, error.reason) == (Category.BAD_RESPONSE, "ended_in_error")
    assert "OTHER" in error.message

    for wire in ("gemini", None):
        reply = await get_ai_response(asked_in(wire), candidate_of(spoken))
        assert reply.stop == Stop(reason, "OTHER")


def asked_in(wire: str | None) -> ChatRequest:
    return replace(ASKED, extras=None if wire is None else Extras(wire))


async def test_a_tool_call_alone_is_an_answer():
    call = ToolCall("c1", "look", "{}")
    said = [ResponseStart(), PartStart(0, call), PartEnd(0), ResponseEnd(Stop(StopReason.STOP))]
    reply = await get_ai_response(ASKED, candidate_of(Reciter(said)))
    assert reply.parts == (call,)


async def test_what_follows_the_end_is_not_passed_on():
    late = [[PartStart(1, Text("late")), PartEnd(1)]]
    passed = [
        batch async for batch in stream_ai_response(ASKED, candidate_of(Reciter(*GREETING, *late)))
    ]
    assert passed == list(GREETING)


async def test_stopping_early_closes_the_model():
    provider = Reciter(*GREETING)
    async with aclosing(stream_ai_response(ASKED, candidate_of(provider))) as batches:
        await anext(batches)
    assert provider.model.closed
    assert provider.judged == []


async def test_a_failure_takes_its_question_along_at_once():
    candidate = candidate_of(Reciter(ConnectionResetError()))
    gc.disable()
    try:
        try:
            await get_ai_response(ASKED, candidate)
        except LLMServiceError as error:
            told = weakref.ref(error)
        assert told() is None
    finally:
        gc.enable()


async def test_a_model_that_fails_before_it_gives_anything_is_judged_as_well():
    class Unable(Recited):
        def stream(self, request: ChatRequest) -> Batches:
            raise ValueError("no such thing")

    provider = Reciter()
    provider.model = Unable(())
    failure = await failure_of(provider)
    assert [type(error) for error in provider.judged] == [ValueError]
    assert isinstance(failure, LLMServiceError)
