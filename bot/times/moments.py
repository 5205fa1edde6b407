"""Days and clock times as people say them, in their own zone: ``friday 17:00``, ``1 december``.

Only words to moments; what "until" or "from" make of them is decided in ``bot.times.reading``. All
calendar and zone arithmetic is done by ``whenever``. A local time that daylight saving skips moves
forward by the length of the gap; one that happens twice is the first of the two that is still to
come. A week begins on Monday, and "end of week" is the end of Sunday.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from whenever import Date, OffsetDateTime, PlainDateTime, Time, ZonedDateTime

from bot.times.days import Days, Scene, after_workdays, is_day_name, read_days
from bot.times.hours import EVENING, MIDNIGHT, MORNING, NOON, Clock, read_clock
from bot.times.lengths import Length, read_lengths
from bot.times.vocabulary import ENDS, FROM, PARTS_OF_DAY, PERIODS, TO, Words

# From when to when a part of the day goes, and how many days later its end is.
_STRETCHES = {"afternoon": (NOON, EVENING, 0), "night": (EVENING, MIDNIGHT, 1)}
_REST_OF = {
    "morning": (MORNING, NOON, 0),
    "afternoon": (NOON, EVENING, 0),
    "evening": (EVENING, MIDNIGHT, 1),
    "night": (EVENING, MORNING, 1),
}
_MOST_WORDS = 9  # "friday 27th of november 2026 at 5 o'clock"
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}t[0-9:.]+(?:z|[+-][0-9:]+)")


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


def read_moments(words: Words, scene: Scene) -> list[Moment]:
    """Every moment that the words, taken whole, can mean; empty when they are not a moment.

    Raises ValueError or OverflowError when a date lies beyond the calendar.
    """
    if not words or len(words) > _MOST_WORDS:
        return []
    if words == ("now",):
        return [Moment(scene.now, scene.now)]
    if len(words) == 2 and words[0] == "this" and words[1] in PARTS_OF_DAY:
        words = "today", words[1]
    readers: tuple[Callable[[Words, Scene], list[Moment]], ...] = (
        _read_stamp,
        _read_later,
        _read_edge_of,
        _read_part_of_day,
        _read_clock_only,
        _read_days_only,
        _read_days_and_clock,
    )
    for reader in readers:
        if moments := reader(words, scene):
            return moments
    return []


def read_rest_of_day(part: str, day: Words, scene: Scene) -> list[Moment]:
    """The whole morning, afternoon, evening or night of a day; the present night may have begun
    yesterday."""
    begins, ends, later = _REST_OF[part]
    if part == "night" and not day and scene.now.time() < MORNING:
        day = ("yesterday",)
    return _part_of(read_days(day or ("today",), scene), begins, ends, later, scene)


def day_and_hours(words: Words, *, is_24_hours: bool) -> Iterator[tuple[Words, Words, Words]]:
    """``friday [from] 9 to 5`` and ``[from] 9 to 5 [on] friday``: day, first and second clock."""
    for cut in range(1, len(words)):
        for day, hours in (words[:cut], words[cut:]), (words[cut:], words[:cut]):
            named = day[1:] if day[0] in {"on", "for"} else day
            clocks = two_clocks(hours, is_24_hours=is_24_hours) if named else None
            if clocks:
                yield named, *clocks


def two_clocks(words: Words, *, is_24_hours: bool) -> tuple[Words, Words] | None:
    """The two clock times of ``[from] 9am to 5pm``."""
    body = words[1:] if words[:1] and words[0] in FROM else words
    for cut in range(1, len(body) - 1):
        first, last = body[:cut], body[cut + 1 :]
        if body[cut] in TO and all(
            read_clock(each, is_24_hours=is_24_hours) for each in (first, last)
        ):
            return first, last
    return None


def add_length(moment: ZonedDateTime, length: Length) -> ZonedDateTime:
    """The moment so much later; of months and working days, to the minute."""
    if not length.months and not length.workdays:
        return moment.add(seconds=length.elapsed.total_seconds())
    later = moment.add(months=length.months, disambiguation="compatible")
    if length.workdays:
        later = after_workdays(later, length.workdays)
    return later.round("minute", mode="floor").add(seconds=length.elapsed.total_seconds())


# Whole moments


def _read_stamp(words: Words, scene: Scene) -> list[Moment]:
    if len(words) != 1 or not _STAMP.fullmatch(words[0]):
        return []
    try:
        stamp = OffsetDateTime.parse_iso(words[0])
    except ValueError:
        return []
    local = stamp.to_instant().to_tz(scene.now.tz_id or "UTC")
    return [Moment(local, local)]


def _read_later(words: Words, scene: Scene) -> list[Moment]:
    """``in 2 hours``: a point, where one is expected."""
    if words[0] != "in" or len(words) == 1:
        return []
    points = [add_length(scene.now, length) for length in read_lengths(words[1:])]
    return [Moment(point, point, is_weak=True) for point in points]


def _read_edge_of(words: Words, scene: Scene) -> list[Moment]:
    """``end of the month``, ``eod friday``, ``start of december``."""
    if words[0] in ENDS and len(words) == 1:
        target: Words = (ENDS[words[0]],)
    elif day := _day_that_ends(words):
        target = day
    elif words[:2] in {("end", "of"), ("start", "of"), ("beginning", "of")}:
        target = ("today",) if words[2:] == ("day",) else words[2:]
    else:
        return []
    if len(target) == 1 and target[0] in PERIODS:
        target = ("this", *target)
    days = read_days(target, scene)
    if days is None:
        return []
    edges = [
        m.begins if words[0] in {"start", "beginning"} else m.ends for m in _whole(days, scene)
    ]
    return [Moment(edge, edge) for edge in edges]


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


def _read_part_of_day(words: Words, scene: Scene) -> list[Moment]:
    """``tomorrow afternoon``, a stretch of hours; without a day it is weak, as in "until"."""
    if words == ("tonight",):
        words = ("today", "night")
    if words[-1] not in _STRETCHES:
        return []
    begins, ends, later = _STRETCHES[words[-1]]
    moments = _part_of(read_days(words[:-1] or ("today",), scene), begins, ends, later, scene)
    is_weak = len(words) == 1
    is_unclear = words[-1] == "afternoon"
    return [
        Moment(each.begins, each.ends, each.is_weak or is_weak, edge_is_unclear=is_unclear)
        for each in moments
    ]


def _part_of(days: Days | None, begins: Time, ends: Time, later: int, scene: Scene) -> list[Moment]:
    if days is None or not _are_single(days):
        return []
    moments = [
        Moment(
            _local(first, begins, scene), _local(first.add(days=later), ends, scene), days.is_weak
        )
        for first, _ in days.options
    ]
    return _to_come(moments, days.keep, scene)


def _are_single(days: Days) -> bool:
    return all(first.next_day() == last for first, last in days.options)


def _read_clock_only(words: Words, scene: Scene) -> list[Moment]:
    clock = read_clock(words, is_24_hours=scene.is_24_hours)
    if clock is None:
        return []
    times = dict.fromkeys(time for time, _ in clock.options)
    points = sorted(_next_at(time, scene.after) for time in times)
    if scene.is_second_half:
        points = points[:1]
    is_weak = clock.is_bare or words[-1] in PARTS_OF_DAY
    moments = [Moment(point, point, is_weak=is_weak) for point in points]
    if "." in words[-1]:  # 5.12 may be a date as well
        moments += _read_days_only(words, scene)
    return moments


def _read_days_only(words: Words, scene: Scene) -> list[Moment]:
    days = read_days(words, scene)
    return [] if days is None else _whole(days, scene)


def _read_days_and_clock(words: Words, scene: Scene) -> list[Moment]:
    for days_words, clock_words in _two_parts(words):
        clock = read_clock(clock_words, is_24_hours=scene.is_24_hours)
        if clock is None:
            continue
        is_weak = clock.is_bare and clock_words[0] != "at"
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


def _whole(days: Days, scene: Scene) -> list[Moment]:
    moments = [
        Moment(
            _local(first, MIDNIGHT, scene),
            _local(last, MIDNIGHT, scene),
            days.is_weak,
            days.edge_is_unclear,
        )
        for first, last in days.options
    ]
    return _to_come(moments, days.keep, scene)


def _points(days: Days, clock: Clock, scene: Scene, *, is_weak: bool) -> Iterator[Moment]:
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
