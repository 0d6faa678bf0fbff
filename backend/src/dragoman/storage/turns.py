"""Turns in the database: a message, the reply as it grows, its end. Each function is a job."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import asdict
from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from dragoman.chat import InvalidInput
from dragoman.storage import conversations
from dragoman.storage.records import Node, Outcome, State, StoredMessage, Thread
from dragoman.storage.schema import messages

_m: Final = messages.c


def nodes(connection: Connection, conversation_id: str) -> dict[str, Node]:
    """Give the messages of a conversation by their ids, in the order in which they were made."""
    spoken = (func.length(_m.text) > 0).label("spoken")
    rows = connection.execute(
        select(_m.id, _m.parent_id, _m.role, _m.state, spoken, _m.model)
        .where(_m.conversation_id == conversation_id)
        .order_by(_m.seq)
    )
    return {
        row.id: Node(row.id, row.parent_id, row.role, row.state, bool(row.spoken), row.model)
        for row in rows
    }


def texts(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Give the words of messages by their ids."""
    rows = connection.execute(select(_m.id, _m.text).where(_m.id.in_(ids)))
    return {row.id: row.text for row in rows}


def add(connection: Connection, conversation_id: str, entries: Sequence[StoredMessage]) -> None:
    """Store new messages, parents first."""
    rows = [{"conversation_id": conversation_id, **asdict(entry)} for entry in entries]
    connection.execute(insert(messages), rows)


def bring_in(connection: Connection, thread: Thread) -> bool:
    """Store a conversation from elsewhere; False if there is one of its id already.

    Raises `InvalidInput` if a message of it stands in another conversation.
    """
    conversation = thread.conversation
    if conversations.exists(connection, conversation.id):
        return False
    conversations.add(connection, conversation, titled=True)
    try:
        if thread.messages:
            add(connection, conversation.id, thread.messages)
    except IntegrityError as error:
        words = "one of its messages is stored in another conversation already"
        raise InvalidInput(conversation.id, words) from error
    return True


def wait(connection: Connection, message_id: str) -> None:
    """Note that a message waits for a reply again."""
    connection.execute(update(messages).where(_m.id == message_id).values(state=State.PENDING))


def checkpoint(connection: Connection, message_id: str, text: str, reasoning: str) -> None:
    """Store how far a reply has come."""
    connection.execute(
        update(messages)
        .where(_m.id == message_id, _m.state == State.STREAMING)
        .values(text=text, reasoning=reasoning)
    )


def finish(
    connection: Connection,
    conversation_id: str,
    reply: StoredMessage,
    outcome: Outcome,
    *,
    now: int,
) -> None:
    """Store the end of a reply, and of the turn it ends; nothing if it had ended already."""
    done = connection.execute(
        update(messages)
        .where(_m.id == reply.id, _m.state == State.STREAMING)
        .values(asdict(outcome))
    )
    if done.rowcount:
        connection.execute(
            update(messages).where(_m.id == reply.parent_id).values(state=outcome.state)
        )
        conversations.touch(connection, conversation_id, leaf=reply.id, now=now)


def recover(connection: Connection) -> int:
    """Mark what a crash left unfinished as interrupted; tell how many replies that were."""
    interrupted = {"state": State.INTERRUPTED}
    found = connection.execute(
        update(messages).where(_m.state == State.STREAMING).values(interrupted)
    )
    connection.execute(update(messages).where(_m.state == State.PENDING).values(interrupted))
    return found.rowcount
