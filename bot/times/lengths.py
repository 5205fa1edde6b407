"""Elapsed time in words or compact form: ``2h30m``, ``3 days``, ``an hour and a half``.

Only ASCII digits count as numbers. Months and years are calendar units without a fixed length.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from fractions import Fraction

from bot.times.days import Words
from bot.times.span import UNIT_SECONDS, NotATime, NotPositive, TooLarge

_LONGEST_SETTING = 40
_MOST_DIGITS = 9
_TOO_LARGE = Fraction(10**18)
_SECONDS_IN = {
    name: UNIT_SECONDS[unit]
    for unit, names in {
        "second": "s sec secs second seconds",
        "minute": "m min mins minute minutes",
        "hour": "h hr hrs hour hours",
        "day": "d day days",
        "week": "w wk wks week weeks",
    }.items()
    for name in names.split()
}
_MONTHS_IN = {"month": 1, "months": 1, "year": 12, "years": 12}
_NUMBERS = {
    name: number
    for number, name in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ],
        1,
    )
}
_NUMBERS |= {"a": 1, "an": 1, "another": 1}
_AND_A_HALF = ("and", "a", "half")
_HALF = Fraction(1, 2)
_SIGNS = {"-", "−", "–"}

_NUMBER = re.compile(r"([-−–]?)([0-9]+(?:\.[0-9]+)?)")
_PIECE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([a-z]+)")
_HOURS_AND_MINUTES = re.compile(r"([0-9]{1,4})h([0-9]{2})")
_STRICT = re.compile(r"(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?")
_ATTEMPT = re.compile(r"[-+−–]?\d[\d.,]*([^\W\d_]+)(?:\d[\d.,]*[^\W\d_]+)*[-–—]?")
_ORDINALS = {"st", "nd", "rd", "th"}


@dataclass(frozen=True, slots=True)
class Length:
    """Elapsed time plus calendar months; at least one of the two is positive."""

    elapsed: timedelta = timedelta()
    months: int = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """A number of units: of ``seconds`` each, or of ``months`` each."""

    number: Fraction
    seconds: int = 0
    months: int = 0


def parse_duration(text: str) -> timedelta:
    """A settings value in the strict compact form: ``5m``, ``30d``, ``1d12h``.

    Units w d h m s, lower case, each at most once, largest first, no spaces. Raises NotATime,
    NotPositive for zero, TooLarge.
    """
    if not text or len(text) > _LONGEST_SETTING or not _STRICT.fullmatch(text):
        raise NotATime(text)
    length = read_length((text,))
    if length is None:
        raise NotATime(text)
    return length.elapsed


def read_length(words: Words) -> Length | None:
    """The length that the words, taken whole and in lower case, mean; None when they mean none.

    Raises NotPositive for zero or negative numbers, TooLarge.
    """
    said = " ".join(words)
    try:
        parts = _parts(words)
        return None if parts is None else _total(parts, said)
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
    return len(letters) <= 10 and bool(get_close_matches(letters, _SECONDS_IN, 1, 0.7))


def _parts(words: Words) -> list[_Part] | None:
    if words[:1] in {("next",), ("another",)} and words[1:] and _number(words[1]) is not None:
        words = words[1:]
    parts: list[_Part] = []
    while words:
        taken = _take(words)
        if taken is None:
            return None
        parts += taken[0]
        words = taken[1]
        if words[:1] == ("and",) and len(words) > 1:
            words = words[1:]
    return parts


def _take(words: Words) -> tuple[list[_Part], Words] | None:
    """The first part of a length and the words after it."""
    if glued := _glued(words[0]):
        return glued, words[1:]
    if words[0] == "half":
        rest = words[2:] if words[1:2] in {("a",), ("an",)} else words[1:]
        return _with_unit(_HALF, rest)
    number = _number(words[0])
    if number is None:
        return None
    if words[1:4] == _AND_A_HALF and len(words) > 4:
        return _with_unit(number + _HALF, words[4:])
    if words[2:5] == _AND_A_HALF and len(words) == 5:
        return _with_unit(number + _HALF, words[1:2])
    return _with_unit(number, words[1:])


def _with_unit(number: Fraction, words: Words) -> tuple[list[_Part], Words] | None:
    if words and words[0] in _SECONDS_IN:
        return [_Part(number, seconds=_SECONDS_IN[words[0]])], words[1:]
    if words and words[0] in _MONTHS_IN and number.denominator == 1:
        return [_Part(number, months=_MONTHS_IN[words[0]])], words[1:]
    return None


def _number(word: str) -> Fraction | None:
    if word in _NUMBERS:
        return Fraction(_NUMBERS[word])
    found = _NUMBER.fullmatch(word)
    if found is None:
        return None
    return _fraction(found[2]) * (-1 if found[1] else 1)


def _glued(word: str) -> list[_Part]:
    """The parts of a word such as ``2h30m``, ``-2h`` or ``2h30``; empty when it is none."""
    sign = -1 if word[:1] in _SIGNS else 1
    digits = word[1:] if sign == -1 else word
    if found := _HOURS_AND_MINUTES.fullmatch(digits):
        digits = f"{found[1]}h{found[2]}m"
    parts, position = [], 0
    for piece in _PIECE.finditer(digits):
        if piece.start() != position or piece[2] not in _SECONDS_IN:
            return []
        parts.append(_Part(sign * _fraction(piece[1]), seconds=_SECONDS_IN[piece[2]]))
        position = piece.end()
    return parts if position == len(digits) else []


def _fraction(digits: str) -> Fraction:
    """The number; one with too many digits becomes one that is too large for every unit."""
    return Fraction(digits) if len(digits) <= _MOST_DIGITS else _TOO_LARGE


def _total(parts: list[_Part], said: str) -> Length | None:
    units = [(part.seconds, part.months) for part in parts]
    if len(set(units)) != len(units) or not parts:
        return None
    seconds = int(sum(part.number * part.seconds for part in parts))
    months = int(sum(part.number * part.months for part in parts))
    if any(part.number < 0 for part in parts) or seconds + months == 0:
        raise NotPositive(said)
    return Length(timedelta(seconds=seconds), months)
