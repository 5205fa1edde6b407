"""What follows a time, or precedes one: whether it is a part of it, or the reason."""

import re
from datetime import datetime

from bot.times.days import is_short_day_name
from bot.times.foreign import is_foreign_time
from bot.times.hours import is_hour, read_clock
from bot.times.lengths import read_lengths
from bot.times.places import is_city, is_part_of_a_name, is_place, is_short_place
from bot.times.reading import span_of
from bot.times.span import DurationError, LeftOver, NotATime, NotEnglish
from bot.times.tokens import EMOJI, Token, tokens_of, words_of
from bot.times.vocabulary import (
    CONNECTING,
    FROM,
    LOOSE,
    POLITE,
    ROUGHLY,
    TO,
    UNTIL,
    Words,
    is_time_word,
    says_a_time,
)

SEPARATORS = "-–—−,;:|•→"
_SIGNS = "-−–"
_CLEAR_SEPARATORS = "-–—;:|•→"
_GOES_ON = TO | FROM | {"on", "at", "and", "or", "by", "in"}
_WHOSE = {"her", "his", "their", "its", "client", "customer", "office"}
_KINDS_OF_TIME = {
    *(
        "full",
        "part",
        "real",
        "first",
        "last",
        "spare",
        "prime",
        "half",
        "double",
        "free",
        "travel",
    ),
    *("response", "lead", "show", "all", "any", "no", "some", "long", "short", "just", "second"),
}
VAGUE = {"once", "more", "later", "longer", "again", "another", "time"}
_UNKNOWN_PLACE = re.compile(r"[A-Z]{2,3}T\b")
_MOST_WORDS_OF_AN_END = 8
_DIMENSIONS = re.compile(
    r"[23]D (?:print|model|render|scan|design|anim|graphic|art\b|view|tour|map|cad\b|visual)",
    re.IGNORECASE,
)


def leading_time_words(tokens: list[Token]) -> list[Token]:
    """The first words that can be parts of a time."""
    for count, token in enumerate(tokens):
        if not is_time_word(token.word):
            return tokens[:count]
    return tokens


def is_of_dimensions(text: str) -> bool:
    """Whether it begins with ``3D printing`` or the like, which takes no three days."""
    return _DIMENSIONS.match(text) is not None


def loose_time_words(tokens: list[Token]) -> list[Token]:
    """The same, and the words that belong to phrases: "no later than", "5 working days"."""
    for count, token in enumerate(tokens):
        if not is_time_word(token.word) and token.word not in LOOSE:
            return tokens[:count]
    return tokens


def is_wholly_of_a_time(tokens: list[Token]) -> bool:
    """Whether there is nothing but words that can be parts of a time."""
    is_whole = len(loose_time_words(tokens)) == len(tokens)
    return is_whole and any(is_time_word(token.word) for token in tokens)


def without_separator(text: str) -> str:
    """The text without the dash, colon or comma at its beginning; a sign stays."""
    text = text.strip()
    if EMOJI.match(text):
        return text
    rest = text.lstrip(SEPARATORS)
    is_sign = rest[:1].isdigit() and len(text) - len(rest) == 1 and text[:1] in _SIGNS
    return text if is_sign else rest.lstrip()


def refuse_left_over(start: str, end: str, now: datetime, zone: str) -> None:
    """Raise LeftOver when the words ``end`` after the time ``start`` look like a part of it.

    That is so when they

    - are, taken whole, words of a time: ``2h 30 max``, ``2h for friday``, ``friday and saturday``;
    - begin with a clear time: ``2h tomorrow``, ``monday to friday from 9am to 5pm``, ``2h friday
      demo``. After "for" and "the" it is a reason: ``2h for the friday demo``, ``2h on the friday
      demo``;
    - begin with a number that could be an hour of the day just named: ``until friday 5 leads``,
      but not ``2h 5 leads``;
    - say whose clock it is, in a way that is not understood: ``until 5pm her time``.

    After a dash, semicolon or colon, ``2h - friday demo``, only the first of these holds. "Until"
    with anything behind it that is no time is NotATime.
    """
    rest = without_separator(end)
    tokens = tokens_of(rest)
    if not tokens or is_of_dimensions(rest):
        return
    words = words_of(tokens)
    if tokens[0].word in UNTIL:
        _refuse_unreadable_until(rest, tokens, now, zone)
    count = _count_of_time_words(start, rest, tokens, now, zone, is_apart=_is_apart(start, end))
    if count:
        error = LeftOver(start.strip(), rest[: tokens[count - 1].end])
        error.rest = rest
        raise error
    if is_foreign_time(rest) and not _is_apart(start, end) and words:
        foreign = NotEnglish(rest)
        foreign.rest = rest
        raise foreign


def time_behind_courtesy(text: str, tokens: list[Token]) -> str:
    """The time of ``I need 2h for the demo``; empty for none."""
    first = next((n for n, token in enumerate(tokens) if token.word not in POLITE), 0)
    run = leading_time_words(tokens[first:])
    if not first or not run or not says_a_time(words_of(run)):
        return ""
    return text[run[0].start : run[_without_connecting(run, 0) - 1].end]


