"""A long table of what people type, each phrase read at a fixed clock in New York."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.times import vocabulary
from bot.times.leftovers import VAGUE
from bot.times.reading import read_span
from bot.times.saying import say_span, write_length
from bot.times.span import Ambiguous, DurationError, Impossible, InThePast, Span
from bot.times.splitting import split_command
from bot.times.tokens import tokens_of
from bot.times.vocabulary import is_time_word
from tests.unit.times.phrases import phrases
from tests.unit.times.reasons import REASONS
from tests.unit.times.typed import ZONES, clocks

NEW_YORK = "America/New_York"
NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)  # Wednesday, 10:00 in New York
PHRASES = phrases()
READ = [(phrase, expected) for _, phrase, expected in PHRASES if expected[0] != "!"]
LATE, HALF = "Not first", "Half a time"
OF_KIND = {
    kind: [(phrase, expected) for each, phrase, expected in PHRASES if each == kind]
    for kind, _, _ in PHRASES
}
REASON = "Covering the spring pipeline"
BETWEEN = (" ", " - ", ": ", " — ", "\n")

# Every word that can be a part of a time, and some of each shape that is no word.
SHAPES = [
    "5",
    "30",
    "17:00",
    "5:30",
    "9am",
    "2h",
    "2h30m",
    "1.5h",
    "½",
    "1/2",
    "3/4",
    "1st",
    "24.12.",
    "2026-12-01",
    "17h",
    "cet",
    "utc+2",
    "tmrw",
    "asap",
    "9-5",
]
WORDS = [*sorted(vocabulary._WORDS - {vocabulary.UP_TO}), *SHAPES]


def written(span: Span) -> str:
    """The span as the table has it."""
    end = f"to {_on_the_clock(span.until)}" if span.until else "forever"
    length = write_length(span.length) if span.length else ""
    if span.starts is None:
        return length or end
    return f"{_on_the_clock(span.starts)} {f'for {length}' if length else end}"


def _on_the_clock(moment: datetime) -> str:
    local = moment.astimezone(ZoneInfo(NEW_YORK))
    date = f"{local:%m-%d}" if local.year == NOW.year else f"{local:%Y-%m-%d}"
    return f"{date} {local:%H:%M:%S}".removesuffix(":00")


def understood(text: str, zone: str = NEW_YORK, now: datetime = NOW) -> list[Span]:
    """Everything that the text can mean; raises as ``split_command`` for what is refused."""
    try:
        span, _ = split_command(text, now=now, zone=zone)
    except Ambiguous as question:
        return [reading.span for reading in question.readings]
    except InThePast:  # by the clock in another zone
        return []
    return [span] if span else []


def outcome(text: str) -> tuple[str, str]:
    """What comes of a command, as the table has it, and the reason."""
    try:
        span, reason = split_command(text, now=NOW, zone=NEW_YORK)
    except Ambiguous as question:
        readings = [
            written(each.span) + (f" +{each.rest}" if each.rest else "")
            for each in question.readings
        ]
        return " | ".join(readings), question.rest
    except Impossible as error:
        return f"! {error.why}", error.rest
    except DurationError as error:
        return f"! {type(error).__name__}", error.rest
    return written(span) if span else "the default", reason


def test_there_are_many() -> None:
    """The table is long, and has each phrase once."""
    assert len({phrase for _, phrase, _ in PHRASES}) == len(PHRASES) > 700


def differences(told: Iterable[tuple[str, Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """What was read otherwise than it should be: the text, what was found, and what is right."""
    return {text: (found, right) for text, found, right in told if found != right}


@pytest.mark.parametrize("kind", OF_KIND)
def test_phrase(kind: str) -> None:
    """Typed alone behind the command, a phrase means exactly this, is asked about, or refused."""
    told = [(phrase, outcome(phrase)[0], expected) for phrase, expected in OF_KIND[kind]]
    assert not differences(told)


def read_in_a_form(text: str) -> str:
    """What comes of it in a form, as the table has it."""
    try:
        return written(read_span(text, now=NOW, zone=NEW_YORK))
    except Ambiguous as question:
        return " | ".join(written(each.span) for each in question.readings)
    except Impossible as error:
        return f"! {error.why}"
    except DurationError as error:
        return f"! {type(error).__name__}"


@pytest.mark.parametrize("kind", OF_KIND)
def test_phrase_in_a_form(kind: str) -> None:
    """As a whole text it means the same; what only a command can have is no time there."""
    told = []
    for phrase, expected in OF_KIND[kind]:
        is_of_a_command = "+" in expected or expected in {"! LeftOver", "! TimeLast"}
        right = "! NotATime" if is_of_a_command else expected
        told.append((phrase, read_in_a_form(phrase), right))
    assert not differences(told)


@pytest.mark.parametrize("kind", OF_KIND)
def test_phrase_before_a_reason(kind: str) -> None:
    """Before a reason it means the same, and the reason is left whole."""
    told = []
    for phrase, expected in OF_KIND[kind]:
        for between in BETWEEN if expected[0] != "!" else ():
            text = f"{phrase}{between}{REASON}"
            if "+" in expected:  # the number is alone no longer
                last = phrase.rsplit(maxsplit=1)[-1]
                right = (expected.partition(" +")[0], f"{last}{between}{REASON}")
            else:
                right = (expected, REASON)
            told.append((text, outcome(text), right))
    assert not differences(told)


@pytest.mark.parametrize("kind", [kind for kind in OF_KIND if kind not in (HALF, LATE)])
def test_refused_before_a_reason(kind: str) -> None:
    """What is refused alone is refused before a reason, and for the same cause."""
    texts = {f"{phrase} {REASON}": why for phrase, why in OF_KIND[kind] if why[0] == "!"}
    assert not differences((text, outcome(text)[0], why) for text, why in texts.items())


@pytest.mark.parametrize("zone", [*ZONES, "Europe/London", "Nowhere/City", ""])
def test_what_is_said_reads_back(zone: str) -> None:
    """Reading what the bot says of any phrase, in any zone, gives the same moments."""
    for phrase, _ in READ:
        for span in understood(phrase, zone):
            said = say_span(span, now=NOW, zone=zone)
            assert read_span(said, now=NOW, zone=zone) == span, said


@given(
    clocks.map(lambda clock: clock.replace(microsecond=0)),
    st.sampled_from(ZONES),
    *[st.timedeltas(timedelta(seconds=1), timedelta(days=400)) for _ in range(2)],
)
def test_any_span_reads_back(clock: datetime, zone: str, wait: timedelta, value: timedelta) -> None:
    """So do any moments, also where a clock time happens twice."""
    wait, value = (timedelta(seconds=int(each.total_seconds())) for each in (wait, value))
    for span in (
        Span(until=clock + wait),
        Span(until=clock + wait + value, starts=clock + wait),
        Span(value, starts=clock + wait),
        Span(forever=True, starts=clock + wait),
    ):
        said = say_span(span, now=clock, zone=zone)
        assert read_span(said, now=clock, zone=zone) == span, said


@given(st.sampled_from(PHRASES), st.sampled_from(WORDS), st.integers(0, 8))
def test_one_more_word_is_never_the_default(
    phrase: tuple[str, str, str], word: str, place: int
) -> None:
    """A phrase with any word of a time before, behind or in it is never silently the default, and
    no word of a time is then left for the reason, but such as begin a sentence: "once more"."""
    if phrase[0] == LATE or phrase[2] == "! NotEnglish":
        return
    words = phrase[1].split()
    text = " ".join([*words[:place], word, *words[place:]])
    found, reason = outcome(text)
    assert found != "the default", text
    tokens = [token.word for token in tokens_of(reason)]
    is_time = bool(tokens) and all(is_time_word(each) for each in tokens)
    is_sentence = VAGUE.issuperset(tokens)
    assert found[0] == "!" or "|" in found or not is_time or is_sentence, text


@pytest.mark.parametrize("reason", REASONS)
def test_an_ordinary_reason_is_no_time(reason: str) -> None:
    """What people write about their work is the reason, whole, alone and behind a time."""
    assert outcome(reason) == ("the default", reason)
    assert outcome(f"2h {reason}") == ("2h", reason)
    assert outcome(f"until friday 17:00 {reason}") == ("to 11-27 17:00", reason)


@pytest.mark.parametrize(
    ("now", "zone", "phrase", "expected"),
    [
        # Whoever lives in one of the zones of a name means their own.
        ("2026-11-25T15:00", "Asia/Kolkata", "until 11pm IST", "2026-11-25T17:30"),
        ("2026-11-25T15:00", "America/Chicago", "until 5pm CST", "2026-11-25T23:00"),
        ("2026-11-25T15:00", "Asia/Shanghai", "until 11:59pm CST", "2026-11-25T15:59"),
        ("2026-11-25T15:00", "Asia/Manila", "until 11:30pm PST", "2026-11-25T15:30"),
        ("2026-11-25T15:00", "Europe/London", "until 5pm GMT", "2026-11-25T17:00"),
        # In summer "BST" is what London shows; in winter somebody may mean either.
        ("2026-07-01T09:00", "America/New_York", "until 5pm BST", "2026-07-01T16:00"),
        ("2026-07-01T09:00", "Europe/London", "until 5pm BST", "2026-07-01T16:00"),
        ("2026-07-01T09:00", "Europe/London", "until 5pm GMT", "2026-07-01T17:00"),
        (
            "2026-11-25T09:00",
            "Europe/London",
            "until 5pm BST",
            "2026-11-25T16:00 | 2026-11-25T17:00",
        ),
        (
            "2026-07-01T09:00",
            "Europe/Berlin",
            "until 5pm PST",
            "2026-07-02T00:00 | 2026-07-02T01:00",
        ),
        # The clocks go back in Berlin on 25 October, and in New York a week later.
        ("2026-10-26T12:00", "America/New_York", "until 5pm CET", "2026-10-26T16:00"),
        ("2026-10-24T12:00", "America/New_York", "until sunday 5pm CET", "2026-10-25T16:00"),
        ("2026-10-24T12:00", "Europe/Berlin", "until sunday 02:30 CEST", "2026-10-25T00:30"),
        ("2026-10-24T12:00", "Europe/Berlin", "until sunday 02:30 CET", "2026-10-25T01:30"),
        ("2026-10-24T12:00", "Asia/Kolkata", "until sunday 9am Berlin time", "2026-10-25T08:00"),
        # Fractions of an hour, and the far side of the date line.
        ("2026-11-25T09:00", "Europe/Berlin", "until 5pm Kathmandu time", "2026-11-25T11:15"),
        ("2026-11-25T09:00", "Europe/Berlin", "until 5pm NST", "2026-11-25T20:30"),
        ("2026-11-25T09:00", "Europe/Berlin", "until 5pm UTC+13:45", "2026-11-26T03:15"),
        ("2026-11-25T12:00", "Pacific/Auckland", "until 5pm Honolulu time", "2026-11-26T03:00"),
        # Whoever has no zone that is known reads and writes UTC.
        ("2026-11-25T09:00", "", "until 5pm", "2026-11-25T17:00"),
        ("2026-11-25T09:00", "Nowhere/City", "until 5pm my time", "2026-11-25T17:00"),
        ("2026-11-25T09:00", "", "until 5pm EST", "2026-11-25T22:00"),
    ],
)
def test_whose_clock(now: str, zone: str, phrase: str, expected: str) -> None:
    """A clock that is named is read where it hangs, in winter and in summer."""
    ends = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in expected.split(" | ")]
    clock = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert understood(phrase, zone, clock) == [Span(until=end) for end in ends]


def test_a_question_names_both_clocks() -> None:
    """Each reading says day and clock for the asker, and what the clock that was named shows."""
    with pytest.raises(Ambiguous) as raised:
        read_span("until 5pm IST", now=NOW, zone=NEW_YORK)
    assert [reading.words for reading in raised.value.readings] == [
        "until today, 12:00 your time (17:00 in Dublin)",
        "until tomorrow, 06:30 your time (17:00 in Kolkata)",
        "until tomorrow, 10:00 your time (17:00 in Jerusalem)",
    ]
