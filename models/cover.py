"""A cover: colleagues who can send as somebody while that person is away, planned as one thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, String, Table, Text

from models.base import PERSONAL, UtcTime, metadata, partial_index
from models.delegation import OPEN_STATES, Delegation, State

MOST_COVERERS = 5  # people of one cover
MOST_COVERS = 3  # in App Home, the next first; the others have their messages


@dataclass(frozen=True, kw_only=True)
class Cover:
    """One row. Its rights are ordinary delegations whose ``bundle_id`` is its id: what it lets
    anybody do, and until when, is said by them alone.

    ``starts_at`` is None where it began at once; ``until`` is when it was planned to end, and
    ``ended_at`` is when it was taken back before that.
    """

    id: str
    team_id: str
    grantor_id: str
    starts_at: datetime | None = None
    until: datetime
    note: str = ""
    created_at: datetime
    ended_at: datetime | None = None

    def overlaps(self, starts_at: datetime, until: datetime) -> bool:
        """Whether any moment of it lies in this stretch."""
        return self.shared(starts_at, until) > timedelta()

    def shared(self, starts_at: datetime, until: datetime) -> timedelta:
        """How much of this stretch it is of; less than nothing where that lies apart."""
        return min(self.until, until) - max(self.starts_at or self.created_at, starts_at)


@dataclass(frozen=True, slots=True)
class Covered:
    """A cover as it is shown: what is left of its rights, in the order in which they were given."""

    id: str
    rights: Sequence[Delegation]

    @property
    def starts_at(self) -> datetime | None:
        """When the first of them begins; None where that was at once."""
        starts = [each.starts_at for each in self.rights]
        return None if None in starts else min(each for each in starts if each is not None)

    @property
    def began_at(self) -> datetime:
        """The same, as a moment."""
        return self.starts_at or min(each.requested_at for each in self.rights)

    @property
    def until(self) -> datetime:
        """When the last of them ends."""
        return max(end_of(each) for each in self.rights)


def by_cover(rights: Sequence[Delegation]) -> Sequence[Covered]:
    """The covers that these belong to, the next one first."""
    found: dict[str, list[Delegation]] = {}
    for each in rights:
        found.setdefault(each.bundle_id or "", []).append(each)
    together = [Covered(cover_id, theirs) for cover_id, theirs in found.items()]
    return sorted(together, key=lambda each: (each.began_at, each.id))


def end_of(right: Delegation) -> datetime:
    """When a right of a cover ends: it always has an end."""
    return right.ends_at or right.until or right.lapses_at


def is_of_cover(delegation: Delegation) -> bool:
    """Whether a right is still to come, or runs: what is left of a cover is these."""
    return delegation.state in OPEN_STATES and delegation.state is not State.ENDING


_HOLDS = "ended_at IS NULL"

covers = Table(
    "covers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("grantor_id", String(32), nullable=False),
    Column("starts_at", UtcTime),
    Column("until", UtcTime, nullable=False),
    Column("note", Text, nullable=False, info=PERSONAL),
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    partial_index("ix_covers_grantor", "team_id", "grantor_id", "until", where=_HOLDS),
)
