"""What Close really holds: comparisons, strays and receipts

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_DUE = sa.text("wake_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "comparisons",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("grantor_id", sa.String(length=32), nullable=False),
        sa.Column("compared_at", UtcTime(timezone=True), nullable=True),
        sa.Column("asked_at", UtcTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
        sa.UniqueConstraint(
            "team_id", "grantor_id", name=op.f("uq_comparisons_team_id_grantor_id")
        ),
    )
    with op.batch_alter_table("comparisons", schema=None) as batch_op:
        batch_op.create_index(
            "ix_comparisons_wake_at",
            ["wake_at"],
            unique=False,
            postgresql_where=_DUE,
            sqlite_where=_DUE,
        )
    # Whoever is connected already is compared as soon as the bot runs.
    op.execute(
        "INSERT INTO comparisons (id, team_id, grantor_id, attempts, wake_at) "
        "SELECT id, team_id, slack_user_id, 0, connected_at FROM connections"
    )

    op.create_table(
        "strays",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("grantor_id", sa.String(length=32), nullable=False),
        sa.Column("association_id", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.Column("grantor_close_id", sa.String(length=64), nullable=False),
        sa.Column("grantee_close_id", sa.String(length=64), nullable=False),
        sa.Column("grantee_name", sa.String(length=320), nullable=False),
        sa.Column("grantee_email", sa.String(length=320), nullable=False),
        sa.Column("grantee_id", sa.String(length=32), nullable=True),
        sa.Column("is_grantee_proven", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("found_at", UtcTime(timezone=True), nullable=False),
        sa.Column("decided_at", UtcTime(timezone=True), nullable=True),
        sa.Column("delegation_id", sa.String(length=32), nullable=True),
        sa.Column("shown", sa.String(length=32), nullable=True),
        sa.Column("channel_id", sa.String(length=32), nullable=True),
        sa.Column("message_ts", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strays")),
        sa.UniqueConstraint(
            "team_id",
            "grantor_id",
            "association_id",
            name=op.f("uq_strays_team_id_grantor_id_association_id"),
        ),
    )
    with op.batch_alter_table("strays", schema=None) as batch_op:
        batch_op.create_index(
            "ix_strays_wake_at", ["wake_at"], unique=False, postgresql_where=_DUE, sqlite_where=_DUE
        )

    with op.batch_alter_table("delegations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("receipt", sa.String(length=32), nullable=True))


def downgrade() -> None:
    # Not as a batch: SQLite would build the table anew, and its foreign keys forbid that.
    op.drop_column("delegations", "receipt")

    with op.batch_alter_table("strays", schema=None) as batch_op:
        batch_op.drop_index("ix_strays_wake_at", postgresql_where=_DUE, sqlite_where=_DUE)

    op.drop_table("strays")
    with op.batch_alter_table("comparisons", schema=None) as batch_op:
        batch_op.drop_index("ix_comparisons_wake_at", postgresql_where=_DUE, sqlite_where=_DUE)

    op.drop_table("comparisons")
