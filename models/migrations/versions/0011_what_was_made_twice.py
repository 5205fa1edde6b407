"""A second association that Close has answered was made for the same delegation

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The release before writes rows without it: a doubt without it is one that is guessed about.
    op.add_column("delegations", sa.Column("surplus_id", sa.String(length=64)))


def downgrade() -> None:
    op.drop_column("delegations", "surplus_id")
