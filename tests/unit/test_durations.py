"""Lengths, settings, commands, and what holds for any text."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant, Weekday

from bot.times.reading import (
    Ambiguous,
    DurationError,
    InThePast,
    NotATime,
    NotPositive,
    Span,
    TooLarge,
    parse_duration,
    read_span,
    write_span,
)
from bot.times.span import LeftOver
from bot.times.splitting import split_command

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)  # Wednesday, 10:00 in Berlin
FRIDAY_FIVE = Span(until=datetime(2026, 11, 27, 16, tzinfo=UTC))
ZONES = ("UTC", BERLIN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Tokyo")
TIME_WORDS = (
    "until from to for at the of next this last end a an half and - , 5 17:00 9am pm noon midnight "
    "today tomorrow yesterday monday friday sat week month day 2h 30m 3 days hours forever 1 1st "
    "december dec 29 february 3/4 2026-12-01 99999999999d -2h 0m now on morning covering ２h ½"
)

clocks = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
zones = st.sampled_from(ZONES)
phrases = st.lists(st.sampled_from(TIME_WORDS.split()), max_size=12).map(" ".join)


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
        ("1,5h", NotATime),
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
    ("text", "span", "reason"),
    [
        (
            "2h Covering the spring pipeline",
            Span(timedelta(hours=2)),
            "Covering the spring pipeline",
        ),
        ("2 hours, covering", Span(timedelta(hours=2)), "covering"),
        ("2h 30 minutes of calls", Span(timedelta(minutes=150)), "of calls"),
        ("2h - covering", Span(timedelta(hours=2)), "covering"),
        ("2h: covering", Span(timedelta(hours=2)), "covering"),
        ("- 2h — covering", Span(timedelta(hours=2)), "covering"),
        ("for 2h covering", Span(timedelta(hours=2)), "covering"),
        ("2h 3 customers wait", Span(timedelta(hours=2)), "3 customers wait"),
        ("a week of calls", Span(timedelta(weeks=1)), "of calls"),
        ("2h\nfirst line\nsecond", Span(timedelta(hours=2)), "first line\nsecond"),
        ("until friday 17:00 on holiday", FRIDAY_FIVE, "on holiday"),
        ("until friday at 5pm: on holiday", FRIDAY_FIVE, "on holiday"),
        ("until Friday 17:00 the pipeline", FRIDAY_FIVE, "the pipeline"),
        ("until thursday at home", Span(until=datetime(2026, 11, 26, 23, tzinfo=UTC)), "at home"),
        ("until thursday: 5 leads", Span(until=datetime(2026, 11, 26, 23, tzinfo=UTC)), "5 leads"),
        ("today the pipeline", Span(until=datetime(2026, 11, 25, 23, tzinfo=UTC)), "the pipeline"),
        (
            "thursday - 5 leads",
            Span(
                starts=datetime(2026, 11, 25, 23, tzinfo=UTC),
                until=datetime(2026, 11, 26, 23, tzinfo=UTC),
            ),
            "5 leads",
        ),
        ("forever handover", Span(forever=True), "handover"),
        ("2h", Span(timedelta(hours=2)), ""),
        ("Covering for you", None, "Covering for you"),
        ("2 quick emails", None, "2 quick emails"),
        ("5 customers waiting", None, "5 customers waiting"),
        ("5 to 7 customers", None, "5 to 7 customers"),
        ("2-3 emails", None, "2-3 emails"),
        ("99999999999 leads", None, "99999999999 leads"),
        ("a quick favour", None, "a quick favour"),
        ("half of the leads", None, "half of the leads"),
        ("3/4 of the team is out", None, "3/4 of the team is out"),
        ("24/7 cover", None, "24/7 cover"),
        ("3rd party follow-up", None, "3rd party follow-up"),
        ("2fa setup", None, "2fa setup"),
        ("3D-printing leads", None, "3D-printing leads"),
        ("Sat in on the call", None, "Sat in on the call"),
        ("tomorrow's demo", None, "tomorrow's demo"),
        ("May I help", None, "May I help"),
        ("for the pipeline", None, "for the pipeline"),
        ("from the top", None, "from the top"),
        ("the end of an era", None, "the end of an era"),
        ("next steps", None, "next steps"),
        ("１２ customers", None, "１２ customers"),
        ("🙂 two", None, "🙂 two"),
        ("", None, ""),
        ("  \n ", None, ""),
        ("x" * 9_000, None, "x" * 9_000),
    ],
)
def test_command(text: str, span: Span | None, reason: str) -> None:
    """The time at the start of a command is cut from the reason, and only a time is."""
    assert split_command(text, now=NOW, zone=BERLIN) == (span, reason)


TWO_HOURS = Span(timedelta(hours=2))
FRIDAY_NINE_TO_FIVE = Span(
    starts=datetime(2026, 11, 27, 8, tzinfo=UTC), until=datetime(2026, 11, 27, 16, tzinfo=UTC)
)
TOMORROW_AFTERNOON = Span(
    starts=datetime(2026, 11, 26, 11, tzinfo=UTC), until=datetime(2026, 11, 26, 17, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("text", "span", "reason"),
    [
        ("friday 9-5 trade fair", FRIDAY_NINE_TO_FIVE, "trade fair"),
        ("friday from 9am to 5pm: trade fair", FRIDAY_NINE_TO_FIVE, "trade fair"),
        ("9 to 17 on friday, trade fair", FRIDAY_NINE_TO_FIVE, "trade fair"),
        ("tomorrow afternoon trade fair", TOMORROW_AFTERNOON, "trade fair"),
        ("until 5pm on friday", FRIDAY_FIVE, ""),
        ("until 5pm on friday on holiday", FRIDAY_FIVE, "on holiday"),
        ("until eod friday demo", Span(until=datetime(2026, 11, 27, 23, tzinfo=UTC)), "demo"),
        ("until friday 17:00 5 leads", FRIDAY_FIVE, "5 leads"),
        ("until friday 17:00 - 9-5 shift", FRIDAY_FIVE, "9-5 shift"),
        ("today 200 leads", Span(until=datetime(2026, 11, 25, 23, tzinfo=UTC)), "200 leads"),
        ("2h 5 customers waiting", TWO_HOURS, "5 customers waiting"),
        ("2h 30 customers", TWO_HOURS, "30 customers"),
        ("2h 9-5 shift", TWO_HOURS, "9-5 shift"),
        ("2h 3/4 of the team", TWO_HOURS, "3/4 of the team"),
        ("2h at 5 sites", TWO_HOURS, "at 5 sites"),
        ("2h for the friday meeting", TWO_HOURS, "for the friday meeting"),
        ("2h for friday's meeting", TWO_HOURS, "for friday's meeting"),
        ("2h on the friday meeting", TWO_HOURS, "on the friday meeting"),
        ("2h the friday meeting", TWO_HOURS, "the friday meeting"),
        ("2h - friday meeting", TWO_HOURS, "friday meeting"),
        ("2h: tomorrow's demo", TWO_HOURS, "tomorrow's demo"),
        ("2h not before friday", TWO_HOURS, "not before friday"),
        ("2h May report", TWO_HOURS, "May report"),
        ("2h Sat in on calls", TWO_HOURS, "Sat in on calls"),
        ("2h morning standup", TWO_HOURS, "morning standup"),
    ],
)
def test_reason_that_looks_like_a_time(text: str, span: Span, reason: str) -> None:
    """The whole time is read, and numbers or days inside a reason stay there."""
    assert split_command(text, now=NOW, zone=BERLIN) == (span, reason)


@pytest.mark.parametrize(
    ("text", "understood", "added"),
    [
        ("2h tomorrow", "2h", "tomorrow"),
        ("for 2h tomorrow", "for 2h", "tomorrow"),
        ("2h - tomorrow", "2h", "tomorrow"),
        ("2h today", "2h", "today"),
        ("2h on friday", "2h", "on friday"),
        ("2h for friday", "2h", "for friday"),
        ("2h friday meeting", "2h", "friday"),
        ("2h tomorrow afternoon calls", "2h", "tomorrow afternoon"),
        ("2h 30", "2h", "30"),
        ("2h, 30", "2h,", "30"),
        ("2h 9-5", "2h", "9-5"),
        ("2h at 5", "2h", "at 5"),
        ("2h 2h", "2h", "2h"),
        ("friday 5", "friday", "5"),
        ("until friday 5 covering", "until friday", "5"),
        ("until thursday 5 leads", "until thursday", "5"),
        ("until friday 2h", "until friday", "2h"),
        ("until friday the 5th", "until friday", "the 5th"),
        ("until dec 1 9", "until dec 1", "9"),
        ("until friday 17:00 9 to 5", "until friday 17:00", "9 to 5"),
        ("friday and saturday", "friday", "and saturday"),
        ("monday, tuesday", "monday,", "tuesday"),
        ("monday to friday 9-5 covering", "monday to friday", "9-5"),
        ("this week from 9am to 5pm covering", "this week", "from 9am to 5pm"),
        ("forever tomorrow", "forever", "tomorrow"),
    ],
)
def test_no_part_of_a_time_becomes_the_reason(text: str, understood: str, added: str) -> None:
    """What looks like a second part of the time is refused and named, not taken for a reason."""
    with pytest.raises(LeftOver) as raised:
        split_command(text, now=NOW, zone=BERLIN)
    assert (raised.value.understood, raised.value.added) == (understood, added)
    assert text.endswith(raised.value.rest)
    assert raised.value.rest


@pytest.mark.parametrize("text", ["9-5", "9 to 17", "the 5th", "3/4", "evening"])
def test_half_a_time_alone_is_no_reason(text: str) -> None:
    """What would be a time beside "until" or "from" is refused when nothing else was said."""
    with pytest.raises(NotATime):
        split_command(text, now=NOW, zone=BERLIN)


@pytest.mark.parametrize(
    ("text", "problem", "shown", "reason"),
    [
        ("-2h covering", NotPositive, "-2h", "covering"),
        ("0m covering", NotPositive, "0m", "covering"),
        ("99999999999d covering", TooLarge, "99999999999d", "covering"),
        ("2x covering", NotATime, "2x", "covering"),
        ("2hh covering", NotATime, "2hh", "covering"),
        ("2huors covering", NotATime, "2huors", "covering"),
        ("2h- covering", NotATime, "2h-", "covering"),
        ("1.5.2h covering", NotATime, "1.5.2h", "covering"),
        ("２h covering", NotATime, "２h", "covering"),
        ("for 2x covering", NotATime, "for 2x", "covering"),
        ("30", NotATime, "30", ""),
        ("until", NotATime, "until", ""),
        ("until blursday covering", NotATime, "until blursday", "covering"),
        ("2h until blursday covering", NotATime, "until blursday", "covering"),
        ("until yesterday covering", InThePast, "until yesterday", "covering"),
        ("until 5 covering", Ambiguous, "until 5", "covering"),
    ],
)
def test_wrong_time_in_a_command(
    text: str, problem: type[DurationError], shown: str, reason: str
) -> None:
    """What was clearly meant as a time is refused by name, and the reason is kept."""
    with pytest.raises(problem) as raised:
        split_command(text, now=NOW, zone=BERLIN)
    assert (raised.value.text, raised.value.rest) == (shown, reason)


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


def check_sound(span: Span, clock: datetime) -> None:
    """Exactly one kind of end, and everything in the future."""
    assert [span.length is not None, span.until is not None, span.forever].count(True) == 1
    assert span.starts is None or span.starts > clock
    assert span.until is None or span.until > (span.starts or clock)
    assert span.length is None or span.length > timedelta()


def error_of(text: str, clock: datetime, zone: str) -> DurationError | None:
    """The error of reading the text; what it means is checked when there is none."""
    try:
        check_sound(read_span(text, now=clock, zone=zone), clock)
    except DurationError as error:
        return error
    return None


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


@given(clocks, zones, phrases | st.text(), st.sampled_from(("", " covering", " 5 leads")))
def test_any_command(clock: datetime, zone: str, start: str, end: str) -> None:
    """Whatever is typed after the mention, the reason is its tail, with or without an error."""
    text = start + end
    span = None
    try:
        span, reason = split_command(text, now=clock, zone=zone)
    except DurationError as error:
        reason = error.rest
    assert " ".join(text.split()).endswith(" ".join(reason.split()))
    if span is not None:
        check_sound(span, clock)


@given(phrases, phrases)
def test_time_before_the_calendar_ends(start: str, end: str) -> None:
    """At the edge of the calendar nothing but an error of the family escapes."""
    clock = datetime(9999, 12, 30, tzinfo=UTC)
    for text in (start, f"until {end}", f"from {start} to {end}", f"{start} for {end}"):
        error = error_of(text, clock, BERLIN)
        assert error is None or error.text == " ".join(error.text.split())
