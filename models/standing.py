"""A standing approval: a grantee's requests need no click of the grantor, within limits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, String, Table, Text

from models.base import PERSONAL, Length, UtcTime, metadata, partial_index


@dataclass(frozen=True, kw_only=True)
class StandingApproval:
    """One row: up to ``max_length`` at a time, for stretches that end by ``until``.

    ``ended_by`` is the admin who ended it, with the word ``note`` why; ``ended_with`` is the same
    for all that they ended at once.
    """

    id: str
    team_id: str
    grantor_id: str
    grantee_id: str
    max_length: timedelta
    until: datetime
    created_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_with: str | None = None
    note: str | None = None

    def covers(
        self,
        *,
        length: timedelta | None,
        starts_at: datetime | None,
        until: datetime | None,
        now: datetime,
    ) -> bool:
        """Whether a request for this stretch of time, made now, needs no click: all of it has to
        lie within, so that nothing outlasts the grantor's word."""
        if self.ended_at is not None or now >= self.until:
            return False
        if until is not None:
            return until <= self.until and until - (starts_at or now) <= self.max_length
        left = self.until - max(starts_at or now, now)
        return length is not None and length <= min(left, self.max_length)


_STANDING = "ended_at IS NULL"

standing_approvals = Table(
    "standing_approvals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("grantor_id", String(32), nullable=False),
    Column("grantee_id", String(32), nullable=False),
    Column("max_length", Length, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("ended_by", String(32)),
    Column("ended_with", String(32)),
    Column("note", Text, info=PERSONAL),
    partial_index(
        "uq_standing_approvals_pair",
        "team_id",
        "grantor_id",
        "grantee_id",
        unique=True,
        where=_STANDING,
    ),
    partial_index("ix_standing_approvals_grantee", "team_id", "grantee_id", where=_STANDING),
    partial_index("ix_standing_approvals_ended_with", "ended_with", where="ended_with IS NOT NULL"),
)
