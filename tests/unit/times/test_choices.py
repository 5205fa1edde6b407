"""Quick choices: their words name the day, and their meaning is what the words say."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.times.choices import days_of, quick_choices, whole_days
from bot.times.reading import read_span
from bot.times.saying import write_span
from bot.times.span import Span

DAYS = [
    # a Monday in New York is already Tuesday in Berlin
    ("2026-11-24T03:00", "America/New_York", "Monday 23 November", "Friday 27 November"),
    ("2026-11-24T03:00", "Europe/Berlin", "Tuesday 24 November", "Friday 27 November"),
    ("2026-11-27T12:00", "Europe/Berlin", "Friday 27 November", "Friday 4 December"),
    ("2026-11-28T12:00", "Europe/Berlin", "Saturday 28 November", "Friday 4 December"),
    ("2026-11-29T12:00", "Europe/Berlin", "Sunday 29 November", "Friday 4 December"),
    ("2026-11-28T12:00", "No/Where", "Saturday 28 November", "Friday 4 December"),
]


@pytest.mark.parametrize(("now", "zone", "today", "friday"), DAYS)
def test_the_days_are_named(now: str, zone: str, today: str, friday: str) -> None:
    """On a Friday and at a weekend "Friday" is the next one; days are those of the reader."""
    words = [said for said, _ in quick_choices(datetime.fromisoformat(f"{now}+00:00"), zone)]
    assert words == ["2 hours", f"Until the end of today, {today}", f"Until the end of {friday}"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_each_is_read_back(zone: str) -> None:
    """What a choice carries is read as exactly its span, also over a change of summer time."""
    now = datetime(2026, 10, 23, 15, 30, tzinfo=UTC)
    for _, span in quick_choices(now, zone):
        assert read_span(write_span(span), now=now, zone="UTC") == span


def test_a_day_ends_at_midnight() -> None:
    """A day of the clock change has 25 hours, and the end is the reader's midnight."""
    now = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # half past midnight on Sunday
    (_, hours), (_, today), _ = quick_choices(now, "Europe/Berlin")
    assert hours == Span(length=timedelta(hours=2))
    assert today == Span(until=datetime(2026, 10, 25, 23, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "first", "last", "starts", "until"),
    [
        # the clock goes back, and forward, within
        ("Europe/Berlin", "2026-10-23", "2026-10-26", "2026-10-22T22:00", "2026-10-26T23:00"),
        ("America/New_York", "2027-03-13", "2027-03-14", "2027-03-13T05:00", "2027-03-15T04:00"),
        # on the last day, which has 25 hours
        ("Europe/Berlin", "2026-10-25", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
        # at midnight, so that the first day begins at one
        ("America/Santiago", "2026-09-06", "2026-09-07", "2026-09-06T04:00", "2026-09-08T03:00"),
        ("No/Where", "2026-10-23", "2026-10-26", "2026-10-23T00:00", "2026-10-27T00:00"),
    ],
)
def test_whole_days_over_a_change_of_the_clock(
    zone: str, first: str, last: str, starts: str, until: str
) -> None:
    """Days begin and end by the clocks of their zone, however many hours that is; read back they
    are the same days."""
    days = (date.fromisoformat(first), date.fromisoformat(last))
    stretch = whole_days(*days, zone)
    assert [f"{each:%Y-%m-%dT%H:%M}" for each in stretch] == [starts, until]
    assert days_of(*stretch, zone) == days
