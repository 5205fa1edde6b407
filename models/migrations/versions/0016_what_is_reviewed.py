"""Reviews: whether what grantors gave is still needed, and what shows that it is

Revision: 0016
Follows: 0015
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "needs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("used_at", UtcTime(timezone=True), nullable=True),
        sa.Column("asked_from", UtcTime(timezone=True), nullable=True),
        sa.Column("asked_until", UtcTime(timezone=True), nullable=True),
        sa.Column("kept_at", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
    )
    op.add_column("rounds", sa.Column("installed_at", UtcTime(timezone=True), nullable=True))
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("grantor_id", sa.String(length=32), nullable=False),
        sa.Column("installed_at", UtcTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=True),
        sa.Column("opened_at", UtcTime(timezone=True), nullable=True),
        sa.Column("moved_at", UtcTime(timezone=True), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("told_at", UtcTime(timezone=True), nullable=True),
        sa.Column("ends_at", UtcTime(timezone=True), nullable=True),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("closed_at", UtcTime(timezone=True), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True), nullable=True),
        sa.Column("leased_until", UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("team_id", "grantor_id", name=op.f("uq_reviews_team_id_grantor_id")),
    )
    for name, columns, where in (
        ("ix_reviews_open", ["team_id", "grantor_id"], "opened_at IS NOT NULL"),
        (
            "ix_reviews_late",
            ["team_id", "opened_at"],
            "(opened_at IS NOT NULL AND told_at IS NOT NULL)",
        ),
        ("ix_reviews_wake_at", ["wake_at"], "wake_at IS NOT NULL"),
    ):
        rows = sa.text(where)
        op.create_index(name, "reviews", columns, postgresql_where=rows, sqlite_where=rows)


def downgrade() -> None:
    op.drop_table("reviews")
    op.drop_column("rounds", "installed_at")
    op.drop_table("needs")
