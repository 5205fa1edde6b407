"""Lists of an App Home that are leafed through, and whom its reader looks for

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a value each, so that the release before can go on adding rows.
    with op.batch_alter_table("homes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pages", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("with_person", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("homes", schema=None) as batch_op:
        batch_op.drop_column("with_person")
        batch_op.drop_column("pages")
