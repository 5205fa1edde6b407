"""What was wished or ended together, what was asked for, and who asked for a reminder when

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

from models.base import Length, UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delegations", sa.Column("bundle_id", sa.String(length=32)))
    op.add_column("delegations", sa.Column("ended_with", sa.String(length=32)))
    op.add_column("delegations", sa.Column("asked_changed_at", UtcTime(timezone=True)))
    op.add_column("delegations", sa.Column("asked_length", Length()))
    op.add_column("delegations", sa.Column("asked_until", UtcTime(timezone=True)))
    op.add_column("delegations", sa.Column("nudged_at", UtcTime(timezone=True)))
    op.create_index(
        "ix_delegations_bundle_id",
        "delegations",
        ["bundle_id"],
        unique=False,
        postgresql_where=sa.text("bundle_id IS NOT NULL"),
        sqlite_where=sa.text("bundle_id IS NOT NULL"),
    )

    op.create_index(
        "ix_delegations_ended_with",
        "delegations",
        ["ended_with"],
        unique=False,
        postgresql_where=sa.text("ended_with IS NOT NULL"),
        sqlite_where=sa.text("ended_with IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_delegations_ended_with", table_name="delegations")
    op.drop_index("ix_delegations_bundle_id", table_name="delegations")
    op.drop_column("delegations", "nudged_at")
    op.drop_column("delegations", "asked_until")
    op.drop_column("delegations", "asked_length")
    op.drop_column("delegations", "asked_changed_at")
    op.drop_column("delegations", "ended_with")
    op.drop_column("delegations", "bundle_id")
