"""A time without what people say around it: ``about 2 hours``, ``max 2h``, ``between 9 and 5``."""

import re

from bot.times.lengths import read_lengths
from bot.times.numbers import take_number
from bot.times.vocabulary import AT_MOST, AT_THE_END, FROM, ROUGHLY, TO, UNTIL_OR_BY, UP_TO, Words

_HOUR = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2})?")
_HALF_DAY_HOUR = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?([ap]m)")
_OTHER_HALF = {"am": "pm", "pm": "am"}
_CLOCK = re.compile(r"(?:[1-9]|1[0-2])(?:[:.][0-9]{2})?(?:[ap]m)?")
_HALF_OF = {"morning": "am", "afternoon": "pm", "evening": "pm"}


def plainly(words: Words) -> Words:
    """The words as they are read."""
    while words and words[-1] in AT_MOST | (AT_THE_END if words[0] in UNTIL_OR_BY else set()):
        words = words[:-1]
    while words and words[-1] in {"on", "onward", "onwards"} and words[0] in FROM:
        words = words[:-1]
    kept = tuple(word for word in words if word not in ROUGHLY)
    return _with_half_days(_part_of_day(_between(_up_to(kept))))


def _up_to(words: Words) -> Words:
    """``up to 2h`` as ``2h``, ``up to friday`` as ``until friday``."""
    if UP_TO not in words[:2]:
        return words
    at = words.index(UP_TO)
    rest = words[at + 1 :]
    is_length = take_number(rest) or read_lengths(rest)
    return (*words[:at], *rest) if is_length else ("until", *rest)


def _between(words: Words) -> Words:
    """``between 9 and 5`` as ``from 9 to 5``."""
    if "between" not in words or "and" not in words[words.index("between") :]:
        return words
    first = words.index("between")
    last = words.index("and", first)
    return (*words[:first], "from", *words[first + 1 : last], "to", *words[last + 1 :])


def _part_of_day(words: Words) -> Words:
    """``8 in the morning`` as ``8am``, ``tomorrow evening at 8`` as ``tomorrow at 8pm``."""
    clocks = [index for index, word in enumerate(words) if _CLOCK.fullmatch(word)]
    parts = [index for index, word in enumerate(words) if word in _HALF_OF]
    if len(clocks) != 1 or len(parts) != 1:
        return words
    clock, part = clocks[0], parts[0]
    if TO & set(words[min(clock, part) : max(clock, part)]):
        return words
    done = list(words)
    if not done[clock].endswith("m"):
        done[clock] += _HALF_OF[done[part]]
    if part and done[part - 1] == "this":
        done[part - 1] = "today"
    del done[part]
    return tuple(done)


def _with_half_days(words: Words) -> Words:
    """``3 to 5pm`` completed to ``3pm to 5pm``."""
    done = list(words)
    for index in range(len(done) - 2):
        end = _HALF_DAY_HOUR.fullmatch(done[index + 2])
        if end and done[index + 1] in TO and _HOUR.fullmatch(done[index]):
            hour, minute = (*done[index].replace(".", ":").split(":"), "0")[:2]
            begins = int(hour) % 12, int(minute)
            is_earlier = begins < (int(end[1]) % 12, int(end[2] or 0))
            if int(hour) <= 12:
                done[index] += end[3] if is_earlier else _OTHER_HALF[end[3]]
    return tuple(done)
