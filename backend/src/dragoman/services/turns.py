"""One turn while it goes on: a message that is stored, and the reply to it as it grows.

begin ─▶ hear(batch)* ─▶ finish(state), which returns when the end is stored
             ├─▶ a checkpoint each second, or each 4 KiB
             └─▶ transcript.follow(), for whoever listens
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol, TypeAlias

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    Actor,
    Category,
    ChatRequest,
    LLMCancelledError,
    Receipt,
    ResponseEnd,
    ResponseStart,
)
from dragoman.services.providers import Batch
from dragoman.services.routing import Candidate
from dragoman.services.transcript import Transcript
from dragoman.storage import (
    Conversation,
    Mishap,
    Outcome,
    State,
    StorageError,
    StoredMessage,
    Timing,
)

_log: Final = structlog.get_logger("dragoman.storage")


class NewMessage(Struct, frozen=True):
    """Something new is said: after the message `parent_id`, `None` for the one last written."""

    text: str
    parent_id: str | None = None


class Retry(Struct, frozen=True):
    """Another reply is wanted to a message, which `of` names, or an earlier reply to it."""

    of: str


class Edit(Struct, frozen=True):
    """The message `of` is said in other words: a new branch beside it."""

    of: str
    text: str


Said: TypeAlias = NewMessage | Retry | Edit


class Pace(Struct, frozen=True):
    """How much of a reply a crash may cost at most: seconds, and bytes."""

    seconds: float = 1.0
    size: int = 4096


class Store(Protocol):
    """Where a turn writes down how far it is."""

    def checkpoint(self, reply: StoredMessage, text: str, reasoning: str) -> Awaitable[None]:
        """Store how far a reply has come."""
        ...

    def finish(self, turn: "Turn", outcome: Outcome) -> Awaitable[None]:
        """Store how a reply ended. Raises `StorageError`."""
        ...


class Beginning(Struct, frozen=True):
    """What is stored when a turn begins, and what a model is asked."""

    conversation: Conversation
    user_message_id: str
    reply: StoredMessage
    request: ChatRequest
    candidate: Candidate


class Turn:
    """A reply being written. What is heard is kept; the end that comes first is its end.

    Once it has one, `end` is how a whole reply ended, `failure` why there is none.
    """

    def __init__(
        self,
        beginning: Beginning,
        store: Store,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.conversation = beginning.conversation
        self.user_message_id = beginning.user_message_id
        self.reply = beginning.reply
        self.request = beginning.request
        self.candidate = beginning.candidate
        self.transcript = Transcript()
        self.state = State.STREAMING
        self.end: ResponseEnd | None = None
        self.failure: Exception | None = None
        self.timing: Timing | None = None
        self.kept = 0
        self._store = store
        self._pace = pace or Pace()
        self.receipts: tuple[Receipt, ...] = ()
        self._clock = clock
        self._begun = clock()
        self._first_token: float | None = None
        self._unsaved = 0
        self._timer: asyncio.TimerHandle | None = None
        self._saving: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._speaker: asyncio.Task[object] | None = None
        self._stopped = False
        self._over = asyncio.Event()

    @property
    def id(self) -> str:
        """The id of the reply."""
        return self.reply.id

    @property
    def text(self) -> str:
        """What was said so far; `kept` of its characters are stored."""
        return self.transcript.text

    @property
    def reasoning(self) -> str:
        """What was thought so far."""
        return self.transcript.reasoning

    @property
    def ended(self) -> bool:
        """Whether its end has come; it may not be stored yet."""
        return self._ending is not None

    async def over(self) -> None:
        """Wait until its end has come, and is stored, or cannot be."""
        await self._over.wait()

    def hear(self, batch: Batch) -> None:
        """Keep what a batch says; it is stored a little later, without being waited for."""
        if isinstance(batch[0], ResponseStart):
            self.receipts = batch[0].receipts
        size = self.transcript.hear(batch)
        if size and self._first_token is None:
            self._first_token = self._clock()
        self._unsaved += size
        if self._unsaved and self._ending is None:
            self._save_in_time()

    def _save_in_time(self) -> None:
        if self._saving is not None:
            return
        if self._unsaved >= self._pace.size:
            self._save()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._pace.seconds, self._save)

    def _save(self) -> None:
        self._stop_timer()
        self._unsaved = 0
        self._saving = asyncio.create_task(self._checkpoint(self.text, self.reasoning))

    async def _checkpoint(self, text: str, reasoning: str) -> None:
        try:
            await self._store.checkpoint(self.reply, text, reasoning)
            self.kept = len(text)
        except StorageError as error:  # the reply goes on: it may well be stored at its end
            _log.warning("checkpoint_failed", message_id=self.id, reason=str(error.trouble))
        finally:
            self._saving = None
            if self._unsaved and self._ending is None:
                self._save_in_time()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    async def finish(
        self,
        state: State,
        *,
        end: ResponseEnd | None = None,
        error: Mishap | None = None,
        failure: Exception | None = None,
    ) -> None:
        """End the turn; returns when that is stored, and changes nothing if it had ended already.

        `error` is what is stored of a `failure`.

        It is stored even if this is cancelled. Raises `StorageError` if it cannot be now; it is
        tried again then.
        """
        if self._ending is None:
            self._stop_timer()
            self.state, self.end, self.failure = state, end, failure
            self.timing = self._timing()
            outcome = Outcome(
                state=state,
                text=self.text,
                reasoning=self.reasoning,
                stop_reason=None if end is None else str(end.stop.reason),
                usage=None if end is None or end.usage is None else replace(end.usage, extras=None),
                timing=self.timing,
                error=error,
                receipts=self.receipts or None,
            )
            self._ending = asyncio.create_task(self._end(outcome))
            self._ending.add_done_callback(_look_at)
        await asyncio.shield(self._ending)

    async def _end(self, outcome: Outcome) -> None:
        try:
            await self._store.finish(self, outcome)
            self.kept = len(outcome.text)
        except StorageError as trouble:
            self.failure = trouble
            raise
        finally:
            self.transcript.close()
            self._over.set()

    def _timing(self) -> Timing:
        first = self._first_token
        return Timing(
            total_ms=_milliseconds(self._clock() - self._begun),
            first_token_ms=None if first is None else _milliseconds(first - self._begun),
        )

    def stop(self) -> None:
        """Have whoever speaks stop; nothing happens if the reply has ended."""
        if self._ending is None and not self._stopped:
            self._stopped = True
            if self._speaker is not None:
                self._speaker.cancel()

    @asynccontextmanager
    async def speaking(self) -> AsyncIterator[None]:
        """Let `stop` end what happens inside: it raises `LLMCancelledError` then."""
        if self._was_stopped():
            raise self._stop_error()
        speaker = self._speaker = asyncio.current_task()
        try:
            yield
        except asyncio.CancelledError as error:
            if not self._was_stopped() or speaker is None or speaker.uncancel() > 0:
                raise
            raise self._stop_error() from error
        finally:
            self._speaker = None

    def _was_stopped(self) -> bool:
        return self._stopped

    def _stop_error(self) -> LLMCancelledError:
        return LLMCancelledError(
            Category.CANCELLED,
            "the reply was stopped; what was said until then is kept",
            provider=self.reply.provider,
            model=self.reply.model,
            actor=Actor.CALLER,
        )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _look_at(task: asyncio.Task[None]) -> None:
    """Take note of how a task ended: whoever waited for it may have been cancelled."""
    if not task.cancelled():
        task.exception()
