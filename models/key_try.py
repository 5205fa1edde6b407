"""A try of an API key: counted for each person, so that nobody can guess without end."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, String, Table

from models.base import UtcTime, metadata


@dataclass(frozen=True, kw_only=True)
class KeyTry:
    """One row: somebody sent a key in the name of this person. The key itself is nowhere."""

    id: str
    team_id: str
    slack_user_id: str
    tried_at: datetime


key_tries = Table(
    "key_tries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("tried_at", UtcTime, nullable=False),
    Index("ix_key_tries_person", "team_id", "slack_user_id"),
    Index("ix_key_tries_tried_at", "tried_at"),
)
