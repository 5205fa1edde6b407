"""What a time phrase means, how it is said back, and every way reading one can fail.

::

    DurationError
    ├── NotATime       the words are not a time
    │   ├── LeftOver   a time was read, but what follows looks like a part of it
    │   ├── TimeLast   a time was read, but it does not stand first
    │   ├── Impossible a day or a clock time that there is not
    │   └── NotEnglish a time in another language
    ├── NoEnd          a start was given, but neither a length nor an end
    ├── Ambiguous      two or more readings; the person chooses
    ├── InThePast      the end has already passed
    ├── NotPositive    zero, negative, or an end that is not after the start
    └── TooLarge       more than a calendar can hold

Policy (shortest, longest, whether ``forever`` is allowed) is not decided here.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.times.places import Place

SHOWN_TEXT = 60
UNIT_SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of time as a person asked for it.

    Exactly one of ``length``, ``until`` and ``forever`` is set. A ``length`` runs from the moment
    the association exists; ``until`` is an absolute UTC instant. ``starts`` is UTC; None means as
    soon as it is approved. ``is_at_once``: a start was named, and it has come.
    """

    length: timedelta | None = None
    until: datetime | None = None
    forever: bool = False
    starts: datetime | None = None
    is_at_once: bool = field(default=False, compare=False)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of an ambiguous phrase, and the words that confirm it.

    ``rest`` is what belongs to the reason in this reading alone.
    """

    span: Span
    words: str
    rest: str = ""


class DurationError(Exception):
    """Base of everything that reading a time can raise.

    ``text`` is the part that was looked at, shortened for showing; ``rest`` is the reason that
    followed it in a command.
    """

    def __init__(self, text: str) -> None:
        shown = " ".join(text.split())
        self.text = shown if len(shown) <= SHOWN_TEXT else shown[: SHOWN_TEXT - 1] + "…"
        self.rest = ""
        super().__init__(self.text)


class NotATime(DurationError):
    """The words are not a time that the bot understands."""


class LeftOver(NotATime):
    """After a time (``understood``) comes something that looks like a part of it (``added``)."""

    def __init__(self, understood: str, added: str) -> None:
        super().__init__(f"{understood} {added}")
        self.understood = understood[:SHOWN_TEXT]
        self.added = added[:SHOWN_TEXT]


class TimeLast(NotATime):
    """What is clearly meant as the time (``text``) does not stand first."""


class Impossible(NotATime):
    """There is no such day or clock time; ``why`` says so: "there is no 30 February"."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(text)
        self.why = why


class NotEnglish(NotATime):
    """It is meant as a time, in another language."""


class NoEnd(DurationError):
    """The phrase says when to start, but not for how long."""


class NotPositive(DurationError):
    """The stretch is empty or runs backwards."""


class TooLarge(DurationError):
    """The number or date is beyond what a calendar can hold."""


class InThePast(DurationError):
    """The end has already passed; ``words`` says which moment was understood."""

    def __init__(self, text: str, words: str) -> None:
        super().__init__(text)
        self.words = words


class Ambiguous(DurationError):
    """The phrase can mean several things; ``readings`` has them, the earlier ones first."""

    def __init__(self, text: str, readings: tuple[Reading, ...]) -> None:
        super().__init__(text)
        self.readings = readings
