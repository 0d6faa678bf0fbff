"""A turn while it goes on: what is kept, when it is stored, and how it ends."""

import asyncio

import pytest

from dragoman.chat import (
    ChatRequest,
    LLMCancelledError,
    PartDelta,
    PartEnd,
    PartStart,
    Reasoning,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    Text,
    ToolCall,
    Usage,
)
from dragoman.config.facts import ModelEntry
from dragoman.services.routing import Candidate
from dragoman.services.turns import Beginning, Pace, Turn
from dragoman.storage import (
    Conversation,
    Mishap,
    Outcome,
    State,
    StorageError,
    StoredMessage,
    Timing,
    Trouble,
)

NEVER = Pace(seconds=60, size=1 << 20)


class Notebook:
    """Remembers what it is told to store; `trouble` comes up instead while it is set."""

    def __init__(self) -> None:
        self.checkpoints: list[tuple[str, str]] = []
        self.outcomes: list[Outcome] = []
        self.trouble: Trouble | None = None
        self.slow = asyncio.Event()
        self.slow.set()
        self.written = asyncio.Event()

    async def checkpoint(self, reply: StoredMessage, text: str, reasoning: str) -> None:
        await self._work()
        self.checkpoints.append((text, reasoning))
        self.written.set()

    async def finish(self, turn: Turn, outcome: Outcome) -> None:
        await self._work()
        self.outcomes.append(outcome)

    async def _work(self) -> None:
        await self.slow.wait()
        if self.trouble is not None:
            raise StorageError(self.trouble)


@pytest.fixture
async def notebook():
    return Notebook()


@pytest.fixture
def begin(notebook):
    """Begin a turn; `clock` ticks by hand."""

    def make(pace=NEVER, clock=lambda: 0.0):
        entry = ModelEntry("gpt", "GPT", "", "openai")
        reply = StoredMessage(
            id="msg-2",
            parent_id="msg-1",
            role="assistant",
            state=State.STREAMING,
            text="",
            created_at=1,
            model="gpt",
            provider="openai",
        )
        beginning = Beginning(
            conversation=Conversation(id="conv-1", title="T", created_at=1, updated_at=1),
            user_message_id="msg-1",
            reply=reply,
            request=ChatRequest(model="gpt", messages=()),
            candidate=Candidate(entry, None, None),
        )
        return Turn(beginning, notebook, pace=pace, clock=clock)

    return make


def words(text):
    return [PartDelta(0, text)]


OPENING = [ResponseStart(), PartStart(0, Text(""))]
END = ResponseEnd(Stop(StopReason.STOP), Usage(3, 2))


async def test_what_is_said_thought_and_asked_for_is_kept_apart(begin, notebook):
    turn = begin()
    turn.hear([ResponseStart(), PartStart(0, Reasoning("Hm")), PartDelta(0, "…"), PartEnd(0)])
    turn.hear([PartStart(1, Text("Good ")), PartDelta(1, "day"), PartEnd(1)])
    turn.hear([PartStart(2, ToolCall("id", "tool", "")), PartDelta(2, "{}"), PartEnd(2)])
    turn.hear([PartStart(3, Text("!")), PartEnd(3), END])

    await turn.finish(State.COMPLETE, end=END)

    (outcome,) = notebook.outcomes
    assert (outcome.text, outcome.reasoning) == ("Good day!", "Hm…")
    assert (outcome.state, outcome.stop_reason, outcome.usage) == ("complete", "stop", Usage(3, 2))
    assert turn.kept == len("Good day!")


async def test_the_times_are_from_the_question_to_the_first_token_and_the_end(begin, notebook):
    times = iter([10.0, 10.25, 12.5])
    turn = begin(clock=lambda: next(times))
    turn.hear(OPENING)
    turn.hear(words("a"))
    turn.hear(words("b"))
    await turn.finish(State.COMPLETE)

    assert notebook.outcomes[0].timing == Timing(total_ms=2500, first_token_ms=250)
    assert turn.timing == notebook.outcomes[0].timing


async def test_a_reply_without_a_token_has_no_time_of_its_first(begin, notebook):
    turn = begin()
    turn.hear(OPENING)
    await turn.finish(State.ERROR, error=Mishap("TIMEOUT", "timeout_idle", "too slow"))
    (outcome,) = notebook.outcomes
    assert outcome.timing == Timing(total_ms=0, first_token_ms=None)
    assert outcome.error == Mishap("TIMEOUT", "timeout_idle", "too slow")


