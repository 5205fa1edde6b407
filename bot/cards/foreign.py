"""Foreign text made into shown text: what people typed, and what Slack and Close call things.

The one place where this happens. Shown text is one line, in which every character can be seen:
nothing turns the direction of writing, hides, stacks up, ends our quotation, or begins a line that
could be taken for the bot's own words. Linear in the length of the text.
"""

import re
from collections.abc import Iterator
from unicodedata import category

MOST_NAME = 60  # characters
MOST_ADDRESS = 100
MOST_MARKS = 4  # over and under one letter; no script needs more

_ORDINARY = re.compile(r"[!-~]+(?: [!-~]+)*")
_JOINER, _AS_EMOJI, _KEYCAP = "\u200d", "\ufe0f", "\u20e3"
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
# What joins emoji, or makes an emoji of a sign, and stands where there are none.
_MISPLACED = re.compile(
    f"(?<![{_EMOJI}])(?<![{_EMOJI}]{_AS_EMOJI}){_JOINER}|{_JOINER}(?![{_EMOJI}])"
    f"|(?<![{_EMOJI}0-9#*]){_AS_EMOJI}|(?<![{_EMOJI}]){_AS_EMOJI}(?!{_KEYCAP})"
)
_SPACES = re.compile(" {2,}")
# Letters and signs that are drawn as nothing.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U00013441\U00013442\U00016fe4\U0001d159")
# Marks without a form and what is no character at all. Control and format characters, halves of
# emoji and private characters are known by their category.
_UNSEEN = re.compile(
    "[\u034f\u17b4\u17b5\u180b-\u180d\u180f\u2065\ufdd0-\ufdef\ufe00-\ufe0f\ufff0-\ufffc\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)
_NEVER = frozenset({"Cc", "Cf", "Cs", "Co"})
_STACKED = frozenset({"Mn", "Me"})
_QUOTES = str.maketrans(  # ours stand around it
    dict.fromkeys("\u201c\u201d\u201e\u201f\u275d\u275e\u301d\u301e\u301f\uff02", '"')
)


def plain(text: str, most: int | None = None) -> str:
    """The text on one line, without what cannot be seen; cut after ``most`` characters."""
    if not _ORDINARY.fullmatch(text):
        seen = "".join(_seen(text)).translate(_QUOTES)
        text = _SPACES.sub(" ", _MISPLACED.sub("", seen)).strip(" ")
    if most is None or len(text) <= most:
        return text
    return text[: most - 1].rstrip(f" {_JOINER}") + "…"


def name(text: str) -> str:
    """A name, cut where it would push aside what stands behind it."""
    return plain(text, MOST_NAME)


def address(text: str) -> str:
    """An email address: without any space, and cut in its middle, so that its end is seen."""
    text = plain(text).replace(" ", "")
    if len(text) <= MOST_ADDRESS:
        return text
    half = MOST_ADDRESS // 2
    return f"{text[: half - 1]}…{text[-half:]}"


def _seen(text: str) -> Iterator[str]:
    """Every character that can be seen, with all that is blank as spaces."""
    stacked = MOST_MARKS  # at first there is no letter to stand on
    for character in text:
        kind = category(character)
        if character.isspace() or character in _BLANK:
            stacked = MOST_MARKS
            yield " "
        elif character in (_JOINER, _AS_EMOJI):
            yield character
        elif kind in _NEVER or _UNSEEN.match(character):
            continue
        elif kind in _STACKED:
            stacked += 1
            if stacked <= MOST_MARKS:
                yield character
        else:
            stacked = 0
            yield character
