"""A departure: somebody who took part and no longer may, as Slack or Close has said."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, String, Table, UniqueConstraint

from models.base import UtcTime, metadata, partial_index, words
from models.person import Departure


@dataclass(frozen=True, kw_only=True)
class Departed:
    """One row a person, as long as they may not take part.

    ``carried_out_at`` is when what they gave and had was ended; without it that still waits for the
    round that found it, and ``gone_at`` is when the last right that they gave or had was gone in
    Close. The account in Close is named when it is that which is gone.
    """

    id: str
    team_id: str
    slack_user_id: str
    reason: Departure
    organization_id: str | None = None
    close_user_id: str | None = None
    found_at: datetime
    carried_out_at: datetime | None = None
    gone_at: datetime | None = None


PENDING = "carried_out_at IS NULL"
LEAVING = "gone_at IS NULL"  # something of theirs may still be held by Close

departures = Table(
    "departures",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("reason", words(Departure), nullable=False),
    Column("organization_id", String(64)),
    Column("close_user_id", String(64)),
    Column("found_at", UtcTime, nullable=False),
    Column("carried_out_at", UtcTime),
    Column("gone_at", UtcTime),
    UniqueConstraint("team_id", "slack_user_id"),
    partial_index("ix_departures_pending", "team_id", "slack_user_id", where=PENDING),
    partial_index("ix_departures_leaving", "found_at", where=LEAVING),
    partial_index("ix_departures_gone", "gone_at", where="gone_at IS NOT NULL"),
)


@dataclass(frozen=True, slots=True)
class Loss:
    """How much of one kind would end, and of how much."""

    lost: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What would end with the departures that are not carried out."""

    people: int = 0
    rights: Loss = Loss()
    requests: Loss = Loss()
    standing: Loss = Loss()
    connections: Loss = Loss()
