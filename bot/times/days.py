"""Days as people name them: ``tomorrow``, ``next friday``, ``1 december``, ``3/4``, ``this week``.

A week begins on Monday. A date without a year is the next one to come.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from whenever import Date, Time, Weekday, ZonedDateTime

from bot.times.span import Impossible
from bot.times.vocabulary import MONTHS, PERIODS, TO, WEEKDAYS, Words

_LEAP_CYCLE = 8
_WEEKDAYS = {name: Weekday[day.upper()] for name, day in WEEKDAYS.items()}
_ISO_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})")
_SLASH_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}|[0-9]{2}))?")
_DOTTED_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})(\.)?([0-9]{4}|[0-9]{2})?")
_DAY_NUMBER = re.compile(r"([0-9]{1,2})(st|nd|rd|th|\.)?")
_YEAR = re.compile(r"[0-9]{4}")
_QUARTER = re.compile(r"q([1-4])")
_WORKDAYS = {"workday", "workdays"}


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a phrase is spoken: "tomorrow" counts from ``now``, "friday" is the first one whose
    end lies after ``after``. ``day_first`` tells how to read 3/4. ``is_second_half`` marks the end
    of a range, which takes the nearest fit after its start. ``is_24_hours``: 5:30 is in the
    morning. ``default`` is how long what has a start alone lasts.
    """

    now: ZonedDateTime
    after: ZonedDateTime
    day_first: bool
    is_second_half: bool = False
    is_24_hours: bool = False
    default: timedelta = timedelta(days=1)


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
    """Whether it is one of the short names that are ordinary words or names, too."""
    return word in {"sat", "sun", "wed", "mon"}


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
        _weekday_in_a_week,
        _period,
        _weekend,
        _next_workday,
        _numeric_date,
        _month_and_day,
        _month,
        _day_of_month,
        _weekday_and_date,
    )
    return next((days for reader in readers if (days := reader(words, scene))), None)


def read_day_range(words: Words, scene: Scene) -> Days | None:
    """``dec 3-5``, ``3rd to 5th of december 2026``, ``the 3rd to the 5th``: from day to day."""
    year, words = _year_at_the_end(words)
    plain = tuple(word for word in words if word != "of")
    if plain[:1] and plain[0] in MONTHS:
        plain = (*plain[1:], plain[0])
    if len(plain) not in (3, 4) or plain[1] not in TO:
        return None
    first, last = _DAY_NUMBER.fullmatch(plain[0]), _DAY_NUMBER.fullmatch(plain[2])
    if first is None or last is None:
        return None
    if len(plain) == 4 and plain[3] not in MONTHS:
        return None  # the hours of "2 to 4 tomorrow"
    if len(plain) == 4:
        return _from_day_to_day(int(first[1]), int(last[1]), MONTHS[plain[3]], year, scene)
    if not first[2] or not last[2] or year:
        return None
    return _from_day_to_day(int(first[1]), int(last[1]), None, None, scene)


def _from_day_to_day(
    first: int, last: int, month: int | None, year: int | None, scene: Scene
) -> Days | None:
    """Both days of one month: of the given one, or of the next that is not over."""
    if first >= last:
        return None
    this_month = scene.now.date().start_of("month")
    months = [this_month.add(months=later) for later in range(12 * _LEAP_CYCLE)]
    options = [
        (begins, ends.next_day())
        for each in months
        if month in (None, each.month) and year in (None, each.year)
        if (begins := _date_or_none(each.year, each.month, first))
        and (ends := _date_or_none(each.year, each.month, last))
    ]
    return Days(tuple(options)) if options else None


def _one_day(date: Date) -> tuple[Date, Date]:
    return date, date.next_day()


