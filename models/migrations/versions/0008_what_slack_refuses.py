"""What Slack refuses: since when a card cannot be shown, and why

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_REFUSED = sa.text("refused_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("cards", sa.Column("refused_at", UtcTime(timezone=True), nullable=True))
    op.add_column("cards", sa.Column("refusal", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_cards_refused", "cards", ["recipient"], postgresql_where=_REFUSED, sqlite_where=_REFUSED
    )


def downgrade() -> None:
    op.drop_index(
        "ix_cards_refused", table_name="cards", postgresql_where=_REFUSED, sqlite_where=_REFUSED
    )
    op.drop_column("cards", "refusal")
    op.drop_column("cards", "refused_at")
