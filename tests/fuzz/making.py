"""Making input: noise, and sound input spoilt. The same random numbers make the same input.

All of it can be written as JSON, so that what breaks something can be kept in the corpus.
"""

import json
import string
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

LONGEST = 4000  # characters: the longest text that is judged by the clock
STEP = tuple[str | int, ...]

_CHARACTERS = (
    string.ascii_letters,
    string.digits,
    string.punctuation,
    " \t\n\r\x0b\x0c\x1c\x85\u00a0\u2003\u2028\u2029\u3000",
    "\x00\x01\x07\x08\x1b\x7f\x9b\ufeff\ufffd\ufffe",
    "\u200b\u200c\u200d\u200e\u202a\u202e\u2066\u2069\u00ad\u2060\ufe0f\u20e3",
    "\u0300\u0301\u0489\u20dd\ufe20\u0e31\u0e47",
    "\ud83d\ude00\ud800\udfff",
    "\U0001f600\U0001f468\u200d\U0001f469\U0001f1e9\U0001f1ea\U000e0041",
    "äßſKİıﬁŒẞœ",
    "０１２३४٣²½⅓¾①Ⅷ",
    "–—−―‐·•…“”„’‘´`«»→",
    "مرحباשלום你好हिन्दीไทย",
)
_ODD: tuple[Any, ...] = (
    None,
    "",
    " ",
    "\x00",
    "\ud83d",
    0,
    -1,
    1,
    2**63,
    10**30,
    -(10**30),
    0.5,
    1e300,
    float("inf"),
    float("nan"),
    True,
    False,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
    "null",
    "0",
    "x" * 500,
    "9" * 400,
)
_NESTED = (60, 300, 1500)  # levels; the last is more than Python's JSON reads


def is_lucky(random: Random, one_in: int) -> bool:
    """Once in so many times."""
    return random.randrange(one_in) == 0


def noise(random: Random, most: int = 12) -> str:
    """Up to so many characters, most of them of one or two kinds."""
    kinds = random.choices(_CHARACTERS, k=2)
    return "".join(random.choice(random.choice(kinds)) for _ in range(random.randint(0, most)))


def words(random: Random, known: Sequence[str], most: int = 8) -> str:
    """Words that mean something, with something between them."""
    between = random.choice((" ", " ", " ", " ", "", "  ", "\n", ", ", " - ", "-", "\u00a0"))
    return between.join(random.choices(known, k=random.randint(0, most)))


def spoilt(random: Random, text: str) -> str:
    """The text with one to three small changes, or with a part of it over and over."""
    for _ in range(random.randint(1, 3)):
        text = random.choice(_EDITS)(random, text)
    return text[:LONGEST]


def _cut(random: Random, text: str) -> tuple[str, str, str]:
    first, second = sorted(random.randint(0, len(text)) for _ in range(2))
    return text[:first], text[first:second], text[second:]


def _insert(random: Random, text: str) -> str:
    place = random.randint(0, len(text))
    return text[:place] + noise(random, 4) + text[place:]


def _remove(random: Random, text: str) -> str:
    before, _, after = _cut(random, text)
    return before + after


def _double(random: Random, text: str) -> str:
    before, part, after = _cut(random, text)
    return before + part + part + after


def _change_case(random: Random, text: str) -> str:
    before, part, after = _cut(random, text)
    return before + part.swapcase() + after


def _exchange(random: Random, text: str) -> str:
    before, part, after = _cut(random, text)
    return after + part + before


def _repeat(random: Random, text: str) -> str:
    """So often that whatever is not linear shows."""
    if not is_lucky(random, 8):
        return _double(random, text)
    before, part, after = _cut(random, text)
    part = part[:20] or noise(random, 3) or "a"
    return (before[:200] + part * (LONGEST // len(part)))[: LONGEST - 200] + after[:200]


_EDITS: tuple[Callable[[Random, str], str], ...] = (
    _insert,
    _insert,
    _remove,
    _double,
    _change_case,
    _exchange,
    _repeat,
)


def odd(random: Random) -> Any:
    """A value that nobody expects."""
    if is_lucky(random, 5):
        return noise(random, 40)
    if is_lucky(random, 400):
        return nested(random.choice(_NESTED))
    return random.choice(_ODD)


def nested(levels: int) -> Any:
    """Lists in lists."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def changed(random: Random, value: Any, *, times: int = 3) -> Any:
    """A JSON value with one to so many of its parts missing, odd, doubled or spoilt."""
    for _ in range(random.randint(1, times)):
        places = list(_places(value))
        if not places:
            return odd(random)
        value = _with_change(random, value, random.choice(places))
    return value


def as_json(value: Any) -> str:
    """As Python writes it, which is not always JSON: half emoji and NaN are left to the reader."""
    try:
        return json.dumps(value)
    except RecursionError:
        return "[" * 3000 + "]" * 3000


def _places(value: Any, before: STEP = ()) -> Iterator[STEP]:
    """Every part, by the way to it."""
    if before:
        yield before
    inside: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        inside = iter(value.items())
    elif isinstance(value, list):
        inside = iter(enumerate(value))
    if len(before) < 12:
        for key, each in inside:
            yield from _places(each, (*before, key))


def _with_change(random: Random, value: Any, place: STEP) -> Any:
    """A copy as deep as the place; the rest is shared."""
    key, rest = place[0], place[1:]
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = _with_change(random, copy[key], rest)
        return copy
    change = random.randrange(5)
    if change == 0:
        del copy[key]
    elif change == 1 and isinstance(copy, list):
        copy.append(value[key])
    elif change == 1:
        copy[noise(random, 6)] = copy.pop(key)
    else:
        copy[key] = _otherwise(random, copy[key]) if change == 2 else odd(random)
    return copy


def _otherwise(random: Random, value: Any) -> Any:
    """Near what it was."""
    if isinstance(value, str):
        return spoilt(random, value)
    if isinstance(value, int | float):
        return value * random.choice((-1, 10, 10**9, 0.1))
    return odd(random)
