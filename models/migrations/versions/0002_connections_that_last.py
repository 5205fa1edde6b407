"""Connections that last, pairings, and notices

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("name", sa.String(length=200), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("checked_at", UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("died_at", UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("leaving_at", UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("refreshing_until", UtcTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("wake_at", UtcTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_connections_wake_at",
            ["wake_at"],
            unique=False,
            postgresql_where=sa.text("wake_at IS NOT NULL"),
            sqlite_where=sa.text("wake_at IS NOT NULL"),
        )
    # The refresh lease has a column of its own now, and every connection is watched from here on.
    op.execute("UPDATE connections SET leased_until = NULL, wake_at = connected_at")

    with op.batch_alter_table("delegations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("grantee_trouble", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("identified_at", UtcTime(timezone=True), nullable=True))
    op.execute("UPDATE delegations SET identified_at = requested_at")

    op.create_table(
        "pairings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("slack_email", sa.String(length=320), nullable=True),
        sa.Column("close_user_id", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("is_api_key", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("access_expires_at", UtcTime(timezone=True), nullable=True),
        sa.Column("created_at", UtcTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairings")),
    )
    with op.batch_alter_table("pairings", schema=None) as batch_op:
        batch_op.create_index("ix_pairings_person", ["team_id", "slack_user_id"], unique=False)
        batch_op.create_index(
            "ix_pairings_wake_at",
            ["wake_at"],
            unique=False,
            postgresql_where=sa.text("wake_at IS NOT NULL"),
            sqlite_where=sa.text("wake_at IS NOT NULL"),
        )

    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("recipient", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcTime(timezone=True), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=True),
        sa.Column("message_ts", sa.String(length=32), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index("ix_notices_subject_id", ["subject_id"], unique=False)
        batch_op.create_index(
            "ix_notices_wake_at",
            ["wake_at"],
            unique=False,
            postgresql_where=sa.text("wake_at IS NOT NULL"),
            sqlite_where=sa.text("wake_at IS NOT NULL"),
        )


def downgrade() -> None:
    op.drop_table("notices")
    op.drop_table("pairings")
    # Plain statements: a batch would copy the tables, and cards refer to the delegations.
    op.drop_column("delegations", "identified_at")
    op.drop_column("delegations", "grantee_trouble")
    op.drop_index("ix_connections_wake_at", table_name="connections")
    for name in (
        "wake_at",
        "attempts",
        "refreshing_until",
        "leaving_at",
        "died_at",
        "checked_at",
        "name",
    ):
        op.drop_column("connections", name)
