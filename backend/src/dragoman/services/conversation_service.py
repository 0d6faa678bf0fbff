"""Conversations: kept, found, changed; and turns in them, of which nothing said is ever lost.

begin_turn(conversation, said) ─▶ answer(turn) ─▶ llm_service ─▶ turn.hear … finish
     └─ stored before anybody is asked              stored before anybody is told ─┘
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Self

from msgspec import UNSET
from msgspec.structs import asdict, replace
from sqlalchemy.engine import Connection

from dragoman.chat import DragomanError
from dragoman.services import answering
from dragoman.services.beginning import Question, Resolve, begin, not_found
from dragoman.services.ledger import Ledger
from dragoman.services.purging import purge_daily
from dragoman.services.turns import Beginning, Pace, Said, Turn
from dragoman.storage import (
    UNTITLED,
    Changes,
    Conversation,
    Page,
    State,
    Thread,
    Wishes,
    conversations,
    turns,
)
from dragoman.storage.database import Database, Health

RESTORABLE: Final = 30 * 24 * 60 * 60 * 1000
"""For how long what was thrown away can be brought back, in milliseconds."""


def _now() -> int:
    return time.time_ns() // 1_000_000


class ConversationService:
    """The conversations of one database. Enter it; leaving it ends every turn that goes on.

    `now` gives the time in milliseconds since 1970, for people to read; nothing is ordered by it.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], int] = _now,
        clock: Callable[[], float] = time.monotonic,
        new_id: Callable[[], object] = uuid.uuid4,
        pace: Pace | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._clock = clock
        self._new_id = new_id
        self._pace = pace
        self._ledger = Ledger(database, now=now)

    async def __aenter__(self) -> Self:
        self._ledger.in_background(purge_daily(self.purge, "conversations"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ledger.close()

    @property
    def health(self) -> Health:
        """How the storage is."""
        return self._database.health

    async def create(self, title: str | None = None, wishes: Wishes | None = None) -> Conversation:
        """Make a conversation; without a title, it is named after its first message."""
        now = self._now()
        conversation = Conversation(
            id=f"conv-{self._new_id()}",
            title=title or UNTITLED,
            created_at=now,
            updated_at=now,
            wishes=wishes or Wishes(),
        )
        titled = title is not None
        await self._database.write(lambda c: conversations.add(c, conversation, titled=titled))
        return conversation

    async def find(
        self, *, terms: Sequence[str] = (), limit: int = 50, cursor: int | None = None
    ) -> Page:
        """List conversations, the latest activity first; with every one of `terms` in them."""
        return await self._database.read(
            lambda c: conversations.page(c, terms=terms, limit=limit, cursor=cursor)
        )

    async def get(self, conversation_id: str, *, limit: int, before: str | None = None) -> Thread:
        """Give a conversation with its last messages. Raises `InvalidInput` (404)."""
        thread = await self._database.read(
            lambda c: conversations.thread(c, conversation_id, limit=limit, before=before)
        )
        if thread is None:
            raise not_found("conversation", conversation_id)
        return replace(thread, messages=tuple(map(self._ledger.fresh, thread.messages)))

    async def change(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change a conversation. Raises `InvalidInput` (404)."""
        values = {name: value for name, value in asdict(changes).items() if value is not UNSET}
        if "title" in values:
            values["titled"] = True

        def job(connection: Connection) -> Conversation | None:
            conversations.change(connection, conversation_id, values)
            return conversations.get(connection, conversation_id)

        changed = await self._database.write(job)
        if changed is None:
            raise not_found("conversation", conversation_id)
        return changed

    async def delete(self, conversation_id: str) -> None:
        """Throw a conversation away, stopping a reply in it; it can be restored for 30 days.

        Raises `InvalidInput` (404).
        """
        now = self._now()
        job = lambda c: conversations.throw_away(c, conversation_id, now=now)  # noqa: E731
        if not await self._database.write(job):
            raise not_found("conversation", conversation_id)
        for turn in self._ledger.live(conversation_id=conversation_id):
            turn.stop()

    async def restore(self, conversation_id: str) -> Conversation:
        """Bring a conversation back; one that was not thrown away stays. Raises `InvalidInput`."""

        def job(connection: Connection) -> Conversation | None:
            conversations.restore(connection, conversation_id)
            return conversations.get(connection, conversation_id)

        restored = await self._database.write(job)
        if restored is None:
            raise not_found("conversation", conversation_id)
        return restored

    async def purge(self) -> int:
        """Delete for good what was thrown away more than 30 days ago; tell how many."""
        before = self._now() - RESTORABLE
        return await self._database.write(lambda c: conversations.purge(c, before=before))

    async def begin_turn(
        self,
        conversation_id: str,
        said: Said,
        *,
        resolve: Resolve,
        model: str | None = None,
        stream: bool = False,
    ) -> Turn:
        """Store what is said; then it is time to have it answered.

        `resolve` finds whom to ask by the model's id: `model`, or that of the reply that is tried
        again, or the conversation's. Raises `InvalidInput`: 404 for what is not there, 409 while a
        reply is being written, what `resolve` raises; and `StorageError`. Nothing is stored then.
        """
        question = Question(
            conversation_id=conversation_id,
            said=said,
            model=model,
            resolve=resolve,
            stream=stream,
            now=self._now(),
            new_message_id=lambda: f"msg-{self._new_id()}",
        )
        beginning = asyncio.create_task(self._begin(question))
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            self._ledger.in_background(_abandon(beginning))
            raise

    async def _begin(self, question: Question) -> Turn:
        await self._ledger.settle()

        def job(connection: Connection) -> Beginning:
            return begin(connection, question)

        beginning = await self._database.write(job)
        turn = Turn(beginning, self._ledger, pace=self._pace, clock=self._clock)
        self._ledger.add(turn)
        return turn

    def answer(self, turn: Turn, blame: answering.Blame) -> asyncio.Task[None]:
        """Have a turn answered that has begun, until its end, a `stop`, or the end of this service.

        It goes on whoever leaves meanwhile; `blame` says what is stored of an error. See
        `answering.answer`.
        """
        return self._ledger.in_background(answering.answer(turn, blame))

    async def stop(self, message_id: str) -> None:
        """Stop the reply that is being written; one that has ended stays. Raises `InvalidInput`."""
        turn = self._ledger.find(message_id)
        if turn is not None:
            turn.stop()
        elif not await self._database.read(lambda c: turns.texts(c, [message_id])):
            raise not_found("message", message_id)


async def _abandon(beginning: asyncio.Task[Turn]) -> None:
    """End a turn whose asker was made to leave while it began: nobody will have it answered."""
    with suppress(DragomanError):  # nobody is left to be told
        turn = await beginning
        await turn.finish(State.INTERRUPTED)
