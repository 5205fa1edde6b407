"""Whose account: who else is known by it, revocations, and tries of API keys

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


_DUE = sa.text("wake_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("pairings", sa.Column("other_id", sa.String(length=32), nullable=True))
    op.create_table(
        "revocations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("close_user_id", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocations")),
    )
    with op.batch_alter_table("revocations", schema=None) as batch_op:
        batch_op.create_index("ix_revocations_close_user_id", ["close_user_id"], unique=False)
        batch_op.create_index(
            "ix_revocations_wake_at",
            ["wake_at"],
            unique=False,
            postgresql_where=_DUE,
            sqlite_where=_DUE,
        )

    op.create_table(
        "key_tries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("tried_at", UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_tries")),
    )
    with op.batch_alter_table("key_tries", schema=None) as batch_op:
        batch_op.create_index("ix_key_tries_person", ["team_id", "slack_user_id"], unique=False)
        batch_op.create_index("ix_key_tries_tried_at", ["tried_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("key_tries", schema=None) as batch_op:
        batch_op.drop_index("ix_key_tries_tried_at")
        batch_op.drop_index("ix_key_tries_person")

    op.drop_table("key_tries")
    with op.batch_alter_table("revocations", schema=None) as batch_op:
        batch_op.drop_index("ix_revocations_wake_at", postgresql_where=_DUE, sqlite_where=_DUE)
        batch_op.drop_index("ix_revocations_close_user_id")

    op.drop_table("revocations")
    # Not as a batch: SQLite would build the table anew.
    op.drop_column("pairings", "other_id")
