"""Elapsed time in words or compact form: ``2h30m``, ``3 days``, ``an hour and a half``.

Months and years are calendar units without a fixed length; working days are Monday to Friday.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from fractions import Fraction

from bot.times.numbers import number_in, take_and_a_half, take_number
from bot.times.span import UNIT_SECONDS, NotATime, NotPositive, TooLarge
from bot.times.vocabulary import ARTICLES, TO, UNITS, VAGUE, Words

_LONGEST_SETTING = 40
_SECONDS_IN = UNIT_SECONDS | {"fortnight": 2 * UNIT_SECONDS["week"]}
_MONTHS_IN = {"month": 1, "year": 12}
_WHOLE = {"full", "whole", "entire"}
_SIGNS = {"-", "−", "–"}

_PIECE = re.compile(r"([0-9]*[.,]?[0-9]*[½¼¾⅓⅔]?)([a-z]+)")
_HOURS_AND_MINUTES = re.compile(r"([0-9]{1,4})h([0-9]{2})")
_HOURS_WITH_COLON = re.compile(r"([0-9]|1[0-2]):([0-5][0-9])")
_PLAIN = re.compile(r"([1-9][0-9]{0,2})([mhdw])")
_PLAIN_UNITS = {"m": "minute", "h": "hour", "d": "day", "w": "week"}
_STRICT = re.compile(r"(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?")
_ATTEMPT = re.compile(r"[-+−–>≥]?\d[\d.,]*([^\W\d_]+)(?:\d[\d.,]*[^\W\d_]+)*[-–—+<]?(?:/.*)?")
_ORDINALS = {"st", "nd", "rd", "th"}


@dataclass(frozen=True, slots=True)
class Length:
    """Elapsed time plus calendar months, or working days; at least one of them is positive."""

    elapsed: timedelta = timedelta()
    months: int = 0
    workdays: int = 0

    @property
    def is_of_days(self) -> bool:
        """Whether it is one or more whole days."""
        return bool(self.months or self.workdays) or not self.elapsed % timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Part:
    """A number of units."""

    number: Fraction
    unit: str


def plain_length(text: str) -> timedelta | None:
    """``2h``, ``30m``, ``3d``: what is typed most, read at once; None for anything else."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    return timedelta(seconds=int(found[1]) * UNIT_SECONDS[_PLAIN_UNITS[found[2]]])


def parse_duration(text: str) -> timedelta:
    """A settings value in the strict compact form: ``5m``, ``30d``, ``1d12h``.

    Units w d h m s, lower case, each at most once, largest first, no spaces. Raises NotATime,
    NotPositive for zero, TooLarge.
    """
    if not text or len(text) > _LONGEST_SETTING or not _STRICT.fullmatch(text):
        raise NotATime(text)
    lengths = read_lengths((text,))
    if not lengths:
        raise NotATime(text)
    return lengths[0].elapsed


def read_lengths(words: Words) -> list[Length]:
    """What the words, taken whole and in lower case, can mean as a length; empty for none.

    There are two for ``2-3 hours`` and ``a few days``. Raises NotPositive for zero or negative
    numbers, TooLarge.
    """
    said = " ".join(words)
    try:
        read = (_total(parts, said) for parts in _alternatives(words))
        return [length for length in read if length is not None]
    except OverflowError as error:
        raise TooLarge(said) from error


def is_attempt(word: str) -> bool:
    """Whether a word that is no length was clearly meant as one: ``2x``, ``2hh``, ``2h-``.

    That is digits (of any script) glued to a single letter, or to letters that are or nearly are
    a unit. Ordinals (``3rd``) and other compounds (``2fa``, ``3D-printing``) are ordinary words.
    """
    found = _ATTEMPT.fullmatch(word)
    if found is None or found[1] in _ORDINALS:
        return False
    letters = found[1]
    if len(letters) <= 2:
        return len(letters) == 1 or letters[0] in "smhdw"
    return len(letters) <= 10 and bool(get_close_matches(letters, UNITS, 1, 0.7))


def _alternatives(words: Words) -> list[list[_Part]]:
    words = _without_next(words)
    rest = words[1:] if words[:1] == ("a",) else words
    if rest and rest[0] in VAGUE and len(rest) > 1:
        rest = (rest[0], *rest[2:]) if rest[1] == "of" else rest
        return [
            parts
            for number in VAGUE[rest[0]]
            if (parts := _parts((str(number), *rest[1:]))) is not None
        ]
    if either := _either(words):
        return either
    parts = _parts(words)
    return [] if parts is None else [parts]


