"""What Close really said: what is on its way, what was taken over, and who a stray is for

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The release before writes rows without these: empty, or no, is what it means by that.
    op.add_column("delegations", sa.Column("arrives_until", UtcTime(timezone=True)))
    _add_flag("delegations", "is_taken_over")
    op.add_column("delegations", sa.Column("has_twin", sa.Boolean()))
    op.add_column("strays", sa.Column("sought_at", UtcTime(timezone=True)))
    _add_flag("strays", "is_listed")
    # Was: some answer never came. What is known by its id since is in no doubt any more.
    op.execute("UPDATE delegations SET is_unclear = false WHERE association_id IS NOT NULL")


def _add_flag(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for table, name in (
        ("strays", "is_listed"),
        ("strays", "sought_at"),
        ("delegations", "has_twin"),
        ("delegations", "is_taken_over"),
        ("delegations", "arrives_until"),
    ):
        op.drop_column(table, name)