def time_at_the_end(text: str, now: datetime, zone: str) -> str:
    """What at the end of a reason is clearly meant as the time: ``until friday``, ``for 2 weeks``.

    Empty when nothing is.
    """
    words = text.split()
    for count in range(min(_MOST_WORDS_OF_AN_END, len(words) - 1), 0, -1):
        end = " ".join(words[-count:])
        said = words_of(tokens_of(end))
        if said and _is_clear_end(said, now, zone):
            return end
    return ""


def _is_clear_end(said: Words, now: datetime, zone: str) -> bool:
    if said[0] in UNTIL | {"from"} and len(said) > 1:
        return _is_a_time(said, now, zone)
    body = said[1:] if said[0] == "for" else said
    is_counted = said[0] == "for" or said[0][:1].isdigit()
    try:
        return is_counted and bool(body) and bool(read_lengths(body))
    except DurationError:
        return False


def _refuse_unreadable_until(rest: str, tokens: list[Token], now: datetime, zone: str) -> None:
    """``2h until blursday``."""
    run = leading_time_words(tokens)[:_MOST_WORDS_OF_AN_END]
    if any(_is_a_time(words_of(run[:count]), now, zone) for count in range(len(run), 1, -1)):
        return
    error = NotATime(rest[: tokens[:2][-1].end])
    error.rest = without_separator(rest[tokens[:2][-1].end :])
    raise error


def _is_apart(start: str, end: str) -> bool:
    """Whether a dash, semicolon or colon stands between the two."""
    return start[-1:] in _CLEAR_SEPARATORS or end.strip()[:1] in _CLEAR_SEPARATORS


def _count_of_time_words(
    start: str, rest: str, tokens: list[Token], now: datetime, zone: str, *, is_apart: bool
) -> int:
    """How many of the first words look like a part of the time; 0 when they are a reason."""
    run = leading_time_words(tokens)
    if is_wholly_of_a_time(tokens):
        return 0 if _is_vague(rest, tokens) else len(tokens)
    if is_apart:
        return 0
    if count := _count_of_place(start, rest, tokens):
        return count
    first = 1 if tokens[0].word in _GOES_ON else 0
    if tokens[first].word in {"the", "for"} or not run[first:]:
        return 0
    hour = run[first].word
    if is_hour(hour) and _is_hour_of_the_day(start, hour, now, zone):
        return _without_connecting(run, first)
    return _without_connecting(run, first) if _is_clear(run[first:]) else 0


def _is_vague(rest: str, tokens: list[Token]) -> bool:
    """``2h Once more``, ``9am to 10am Later``: behind a time these begin a sentence."""
    begins_one = rest[:1].isupper() or len(tokens) > 1
    return begins_one and all(token.word in VAGUE for token in tokens)


def _is_clear(run: list[Token]) -> bool:
    words = words_of(run)
    if len(words) == 1 and is_short_day_name(words[0]):
        return False
    return says_a_time(words, goes_on=True)


def _without_connecting(run: list[Token], first: int) -> int:
    count = len(run)
    while count > first + 1 and run[count - 1].word in CONNECTING | ROUGHLY:
        count -= 1
    return count


def _count_of_place(start: str, rest: str, tokens: list[Token]) -> int:
    """``until 5pm London``, ``until 5pm her time``: whose clock, but not as it is read."""
    words = words_of(tokens_of(start))
    if read_lengths(words):
        return 0
    said = tuple(token.word for token in tokens)
    if is_city(said[1:] if said[0] == "in" else said):
        return len(said)
    if all(is_time_word(each) or is_part_of_a_name(each) for each in said) and (
        "time" in said[1:] or any(map(is_place, said[1:]))
    ):
        return len(said)
    if "time" in said[1:3] and _is_a_name(said[0], rest):
        return said.index("time") + 1
    is_clock = read_clock(words[-1:]) is not None or is_place(words[-1])
    is_more = any(is_place(part) or is_short_place(part) for part in said[0].split("/"))
    is_unknown = _UNKNOWN_PLACE.match(rest) is not None
    return 1 if is_clock and (("/" in said[0] and is_more) or said[0] == "/" or is_unknown) else 0


def _is_a_name(word: str, typed: str) -> bool:
    """Whether before "time" it is somebody's, or a place: "her", "Ada's", "Narnia"."""
    is_owned = word in _WHOSE or word.endswith(("'s", "’s"))
    return is_owned or (typed[:1].isupper() and word not in _KINDS_OF_TIME)


def _is_hour_of_the_day(start: str, hour: str, now: datetime, zone: str) -> bool:
    """Whether the time, with the number as an hour after it, is a time as well."""
    return _is_a_time((*words_of(tokens_of(start)), "at", hour), now, zone)


def _is_a_time(words: Words, now: datetime, zone: str) -> bool:
    try:
        return span_of(words, " ".join(words), now, zone) is not None
    except DurationError:
        return True
