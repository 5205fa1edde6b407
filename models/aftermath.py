"""An aftermath: what a right's grantee started from the grantor's mailbox, and that goes on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Index, Integer, String, Table

from models.base import UtcTime, metadata, partial_index, words


class AtEnd(StrEnum):
    """What becomes of it when the right is over."""

    ASK = "ask"  # its grantor decides
    PAUSE = "pause"  # it is paused, and its grantor hears of it
    LEAVE = "leave"  # it goes on, and its grantor's card says so


class Course(StrEnum):
    """Where it is."""

    BEFORE = "before"  # the right still runs: looked at once the end is near
    LOOKING = "looking"  # the right is over, and Close has not been asked yet what goes on
    NOTHING = "nothing"  # Close shows nothing
    UNKNOWN = "unknown"  # Close does not say
    ASKING = "asking"  # the grantor is asked
    LEFT = "left"  # it goes on
    PAUSING = "pausing"  # Close has still to say that all of it is paused
    PAUSED = "paused"


class Drafts(StrEnum):
    """Whether email that waits to be sent goes back to the drafts."""

    WANTED = "wanted"  # the grantor wants it
    DONE = "done"


class Obstacle(StrEnum):
    """Why it is not known, or not in full, what goes on."""

    NOT_CONNECTED = "not_connected"
    REFUSED = "refused"  # Close does not let the grantor see it
    TOO_MUCH = "too_much"  # it takes more calls than one look may make
    SILENT = "silent"  # Close did not answer


DECIDED = (Course.LEFT, Course.PAUSING, Course.PAUSED)


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """One row a right, by the right's id.

    - ``together`` is what those share that one message is about: what they ended with, or the id.
    - ``subscriptions`` are contacts in sequences, ``enrolments`` bulk actions that Close is still
      at, and ``waiting`` emails that it has yet to send: as many as were found at ``looked_at``.
      With an ``obstacle`` there may be more.
    - ``unpaused`` is what Close refused to pause, and ``undrafted`` to take back.
    - ``decided_by`` is None where the settings decided.
    """

    id: str
    team_id: str
    grantor_id: str
    grantee_id: str
    together: str
    course: Course
    created_at: datetime
    subscriptions: int = 0
    enrolments: int = 0
    waiting: int = 0
    obstacle: Obstacle | None = None
    looked_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    unpaused: int = 0
    drafts: Drafts | None = None
    undrafted: int = 0
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    @property
    def running(self) -> int:
        """How much can be paused."""
        return self.subscriptions + self.enrolments

    @property
    def is_any(self) -> bool:
        """Whether anything was found."""
        return self.running + self.waiting > 0

    @property
    def is_at_work(self) -> bool:
        """Whether Close has still to be asked something for it."""
        return self.course in (Course.LOOKING, Course.PAUSING) or self.drafts is Drafts.WANTED


AT_WORK = "(course IN ('looking', 'pausing') OR drafts = 'wanted')"

aftermaths = Table(
    "aftermaths",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("grantor_id", String(32), nullable=False),
    Column("grantee_id", String(32), nullable=False),
    Column("together", String(32), nullable=False),
    Column("course", words(Course), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("subscriptions", Integer, nullable=False),
    Column("enrolments", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("obstacle", words(Obstacle)),
    Column("looked_at", UtcTime),
    Column("decided_at", UtcTime),
    Column("decided_by", String(32)),
    Column("unpaused", Integer, nullable=False),
    Column("drafts", words(Drafts)),
    Column("undrafted", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    Index("ix_aftermaths_together", "together"),
    partial_index("ix_aftermaths_at_work", "team_id", "grantor_id", where=AT_WORK),
    partial_index("ix_aftermaths_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
