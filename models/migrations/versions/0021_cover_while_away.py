"""Covers, and who is asked whether they want one

Revision: 0021
Follows: 0020
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "covers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("grantor_id", sa.String(length=32), nullable=False),
        sa.Column("starts_at", UtcTime(timezone=True), nullable=True),
        sa.Column("until", UtcTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_covers")),
    )
    op.create_table(
        "absences",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("is_quiet", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("offer", sa.String(length=32), nullable=True),
        sa.Column("until", UtcTime(timezone=True), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
        sa.UniqueConstraint(
            "team_id", "slack_user_id", name=op.f("uq_absences_team_id_slack_user_id")
        ),
    )
    for name, table, columns, where in (
        ("ix_covers_grantor", "covers", ["team_id", "grantor_id", "until"], "ended_at IS NULL"),
        ("ix_absences_wake_at", "absences", ["wake_at"], "wake_at IS NOT NULL"),
    ):
        rows = sa.text(where)
        op.create_index(name, table, columns, postgresql_where=rows, sqlite_where=rows)


def downgrade() -> None:
    op.drop_table("absences")
    op.drop_table("covers")
