"""Responses that a program may come back to, with the one each goes on from, and their items."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "responses",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("id", sa.String),
        sa.Column("previous", sa.Integer),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("receipts", sa.Text),
        sa.PrimaryKeyConstraint("seq", name="pk_responses"),
        sa.UniqueConstraint("id", name="uq_responses_id"),
        sa.ForeignKeyConstraint(["previous"], ["responses.seq"], name="fk_responses_previous"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_responses_previous", "responses", ["previous"])
    op.create_index("ix_responses_created_at", "responses", ["created_at"])
    op.create_table(
        "response_items",
        sa.Column("response", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("response", "place", name="pk_response_items"),
        sa.ForeignKeyConstraint(
            ["response"],
            ["responses.seq"],
            name="fk_response_items_response",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_response_items_id", "response_items", ["id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("response_items")
    op.drop_table("responses")
