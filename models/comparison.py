"""A comparison: when to look next at what Close really holds for one connected grantor."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint

from models.base import UtcTime, metadata, partial_index


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One row for each connected grantor.

    ``asked_at`` is set while the grantor waits for an answer to ``/sendas check``.
    """

    id: str
    team_id: str
    grantor_id: str
    asked_at: datetime | None = None
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None


comparisons = Table(
    "comparisons",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("grantor_id", String(32), nullable=False),
    Column("compared_at", UtcTime),  # of no use any more; dropping it takes a migration
    Column("asked_at", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id", "grantor_id"),
    partial_index("ix_comparisons_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
