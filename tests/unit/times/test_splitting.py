"""Commands: where the time ends and the reason begins, and what holds for any text."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.times.span import (
    Ambiguous,
    DurationError,
    InThePast,
    LeftOver,
    NotATime,
    NotPositive,
    Span,
    TooLarge,
)
from bot.times.splitting import split_command
from tests.unit.times.typed import BERLIN, FRIDAY_FIVE, NOW, check_sound, clocks, phrases, zones

SATURDAY = Span(
    starts=datetime(2026, 11, 27, 23, tzinfo=UTC), until=datetime(2026, 11, 28, 23, tzinfo=UTC)
)

TWO_TO_FOUR = Span(
    starts=datetime(2026, 11, 25, 13, tzinfo=UTC), until=datetime(2026, 11, 25, 15, tzinfo=UTC)
)
MAY_FIVE = Span(
    starts=datetime(2027, 5, 4, 22, tzinfo=UTC), until=datetime(2027, 5, 5, 22, tzinfo=UTC)
)


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
        ("2h- covering", Span(timedelta(hours=2)), "covering"),
        ("2h :tada: covering", Span(timedelta(hours=2)), ":tada: covering"),
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
        ("sat\ncalls", SATURDAY, "calls"),
        ("sat  \ncalls", SATURDAY, "calls"),
        ("sat calls\nand more", None, "sat calls\nand more"),
        ("Sat I'm away", None, "Sat I'm away"),
        ("sat covering calls", SATURDAY, "covering calls"),
        ("sat covering: calls", SATURDAY, "covering: calls"),
        ("sat: calls", SATURDAY, "calls"),
        ("Now everybody calls", None, "Now everybody calls"),
        ("may 5: calls", MAY_FIVE, "calls"),
        ("may 5 calls", None, "may 5 calls"),
        ("at 5 customers", None, "at 5 customers"),
        ("7 to 5 customers", Span(until=datetime(2026, 11, 25, 16, tzinfo=UTC)), "customers"),
        ("5 to 5 customers", Span(until=datetime(2026, 11, 25, 16, tzinfo=UTC)), "customers"),
        ("5 to 7 customers", None, "5 to 7 customers"),
        ("at 2pm to 4 customers", TWO_TO_FOUR, "customers"),
        ("2 quick emails", None, "2 quick emails"),
        ("5 customers waiting", None, "5 customers waiting"),
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
        ("🙂 two leads", None, "🙂 two leads"),
        ("🙂 2h covering", Span(timedelta(hours=2)), "covering"),
        (":alarm_clock: 2h covering", Span(timedelta(hours=2)), "covering"),
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
        ("2h not before the merger", TWO_HOURS, "not before the merger"),
        ("2h for Mardi Gras", TWO_HOURS, "for Mardi Gras"),
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
        ("2h not before friday", "2h", "not before friday"),
        ("for 2h tomorrow", "for 2h", "tomorrow"),
        ("2h - tomorrow", "2h", "tomorrow"),
        ("2h today", "2h", "today"),
        ("2h on friday", "2h", "on friday"),
        ("2h for friday", "2h", "for friday"),
        ("2h friday meeting", "2h", "friday"),
        ("2h tomorrow afternoon calls", "2h", "tomorrow afternoon"),
        ("2h 9-5", "2h", "9-5"),
        ("2h at 5", "2h", "at 5"),
        ("2h 2h", "2h", "2h"),
        ("friday 5", "friday", "5"),
        ("until friday 5 covering", "until friday", "5"),
        ("until thursday 5 leads", "until thursday", "5"),
        ("until friday 2h", "until friday", "2h"),
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


def test_how_long_what_has_a_start_alone_lasts() -> None:
    """The default that the command has for it, where it may be a start."""
    with pytest.raises(Ambiguous) as raised:
        split_command("in 2h calls", now=NOW, zone=BERLIN, default=timedelta(hours=3))
    assert [each.span.length for each in raised.value.readings] == [
        timedelta(hours=2),
        timedelta(hours=3),
    ]


def test_a_number_behind_hours_is_asked_about() -> None:
    """Minutes or the reason: each says what would become of the number."""
    with pytest.raises(Ambiguous) as raised:
        split_command("2h 15", now=NOW, zone=BERLIN)
    readings = [(each.words, each.rest) for each in raised.value.readings]
    assert readings == [
        ("for 2 hours, and “15” is the reason", "15"),
        ("for 2 hours 15 minutes", ""),
    ]
    assert (raised.value.text, raised.value.rest) == ("2h 15", "15")


@pytest.mark.parametrize("text", ["the 5th", "3/4", "evening"])
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
        ("1.5.2h covering", NotATime, "1.5.2h", "covering"),
        ("２h covering", NotATime, "２h", "covering"),
        ("for 2x covering", NotATime, "for 2x", "covering"),
        ("for 2 consecutive days covering", NotATime, "for 2 consecutive days", "covering"),
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
