"""Days, clock times and ranges: phrases with the zone and the clock fixed."""

from datetime import UTC, datetime, timedelta

import pytest
from whenever import Instant

from bot.times.days import Scene
from bot.times.moments import read_moments
from bot.times.reading import read_span
from bot.times.span import Ambiguous, DurationError, Span

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
KOLKATA, LORD_HOWE = "Asia/Kolkata", "Australia/Lord_Howe"
WEDNESDAY = "2026-11-25T09:00"  # 10:00 in Berlin


def utc(text: str) -> datetime:
    """A UTC moment from its short ISO form."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(phrase: str, clock: str, zone: str) -> Span:
    """The phrase read at the given UTC clock."""
    return read_span(phrase, now=utc(clock), zone=zone)


@pytest.mark.parametrize(
    ("phrase", "until"),
    [
        ("until friday 17:00", "2026-11-27T16:00"),
        ("Until Friday, 17:00", "2026-11-27T16:00"),
        ("UNTIL  FRIDAY   AT 17:00", "2026-11-27T16:00"),
        ("until 17:00 friday", "2026-11-27T16:00"),
        ("until fri 5pm", "2026-11-27T16:00"),
        ("until fri 5 pm", "2026-11-27T16:00"),
        ("friday 17:00", "2026-11-27T16:00"),
        ("till friday 17:00", "2026-11-27T16:00"),
        ("til friday 17:00", "2026-11-27T16:00"),
        ("until this friday 17:00", "2026-11-27T16:00"),
        ("until coming friday 17:00", "2026-11-27T16:00"),
        ("until friday", "2026-11-27T23:00"),
        ("until end of friday", "2026-11-27T23:00"),
        ("until friday 24:00", "2026-11-27T23:00"),
        ("until thurs", "2026-11-26T23:00"),
        ("until sunday", "2026-11-29T23:00"),
        ("until monday 9am", "2026-11-30T08:00"),
        ("until next monday", "2026-11-30T23:00"),
        ("until next tuesday 08:30", "2026-12-01T07:30"),
        ("until 5pm", "2026-11-25T16:00"),
        ("until 5:30pm", "2026-11-25T16:30"),
        ("until 5.30pm", "2026-11-25T16:30"),
        ("until 17:00", "2026-11-25T16:00"),
        ("until 17", "2026-11-25T16:00"),
        ("17:00", "2026-11-25T16:00"),
        ("5pm", "2026-11-25T16:00"),
        ("until 10:01am", "2026-11-25T09:01"),
        ("until 10:01", "2026-11-25T09:01 | 2026-11-25T21:01"),
        ("until 10:00", "2026-11-25T21:00 | 2026-11-26T09:00"),
        ("until 9:30", "2026-11-25T20:30 | 2026-11-26T08:30"),
        ("until 09:30", "2026-11-26T08:30"),
        ("until 9am", "2026-11-26T08:00"),
        ("until noon", "2026-11-25T11:00"),
        ("until midday", "2026-11-25T11:00"),
        ("until 12pm", "2026-11-25T11:00"),
        ("until 12am", "2026-11-25T23:00"),
        ("until midnight", "2026-11-25T23:00"),
        ("until 24:00", "2026-11-25T23:00"),
        ("until 0:15", "2026-11-25T23:15"),
        ("until tonight", "2026-11-25T23:00"),
        ("until 8pm tonight", "2026-11-25T19:00"),
        ("until today 18:00", "2026-11-25T17:00"),
        ("until today at 5", "2026-11-25T16:00"),
        ("today", "2026-11-25T23:00"),
        ("for today", "2026-11-25T23:00"),
        ("until tomorrow", "2026-11-26T23:00"),
        ("until tomorrow noon", "2026-11-26T11:00"),
        ("until noon tomorrow", "2026-11-26T11:00"),
        ("until tomorrow morning", "2026-11-26T08:00"),
        ("until tomorrow evening", "2026-11-26T17:00"),
        ("tomorrow 9am", "2026-11-26T08:00"),
        ("until the day after tomorrow", "2026-11-27T23:00"),
        ("until end of day", "2026-11-25T23:00"),
        ("end of the day", "2026-11-25T23:00"),
        ("until eod", "2026-11-25T23:00"),
        ("until end of tomorrow", "2026-11-26T23:00"),
        ("until the end of the week", "2026-11-29T23:00"),
        ("end of this week", "2026-11-29T23:00"),
        ("eow", "2026-11-29T23:00"),
        ("this week", "2026-11-29T23:00"),
        ("until this week", "2026-11-29T23:00"),
        ("end of next week", "2026-12-06T23:00"),
        ("end of month", "2026-11-30T23:00"),
        ("until eom", "2026-11-30T23:00"),
        ("this month", "2026-11-30T23:00"),
        ("until end of next month", "2026-12-31T23:00"),
        ("until the end of december", "2026-12-31T23:00"),
        ("until end of year", "2026-12-31T23:00"),
        ("until eoy", "2026-12-31T23:00"),
        ("until 5pm on friday", "2026-11-27T16:00"),
        ("until 17:00 on friday", "2026-11-27T16:00"),
        ("until eod friday", "2026-11-27T23:00"),
        ("until friday eod", "2026-11-27T23:00"),
        ("eod tomorrow", "2026-11-26T23:00"),
        ("until end of day on friday", "2026-11-27T23:00"),
        ("until the end of the day friday", "2026-11-27T23:00"),
        ("today 8 to 17", "2026-11-25T16:00"),
        ("until friday 5", "2026-11-27T04:00 | 2026-11-27T16:00"),
        ("until 5 friday", "2026-11-27T04:00 | 2026-11-27T16:00"),
        ("until 5 on friday", "2026-11-27T04:00 | 2026-11-27T16:00"),
        ("until tomorrow 17", "2026-11-26T16:00"),
        ("until tomorrow afternoon", "2026-11-26T11:00 | 2026-11-26T17:00"),
        ("until afternoon", "2026-11-25T11:00 | 2026-11-25T17:00"),
        ("until this evening", "2026-11-25T17:00"),
        ("until 2026-12-01", "2026-12-01T23:00"),
        ("until 2026-12-01.", "2026-12-01T23:00"),
        ("until 2026-12-01 17:00", "2026-12-01T16:00"),
        ("until 2026-12-01T17:00", "2026-12-01T16:00"),
        ("until 2026-12-01T17:00Z", "2026-12-01T17:00"),
        ("until 1 december", "2026-12-01T23:00"),
        ("until 1st of december", "2026-12-01T23:00"),
        ("until the 1st of December 2027", "2027-12-01T23:00"),
        ("until december 1st, 2026", "2026-12-01T23:00"),
        ("until dec 1 9am", "2026-12-01T08:00"),
        ("until 9am dec 1", "2026-12-01T08:00"),
        ("until dec 1 at 9", "2026-12-01T08:00 | 2026-12-01T20:00"),
        ("until 24 november", "2027-11-24T23:00"),
        ("until 25 november 9am", "2027-11-25T08:00"),
        ("until 25 november", "2026-11-25T23:00"),
        ("until feb 29", "2028-02-29T23:00"),
        ("until 29 feb 2028 noon", "2028-02-29T11:00"),
        ("until 31/12", "2026-12-31T23:00"),
        ("until 12/31", "2026-12-31T23:00"),
        ("until 3/3", "2027-03-03T23:00"),
        ("until 31/12/2026", "2026-12-31T23:00"),
        ("until 01.12.2026", "2026-12-01T23:00"),
        ("until the 5th", "2026-12-05T23:00"),
        ("until the 31st", "2026-12-31T23:00"),
        ("a month", "2026-12-25T09:00"),
        ("for 3 months", "2027-02-25T09:00"),
        ("a year", "2027-11-25T09:00"),
        ("now until 5pm", "2026-11-25T16:00"),
        ("from now to friday", "2026-11-27T23:00"),
        ("today to friday", "2026-11-27T23:00"),
        ("from 09:00 to 11:00", "2026-11-25T10:00"),
        ("9am-5pm", "2026-11-25T16:00"),
        ("until 5", "2026-11-25T16:00 | 2026-11-26T04:00"),
        ("until 5 o'clock", "2026-11-25T16:00 | 2026-11-26T04:00"),
        ("until 12", "2026-11-25T11:00 | 2026-11-25T23:00"),
        ("until friday at 5", "2026-11-27T04:00 | 2026-11-27T16:00"),
        ("until friday midnight", "2026-11-26T23:00 | 2026-11-27T23:00"),
        ("until wednesday", "2026-11-25T23:00 | 2026-12-02T23:00"),
        ("until wednesday 17:00", "2026-11-25T16:00 | 2026-12-02T16:00"),
        ("until wednesday 09:00", "2026-12-02T08:00"),
        ("until wednesday at 5", "2026-11-25T16:00 | 2026-12-02T04:00 | 2026-12-02T16:00"),
        ("until this wednesday", "2026-11-25T23:00"),
        ("until next wednesday", "2026-12-02T23:00"),
        ("until next friday", "2026-11-27T23:00 | 2026-12-04T23:00"),
        ("until next friday 17:00", "2026-11-27T16:00 | 2026-12-04T16:00"),
        ("until next week", "2026-11-29T23:00 | 2026-12-06T23:00"),
        ("until next month", "2026-11-30T23:00 | 2026-12-31T23:00"),
        ("until december", "2026-11-30T23:00 | 2026-12-31T23:00"),
        ("until 3/4", "2027-03-04T23:00 | 2027-04-03T22:00"),
        ("until 3/4/2027", "2027-03-04T23:00 | 2027-04-03T22:00"),
    ],
)
def test_end(phrase: str, until: str) -> None:
    """On Wednesday at 10:00 in Berlin the phrase ends at this instant, or at either of two."""
    ends = [utc(each) for each in until.split(" | ")]
    try:
        found = [read(phrase, WEDNESDAY, BERLIN)]
    except Ambiguous as question:
        found = [reading.span for reading in question.readings]
    assert found == [Span(until=end) for end in ends]


@pytest.mark.parametrize(
    ("phrase", "starts", "until"),
    [
        ("tomorrow 9am to friday 6pm", "2026-11-26T08:00", "2026-11-27T17:00"),
        ("from tomorrow 9am until friday 6pm", "2026-11-26T08:00", "2026-11-27T17:00"),
        ("from monday to friday", "2026-11-29T23:00", "2026-12-04T23:00"),
        ("monday through friday", "2026-11-29T23:00", "2026-12-04T23:00"),
        ("mon-fri", "2026-11-29T23:00", "2026-12-04T23:00"),
        ("starting monday till tuesday noon", "2026-11-29T23:00", "2026-12-01T11:00"),
        ("from 14:00 to 16:00", "2026-11-25T13:00", "2026-11-25T15:00"),
        ("14:00-16:00", "2026-11-25T13:00", "2026-11-25T15:00"),
        ("14:00 - 16:00", "2026-11-25T13:00", "2026-11-25T15:00"),
        ("2pm to 4", "2026-11-25T13:00", "2026-11-25T15:00"),
        ("3-5pm", "2026-11-25T14:00", "2026-11-25T16:00"),
        ("from 11 to 1 pm", "2026-11-25T10:00", "2026-11-25T12:00"),
        ("from 08:00 to 9:30", "2026-11-26T07:00", "2026-11-26T08:30"),
        ("22:00 to 6:00", "2026-11-25T21:00", "2026-11-26T05:00"),
        ("friday 9:00 to friday 17:00", "2026-11-27T08:00", "2026-11-27T16:00"),
        ("tomorrow from 9am to 6pm", "2026-11-26T08:00", "2026-11-26T17:00"),
        ("from 9am to 6pm tomorrow", "2026-11-26T08:00", "2026-11-26T17:00"),
        ("from 14:00 to 16:00 tomorrow", "2026-11-26T13:00", "2026-11-26T15:00"),
        ("9am-6pm on friday", "2026-11-27T08:00", "2026-11-27T17:00"),
        ("friday 9-5", "2026-11-27T08:00", "2026-11-27T16:00"),
        ("9-5 friday", "2026-11-27T08:00", "2026-11-27T16:00"),
        ("for friday 9-5", "2026-11-27T08:00", "2026-11-27T16:00"),
        ("Friday, 9 to 5", "2026-11-27T08:00", "2026-11-27T16:00"),
        ("tomorrow 9 to 17", "2026-11-26T08:00", "2026-11-26T16:00"),
        ("on dec 1 from 9:30 until noon", "2026-12-01T08:30", "2026-12-01T11:00"),
        ("tomorrow 22:00 to 6:00", "2026-11-26T21:00", "2026-11-27T05:00"),
        ("today from 7 to 9", "2026-11-25T18:00", "2026-11-25T20:00"),
        ("tomorrow afternoon", "2026-11-26T11:00", "2026-11-26T17:00"),
        ("this afternoon", "2026-11-25T11:00", "2026-11-25T17:00"),
        ("monday", "2026-11-29T23:00", "2026-11-30T23:00"),
        ("on monday", "2026-11-29T23:00", "2026-11-30T23:00"),
        ("tomorrow", "2026-11-25T23:00", "2026-11-26T23:00"),
        ("next week", "2026-11-29T23:00", "2026-12-06T23:00"),
        ("1 december", "2026-11-30T23:00", "2026-12-01T23:00"),
        ("from dec 1 to dec 3", "2026-11-30T23:00", "2026-12-03T23:00"),
        ("from dec 30 to jan 2", "2026-12-29T23:00", "2027-01-02T23:00"),
        ("from monday for a month", "2026-11-29T23:00", "2026-12-29T23:00"),
    ],
)
def test_range(phrase: str, starts: str, until: str) -> None:
    """On Wednesday at 10:00 in Berlin the phrase has this start and this end."""
    assert read(phrase, WEDNESDAY, BERLIN) == Span(starts=utc(starts), until=utc(until))


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("tomorrow 9am for 2h", Span(timedelta(hours=2), starts=utc("2026-11-26T08:00"))),
        ("tomorrow 9am 2h", Span(timedelta(hours=2), starts=utc("2026-11-26T08:00"))),
        ("2h tomorrow 9am", Span(timedelta(hours=2), starts=utc("2026-11-26T08:00"))),
        ("for 2h from monday", Span(timedelta(hours=2), starts=utc("2026-11-29T23:00"))),
        ("2 days starting monday 9am", Span(timedelta(days=2), starts=utc("2026-11-30T08:00"))),
        ("1h in 2h", Span(timedelta(hours=1), starts=utc("2026-11-25T11:00"))),
        ("from now for 2h", Span(timedelta(hours=2))),
        ("3 days from now", Span(timedelta(days=3))),
        ("forever from monday", Span(forever=True, starts=utc("2026-11-29T23:00"))),
        ("from monday forever", Span(forever=True, starts=utc("2026-11-29T23:00"))),
        ("from monday until revoked", Span(forever=True, starts=utc("2026-11-29T23:00"))),
    ],
)
def test_start_with_length(phrase: str, expected: Span) -> None:
    """A start can be followed or preceded by a length, or have no end."""
    assert read(phrase, WEDNESDAY, BERLIN) == expected


@pytest.mark.parametrize(
    ("clock", "zone", "phrase", "until"),
    [
        # Berlin: forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00.
        ("2026-03-27T09:00", BERLIN, "until saturday 17:00", "2026-03-28T16:00"),
        ("2026-03-27T09:00", BERLIN, "until sunday 17:00", "2026-03-29T15:00"),
        ("2026-03-28T20:00", BERLIN, "until 02:30", "2026-03-29T01:30"),
        ("2026-03-28T20:00", BERLIN, "until 03:00", "2026-03-29T01:00"),
        ("2026-03-28T20:00", BERLIN, "until tomorrow", "2026-03-29T22:00"),
        ("2026-10-23T09:00", BERLIN, "until sunday 17:00", "2026-10-25T16:00"),
        ("2026-10-24T20:00", BERLIN, "until 02:30", "2026-10-25T00:30"),
        ("2026-10-25T00:45", BERLIN, "until 02:30", "2026-10-25T01:30"),
        ("2026-10-25T01:45", BERLIN, "until 02:30", "2026-10-26T01:30"),
        ("2026-10-24T20:00", BERLIN, "until end of tomorrow", "2026-10-25T23:00"),
        ("2026-09-25T00:30", BERLIN, "a month", "2026-10-25T00:30"),
        # New York: forward on 2026-03-08 at 02:00, back on 2026-11-01 at 02:00.
        ("2026-03-06T15:00", NEW_YORK, "until saturday 17:00", "2026-03-07T22:00"),
        ("2026-03-06T15:00", NEW_YORK, "until sunday 17:00", "2026-03-08T21:00"),
        ("2026-03-07T15:00", NEW_YORK, "until tomorrow 02:30", "2026-03-08T07:30"),
        ("2026-10-30T15:00", NEW_YORK, "until saturday 17:00", "2026-10-31T21:00"),
        ("2026-10-30T15:00", NEW_YORK, "until sunday 17:00", "2026-11-01T22:00"),
        ("2026-10-31T15:00", NEW_YORK, "until tomorrow 01:30", "2026-11-01T05:30"),
        ("2026-11-25T03:00", NEW_YORK, "until end of day", "2026-11-25T05:00"),
        # Half-hour offsets, and Lord Howe's change of thirty minutes (2026-10-04, 2027-04-04).
        ("2026-11-25T09:00", KOLKATA, "until 17:00", "2026-11-25T11:30"),
        ("2026-11-25T19:00", KOLKATA, "until tomorrow noon", "2026-11-27T06:30"),
        ("2026-11-25T19:00", KOLKATA, "today", "2026-11-26T18:30"),
        ("2026-10-02T00:00", LORD_HOWE, "until saturday 17:00", "2026-10-03T06:30"),
        ("2026-10-02T00:00", LORD_HOWE, "until sunday 17:00", "2026-10-04T06:00"),
        ("2026-10-03T12:00", LORD_HOWE, "until 02:15", "2026-10-03T15:45"),
        ("2027-04-03T12:00", LORD_HOWE, "until 01:45", "2027-04-03T14:45"),
        ("2027-04-03T14:50", LORD_HOWE, "until 01:45", "2027-04-03T15:15"),
        # The ends of years, and leap days.
        ("2026-12-31T12:00", BERLIN, "until tomorrow 9am", "2027-01-01T08:00"),
        ("2026-12-31T12:00", BERLIN, "until end of week", "2027-01-03T23:00"),
        ("2026-12-31T12:00", BERLIN, "until 1 january", "2027-01-01T23:00"),
        ("2026-12-31T12:00", BERLIN, "until end of year", "2026-12-31T23:00"),
        ("2026-12-31T23:30", BERLIN, "until end of year", "2027-12-31T23:00"),
        ("2028-02-28T12:00", BERLIN, "until tomorrow", "2028-02-29T23:00"),
        ("2027-02-28T12:00", BERLIN, "until tomorrow", "2027-03-01T23:00"),
        ("2028-02-10T12:00", BERLIN, "end of month", "2028-02-29T23:00"),
        ("2028-01-31T12:00", BERLIN, "a month", "2028-02-29T12:00"),
        ("2096-03-01T12:00", BERLIN, "until 29 february", "2104-02-29T23:00"),
        # Months are counted on the calendar, to the minute, and out of an hour that is skipped.
        ("2026-01-29T01:30", BERLIN, "2 months", "2026-03-29T01:30"),
        ("2026-11-25T09:00:40", BERLIN, "a month", "2026-12-25T09:00"),
        # The very moment that is named has passed.
        ("2026-10-25T00:30", BERLIN, "until 02:30", "2026-10-25T01:30"),
        ("2026-12-01T16:00", BERLIN, "until 1 december 17:00", "2027-12-01T16:00"),
        # A zone nobody knows is read as UTC.
        ("2026-11-25T09:00", "Nowhere/City", "until 17:00", "2026-11-25T17:00"),
        ("2026-11-25T09:00", "", "until 17:00", "2026-11-25T17:00"),
    ],
)
def test_zone(clock: str, zone: str, phrase: str, until: str) -> None:
    """The end is a local time in the person's zone, across daylight saving and year ends."""
    assert read(phrase, clock, zone) == Span(until=utc(until))


