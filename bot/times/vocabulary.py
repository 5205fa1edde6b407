"""The words of a time phrase, brought into one form before they are read."""

import re
from collections.abc import Iterable

from bot.times.days import Words

LONGEST_WORD = 40
DASHES = "-–—"
PUNCTUATION = ",;:.!?"
UNTIL = {"until", "till", "til"}
FROM = {"from", "starting"}
TO = UNTIL | {"to", "through"} | set(DASHES)

_SIDE = (
    r"([0-9]{1,2}(?:[:.][0-9]{2})?(?:am|pm)?"
    r"|noon|midnight|[a-z]{3,6}day|mon|tue|wed|thu|fri|sat|sun)"
)
_RANGE = re.compile(f"{_SIDE}([{DASHES}]){_SIDE}")
_DATE_AND_CLOCK = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})t([0-9]{2}:[0-9]{2})")
_HOUR = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2})?")
_HALF_DAY_HOUR = re.compile(r"([0-9]{1,2})(?:[:.][0-9]{2})?(am|pm)")
_OTHER_HALF = {"am": "pm", "pm": "am"}


def normalised(raw: Iterable[str]) -> Words:
    """Lower case, without closing punctuation and "the", with ``9am-5pm`` taken apart."""
    words: list[str] = []
    for each in raw:
        word = each.lower().rstrip(PUNCTUATION)
        if len(word) > LONGEST_WORD:
            words.append("?")
        elif glued := _RANGE.fullmatch(word) or _DATE_AND_CLOCK.fullmatch(word):
            words.extend(glued.groups())
        elif word and word != "the":
            words.append(word)
    return _with_half_days(words)


def _with_half_days(words: list[str]) -> Words:
    """``5 pm`` joined to ``5pm``, and ``3 to 5pm`` completed to ``3pm to 5pm``."""
    joined: list[str] = []
    for word in words:
        if word in _OTHER_HALF and joined and _HOUR.fullmatch(joined[-1]):
            joined[-1] += word
        else:
            joined.append(word)
    for index in range(len(joined) - 2):
        end = _HALF_DAY_HOUR.fullmatch(joined[index + 2])
        if end and joined[index + 1] in TO and joined[index].isdecimal():
            is_earlier = int(joined[index]) % 12 < int(end[1]) % 12
            joined[index] += end[2] if is_earlier else _OTHER_HALF[end[2]]
    return tuple(joined)
