"""Days and clock times as people say them, in their own zone: ``friday 17:00``, ``1 december``.

Only words to moments; what "until" or "from" make of them is decided in ``bot.times.reading``. All
calendar and zone arithmetic is done by ``whenever``. A local time that daylight saving skips moves
forward by the length of the gap; one that happens twice is the first of the two that is still to
come. A week begins on Monday, and "end of week" is the end of Sunday.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from whenever import Date, Instant, PlainDateTime, Time, ZonedDateTime

from bot.times.days import PERIODS, Days, Scene, Words, is_day_name, read_days
from bot.times.vocabulary import FROM, TO

_MIDNIGHT = Time()
_ENDS = {"eod": "today", "eow": "week", "eom": "month", "eoy": "year"}
_O_CLOCK = {"o'clock", "o’clock"}
_NAMED_CLOCKS = {
    "noon": Time(12),
    "midday": Time(12),
    "morning": Time(9),
    "evening": Time(18),
}
_AFTERNOON = Time(12), Time(18)
_PARTS_OF_TODAY = {"morning", "afternoon", "evening"}
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?(am|pm)")
_CLOCK_24 = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_BARE_HOUR = re.compile(r"[0-9]{1,2}")
_UTC_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}t[0-9]{2}:[0-9]{2}(:[0-9]{2})?z")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point (``begins == ends``) or a stretch of whole days, ``ends`` exclusive.

    ``is_weak`` marks words that mean a time only beside "until" or "from", such as a bare 5.
    ``edge_is_unclear`` marks stretches like "next week", where "until" may mean either edge.
    """

    begins: ZonedDateTime
    ends: ZonedDateTime
    is_weak: bool = False
    edge_is_unclear: bool = False

    @property
    def is_point(self) -> bool:
        """Whether it is a clock time, and not whole days."""
        return self.begins == self.ends


@dataclass(frozen=True, slots=True)
class _Clock:
    """Clock times a phrase may mean, each with the days it lies after the named day."""

    options: tuple[tuple[Time, int], ...]
    is_bare_hour: bool = False


def read_moments(words: Words, scene: Scene) -> list[Moment]:
    """Every moment that the words, taken whole, can mean; empty when they are not a moment.

    Raises ValueError or OverflowError when a date lies beyond the calendar.
    """
    if words == ("now",):
        return [Moment(scene.now, scene.now)]
    if len(words) == 2 and words[0] == "this" and words[1] in _PARTS_OF_TODAY:
        words = "today", words[1]
    readers: tuple[Callable[[Words, Scene], list[Moment]], ...] = (
        _read_stamp,
        _read_end_of,
        _read_afternoon,
        _read_clock_only,
        _read_days_only,
        _read_days_and_clock,
    )
    for reader in readers:
        if moments := reader(words, scene):
            return moments
    return []


def day_and_hours(words: Words) -> Iterator[tuple[Words, str, str]]:
    """``friday [from] 9 to 5`` and ``[from] 9 to 5 [on] friday``: day, first and second clock."""
    for cut in range(1, len(words)):
        for day, hours in (words[:cut], words[cut:]), (words[cut:], words[:cut]):
            body = hours[1:] if hours[0] in FROM else hours
            named = day[1:] if day[0] in {"on", "for"} else day
            if len(body) != 3 or body[1] not in TO or not named:
                continue
            if _read_clock(body[:1]) and _read_clock(body[2:]):
                yield named, body[0], body[2]


# Whole moments


def _read_stamp(words: Words, scene: Scene) -> list[Moment]:
    if len(words) != 1 or not _UTC_STAMP.fullmatch(words[0]):
        return []
    try:
        stamp = Instant.parse_iso(words[0].upper())
    except ValueError:
        return []
    local = stamp.to_tz(scene.now.tz_id or "UTC")
    return [Moment(local, local)]


def _read_end_of(words: Words, scene: Scene) -> list[Moment]:
    if words[0] in _ENDS and len(words) == 1:
        target: Words = (_ENDS[words[0]],)
    elif day := _day_that_ends(words):
        target = day
    elif words[:2] == ("end", "of"):
        target = ("today",) if words[2:] == ("day",) else words[2:]
    else:
        return []
    if len(target) == 1 and target[0] in PERIODS:
        target = ("this", *target)
    days = read_days(target, scene)
    return [] if days is None else [Moment(m.ends, m.ends) for m in _stretches(days, scene)]


def _day_that_ends(words: Words) -> Words:
    """The day of ``eod friday``, ``end of day on friday`` and ``friday eod``."""
    for end in (("eod",), ("end", "of", "day")):
        if words[: len(end)] == end:
            return _without_on(words[len(end) :])
        if words[-len(end) :] == end:
            return words[: -len(end)]
    return ()


def _without_on(words: Words) -> Words:
    return words[1:] if words[:1] == ("on",) else words


def _read_afternoon(words: Words, scene: Scene) -> list[Moment]:
    """``tomorrow afternoon``, a stretch of hours; without a day it is weak, as in "until"."""
    if words[-1] != "afternoon":
        return []
    days = read_days(words[:-1] or ("today",), scene)
    if days is None or not _are_single(days):
        return []
    is_weak = len(words) == 1 or days.is_weak
    noon, evening = _AFTERNOON
    moments = [
        Moment(
            _local(first, noon, scene), _local(first, evening, scene), is_weak, edge_is_unclear=True
        )
        for first, _ in days.options
    ]
    return _to_come(moments, days.keep, scene)