async def test_a_checkpoint_is_made_when_enough_was_said(begin, notebook):
    turn = begin(Pace(seconds=60, size=8))
    turn.hear(OPENING)
    turn.hear(words("1234"))
    await asyncio.sleep(0)
    assert notebook.checkpoints == []

    turn.hear(words("äöü."))  # three of these take two bytes
    await asyncio.wait_for(notebook.written.wait(), 5)

    assert notebook.checkpoints == [("1234äöü.", "")]
    assert turn.kept == 8


async def test_a_checkpoint_is_made_when_enough_time_has_passed_even_in_silence(begin, notebook):
    turn = begin(Pace(seconds=0.02, size=1 << 20))
    turn.hear(OPENING)
    turn.hear(words("a"))
    await asyncio.wait_for(notebook.written.wait(), 5)
    assert notebook.checkpoints == [("a", "")]


async def test_a_slow_storage_gets_one_checkpoint_at_a_time_and_then_the_newest(begin, notebook):
    turn = begin(Pace(seconds=0.01, size=4))
    notebook.slow.clear()
    turn.hear(OPENING)
    for _ in range(5):
        turn.hear(words("1234"))
        await asyncio.sleep(0)
    notebook.slow.set()
    async with asyncio.timeout(5):
        while len(notebook.checkpoints) < 2:
            notebook.written.clear()
            await notebook.written.wait()

    assert notebook.checkpoints == [("1234", ""), ("1234" * 5, "")]


async def test_a_checkpoint_that_fails_does_not_end_the_reply(begin, notebook):
    notebook.trouble = Trouble.FULL
    turn = begin(Pace(seconds=60, size=1))
    turn.hear(OPENING)
    turn.hear(words("a"))
    await asyncio.sleep(0.01)
    assert turn.kept == 0

    notebook.trouble = None
    turn.hear(words("b"))
    await asyncio.wait_for(notebook.written.wait(), 5)
    assert notebook.checkpoints == [("ab", "")]
    assert turn.kept == 2


async def test_an_end_that_cannot_be_stored_is_told(begin, notebook):
    notebook.trouble = Trouble.FULL
    turn = begin()
    turn.hear([*OPENING, *words("abc")])
    with pytest.raises(StorageError):
        await turn.finish(State.COMPLETE)
    assert turn.kept == 0


async def test_the_first_end_is_the_end(begin, notebook):
    turn = begin()
    await turn.finish(State.CANCELLED)
    await turn.finish(State.COMPLETE, end=END)
    assert [outcome.state for outcome in notebook.outcomes] == [State.CANCELLED]
    assert turn.state is State.CANCELLED


async def test_the_end_is_stored_although_whoever_waits_for_it_is_cancelled(begin, notebook):
    notebook.slow.clear()
    turn = begin()
    waiting = asyncio.create_task(turn.finish(State.CANCELLED))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    notebook.slow.set()
    await turn.finish(State.COMPLETE)
    assert [outcome.state for outcome in notebook.outcomes] == [State.CANCELLED]


async def speak(turn):
    async with turn.speaking():
        await asyncio.sleep(60)


async def test_stopping_ends_whoever_speaks_with_a_word(begin):
    turn = begin()
    speaker = asyncio.create_task(speak(turn))
    await asyncio.sleep(0)

    turn.stop()
    turn.stop()

    with pytest.raises(LLMCancelledError) as stopped:
        await speaker
    assert stopped.value.reason == "cancelled"
    assert not speaker.cancelled()


async def test_stopping_before_anybody_speaks_is_heard_as_well(begin):
    turn = begin()
    turn.stop()
    with pytest.raises(LLMCancelledError):
        await speak(turn)


async def test_stopping_after_the_end_changes_nothing(begin, notebook):
    turn = begin()
    async with turn.speaking():
        await turn.finish(State.COMPLETE)
        turn.stop()
        await asyncio.sleep(0)
    assert notebook.outcomes[0].state is State.COMPLETE


async def test_a_cancellation_that_is_no_stop_passes_through(begin):
    turn = begin()
    speaker = asyncio.create_task(speak(turn))
    await asyncio.sleep(0)
    turn.stop()
    speaker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaker
