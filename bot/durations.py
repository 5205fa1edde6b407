"""Time as people say it: ``2h30m``, ``3 days``, ``until friday 17:00``, ``forever``. English only.

Pure: the clock and the person's zone are passed in. A length means elapsed time (a day is 24
hours); days and clock times are read in the person's zone, see ``bot.moments`` for daylight
saving. Only ASCII digits count as numbers. The words that confirm a span are in ``bot.spans``.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from whenever import ZonedDateTime

from bot.days import Scene, Words, is_short_day_name
from bot.lengths import Length, is_attempt, parse_duration, read_length
from bot.moments import Moment, read_moments
from bot.spans import (
    Ambiguous,
    DurationError,
    InThePast,
    NoEnd,
    NotATime,
    NotPositive,
    Reading,
    Span,
    TooLarge,
    local_time,
    say_length,
    say_span,
    write_length,
    write_span,
)

__all__ = [
    "Ambiguous",
    "DurationError",
    "InThePast",
    "NoEnd",
    "NotATime",
    "NotPositive",
    "Reading",
    "Span",
    "TooLarge",
    "parse_duration",
    "read_span",
    "say_length",
    "say_span",
    "split_command",
    "write_length",
    "write_span",
]

_MOST_WORDS = 20
_LONGEST_WORD = 40
_FOREVER = {("forever",), ("for", "ever"), ("indefinitely",), ("permanently",)}
_UNTIL = {"until", "till", "til"}
_REVOKED = {("revoked",), ("further", "notice")}
_FROM = {"from", "starting"}
_DASHES = "-–—"
_TO = _UNTIL | {"to", "through"} | set(_DASHES)
_CONNECTING = _TO | _FROM | {"the", "and", "at", "of", "for", "on"}
_SEPARATORS = _DASHES + ",;:"
_PUNCTUATION = ",;:.!?"
_SIDE = (
    r"([0-9]{1,2}(?:[:.][0-9]{2})?(?:am|pm)?"
    r"|noon|midnight|[a-z]{3,6}day|mon|tue|wed|thu|fri|sat|sun)"
)
_RANGE = re.compile(f"{_SIDE}([{_DASHES}]){_SIDE}")
_DATE_AND_CLOCK = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})t([0-9]{2}:[0-9]{2})")
_HOUR = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2})?")
_HALF_DAY_HOUR = re.compile(r"([0-9]{1,2})(?:[:.][0-9]{2})?(am|pm)")
_OTHER_HALF = {"am": "pm", "pm": "am"}


def read_span(text: str, *, now: datetime, zone: str) -> Span:
    """What a whole text means as a time, for a person in ``zone`` at ``now`` (aware).

    - ``2h``, ``90m``, ``2 hours 30 minutes``, ``half an hour``, ``for a week``: a length.
    - ``until`` a clock time: the next one. ``until`` a day: the end of that day.
    - A day or "this week" alone: that stretch, from its beginning (now if it has begun) to its end.
      A day with a clock time alone is an end.
    - ``from … to …``, ``tomorrow 9am for 2h``, ``2h from monday``: with a start. A start that has
      passed while the end has not counts as now.
    - "a month" is a calendar month from now (or from the start), so it becomes an ``until``.
    - A local time skipped by daylight saving moves forward; one that happens twice is the first
      that is still to come.

    An unknown zone is read as UTC. Raises only DurationError: NotATime, NoEnd, Ambiguous,
    InThePast, NotPositive, TooLarge.
    """
    raw = text.split(None, _MOST_WORDS)
    words = _normalised(raw)
    span = _span_of(words, text, now, zone) if words and len(raw) <= _MOST_WORDS else None
    if span is None:
        raise NotATime(text)
    return span


def split_command(text: str, *, now: datetime, zone: str) -> tuple[Span | None, str]:
    """Cut the text after the mention into a time and a reason: ``2h Covering for you``.

    The longest run of words at the start that reads as a time is the time, and what follows is the
    reason, without a separating dash, colon or comma. Otherwise the whole text is the reason,
    unless it begins with something that is clearly meant as a time; then NotATime is raised:

    - a word of digits glued to one letter or to (nearly) a unit (``2x``, ``2hh``, ``1.5.2h``,
      ``2h-``), perhaps after ``for``; see ``bot.lengths.is_attempt``;
    - a number alone (``30``);
    - ``until`` or ``till`` followed by anything unreadable (``until blursday``), also after a time.

    A number without a unit (``2 quick emails``, ``3/4 of the team``), a day's short name before
    other words (``Sat in on calls``), and ``from`` or ``for`` before ordinary words
    (``for the pipeline``) belong to the reason. Errors are those of ``read_span``, with the reason
    in ``rest``.
    """
    text = _without_separator(text)
    words = list(_first_words(text))
    for count in range(len(words), 0, -1):
        span, rest = _read_start(text, words[:count], now, zone)
        if span is not None:
            _refuse_attempt(rest, only_until=True)
            return span, rest
    _refuse_attempt(text)
    return None, text


# Commands


def _first_words(text: str) -> Iterator[tuple[str, int]]:
    """The first words of the text, each with the position where it ends."""
    found = re.finditer(r"\S+", text)
    yield from ((each[0], each.end()) for each, _ in zip(found, range(_MOST_WORDS), strict=False))


def _read_start(
    text: str, words: list[tuple[str, int]], now: datetime, zone: str
) -> tuple[Span | None, str]:
    """The given first words read as a time, and the rest of the text."""
    last, end = words[-1]
    rest = _without_separator(text[end:])
    said = _normalised(word for word, _ in words)
    if not said or last.lower() in _CONNECTING:
        return None, rest
    if rest and len(said) == 1 and is_short_day_name(said[0]):
        return None, rest
    try:
        return _span_of(said, text[:end], now, zone), rest
    except DurationError as error:
        error.rest = rest
        raise


def _refuse_attempt(text: str, *, only_until: bool = False) -> None:
    """Raise NotATime when the first words were clearly meant as a time."""
    raw = text.split(None, 2)
    words = [word.lower().rstrip(_PUNCTUATION) for word in raw[:2]]
    if not words:
        return
    if words[0] in _UNTIL:
        _refuse(raw, 2)
    if only_until:
        return
    if len(raw) == 1 and words[0].isdecimal():
        _refuse(raw, 1)
    count = 2 if words[0] == "for" else 1
    attempt = words[min(count, len(words)) - 1]
    if len(attempt) <= _LONGEST_WORD and is_attempt(attempt):
        _refuse(raw, count)


def _refuse(raw: list[str], count: int) -> None:
    error = NotATime(" ".join(raw[:count]))
    error.rest = _without_separator(" ".join(raw[count:]))
    raise error


def _without_separator(text: str) -> str:
    """The text without the dash, colon or comma that stands alone at its beginning."""
    text = text.strip()
    first, _, rest = text.partition(" ")
    return rest.strip() if first and not first.strip(_SEPARATORS) else text


# From words to spans


def _normalised(raw: Iterable[str]) -> Words:
    """Lower case, without closing punctuation and "the", with ``9am-5pm`` taken apart."""
    words: list[str] = []
    for each in raw:
        word = each.lower().rstrip(_PUNCTUATION)
        if len(word) > _LONGEST_WORD:
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
        if end and joined[index + 1] in _TO and joined[index].isdecimal():
            is_earlier = int(joined[index]) % 12 < int(end[1]) % 12
            joined[index] += end[2] if is_earlier else _OTHER_HALF[end[2]]
    return tuple(joined)


def _span_of(words: Words, text: str, now: datetime, zone: str) -> Span | None:
    """The one meaning of the words; None when they are not a time."""
    here = local_time(now, zone)
    try:
        spans = [
            span
            for day_first in (True, False)
            for span in _candidates(words, Scene(here, here, day_first))
        ]
        spans = sorted(
            dict.fromkeys(spans), key=lambda span: (span.starts or now, span.until or now)
        )
        return _choose(spans, text, now, zone) if spans else None
    except (ValueError, OverflowError) as error:
        raise TooLarge(text) from error


def _choose(spans: list[Span], text: str, now: datetime, zone: str) -> Span:
    """The only span that can be meant; raises when there is none, or more than one."""
    to_come = [span for span in spans if span.until is None or span.until > now]
    if not to_come:
        raise InThePast(text, say_span(spans[0], now=now, zone=zone))
    possible = [s for s in to_come if s.until is None or s.until > (s.starts or now)]
    if not possible:
        raise NotPositive(text)
    latest = datetime.max.replace(tzinfo=UTC)
    if any(span.length and span.length > latest - (span.starts or now) for span in possible):
        raise TooLarge(text)
    if len(possible) == 1:
        return possible[0]
    first, second = (Reading(span, say_span(span, now=now, zone=zone)) for span in possible[:2])
    raise Ambiguous(text, (first, second))


def _candidates(words: Words, scene: Scene) -> list[Span]:
    """Every span that the words can mean, by the first form that fits."""
    if words in _FOREVER:
        return [Span(forever=True)]
    for reader in (_read_until, _read_length_alone, _read_range, _read_length_first, _read_bare):
        if spans := reader(words, scene):
            return spans
    return []


def _read_until(words: Words, scene: Scene) -> list[Span]:
    if words[0] not in _UNTIL or len(words) == 1:
        return []
    if words[1:] in _REVOKED:
        return [Span(forever=True)]
    return [Span(until=_utc(end)) for end in _ends(words[1:], scene)]


def _read_length_alone(words: Words, scene: Scene) -> list[Span]:
    words = words[1:] if words[0] == "for" else words
    length = read_length(words) if words else None
    return [] if length is None else [_lasting(length, None, scene)]


def _read_range(words: Words, scene: Scene) -> list[Span]:
    """A start, then an end or a length; "from" or "starting" before it is optional."""
    is_marked = words[0] in _FROM
    body = words[1:] if is_marked else words
    for cut in range(1, len(body)):
        if spans := _read_halves(body[:cut], body[cut:], scene, is_marked=is_marked):
            return spans
    if is_marked and body and read_moments(body, scene):
        raise NoEnd(" ".join(words))
    return []


def _read_halves(left: Words, right: Words, scene: Scene, *, is_marked: bool) -> list[Span]:
    starts = [start for start in read_moments(left, scene) if is_marked or not start.is_weak]
    if not starts:
        return []
    if right in _FOREVER or (right[0] in _UNTIL and right[1:] in _REVOKED):
        return [_started(Span(forever=True), start, scene) for start in starts]
    if right[0] in _TO and len(right) > 1:
        return _read_from_to(left, right[1:], scene, is_marked=is_marked)
    length = read_length(right[1:] if right[0] == "for" else right) if right != ("for",) else None
    return [] if length is None else [_lasting(length, start, scene) for start in starts]


def _read_from_to(left: Words, right: Words, scene: Scene, *, is_marked: bool) -> list[Span]:
    """Spans between two moments; those that contain the present go before later ones.

    Without "from", a weak end such as a bare 5 needs a clock time as its start, so that
    "friday - 5 customers" is not a range.
    """
    midnight = Scene(scene.now, scene.now.start_of("day"), scene.day_first)
    for each in (midnight, scene):
        spans = [
            _started(Span(until=_utc(end)), start, scene)
            for start in read_moments(left, each)
            if is_marked or not start.is_weak
            for end in _ends(
                right,
                Scene(scene.now, start.begins, scene.day_first, is_second_half=True),
                only_clear=not (is_marked or start.is_point),
            )
        ]
        if any(_utc(scene.now) < span.until for span in spans if span.until):
            return spans
    return spans


def _ends(words: Words, scene: Scene, *, only_clear: bool = False) -> list[ZonedDateTime]:
    """What "until" these words can mean: the end, and the beginning when that is as likely."""
    ends = []
    for moment in read_moments(words, scene):
        if only_clear and moment.is_weak:
            continue
        if moment.edge_is_unclear:
            ends.append(moment.begins)
        ends.append(moment.ends)
    return ends


def _read_length_first(words: Words, scene: Scene) -> list[Span]:
    """``2h from monday``, ``2h tomorrow 9am``; without "from" only a clear point is a start."""
    for cut in range(len(words) - 1, 0, -1):
        is_marked = words[cut] in _FROM
        right = words[cut + 1 :] if is_marked else words[cut:]
        if not right or (starts := read_moments(right, scene)) == []:
            continue
        left = words[1:cut] if words[0] == "for" else words[:cut]
        if is_marked and left in _FOREVER:
            return [_started(Span(forever=True), start, scene) for start in starts]
        length = read_length(left)
        if length is not None and (is_marked or all(m.is_point and not m.is_weak for m in starts)):
            return [_lasting(length, start, scene) for start in starts]
    return []


def _read_bare(words: Words, scene: Scene) -> list[Span]:
    words = words[1:] if words[0] in {"on", "for"} else words
    moments = [
        moment for moment in (read_moments(words, scene) if words else []) if not moment.is_weak
    ]
    return [
        Span(until=_utc(moment.ends))
        if moment.is_point
        else _started(Span(until=_utc(moment.ends)), moment, scene)
        for moment in moments
    ]


def _lasting(length: Length, start: Moment | None, scene: Scene) -> Span:
    """A length from a start; with calendar months it has a fixed end."""
    if not length.months:
        return _started(Span(length=length.elapsed), start, scene)
    begins = scene.now if start is None else max(start.begins, scene.now)
    end = begins.add(months=length.months, disambiguation="compatible")
    end = end.round("second", mode="floor").add(seconds=length.elapsed.total_seconds())
    return _started(Span(until=_utc(end)), start, scene)


def _started(span: Span, start: Moment | None, scene: Scene) -> Span:
    """The span with its start; one that has passed means as soon as approved."""
    if start is None or start.begins <= scene.now:
        return span
    return Span(span.length, span.until, span.forever, _utc(start.begins))


def _utc(moment: ZonedDateTime) -> datetime:
    return moment.to_instant().to_stdlib()
