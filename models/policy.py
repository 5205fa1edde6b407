"""Who may ask whom, and for how long. Pure: the same input gives the same answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.person import Departure, Person

REASON_LIMIT = 500  # characters; a card must hold it beside everything else (slack.md §5)
MOST_OPEN = 100  # unanswered requests of one asker: a wish for a hundred people fits
MOST_OPEN_FOR_ONE = 10  # of these to the same grantor
MOST_LATELY_FOR_ONE = 20  # messages that one person causes another to get, within
LATELY = timedelta(hours=1)
MOST_WISHES = 5  # for more time, on one right within LATELY
FEW, FEW_OF = 5, 10  # this many, or one of so many, end without an admin's word


class Refusal(StrEnum):
    """Why a request is not accepted; ``bot.cards.answers`` has one sentence for each."""

    ONESELF = "oneself"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    GUEST = "guest"
    STRANGER = "stranger"
    UNKNOWN_PERSON = "unknown_person"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    PERMANENT = "permanent"
    NOT_LONGER = "not_longer"
    RUNS_ALREADY = "runs_already"
    LENGTH_ONLY = "length_only"
    DATE_PASSED = "date_passed"
    TOO_MANY = "too_many"
    TOO_MANY_OPEN = "too_many_open"
    TOO_MANY_FOR_ONE = "too_many_for_one"
    TOO_OFTEN = "too_often"
    REASON_MISSING = "reason_missing"
    REASON_TOO_LONG = "reason_too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of this installation, from its environment."""

    min_duration: timedelta = timedelta(minutes=5)
    max_duration: timedelta = timedelta(days=30)
    default_duration: timedelta = timedelta(days=1)
    allow_permanent: bool = True
    require_reason: bool = False
    pending_ttl: timedelta = timedelta(days=3)
    remind_before: timedelta = timedelta(hours=1)
    admins: frozenset[str] = frozenset()

    def warn_at(self, ends_at: datetime | None, now: datetime) -> datetime | None:
        """When the grantee is told that the end is near; None when it is near from the start."""
        if ends_at is None or ends_at - self.remind_before <= now:
            return None
        return ends_at - self.remind_before


def who_refusal(person: Person | None, team_id: str) -> Refusal | None:
    """Why ``person`` cannot take part in a delegation in this workspace, or None."""
    if person is None:
        return Refusal.UNKNOWN_PERSON
    if person.is_deactivated:
        return Refusal.DEACTIVATED
    if person.is_stranger or not (person.team_id == team_id or person.is_colleague):
        return Refusal.STRANGER
    if person.is_bot:
        return Refusal.BOT
    if person.is_guest:
        return Refusal.GUEST
    return None


DEPARTURES = {
    Refusal.UNKNOWN_PERSON: Departure.LEFT,
    Refusal.DEACTIVATED: Departure.LEFT,
    Refusal.GUEST: Departure.GUEST,
    Refusal.STRANGER: Departure.ELSEWHERE,
    Refusal.BOT: Departure.APP,
}


def crowd_refusal(*, open_in_all: int, open_for_one: int, lately_for_one: int) -> Refusal | None:
    """Why somebody has to wait before they ask once more, or None.

    Counted are their unanswered requests, those of them to the one they would ask next, and all
    that they asked this one, or gave them, within :data:`LATELY`.
    """
    if open_in_all >= MOST_OPEN:
        return Refusal.TOO_MANY_OPEN
    if open_for_one >= MOST_OPEN_FOR_ONE:
        return Refusal.TOO_MANY_FOR_ONE
    if lately_for_one >= MOST_LATELY_FOR_ONE:
        return Refusal.TOO_OFTEN
    return None


def is_too_much(lost: int, total: int) -> bool:
    """Whether an admin has to agree before so many of ``total`` end, because Slack or Close says
    that their people are gone: an outage can say that of everybody."""
    return lost > max(FEW, total // FEW_OF)


def length_refusal(
    policy: Policy,
    *,
    length: timedelta | None,
    starts_at: datetime | None,
    until: datetime | None,
    now: datetime,
) -> Refusal | None:
    """Why this stretch of time is not allowed, or None. No length and no until: until revoked."""
    if until is not None:
        length = until - (starts_at or now)
    if length is None:
        return None if policy.allow_permanent else Refusal.PERMANENT
    if length < policy.min_duration:
        return Refusal.TOO_SHORT
    if length > policy.max_duration:
        return Refusal.TOO_LONG
    return None


def reason_refusal(policy: Policy, reason: str) -> Refusal | None:
    """Why this reason cannot be taken, or None."""
    says_something = any(each.isprintable() and not each.isspace() for each in reason)
    if policy.require_reason and not says_something:
        return Refusal.REASON_MISSING
    if len(reason) > REASON_LIMIT:
        return Refusal.REASON_TOO_LONG
    return None
