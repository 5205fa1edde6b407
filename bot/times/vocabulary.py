"""The words that times are made of, and which of them say by themselves that a time is meant."""

import re

from bot.times.places import is_place, is_short_place

Words = tuple[str, ...]

LONGEST_WORD = 40
DASH = "-"
UNTIL = {"until"}
UNTIL_OR_BY = UNTIL | {"by", "before", "through"}
FROM = {"from", "starting", "beginning", "commencing", "since", "after"}
TO = UNTIL | {"to", "through", DASH}
CONNECTING = TO | FROM | {"the", "and", "at", "of", "for", "on", "in", "by", "before", "between"}
ARTICLES = {"a", "an"}

UNIT_NAMES = {
    "second": "s sec secs second seconds",
    "minute": "m min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "d day days",
    "week": "w wk wks week weeks",
    "fortnight": "fortnight fortnights",
    "workday": "workday workdays",
    "month": "month months",
    "year": "y yr yrs year years",
}
UNITS = {name: unit for unit, names in UNIT_NAMES.items() for name in names.split()}
MISSPELT = {
    "hous": "hours",
    "horus": "hours",
    "huors": "hours",
    "minuts": "minutes",
    "mintues": "minutes",
    "minuets": "minutes",
    "dyas": "days",
    "dasy": "days",
    "weesk": "weeks",
    "wekks": "weeks",
}
_UP_TO_TWENTY = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
NUMBERS = {word: number for number, word in enumerate(_UP_TO_TWENTY.split(), 1)}
NUMBERS |= {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
PARTS = {"half", "quarter", "quarters"}
VAGUE = {"few": (3, 4), "several": (4, 6)}
MANY = {"some", "many", "couple", "dozen", "another", "whole", "entire", "full", "more"}

WEEKDAY_NAMES = {
    "monday": "monday mon",
    "tuesday": "tuesday tue tues",
    "wednesday": "wednesday wed weds",
    "thursday": "thursday thu thur thurs",
    "friday": "friday fri",
    "saturday": "saturday sat",
    "sunday": "sunday sun",
}
WEEKDAYS = {name: day for day, names in WEEKDAY_NAMES.items() for name in names.split()}
_MONTHS = (
    "january february march april may june july august september october november december".split()
)
MONTHS = {name: number for number, name in enumerate(_MONTHS, 1)}
MONTHS |= {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
PERIODS = {"week", "month", "quarter", "year"}
ENDS = {"eod": "today", "eow": "week", "eom": "month", "eoq": "quarter", "eoy": "year"}
PARTS_OF_DAY = {"morning", "afternoon", "evening", "night"}
CLOSE = "cob"  # close of business, by which people mean 17:00
NAMED_CLOCKS = {"noon", "midday", "midnight", CLOSE}
FOREVER = {"forever", "indefinitely", "permanently"}

# Said before or after a time without changing it.
ROUGHLY = {
    *("about", "around", "approx", "approximately", "roughly", "circa", "ca", "just", "only"),
    *("maximum", "max", "please", "pls", "within", "say", "maybe", "nearly", "almost"),
}
AT_MOST = {"maximum", "max", "tops", "only", "altogether", "please", "pls", "thanks"}
UP_TO = "upto"
AT_THE_END = {"latest", "inclusive"}  # behind a day or a clock time that is an end

# Several words that are one, and other spellings. "the" is left out before these are looked up.
PHRASES = {
    "up until": "until",
    "up till": "until",
    "no later than": "until",
    "not later than": "until",
    "up to": UP_TO,
    "at most": "max",
    "at latest": "latest",
    "as of": "from",
    "no more than": UP_TO,
    "not more than": UP_TO,
    "max of": UP_TO,
    "maximum of": UP_TO,
    "a max of": UP_TO,
    "less than": UP_TO,
    "this coming": "coming",
    "or so": "max",
    "or less": "max",
    "in total": "max",
    "close of business": CLOSE,
    "close of play": CLOSE,
    "end of business": CLOSE,
    "end of business day": CLOSE,
    "end of working day": CLOSE,
    "end of play": CLOSE,
    "calendar day": "day",
    "calendar days": "days",
    "business day": "workday",
    "business days": "workdays",
    "working day": "workday",
    "working days": "workdays",
    "work day": "workday",
    "work days": "workdays",
    "first thing": "morning",
    "in morning": "morning",
    "in afternoon": "afternoon",
    "in evening": "evening",
    "at night": "night",
    "over night": "overnight",
    "for ever": "forever",
    "right now": "now",
    "straight away": "now",
    "as soon as possible": "now",
}
SPELLINGS = {
    word: meant
    for meant, words in {
        "until": "till til 'til ’til untill untl unitl utnil",
        "tomorrow": "tmrw tmr tmw tmro tmoro tomo tomoz tomoro 2moro 2mro 2mrw 2morrow tommorow "
        "tommorrow tomorow tomorrrow",
        "today": "2day toda tody",
        "monday": "mondy munday moday",
        "tuesday": "tuseday teusday tueday",
        "wednesday": "wednsday wensday wendesday wednesay",
        "thursday": "thrusday thurday thusday thursady",
        "friday": "fryday firday frday fridy",
        "saturday": "satuday saterday saturady",
        "sunday": "sunady sundy",
        "tonight": "tonite 2night 2nite",
        "through": "thru thro",
        "weekend": "week-end wknd w/e",
        CLOSE: "eob",
        "now": "asap immediately",
        "before": "b4",
        "and": "& n +",
        "at": "@",
        "midday": "mid-day",
        "overnight": "over-night",
        "o'clock": "oclock o’clock",
        UP_TO: "≤ < under",
        "max": "maximum",
        "-": "– — -- − ― →  ->",
    }.items()
    for word in words.split()
} | {"end-of-day": "eod", "end-of-week": "eow", "end-of-month": "eom"}

_OTHERS = (
    "or o'clock am pm now ever less least than minimum today tonight tomorrow yesterday overnight "
    "weekend weekends weekday weekdays this next last coming end start rest remainder all past "
    "while bit moment moments soon good effective earlier every each these following weekly "
    "monthly decade decades latest inclusive onward onwards twice over during throughout revoked "
    "per permanent unlimited indefinite endless always ongoing open-ended temporary temporarily "
    "briefly long needed life limit further notice early late mid ago later longer time once daily"
)
_WORDS = (
    CONNECTING
    | UNITS.keys()
    | NUMBERS.keys()
    | PARTS
    | VAGUE.keys()
    | MANY
    | ARTICLES
    | WEEKDAYS.keys()
    | MONTHS.keys()
    | PERIODS
    | ENDS.keys()
    | PARTS_OF_DAY
    | NAMED_CLOCKS
    | FOREVER
    | ROUGHLY
    | AT_MOST
    | {UP_TO, *_OTHERS.split()}
    | {f"{name}s" for name in WEEKDAY_NAMES}
    | {f"q{number}" for number in range(1, 5)}
)
# Words that people put before what they ask for.
POLITE = set(
    "i i'd i’d i'll we we'd need want would like to have give get me us can could may let him her "
    "them it it's its hi hey hello ok okay so also access you the a be for please pls".split()
)
# Parts of the phrases above, which make a time of nothing by themselves.
LOOSE = {word for phrase in PHRASES for word in phrase.split()} - _WORDS
_STRONG = (
    {name for name in WEEKDAYS if name.endswith("day")}
    | UNTIL
    | FOREVER
    | {"eod", "eow", "eom", "eoq", "eoy", "noon", "midday", "midnight"}
    | {"today", "tonight", "tomorrow", "yesterday", "overnight", "weekend", "fortnight"}
)
_NUMERIC = re.compile(
    r"[-−–+~]?(?:[0-9]+|[0-9]*[½¼¾⅓⅔]|[0-9]*[.,][0-9]+)"
    r"(?:[:./,-][0-9]+)*\.?(?:st|nd|rd|th|am|pm|a|p|[a-z]{1,7}(?:[0-9]+[a-z]{0,7})*)?"
)
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}t[0-9:.]+(?:z|[+-][0-9:]+)")
_LETTERS = re.compile(r"[a-z]+")
_ENDINGS = {"st", "nd", "rd", "th", "am", "pm", "a", "p", *UNITS}
_CLOCK = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2})?[ap]m|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4}")
_NUMBER = re.compile(r"[0-9]*[½¼¾⅓⅔]|[0-9]*[.,]?[0-9]+|[0-9]+/[0-9]+")
_GLUED = re.compile(r"[-−+]?[0-9]*[.,]?[0-9½¼¾]+(?:s|secs?|m|mins?|h|hrs?|hours?|d|days?|w|weeks?)")


