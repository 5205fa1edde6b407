"""Days as people name them: ``tomorrow``, ``next friday``, ``1 december``, ``3/4``, ``this week``.

A week begins on Monday. A date without a year is the next one to come.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from whenever import Date, Weekday, ZonedDateTime

Words = tuple[str, ...]

_LEAP_CYCLE = 8
_WEEKDAYS = {
    name: day
    for day, names in {
        Weekday.MONDAY: ("monday", "mon"),
        Weekday.TUESDAY: ("tuesday", "tue", "tues"),
        Weekday.WEDNESDAY: ("wednesday", "wed"),
        Weekday.THURSDAY: ("thursday", "thu", "thur", "thurs"),
        Weekday.FRIDAY: ("friday", "fri"),
        Weekday.SATURDAY: ("saturday", "sat"),
        Weekday.SUNDAY: ("sunday", "sun"),
    }.items()
    for name in names
}
_MONTH_NAMES = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
PERIODS = {"week", "month", "year"}
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_SLASH_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}))?")
_DOTTED_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_DAY_NUMBER = re.compile(r"([0-9]{1,2})(st|nd|rd|th)?")
_YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a phrase is spoken: "tomorrow" counts from ``now``, "friday" is the first one whose
    end lies after ``after``. ``day_first`` tells how to read 3/4. ``is_second_half`` marks the end
    of a range, which takes the nearest fit after its start.
    """

    now: ZonedDateTime
    after: ZonedDateTime
    day_first: bool
    is_second_half: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """Stretches of days a phrase may mean, in order; the first ``keep`` that fit are used.

    Each is the first day and the day after the last. ``is_weak`` and ``edge_is_unclear`` are as in
    ``bot.times.moments.Moment``.
    """

    options: tuple[tuple[Date, Date], ...]
    keep: int = 1
    is_weak: bool = False
    edge_is_unclear: bool = False


def is_short_day_name(word: str) -> bool:
    """Whether the word is "sat", "sun", "wed" or the like, which also begin ordinary sentences."""
    return word in _WEEKDAYS and not word.endswith("day")


def is_day_name(word: str) -> bool:
    """Whether the word alone names one day, without any number."""
    return word in _WEEKDAYS or word in {"today", "tonight", "tomorrow"}


def read_days(words: Words, scene: Scene) -> Days | None:
    """The days that the words, taken whole and in lower case, can mean; None when they are none.

    Raises ValueError or OverflowError beyond the calendar.
    """
    if not words:
        return None
    readers: tuple[Callable[[Words, Scene], Days | None], ...] = (
        _relative_day,
        _weekday,
        _period,
        _numeric_date,
        _month_and_day,
        _month,
        _day_of_month,
    )
    return next((days for reader in readers if (days := reader(words, scene))), None)


def _one_day(date: Date) -> tuple[Date, Date]:
    return date, date.next_day()


def _relative_day(words: Words, scene: Scene) -> Days | None:
    offsets = {
        ("yesterday",): -1,
        ("today",): 0,
        ("tonight",): 0,
        ("tomorrow",): 1,
        ("day", "after", "tomorrow"): 2,
    }
    if words not in offsets:
        return None
    return Days((_one_day(scene.now.date().add(days=offsets[words])),))


def _weekday(words: Words, scene: Scene) -> Days | None:
    """A day of the week; the same day today may mean today or in a week.

    "next" on a day that is still to come this week may mean that one or the one after.
    """
    day = _WEEKDAYS.get(words[-1])
    if day is None or len(words) > 2:
        return None
    if len(words) == 2:
        return _said_weekday(words[0], day, scene.now.date())
    today = scene.after.date()
    coming = today.nth_weekday(1, day)
    if today.day_of_week() != day:
        return Days((_one_day(coming),))
    return Days((_one_day(today), _one_day(coming)), keep=1 if scene.is_second_half else 2)


