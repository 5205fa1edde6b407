"""A signed request changes something once: those that did are remembered for some minutes

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen_requests",
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.Column("arrival", sa.String(length=32), nullable=False),
        sa.Column("signed_at", UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("signature", name=op.f("pk_seen_requests")),
    )
    with op.batch_alter_table("seen_requests", schema=None) as batch_op:
        batch_op.create_index("ix_seen_requests_signed_at", ["signed_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("seen_requests", schema=None) as batch_op:
        batch_op.drop_index("ix_seen_requests_signed_at")

    op.drop_table("seen_requests")
