"""A draft: what somebody said and the bot asked back about; its buttons carry only its id."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, String, Table, Text

from models.base import UtcTime, metadata


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One row; ``content`` is JSON and belongs to ``slack_user_id`` alone."""

    id: str
    team_id: str
    slack_user_id: str
    content: str
    expires_at: datetime


drafts = Table(
    "drafts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("content", Text, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index("ix_drafts_expires_at", "expires_at"),
)