@pytest.mark.parametrize(
    ("phrase", "first", "second"),
    [
        (
            "wednesday",
            Span(until=utc("2026-11-25T23:00")),
            Span(starts=utc("2026-12-01T23:00"), until=utc("2026-12-02T23:00")),
        ),
        (
            "tomorrow morning",
            Span(until=utc("2026-11-26T08:00")),
            Span(starts=utc("2026-11-26T08:00"), until=utc("2026-11-26T11:00")),
        ),
        (
            "this evening",
            Span(until=utc("2026-11-25T17:00")),
            Span(starts=utc("2026-11-25T17:00"), until=utc("2026-11-25T23:00")),
        ),
        (
            "friday 2-4",
            Span(starts=utc("2026-11-27T01:00"), until=utc("2026-11-27T03:00")),
            Span(starts=utc("2026-11-27T13:00"), until=utc("2026-11-27T15:00")),
        ),
        (
            "wednesday 9 to 17",
            Span(until=utc("2026-11-25T16:00")),
            Span(starts=utc("2026-12-02T08:00"), until=utc("2026-12-02T16:00")),
        ),
        (
            "from 3/4 to 5/4",
            Span(starts=utc("2027-03-03T23:00"), until=utc("2027-05-04T22:00")),
            Span(starts=utc("2027-04-02T22:00"), until=utc("2027-04-05T22:00")),
        ),
        (
            "from next friday for 2h",
            Span(timedelta(hours=2), starts=utc("2026-11-26T23:00")),
            Span(timedelta(hours=2), starts=utc("2026-12-03T23:00")),
        ),
    ],
)
def test_two_readings_with_a_start(phrase: str, first: Span, second: Span) -> None:
    """Both readings of an ambiguous start are offered, each with its own words."""
    with pytest.raises(Ambiguous) as raised:
        read(phrase, WEDNESDAY, BERLIN)
    assert [reading.span for reading in raised.value.readings] == [first, second]
    assert len({reading.words for reading in raised.value.readings}) == 2


