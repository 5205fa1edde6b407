"""A revocation: tokens of Close that are not kept, until Close has said that they are ended."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from models.base import UtcTime, metadata, partial_index

UNDECIDED = timedelta(minutes=5)  # longer than it takes to ask Close whose tokens these are


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """One row: what lets the bot act as ``close_user_id``, sealed as it was for its owner here."""

    id: str
    team_id: str
    slack_user_id: str
    close_user_id: str
    secret: bytes = field(repr=False)
    created_at: datetime
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    @property
    def is_undecided(self) -> bool:
        """Whether somebody is just finding out whose these are, and may keep them after all."""
        return self.attempts == 0 and self.wake_at == self.created_at + UNDECIDED


revocations = Table(
    "revocations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("close_user_id", String(64), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    Index("ix_revocations_close_user_id", "close_user_id"),
    partial_index("ix_revocations_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
