"""How spans and lengths are said to people, and written so that they can be read back."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.times.lengths import parse_duration
from bot.times.reading import read_span
from bot.times.saying import say_length, say_span, say_weekday, write_length, write_span
from bot.times.span import InThePast, Span
from tests.unit.times.typed import BERLIN, FRIDAY_FIVE, NOW, clocks, zones

lengths = st.integers(1, 10**8).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (150, "2 hours 30 minutes"),
        (60, "1 hour"),
        (10_080, "1 week"),
        (20_160, "2 weeks"),
        (43_200, "30 days"),
        (2160, "1 day 12 hours"),
        (0.5, "30 seconds"),
        (1 / 60_000, "0 seconds"),
        (-5, "0 seconds"),
    ],
)
def test_say_length(minutes: float, words: str) -> None:
    """A length is said in whole units, largest first, down to seconds."""
    assert say_length(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("2h30m", "for 2 hours 30 minutes"),
        ("forever", "until revoked"),
        ("until friday 17:00", "until Friday 27 November, 17:00 your time"),
        ("until friday", "until the end of Friday 27 November, your time"),
        ("until 9am 1 january", "until Friday 1 January 2027, 09:00 your time"),
        ("monday", "for all of Monday 30 November, your time"),
        ("from 14:00 to 16:00", "today from 14:00 until 16:00 your time"),
        ("from 14:00 to 24:00", "today from 14:00 until midnight your time"),
        (
            "tomorrow 9am to friday 6pm",
            "from tomorrow, 09:00 until Friday 27 November, 18:00 your time",
        ),
        ("2h tomorrow 9am", "from tomorrow, 09:00 your time, for 2 hours"),
        ("tomorrow forever", "from tomorrow, 00:00 your time, until revoked"),
        ("until 2027-10-31 02:30", "until Sunday 31 October 2027, 02:30 (CEST) your time"),
        ("until 2027-10-31T01:30Z", "until Sunday 31 October 2027, 02:30 (CET) your time"),
        (
            "from 2027-10-31 01:00 until 2027-10-31T00:30Z",
            "on Sunday 31 October 2027 from 01:00 until 02:30 (CEST) your time",
        ),
        (
            "from 2027-10-30 02:00 until 2027-10-31T01:30Z",
            "from Saturday 30 October 2027, 00:00 until Sunday 31 October 2027, 01:30 UTC",
        ),
        (
            "from 2027-10-31T00:10Z until 2027-10-31T01:50Z",
            "on Sunday 31 October 2027 from 00:10 until 01:50 UTC",
        ),
        ("until friday 17:00:30", "until Friday 27 November, 17:00:30 your time"),
        ("until tomorrow", "until the end of tomorrow, your time"),
        ("tomorrow", "for all of tomorrow, your time"),
        ("tomorrow 14:00 to 24:00", "tomorrow from 14:00 until midnight your time"),
        ("friday 00:00 to 12:00", "on Friday 27 November from 00:00 until 12:00 your time"),
        ("friday 12:00 to 24:00", "on Friday 27 November from 12:00 until midnight your time"),
        (
            "from friday 12:00 until 2026-11-28 00:00:01",
            "from Friday 27 November, 12:00 until Saturday 28 November, 00:00:01 your time",
        ),
        (
            "from tomorrow 00:00 until friday 24:00",
            "from tomorrow, 00:00 until the end of Friday 27 November, your time",
        ),
    ],
)
def test_say_span(phrase: str, words: str) -> None:
    """A span is confirmed in words, in the reader's zone, and the words are read as the same."""
    span = read_span(phrase, now=NOW, zone=BERLIN)
    assert say_span(span, now=NOW, zone=BERLIN) == words
    assert read_span(words, now=NOW, zone=BERLIN) == span


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("until 5pm utc", "until today, 18:00 your time (17:00 UTC)"),
        (
            "until 23:30 chicago time",
            "until tomorrow, 06:30 your time (today, 23:30 in Chicago)",
        ),
        (
            "from 14:00 to 16:00 chicago time",
            "today from 21:00 until 23:00 your time (14:00–16:00 in Chicago)",
        ),
        (
            "friday 9am to 6pm chicago time",
            (
                "from Friday 27 November, 16:00 until Saturday 28 November, 01:00 your time "
                "(09:00–Friday 27 November, 18:00 in Chicago)"
            ),
        ),
        ("from 5:15pm utc for 2h", "from today, 18:15 your time (17:15 UTC), for 2 hours"),
        ("until friday 17:00 your time", "until Friday 27 November, 17:00 your time"),
        ("until friday 17:00 CET", "until Friday 27 November, 17:00 your time"),
    ],
)
def test_the_clock_that_was_named(phrase: str, words: str) -> None:
    """What another clock shows stands beside it, with its day where that is another one."""
    assert say_span(read_span(phrase, now=NOW, zone=BERLIN), now=NOW, zone=BERLIN) == words


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2026-04-04T14:45Z", "until tomorrow, 01:45 (UTC+11) your time"),
        ("2026-04-04T15:15Z", "until tomorrow, 01:45 (UTC+10:30) your time"),
    ],
)
def test_an_hour_that_happens_twice(until: str, words: str) -> None:
    """Where the zone has no letters for its two clocks, their distances from UTC are said."""
    now, zone = datetime(2026, 4, 4, 1, tzinfo=UTC), "Australia/Lord_Howe"
    assert say_span(Span(until=datetime.fromisoformat(until)), now=now, zone=zone) == words


