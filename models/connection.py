"""A connection: a person's link to their own Close account, and the one-time states on the way."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from models.base import UtcTime, metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One row. ``secret`` is encrypted; ``version`` grows at every change of the tokens."""

    id: str
    team_id: str
    slack_user_id: str
    close_user_id: str
    organization_id: str
    email: str
    is_api_key: bool
    is_alive: bool
    secret: bytes = field(repr=False)
    access_expires_at: datetime | None
    connected_at: datetime
    version: int = 1
    leased_until: datetime | None = None


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
    Column("version", Integer, nullable=False),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id", "slack_user_id"),
    Index("ix_connections_close_user_id", "close_user_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectState:
    """One walk through Close's consent page: who started it, in which browser, until when."""

    state_hash: str
    browser_hash: str
    team_id: str
    slack_user_id: str
    expires_at: datetime


connect_states = Table(
    "connect_states",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("browser_hash", String(64), nullable=False),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index("ix_connect_states_expires_at", "expires_at"),
)
