"""Days as they are named: which stretches of days the words can mean, before any clock time."""

from dataclasses import replace

import pytest
from whenever import ZonedDateTime

from bot.times.days import (
    Days,
    Scene,
    after_workdays,
    is_day_name,
    is_short_day_name,
    read_day_range,
    read_days,
    refuse_wrong_weekday,
)
from bot.times.span import Impossible

NOW = ZonedDateTime.parse_iso("2026-11-25T10:00+01:00[Europe/Berlin]")  # a Wednesday
HERE = Scene(NOW, NOW, day_first=True)


def shown(days: Days | None) -> str:
    """Each stretch by its first day and the day after its last, two at most; how many there are;
    and what is not as usual."""
    if days is None:
        return "none"
    stretches = [f"{first.format_iso()}..{last.format_iso()}" for first, last in days.options]
    parts = [
        " | ".join(stretches[:2]),
        f"of {len(stretches)}" if len(stretches) > 2 else "",
        f"keep {days.keep}" if days.keep > 1 else "",
        "weak" if days.is_weak else "",
        "unclear" if days.edge_is_unclear else "",
    ]
    return " ".join(part for part in parts if part)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("yesterday", "2026-11-24..2026-11-25"),
        ("today", "2026-11-25..2026-11-26"),
        ("tonight", "2026-11-25..2026-11-26"),
        ("tomorrow", "2026-11-26..2026-11-27"),
        ("day after tomorrow", "2026-11-27..2026-11-28"),
        ("today week", "2026-12-02..2026-12-03"),
        ("tomorrow week", "2026-12-03..2026-12-04"),
        ("friday", "2026-11-27..2026-11-28"),
        ("fri", "2026-11-27..2026-11-28"),
        ("wednesday", "2026-11-25..2026-11-26 | 2026-12-02..2026-12-03 keep 2"),
        ("this friday", "2026-11-27..2026-11-28"),
        ("coming friday", "2026-11-27..2026-11-28"),
        ("this wednesday", "2026-11-25..2026-11-26"),
        ("coming wednesday", "2026-11-25..2026-11-26"),
        ("last friday", "2026-11-20..2026-11-21"),
        ("last wednesday", "2026-11-18..2026-11-19"),
        ("next friday", "2026-11-27..2026-11-28 | 2026-12-04..2026-12-05 keep 2"),
        ("next wednesday", "2026-12-02..2026-12-03 keep 2"),
        ("next monday", "2026-11-30..2026-12-01 keep 2"),
        ("next sunday", "2026-11-29..2026-11-30 | 2026-12-06..2026-12-07 keep 2"),
        ("friday next week", "2026-12-04..2026-12-05"),
        ("friday this week", "2026-11-27..2026-11-28"),
        ("friday of next week", "2026-12-04..2026-12-05"),
        ("friday on this week", "2026-11-27..2026-11-28"),
        ("next week friday", "2026-12-04..2026-12-05"),
        ("next week on friday", "2026-12-04..2026-12-05"),
        ("monday week", "2026-12-07..2026-12-08"),
        ("friday week", "2026-12-04..2026-12-05"),
        ("wednesday week", "2026-12-09..2026-12-10"),
        ("this week", "2026-11-23..2026-11-30"),
        ("next week", "2026-11-30..2026-12-07 unclear"),
        ("this month", "2026-11-01..2026-12-01"),
        ("next month", "2026-12-01..2027-01-01 unclear"),
        ("this quarter", "2026-10-01..2027-01-01"),
        ("next quarter", "2027-01-01..2027-04-01 unclear"),
        ("this year", "2026-01-01..2027-01-01"),
        ("next year", "2027-01-01..2028-01-01 unclear"),
        ("q1", "2026-01-01..2026-04-01 | 2027-01-01..2027-04-01 weak unclear"),
        ("q3", "2026-07-01..2026-10-01 | 2027-07-01..2027-10-01 weak unclear"),
        ("q4", "2026-10-01..2027-01-01 | 2027-10-01..2028-01-01 weak unclear"),
        ("2026", "2026-01-01..2027-01-01 weak unclear"),
        ("2027", "2027-01-01..2028-01-01 weak unclear"),
        ("2033", "2033-01-01..2034-01-01 weak unclear"),
        ("weekend", "2026-11-28..2026-11-30 | 2026-12-05..2026-12-07 unclear"),
        ("this weekend", "2026-11-28..2026-11-30 | 2026-12-05..2026-12-07 unclear"),
        ("coming weekend", "2026-11-28..2026-11-30 | 2026-12-05..2026-12-07 unclear"),
        ("next weekend", "2026-11-28..2026-11-30 | 2026-12-05..2026-12-07 keep 2"),
        ("next workday", "2026-11-26..2026-11-27"),
        ("next workdays", "2026-11-26..2026-11-27"),
        ("2026-12-01", "2026-12-01..2026-12-02"),
        ("2026/12/01", "2026-12-01..2026-12-02"),
        ("2026-2-3", "2026-02-03..2026-02-04"),
        ("24.12.2026", "2026-12-24..2026-12-25"),
        ("24.12.26", "2026-12-24..2026-12-25"),
        ("24.12.", "2026-12-24..2026-12-25 | 2027-12-24..2027-12-25 of 9"),
        ("24.12", "2026-12-24..2026-12-25 | 2027-12-24..2027-12-25 of 9 weak"),
        ("3/4", "2026-04-03..2026-04-04 | 2027-04-03..2027-04-04 of 9 weak"),
        ("3/4/2027", "2027-04-03..2027-04-04"),
        ("3/4/27", "2027-04-03..2027-04-04"),
        ("31/12", "2026-12-31..2027-01-01 | 2027-12-31..2028-01-01 of 9 weak"),
        ("1 december", "2026-12-01..2026-12-02 | 2027-12-01..2027-12-02 of 9"),
        ("december 1", "2026-12-01..2026-12-02 | 2027-12-01..2027-12-02 of 9"),
        ("1st december", "2026-12-01..2026-12-02 | 2027-12-01..2027-12-02 of 9"),
        ("1st of december", "2026-12-01..2026-12-02 | 2027-12-01..2027-12-02 of 9"),
        ("of 1 december", "2026-12-01..2026-12-02 | 2027-12-01..2027-12-02 of 9"),
        ("december 1 2026", "2026-12-01..2026-12-02"),
        ("december 1 2025", "2025-12-01..2025-12-02"),
        ("29 february", "2028-02-29..2028-03-01 | 2032-02-29..2032-03-01"),
        ("december 1st 2026", "2026-12-01..2026-12-02"),
        ("1 of december 2026", "2026-12-01..2026-12-02"),
        ("december", "2026-12-01..2027-01-01 | 2027-12-01..2028-01-01 weak unclear"),
        ("december 2026", "2026-12-01..2027-01-01 unclear"),
        ("december 2025", "2025-12-01..2026-01-01 unclear"),
        ("november", "2026-11-01..2026-12-01 | 2027-11-01..2027-12-01 weak unclear"),
        ("5th", "2026-11-05..2026-11-06 | 2026-12-05..2026-12-06 of 4 weak"),
        ("31st", "2026-12-31..2027-01-01 | 2027-01-31..2027-02-01 weak"),
        ("30th", "2026-11-30..2026-12-01 | 2026-12-30..2026-12-31 of 3 weak"),
        ("25th", "2026-11-25..2026-11-26 | 2026-12-25..2026-12-26 of 4 weak"),
        ("24th", "2026-11-24..2026-11-25 | 2026-12-24..2026-12-25 of 4 weak"),
        ("5.", "2026-11-05..2026-11-06 | 2026-12-05..2026-12-06 of 4 weak"),
        ("5th december", "2026-12-05..2026-12-06 | 2027-12-05..2027-12-06 of 9"),
        ("friday 27 november", "2026-11-27..2026-11-28"),
        ("friday 27.11.2026", "2026-11-27..2026-11-28"),
        ("friday 27th", "2026-11-27..2026-11-28"),
        ("friday 4th", "2026-12-04..2026-12-05"),
        ("friday 2026-11-27", "2026-11-27..2026-11-28"),
        ("saturday 27 november 2027", "2027-11-27..2027-11-28"),
        ("wednesday 25 november", "2026-11-25..2026-11-26"),
    ],
)
def test_days(said: str, days: str) -> None:
    """On Wednesday 25 November 2026 the words can mean these days, counted in whole days."""
    assert shown(read_days(tuple(said.split()), HERE)) == days