def _said_weekday(said: str, day: Weekday, today: Date) -> Days | None:
    coming = today.nth_weekday(1, day)
    if said in {"this", "coming"}:
        return Days((_one_day(today if today.day_of_week() == day else coming),))
    if said == "last":
        return Days((_one_day(today.nth_weekday(-1, day)),))
    if said != "next":
        return None
    sunday = today.end_of("week_mon")
    in_next_week = sunday.nth_weekday(1, day)
    options = dict.fromkeys((coming, in_next_week))
    return Days(tuple(_one_day(date) for date in options), keep=2)


def _period(words: Words, scene: Scene) -> Days | None:
    if len(words) != 2 or words[0] not in {"this", "next"} or words[1] not in PERIODS:
        return None
    today = scene.now.date()
    if words[1] == "week":
        first = today.start_of("week_mon")
        bounds = first, first.add(weeks=1), first.add(weeks=2)
    elif words[1] == "month":
        first = today.start_of("month")
        bounds = first, first.add(months=1), first.add(months=2)
    else:
        first = today.start_of("year")
        bounds = first, first.add(years=1), first.add(years=2)
    if words[0] == "this":
        return Days((bounds[:2],))
    return Days((bounds[1:],), edge_is_unclear=True)


def _numeric_date(words: Words, scene: Scene) -> Days | None:
    if len(words) != 1:
        return None
    if found := _ISO_DATE.fullmatch(words[0]):
        return _dated(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED_DATE.fullmatch(words[0]):
        return _dated(int(found[3]), int(found[2]), int(found[1]))
    if found := _SLASH_DATE.fullmatch(words[0]):
        day, month = int(found[1]), int(found[2])
        if not scene.day_first:
            day, month = month, day
        if found[3]:
            return _dated(int(found[3]), month, day)
        return _every_year(month, day, scene, is_weak=True)
    return None


def _month_and_day(words: Words, scene: Scene) -> Days | None:
    year = None
    if len(words) > 2 and _YEAR.fullmatch(words[-1]):
        year, words = int(words[-1]), words[:-1]
    pair = tuple(word for word in words if word != "of")
    if len(pair) != 2 or len(words) > 3:
        return None
    if pair[0] in _MONTHS:
        pair = pair[1], pair[0]
    day, month = _DAY_NUMBER.fullmatch(pair[0]), _MONTHS.get(pair[1])
    if day is None or month is None:
        return None
    if year is not None:
        return _dated(year, month, int(day[1]))
    return _every_year(month, int(day[1]), scene)


def _month(words: Words, scene: Scene) -> Days | None:
    if len(words) != 1 or words[0] not in _MONTHS:
        return None
    this_year = scene.after.date().start_of("year")
    january = (this_year.add(years=later) for later in range(2))
    firsts = [date.add(months=_MONTHS[words[0]] - 1) for date in january]
    options = tuple((first, first.add(months=1)) for first in firsts)
    return Days(options, is_weak=True, edge_is_unclear=True)


def _day_of_month(words: Words, scene: Scene) -> Days | None:
    found = _DAY_NUMBER.fullmatch(words[0])
    if len(words) != 1 or not found or not found[2]:
        return None
    this_month = scene.after.date().start_of("month")
    months = [this_month.add(months=later) for later in range(4)]
    dates = _valid((each.year, each.month, int(found[1])) for each in months)
    return Days(tuple(map(_one_day, dates)), is_weak=True) if dates else None


def _dated(year: int, month: int, day: int) -> Days | None:
    dates = _valid([(year, month, day)])
    return Days((_one_day(dates[0]),)) if dates else None


def _every_year(month: int, day: int, scene: Scene, *, is_weak: bool = False) -> Days | None:
    """The date in the years to come, far enough for a 29 February across a skipped leap year."""
    year = scene.after.year
    dates = _valid((each, month, day) for each in range(year, year + _LEAP_CYCLE + 1))
    return Days(tuple(map(_one_day, dates)), is_weak=is_weak) if dates else None


def _valid(dates: Iterable[tuple[int, int, int]]) -> list[Date]:
    return [date for each in dates if (date := _date_or_none(*each))]


def _date_or_none(year: int, month: int, day: int) -> Date | None:
    try:
        return Date(year, month, day)
    except ValueError:
        return None
