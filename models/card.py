"""A card: the Slack message that shows a delegation to one audience."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint

from models.base import UtcTime, metadata, partial_index, words


class Audience(StrEnum):
    """For whom a card is written."""

    GRANTOR = "grantor"
    GRANTEE = "grantee"
    REQUESTER = "requester"  # when somebody asked for a third person
    AUDIT = "audit"  # the audit channel


@dataclass(frozen=True, kw_only=True)
class Card:
    """One row.

    ``recipient`` is a Slack user, or the audit channel. ``shown_version`` is the delegation's
    version that the message shows. ``told`` is the last
    milestone about which the reader got a message of its own. A card with a ``wake_at`` is stale.
    Slack does not take it since ``refused_at``, and says why: ``refusal``.
    """

    id: str
    delegation_id: str
    audience: Audience
    recipient: str
    channel_id: str | None = None
    message_ts: str | None = None
    shown_version: int = 0
    told: str | None = None
    refused_at: datetime | None = None
    refusal: str | None = None
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None


cards = Table(
    "cards",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("delegation_id", String(32), ForeignKey("delegations.id"), nullable=False),
    Column("audience", words(Audience), nullable=False),
    Column("recipient", String(32), nullable=False),
    Column("channel_id", String(32)),
    Column("message_ts", String(32)),
    Column("shown_version", Integer, nullable=False),
    Column("told", String(64)),
    Column("refused_at", UtcTime),
    Column("refusal", String(64)),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("delegation_id", "audience"),
    partial_index("ix_cards_wake_at", "wake_at", where="wake_at IS NOT NULL"),
    partial_index("ix_cards_refused", "recipient", where="refused_at IS NOT NULL"),
)
