"""Time as people say it: ``2h30m``, ``3 days``, ``until friday 17:00``, ``forever``. English only.

Pure: the clock and the person's zone are passed in. A length means elapsed time (a day is 24
hours); days and clock times are read in the person's zone, see ``bot.times.moments`` for daylight
saving. Only ASCII digits count as numbers. The words that confirm a span are in ``bot.times.span``.
"""

from dataclasses import replace
from datetime import UTC, datetime

from whenever import ZonedDateTime

from bot.times.days import Scene, Words
from bot.times.lengths import Length, read_length
from bot.times.moments import Moment, day_and_hours, read_moments
from bot.times.saying import local_time, say_span
from bot.times.span import (
    Ambiguous,
    InThePast,
    NoEnd,
    NotATime,
    NotPositive,
    Reading,
    Span,
    TooLarge,
)
from bot.times.vocabulary import FROM, TO, UNTIL, normalised

MOST_WORDS = 20
_FOREVER = {("forever",), ("for", "ever"), ("indefinitely",), ("permanently",)}
_HOURS_OF = {"morning": 3, "evening": 6}
_REVOKED = {("revoked",), ("further", "notice")}


def read_span(text: str, *, now: datetime, zone: str) -> Span:
    """What a whole text means as a time, for a person in ``zone`` at ``now`` (aware).

    - ``2h``, ``90m``, ``2 hours 30 minutes``, ``half an hour``, ``for a week``: a length.
    - ``until`` a clock time: the next one. ``until`` a day: the end of that day.
    - A day or "this week" alone: that stretch, from its beginning (now if it has begun) to its end.
      A day with a clock time alone is an end.
    - ``from … to …``, ``tomorrow 9am for 2h``, ``2h from monday``: with a start. A start that has
      passed while the end has not counts as now.
    - ``friday from 9am to 6pm``, ``friday 9-5``, ``9am to 6pm on friday``: both on that day. An end
      that is not later than the start is on the day after, unless other hours fit into the day.
    - "a month" is a calendar month from now (or from the start), so it becomes an ``until``.
    - A local time skipped by daylight saving moves forward; one that happens twice is the first
      that is still to come.

    An unknown zone is read as UTC. Raises only DurationError: NotATime, NoEnd, Ambiguous,
    InThePast, NotPositive, TooLarge.
    """
    raw = text.split(None, MOST_WORDS)
    words = normalised(raw)
    span = span_of(words, text, now, zone) if words and len(raw) <= MOST_WORDS else None
    if span is None:
        raise NotATime(text)
    return span


def span_of(words: Words, text: str, now: datetime, zone: str) -> Span | None:
    """The one meaning of normalised words; None when they are no time. Raises as ``read_span``."""
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
    readers = (
        _read_until,
        _read_length_alone,
        _read_hours_of_a_day,
        _read_range,
        _read_length_first,
        _read_bare,
    )
    for reader in readers:
        if spans := reader(words, scene):
            return spans
    return []


def _read_until(words: Words, scene: Scene) -> list[Span]:
    if words[0] not in UNTIL or len(words) == 1:
        return []
    if words[1:] in _REVOKED:
        return [Span(forever=True)]
    return [Span(until=_utc(end)) for end in _ends(words[1:], scene)]


def _read_length_alone(words: Words, scene: Scene) -> list[Span]:
    words = words[1:] if words[0] == "for" else words
    length = read_length(words) if words else None
    return [] if length is None else [_lasting(length, None, scene)]


def _read_hours_of_a_day(words: Words, scene: Scene) -> list[Span]:
    """``friday from 9am to 6pm``, ``9-5 on friday``: two clock times, and the day of both."""
    midnight = Scene(scene.now, scene.now.start_of("day"), scene.day_first)
    spans = [
        (_started(Span(until=_utc(ends)), start, scene), start.begins.date() == ends.date())
        for day, begins, end in day_and_hours(words)
        for start in read_moments((*day, "at", begins), midnight)
        for ends in _ends(
            (end,), Scene(scene.now, start.begins, scene.day_first, is_second_half=True)
        )
        if start.is_point
    ]
    within_the_day = [span for span, is_within in spans if is_within]
    return within_the_day or [span for span, _ in spans]


def _read_range(words: Words, scene: Scene) -> list[Span]:
    """A start, then an end or a length; "from" or "starting" before it is optional."""
    is_marked = words[0] in FROM
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
    if right in _FOREVER or (right[0] in UNTIL and right[1:] in _REVOKED):
        return [_started(Span(forever=True), start, scene) for start in starts]
    if right[0] in TO and len(right) > 1:
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
        is_marked = words[cut] in FROM
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
    """A day is that stretch, a point is an end; "tomorrow morning" alone can be either."""
    words = words[1:] if words[0] in {"on", "for"} else words
    spans = []
    for moment in read_moments(words, scene) if words else []:
        if moment.is_weak:
            continue
        if moment.is_point:
            spans.append(Span(until=_utc(moment.ends)))
        hours = _HOURS_OF.get(words[-1], 0) if moment.is_point else 0
        if hours or not moment.is_point:
            end = moment.ends.add(hours=hours)
            spans.append(_started(Span(until=_utc(end)), moment, scene))
    return spans


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
    if start is None:
        return span
    if start.begins <= scene.now:
        return replace(span, is_at_once=True)
    return Span(span.length, span.until, span.forever, _utc(start.begins))


def _utc(moment: ZonedDateTime) -> datetime:
    return moment.to_instant().to_stdlib()