@pytest.mark.parametrize(
    ("phrase", "problem"),
    [
        ("", "NotATime"),
        ("   ", "NotATime"),
        ("until", "NotATime"),
        ("until blursday", "NotATime"),
        ("until 2026-02-30", "Impossible"),
        ("until 2027-02-29", "Impossible"),
        ("until 31 june", "Impossible"),
        ("until 25:00", "Impossible"),
        ("until 17:60", "Impossible"),
        ("until 13pm", "Impossible"),
        ("until 0am", "Impossible"),
        ("until 32/1", "Impossible"),
        ("until next", "NotATime"),
        ("until monday tuesday", "NotATime"),
        ("2h tomorrow", "NotATime"),
        ("2h 30", "NotATime"),
        ("friday 5", "NotATime"),
        ("this week 9-5", "NotATime"),
        ("afternoon", "NotATime"),
        ("until this week 17:00", "NotATime"),
        ("until １７:00", "NotATime"),
        ("until 2026-13-01T17:00Z", "NotATime"),
        ("december", "NotATime"),
        ("5", "NotATime"),
        ("3/4", "NotATime"),
        ("the 5th", "NotATime"),
        ("from", "NotATime"),
        ("from monday", "NoEnd"),
        ("from tomorrow 9am", "NoEnd"),
        ("from tomorrow to today", "NotPositive"),
        ("until yesterday", "InThePast"),
        ("yesterday", "InThePast"),
        ("until last friday", "InThePast"),
        ("until today 09:00", "InThePast"),
        ("until 2026-11-24", "InThePast"),
        ("until 2020-01-01 9am", "InThePast"),
        ("until now", "InThePast"),
        ("until 9999-12-31", "TooLarge"),
        ("for 999999 months", "TooLarge"),
        ("for 99999999999999999999 months", "TooLarge"),
    ],
)
def test_refused(phrase: str, problem: str) -> None:
    """What is no time, lies in the past or runs backwards has its own error."""
    with pytest.raises(DurationError) as raised:
        read(phrase, WEDNESDAY, BERLIN)
    assert type(raised.value).__name__ == problem


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("2026-11-23T09:00", "2026-11-27T23:00 | 2026-12-04T23:00"),  # Monday
        ("2026-11-26T09:00", "2026-11-27T23:00 | 2026-12-04T23:00"),  # Thursday
        ("2026-11-27T09:00", "2026-12-04T23:00"),  # Friday
        ("2026-11-28T09:00", "2026-12-04T23:00"),  # Saturday
        ("2026-11-29T09:00", "2026-12-04T23:00"),  # Sunday
    ],
)
def test_next_friday(clock: str, until: str) -> None:
    """The words "next friday" are a question only while this week's Friday is still to come."""
    try:
        found = [read("until next friday", clock, BERLIN)]
    except Ambiguous as question:
        found = [reading.span for reading in question.readings]
    assert found == [Span(until=utc(each)) for each in until.split(" | ")]


