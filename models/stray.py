"""A stray: an association that Close holds and that the bot did not make."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, Column, Integer, String, Table, UniqueConstraint

from models.account import Account
from models.base import PERSONAL, UtcTime, metadata, partial_index, words


class StrayState(StrEnum):
    """What became of it."""

    FOUND = "found"  # the grantor is asked
    KEPT = "kept"  # the grantor leaves it as it is
    ADOPTED = "adopted"  # it is a delegation now, with an end
    REMOVING = "removing"  # the grantor wants it gone; Close has not yet confirmed it
    REMOVED = "removed"  # Close confirmed that it is gone
    VANISHED = "vanished"  # somebody removed it in Close before the grantor answered


UNSETTLED = (StrayState.FOUND, StrayState.KEPT, StrayState.REMOVING)


class Obstacle(StrEnum):
    """What only the grantor can clear out of the way of a removal."""

    NOT_CONNECTED = "not_connected"
    OTHER_ACCOUNT = "other_account"


@dataclass(frozen=True, kw_only=True)
class Stray:
    """One row; ``shown`` is the state that the grantor's message shows.

    ``grantee_id`` is the grantee's Slack account, when it could be found: without one there is
    nobody to tell, so it can be kept or removed but not be given an end. ``sought_at`` is when
    Slack said who it is, or that it is nobody there. ``is_listed`` says that it is asked about in
    a list of many, not yet in a message of its own.
    """

    id: str
    team_id: str
    grantor_id: str
    association_id: str
    organization_id: str
    grantor_close_id: str
    grantee_close_id: str
    grantee_name: str
    grantee_email: str
    grantee_id: str | None
    is_grantee_proven: bool
    sought_at: datetime | None = None
    is_listed: bool = False
    state: StrayState
    found_at: datetime
    decided_at: datetime | None = None
    delegation_id: str | None = None
    shown: StrayState | None = None
    channel_id: str | None = None
    message_ts: str | None = None
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    def belongs_to(self, account: Account) -> bool:
        """Whether it was given with this Close account."""
        return (self.grantor_close_id, self.organization_id) == account.membership


strays = Table(
    "strays",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("grantor_id", String(32), nullable=False),
    Column("association_id", String(64), nullable=False),
    Column("organization_id", String(64), nullable=False),
    Column("grantor_close_id", String(64), nullable=False, info=PERSONAL),
    Column("grantee_close_id", String(64), nullable=False, info=PERSONAL),
    Column("grantee_name", String(320), nullable=False, info=PERSONAL),
    Column("grantee_email", String(320), nullable=False, info=PERSONAL),
    Column("grantee_id", String(32)),
    Column("is_grantee_proven", Boolean, nullable=False),
    Column("sought_at", UtcTime),
    Column("is_listed", Boolean, nullable=False),
    Column("state", words(StrayState), nullable=False),
    Column("found_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime),
    Column("delegation_id", String(32)),
    Column("shown", words(StrayState)),
    Column("channel_id", String(32)),
    Column("message_ts", String(32)),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id", "grantor_id", "association_id"),
    partial_index("ix_strays_grantee", "team_id", "grantee_id", where="grantee_id IS NOT NULL"),
    partial_index("ix_strays_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
