"""A review: does a grantor's colleague still need what they were given? When it is asked. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint

from models.base import UtcTime, metadata, partial_index, words
from models.delegation import Delegation, State
from models.need import Need
from models.reminders import next_working_moment
from models.standing import StandingApproval

LONG = timedelta(days=7)  # a right that lasts no longer ends soon enough by itself
FIRST_WEEK = timedelta(days=7)  # after the installation nothing that is older is asked about
AS_GOOD_AS_NOW = timedelta(days=3)  # what was not used until then is said not to be used
MARGIN = timedelta(minutes=2)  # the clocks of Close and of the bot
MOVES = 4  # in the time of grace: a reminder, another one, the admins' word, the end
REMINDERS = 2
MOST_AT_ONCE = 40  # in one message, and in one answer to all of it


class Cause(StrEnum):
    """Why a review was opened."""

    REGULAR = "regular"  # it was time
    UNUSED = "unused"  # nobody has used one of the rights for a while


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """When grantors are asked, from the environment. Without ``every`` nobody is asked.

    With ``ends`` what nobody confirmed ends ``grace`` after it was asked about; without it that is
    only the time in which the reminders come.
    """

    every: timedelta | None = timedelta(days=30)
    ends: bool = False
    grace: timedelta = timedelta(days=14)
    unused_after: timedelta | None = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class Review:
    """One row a grantor.

    - ``installed_at`` is when the bot began to work in this workspace.
    - ``number`` counts the reviews, and ``messages`` those about the present one; ``opened_at`` is
      None while none is open, and ``closed_at`` is when the last one was over.
    - ``reminders`` counts how often the grantor was reminded, and ``told_at`` is when the admins
      heard; ``moved_at`` is when the last of these things happened.
    - ``ends_at`` is when what nobody confirmed ends; None where nothing does.
    - ``kept`` and ``ended`` count the answers.
    """

    id: str
    team_id: str
    grantor_id: str
    installed_at: datetime
    number: int = 0
    cause: Cause | None = None
    opened_at: datetime | None = None
    moved_at: datetime | None = None
    messages: int = 0
    reminders: int = 0
    told_at: datetime | None = None
    ends_at: datetime | None = None
    kept: int = 0
    ended: int = 0
    closed_at: datetime | None = None
    zone: str = "UTC"
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    @property
    def incident(self) -> str:
        """What the message that was told last is told apart by."""
        return f"{self.number}.{self.messages}"

    def closed(self, now: datetime, *, wake_at: datetime) -> "Review":
        """As it is once nothing of it is left to answer; it is looked at again at ``wake_at``."""
        return replace(self, opened_at=None, ends_at=None, closed_at=now, wake_at=wake_at)

    def asks_about(self, item: "Item") -> bool:
        """Whether the open review is about this one, and it is not answered."""
        return self.opened_at is not None and self.may_ask_about(item, self.opened_at)

    def may_ask_about(self, item: "Item", moment: datetime) -> bool:
        """Whether a review that opens at this moment is about this one, and it is not answered."""
        if item.began_at > moment or (item.kept_at is not None and item.kept_at >= moment):
            return False
        is_first_week = moment < self.installed_at + FIRST_WEEK
        return not (is_first_week and item.began_at < self.installed_at)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a review asks about, with what shows that it is still needed."""

    subject: Delegation | StandingApproval
    need: Need | None = None

    @property
    def id(self) -> str:
        """That of the right or of the standing approval."""
        return self.subject.id

    @property
    def grantee_id(self) -> str:
        """Who was given it."""
        return self.subject.grantee_id

    @property
    def began_at(self) -> datetime:
        """Since when it is given."""
        if isinstance(self.subject, StandingApproval):
            return self.subject.created_at
        return self.subject.active_at or self.subject.requested_at

    @property
    def kept_at(self) -> datetime | None:
        """When its grantor last said that it is needed."""
        return None if self.need is None else self.need.kept_at

    @property
    def used_at(self) -> datetime | None:
        """When it was last used, as far as is known."""
        return None if self.need is None else self.need.used_at

    def unused_since(self, now: datetime) -> datetime | None:
        """Since when it is known not to have been used, until about now; None where that is not
        known. From its beginning on: it was never used."""
        need = self.need
        if need is None or need.asked_from is None:
            return None
        is_open_ended = isinstance(self.subject, StandingApproval)
        if not is_open_ended and (need.asked_until or self.began_at) < now - AS_GOOD_AS_NOW:
            return None
        since = max(need.used_at or self.began_at, need.asked_from)
        return self.began_at if since <= self.began_at + MARGIN and not need.used_at else since

    def is_unused(self, rules: ReviewRules, now: datetime) -> bool:
        """Whether it is a right that nobody has used for so long that it comes up at once, and its
        grantor has not said since that it is needed."""
        since = self.unused_since(now)
        if rules.unused_after is None or since is None:
            return False
        if isinstance(self.subject, StandingApproval):
            return False
        return now - max(since, self.kept_at or since) >= rules.unused_after