@pytest.mark.parametrize(
    ("clock", "phrase", "starts", "until"),
    [
        ("2026-11-25T01:00", "overnight", None, "2026-11-25T08:00"),
        ("2026-11-25T07:59", "overnight", None, "2026-11-25T08:00"),
        ("2026-11-25T08:00", "overnight", "2026-11-25T17:00", "2026-11-26T08:00"),
        ("2026-11-25T01:00", "friday overnight", "2026-11-27T17:00", "2026-11-28T08:00"),
        ("2026-11-25T01:00", "rest of the morning", "2026-11-25T08:00", "2026-11-25T11:00"),
    ],
)
def test_night(clock: str, phrase: str, starts: str | None, until: str) -> None:
    """Before nine in the morning the night is the one that began yesterday; other parts of the
    day, and the night of a day that is named, are not."""
    expected = Span(starts=utc(starts) if starts else None, until=utc(until))
    assert read(phrase, clock, BERLIN) == expected


def moments(words: str, scene: Scene) -> str:
    """Every moment that the words can mean, on the clock of the scene."""
    found = []
    for each in read_moments(tuple(words.split()), scene):
        edges = dict.fromkeys(
            edge.to_plain().format_iso()[:16] for edge in (each.begins, each.ends)
        )
        begins = "..".join(edge.removeprefix("2026-") for edge in edges)
        weak, unclear = " weak" * each.is_weak, " unclear" * each.edge_is_unclear
        found.append(f"{begins}{weak}{unclear}")
    return " | ".join(found)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ""),
        ("this morning", "11-25T09:00"),
        ("tonight", "11-25T18:00..11-26T00:00"),
        ("2027-01-04t10:00+02:00", "2027-01-04T09:00"),
        ("2027-13-04t10:00z", ""),
        ("in 2h", "11-25T12:00 weak"),
        ("in 2 hours", "11-25T12:00 weak"),
        ("in", ""),
        ("eoq", "2027-01-01T00:00"),
        ("end of day", "11-26T00:00"),
        ("start of day", "11-25T00:00"),
        ("start of week", "11-23T00:00"),
        ("end of blah", ""),
        ("eod on friday", "11-28T00:00"),
        ("friday eod", "11-28T00:00"),
        ("friday end of day", "11-28T00:00"),
        ("end of day on friday", "11-28T00:00"),
        ("friday 27 november end of day", "11-28T00:00"),
        ("friday 27 november eod", "11-28T00:00"),
        ("afternoon", "11-25T12:00..11-25T18:00 weak unclear"),
        ("night", "11-25T18:00..11-26T00:00 weak"),
        ("friday afternoon", "11-27T12:00..11-27T18:00 unclear"),
        ("5th afternoon", "12-05T12:00..12-05T18:00 weak unclear"),
        ("5th night", "12-05T18:00..12-06T00:00 weak"),
        ("this week afternoon", ""),
        (
            "next friday afternoon",
            "11-27T12:00..11-27T18:00 unclear | 12-04T12:00..12-04T18:00 unclear",
        ),
        ("blah night", ""),
        ("5", "11-25T17:00 weak | 11-26T05:00 weak"),
        ("5.12", "11-25T17:12 weak | 11-26T05:12 weak | 12-05T00:00..12-06T00:00 weak"),
        ("17.30", "11-25T17:30 weak"),
        ("morning", "11-26T09:00 weak"),
        ("december", "12-01T00:00..2027-01-01T00:00 weak unclear"),
        ("friday 5", "11-27T05:00 weak | 11-27T17:00 weak"),
        ("5 friday", "11-27T05:00 weak | 11-27T17:00 weak"),
        ("5th 5", ""),
        ("5th at 5", "12-05T05:00 weak | 12-05T17:00 weak"),
        ("5th 5pm", "12-05T17:00 weak"),
        ("at 5 5th", "12-05T05:00 weak | 12-05T17:00 weak"),
        ("friday midnight", "11-27T00:00 | 11-28T00:00"),
        ("on friday 5pm", "11-27T17:00"),
        ("5pm on friday", "11-27T17:00"),
        ("this week 5pm", ""),
        ("1 december 5", ""),
        ("on friday 27th of november 2026 at 5 o'clock", "11-27T05:00 | 11-27T17:00"),
        ("friday 27th of november 2026 at a quarter past 5", ""),
        ("wednesday 9am", "12-02T09:00"),
        ("wednesday 10:00", "12-02T10:00 | 11-25T22:00 | 12-02T22:00"),
        ("yesterday 5pm", "11-24T17:00"),
    ],
)
def test_moments(words: str, expected: str) -> None:
    """Words alone, on Wednesday at ten: points and stretches, and which of them need "until"."""
    here = Instant(utc(WEDNESDAY)).to_tz(BERLIN)
    assert moments(words, Scene(here, here, day_first=True)) == expected


def test_moments_that_have_all_passed() -> None:
    """Where nothing ends after the start of a range, the first is what is said to have passed."""
    here = Instant(utc(WEDNESDAY)).to_tz(BERLIN)
    later = Scene(here, here.add(years=1, disambiguation="raise"), day_first=True)
    assert moments("next friday", later) == "11-27T00:00..11-28T00:00"