def test_no_days() -> None:
    """Words that name no days, days that there are not, and years too far away are none."""
    none = (
        "24.122026 | of 1 of december | "
        "day before tomorrow | every friday | week friday | friday next month | friday last "
        "week | tuesday wednesday next week | last week | this day | next day | week | q5 | "
        "q0 | 2034 | 2025 | this 2027 | last weekend | this next weekend | this workday | "
        "next weekday | 2026-02-30 | 2026-13-01 | 31.11. | 31.11.2026 | 31/4 | 3/13 | "
        "2026-12-01 friday | 31 november | 30 february 2027 | 1 december 202 | may june | "
        "first december | december 2026 2027 | 2026 december | 5 | 32nd | 5th 5th | friday 28 "
        "november | friday 27/11 | thursday 27 november 2027 | friday friday | 27 november "
        "friday | a b | 1 2 december | x december | 1 x | next | friday of | week week "
    )
    assert [each for each in none.split(" | ") if read_days(tuple(each.split()), HERE)] == []
    assert read_days((), HERE) is None


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("3/4", "2026-03-04..2026-03-05 | 2027-03-04..2027-03-05 of 9 weak"),
        ("3/4/2027", "2027-03-04..2027-03-05"),
        ("12/31", "2026-12-31..2027-01-01 | 2027-12-31..2028-01-01 of 9 weak"),
        ("31/12", "none"),
    ],
)
def test_month_first(said: str, days: str) -> None:
    """In America the month stands first."""
    assert shown(read_days((said,), replace(HERE, day_first=False))) == days


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("today", "2026-11-25..2026-11-26"),
        ("this week", "2026-11-23..2026-11-30"),
        ("friday", "2027-01-01..2027-01-02"),
        ("monday", "2026-12-28..2026-12-29 | 2027-01-04..2027-01-05 keep 2"),
        ("next friday", "2026-11-27..2026-11-28 | 2026-12-04..2026-12-05 keep 2"),
        ("this friday", "2026-11-27..2026-11-28"),
        ("5th", "2026-12-05..2026-12-06 | 2027-01-05..2027-01-06 of 4 weak"),
        ("q1", "2026-01-01..2026-04-01 | 2027-01-01..2027-04-01 weak unclear"),
        ("friday 4th", "none"),
        ("monday 4th", "2027-01-04..2027-01-05"),
        ("monday 28 december", "2026-12-28..2026-12-29"),
        ("sunday 27 december", "none"),
        ("monday 27 december", "2027-12-27..2027-12-28"),
    ],
)
def test_days_after_a_start(said: str, days: str) -> None:
    """What has no "next" or "this" is looked for behind the start of a range: 28 December."""
    start = ZonedDateTime.parse_iso("2026-12-28T10:00+01:00[Europe/Berlin]")
    assert shown(read_days(tuple(said.split()), replace(HERE, after=start))) == days


