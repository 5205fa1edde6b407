"""Aftermaths: what goes on in a grantor's name once a right is over, and what became of it

Revision: 0020
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aftermaths",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("grantor_id", sa.String(length=32), nullable=False),
        sa.Column("grantee_id", sa.String(length=32), nullable=False),
        sa.Column("together", sa.String(length=32), nullable=False),
        sa.Column("course", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcTime(timezone=True), nullable=False),
        sa.Column("subscriptions", sa.Integer(), nullable=False),
        sa.Column("enrolments", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("obstacle", sa.String(length=32), nullable=True),
        sa.Column("looked_at", UtcTime(timezone=True), nullable=True),
        sa.Column("decided_at", UtcTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("unpaused", sa.Integer(), nullable=False),
        sa.Column("drafts", sa.String(length=32), nullable=True),
        sa.Column("undrafted", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aftermaths")),
    )
    op.create_index("ix_aftermaths_together", "aftermaths", ["together"])
    for name, columns, where in (
        (
            "ix_aftermaths_at_work",
            ["team_id", "grantor_id"],
            "(course IN ('looking', 'pausing') OR drafts = 'wanted')",
        ),
        ("ix_aftermaths_wake_at", ["wake_at"], "wake_at IS NOT NULL"),
    ):
        rows = sa.text(where)
        op.create_index(name, "aftermaths", columns, postgresql_where=rows, sqlite_where=rows)
    op.add_column("delegations", sa.Column("sent_in_bulk", sa.Integer(), nullable=True))
    op.add_column("delegations", sa.Column("sent_in_sequences", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("delegations", "sent_in_sequences")
    op.drop_column("delegations", "sent_in_bulk")
    op.drop_table("aftermaths")
