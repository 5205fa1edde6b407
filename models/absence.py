"""An absence: somebody's Slack status says that they are away, and until when."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Boolean, Column, Integer, String, Table, UniqueConstraint

from models.base import UtcTime, metadata, partial_index, words
from models.person import Person

LEAST = timedelta(hours=4)  # an absence that is over sooner needs no cover
_EMOJI = re.compile(r":[^:\s]+:")
_WORD = re.compile(r"[^\W_]+")
_SKIN = re.compile(r"::skin-tone-\d:$")


class Offer(StrEnum):
    """What has become of the question who covers for somebody."""

    OPEN = "open"  # it can be answered
    COVERED = "covered"  # somebody covers for that time
    CLEARED = "cleared"  # the status says it no longer
    PASSED = "passed"  # the time is over
    DECLINED = "declined"  # they do not want to be asked


@dataclass(frozen=True, kw_only=True)
class Absence:
    """One row for whoever was ever asked.

    ``is_quiet``: they do not want to be asked. ``number`` counts the absences that they were asked
    about; ``offer`` is what has become of the latest, which lasts ``until`` then.
    """

    id: str
    team_id: str
    slack_user_id: str
    is_quiet: bool = False
    number: int = 0
    offer: Offer | None = None
    until: datetime | None = None
    changes: int = 0
    attempts: int = 0
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be answered, as far as is known."""
        return self.offer is Offer.OPEN


@dataclass(frozen=True, slots=True)
class AwayStatuses:
    """The emoji (``:palm_tree:``) and the words of a status by which people say that they are
    away, from the environment. Without any nobody is asked."""

    emoji: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def say_away(self, person: Person) -> bool:
        """Whether this person's status is one of these. Words count as whole words."""
        if _SKIN.sub(":", person.status_emoji.casefold()) in self.emoji:
            return True
        said = _spaced(person.status_text)
        return any(f" {each} " in said for each in self.words)

    def away_until(self, person: Person, *, now: datetime) -> datetime | None:
        """Until when their status says that they are away; None where it says no such thing, or no
        end."""
        ends_at = person.status_expires_at
        is_ahead = ends_at is not None and ends_at > now
        return ends_at if is_ahead and self.say_away(person) else None


def judged(
    absence: Absence,
    until: datetime | None,
    *,
    now: datetime,
    longest: timedelta,
    is_covered: bool,
) -> Absence:
    """What has become of the question, by a status that says that they are away ``until`` then, or
    no such thing.

    An absence goes on as long as the status does, whatever its end becomes, and also when it is set
    again as it was. A new one is asked about if it is long enough, and short enough for a right.
    """
    a = absence
    is_current = a.offer in (Offer.OPEN, Offer.COVERED)
    if is_current and a.until is not None and a.until <= now and until is None:
        return replace(a, offer=Offer.PASSED)
    if until is None:
        return replace(a, offer=Offer.CLEARED) if is_current else a
    offer = Offer.COVERED if is_covered else Offer.OPEN
    if is_current and a.until is not None and a.until > now:
        return replace(a, until=until, offer=Offer.COVERED if a.offer is Offer.COVERED else offer)
    if a.is_quiet or not LEAST <= until - now <= longest:
        return replace(a, offer=Offer.PASSED) if is_current else a
    is_same = a.number > 0 and a.until == until
    return replace(a, number=a.number + (not is_same), until=until, offer=offer)


def read_statuses(listed: Sequence[str]) -> AwayStatuses:
    """The same, as it is written: emoji between colons, everything else is words."""
    lowered = [_SKIN.sub(":", each.casefold()) for each in listed]
    return AwayStatuses(
        frozenset(each for each in lowered if _EMOJI.fullmatch(each)),
        tuple(_spaced(each).strip() for each in lowered if not _EMOJI.fullmatch(each)),
    )


def _spaced(text: str) -> str:
    """Its words in small letters, with a blank around each."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


absences = Table(
    "absences",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("is_quiet", Boolean, nullable=False),
    Column("number", Integer, nullable=False),
    Column("offer", words(Offer)),
    Column("until", UtcTime),
    Column("changes", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    UniqueConstraint("team_id", "slack_user_id"),
    partial_index("ix_absences_wake_at", "wake_at", where="wake_at IS NOT NULL"),
)
