"""A round: the daily pass over everybody who takes part. Does Slack, does Close still know them?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint

from models.base import UtcTime, metadata, partial_index, words

DAILY = timedelta(hours=20)
JITTER = timedelta(hours=3)  # so that a round begins within each day


class Stage(StrEnum):
    """How far the round has come."""

    REST = "rest"  # until the next one
    SLACK = "slack"  # Slack is asked about one person after the other
    CLOSE = "close"  # Close is asked for the members of one organization after the other
    HELD = "held"  # so many are gone that an admin has to agree first
    CARRY_OUT = "carry_out"  # what the departed gave and had is ended


class Word(StrEnum):
    """What an admin said about a round that was held."""

    END = "end"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class Round:
    """One row a workspace.

    ``cursor`` is the last person or organization that was asked about in this stage. ``question``
    is the id of the question to the admins, which their buttons carry; each has one of its own.
    ``installed_at`` is when the bot, or the first release that keeps this, began here.
    """

    id: str
    team_id: str
    installed_at: datetime | None = None
    stage: Stage = Stage.REST
    cursor: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    question: str | None = None
    answer: Word | None = None
    answered_by: str | None = None
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None


rounds = Table(
    "rounds",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("installed_at", UtcTime),
    Column("stage", words(Stage), nullable=False),
    Column("cursor", String(64), nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("question", String(32)),
    Column("answer", words(Word)),
    Column("answered_by", String(32)),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id"),
    partial_index("ix_rounds_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
