"""Deputies: who answers requests in a grantor's place, and who did

Revision: 0019
Follows: 0016
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deputies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("grantor_id", sa.String(length=32), nullable=False),
        sa.Column("deputy_id", sa.String(length=32), nullable=False),
        sa.Column("until", UtcTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcTime(timezone=True), nullable=True),
        sa.Column("cause", sa.String(length=32), nullable=True),
        sa.Column("ended_by", sa.String(length=32), nullable=True),
        sa.Column("departure", sa.String(length=32), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputies")),
    )
    op.create_index("ix_deputies_grantor", "deputies", ["team_id", "grantor_id", "created_at"])
    for name, columns, where, is_unique in (
        ("uq_deputies_grantor", ["team_id", "grantor_id"], "ended_at IS NULL", True),
        ("ix_deputies_deputy", ["team_id", "deputy_id"], "ended_at IS NULL", False),
        ("ix_deputies_wake_at", ["wake_at"], "wake_at IS NOT NULL", False),
    ):
        rows = sa.text(where)
        op.create_index(
            name,
            "deputies",
            columns,
            unique=is_unique,
            postgresql_where=rows,
            sqlite_where=rows,
        )
    op.add_column("delegations", sa.Column("deputy_id", sa.String(length=32)))
    op.add_column("delegations", sa.Column("deputy_said_at", UtcTime(timezone=True)))
    op.add_column("delegations", sa.Column("deputy_until", UtcTime(timezone=True)))
    op.add_column("delegations", sa.Column("shared_with", sa.String(length=32)))


def downgrade() -> None:
    op.drop_column("delegations", "shared_with")
    op.drop_column("delegations", "deputy_until")
    op.drop_column("delegations", "deputy_said_at")
    op.drop_column("delegations", "deputy_id")
    op.drop_table("deputies")
