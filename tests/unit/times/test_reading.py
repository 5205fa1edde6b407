"""Lengths, settings, and what holds for any text."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant, Weekday

from bot.times.lengths import parse_duration
from bot.times.reading import read_span
from bot.times.saying import say_span, write_span
from bot.times.span import Ambiguous, DurationError, NotATime, NotPositive, Span, TooLarge
from tests.unit.times.typed import BERLIN, NOW, check_sound, clocks, phrases, zones


@pytest.mark.parametrize(
    ("phrase", "minutes"),
    [
        ("45m", 45),
        ("2h", 120),
        ("3d", 3 * 1440),
        ("1w", 7 * 1440),
        ("1d12h", 2160),
        ("2h30m", 150),
        ("2h30", 150),
        ("90m", 90),
        ("120s", 2),
        ("1.5h", 90),
        ("1,5h", 90),
        ("0.25h", 15),
        ("1W", 7 * 1440),
        ("2H 30M", 150),
        ("  2h  30m ", 150),
        ("2h, 30m", 150),
        ("2h.", 120),
        ("30min", 30),
        ("30 mins", 30),
        ("2hrs", 120),
        ("2 hrs", 120),
        ("1 hr", 60),
        ("90 sec", 1.5),
        ("2 wks", 14 * 1440),
        ("3 days", 3 * 1440),
        ("1 Day", 1440),
        ("a day", 1440),
        ("a week", 7 * 1440),
        ("two weeks", 14 * 1440),
        ("twelve hours", 720),
        ("an hour", 60),
        ("half an hour", 30),
        ("half a day", 720),
        ("an hour and a half", 90),
        ("2 and a half hours", 150),
        ("2 hours 30 minutes", 150),
        ("2 hours and 30 minutes", 150),
        ("2 hours, 30 minutes", 150),
        ("1 week 2 days", 9 * 1440),
        ("for 2h", 120),
        ("for the next two hours", 120),
        ("the next 3 days", 3 * 1440),
        ("another hour", 60),
        ("another 2 hours", 120),
    ],
)
def test_length(phrase: str, minutes: float) -> None:
    """A length in compact form or in words is elapsed time."""
    assert read_span(phrase, now=NOW, zone=BERLIN) == Span(timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "phrase", ["forever", "FOREVER", "for ever", "indefinitely", "until revoked"]
)
def test_forever(phrase: str) -> None:
    """The words for "no end" set ``forever`` and nothing else."""
    assert read_span(phrase, now=NOW, zone=BERLIN) == Span(forever=True)


@pytest.mark.parametrize(
    ("phrase", "problem"),
    [
        ("-2h", NotPositive),
        ("−2h", NotPositive),
        ("-2 hours", NotPositive),
        ("2h -30m", NotPositive),
        ("0m", NotPositive),
        ("0 days", NotPositive),
        ("0h 0m", NotPositive),
        ("0.1s", NotPositive),
        ("99999999999d", TooLarge),
        ("999999999d", TooLarge),
        ("999999999 weeks", TooLarge),
        ("2x", NotATime),
        ("2h-", NotATime),
        ("+2h", NotATime),
        ("1.5.2h", NotATime),
        ("2h 3h", NotATime),
        ("2", NotATime),
        ("hours", NotATime),
        ("half", NotATime),
        ("two and a half", NotATime),
        ("2h and", NotATime),
        ("a quick favour", NotATime),
        ("２h", NotATime),
        ("٣ days", NotATime),
        ("1.5 months", NotATime),
        ("2h covering", NotATime),
        ("2h " * 500, NotATime),
        ("9" * 10_000 + "h", NotATime),
    ],
)
def test_no_length(phrase: str, problem: type[DurationError]) -> None:
    """A length that is nonsense, zero, negative or too large has its own error."""
    with pytest.raises(DurationError) as raised:
        read_span(phrase, now=NOW, zone=BERLIN)
    assert type(raised.value) is problem
    assert len(raised.value.text) <= 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("30d", timedelta(days=30)),
        ("1d12h", timedelta(hours=36)),
        ("1w2d3h4m5s", timedelta(days=9, hours=3, minutes=4, seconds=5)),
    ],
)
def test_setting(text: str, expected: timedelta) -> None:
    """A setting in the strict compact form is read."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", NotATime),
        ("5", NotATime),
        ("5 m", NotATime),
        ("5M", NotATime),
        ("12h1d", NotATime),
        ("1h1h", NotATime),
        ("1.5h", NotATime),
        ("5min", NotATime),
        ("-5m", NotATime),
        ("5m\n", NotATime),
        ("５m", NotATime),
        ("forever", NotATime),
        ("0m", NotPositive),
        ("9999999999d", TooLarge),
        ("1" * 50 + "d", NotATime),
    ],
)
def test_wrong_setting(text: str, problem: type[DurationError]) -> None:
    """A setting in any looser form is refused."""
    with pytest.raises(problem):
        parse_duration(text)