def _relative_day(words: Words, scene: Scene) -> Days | None:
    offsets = {
        ("yesterday",): -1,
        ("today",): 0,
        ("tonight",): 0,
        ("tomorrow",): 1,
        ("day", "after", "tomorrow"): 2,
        ("today", "week"): 7,
        ("tomorrow", "week"): 8,
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


def _weekday_in_a_week(words: Words, scene: Scene) -> Days | None:
    """``friday next week``, ``next week friday``, ``monday of next week``; ``monday week``."""
    plain = tuple(word for word in words if word not in {"of", "on"})
    today = scene.now.date()
    if len(plain) == 2 and plain[1] == "week" and plain[0] in _WEEKDAYS:
        return Days((_one_day(today.nth_weekday(1, _WEEKDAYS[plain[0]]).add(weeks=1)),))
    if len(plain) != 3:
        return None
    if plain[-1] in _WEEKDAYS:
        plain = (plain[-1], *plain[:2])
    if plain[0] not in _WEEKDAYS or plain[1:] not in {("this", "week"), ("next", "week")}:
        return None
    monday = today.start_of("week_mon").add(weeks=1 if plain[1] == "next" else 0)
    return Days((_one_day(monday.add(days=_WEEKDAYS[plain[0]].value - 1)),))


def _period(words: Words, scene: Scene) -> Days | None:
    if len(words) == 1 and (found := _QUARTER.fullmatch(words[0])):
        return _quarter(int(found[1]), scene)
    if len(words) == 1 and _YEAR.fullmatch(words[0]):
        return _whole_year(int(words[0]), scene)
    if len(words) != 2 or words[0] not in {"this", "next"} or words[1] not in PERIODS:
        return None
    bounds = _bounds(words[1], scene.now.date())
    if words[0] == "this":
        return Days((bounds[:2],))
    return Days((bounds[1:],), edge_is_unclear=True)


def _bounds(period: str, today: Date) -> tuple[Date, Date, Date]:
    """Where the present period begins, the next one, and the one after."""
    if period == "week":
        first = today.start_of("week_mon")
        return first, first.add(weeks=1), first.add(weeks=2)
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    first = today.start_of("year" if period == "year" else "month")
    if period == "quarter":
        first = first.subtract(months=(first.month - 1) % 3)
    return first, first.add(months=months), first.add(months=2 * months)


def _quarter(number: int, scene: Scene) -> Days:
    january = scene.after.date().start_of("year")
    firsts = [january.add(years=later, months=3 * (number - 1)) for later in range(2)]
    return Days(
        tuple((first, first.add(months=3)) for first in firsts), is_weak=True, edge_is_unclear=True
    )


def _whole_year(year: int, scene: Scene) -> Days | None:
    if not scene.now.year <= year < scene.now.year + _LEAP_CYCLE:
        return None
    january = Date(year, 1, 1)
    return Days(((january, january.add(years=1)),), is_weak=True, edge_is_unclear=True)


def _weekend(words: Words, scene: Scene) -> Days | None:
    if words[-1] != "weekend" or len(words) > 2:
        return None
    saturday = scene.now.date().start_of("week_mon").add(days=5)
    weekends = [(each, each.add(days=2)) for each in (saturday, saturday.add(weeks=1))]
    if len(words) == 1 or words[0] in {"this", "coming"}:
        return Days(tuple(weekends), edge_is_unclear=True)
    return Days(tuple(weekends), keep=2) if words[0] == "next" else None


def _next_workday(words: Words, scene: Scene) -> Days | None:
    if len(words) != 2 or words[0] != "next" or words[1] not in _WORKDAYS:
        return None
    return Days((_one_day(_after_workdays(scene.now.date(), 1)),))


def _after_workdays(date: Date, count: int) -> Date:
    """So many working days later; from a weekend counted as from the Friday before."""
    weekday = date.day_of_week().value
    if weekday > 5:
        date, weekday = date.subtract(days=weekday - 5), 5
    weeks, rest = divmod(count, 5)
    return date.add(weeks=weeks, days=rest + (2 if weekday + rest > 5 else 0))


def after_workdays(moment: ZonedDateTime, count: int) -> ZonedDateTime:
    """The same clock time so many working days later; a weekend counts as its Monday's start."""
    if moment.date().day_of_week().value > 5:
        monday = moment.date().start_of("week_mon").add(weeks=1)
        last = _after_workdays(monday.subtract(days=3), count)
        return last.next_day().at(Time()).assume_tz(moment.tz_id or "UTC")
    return moment.replace_date(_after_workdays(moment.date(), count))


def _numeric_date(words: Words, scene: Scene) -> Days | None:
    if len(words) != 1:
        return None
    if found := _ISO_DATE.fullmatch(words[0]):
        return _dated(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED_DATE.fullmatch(words[0]):
        return _dotted_date(found, scene)
    if found := _SLASH_DATE.fullmatch(words[0]):
        day, month = int(found[1]), int(found[2])
        if not scene.day_first:
            day, month = month, day
        if found[3]:
            return _dated(_full_year(found[3]), month, day)
        return _every_year(month, day, scene, is_weak=True)
    return None


def _dotted_date(found: re.Match[str], scene: Scene) -> Days | None:
    """``24.12.2026``, ``24.12.``, and beside "until" ``24.12``."""
    day, month = int(found[1]), int(found[2])
    if found[4]:
        return _dated(_full_year(found[4]), month, day) if found[3] else None
    return _every_year(month, day, scene, is_weak=not found[3])


def _full_year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _year_at_the_end(words: Words) -> tuple[int | None, Words]:
    if len(words) > 2 and _YEAR.fullmatch(words[-1]):
        return int(words[-1]), words[:-1]
    return None, words


def _month_and_day(words: Words, scene: Scene) -> Days | None:
    year, words = _year_at_the_end(words)
    pair = tuple(word for word in words if word != "of")
    if len(pair) != 2 or len(words) > 3:
        return None
    if pair[0] in MONTHS:
        pair = pair[1], pair[0]
    day, month = _DAY_NUMBER.fullmatch(pair[0]), MONTHS.get(pair[1])
    if day is None or month is None:
        return None
    if year is not None:
        return _dated(year, month, int(day[1]))
    return _every_year(month, int(day[1]), scene)


def _weekday_and_date(words: Words, scene: Scene) -> Days | None:
    """``friday 27 november``, if it is a Friday."""
    found = _named_and_next(words, scene)
    return Days((found[1],)) if found and found[1][0].day_of_week() == found[0] else None


def refuse_wrong_weekday(words: Words, scene: Scene) -> None:
    """Raise Impossible for the name of another day before a date: ``friday 28 november``."""
    for start in range(len(words)):
        for end in range(min(start + 5, len(words)), start + 1, -1):
            found = _named_and_next(words[start:end], scene)
            if found is None:
                continue
            day, (date, _) = found
            if date.day_of_week() != day:
                real = f"{date.format('D MMMM')} is a {date.format('EEEE')}"
                raise Impossible(" ".join(words), f"{real}, not a {day.name.title()}")
            break


def _named_and_next(words: Words, scene: Scene) -> tuple[Weekday, tuple[Date, Date]] | None:
    """The day of the week in ``friday 27 november``, and the date that is to come."""
    day = _WEEKDAYS.get(words[0])
    rest = words[1:]
    if day is None or not rest or (len(rest) == 1 and "/" in rest[0]):
        return None
    days = _numeric_date(rest, scene) or _month_and_day(rest, scene) or _day_of_month(rest, scene)
    if days is None:
        return None
    to_come = [option for option in days.options if option[1] > scene.after.date()]
    return day, (to_come or days.options)[0]


def _month(words: Words, scene: Scene) -> Days | None:
    year = None
    if len(words) == 2 and _YEAR.fullmatch(words[1]):
        year = int(words[1])
    elif len(words) != 1:
        return None
    if words[0] not in MONTHS:
        return None
    this_year = scene.after.date().start_of("year")
    january = [this_year.add(years=later) for later in range(2)]
    if year is not None:
        january = [Date(year, 1, 1)]
    firsts = [date.add(months=MONTHS[words[0]] - 1) for date in january]
    options = tuple((first, first.add(months=1)) for first in firsts)
    return Days(options, is_weak=year is None, edge_is_unclear=True)


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
