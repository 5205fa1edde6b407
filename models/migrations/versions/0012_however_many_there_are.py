"""Indexes by which every question is answered however many rows there are

Revision: 0012
Follows: 0011

On PostgreSQL nothing is written to a table while its index is made: with a million delegations that
is a few seconds for all of these, in which changes wait and reading goes on. Who cannot wait for
that makes the same indexes with CREATE INDEX CONCURRENTLY before; each that is there is left alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OPEN = "state IN ('requested', 'approved', 'active', 'ending')"
OVER = "state NOT IN ('requested', 'approved', 'active', 'ending')"
STANDING = "ended_at IS NULL"

# Name, table, columns, and which rows.
INDEXES: tuple[tuple[str, str, tuple[str, ...], str | None], ...] = (
    ("ix_delegations_open_grantee", "delegations", ("team_id", "grantee_id", "requested_at"), OPEN),
    (
        "ix_delegations_open_requester",
        "delegations",
        ("team_id", "requester_id", "requested_at"),
        OPEN,
    ),
    ("ix_delegations_over_grantor", "delegations", ("team_id", "grantor_id", "ended_at"), OVER),
    ("ix_delegations_over_grantee", "delegations", ("team_id", "grantee_id", "ended_at"), OVER),
    ("ix_delegations_held", "delegations", ("state", "ends_at"), "state IN ('active', 'ending')"),
    (
        "ix_delegations_association",
        "delegations",
        ("team_id", "grantor_id", "association_id"),
        "association_id IS NOT NULL",
    ),
    (
        "ix_delegations_arriving",
        "delegations",
        ("team_id", "grantor_id"),
        "arrives_until IS NOT NULL",
    ),
    (
        "ix_delegations_unseen",
        "delegations",
        ("team_id", "grantor_id"),
        "(is_unclear OR (attempted_at IS NOT NULL AND association_id IS NULL))",
    ),
    ("ix_delegations_receipt_due", "delegations", ("team_id", "grantor_id"), "receipt = 'due'"),
    (
        "ix_connections_usable",
        "connections",
        ("team_id", "organization_id", "connected_at"),
        "is_alive AND leaving_at IS NULL",
    ),
    ("ix_standing_approvals_grantee", "standing_approvals", ("team_id", "grantee_id"), STANDING),
    ("ix_strays_grantee", "strays", ("team_id", "grantee_id"), "grantee_id IS NOT NULL"),
    ("ix_pairings_waiting", "pairings", ("team_id", "slack_user_id"), "verdict = 'waiting'"),
    ("ix_departures_pending", "departures", ("team_id", "slack_user_id"), "carried_out_at IS NULL"),
    ("ix_notices_subject", "notices", ("subject_id", "kind", "recipient", "created_at"), None),
)
# Each question that these answered is answered by one of those above.
REPLACED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ix_delegations_grantor", "delegations", ("team_id", "grantor_id", "requested_at")),
    ("ix_delegations_grantee", "delegations", ("team_id", "grantee_id", "requested_at")),
    ("ix_notices_subject_id", "notices", ("subject_id",)),
)


def upgrade() -> None:
    for name, table, columns, where in INDEXES:
        rows = None if where is None else sa.text(where)
        op.create_index(
            name,
            table,
            list(columns),
            if_not_exists=True,
            postgresql_where=rows,
            sqlite_where=rows,
        )
    for name, table, _ in REPLACED:
        op.drop_index(name, table_name=table)


def downgrade() -> None:
    for name, table, columns in REPLACED:
        op.create_index(name, table, list(columns))
    for name, table, *_ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
