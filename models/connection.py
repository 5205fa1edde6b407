"""A connection: a person's link to their own Close account, and the one-time states on the way."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from models.account import Account
from models.base import UtcTime, metadata, partial_index
from models.delegation import Delegation, State
from models.rows import part

DAILY = timedelta(hours=20)
JITTER = timedelta(hours=3)  # spreads the daily looks, which stay within a day
RECENT = timedelta(minutes=5)  # a look so shortly before a checkpoint serves it as well
LEAST_AHEAD = timedelta(hours=1)  # time for a grantor to reconnect before it matters
FRESH_FOR_THE_END = timedelta(minutes=5)  # the end itself then needs no refresh
AFTER_APPROVAL = timedelta(seconds=15)  # the association is made first, undisturbed


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One row; ``version`` grows at every change of the tokens.

    - ``checked_at`` is when Close last accepted it, ``died_at`` when Close first refused it.
    - ``leaving_at`` says that its owner wants it forgotten: what depends on it ends first.
    - ``refreshing_until`` is the lease of whoever refreshes the tokens; ``wake_at``,
      ``leased_until`` and ``attempts`` belong to the watch.
    """

    id: str
    team_id: str
    slack_user_id: str
    account: Account = field(metadata=part(Account))
    is_alive: bool = True
    connected_at: datetime
    version: int = 1
    checked_at: datetime | None = None
    died_at: datetime | None = None
    leaving_at: datetime | None = None
    refreshing_until: datetime | None = None
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    @property
    def is_usable(self) -> bool:
        """Whether something new may be begun with it."""
        return self.is_alive and self.leaving_at is None


def checkpoints(delegation: Delegation) -> list[datetime]:
    """When the grantor's connection has to work for this delegation, and is looked at before."""
    d = delegation
    if d.state is State.APPROVED:
        approved = (d.decided_at or d.requested_at) + AFTER_APPROVAL
        return [approved] if d.starts_at is None else [approved, d.starts_at - LEAST_AHEAD]
    if d.state is State.ACTIVE and d.ends_at is not None:
        quarter = (d.ends_at - (d.active_at or d.ends_at)) / 4
        return [d.ends_at - max(quarter, LEAST_AHEAD), d.ends_at - FRESH_FOR_THE_END]
    return []


def next_check(
    connection: Connection, delegations: Iterable[Delegation], *, jitter: timedelta = timedelta()
) -> datetime:
    """When a living connection is to be looked at next; ``delegations`` are those it serves.

    ``jitter`` puts off the daily look only.
    """
    checked = connection.checked_at or connection.connected_at
    moments = [moment for each in delegations for moment in checkpoints(each)]
    ahead = [moment for moment in moments if moment - RECENT > checked]
    return min([checked + DAILY + jitter, *ahead])


USABLE = "is_alive AND leaving_at IS NULL"
DEAD = "NOT is_alive AND leaving_at IS NULL"  # only its owner can mend it

connections = Table(
    "connections",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("close_user_id", String(64), nullable=False),
    Column("organization_id", String(64), nullable=False),
    Column("email", String(320), nullable=False),
    Column("is_api_key", Boolean, nullable=False),
    Column("is_alive", Boolean, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("access_expires_at", UtcTime),
    Column("connected_at", UtcTime, nullable=False),
    Column("name", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("checked_at", UtcTime),
    Column("died_at", UtcTime),
    Column("leaving_at", UtcTime),
    Column("refreshing_until", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id", "slack_user_id"),
    Index("ix_connections_close_user_id", "close_user_id"),
    partial_index(
        "ix_connections_usable", "team_id", "organization_id", "connected_at", where=USABLE
    ),
    partial_index("ix_connections_dead", "team_id", "died_at", where=DEAD),
    partial_index("ix_connections_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)


@dataclass(frozen=True, kw_only=True)
class ConnectState:
    """One walk through Close's consent page: who started it, in which browser, until when.
    ``confirms`` is the draft of what its end shows to be meant, where it began with that."""

    state_hash: str
    browser_hash: str
    team_id: str
    slack_user_id: str
    expires_at: datetime
    confirms: str | None = None


connect_states = Table(
    "connect_states",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("browser_hash", String(64), nullable=False),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("confirms", String(32)),
    Index("ix_connect_states_expires_at", "expires_at"),
)
