"""Conversations for tests, made in a line."""

from itertools import count

from sqlalchemy.engine import Connection

from dragoman.storage import (
    Conversation,
    Outcome,
    State,
    StoredMessage,
    Wishes,
    conversations,
    turns,
)

_numbers = count(1)


def a_conversation(title: str = "A talk", *, at: int = 1, **wishes: object) -> Conversation:
    return Conversation(
        id=f"conv-{next(_numbers)}",
        title=title,
        created_at=at,
        updated_at=at,
        wishes=Wishes(**wishes),
    )


def a_message(text: str = "Hello", *, parent: str | None = None, **more: object) -> StoredMessage:
    facts = {"role": "user", "state": State.PENDING, "created_at": 1, **more}
    return StoredMessage(id=f"msg-{next(_numbers)}", parent_id=parent, text=text, **facts)


def a_reply(parent: StoredMessage, **more: object) -> StoredMessage:
    facts = {"state": State.STREAMING, "model": "gpt", "provider": "openai", **more}
    return a_message("", parent=parent.id, role="assistant", **facts)


def tell(
    connection: Connection, conversation: Conversation, *said: tuple[str, str], model: str = "gpt"
) -> list[str]:
    """Store a conversation with turns of a message and its whole reply; give all ids."""
    conversations.add(connection, conversation, titled=True)
    ids: list[str] = []
    for question, answer in said:
        message = a_message(question, parent=ids[-1] if ids else None)
        reply = a_reply(message, model=model)
        turns.add(connection, conversation.id, [message, reply])
        turns.finish(
            connection,
            conversation.id,
            reply,
            Outcome(state=State.COMPLETE, text=answer),
            now=conversation.updated_at,
        )
        ids += [message.id, reply.id]
    return ids
