"""How spans and lengths are said to people, and written so that they can be read back."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.times.lengths import parse_duration
from bot.times.reading import read_span
from bot.times.saying import say_length, say_span, write_length, write_span
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
    ],
)
def test_say_span(phrase: str, words: str) -> None:
    """A span is confirmed in words, in the reader's zone, and the words are read as the same."""
    span = read_span(phrase, now=NOW, zone=BERLIN)
    assert say_span(span, now=NOW, zone=BERLIN) == words
    assert read_span(words, now=NOW, zone=BERLIN) == span


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
