"""Days and clock times that there are not, named: ``feb 30``, ``25:00``, ``13pm``."""

import calendar
import re
from itertools import pairwise

from bot.times.span import Impossible
from bot.times.vocabulary import FROM, MONTHS, TO, WEEKDAYS, Words

_LEAP_YEAR = 2028
_MARKS = TO | FROM | {"by", "at", "on", "before"} | WEEKDAYS.keys()
_DAY = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.)?")
_YEAR = re.compile(r"[0-9]{4}")
_ISO_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})")
_DATE = re.compile(r"([0-9]{1,2})[./]([0-9]{1,2})(?:[./]([0-9]{4})?)?")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_TWELVE_HOURS = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?[ap]m")


def refuse_impossible(words: Words, text: str) -> None:
    """Raise Impossible when the words name a day or a clock time that there is not."""
    for before, word in pairwise(("", *words)):
        if not word[:1].isdigit():
            continue
        if _is_no_clock(word):
            raise Impossible(text, f"there is no {word} on the clock")
        if _is_no_date(word, is_marked=before in _MARKS):
            raise Impossible(text, f"there is no {word} in the calendar")
    plain = tuple(word for word in words if word != "of")
    for index, (first, second) in enumerate(pairwise(plain)):
        day, month = (first, second) if second in MONTHS else (second, first)
        found = _DAY.fullmatch(day)
        if month not in MONTHS or not found:
            continue
        after = plain[index + 2] if index + 2 < len(plain) else ""
        year = int(after) if _YEAR.fullmatch(after) else _LEAP_YEAR
        is_marked = index > 0 and plain[index - 1] in _MARKS
        if _is_no_day(int(found[1]), MONTHS[month], year) and (is_marked or int(found[1]) <= 31):
            said = f"{int(found[1])} {calendar.month_name[MONTHS[month]]}"
            raise Impossible(text, f"there is no {said}{f' {year}' if year != _LEAP_YEAR else ''}")


def _is_no_clock(word: str) -> bool:
    if found := _TWELVE_HOURS.fullmatch(word):
        return not 1 <= int(found[1]) <= 12 or int(found[2] or 0) > 59
    found = _CLOCK.fullmatch(word)
    if found is None or word in {"24:00", "24:00:00"}:
        return False
    return int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59


def _is_no_date(word: str, *, is_marked: bool) -> bool:
    if found := _ISO_DATE.fullmatch(word):
        return _is_no_day(int(found[3]), int(found[2]), int(found[1]))
    found = _DATE.fullmatch(word)
    if not found or not (is_marked or found[3]):
        return False
    first, second, year = int(found[1]), int(found[2]), int(found[3] or _LEAP_YEAR)
    is_clock = "." in word and first < 24 and second < 60 and not found[3]
    return (
        not is_clock
        and _is_no_day(first, second, year)
        and ("." in word or _is_no_day(second, first, year))
    )


def _is_no_day(day: int, month: int, year: int) -> bool:
    if not 1 <= month <= 12 or not 1 <= year <= 9999:
        return True
    return not 1 <= day <= calendar.monthrange(year, month)[1]
