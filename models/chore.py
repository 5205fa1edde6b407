"""A chore: what the bot does again and again for the whole database, by its clock."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from models.base import UtcTime, metadata, partial_index, words


class ChoreKind(StrEnum):
    """What is to be done; there is at most one row of each."""

    SEAL = "seal"  # what is new in the log is sealed
    HEAD = "head"  # the head of the log is posted to the audit channel, once a day
    RETENTION = "retention"  # what is older than the retention is erased, once a day
    UNINSTALL = "uninstall"  # the app is gone from Slack: all ends, and then the bot does


@dataclass(frozen=True, kw_only=True)
class Chore:
    """One row; ``done_at`` is when it was done last."""

    id: str
    kind: ChoreKind
    done_at: datetime | None = None
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None


chores = Table(
    "chores",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", words(ChoreKind), nullable=False),
    Column("done_at", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    partial_index("ix_chores_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)


@dataclass(frozen=True, kw_only=True)
class ErasureKey:
    """One row: the key of the hashes that take the place of erased ids, sealed. It stays the same
    when the encryption keys change."""

    id: str
    secret: bytes


erasure_keys = Table(
    "erasure_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)
