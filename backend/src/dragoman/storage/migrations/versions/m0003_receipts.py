"""What the translation of a question changed, beside the reply to it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("messages", sa.Column("receipts", sa.Text))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("messages", "receipts")
