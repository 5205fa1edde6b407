"""Numbers as people write them before a unit: ``2``, ``1,5``, ``1½``, ``3/4``, ``a couple of``.

Only ASCII digits count as numbers.
"""

import re
from fractions import Fraction

from bot.times.vocabulary import ARTICLES, NUMBERS, Words

_MOST_DIGITS = 9
_TOO_LARGE = Fraction(10**18)
_HALF, _QUARTER = Fraction(1, 2), Fraction(1, 4)
_GLYPHS = {
    "½": _HALF,
    "¼": _QUARTER,
    "¾": Fraction(3, 4),
    "⅓": Fraction(1, 3),
    "⅔": Fraction(2, 3),
}
_NUMBER = re.compile(r"([-−–]?)([0-9]*(?:[.,][0-9]{1,2})?|[0-9]+\.[0-9]+)")
_WITH_GLYPH = re.compile(r"([-−–]?)([0-9]*)([½¼¾⅓⅔])")
_FRACTION = re.compile(r"([1-9])/([2-8])")
_TWENTY, _NINETY = 20, 90

Taken = tuple[Fraction, Words]


def take_number(words: Words) -> Taken | None:
    """The number that the words begin with, and the words after it; None when there is none."""
    if not words:
        return None
    for take in (_part, _couple, _words, _digits):
        if taken := take(words):
            return _with_part(*taken)
    return None


def number_in(digits: str) -> Fraction | None:
    """The number that the text is, taken whole: ``1.5``, ``1,5``, ``.5``, ``1½``."""
    if found := _WITH_GLYPH.fullmatch(digits):
        number = _fraction(found[2] or "0") + _GLYPHS[found[3]]
        return -number if found[1] else number
    found = _NUMBER.fullmatch(digits)
    if not found or not found[2]:
        return None
    number = _fraction(found[2].replace(",", "."))
    return -number if found[1] else number


def take_and_a_half(words: Words) -> Taken | None:
    """``and a half``, ``and a quarter``, as it stands behind a number or its unit."""
    if words[:1] != ("and",):
        return None
    rest = words[2:] if words[1:2] == ("a",) else words[1:]
    if rest[:1] == ("half",):
        return _HALF, rest[1:]
    if rest[:1] == ("quarter",):
        return _QUARTER, rest[1:]
    if rest[:2] in {("three", "quarters"), ("three", "quarter")}:
        return 3 * _QUARTER, rest[2:]
    found = _FRACTION.fullmatch(rest[0]) if rest else None
    if found and int(found[1]) < int(found[2]):
        return Fraction(int(found[1]), int(found[2])), rest[1:]
    return None


def _part(words: Words) -> Taken | None:
    """``half an``, ``a quarter of an``, ``three quarters of an``, ``3/4 of an``."""
    count = 1 if words[0] in ARTICLES else 0
    number = Fraction(1)
    if words[0] in {"three", "3"}:
        count, number = 1, Fraction(3)
    if words[count : count + 1] == ("half",) and number == 1:
        return _HALF, _without_of_a(words[count + 1 :])
    if words[count : count + 1] in {("quarter",), ("quarters",)}:
        return number * _QUARTER, _without_of_a(words[count + 1 :])
    if words[0] in _GLYPHS:
        return _GLYPHS[words[0]], _without_of_a(words[1:])
    found = _FRACTION.fullmatch(words[0])
    if found and int(found[1]) < int(found[2]):
        return Fraction(int(found[1]), int(found[2])), _without_of_a(words[1:])
    return None


def _without_of_a(words: Words) -> Words:
    words = words[1:] if words[:1] == ("of",) else words
    return words[1:] if words[:1] and words[0] in ARTICLES else words


def _couple(words: Words) -> Taken | None:
    start = 1 if words[0] == "a" else 0
    if words[start : start + 1] != ("couple",):
        return None
    rest = words[start + 1 :]
    return Fraction(2), rest[1:] if rest[:1] == ("of",) else rest


def _words(words: Words) -> Taken | None:
    """``two``, ``forty five``, ``an``, ``another``."""
    if words[0] in ARTICLES or words[0] == "another":
        return Fraction(1), words[1:]
    number = NUMBERS.get(words[0])
    if number is None:
        return None
    ones = NUMBERS.get(words[1], 0) if len(words) > 1 else 0
    if _TWENTY <= number <= _NINETY and 0 < ones < 10:
        return Fraction(number + ones), words[2:]
    return Fraction(number), words[1:]


def _digits(words: Words) -> Taken | None:
    number = number_in(words[0])
    if number is None:
        return None
    found = _FRACTION.fullmatch(words[1]) if len(words) > 1 and words[0].isdecimal() else None
    if found and int(found[1]) < int(found[2]):
        return number + Fraction(int(found[1]), int(found[2])), words[2:]
    if len(words) > 1 and words[0].isdecimal() and words[1] in _GLYPHS:
        return number + _GLYPHS[words[1]], words[2:]
    return number, words[1:]


def _with_part(number: Fraction, words: Words) -> Taken:
    """``two and a half hours``: the half stands before the unit."""
    taken = take_and_a_half(words)
    if taken and taken[1]:
        return number + taken[0], taken[1]
    return number, words


def _fraction(digits: str) -> Fraction:
    """The number; one with too many digits becomes one that is too large for every unit."""
    return Fraction(digits) if len(digits) <= _MOST_DIGITS else _TOO_LARGE
