"""Conversations in the database: made, found, changed, thrown away. Each function is a job."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from dragoman.storage.records import Conversation, Listed, Page, StoredMessage, Thread, Wishes
from dragoman.storage.schema import conversations, messages
from dragoman.storage.search import matching, snippets

DAY: Final = 24 * 60 * 60 * 1000

_c: Final = conversations.c
_m: Final = messages.c
_COLUMNS: Final = (
    _c.id,
    _c.title,
    _c.created_at,
    _c.updated_at,
    _c.system_prompt,
    _c.model,
    _c.temperature,
    _c.max_tokens,
    _c.active_leaf,
)
_NEXT: Final = select(func.coalesce(func.max(_c.activity), 0) + 1).scalar_subquery()
"""The number of the next activity: it orders the list, whatever the clock says."""

Change = Mapping[str, str | int | float | bool | None]
"""New values by the names of their columns."""


def add(connection: Connection, conversation: Conversation, *, titled: bool) -> None:
    """Store a new conversation; `titled` says that a person gave its title."""
    connection.execute(
        insert(conversations).values(
            id=conversation.id,
            title=conversation.title,
            titled=titled,
            created_at=conversation.created_at,
            updated_at=conversation.updated_at,
            system_prompt=conversation.wishes.system_prompt,
            model=conversation.wishes.model,
            temperature=conversation.wishes.temperature,
            max_tokens=conversation.wishes.max_tokens,
            active_leaf=conversation.active_leaf,
            activity=_NEXT,
        )
    )


def get(connection: Connection, conversation_id: str) -> Conversation | None:
    """Give a conversation; `None` if there is none, or it was thrown away."""
    found = select(*_COLUMNS).where(_c.id == conversation_id, _c.deleted_at.is_(None))
    row = connection.execute(found).mappings().one_or_none()
    return None if row is None else _conversation(row)


def exists(connection: Connection, conversation_id: str) -> bool:
    """Tell whether there is such a conversation, thrown away or not."""
    found = connection.execute(select(_c.seq).where(_c.id == conversation_id))
    return found.one_or_none() is not None


def is_titled(connection: Connection, conversation_id: str) -> bool:
    """Tell whether a person gave the title."""
    return bool(
        connection.execute(select(_c.titled).where(_c.id == conversation_id)).scalar_one_or_none()
    )


def change(connection: Connection, conversation_id: str, values: Change) -> bool:
    """Change some columns; False if there is no such conversation."""
    if not values:
        return get(connection, conversation_id) is not None
    done = connection.execute(
        update(conversations)
        .where(_c.id == conversation_id, _c.deleted_at.is_(None))
        .values(dict(values))
    )
    return done.rowcount > 0


def touch(connection: Connection, conversation_id: str, *, leaf: str, now: int) -> None:
    """Note an activity: the conversation becomes the first of the list."""
    connection.execute(
        update(conversations)
        .where(_c.id == conversation_id)
        .values(active_leaf=leaf, updated_at=now, activity=_NEXT)
    )


def throw_away(connection: Connection, conversation_id: str, *, now: int) -> bool:
    """Take a conversation out of sight; False if there is no such one."""
    return change(connection, conversation_id, {"deleted_at": now})


def restore(connection: Connection, conversation_id: str) -> bool:
    """Bring a conversation back that was thrown away; False if there is no such one."""
    done = connection.execute(
        update(conversations).where(_c.id == conversation_id).values(deleted_at=None)
    )
    return done.rowcount > 0


def purge(connection: Connection, *, before: int) -> int:
    """Delete for good what was thrown away before a moment; tell how many there were."""
    return connection.execute(delete(conversations).where(_c.deleted_at < before)).rowcount


def page(
    connection: Connection, *, terms: Sequence[str] = (), limit: int, cursor: int | None = None
) -> Page:
    """List conversations, the latest activity first, that have every one of `terms` in them.

    `cursor` is a number from the page before.
    """
    wanted: list[ColumnElement[bool]] = [_c.deleted_at.is_(None), *map(matching, terms)]
    if cursor is not None:
        wanted.append(_c.activity < cursor)
    newest = select(*_COLUMNS, _c.activity).where(*wanted).order_by(_c.activity.desc())
    rows = connection.execute(newest.limit(limit + 1)).mappings().all()
    shown = [_conversation(row) for row in rows[:limit]]
    ids = [conversation.id for conversation in shown]
    models = _models_of(connection, ids)
    found = snippets(connection, ids, terms) if terms else {}
    listed = (Listed(one, tuple(models.get(one.id, ())), found.get(one.id)) for one in shown)
    return Page(tuple(listed), str(rows[limit - 1]["activity"]) if len(rows) > limit else None)


def _models_of(connection: Connection, ids: Iterable[str]) -> dict[str, list[str]]:
    """Give the models that answered in each conversation, in the order of their first replies."""
    rows = connection.execute(
        select(_m.conversation_id, _m.model)
        .where(_m.conversation_id.in_(ids), _m.role == "assistant", _m.model.is_not(None))
        .group_by(_m.conversation_id, _m.model)
        .order_by(func.min(_m.seq))
    )
    models: dict[str, list[str]] = {}
    for row in rows:
        models.setdefault(row.conversation_id, []).append(row.model)
    return models


def thread(
    connection: Connection, conversation_id: str, *, limit: int, before: str | None = None
) -> Thread | None:
    """Give a conversation with its last `limit` messages, those before the message `before`."""
    conversation = get(connection, conversation_id)
    if conversation is None:
        return None
    wanted: list[ColumnElement[bool]] = [_m.conversation_id == conversation_id]
    if before is not None:
        wanted.append(_m.seq < select(_m.seq).where(_m.id == before).scalar_subquery())
    newest = select(messages).where(*wanted).order_by(_m.seq.desc()).limit(limit + 1)
    rows = connection.execute(newest).mappings().all()
    shown = tuple(_message(row) for row in reversed(rows[:limit]))
    return Thread(conversation, shown, shown[0].id if len(rows) > limit else None)


def ids(connection: Connection) -> list[str]:
    """Give every conversation, the latest activity first."""
    found = select(_c.id).where(_c.deleted_at.is_(None)).order_by(_c.activity.desc())
    return list(connection.execute(found).scalars())


def _conversation(row: RowMapping) -> Conversation:
    return Conversation(
        id=row["id"],
        title=row["title"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        wishes=Wishes(row["system_prompt"], row["model"], row["temperature"], row["max_tokens"]),
        active_leaf=row["active_leaf"],
    )


def _message(row: RowMapping) -> StoredMessage:
    return StoredMessage(
        id=row["id"],
        parent_id=row["parent_id"],
        role=row["role"],
        state=row["state"],
        text=row["text"],
        created_at=row["created_at"],
        reasoning=row["reasoning"],
        model=row["model"],
        provider=row["provider"],
        stop_reason=row["stop_reason"],
        usage=row["usage"],
        timing=row["timing"],
        error=row["error"],
        receipts=row["receipts"],
    )
