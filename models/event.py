"""The audit trail: one row for every event of every delegation, never changed afterwards."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from models.base import UtcTime, metadata, words
from models.delegation import Event, State, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """What happened, when, and who did it; ``actor`` is None when the bot's clock did."""

    id: int
    delegation_id: str
    at: datetime
    event: Event
    state: State
    actor: str | None
    trouble: Trouble | None


events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("delegation_id", String(32), ForeignKey("delegations.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("event", words(Event), nullable=False),
    Column("state", words(State), nullable=False),
    Column("actor", String(32)),
    Column("trouble", words(Trouble)),
    Index("ix_events_delegation_id", "delegation_id", "id"),
)
