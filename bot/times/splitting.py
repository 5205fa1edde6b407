"""Cutting the text of a command into a time and a reason: ``2h Covering for you``."""

import re
from collections.abc import Iterator
from datetime import datetime

from bot.times.days import Words, is_day_name, is_short_day_name
from bot.times.lengths import is_attempt
from bot.times.reading import MOST_WORDS, span_of
from bot.times.span import Ambiguous, DurationError, LeftOver, NotATime, Span
from bot.times.vocabulary import DASHES, FROM, LONGEST_WORD, PUNCTUATION, TO, UNTIL, normalised

_CONNECTING = TO | FROM | {"the", "and", "at", "of", "for", "on"}
_SEPARATORS = DASHES + ",;:"
_CLEAR_SEPARATORS = DASHES + ";:"
_GOES_ON = TO | FROM | {"on", "at", "and", "or", "by"}
_MOST_WORDS_OF_A_REST = 6
_HOUR = re.compile(r"[0-9]{1,2}")


def split_command(text: str, *, now: datetime, zone: str) -> tuple[Span | None, str]:
    """Cut the text after the mention into a time and a reason.

    The longest run of words at the start that reads as a time is the time, and what follows is the
    reason, without a separating dash, colon or comma. Otherwise the whole text is the reason,
    unless it begins with something that is clearly meant as a time; then NotATime is raised:

    - a word of digits glued to one letter or to (nearly) a unit (``2x``, ``2hh``, ``1.5.2h``,
      ``2h-``), perhaps after ``for``; see ``bot.times.lengths.is_attempt``;
    - a number alone (``30``), or words that would be a time after "until" or "from" (``9 to 5``);
    - ``until`` or ``till`` followed by anything unreadable (``until blursday``), also after a time.

    A number without a unit (``2 quick emails``, ``3/4 of the team``), a day's short name before
    other words (``Sat in on calls``), and ``from`` or ``for`` before ordinary words
    (``for the pipeline``) belong to the reason.

    After a time, no part of a second one may disappear in the reason. LeftOver is raised when what
    follows (perhaps after "on", "at", "from", "and")

    - is, as a whole, a time or a number: ``2h 30``, ``2h for friday``, ``friday and saturday``;
    - begins with a clear time: ``2h tomorrow``, ``monday to friday from 9am to 5pm``, ``2h friday
      demo``. After "for" and "the" it is a reason: ``2h for the friday demo``, ``2h on the friday
      demo``;
    - begins with a number that could be an hour of the day just named: ``until friday 5 leads``,
      but not ``2h 5 leads``.

    After a dash, semicolon or colon, ``2h - friday demo``, only the first of these holds.

    Errors are those of ``read_span``, with the reason in ``rest``.
    """
    text = _without_separator(text)
    words = list(_first_words(text))
    for count in range(len(words), 0, -1):
        span, rest = _read_start(text, words[:count], now, zone)
        if span is not None:
            return span, rest
    _refuse_attempt(text)
    if _is_wholly_a_time(normalised(text.split()), now, zone):
        raise NotATime(text)
    return None, text


def _first_words(text: str) -> Iterator[tuple[str, int]]:
    """The first words of the text, each with the position where it ends."""
    found = re.finditer(r"\S+", text)
    yield from ((each[0], each.end()) for each, _ in zip(found, range(MOST_WORDS), strict=False))


def _read_start(
    text: str, words: list[tuple[str, int]], now: datetime, zone: str
) -> tuple[Span | None, str]:
    """The given first words read as a time, and the rest of the text."""
    last, end = words[-1]
    rest = _without_separator(text[end:])
    said = normalised(word for word, _ in words)
    if not said or last.lower() in _CONNECTING or (rest and _is_doubtful(said)):
        return None, rest
    try:
        span = span_of(said, text[:end], now, zone)
        if span is not None:
            _refuse_left_over(text[:end], text[end:], now, zone)
    except Ambiguous as error:
        _refuse_left_over(text[:end], text[end:], now, zone)
        error.rest = rest
        raise
    except DurationError as error:
        error.rest = error.rest or rest
        raise
    return span, rest


def _is_doubtful(said: Words) -> bool:
    """Before other words, "sat" alone is no day, and the 5 of "friday 5" is no hour."""
    if len(said) == 1:
        return is_short_day_name(said[0])
    return _HOUR.fullmatch(said[-1]) is not None and is_day_name(said[-2])


