"""Having a turn answered: it comes to its end by itself, and to one end only."""

import asyncio

import pytest

from dragoman.chat import (
    Category,
    ChatRequest,
    LLMServiceError,
    PartDelta,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    Text,
    UpstreamError,
    Usage,
)
from dragoman.chat import Failure as Breakage
from dragoman.config.facts import ModelEntry
from dragoman.services.answering import answer
from dragoman.services.providers import Engines, ProviderConfig, Runtime, map_provider_error
from dragoman.services.providers.transport import Timeouts
from dragoman.services.routing import Candidate
from dragoman.services.turns import Beginning, Pace, Turn
from dragoman.storage import Conversation, Mishap, State, StorageError, StoredMessage, Trouble

END = ResponseEnd(Stop(StopReason.STOP), Usage(3, 2))
GREETING = (
    [ResponseStart(), PartStart(0, Text("")), PartDelta(0, "Good ")],
    [PartDelta(0, "day"), PartEnd(0), END],
)
# Nobody here goes to a socket.
RUNTIME = Runtime({}, None, Timeouts(), Engines())
MISHAP = Mishap("LLM_ERROR", "odd", "it went wrong")
FOREVER = 60


class Orator:
    """A provider and its model in one: says batches, raises errors, waits seconds."""

    provider_id = "orator"

    def __init__(self, *script: object) -> None:
        self.script = script
        self.closed = False

    def get_config(self, environ):
        return ProviderConfig(id="orator", name="Orator", base_url="")

    def create_llm(self, model, runtime):
        return self

    def map_error(self, error, *, model=None):
        return map_provider_error(error, provider="orator", model=model)

    async def stream(self, request):
        try:
            for step in self.script:
                match step:
                    case int() | float():
                        await asyncio.sleep(step)
                    case Exception():
                        raise step
                    case batch:
                        yield batch
        finally:
            self.closed = True


class Notebook:
    """Remembers how turns ended; `trouble` comes up instead while it is set."""

    def __init__(self) -> None:
        self.outcomes = []
        self.trouble = None

    async def checkpoint(self, reply, text, reasoning):
        pass

    async def finish(self, turn, outcome):
        if self.trouble is not None:
            raise StorageError(self.trouble)
        self.outcomes.append(outcome)


@pytest.fixture
def notebook():
    return Notebook()


@pytest.fixture
def begin(notebook):
    def turn_of(*script: object):
        reply = StoredMessage(
            id="msg-2",
            parent_id="msg-1",
            role="assistant",
            state=State.STREAMING,
            text="",
            created_at=1,
            model="ours",
            provider="orator",
        )
        beginning = Beginning(
            conversation=Conversation(id="conv-1", title="T", created_at=1, updated_at=1),
            user_message_id="msg-1",
            reply=reply,
            request=ChatRequest(model="ours", messages=()),
            candidate=Candidate(ModelEntry("ours", "Ours", "", "orator"), Orator(*script), RUNTIME),
        )
        return Turn(beginning, notebook, pace=Pace(60, 1 << 20))

    return turn_of


def blame(_):
    return MISHAP


async def test_a_reply_is_heard_and_kept_without_anybody_listening(begin, notebook):
    turn = begin(*GREETING)

    await answer(turn, blame)

    (outcome,) = notebook.outcomes
    assert (outcome.state, outcome.text) == ("complete", "Good day")
    assert (outcome.stop_reason, outcome.usage) == ("stop", Usage(3, 2))
    assert (turn.end, turn.failure) == (END, None)
    assert turn.candidate.provider.closed


async def test_the_end_is_kept_before_the_connection_is_done_with(begin, notebook):
    turn = begin(*GREETING, FOREVER)
    answering = asyncio.create_task(answer(turn, blame))
    await asyncio.wait_for(turn.over(), 5)
    assert notebook.outcomes[0].state is State.COMPLETE
    assert not answering.done()
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert len(notebook.outcomes) == 1


async def test_what_goes_wrong_is_kept_with_the_words_that_came(begin, notebook):
    reset = UpstreamError(Breakage(reason="reset", message="the connection was reset"))
    turn = begin(GREETING[0], reset)
    blamed = []

    def remember(error):
        blamed.append(error)
        return MISHAP

    await answer(turn, remember)

    (outcome,) = notebook.outcomes
    assert (outcome.state, outcome.text, outcome.error) == ("error", "Good ", MISHAP)
    assert blamed == [turn.failure]
    assert isinstance(turn.failure, LLMServiceError)


async def test_a_reply_without_an_end_is_no_whole_one(begin, notebook):
    turn = begin(GREETING[0])
    await answer(turn, blame)
    assert notebook.outcomes[0].state is State.ERROR
    assert turn.failure.category is Category.STREAM_INTERRUPTED


async def test_what_breaks_after_the_end_does_not_take_it_back(begin, notebook):
    turn = begin(*GREETING, ConnectionResetError())
    await answer(turn, blame)
    assert [outcome.state for outcome in notebook.outcomes] == [State.COMPLETE]
    assert turn.failure is None


async def test_a_stop_ends_it_with_its_words(begin, notebook):
    turn = begin(GREETING[0], FOREVER)
    answering = asyncio.create_task(answer(turn, blame))
    await asyncio.sleep(0.01)

    turn.stop()
    await asyncio.wait_for(answering, 5)

    (outcome,) = notebook.outcomes
    assert (outcome.state, outcome.text, outcome.error) == ("cancelled", "Good ", None)
    assert turn.failure.category is Category.CANCELLED
    assert turn.candidate.provider.closed


async def test_the_end_of_the_server_interrupts_it(begin, notebook):
    turn = begin(GREETING[0], FOREVER)
    answering = asyncio.create_task(answer(turn, blame))
    await asyncio.sleep(0.01)

    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering

    (outcome,) = notebook.outcomes
    assert (outcome.state, outcome.text) == ("interrupted", "Good ")
    assert turn.failure.reason == "server_shutdown"
    assert turn.candidate.provider.closed


@pytest.mark.parametrize("script", [GREETING, (GREETING[0], ConnectionResetError())])
async def test_an_end_that_cannot_be_stored_is_the_failure(begin, notebook, script):
    notebook.trouble = Trouble.FULL
    turn = begin(*script)
    await answer(turn, blame)
    assert isinstance(turn.failure, StorageError)
    assert turn.kept == 0
    await asyncio.wait_for(turn.over(), 5)
