"""The tables. What a column is called and may hold is decided here, and in the migrations.

conversations ─┬─< messages ──(parent_id)──> messages
               │      └─ message_search       full text, kept by triggers
               └─ title_search                full text, kept by triggers
responses ──(previous)──> responses
     └─< response_items                      where an item of an answer is found by its id
"""

from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

from dragoman.chat import JsonObject, Receipt, Usage
from dragoman.storage.records import Mishap, State, Timing

REVISION: Final = "0003"
"""The newest migration this program knows: the schema it works with."""

T = TypeVar("T")


class Packed(TypeDecorator[T]):
    """A value in a column, as JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write the value."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:  # noqa: ARG002
        """Read the value."""
        return None if value is None else msgspec.json.decode(value, type=self.kind)


class Named(TypeDecorator[State]):
    """A state, by its word."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: State | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write the word."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> State | None:  # noqa: ARG002
        """Read the word."""
        return None if value is None else State(value)


# SQLite numbers rows by itself in a column that is declared INTEGER, and in no other.
_SEQUENCE: Final = BigInteger().with_variant(Integer(), "sqlite")

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

conversations: Final = Table(
    "conversations",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    # Whether a person gave the title; if not, it is made of the first message.
    Column("titled", Boolean, nullable=False),
    Column("system_prompt", Text),
    Column("model", String),
    Column("temperature", Float),
    Column("max_tokens", Integer),
    Column("active_leaf", String),
    # Counts up with every activity of any conversation: clocks jump, this does not.
    Column("activity", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Index(None, "activity"),
    Index(None, "deleted_at"),
    sqlite_autoincrement=True,
)

messages: Final = Table(
    "messages",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column(
        "conversation_id",
        String,
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("parent_id", String, ForeignKey("messages.id", ondelete="CASCADE")),
    Column("role", String, nullable=False),
    Column("state", Named, nullable=False),
    Column("text", Text, nullable=False),
    Column("reasoning", Text, nullable=False, server_default=text("''")),
    Column("model", String),
    Column("provider", String),
    Column("stop_reason", String),
    Column("usage", Packed(Usage)),
    Column("timing", Packed(Timing)),
    Column("error", Packed(Mishap)),
    Column("receipts", Packed(tuple[Receipt, ...])),
    Column("created_at", BigInteger, nullable=False),
    CheckConstraint("role IN ('user', 'assistant')", name="role"),
    CheckConstraint(
        "state IN ('pending', 'streaming', 'complete', 'error', 'cancelled', 'interrupted')",
        name="state",
    ),
    Index(None, "conversation_id", "seq"),
    Index(None, "parent_id"),
    # One reply at a time: the database itself refuses a second one.
    Index(
        "uq_messages_streaming",
        "conversation_id",
        unique=True,
        sqlite_where=text("state = 'streaming'"),
    ),
    sqlite_autoincrement=True,
)

responses: Final = Table(
    "responses",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    # A response that was deleted, or whose time is over, has no id any more: it is there for those
    # that go on from it, as long as there are any.
    Column("id", String, unique=True),
    Column("previous", _SEQUENCE, ForeignKey("responses.seq")),
    Column("created_at", BigInteger, nullable=False),
    # What the client said in this request alone, as it said it.
    Column("asked", Packed(tuple[JsonObject, ...]), nullable=False),
    # What the model said in return, as the client was told it, and
    Column("output", Packed(tuple[JsonObject, ...]), nullable=False),
    # the rest of what the client was told.
    Column("body", Packed(JsonObject)),
    Column("receipts", Packed(tuple[Receipt, ...])),
    Index(None, "previous"),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)

response_items: Final = Table(
    "response_items",
    metadata,
    Column(
        "response", _SEQUENCE, ForeignKey("responses.seq", ondelete="CASCADE"), primary_key=True
    ),
    # Which one it is of the output, from 0.
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("id", String, nullable=False),
    Index(None, "id"),
)