def _are_single(days: Days) -> bool:
    return all(first.next_day() == last for first, last in days.options)


def _read_clock_only(words: Words, scene: Scene) -> list[Moment]:
    clock = _read_clock(words)
    if clock is None:
        return []
    times = dict.fromkeys(time for time, _ in clock.options)
    points = sorted(_next_at(time, scene.after) for time in times)
    if scene.is_second_half:
        points = points[:1]
    is_weak = clock.is_bare_hour or words[-1] in _PARTS_OF_TODAY
    return [Moment(point, point, is_weak=is_weak) for point in points]


def _read_days_only(words: Words, scene: Scene) -> list[Moment]:
    days = read_days(words, scene)
    return [] if days is None else _stretches(days, scene)


def _read_days_and_clock(words: Words, scene: Scene) -> list[Moment]:
    for days_words, clock_words in _two_parts(words):
        clock = _read_clock(clock_words)
        if clock is None:
            continue
        is_weak = clock.is_bare_hour and clock_words[0] != "at"
        if is_weak and not is_day_name(days_words[-1]):
            continue
        days = read_days(_without_on(days_words), scene)
        if days is not None and _are_single(days):
            return list(_points(days, clock, scene, is_weak=is_weak))
    return []


def _two_parts(words: Words) -> Iterator[tuple[Words, Words]]:
    """The words cut in two, first with the clock after the day, then before it."""
    for cut in range(len(words) - 1, 0, -1):
        yield words[:cut], words[cut:]
        yield words[cut:], words[:cut]


def _stretches(days: Days, scene: Scene) -> list[Moment]:
    moments = [
        Moment(
            _local(first, _MIDNIGHT, scene),
            _local(last, _MIDNIGHT, scene),
            days.is_weak,
            days.edge_is_unclear,
        )
        for first, last in days.options
    ]
    return _to_come(moments, days.keep, scene)


def _points(days: Days, clock: _Clock, scene: Scene, *, is_weak: bool) -> Iterator[Moment]:
    for time, days_later in clock.options:
        points = [_local(first.add(days=days_later), time, scene) for first, _ in days.options]
        moments = [Moment(point, point, days.is_weak or is_weak) for point in points]
        yield from _to_come(moments, days.keep, scene)


def _to_come(moments: list[Moment], keep: int, scene: Scene) -> list[Moment]:
    """The first that end after the scene's start; one that has passed when there is none."""
    return [m for m in moments if m.ends > scene.after][:keep] or moments[:1]


def _local(date: Date, time: Time, scene: Scene) -> ZonedDateTime:
    return _first_after(date.at(time), scene.after)


def _first_after(local: PlainDateTime, after: ZonedDateTime) -> ZonedDateTime:
    """The instant of a local time; of two, the first unless only the second is to come."""
    zone = after.tz_id or "UTC"
    moment = local.assume_tz(zone, disambiguation="compatible")
    return moment if moment > after else local.assume_tz(zone, disambiguation="later")


def _next_at(time: Time, after: ZonedDateTime) -> ZonedDateTime:
    today = _first_after(after.date().at(time), after)
    return today if today > after else _first_after(after.date().next_day().at(time), after)


# Clock times


def _read_clock(words: Words) -> _Clock | None:
    if words[0] == "at":
        words = words[1:]
    if not words:
        return None
    if len(words) == 2 and words[1] in _O_CLOCK:
        return _bare_hour(words[0])
    if len(words) > 1:
        return None
    text = words[0]
    if text == "midnight":
        return _Clock(((_MIDNIGHT, 0), (_MIDNIGHT, 1)))
    if text in _NAMED_CLOCKS:
        return _Clock(((_NAMED_CLOCKS[text], 0),))
    return _twelve_hours(text) or _twenty_four_hours(text) or _bare_hour(text)


def _twelve_hours(text: str) -> _Clock | None:
    found = _CLOCK.fullmatch(text)
    if not found or not 1 <= int(found[1]) <= 12 or int(found[2] or 0) > 59:
        return None
    hour = int(found[1]) % 12 + (12 if found[3] == "pm" else 0)
    return _Clock(((Time(hour, int(found[2] or 0)), 0),))


def _twenty_four_hours(text: str) -> _Clock | None:
    if text == "24:00":
        return _Clock(((_MIDNIGHT, 1),))
    found = _CLOCK_24.fullmatch(text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return _Clock(((Time(int(found[1]), int(found[2])), 0),))


def _bare_hour(text: str) -> _Clock | None:
    if not _BARE_HOUR.fullmatch(text) or int(text) > 23:
        return None
    hour = int(text)
    if hour == 12:
        return _Clock(((Time(12), 0), (_MIDNIGHT, 1)), is_bare_hour=True)
    hours = (hour, hour + 12) if 1 <= hour < 12 else (hour,)
    return _Clock(tuple((Time(each), 0) for each in hours), is_bare_hour=True)
