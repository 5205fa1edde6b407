"""Clock times as people say them: ``5pm``, ``17:30``, ``17h30``, ``half past five``, ``noon``.

Without am or pm and without a leading zero, 5:30 can mean two times of the day; a phrase in which
another clock time can only be one of 24 hours ("9:00-17:30") shows that all of them are.
"""

import re
from dataclasses import dataclass

from whenever import Time

from bot.times.vocabulary import CLOSE, NUMBERS, Words

MIDNIGHT, NOON, EVENING = Time(), Time(12), Time(18)
MORNING = Time(9)
_NAMED = {
    "noon": NOON,
    "midday": NOON,
    "morning": MORNING,
    "evening": EVENING,
    CLOSE: Time(17),
}
_TWELVE_HOURS = re.compile(r"([0-9]{1,2})(?:[:.]?([0-9]{2}))?([ap])m?")
_HOUR_AND_MINUTE = re.compile(r"([0-9]{1,2})[:.h]([0-9]{2})(?::([0-9]{2}))?")
_HOUR_WITH_H = re.compile(r"([0-9]{1,2})h")
_MILITARY = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])")
_HOUR = re.compile(r"[0-9]{1,2}")
_OF_24_HOURS = re.compile(r"(?:0[0-9]?|1[3-9]|2[0-4])(?:[:.][0-9]{2}(?::[0-9]{2})?|h[0-9]{0,2})")
_HOUR_UNITS = {"h", "hr", "hrs", "hour", "hours"}
_MINUTES = {"ten", "fifteen", "twenty", "thirty", "forty", "fifty"}  # behind an hour
_YEARS = range(2020, 2060)


@dataclass(frozen=True, slots=True)
class Clock:
    """Clock times a phrase may mean, each with the days it lies after the named day.

    ``is_bare`` marks numbers that are a clock time only where one is expected: ``5``, ``17.30``.
    """

    options: tuple[tuple[Time, int], ...]
    is_bare: bool = False


def uses_24_hours(words: Words) -> bool:
    """Whether one of the clock times can only be one of 24 hours."""
    return any(_OF_24_HOURS.fullmatch(word) for word in words)


def is_hour(word: str) -> bool:
    """Whether the word is a number that can be an hour."""
    return _HOUR.fullmatch(word) is not None


def read_clock(words: Words, *, is_24_hours: bool = False) -> Clock | None:
    """The clock time that the words, taken whole and in lower case, are; None for none."""
    if words[:1] == ("at",):
        words = words[1:]
    if not words:
        return None
    if words[-1] == "o'clock" and len(words) == 2:
        return _hour(words[0], 0, is_24_hours=is_24_hours)
    if len(words) == 2 and words[1] in _HOUR_UNITS and ":" in words[0]:
        words = words[:1]
    if past := _past(words):
        return _halves(past, is_24_hours=is_24_hours, is_bare=True)
    if len(words) > 1:
        return None
    return _one_word(words[0], is_24_hours=is_24_hours)


def _one_word(text: str, *, is_24_hours: bool) -> Clock | None:
    if text == "midnight":
        return Clock(((MIDNIGHT, 0), (MIDNIGHT, 1)))
    if text in _NAMED:
        return Clock(((_NAMED[text], 0),))
    if found := _TWELVE_HOURS.fullmatch(text):
        return _twelve_hours(int(found[1]), int(found[2] or 0), found[3])
    if text in {"24:00", "24.00", "24h", "24h00"}:
        return Clock(((MIDNIGHT, 1),))
    if "h" in text and not (is_24_hours or uses_24_hours((text,))):
        return None  # a length
    if found := _HOUR_AND_MINUTE.fullmatch(text):
        return _hour_and_minute(found, is_24_hours=is_24_hours)
    if found := _HOUR_WITH_H.fullmatch(text):
        hour = int(found[1])
        return Clock(((Time(hour), 0),), is_bare=True) if hour < 24 else None
    if (found := _MILITARY.fullmatch(text)) and int(text) not in _YEARS:
        return Clock(((Time(int(found[1]), int(found[2])), 0),), is_bare=True)
    return _hour(text, 0, is_24_hours=is_24_hours)


def _twelve_hours(hour: int, minute: int, half: str) -> Clock | None:
    if not 1 <= hour <= 12 or minute > 59:
        return None
    return Clock(((Time(hour % 12 + (12 if half == "p" else 0), minute), 0),))


def _hour_and_minute(found: re.Match[str], *, is_24_hours: bool) -> Clock | None:
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    time = Time(hour, minute, second)
    is_bare = ":" not in found[0]
    if is_24_hours or found[3] or uses_24_hours((found[0],)):
        return Clock(((time, 0),), is_bare=is_bare)
    return _halves(time, is_24_hours=False, is_bare=is_bare)


def _hour(text: str, minute: int, *, is_24_hours: bool) -> Clock | None:
    """A bare number; in words only up to twelve."""
    hour = NUMBERS.get(text, 24)
    if _HOUR.fullmatch(text):
        hour = int(text)
    elif hour > 12:
        return None
    if hour > 23:
        return None
    return _halves(Time(hour, minute), is_24_hours=is_24_hours, is_bare=True)


def _halves(time: Time, *, is_24_hours: bool, is_bare: bool) -> Clock:
    """The time in the morning and twelve hours later, where it can be both."""
    if is_24_hours or not 1 <= time.hour <= 12:
        return Clock(((time, 0),), is_bare=is_bare)
    if time.hour == 12:
        return Clock(((time, 0), (time.replace(hour=0), 1)), is_bare=is_bare)
    return Clock(((time, 0), (time.replace(hour=time.hour + 12), 0)), is_bare=is_bare)


def _past(words: Words) -> Time | None:
    """``half past 5``, ``ten to six``, ``five thirty``; ``half 5`` is half past in Britain."""
    if words[:1] == ("a",):
        words = words[1:]
    if len(words) == 2 and words[0] == "half":
        words = ("half", "past", words[1])
    if len(words) == 2 and NUMBERS.get(words[0], 13) <= 12 and words[1] in _MINUTES:
        return Time(NUMBERS[words[0]], NUMBERS[words[1]])
    if len(words) != 3 or words[1] not in {"past", "to"}:
        return None
    minute = {"half": 30, "quarter": 15}.get(words[0], NUMBERS.get(words[0], 0))
    hour = int(words[2]) if words[2].isdecimal() and len(words[2]) < 3 else NUMBERS.get(words[2], 0)
    if not minute or minute > 30 or not 1 <= hour <= 12 or (minute == 30 and words[1] == "to"):
        return None
    if words[1] == "past":
        return Time(hour, minute)
    return Time(hour - 1 if hour > 1 else 12, 60 - minute)