def _without_next(words: Words) -> Words:
    """Without what leads on: ``the next 2 hours``, ``another 2 hours``, ``2 more hours``."""
    is_led = words[:1] in {("next",), ("another",)}
    if is_led and (take_number(words[1:]) or words[1:2] in {(vague,) for vague in VAGUE}):
        words = words[1:]
    if len(words) > 2 and words[1] in _WHOLE:
        words = (words[0], *words[2:])
    if len(words) > 2 and words[1] == "more":
        words = (words[0], *words[2:])
    return words[:-1] if len(words) > 1 and words[-1] in {"more", "longer"} else words


def _either(words: Words) -> list[list[_Part]]:
    """``2-3 hours``, ``2 or 3 days``, ``1h-2h``, ``between 2 and 3 hours``."""
    words = words[1:] if words[:1] == ("from",) else words
    for cut in range(1, len(words) - 1):
        if words[cut] not in TO | {"or"}:
            continue
        last = _parts(words[cut + 1 :])
        if last is None or len(last) != 1:
            return []
        first = _parts((*words[:cut], last[0].unit)) or _parts(words[:cut])
        return [first, last] if first else []
    return []


def _parts(words: Words) -> list[_Part] | None:
    parts: list[_Part] = []
    while words:
        taken = _take(words)
        if taken is None:
            return None
        parts += taken[0]
        words = taken[1]
        if words[:1] == ("and",) and len(words) > 1:
            words = words[1:]
        elif words and words[0] in ARTICLES:
            return None  # "2h a day"
    return parts


def _take(words: Words) -> tuple[list[_Part], Words] | None:
    """The first part of a length and the words after it."""
    if glued := _glued(words[0]):
        return glued, words[1:]
    if words[0] == "fortnight" or words[:4] == ("hour", "and", "a", "half"):
        words = ("a", *words)
    is_in_hours = len(words) == 2 and UNITS.get(words[1]) == "hour"
    if is_in_hours and (found := _HOURS_WITH_COLON.fullmatch(words[0])):
        return [_Part(number, unit) for number, unit in _clocked(found) if number], ()
    taken = take_number(words)
    if taken is None or not taken[1] or taken[1][0] not in UNITS:
        return None
    number, (name, *after) = taken
    rest = tuple(after)
    if more := take_and_a_half(rest):
        number, rest = number + more[0], more[1]
    return [_Part(number, UNITS[name])], rest


def _glued(word: str) -> list[_Part]:
    """The parts of a word such as ``2h30m``, ``-2h`` or ``2h30``; empty when it is none."""
    sign = -1 if word[:1] in _SIGNS else 1
    digits = word[1:] if sign == -1 else word
    if (found := _HOURS_WITH_COLON.fullmatch(digits.removesuffix("h"))) and digits[-1] == "h":
        return [_Part(sign * number, unit) for number, unit in _clocked(found) if number]
    if found := _HOURS_AND_MINUTES.fullmatch(digits):
        digits = f"{found[1]}h{found[2]}m"
    parts, position = [], 0
    for piece in _PIECE.finditer(digits):
        number = number_in(piece[1])
        if piece.start() != position or piece[2] not in UNITS or number is None:
            return []
        parts.append(_Part(sign * number, UNITS[piece[2]]))
        position = piece.end()
    return parts if position == len(digits) else []


def _clocked(found: re.Match[str]) -> list[tuple[Fraction, str]]:
    """``1:30 hours``"""
    return [(Fraction(found[1]), "hour"), (Fraction(found[2]), "minute")]


def _total(parts: list[_Part], said: str) -> Length | None:
    units = [part.unit for part in parts]
    if len(set(units)) != len(units) or not parts:
        return None
    seconds = sum(part.number * _SECONDS_IN.get(part.unit, 0) for part in parts)
    months = sum(part.number * _MONTHS_IN.get(part.unit, 0) for part in parts)
    workdays = sum(part.number for part in parts if part.unit == "workday")
    if Fraction(months).denominator != 1 or Fraction(workdays).denominator != 1:
        return None
    if workdays and len(parts) > 1:
        return None
    if any(part.number < 0 for part in parts) or int(seconds) + months + workdays == 0:
        raise NotPositive(said)
    return Length(timedelta(seconds=int(seconds)), int(months), int(workdays))
