"""Whose account: tries of API keys

Revision: 0008
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0008"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_tries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("tried_at", UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_tries")),
    )
    with op.batch_alter_table("key_tries", schema=None) as batch_op:
        batch_op.create_index("ix_key_tries_person", ["team_id", "slack_user_id"], unique=False)
        batch_op.create_index("ix_key_tries_tried_at", ["tried_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("key_tries", schema=None) as batch_op:
        batch_op.drop_index("ix_key_tries_tried_at")
        batch_op.drop_index("ix_key_tries_person")

    op.drop_table("key_tries")
