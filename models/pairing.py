"""A pairing: a Close account that may be somebody else's than the link was for, for an admin to
judge: its address differs from the one in Slack, or it is known as another person's."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table

from models.account import Account
from models.base import PERSONAL, UtcTime, metadata, partial_index, words
from models.rows import part


class Verdict(StrEnum):
    """What became of a pairing."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REPLACED = "replaced"  # the same person came back with another account
    EXPIRED = "expired"  # no admin decided in time
    UNREADABLE = "unreadable"  # no encryption key opens it any more


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """One row; ``slack_email`` is the person's own address. ``other_id`` is somebody else in Slack
    whom the account is known by: they are connected with it, or have its address."""

    id: str
    team_id: str
    slack_user_id: str
    slack_email: str | None
    account: Account = field(metadata=part(Account))
    other_id: str | None = None
    created_at: datetime
    verdict: Verdict = Verdict.WAITING
    decided_by: str | None = None
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None


WAITING = "verdict = 'waiting'"

pairings = Table(
    "pairings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("slack_email", String(320), info=PERSONAL),
    Column("close_user_id", String(64), nullable=False, info=PERSONAL),
    Column("organization_id", String(64), nullable=False),
    Column("email", String(320), nullable=False, info=PERSONAL),
    Column("name", String(200), nullable=False, info=PERSONAL),
    Column("is_api_key", Boolean, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("access_expires_at", UtcTime),
    Column("other_id", String(32)),
    Column("created_at", UtcTime, nullable=False),
    Column("verdict", words(Verdict), nullable=False),
    Column("decided_by", String(32)),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    Index("ix_pairings_person", "team_id", "slack_user_id"),
    partial_index("ix_pairings_waiting", "team_id", "slack_user_id", where=WAITING),
    partial_index("ix_pairings_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
