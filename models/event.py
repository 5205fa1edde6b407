"""The log: one row for everything that decides something, only ever added to.

Whoever is named in a row, and what was typed, stands beside it (``models.particulars``): the row
holds salted digests of these, so that erasing them leaves the rows, and their seals, as they are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from models.base import Length, UtcTime, metadata, partial_index, words
from models.delegation import Event, State, Trouble


class Deed(StrEnum):
    """What is written down that is no transition of a delegation."""

    STANDING_GIVEN = "standing_given"  # a grantor's word that requests need no click
    STANDING_ENDED = "standing_ended"  # by the grantor, by a newer one, or because somebody left
    DEPUTY_NAMED = "deputy_named"  # the grantor lets the grantee answer for them, until ends_at
    DEPUTY_ENDED = "deputy_ended"  # they answer no longer; text: why, in a word
    DEPUTY_ANSWERED = "deputy_answered"  # the actor answered for the grantor; subject: as which
    CONNECTED = "connected"  # somebody connected their Close account; the actor let them
    DISCONNECTED = "disconnected"  # somebody gives their connection up, or has left
    CONNECTION_LOST = "connection_lost"  # Close no longer accepts it
    CONNECTION_BACK = "connection_back"  # Close accepts it again
    CONNECTION_UNREADABLE = "connection_unreadable"  # given up by command: no key opens it any more
    CONNECTION_FORGOTTEN = "connection_forgotten"  # the bot has forgotten what it gave up
    PAIRING_ASKED = "pairing_asked"  # a Close account waits for an admin's word
    PAIRING_CONFIRMED = "pairing_confirmed"  # an admin said that it is this person's
    PAIRING_REFUSED = "pairing_refused"  # an admin said no, or nobody answered, or it was replaced
    STRAY_FOUND = "stray_found"  # Close holds a right that the bot did not make
    STRAY_KEPT = "stray_kept"  # its grantor leaves it as it is
    STRAY_ADOPTED = "stray_adopted"  # its grantor gave it an end: it is a delegation now
    STRAY_REFUSED = "stray_refused"  # its grantor wants it gone
    STRAY_REMOVED = "stray_removed"  # Close confirmed that it is gone
    STRAY_VANISHED = "stray_vanished"  # somebody removed it in Close itself
    RULES = "rules"  # the rules are others now; subject: the digest of their file
    ADMIN_END = "admin_end"  # an admin ended everything of one person; how much it was
    GONE_IN_CLOSE = "gone_in_close"  # an admin said that Close holds it no longer
    REVIEW_OPENED = "review_opened"
    REVIEW_KEPT = "review_kept"
    REVIEW_ENDED = "review_ended"
    COVER_PLANNED = "cover_planned"  # for the time when its grantor is away; how many cover
    COVER_CHANGED = "cover_changed"  # other people, another time, another note
    COVER_ENDED = "cover_ended"  # before its time
    AFTERMATH_LEFT = "aftermath_left"  # what the grantee started goes on; how much it is
    AFTERMATH_PAUSE = "aftermath_pause"  # it is to be paused, by the grantor or by the settings
    AFTERMATH_DRAFTS = "aftermath_drafts"  # email that waits is to go back to the drafts
    AFTERMATH_OVER = "aftermath_over"  # what was decided is done; how much could not be
    LAST_GONE = "last_gone"  # the last right of who had left is gone; seconds since that was said
    DEPARTURES_CONFIRMED = "departures_confirmed"  # an admin let a round end what many had
    DEPARTURES_KEPT = "departures_kept"  # an admin said that those are not gone
    RESTORED = "restored"  # the database was restored from a backup; what it did not know is here
    ERASED = "erased"  # so many details went; subject: whose, as a keyed hash, or the retention
    UNINSTALLED = "uninstalled"  # the app was taken out of Slack, or its token was revoked


REVIEWS = (Deed.REVIEW_OPENED, Deed.REVIEW_KEPT, Deed.REVIEW_ENDED)


@dataclass(frozen=True, kw_only=True)
class EventRecord:
    """What happened to a delegation, when, and who did it; ``actor`` is None when the bot's clock
    did."""

    id: int
    delegation_id: str
    at: datetime
    event: Event
    state: State
    actor: str | None
    trouble: Trouble | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row: the ``event`` of a delegation with the ``state`` after it, or a ``deed``.

    - ``subject_id`` says what a deed is about, where that is no person; ``amount`` is how many.
    - ``ends_at``, ``length`` and ``association_id`` are the delegation's after the event.
    - The digests are of what stands beside; None where nothing does.
    - ``actor`` is only there in rows of an older release, until it is laid beside, too.
    """

    id: int
    at: datetime
    team_id: str | None = None
    delegation_id: str | None = None
    event: Event | None = None
    state: State | None = None
    deed: Deed | None = None
    subject_id: str | None = None
    amount: int | None = None
    trouble: Trouble | None = None
    ends_at: datetime | None = None
    length: timedelta | None = None
    association_id: str | None = None
    actor: str | None = None
    actor_digest: bytes | None = None
    grantor_digest: bytes | None = None
    grantee_digest: bytes | None = None
    text_digest: bytes | None = None


events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("delegation_id", String(32), ForeignKey("delegations.id")),
    Column("at", UtcTime, nullable=False),
    Column("event", words(Event)),
    Column("state", words(State)),
    Column("actor", String(32)),
    Column("trouble", words(Trouble)),
    Column("team_id", String(32)),
    Column("deed", words(Deed)),
    Column("subject_id", String(64)),
    Column("amount", Integer),
    Column("ends_at", UtcTime),
    Column("length", Length),
    Column("association_id", String(64)),
    Column("actor_digest", LargeBinary(32)),
    Column("grantor_digest", LargeBinary(32)),
    Column("grantee_digest", LargeBinary(32)),
    Column("text_digest", LargeBinary(32)),
    Index("ix_events_delegation_id", "delegation_id", "id"),
    partial_index("ix_events_deed", "deed", "id", where="deed IS NOT NULL"),
)