def test_the_end_of_a_range_is_the_nearest_day() -> None:
    """The end of a range on the day of its start is that day, if its hours fit, and no question."""
    ends = replace(HERE, is_second_half=True)
    both = "2026-11-25..2026-11-26 | 2026-12-02..2026-12-03"
    assert shown(read_days(("wednesday",), ends)) == both


def test_days_in_the_next_year() -> None:
    """In the last week of a year the months, quarters and dates of the next one are known."""
    start = ZonedDateTime.parse_iso("2027-01-02T10:00+01:00[Europe/Berlin]")
    late = replace(HERE, after=start)
    first = {said: shown(read_days((said,), late)) for said in ("q1", "december", "5th", "3/4")}
    assert first == {
        "q1": "2027-01-01..2027-04-01 | 2028-01-01..2028-04-01 weak unclear",
        "december": "2027-12-01..2028-01-01 | 2028-12-01..2029-01-01 weak unclear",
        "5th": "2027-01-05..2027-01-06 | 2027-02-05..2027-02-06 of 4 weak",
        "3/4": "2027-04-03..2027-04-04 | 2028-04-03..2028-04-04 of 9 weak",
    }


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("december 3 - 5", "2026-12-03..2026-12-06 | 2027-12-03..2027-12-06 of 8"),
        ("3 to 5 december", "2026-12-03..2026-12-06 | 2027-12-03..2027-12-06 of 8"),
        ("3rd to 5th of december", "2026-12-03..2026-12-06 | 2027-12-03..2027-12-06 of 8"),
        ("3rd to 5th of december 2026", "2026-12-03..2026-12-06"),
        ("3 to 5 december 2027", "2027-12-03..2027-12-06"),
        ("3 to 4 december", "2026-12-03..2026-12-05 | 2027-12-03..2027-12-05 of 8"),
        ("3rd to 5th", "2026-11-03..2026-11-06 | 2026-12-03..2026-12-06 of 96"),
        ("28 to 29 february", "2028-02-28..2028-03-01 | 2032-02-28..2032-03-01"),
        ("30th to 31st", "2026-12-30..2027-01-01 | 2027-01-30..2027-02-01 of 56"),
        ("24 to 25 november", "2026-11-24..2026-11-26 | 2027-11-24..2027-11-26 of 8"),
    ],
)
def test_day_range(said: str, days: str) -> None:
    """Both days are of one month: the one that is named, or any that has them and is not over."""
    assert shown(read_day_range(tuple(said.split()), HERE)) == days


