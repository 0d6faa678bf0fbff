"""Conversations, their messages, and the full-text search over both."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The index knows which triples of characters a text has, so that a part of a word is found in any
# language; not where in it they stand, which would take five times the room. A reply is indexed
# once, when it is finished: what a checkpoint adds is not looked for.
SEARCH = (
    """CREATE VIRTUAL TABLE title_search USING fts5(
        title, content='conversations', content_rowid='seq', tokenize='trigram', detail=none)""",
    """CREATE VIRTUAL TABLE message_search USING fts5(
        text, content='messages', content_rowid='seq', tokenize='trigram', detail=none)""",
    """CREATE TRIGGER title_search_insert AFTER INSERT ON conversations BEGIN
        INSERT INTO title_search(rowid, title) VALUES (new.seq, new.title);
    END""",
    """CREATE TRIGGER title_search_update AFTER UPDATE OF title ON conversations BEGIN
        INSERT INTO title_search(title_search, rowid, title)
            VALUES ('delete', old.seq, old.title);
        INSERT INTO title_search(rowid, title) VALUES (new.seq, new.title);
    END""",
    """CREATE TRIGGER title_search_delete AFTER DELETE ON conversations BEGIN
        INSERT INTO title_search(title_search, rowid, title)
            VALUES ('delete', old.seq, old.title);
    END""",
    """CREATE TRIGGER message_search_insert AFTER INSERT ON messages
        WHEN new.state <> 'streaming' BEGIN
        INSERT INTO message_search(rowid, text) VALUES (new.seq, new.text);
    END""",
    """CREATE TRIGGER message_search_finish AFTER UPDATE OF state ON messages
        WHEN old.state = 'streaming' AND new.state <> 'streaming' BEGIN
        INSERT INTO message_search(rowid, text) VALUES (new.seq, new.text);
    END""",
    """CREATE TRIGGER message_search_delete AFTER DELETE ON messages
        WHEN old.state <> 'streaming' BEGIN
        INSERT INTO message_search(message_search, rowid, text)
            VALUES ('delete', old.seq, old.text);
    END""",
)


def upgrade() -> None:
    """Make the tables."""
    _make_conversations()
    _make_messages()
    for statement in SEARCH:
        op.execute(statement)


def downgrade() -> None:
    """Take everything away."""
    op.drop_table("messages")  # its triggers go with it
    op.drop_table("conversations")
    for index in ("message_search", "title_search"):
        op.drop_table(index)


def _make_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("titled", sa.Boolean, nullable=False),
        sa.Column("system_prompt", sa.Text),
        sa.Column("model", sa.String),
        sa.Column("temperature", sa.Float),
        sa.Column("max_tokens", sa.Integer),
        sa.Column("active_leaf", sa.String),
        sa.Column("activity", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("deleted_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("seq", name="pk_conversations"),
        sa.UniqueConstraint("id", name="uq_conversations_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_conversations_activity", "conversations", ["activity"])
    op.create_index("ix_conversations_deleted_at", "conversations", ["deleted_at"])


def _make_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("parent_id", sa.String),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reasoning", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("model", sa.String),
        sa.Column("provider", sa.String),
        sa.Column("stop_reason", sa.String),
        sa.Column("usage", sa.Text),
        sa.Column("timing", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_messages"),
        sa.UniqueConstraint("id", name="uq_messages_id"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_messages_conversation_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["messages.id"], name="fk_messages_parent_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("role IN ('user', 'assistant')", name="ck_messages_role"),
        sa.CheckConstraint(
            "state IN ('pending', 'streaming', 'complete', 'error', 'cancelled', 'interrupted')",
            name="ck_messages_state",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_conversation_id_seq", "messages", ["conversation_id", "seq"])
    op.create_index("ix_messages_parent_id", "messages", ["parent_id"])
    op.create_index(
        "uq_messages_streaming",
        "messages",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("state = 'streaming'"),
        postgresql_where=sa.text("state = 'streaming'"),
    )
