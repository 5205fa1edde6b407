"""What admins see of everybody, what they end, and when the last right of a leaver was gone

Revision: 0015
Follows: 0014
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS: tuple[tuple[str, str, sa.types.TypeEngine[Any]], ...] = (
    ("homes", "everybody_at", sa.String(length=80)),
    ("standing_approvals", "ended_by", sa.String(length=32)),
    ("standing_approvals", "ended_with", sa.String(length=32)),
    ("standing_approvals", "note", sa.Text()),
    ("departures", "gone_at", sa.DateTime(timezone=True)),
)
# Name, table, columns, and which rows.
INDEXES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("ix_delegations_by_word", "delegations", ("team_id",), "confirmed_by IS NOT NULL"),
    ("ix_homes_everybody", "homes", ("team_id", "slack_user_id"), "everybody_at IS NOT NULL"),
    (
        "ix_standing_approvals_ended_with",
        "standing_approvals",
        ("ended_with",),
        "ended_with IS NOT NULL",
    ),
    (
        "ix_connections_dead",
        "connections",
        ("team_id", "died_at"),
        "NOT is_alive AND leaving_at IS NULL",
    ),
    ("ix_departures_leaving", "departures", ("found_at",), "gone_at IS NULL"),
    ("ix_departures_gone", "departures", ("gone_at",), "gone_at IS NOT NULL"),
)


def upgrade() -> None:
    for table, name, kind in COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    for name, table, columns, where in INDEXES:
        rows = sa.text(where)
        op.create_index(
            name,
            table,
            list(columns),
            if_not_exists=True,
            postgresql_where=rows,
            sqlite_where=rows,
        )


def downgrade() -> None:
    for name, table, *_ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    for table, name, _ in reversed(COLUMNS):
        op.drop_column(table, name)