@given(clocks, zones, st.sampled_from([day.name.lower() for day in Weekday]))
def test_weekday_is_local_on_both_sides_of_a_change(clock: datetime, zone: str, day: str) -> None:
    """``until friday 17:00`` is 17:00 on that day in the zone, within a week or a day more."""
    try:
        spans = [read_span(f"until {day} 17:00", now=clock, zone=zone)]
    except Ambiguous as question:
        spans = [reading.span for reading in question.readings]
    for span in spans:
        assert span.until is not None
        local = Instant(span.until).to_tz(zone)
        assert (local.date().day_of_week().name.lower(), local.hour, local.minute) == (day, 17, 0)
        assert clock < span.until <= clock + timedelta(days=8)


def error_of(text: str, clock: datetime, zone: str) -> DurationError | None:
    """The error of reading the text; what it means is checked when there is none."""
    try:
        check_sound(read_span(text, now=clock, zone=zone), clock)
    except DurationError as error:
        return error
    return None


def meant(text: str) -> str:
    """The words of everything that the text can mean, or the name of its error."""
    try:
        return say_span(read_span(text, now=NOW, zone=BERLIN), now=NOW, zone=BERLIN)
    except Ambiguous as question:
        return " | ".join(reading.words for reading in question.readings)
    except DurationError as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("until 5pm CET", "until today, 17:00 your time"),
        ("until 5pm PST", "until tomorrow, 02:00 your time (today, 17:00 PST)"),
        (
            "until 5pm CEST",
            (
                "until today, 16:00 your time (17:00 at UTC+2)"
                " | until today, 17:00 your time (17:00 in Berlin)"
            ),
        ),
        ("until 5pm in PST", "until tomorrow, 02:00 your time (today, 17:00 PST)"),
        ("until 5pm in New York time", "until today, 23:00 your time (17:00 in New York)"),
        ("5pm in PST", "until tomorrow, 02:00 your time (today, 17:00 PST)"),
        (
            "from friday 9am for 2 days PST",
            "from Friday 27 November, 18:00 your time (09:00 PST), for 2 days",
        ),
        (
            "3/4/2027",
            (
                "for all of Thursday 4 March 2027, your time"
                " | for all of Saturday 3 April 2027, your time"
            ),
        ),
        ("PST until 5pm", "NotATime"),
        ("PST PST", "NotATime"),
        ("until 5pm PST CET", "NotATime"),
        ("until 5pm PST on", "NotATime"),
        ("until 5pm on PST", "NotATime"),
        ("until 5pm and PST", "NotATime"),
        ("until 2 hours PST", "NotATime"),
        ("until 2 weeks PST", "NotATime"),
        ("2 weeks PST from monday", "NotATime"),
        ("until PST friday 5pm", "NotATime"),
    ],
)
def test_whose_clock(phrase: str, expected: str) -> None:
    """A place is named behind a day or a clock time, also as "in PST", and is said back."""
    assert meant(phrase) == expected


def test_what_may_be_without_an_end_takes_the_default() -> None:
    """The stretch that begins "in 2 hours" is as long as the caller says, a day if it does not."""
    lengths = []
    for choice in ({"default": timedelta(hours=3)}, {}):
        with pytest.raises(Ambiguous) as raised:
            read_span("in 2 hours", now=NOW, zone=BERLIN, **choice)
        lengths.append([reading.span.length for reading in raised.value.readings])
    two_hours = timedelta(hours=2)
    assert lengths == [[two_hours, timedelta(hours=3)], [two_hours, timedelta(days=1)]]


@pytest.mark.parametrize(("words", "problem"), [(16, None), (17, NotATime)])
def test_most_words(words: int, problem: type[DurationError] | None) -> None:
    """A time has at most sixteen words; more are not looked at."""
    error = error_of("please " * (words - 1) + "2h", NOW, BERLIN)
    assert (error and type(error)) is problem


LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)  # what reading times goes by


@pytest.mark.parametrize(
    ("clock", "text", "problem"),
    [
        (LATEST, "forever", None),
        (LATEST + timedelta(microseconds=1), "forever", TooLarge),
        (LATEST - timedelta(days=9), "9 days", None),
        (LATEST - timedelta(days=9), "9 days 1 second", TooLarge),
    ],
)
def test_the_last_moment(clock: datetime, text: str, problem: type[DurationError] | None) -> None:
    """What ends two days before the calendar does is read, and nothing that ends later."""
    error = error_of(text, clock, BERLIN)
    assert (error and type(error)) is problem


@given(clocks, zones, phrases | st.text())
def test_any_text(clock: datetime, zone: str, text: str) -> None:
    """Whatever is typed: a sound span, two distinct ones, or another error of the family."""
    error = error_of(text, clock, zone)
    assert error is None or len(error.text) <= 60
    readings = error.readings if isinstance(error, Ambiguous) else ()
    assert len({reading.span for reading in readings}) == len(readings)
    assert len({reading.words for reading in readings}) == len(readings)
    for reading in readings:
        check_sound(reading.span, clock)
        assert read_span(write_span(reading.span), now=clock, zone=zone) == reading.span


@given(phrases, phrases)
def test_time_before_the_calendar_ends(start: str, end: str) -> None:
    """At the edge of the calendar nothing but an error of the family escapes."""
    clock = datetime(9999, 12, 30, tzinfo=UTC)
    for text in (start, f"until {end}", f"from {start} to {end}", f"{start} for {end}"):
        error = error_of(text, clock, BERLIN)
        assert error is None or error.text == " ".join(error.text.split())