@pytest.mark.parametrize(
    ("moment", "zone", "words"),
    [
        ("2026-11-25T09:05Z", BERLIN, "Wednesday at 10:05"),
        ("2026-11-25T23:05Z", BERLIN, "Thursday at 00:05"),
        ("2026-11-25T23:05Z", "No/Where", "Wednesday at 23:05"),
    ],
)
def test_say_weekday(moment: str, zone: str, words: str) -> None:
    """A moment of the coming week is said by its weekday, there or in UTC."""
    assert say_weekday(datetime.fromisoformat(moment), zone) == words


@pytest.mark.parametrize(
    ("phrase", "written"),
    [
        ("36h", "1d12h"),
        ("for a week", "1w"),
        ("2h10s", "2h10s"),
        ("forever", "forever"),
        ("until friday 17:00:30", "until 2026-11-27T16:00:30Z"),
        ("2h from friday 17:00", "from 2026-11-27T16:00:00Z for 2h"),
        ("from friday 17:00 until revoked", "from 2026-11-27T16:00:00Z forever"),
        (
            "tomorrow 14:00 to 24:00",
            "from 2026-11-26T13:00:00Z until 2026-11-26T23:00:00Z",
        ),
    ],
)
def test_write_span(phrase: str, written: str) -> None:
    """What is carried is in UTC, to the second, and without a zone."""
    assert write_span(read_span(phrase, now=NOW, zone=BERLIN)) == written


def test_the_zone_of_the_machine_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is carried is the same wherever the bot runs."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert write_span(FRIDAY_FIVE) == "until 2026-11-27T16:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_nothing_is_written_as_no_seconds() -> None:
    """A length below a second is none."""
    assert write_length(timedelta(milliseconds=900)) == "0s"


def test_unknown_zone_is_named() -> None:
    """Nobody is told "your time" when the zone is not known."""
    assert say_span(FRIDAY_FIVE, now=NOW, zone="") == "until Friday 27 November, 16:00 UTC"


def test_past_is_said() -> None:
    """The error for a past end says which moment was understood."""
    with pytest.raises(InThePast) as raised:
        read_span("until today 09:00", now=NOW, zone=BERLIN)
    assert raised.value.words == "until today, 09:00 your time"


@given(lengths)
def test_length_round_trip(value: timedelta) -> None:
    """Both ways of writing a length are read back as the same length."""
    assert parse_duration(write_length(value)) == value
    assert read_span(say_length(value), now=NOW, zone=BERLIN) == Span(value)


@given(clocks, zones, lengths, lengths)
def test_span_round_trip(clock: datetime, zone: str, wait: timedelta, value: timedelta) -> None:
    """A written span of every kind is read back unchanged, in every zone."""
    clock = clock.replace(microsecond=0)
    for starts in (None, clock + wait):
        for span in (
            Span(value, starts=starts),
            Span(until=clock + wait + value, starts=starts),
            Span(forever=True, starts=starts),
        ):
            assert read_span(write_span(span), now=clock, zone=zone) == span
