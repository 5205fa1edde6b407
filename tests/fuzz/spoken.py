"""What people type: whole commands, and times. Everything is understood, asked about, or refused
in words; and what is said back means the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bot.cards.answers import explain
from bot.grammar import NotUnderstood, Verb, as_typed, read_command, storable
from bot.times.choices import quick_choices
from bot.times.reading import read_span
from bot.times.saying import say_length, say_span, write_span
from bot.times.span import Ambiguous, DurationError, Span
from bot.times.splitting import split_command
from models.policy import Policy
from sandbox.slack.markup import problems_of_mrkdwn
from tests.fuzz import making
from tests.fuzz.engine import Check, Target
from tests.unit.times.phrases import phrases
from tests.unit.times.reasons import REASONS

MOMENT, QUESTION, REFUSED, DEFAULT, VERB = "moment", "question", "refused", "default", "verb"
LONGEST_ANSWER = 4000  # characters
POLICY = Policy()
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"),
    *("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns", "Africa/Casablanca"),
    *("Nowhere/City", "", "../etc/passwd", "Europe/Berlin\x00", "EST5EDT"),
)
PHRASES = tuple(phrase for _, phrase, _ in phrases())
WORDS = (
    *dict.fromkeys(word for phrase in PHRASES for word in phrase.split()),
    *("9999-12-31", "0001-01-01", "9999-12-31T23:59Z", "31.12.9999", "99999999999999d", "1e9h"),
    *(
        "0h",
        "-2h",
        "2147483648s",
        "24:00",
        "23:59:60",
        "½",
        "２h",
        "UTC+14",
        "UTC-99",
        "3D",
        "Longer",
    ),
)
PEOPLE = ("<@U0ADA4KPXQ7>", "<@U0ADA4KPXQ7|ada>", "<@W1>", "<!subteam^S1|@sales>", "@ada", "<@U1|>")
VERBS = (*(verb.value for verb in Verb), "take back", "end", "done", "ask", "status", "all", "for")
TAGS = (
    "<!here>",
    "<#C1|sales>",
    "<https://x.y|x>",
    "&lt;",
    "&amp;amp;",
    "<!date^1^{x}|y>",
    "and",
    ",",
)


def made_phrase(random: Random) -> str:
    """A time, or something near one, perhaps with a reason."""
    kind = random.randrange(10)
    if kind < 3:
        return making.spoilt(random, random.choice(PHRASES))
    if kind < 6:
        return making.words(random, WORDS)
    if kind < 8:
        return f"{random.choice(PHRASES)} {random.choice(REASONS)}"
    if kind < 9:
        return making.spoilt(random, making.words(random, WORDS))
    return making.noise(random, 30)


def made_command(random: Random) -> str:
    """What might stand behind ``/sendas``."""
    if random.randrange(3):
        verb = random.choice(("", "", "grant ", "ask ", random.choice(VERBS) + " "))
        text = f"{verb}{random.choice(PEOPLE[:4])} {made_phrase(random)}"
        return making.spoilt(random, text) if making.is_lucky(random, 4) else text
    parts = [making.words(random, kind, 3) for kind in (VERBS, PEOPLE, TAGS)]
    parts.append(made_phrase(random))
    random.shuffle(parts)
    return " ".join(part for part in parts if part)


def _moment(random: Random) -> str:
    year = random.choice((2026, 2026, 2026, 2027, 2028, 1970, 2100))
    seconds = timedelta(seconds=random.randrange(365 * 86_400))
    return (datetime(year, 1, 1, tzinfo=UTC) + seconds).isoformat()


def _typed(random: Random) -> dict[str, str]:
    return {"text": made_phrase(random), "zone": random.choice(ZONES), "now": _moment(random)}


@asynccontextmanager
async def _commands() -> AsyncIterator[Check]:
    yield _check_command


async def _check_command(text: Any) -> str:
    try:
        command = read_command(storable(text))
    except NotUnderstood as error:
        _check_said(error)
        return REFUSED
    assert len(command.people) < LONGEST_ANSWER
    if command.verb not in (Verb.REQUEST, Verb.GRANT):
        return VERB
    return _split(as_typed(command.rest), datetime(2026, 11, 25, 15, tzinfo=UTC), ZONES[2])


@asynccontextmanager
async def _phrases() -> AsyncIterator[Check]:
    yield _check_phrase


async def _check_phrase(value: Any) -> str:
    text, zone, now = value["text"], value["zone"], datetime.fromisoformat(value["now"])
    outcome = _split(text, now, zone)
    try:
        _check_span(read_span(text, now=now, zone=zone), now, zone)
    except DurationError as error:
        _check_said(error)
    assert quick_choices(now, zone)
    return outcome


def _split(text: str, now: datetime, zone: str) -> str:
    """What comes of it as the text behind a mention."""
    try:
        span, reason = split_command(text, now=now, zone=zone)
    except Ambiguous as question:
        assert 2 <= len(question.readings) <= 4
        for reading in question.readings:
            _check_span(reading.span, now, zone)
        _check_said(question)
        return QUESTION
    except DurationError as error:
        assert error.rest in text or not error.rest
        _check_said(error)
        return REFUSED
    assert reason in text, "what was typed is not changed"
    if span is None:
        return DEFAULT
    _check_span(span, now, zone)
    return MOMENT


def _check_span(span: Span, now: datetime, zone: str) -> None:
    """It has one end, which is to come; what is said and written of it reads back as the same."""
    assert [span.length is not None, span.until is not None, span.forever].count(True) == 1
    assert span.starts is None or span.starts > now
    assert span.until is None or span.until > (span.starts or now)
    assert span.length is None or span.length > timedelta()
    assert span.length is None or say_length(span.length)
    said = say_span(span, now=now, zone=zone)
    assert _again(said, now, zone) == span, said
    assert _again(write_span(span), now, zone) == span


def _again(said: str, now: datetime, zone: str) -> Span:
    return read_span(said, now=now, zone=zone)


def _check_said(error: Exception) -> None:
    """There is a sentence for it, which Slack can show, in a message and in a form."""
    said = explain(error, POLICY)
    assert 0 < len(said) <= LONGEST_ANSWER
    assert not list(problems_of_mrkdwn(said)), said
    assert explain(error, POLICY, plain=True)


COMMANDS = Target(
    "commands",
    18,
    made_command,
    _commands,
    frozenset({MOMENT, QUESTION, REFUSED, DEFAULT, VERB}),
)
TIMES = Target("times", 10, _typed, _phrases, frozenset({MOMENT, QUESTION, REFUSED, DEFAULT}))
