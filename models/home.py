"""An App Home that somebody has opened; stale when something in it has changed."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint

from models.base import UtcTime, metadata, partial_index


class HomeList(StrEnum):
    """The lists of open things in a home, each leafed through by itself."""

    WAITING = "waiting"
    ASKED = "asked"
    GIVEN = "given"
    RECEIVED = "received"
    FOR_OTHERS = "for_others"
    COVERS = "covers"  # what somebody gives while they are away; not leafed through
    TRUSTED = "trusted"  # standing approvals, given
    TRUSTING = "trusting"  # and got


@dataclass(frozen=True, kw_only=True)
class Home:
    """One row a person. ``page`` is the page of the history that is shown, from 0; ``pages`` has
    those of the other lists, ``name=page`` one a line. ``with_person`` is whom they look for.
    ``everybody_at`` is None in one's own home; of an admin who looks at everybody's rights it is
    where they are in them (:class:`Place`)."""

    id: str
    team_id: str
    slack_user_id: str
    opened_at: datetime
    page: int = 0
    pages: str | None = None
    with_person: str | None = None
    everybody_at: str | None = None
    changes: int = 0
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    def page_of(self, name: HomeList) -> int:
        """Which page of this list is shown, from 0."""
        return self._pages().get(name, 0)

    def turned(self, name: HomeList, page: int) -> str:
        """``pages`` once this page of this list is shown."""
        return "\n".join(
            f"{each}={at}" for each, at in (self._pages() | {name.value: page}).items()
        )

    def _pages(self) -> dict[str, int]:
        found = (line.partition("=") for line in (self.pages or "").splitlines())
        return {name: int(page) for name, _, page in found}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of everybody's rights begins: behind this pair, or with ``is_before`` it ends
    before it. Rights are in the order of their grantors, and of each one's grantees."""

    grantor_id: str
    grantee_id: str
    is_before: bool = False

    @property
    def said(self) -> str:
        """As a button or a home says it."""
        return f"{'<' if self.is_before else '>'}{self.grantor_id}/{self.grantee_id}"

    def leads_to(self, grantor_id: str, grantee_id: str) -> bool:
        """Whether the right of these two is on this side of it."""
        here, there = (self.grantor_id, self.grantee_id), (grantor_id, grantee_id)
        return there < here if self.is_before else there > here


_PLACE = re.compile(r"([<>])([A-Za-z0-9]{1,32})/([A-Za-z0-9]{1,32})", re.ASCII)


def read_place(said: str) -> Place | None:
    """What a button or a home says; None is the beginning, as is anything else."""
    found = _PLACE.fullmatch(said)
    return Place(found[2], found[3], found[1] == "<") if found else None


EVERYBODY = "everybody_at IS NOT NULL"  # an admin looks at everybody's rights there

homes = Table(
    "homes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("page", Integer, nullable=False),
    Column("pages", String(200)),
    Column("with_person", String(32)),
    Column("everybody_at", String(80)),
    Column("changes", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id", "slack_user_id"),
    partial_index("ix_homes_wake_at", "wake_at", where="wake_at IS NOT NULL"),
    partial_index("ix_homes_everybody", "team_id", "slack_user_id", where=EVERYBODY),
)
