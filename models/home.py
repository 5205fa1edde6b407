"""An App Home that somebody has opened; stale when something in it has changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint, text

from models.base import UtcTime, metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One row a person. ``page`` is the page of the history that is shown, from 0."""

    id: str
    team_id: str
    slack_user_id: str
    opened_at: datetime
    page: int = 0
    changes: int = 0
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None


homes = Table(
    "homes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("page", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id", "slack_user_id"),
    Index(
        "ix_homes_wake_at",
        "wake_at",
        postgresql_where=text("wake_at IS NOT NULL"),
        sqlite_where=text("wake_at IS NOT NULL"),
    ),
)