def is_time_word(word: str) -> bool:
    """Whether the word can be a part of a time."""
    if word in _WORDS or is_place(word) or is_short_place(word) or _STAMP.fullmatch(word):
        return True
    return bool(_NUMERIC.fullmatch(word)) and all(
        letters in _ENDINGS for letters in _LETTERS.findall(word.removesuffix("z"))
    )


def says_a_time(words: Words, *, goes_on: bool = False) -> bool:
    """Whether these words, which can be parts of a time, can hardly be anything else.

    A place says so only behind other words, or where a time ``goes_on``: "CET team emails".
    """
    if any(is_place(word) and len(word) > len("et") for word in words[0 if goes_on else 1 :]):
        return True
    for word, after in zip(words, (*words[1:], ""), strict=False):
        if word in _STRONG or any(each.fullmatch(word) for each in (_CLOCK, _DATE, _GLUED)):
            return True
        if after in UNITS and (is_number(word) or word in {*PARTS, *VAGUE, "couple"}):
            return True
        if (after in MONTHS and _is_small(word)) or (word in MONTHS and _is_small(after)):
            return after != "may" and word != "may"
    return False


def is_number(word: str) -> bool:
    """Whether the word is a number of units."""
    return word in NUMBERS or _NUMBER.fullmatch(word) is not None


def _is_small(word: str) -> bool:
    return word.rstrip("stndrh").isdecimal() and len(word) <= len("31st")
