"""Quick choices of a time, as a form offers them, and what was filled in beside them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from whenever import TimeZoneNotFoundError, ZonedDateTime

from bot.times.saying import local_time
from bot.times.span import Span

FRIDAY = 5


@dataclass(frozen=True, slots=True)
class Picked:
    """What a form holds about one time; what is empty was left alone.

    ``choice`` is text that ``read_span`` reads; ``is_own_choice`` says that the form did not open
    with it. ``is_other``: the time is in ``words``, or in ``moment``, which is in Unix seconds.
    """

    choice: str = ""
    is_own_choice: bool = False
    is_other: bool = False
    words: str = ""
    moment: int | None = None


def whole_days(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """From the beginning of the one day to the end of the other, as the clocks of ``zone`` go; in
    UTC where that is unknown. Raises ValueError for days that no calendar holds."""
    begins, ends = _noon(first, zone), _noon(last, zone).add(days=1)
    return _midnight(begins), _midnight(ends)


def days_of(starts: datetime, until: datetime, zone: str) -> tuple[date, date]:
    """The first and the last day of a stretch, by the clocks of ``zone``."""
    ends = local_time(until - timedelta(seconds=1), zone)
    return local_time(starts, zone).date().to_stdlib(), ends.date().to_stdlib()


def _noon(day: date, zone: str) -> ZonedDateTime:
    """Which every day has, in every zone."""
    try:
        return ZonedDateTime(day.year, day.month, day.day, 12, tz=zone)
    except TimeZoneNotFoundError:
        return ZonedDateTime(day.year, day.month, day.day, 12, tz="UTC")


def _midnight(moment: ZonedDateTime) -> datetime:
    return moment.start_of("day").to_instant().to_stdlib()


def quick_choices(now: datetime, zone: str) -> list[tuple[str, Span]]:
    """Words and meaning of the usual lengths; days are those of ``zone``, and end with it.

    "Until Friday" is the next one that is not today.
    """
    today = local_time(now, zone).start_of("day")
    to_friday = (FRIDAY - today.date().day_of_week().value) % 7 or 7
    days = {0: "Until the end of today, ", to_friday: "Until the end of "}
    spans = [("2 hours", Span(length=timedelta(hours=2)))]
    for ahead, words in days.items():
        named = today.add(days=ahead).date().format("EEEE D MMMM")
        end = today.add(days=ahead + 1).to_instant().to_stdlib()
        spans.append((f"{words}{named}", Span(until=end)))
    return spans
