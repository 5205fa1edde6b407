"""A notice: a direct message that is about a connection or a pairing, or goes to an admin."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from models.base import UtcTime, metadata, partial_index, words


class NoticeKind(StrEnum):
    """What a notice says; its text is made from the present rows whenever it is shown."""

    AFTERMATH = "aftermath"  # to a grantor, who decides; subject: what ended together
    CONNECTION_LOST = "connection_lost"  # to the grantor; subject: the connection
    OVERDUE = "overdue"  # to an admin; subject: a delegation past its end (as it was told before)
    OVERDUE_LIST = "overdue_list"  # to an admin, one a day; subject: the workspace
    OVERDUE_OVER = "overdue_over"  # the same, once nothing of it is left
    DEPARTURES = "departures"  # to an admin, who decides; subject: the question of a round
    UNREACHABLE = "unreachable"  # to who waits for somebody; subject: the card that Slack refuses
    AUDIT_SILENT = "audit_silent"  # to an admin; subject: the channel that Slack keeps closed
    PAIRING = "pairing"  # to an admin, who decides; subject: the pairing
    PAIRING_DECIDED = "pairing_decided"  # to the person; subject: the pairing
    ACCOUNT_CLAIMED = "account_claimed"  # to whoever else is known by it; subject: the pairing
    DEPUTY_NAMED = "deputy_named"  # to a deputy, for as long as it lasts; subject: their row
    DEPUTY_OVER = "deputy_over"  # to whoever of the two did not end it; subject: the same
    DEPUTY_AUDIT = "deputy_audit"  # to the audit channel; subject: the same
    DEPUTY_ASKED = "deputy_asked"  # to a deputy, who answers; subject: the delegation
    DEPUTY_NEEDS_YOU = "deputy_needs_you"  # to a grantor whom no deputy can spare; the delegation
    DISCONNECTED = "disconnected"  # to the person; subject: the connection that is forgotten
    KEY_FORGOTTEN = "key_forgotten"  # the same, when it was an API key
    INVITED = "invited"  # to a colleague; subject: the Slack id of who invites
    KEYS_LOST = "keys_lost"  # to an admin; subject: the encryption keys
    AWAY = "away"  # to who is away, and is asked who covers; subject: their row of absences
    BUNDLE = "bundle"  # to who asked or granted several with one wish; subject: the bundle
    ENDS = "ends"  # to a grantor, of whom several rights ended together; subject: what they share
    RESTORED = "restored"  # to who gave anything; subject: their connection, or standing approval
    RESTORED_ADMIN = "restored_admin"  # to an admin; subject: when the backup was made
    REVIEW = "review"  # to a grantor, who answers; subject: their row of reviews
    SECOND_YES = "second_yes"  # to whose yes a rule asks for, too; subject: the delegation
    STANDING_ENDED = "standing_ended"  # to both; subject: what an admin ended at once
    STILL_IN_CLOSE = "still_in_close"  # to the admin who said it was gone; subject: the delegation
    STRAYS = "strays"  # to a grantor, with a list of many; subject: the comparison
    TOKENS_FORGOTTEN = "tokens_forgotten"  # the same, when somebody else uses the Close account


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One row. ``key`` says what it is about, so that nobody is told twice; ``changes`` counts
    changes of its subject, so that none is lost while the message is being shown."""

    id: str
    key: str
    team_id: str
    recipient: str
    kind: NoticeKind
    subject_id: str
    created_at: datetime
    channel_id: str | None = None
    message_ts: str | None = None
    changes: int = 0
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    @property
    def incident(self) -> str:
        """What happened to its subject, as it was told."""
        return self.key.split(":")[2]


notices = Table(
    "notices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(200), nullable=False),
    Column("team_id", String(32), nullable=False),
    Column("recipient", String(32), nullable=False),
    Column("kind", words(NoticeKind), nullable=False),
    Column("subject_id", String(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("channel_id", String(32)),
    Column("message_ts", String(32)),
    Column("changes", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("key"),
    Index("ix_notices_subject", "subject_id", "kind", "recipient", "created_at"),
    partial_index("ix_notices_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
