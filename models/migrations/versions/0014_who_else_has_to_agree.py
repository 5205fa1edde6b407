"""Rules: whose second yes a right needs, what a rule said against one, which file of them holds

Revision: 0014
Follows: 0013
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delegations", sa.Column("second", sa.String(length=32)))
    op.add_column(
        "delegations",
        sa.Column("second_name", sa.String(length=80), nullable=False, server_default=""),
    )
    op.add_column("delegations", sa.Column("agreed_at", UtcTime(timezone=True)))
    op.add_column("delegations", sa.Column("seconded_by", sa.String(length=32)))
    op.add_column(
        "delegations", sa.Column("rule", sa.String(length=400), nullable=False, server_default="")
    )
    op.add_column("connect_states", sa.Column("confirms", sa.String(length=32)))
    op.create_table(
        "rules_in_force",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("since", UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team_id"),
    )


def downgrade() -> None:
    op.drop_table("rules_in_force")
    op.drop_column("connect_states", "confirms")
    op.drop_column("delegations", "rule")
    op.drop_column("delegations", "seconded_by")
    op.drop_column("delegations", "agreed_at")
    op.drop_column("delegations", "second_name")
    op.drop_column("delegations", "second")