def test_no_day_range() -> None:
    """Without "to", a month or endings, backwards, or with days that no month has, it is none."""
    none = (
        "3 to 5 december 2025 | 3rd to 5 | 3 to 5th | 3 to 5 | 3rd to 5th 2026 | 3 5 december "
        "| 3 and 5 december | 5 to 3 december | 3 to 3 december | 3 to 5 friday | x to 5 december "
        "| 3 to x december | 30 to 31 february | 31st to 32nd | december | december 3 to | 3 to "
        "| december 3 to 5 december"
    )
    assert [each for each in none.split(" | ") if read_day_range(tuple(each.split()), HERE)] == []
    assert read_day_range((), HERE) is None


@pytest.mark.parametrize(
    ("day", "later"),
    [
        ("2026-11-23T10:00", "24T10:00 25T10:00 26T10:00 30T10:00 01T10:00 08T10:00"),
        ("2026-11-25T10:00", "26T10:00 27T10:00 30T10:00 02T10:00 03T10:00 10T10:00"),
        ("2026-11-27T10:00", "30T10:00 01T10:00 02T10:00 04T10:00 07T10:00 14T10:00"),
        ("2026-11-28T10:00", "01T00:00 02T00:00 03T00:00 05T00:00 08T00:00 15T00:00"),
        ("2026-11-29T10:00", "01T00:00 02T00:00 03T00:00 05T00:00 08T00:00 15T00:00"),
    ],
)
def test_after_workdays(day: str, later: str) -> None:
    """One, two, three, five, six and eleven working days later; a weekend waits for its Monday."""
    moment = ZonedDateTime.parse_iso(f"{day}+01:00[Europe/Berlin]")
    found = [after_workdays(moment, count) for count in (1, 2, 3, 5, 6, 11)]
    assert [each.to_plain().format_iso()[8:16] for each in found] == later.split()
    assert {each.tz_id for each in found} == {"Europe/Berlin"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("until friday 28 november", "28 November is a Saturday, not a Friday"),
        ("friday 28th noon", "28 November is a Saturday, not a Friday"),
        ("friday 28th", "28 November is a Saturday, not a Friday"),
        ("friday 28th of november 2026 noon", "28 November is a Saturday, not a Friday"),
        ("monday 24 november", "24 November is a Wednesday, not a Monday"),
        ("friday 27 november to sat 29 november", "29 November is a Sunday, not a Saturday"),
        ("thursday 2026-11-27", "27 November is a Friday, not a Thursday"),
    ],
)
def test_wrong_weekday(said: str, why: str) -> None:
    """The name of another day before a date is refused, and what day it is said."""
    with pytest.raises(Impossible) as raised:
        refuse_wrong_weekday(tuple(said.split()), HERE)
    assert (raised.value.text, raised.value.why) == (said, why)


@pytest.mark.parametrize("said", ["friday 27 november", "friday 3/4", "28 november", "friday", ""])
def test_no_wrong_weekday(said: str) -> None:
    """The right name, no name, and what may be a fraction or either of two dates are let pass."""
    refuse_wrong_weekday(tuple(said.split()), HERE)


@pytest.mark.parametrize("day", [27, 28, 29])
def test_the_next_working_day_after_a_week(day: int) -> None:
    """On Friday, Saturday and Sunday the next working day is Monday."""
    now = NOW.replace(day=day, disambiguation="raise")
    days = read_days(("next", "workday"), replace(HERE, now=now, after=now))
    assert shown(days) == "2026-11-30..2026-12-01"


def test_names_of_days() -> None:
    """A word that names one day; and those of them that are ordinary words."""
    days = ("friday", "fri", "today", "tonight", "tomorrow")
    assert [word for word in days if not is_day_name(word)] == []
    assert [word for word in ("yesterday", "5th", "week") if is_day_name(word)] == []
    words = ("sat", "sun", "wed", "mon", "fri", "tue", "thu", "saturday")
    assert [word for word in words if is_short_day_name(word)] == ["sat", "sun", "wed", "mon"]
