"""Time as people say it: ``2h30m``, ``3 days``, ``until friday 17:00``, ``forever``. English only.

Pure: the clock and the person's zone are passed in. A length means elapsed time (a day is 24
hours); days and clock times are read in the person's zone, or where they say that the clock hangs;
see ``bot.times.moments`` for daylight saving. The words that confirm a span are in
``bot.times.saying``.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.times import places
from bot.times.days import Scene, refuse_wrong_weekday
from bot.times.foreign import is_foreign_time
from bot.times.forms import spans_of
from bot.times.hours import read_clock, uses_24_hours
from bot.times.impossible import refuse_impossible
from bot.times.lengths import plain_length
from bot.times.places import Place
from bot.times.plain import plainly
from bot.times.saying import say_span
from bot.times.span import (
    Ambiguous,
    Impossible,
    InThePast,
    NoEnd,
    NotATime,
    NotEnglish,
    NotPositive,
    Reading,
    Span,
    TooLarge,
)
from bot.times.tokens import tokens_of, words_of
from bot.times.vocabulary import (
    CONNECTING,
    ENDS,
    UNITS,
    Words,
)

MOST_WORDS = 16
MOST_READINGS = 4
A_DAY = timedelta(days=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - 2 * A_DAY
_TWO_DIGITS = re.compile(r"[0-9]{2}:[0-9]{2}")


def read_span(text: str, *, now: datetime, zone: str, default: timedelta = A_DAY) -> Span:
    """What a whole text means as a time, for a person in ``zone`` at ``now`` (aware).

    - ``2h``, ``90m``, ``2 hours 30 minutes``, ``half an hour``, ``for a week``: a length.
    - ``until`` a clock time: the next one. ``until`` a day: the end of that day.
    - A day or "this week" alone: that stretch, from its beginning (now if it has begun) to its end.
      A day with a clock time alone is an end.
    - ``from … to …``, ``tomorrow 9am for 2h``, ``2h from monday``: with a start. A start that has
      passed while the end has not counts as now.
    - ``friday from 9am to 6pm``, ``friday 9-5``, ``9am to 6pm on friday``: both on that day. An end
      that is not later than the start is on the day after, unless other hours fit into the day.
    - "a month" is a calendar month from now (or from the start), so it becomes an ``until``.
    - ``in 2 hours`` is until then, or from then on for the ``default``; somebody has to choose.
    - A local time skipped by daylight saving moves forward; one that happens twice is the first
      that is still to come.

    An unknown zone is read as UTC. Raises only DurationError: NotATime, Impossible, NoEnd,
    Ambiguous, InThePast, NotPositive, TooLarge.
    """
    if (plain := plain_length(text)) is not None:
        return Span(length=plain)
    tokens = tokens_of(text)
    words = words_of(tokens)
    span = None
    if words and len(words) <= MOST_WORDS:
        span = span_of(words, text, now, zone, default)
    if span is None:
        raise NotEnglish(text) if is_foreign_time(text) else NotATime(text)
    return span


def span_of(
    words: Words, text: str, now: datetime, zone: str, default: timedelta = A_DAY
) -> Span | None:
    """The one meaning of the words; None when they are no time. Raises as ``read_span``."""
    try:
        refuse_impossible(words, text)
        spans = dict.fromkeys(
            span for span in _everywhere(plainly(words), now=now, zone=zone, default=default)
        )
        if not spans:
            here = Place(zone).local(now)
            refuse_wrong_weekday(words, Scene(here, here, day_first=True))
        in_order = sorted(spans, key=lambda span: (span.starts or now, span.until or now))
        return _choose(in_order, text, now, zone) if spans else None
    except NoEnd as error:
        raise NoEnd(text) from error
    except Impossible as error:
        raise Impossible(text, error.why) from error
    except (ValueError, OverflowError) as error:
        raise TooLarge(text) from error


def _choose(spans: list[Span], text: str, now: datetime, zone: str) -> Span:
    """The only span that can be meant; raises when there is none, or more than one."""
    to_come = [span for span in spans if span.until is None or span.until > now]
    if not to_come:
        raise InThePast(text, say_span(spans[0], now=now, zone=zone))
    possible = [s for s in to_come if s.until is None or s.until > (s.starts or now)]
    if not possible:
        raise NotPositive(text)
    if any(_is_beyond_the_calendar(span, now) for span in possible):
        raise TooLarge(text)
    if len(possible) == 1:
        return possible[0]
    readings = [Reading(each, say_span(each, now=now, zone=zone)) for each in possible]
    raise Ambiguous(text, tuple(readings[:MOST_READINGS]))


def _is_beyond_the_calendar(span: Span, now: datetime) -> bool:
    """Whether it ends where no clock in the world could show it, and the day after."""
    end = span.until or (span.starts or now)
    return end > _LATEST or bool(span.length and span.length > _LATEST - end)


# Whose clock


def _everywhere(words: Words, *, now: datetime, zone: str, default: timedelta) -> list[Span]:
    """Every span that the words can mean, at every place that they can mean."""
    cut = _without_place(words)
    if cut is None:
        return []
    words, named = cut
    if named is None:
        return _at(Place(zone), words, now, default)
    if named in places.SAID:
        words = tuple(_in_24_hours(word) for word in words)
    spans = [
        span
        for place in places.places_of(named, zone, now)
        for span in _by_rights(place, words, now, default)
    ]
    return [span for span in spans if span.until or span.starts]


def _without_place(words: Words) -> tuple[Words, str | None] | None:
    """The words without the place that is named behind a day or a clock time, and the place."""
    named = dict.fromkeys(
        word
        for before, word in zip(("", *words), words, strict=False)
        if _is_place_here(before, word)
    )
    if not named:
        return words, None
    if len(named) > 1:  # "02:30 (CEST) your time"
        words = tuple(word for word in words if not places.is_own(word))
        named = {word: None for word in named if not places.is_own(word)}
    if len(named) > 1:
        return None
    place = next(iter(named))
    kept = tuple(word for word in words if word != place)
    return (kept, place) if kept[-1:] != ("in",) else (kept[:-1], place)


def _in_24_hours(word: str) -> str:
    """Marked as one of 24 hours by its seconds, when it is written with two digits."""
    return f"{word}:00" if _TWO_DIGITS.fullmatch(word) else word


def _is_place_here(before: str, word: str) -> bool:
    if places.is_short_place(word):
        return read_clock((before,)) is not None or before in ENDS
    return places.is_place(word) and (
        before not in CONNECTING | UNITS.keys() - {"day", "days"} | {""} or before == "in"
    )


def _by_rights(place: Place, words: Words, now: datetime, default: timedelta) -> list[Span]:
    """What it means there. Where the name's own offset is not the one that holds there then, the
    clock there and the offset are both meant by some."""
    if place.strict is None:
        return _at(place, words, now, default)
    strictly = _at(place.at_its_offset(), words, now, default)
    moments = [each for span in strictly for each in (span.until, span.starts) if each]
    offset = place.strict.total_seconds()
    if all(place.local(each).offset.total("seconds") == offset for each in moments):
        return [replace(span, place=place) for span in strictly]
    here = replace(place, said=f"in {places.city_of(place.zone)}")
    return [*_at(here, words, now, default), *strictly]


def _at(place: Place, words: Words, now: datetime, default: timedelta) -> list[Span]:
    """Every span that the words mean on the clock of that place."""
    here = place.local(now)
    is_24_hours = uses_24_hours(words)
    spans = [
        span
        for day_first in ((True, False) if any("/" in word for word in words) else (True,))
        for span in spans_of(
            words, Scene(here, here, day_first, is_24_hours=is_24_hours, default=default)
        )
    ]
    if not place.said:
        return spans
    return [
        replace(
            span,
            until=span.until and span.until - place.offset,
            starts=span.starts and span.starts - place.offset,
            place=place,
        )
        for span in spans
    ]
