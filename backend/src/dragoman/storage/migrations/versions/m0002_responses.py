"""Responses that a program may come back to, each with the one it goes on from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "responses",
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("id", sa.String),
        sa.Column("previous", sa.Integer),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("receipts", sa.Text),
        sa.PrimaryKeyConstraint("seq", name="pk_responses"),
        sa.UniqueConstraint("id", name="uq_responses_id"),
        sa.ForeignKeyConstraint(["previous"], ["responses.seq"], name="fk_responses_previous"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_responses_previous", "responses", ["previous"])
    op.create_index("ix_responses_created_at", "responses", ["created_at"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("responses")
