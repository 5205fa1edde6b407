"""When a grantor is reminded: within working hours, and never twice in one moment."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from models.reminders import next_reminder, put_off_until, snoozed_until

BERLIN = "Europe/Berlin"  # an hour ahead of UTC in these weeks


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of December 2026 in Berlin; the 4th is a Friday."""
    return datetime(2026, 12, day, hour - 1, minute, tzinfo=UTC)


REMINDERS = [
    # asked, sent before, now, due
    (at(7, 10), 0, at(7, 10), at(7, 14)),  # Monday: after four hours
    (at(7, 10), 1, at(7, 14), at(8, 10)),  # then a day after the request
    (at(7, 10), 2, at(8, 10), at(9, 10)),  # then daily
    (at(4, 16), 0, at(4, 16), at(7, 9)),  # Friday afternoon: Monday morning
    (at(4, 16), 1, at(7, 9), at(7, 13)),  # the second one, due on Saturday, keeps its distance
    (at(4, 16), 2, at(7, 13), at(8, 13)),
    (at(7, 10), 1, at(9, 16), at(10, 9)),  # the bot was down: not in the evening either
]


@pytest.mark.parametrize(("asked_at", "sent", "now", "due"), REMINDERS)
def test_reminders(asked_at: datetime, sent: int, now: datetime, due: datetime) -> None:
    """Each comes at its time, in working hours, some hours after the one before."""
    assert next_reminder(asked_at=asked_at, sent=sent, zone=BERLIN, now=now) == due


@pytest.mark.parametrize("start", [at(4, hour) for hour in range(1, 24)])
def test_reminders_keep_their_distance(start: datetime) -> None:
    """Whenever it was asked, no reminder follows another within four hours."""
    due = [next_reminder(asked_at=start, sent=0, zone=BERLIN, now=start)]
    for sent in range(1, 6):
        due.append(next_reminder(asked_at=start, sent=sent, zone=BERLIN, now=due[-1]))
    gaps = [later - earlier for earlier, later in itertools.pairwise(due)]
    assert min(gaps) >= timedelta(hours=4)


PUT_OFF = [
    # asked, sent before, planned, put off to
    (at(7, 10), 1, at(8, 10), at(9, 10)),  # Monday's second reminder, by a day
    (at(4, 16), 1, at(7, 13), at(8, 13)),  # over a weekend
    (at(7, 10), 1, at(9, 10), None),  # done already
    (at(7, 10), 0, at(7, 14), None),  # nobody was reminded yet
    (at(7, 10), 2, at(9, 10), None),  # they come once a working day anyway
    (at(7, 10), 1, None, None),  # none is to come
]


@pytest.mark.parametrize(("asked_at", "sent", "planned", "later"), PUT_OFF)
def test_putting_off(
    asked_at: datetime, sent: int, planned: datetime | None, later: datetime | None
) -> None:
    """The next reminder goes to the working day after, once; elsewhere nothing is offered."""
    found = put_off_until(asked_at=asked_at, sent=sent, remind_at=planned, zone=BERLIN)
    assert found == later


SNOOZES = [
    (at(7, 10, 30), at(8, 10, 30)),  # the same time on the next day
    (at(7, 20), at(8, 9)),  # in the evening: tomorrow, not the day after
    (at(7, 6), at(8, 9)),  # before work: when it begins
    (at(4, 15), at(7, 9)),  # Friday: Monday
    (at(5, 10), at(7, 9)),  # Saturday: Monday
    (at(6, 10), at(7, 10)),  # Sunday: Monday at that time
]


@pytest.mark.parametrize(("now", "due"), SNOOZES)
def test_snooze(now: datetime, due: datetime) -> None:
    """Snooze means the next working day, near to this time of day."""
    assert snoozed_until(now, BERLIN) == due