def _without_separator(text: str) -> str:
    """The text without the dash, colon or comma that stands alone at its beginning."""
    text = text.strip()
    first, _, rest = text.partition(" ")
    return rest.strip() if first and not first.strip(_SEPARATORS) else text


# What was meant as a time and is none


def _refuse_attempt(text: str, *, only_until: bool = False) -> None:
    """Raise NotATime when the first words were clearly meant as a time."""
    raw = text.split(None, 2)
    words = [word.lower().rstrip(PUNCTUATION) for word in raw[:2]]
    if not words:
        return
    if words[0] in UNTIL:
        _refuse(raw, 2)
    if only_until:
        return
    if len(raw) == 1 and words[0].isdecimal():
        _refuse(raw, 1)
    count = 2 if words[0] == "for" else 1
    attempt = words[min(count, len(words)) - 1]
    if len(attempt) <= LONGEST_WORD and is_attempt(attempt):
        _refuse(raw, count)


def _refuse(raw: list[str], count: int) -> None:
    error = NotATime(" ".join(raw[:count]))
    error.rest = _without_separator(" ".join(raw[count:]))
    raise error


# What follows a time


def _refuse_left_over(start: str, end: str, now: datetime, zone: str) -> None:
    """Raise LeftOver when the words after a time look like a part of it."""
    rest = _without_separator(end)
    _refuse_attempt(rest, only_until=True)
    raw = rest.split(None, _MOST_WORDS_OF_A_REST)
    count = _count_of_time_words(start, raw, now, zone, is_apart=_is_apart(start, end))
    if count:
        error = LeftOver(start, " ".join(raw[:count]))
        error.rest = rest
        raise error


def _is_apart(start: str, end: str) -> bool:
    """Whether a dash, semicolon or colon stands between the two."""
    first = (end.split(None, 1) or [""])[0]
    return start[-1:] in _CLEAR_SEPARATORS or bool(first and not first.strip(_CLEAR_SEPARATORS))


def _count_of_time_words(
    start: str, raw: list[str], now: datetime, zone: str, *, is_apart: bool
) -> int:
    """How many of the first words look like a part of the time; 0 when they are a reason."""
    first = 1 if raw and raw[0].lower() in _GOES_ON else 0
    if not raw[first:]:
        return 0
    if len(raw) <= _MOST_WORDS_OF_A_REST and _is_wholly_a_time(normalised(raw), now, zone):
        return len(raw)
    if is_apart or raw[first].lower() in {"the", "for"}:
        return 0
    hour = normalised(raw[first:])[:1]
    if hour and _HOUR.fullmatch(hour[0]) and _is_hour_of_the_day(start, hour[0], now, zone):
        return first + 1
    for count in range(min(len(raw), _MOST_WORDS_OF_A_REST), first, -1):
        if _is_clearly_a_time(raw[:count], first, now, zone):
            return count
    return 0


def _is_wholly_a_time(words: Words, now: datetime, zone: str) -> bool:
    """Whether the words are a number, or a time beside "until" or "from"."""
    while words and words[0] in _GOES_ON | {"for"}:
        words = words[1:]
    if not words or len(words) > MOST_WORDS:
        return False
    is_number = len(words) == 1 and words[0].isdecimal()
    return is_number or any(
        _is_a_time((*lead, *words), now, zone) for lead in ((), ("until",), ("from",))
    )


def _is_clearly_a_time(raw: list[str], first: int, now: datetime, zone: str) -> bool:
    """With or without the word that leads on, "from 9 to 5" but not "sat in"."""
    words = normalised(raw[first:])
    if raw[-1].lower() in _CONNECTING or not words:
        return False
    if len(words) == 1 and is_short_day_name(words[0]):
        return False
    return _is_a_time(words, now, zone) or _is_a_time(normalised(raw), now, zone)


def _is_hour_of_the_day(start: str, hour: str, now: datetime, zone: str) -> bool:
    """Whether the time, with the number as an hour after it, is a time as well."""
    return _is_a_time((*normalised(start.split()), "at", hour), now, zone)


def _is_a_time(words: Words, now: datetime, zone: str) -> bool:
    try:
        return span_of(words, " ".join(words), now, zone) is not None
    except DurationError:
        return True
