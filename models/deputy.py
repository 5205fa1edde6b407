"""A deputy: somebody who answers requests in a grantor's place, until a date."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Column, Index, Integer, String, Table, Text

from models.base import PERSONAL, UtcTime, metadata, partial_index, words
from models.delegation import Delegation, DeputysWord
from models.person import Departure

LONGEST = timedelta(days=90)  # at a time: nobody answers for somebody else for good


class DeputyEnd(StrEnum):
    """Why somebody answers no longer."""

    DATE = "date"  # the grantor's own date has come
    GRANTOR = "grantor"  # they ended it
    DEPUTY = "deputy"  # stepped down
    ADMIN = "admin"  # an admin ended everything of one of the two
    REPLACED = "replaced"  # the grantor has named somebody else
    RENEWED = "renewed"  # or the same person, until another date
    LEFT = "left"  # one of the two may no longer take part
    UNINSTALLED = "uninstalled"  # the app was taken out of Slack
    RESTORED = "restored"  # nobody knows whether it was ended after the backup


@dataclass(frozen=True, kw_only=True)
class Deputy:
    """One row: ``deputy_id`` answers for ``grantor_id`` until a moment, beside them.

    A grantor has one at a time. ``note`` is the grantor's word to them. ``ended_by`` is who ended
    it; where they did so by leaving, ``departure`` is how. ``changes`` counts what there was to be
    shared with the deputy since.
    """

    id: str
    team_id: str
    grantor_id: str
    deputy_id: str
    until: datetime
    note: str = ""
    created_at: datetime
    ended_at: datetime | None = None
    cause: DeputyEnd | None = None
    ended_by: str | None = None
    departure: Departure | None = None
    changes: int = 0
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    def gives_way_to(self, deputy_id: str) -> DeputyEnd:
        """Why this one ends when the grantor names somebody."""
        return DeputyEnd.RENEWED if deputy_id == self.deputy_id else DeputyEnd.REPLACED

    def is_in_force(self, now: datetime) -> bool:
        """Whether they answer now, also where nobody has noticed that their time is over."""
        return self.ended_at is None and now < self.until

    def may_answer(self, delegation: Delegation, now: datetime) -> bool:
        """Whether this one is theirs to answer: never what they would get, or asked for."""
        d = delegation
        is_own = self.deputy_id in (d.grantee_id, d.requester_id)
        is_theirs = (d.team_id, d.grantor_id) == (self.team_id, self.grantor_id)
        return is_theirs and not is_own and self.is_in_force(now)

    def covers(
        self,
        *,
        length: timedelta | None,
        starts_at: datetime | None,
        until: datetime | None,
        now: datetime,
    ) -> bool:
        """Whether this stretch of time ends by then: what they agree to outlasts nothing that
        they were trusted with. No length and no until: until revoked."""
        if until is not None:
            return until <= self.until
        return length is not None and max(starts_at or now, now) + length <= self.until

    def word(self, now: datetime) -> DeputysWord:
        """What a delegation remembers of an answer of theirs."""
        return DeputysWord(self.deputy_id, now, self.until)


IN_FORCE = "ended_at IS NULL"

deputies = Table(
    "deputies",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("grantor_id", String(32), nullable=False),
    Column("deputy_id", String(32), nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("note", Text, nullable=False, info=PERSONAL),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("cause", words(DeputyEnd)),
    Column("ended_by", String(32)),
    Column("departure", words(Departure)),
    Column("changes", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    Index("ix_deputies_grantor", "team_id", "grantor_id", "created_at"),
    partial_index("uq_deputies_grantor", "team_id", "grantor_id", unique=True, where=IN_FORCE),
    partial_index("ix_deputies_deputy", "team_id", "deputy_id", where=IN_FORCE),
    partial_index("ix_deputies_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