def is_reviewed(subject: Delegation | StandingApproval) -> bool:
    """Whether reviews ask about it: a right until revoked, or for more than a week, or a standing
    approval."""
    if isinstance(subject, StandingApproval):
        return True
    d = subject
    if d.state is not State.ACTIVE:
        return False
    return d.ends_at is None or d.ends_at - (d.active_at or d.requested_at) > LONG


def cause_to_open(
    review: Review, items: Sequence[Item], rules: ReviewRules, now: datetime
) -> Cause | None:
    """Why one opens now; None when there is no reason yet."""
    asked = [each for each in items if review.may_ask_about(each, now)]
    if not asked or rules.every is None:
        return None
    oldest = min(each.began_at for each in asked)
    if max(oldest, review.closed_at or oldest) + rules.every <= now:
        return Cause.REGULAR
    return Cause.UNUSED if any(each.is_unused(rules, now) for each in asked) else None


class Move(StrEnum):
    """What happens next to a review that is not answered."""

    REMIND = "remind"
    TELL_ADMINS = "tell_admins"
    END = "end"
    ASK_ANEW = "ask_anew"


def next_move(review: Review, rules: ReviewRules) -> tuple[Move, datetime]:
    """What happens next to an open review without an answer, and when: within working hours.

    Where one came late, those after it keep a part of their distance to it.
    """
    opened, moved = _since(review)
    step, least = rules.grace / MOVES, rules.grace / (2 * MOVES)
    if review.reminders < REMINDERS:
        move, wished = Move.REMIND, opened + step * (review.reminders + 1)
    elif review.told_at is None:
        move, wished = Move.TELL_ADMINS, opened + step * (REMINDERS + 1)
    elif review.ends_at is not None:
        move, wished = Move.END, review.ends_at
    else:
        move, wished = Move.ASK_ANEW, opened + max(rules.every or rules.grace, rules.grace)
    return move, next_working_moment(max(wished, moved + least), review.zone)


def end_of(review: Review, rules: ReviewRules, now: datetime) -> datetime | None:
    """When what nobody confirms ends, as it is said at ``now``: never before two reminders have
    come; None where nothing ends."""
    if not rules.ends:
        return None
    opened, _ = _since(review)
    left = max(REMINDERS - review.reminders, 0) + (2 if review.told_at is None else 1)
    earliest = now + rules.grace / (2 * MOVES) * left
    wished = max(opened + rules.grace, review.ends_at or opened, earliest)
    return next_working_moment(wished, review.zone)


def _since(review: Review) -> tuple[datetime, datetime]:
    opened = review.opened_at
    if opened is None:
        raise ValueError("no review is open")
    return opened, review.moved_at or opened


# What the partial indexes hold. SQLite uses one only where a question has the very same words.
IS_ASKING = "opened_at IS NOT NULL"
IS_LATE = "(opened_at IS NOT NULL AND told_at IS NOT NULL)"

reviews = Table(
    "reviews",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("grantor_id", String(32), nullable=False),
    Column("installed_at", UtcTime, nullable=False),
    Column("number", Integer, nullable=False),
    Column("cause", words(Cause)),
    Column("opened_at", UtcTime),
    Column("moved_at", UtcTime),
    Column("messages", Integer, nullable=False),
    Column("reminders", Integer, nullable=False),
    Column("told_at", UtcTime),
    Column("ends_at", UtcTime),
    Column("kept", Integer, nullable=False),
    Column("ended", Integer, nullable=False),
    Column("closed_at", UtcTime),
    Column("zone", String(64), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id", "grantor_id"),
    partial_index("ix_reviews_open", "team_id", "grantor_id", where=IS_ASKING),
    partial_index("ix_reviews_late", "team_id", "opened_at", where=IS_LATE),
    partial_index("ix_reviews_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
