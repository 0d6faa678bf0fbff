"""The turns that go on now, and the ends of those that could not be stored yet."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Final

import structlog
from msgspec.structs import asdict, replace
from sqlalchemy.engine import Connection

from dragoman.services.turns import Turn
from dragoman.storage import Outcome, State, StorageError, StoredMessage, turns
from dragoman.storage.database import Database

_BETWEEN_ATTEMPTS: Final = 2.0
_log: Final = structlog.get_logger("dragoman.storage")


class Ledger:
    """Writes down how far turns are. An end that cannot be stored is owed, and tried again."""

    def __init__(self, database: Database, *, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now
        self._live: dict[str, Turn] = {}
        self._owed: dict[str, tuple[Turn, Outcome]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, turn: Turn) -> None:
        """Take note of a turn that has begun."""
        self._live[turn.id] = turn

    def live(self, *, conversation_id: str | None = None) -> list[Turn]:
        """Give the turns that go on: all of them, or those of a conversation."""
        turns_now = self._live.values()
        return [turn for turn in turns_now if conversation_id in {None, turn.conversation.id}]

    def find(self, message_id: str) -> Turn | None:
        """Give the turn that goes on, by the id of its message or its reply."""
        for turn in self._live.values():
            if message_id in {turn.id, turn.user_message_id}:
                return turn
        return None

    async def checkpoint(self, reply: StoredMessage, text: str, reasoning: str) -> None:
        """Store how far a reply has come. Raises `StorageError`."""
        await self._database.write(lambda c: turns.checkpoint(c, reply.id, text, reasoning))

    async def finish(self, turn: Turn, outcome: Outcome) -> None:
        """Store how a reply ended. Raises `StorageError`; the end is owed then."""
        try:
            await self._database.write(self._job(turn, outcome))
        except StorageError:
            self._owed[turn.id] = (turn, outcome)
            if len(self._owed) == 1:
                self.in_background(self._settle())
            raise
        finally:
            self._live.pop(turn.id, None)

    def _job(self, turn: Turn, outcome: Outcome) -> Callable[[Connection], None]:
        now = self._now()
        return lambda c: turns.finish(c, turn.conversation.id, turn.reply, outcome, now=now)

    async def _settle(self) -> None:
        """Try again until nothing is owed."""
        while self._owed:
            await asyncio.sleep(_BETWEEN_ATTEMPTS)
            with suppress(StorageError):
                await self.settle()
        _log.info("turns_stored_at_last")

    async def settle(self) -> None:
        """Store every end that is owed. Raises `StorageError`."""
        for id_, (turn, outcome) in tuple(self._owed.items()):
            await self._database.write(self._job(turn, outcome))
            self._owed.pop(id_, None)

    def fresh(self, message: StoredMessage) -> StoredMessage:
        """Give a message as it is now, which the database may learn a moment later."""
        if message.state is not State.STREAMING:
            return message
        if message.id in self._owed:
            _, outcome = self._owed[message.id]
            return replace(message, **asdict(outcome))
        if message.id in self._live:
            turn = self._live[message.id]
            return replace(message, text=turn.text, reasoning=turn.reasoning)
        return message

    def in_background(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Have something done until it ends, or this does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End every turn that goes on as interrupted, and try to pay what is owed."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        endings = [turn.finish(State.INTERRUPTED) for turn in self.live()]
        await asyncio.gather(*endings, return_exceptions=True)
        try:
            await self.settle()
        except StorageError as error:
            _log.error("turns_not_stored", count=len(self._owed), reason=str(error.trouble))
