"""A text cut into the words of a time, each knowing where in the text it stands.

Quotes, brackets, Slack's own marks, dots in ``p.m.`` and typographic dashes are gone afterwards,
``9am-5pm`` is three words, and ``New York time`` is one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.times import places
from bot.times.vocabulary import (
    ARTICLES,
    DASH,
    LONGEST_WORD,
    MISSPELT,
    MONTHS,
    NUMBERS,
    PARTS,
    PHRASES,
    SPELLINGS,
    UNITS,
    WEEKDAYS,
    Words,
)

_MOST_CHUNKS = 40
_LONGEST_PHRASE = 5
EMOJI = re.compile(r":[a-z0-9_+'-]+:")
_FRACTION_AND_UNIT = re.compile(r"([0-9]/[0-9])([a-z]+)")
_OPENING = "@=\"“”„‟'‘‚‛«‹»›`*_([{<~≈"
_CLOSING = "\"“”„‟'‘’‚‛«‹»›`*_)]}>,;:.!?…"

_WIDE_DASH = re.compile(r"—|–|--|→")
_WHOLE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:t.*)?|(?:utc|gmt)[+-][0-9:]+|[a-z]+/\S+")
_SIDE = re.compile(
    r"[0-9]{1,4}(?:[:.h][0-9]{2})?(?:am|pm|a|p|h|st|nd|rd|th)?|[0-9]{1,2}[./][0-9]{1,2}\.?"
    r"|[0-9]{1,3}(?:s|m|mins?|h|hrs?|d|w)|noon|midnight|midday|today|tomorrow"
    rf"|{'|'.join(WEEKDAYS)}|{'|'.join(MONTHS)}"
)
_LENGTH_OR_CLOCK = re.compile(
    r"[0-9.,]+(?:m|mins?|h|hrs?)|[0-9]{1,2}(?:[:.][0-9]{2})?[ap]m|[0-9]{1,2}:[0-9]{2}"
)
_STAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})t([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)")
_CLOCK_AND_OFFSET = re.compile(
    r"([0-9]{1,2}[:.][0-9]{2}(?::[0-9]{2})?(?:[ap]m)?)(z|(?:utc|gmt)?[+−][0-9]{1,2}(?::?[0-9]{2})?)"
)
_HALF_OF_A_DAY = re.compile(r"(.*[0-9])?([ap])\.m\.?")
_DATE_WITH_DOTS = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}")
_ENDS_IN_A_DATE = re.compile(r"(?:^|[-–—])[0-9]{1,2}\.[0-9]{1,2}$")
_ROUGH = re.compile(
    r"([0-9]{1,2}(?:[:.][0-9]{2})?(?:[ap]m)?|[0-9.,]+(?:m|mins?|h|hrs?)|noon|midnight)-?ish"
)
_HOUR = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2})?")
# What the bot itself writes behind a time in another place.
_BESIDE = re.compile(r"(?:your time|UTC) \([^()]*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """A word in lower case, and from where to where it goes in the text."""

    word: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """The first words of the text; far more than a time can have."""
    chunks = (
        found for found, _ in zip(re.finditer(r"\S+", text), range(_MOST_CHUNKS), strict=False)
    )
    tokens = [token for chunk in chunks for token in _tokens(chunk)]
    return _together(tokens, text)


def words_of(tokens: list[Token]) -> Words:
    """The words that count: "the" says nothing about a time."""
    return tuple(token.word for token in tokens if token.word != "the")


def _tokens(chunk: re.Match[str]) -> Iterator[Token]:
    raw = chunk[0].lower()
    if raw in SPELLINGS:
        yield Token(SPELLINGS[raw], chunk.start(), chunk.end())
        return
    if EMOJI.fullmatch(raw) or not any(each.isalnum() or each == "-" for each in raw):
        return
    if raw[0] == "@" and raw[1:2].isdigit():
        yield Token("at", chunk.start(), chunk.start() + 1)
    body = raw.lstrip(_OPENING)
    first = chunk.start() + len(raw) - len(body)
    word = body.rstrip(_CLOSING)
    if len(word) > LONGEST_WORD:
        yield Token("?", chunk.start(), chunk.end())
        return
    if _ENDS_IN_A_DATE.search(word) and body[len(word) :].startswith("."):
        word += "."
    pieces = list(_pieces(word))
    for number, (piece, start, end) in enumerate(pieces):
        typed = chunk[0][first - chunk.start() :][start:end]
        plain = places.word_in_capitals(typed) or _spelt(piece)
        is_last = number == len(pieces) - 1
        yield Token(plain, first + start, chunk.end() if is_last else first + end)


def _spelt(piece: str) -> str:
    if found := _HALF_OF_A_DAY.fullmatch(piece):
        return f"{found[1] or ''}{found[2]}m"
    if found := _ROUGH.fullmatch(piece):
        return found[1]
    return SPELLINGS.get(piece) or MISSPELT.get(piece) or piece


# Words that were written as one


def _pieces(word: str, start: int = 0) -> Iterator[tuple[str, int, int]]:
    """The words in a word, each with where it begins and ends."""
    shapes = (_STAMP, _CLOCK_AND_OFFSET, _FRACTION_AND_UNIT)
    if found := next((found for shape in shapes if (found := shape.fullmatch(word))), None):
        yield found[1], start, start + found.end(1)
        yield found[2].replace("−", "-"), start + found.start(2), start + found.end(2)
        return
    if "/" in word and all(day in WEEKDAYS for day in word.split("/")):
        first, _, last = word.partition("/")
        yield first, start, start + len(first)
        yield "or", start + len(first), start + len(first) + 1
        yield from _pieces(last, start + len(first) + 1)
        return
    cut = None if word in SPELLINGS else _cut(word)
    if cut is None:
        if word:
            yield word, start, start + len(word)
        return
    dash, is_said = cut
    left = word[: dash.start()].rstrip(_CLOSING)
    if _DATE_WITH_DOTS.fullmatch(left) and word[len(left) :].startswith("."):
        left += "."
    yield from _pieces(left, start)
    if is_said:
        yield DASH, start + dash.start(), start + dash.end()
    yield from _pieces(word[dash.end() :], start + dash.end())


def _cut(word: str) -> tuple[re.Match[str], bool] | None:
    """Where to cut, and whether the dash there counts as a word."""
    for dash in _WIDE_DASH.finditer(word):
        is_sign = dash[0] == "–" and not dash.start() and word[1:2].isdigit()
        if not is_sign:
            return dash, True
    if _WHOLE.fullmatch(word) or _ROUGH.fullmatch(word):
        return None
    for dash in re.finditer("-", word):
        left, right = word[: dash.start()], word[dash.end() :]
        if not left and right[:1].isdigit():
            continue
        if _is_compound(left, right):
            return dash, False
        if not left or not right or _are_times(left, right):
            return dash, True
    return None


def _is_compound(left: str, right: str) -> bool:
    """``half-hour``, ``2-day``, ``forty-five``, ``end-of-week``."""
    is_number = left.isdecimal() or left in NUMBERS or left in PARTS or left in ARTICLES
    return (
        (is_number and (right in UNITS or right in NUMBERS or right in PARTS))
        or (left in {"end", "rest", "close", "middle"} and right.startswith("of-"))
        or (left == "of" and right.isalpha())
    )


def _are_times(left: str, right: str) -> bool:
    """``9-5``, ``mon-wed``, and ``2h-covering``, which leads on to a reason."""
    nearest = right.split(DASH, 1)[0]
    is_range = _SIDE.fullmatch(left) and (_SIDE.fullmatch(right) or _SIDE.fullmatch(nearest))
    return bool(is_range) or (bool(_LENGTH_OR_CLOCK.fullmatch(left)) and right.isalpha())


# One word that was written as several


def _together(tokens: list[Token], text: str) -> list[Token]:
    joined: list[Token] = []
    at = 0
    while at < len(tokens):
        count, word = _one_word(tokens, at)
        token = replace(tokens[at], word=word, end=tokens[at + count - 1].end)
        at += count
        if word in places.SAID and (beside := _BESIDE.match(text, token.start)):
            token = replace(token, end=beside.end())
            while at < len(tokens) and tokens[at].start < beside.end():
                at += 1
        if word in {"am", "pm"} and joined and (hour := _hour(joined[-1].word)):
            token = Token(hour + word, joined.pop().start, token.end)
        joined.append(token)
    return joined


def _hour(word: str) -> str:
    """The hour in digits, before am or pm; empty for none."""
    if _HOUR.fullmatch(word):
        return word
    return str(NUMBERS[word]) if NUMBERS.get(word, 13) <= 12 else ""


def _one_word(tokens: list[Token], at: int) -> tuple[int, str]:
    """How many tokens from here on are one word, and that word."""
    most = min(_LONGEST_PHRASE, len(tokens) - at)
    for count in range(most, 1, -1):
        words = tuple(token.word for token in tokens[at : at + count])
        said = " ".join(word for word in words if word != "the")
        if said in PHRASES and words[0] != "the" and words[-1] != "the":
            return count, PHRASES[said]
        if place := places.word_for(words):
            return count, place
    return 1, tokens[at].word
