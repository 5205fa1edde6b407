"""Cutting the text of a command into a time and a reason: ``2h Covering for you``."""

import re
from datetime import datetime, timedelta
from itertools import takewhile

from bot.times.days import is_day_name, is_short_day_name
from bot.times.foreign import is_foreign_time
from bot.times.hours import is_hour
from bot.times.leftovers import (
    is_of_dimensions,
    is_wholly_of_a_time,
    leading_time_words,
    loose_time_words,
    refuse_left_over,
    time_at_the_end,
    time_behind_courtesy,
    without_separator,
)
from bot.times.lengths import is_attempt, plain_length
from bot.times.reading import A_DAY, MOST_WORDS, span_of
from bot.times.saying import say_span
from bot.times.span import (
    Ambiguous,
    DurationError,
    NotATime,
    NotEnglish,
    Reading,
    Span,
    TimeLast,
)
from bot.times.tokens import Token, tokens_of, words_of
from bot.times.vocabulary import (
    CONNECTING,
    ROUGHLY,
    TO,
    UNITS,
    UNTIL,
    UP_TO,
    Words,
    is_number,
    is_time_word,
    says_a_time,
)

_NOT_LAST = (CONNECTING | ROUGHLY | {UP_TO, "or"}) - {"max", "only", "please", "pls", "maximum"}
_MOST_MINUTES = 59
_PLURALS = {"minutes", "mins", "hours", "hrs", "days", "weeks", "months"}
_DASHES = "-–—→"
_DOING = re.compile(r"\s*\S*ing[,.:;]*(?:\s|$)")


def split_command(
    text: str, *, now: datetime, zone: str, default: timedelta = A_DAY
) -> tuple[Span | None, str]:
    """Cut the text after the mention into a time and a reason.

    The longest run of words at the start that reads as a time is the time, and what follows is the
    reason, without a separating dash, colon or comma. After a time, no part of a second one may
    disappear in the reason: see ``bot.times.leftovers``.

    Otherwise the whole text is the reason, unless it is meant as a time; then an error is raised:

    - NotATime for words of a time that make none together (``and 2h``, ``9 to``), for "until" with
      anything unreadable (``until blursday``), for digits glued to (nearly) a unit (``2x``,
      ``2hh``; see ``bot.times.lengths.is_attempt``), and for a number alone (``30``);
    - NotEnglish for a time in another language;
    - TimeLast when the time stands behind the reason (``Covering until friday``).

    A number without a unit (``2 quick emails``, ``3/4 of the team``), a day's short name before
    other words (``Sat in on calls``), and ``from`` or ``for`` before ordinary words
    (``for the pipeline``) belong to the reason.

    Errors are those of ``read_span``, with the reason in ``rest``.
    """
    text = without_separator(text)
    if (plain := plain_length(text)) is not None:
        return Span(length=plain), ""
    tokens = [] if is_of_dimensions(text) else tokens_of(text)
    run = leading_time_words(tokens)[:MOST_WORDS]
    run = list(takewhile(lambda each: not is_of_dimensions(text[each.start :]), run))
    for count in range(len(run), 0, -1):
        span, rest = _read_start(text, run[:count], now, zone, default)
        if span is not None:
            return span, rest
    _refuse_attempt(text, tokens, run)
    if late := time_behind_courtesy(text, tokens) or time_at_the_end(text, now, zone):
        error = TimeLast(late)
        error.rest = text
        raise error
    return None, text


def _read_start(
    text: str, tokens: list[Token], now: datetime, zone: str, default: timedelta
) -> tuple[Span | None, str]:
    """The given first words read as a time, and the rest of the text."""
    last = tokens[-1]
    start, end = text[: last.end], text[last.end :]
    rest = without_separator(end)
    said = words_of(tokens)
    is_within_a_word = not (end[:1].isspace() or end[:1] in _DASHES)
    if not said or last.word in _NOT_LAST or is_within_a_word:
        return None, rest
    if rest and _is_doubtful(said, start, end):
        return None, rest
    try:
        span = span_of(said, start, now, zone, default)
        if span is not None:
            _refuse_minutes_alone(span, said, text, rest, now, zone)
            refuse_left_over(start, end, now, zone)
    except Ambiguous as error:
        if not error.rest:
            refuse_left_over(start, end, now, zone)
            error.rest = rest
        raise
    except DurationError as error:
        error.rest = error.rest or rest
        raise
    return span, rest


