"""Who has left: departures, the daily round, and what a right that ended with one says

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DUE = sa.text("wake_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "departures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=True),
        sa.Column("close_user_id", sa.String(length=64), nullable=True),
        sa.Column("found_at", UtcTime(timezone=True), nullable=False),
        sa.Column("carried_out_at", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departures")),
        sa.UniqueConstraint(
            "team_id", "slack_user_id", name=op.f("uq_departures_team_id_slack_user_id")
        ),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("cursor", sa.String(length=64), nullable=False),
        sa.Column("started_at", UtcTime(timezone=True), nullable=True),
        sa.Column("finished_at", UtcTime(timezone=True), nullable=True),
        sa.Column("question", sa.String(length=32), nullable=True),
        sa.Column("answer", sa.String(length=32), nullable=True),
        sa.Column("answered_by", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
        sa.UniqueConstraint("team_id", name=op.f("uq_rounds_team_id")),
    )
    with op.batch_alter_table("rounds", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rounds_wake_at", ["wake_at"], unique=False, postgresql_where=_DUE, sqlite_where=_DUE
        )
    # Not as a batch: SQLite would build the table anew, and its foreign keys forbid that.
    op.add_column("delegations", sa.Column("departure", sa.String(length=32), nullable=True))
    op.add_column("delegations", sa.Column("confirmed_by", sa.String(length=32), nullable=True))
    op.add_column(  # the release before this one writes rows without it
        "delegations",
        sa.Column("is_unchecked", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.create_index(
        "ix_delegations_requester", "delegations", ["team_id", "requester_id", "requested_at"]
    )


def downgrade() -> None:
    # Not as a batch, as above.
    op.drop_index("ix_delegations_requester", table_name="delegations")
    op.drop_column("delegations", "is_unchecked")
    op.drop_column("delegations", "confirmed_by")
    op.drop_column("delegations", "departure")
    with op.batch_alter_table("rounds", schema=None) as batch_op:
        batch_op.drop_index("ix_rounds_wake_at", postgresql_where=_DUE, sqlite_where=_DUE)
    op.drop_table("rounds")
    op.drop_table("departures")