def _is_doubtful(said: Words, start: str, end: str) -> bool:
    """Whether before other words these are probably ordinary ones.

    "sat" is no day and "5 to 7" may be customers, unless a dash, a colon or a verb's "-ing" comes
    next, or it runs backwards; the 5 of "friday 5" is no hour; "now" begins sentences.
    """
    between = end[: len(end) - len(end.lstrip())]
    is_apart = start[-1:] in ",:;" or "\n" in between or not end.strip()[:1].isalnum()
    leads_on = is_apart or _DOING.match(end) is not None
    if len(said) == 1:
        return (is_short_day_name(said[0]) and not leads_on) or start.lower() == "now"
    if said[0] == "may" and is_hour(said[1]):
        return not is_apart
    ends_in_hour = is_hour(said[-1])
    if len(said) == 3 and ends_in_hour and is_hour(said[0]) and said[1] in TO:
        return int(said[0]) < int(said[-1]) and not leads_on
    return ends_in_hour and (is_day_name(said[-2]) or (said[:-1] == ("at",) and not leads_on))


def _refuse_minutes_alone(
    span: Span, said: Words, text: str, rest: str, now: datetime, zone: str
) -> None:
    """``2h 15`` alone: two hours and a quarter, or "15" as the reason. Raises Ambiguous."""
    is_in_hours = said[-1].endswith(("h", "hr", "hrs")) or UNITS.get(said[-1]) == "hour"
    if not (span.length and is_in_hours and rest.isdecimal() and rest.isascii()):
        return
    if len(rest) > 2 or not 0 < int(rest) <= _MOST_MINUTES:
        return
    longer = Span(length=span.length + timedelta(minutes=int(rest)))
    words = say_span(span, now=now, zone=zone)
    error = Ambiguous(
        text,
        (
            Reading(span, f"{words}, and “{rest}” is the reason", rest),
            Reading(longer, say_span(longer, now=now, zone=zone)),
        ),
    )
    error.rest = rest
    raise error


# What was meant as a time and is none


def _refuse_attempt(text: str, tokens: list[Token], run: list[Token]) -> None:
    """Raise when the first words were clearly meant as a time."""
    if is_foreign_time(text):
        raise NotEnglish(text)
    if not tokens:
        return
    first = 1 if tokens[0].word in {"for", *ROUGHLY} and len(tokens) > 1 else 0
    if tokens[first].word in UNTIL:
        _refuse(text, len(run), tokens, least=first + 2)
    strangers = (count for count, token in enumerate(tokens) if not is_time_word(token.word))
    for count in {first, next(strangers, first)}:  # "2huors", and "cet 2huors"
        if is_attempt(tokens[count].word):
            _refuse(text, count + 1, tokens)
    _refuse_stretched(text, tokens)
    loose = loose_time_words(tokens)
    if is_wholly_of_a_time(tokens):
        _refuse(text, len(loose), tokens)
    if says_a_time(words_of(loose)):
        _refuse(text, len(loose), tokens)


def _refuse_stretched(text: str, tokens: list[Token]) -> None:
    """Raise at ``for 2 consecutive days``: a word of no time stands between a number and its unit,
    and none before."""
    has_number = has_stranger = False
    for count, token in enumerate(tokens, start=1):
        if has_number and token.word in _PLURALS:
            _refuse(text, count, tokens)
        if is_number(token.word):
            has_number = True
        elif not is_time_word(token.word) and token.word not in _DASHES:
            if has_stranger or not has_number:
                return
            has_stranger = True


def _refuse(text: str, count: int, tokens: list[Token], *, least: int = 1) -> None:
    end = tokens[min(max(count, least), len(tokens)) - 1].end
    error = NotATime(text[:end])
    error.rest = without_separator(text[end:])
    raise error
