"""The forms that a time can have, each with all that its words can mean: ``until …``, ``from … to
…``, a length, a day, ``rest of …``.

The words are plain ones (``bot.times.plain``), without the place whose clock is meant.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from whenever import ZonedDateTime

from bot.times.days import Scene, read_day_range, read_days
from bot.times.hours import MIDNIGHT, uses_24_hours
from bot.times.lengths import Length, read_lengths
from bot.times.moments import (
    Moment,
    add_length,
    day_and_hours,
    read_moments,
    read_rest_of_day,
    two_clocks,
)
from bot.times.span import NoEnd, Span
from bot.times.vocabulary import FOREVER, FROM, PARTS_OF_DAY, PERIODS, TO, UNTIL, UNTIL_OR_BY, Words

_HOURS_OF = {"morning": 3, "evening": 6}
_REVOKED = {("revoked",), ("further", "notice")}
_OVER = {"on", "for", "over", "during", "throughout", "at", "in"}
_WHOLE = {("rest", "of"), ("remainder", "of"), ("all", "of"), ("whole", "of")}


def spans_of(words: Words, scene: Scene) -> list[Span]:
    """Every span that the words can mean, by the first form that fits."""
    if len(words) == 1 and words[0] in FOREVER:
        return [Span(forever=True)]
    readers: tuple[Callable[[Words, Scene], list[Span]], ...] = (
        _read_until,
        _read_length_alone,
        _read_in,
        _read_rest,
        _read_day_range,
        _read_hours_of_a_day,
        _read_hours,
        _read_range,
        _read_length_first,
        _read_bare,
    )
    for reader in readers:
        if words and (spans := reader(words, scene)):
            return spans
    return []


def _read_until(words: Words, scene: Scene) -> list[Span]:
    if words[0] not in UNTIL_OR_BY or len(words) == 1:
        return []
    rest = words[1:]
    if rest in _REVOKED:
        return [Span(forever=True)]
    if words[0] == "before":
        return [Span(until=_utc(moment.begins)) for moment in read_moments(rest, scene)]
    if words[0] == "through":
        return [Span(until=_utc(moment.ends)) for moment in read_moments(rest, scene)]
    ends = [Span(until=_utc(end)) for end in _ends(rest, scene)]
    return ends + _until_so_long(words[0], rest, scene)


def _until_so_long(lead: str, rest: Words, scene: Scene) -> list[Span]:
    """``until 2h`` may mean for two hours; ``until 2 weeks from monday`` counts from there."""
    if lead in UNTIL and rest[-2:] == ("from", "now"):
        return [_lasting(length, None, scene) for length in read_lengths(rest[:-2])]
    is_clock = len(rest) == 1 and uses_24_hours(rest)
    if lead in UNTIL and not is_clock and (lengths := read_lengths(rest)):
        clock = _ends(rest, replace(scene, is_24_hours=True)) if "h" in rest[-1] else []
        spans = [_lasting(length, None, scene) for length in lengths]
        return spans + [Span(until=_utc(end)) for end in clock]
    for cut in range(1, len(rest) - 1):
        if rest[cut] in FROM and (lengths := read_lengths(rest[:cut])):
            starts = read_moments(rest[cut + 1 :], scene)
            return [_counted(length, start) for length in lengths for start in starts]
    return []


def _read_length_alone(words: Words, scene: Scene) -> list[Span]:
    words = words[1:] if words[0] == "for" else words
    if not words or (uses_24_hours(words) and two_clocks(words, is_24_hours=True)):
        return []
    return [_lasting(length, None, scene) for length in read_lengths(words)]


def _read_in(words: Words, scene: Scene) -> list[Span]:
    """``in 2 hours``: until then, or from then on."""
    if words[0] != "in" or len(words) == 1:
        return []
    spans = []
    for length in read_lengths(words[1:]):
        then = add_length(scene.now, length)
        start = Moment(then, then)
        spans += [
            _lasting(length, None, scene),
            _started(Span(length=scene.default), start, scene),
        ]
    return spans


def _read_rest(words: Words, scene: Scene) -> list[Span]:
    """``rest of the day``, ``all week``, ``overnight``, ``all of friday``."""
    target = _whole(words)
    if not target:
        return []
    parts = [word for word in target if word in PARTS_OF_DAY]
    days = tuple(word for word in target if word not in {*PARTS_OF_DAY, "on", "of"})
    if len(parts) == 1:
        days = () if days in {("this",), ("today",)} else days
        moments = read_rest_of_day(parts[0], days, scene)
    else:
        if days[:1] == ("day",) or days[-1:] == ("day",):
            days = tuple(word for word in days if word != "day") or ("today",)
        if len(days) == 1 and days[0] in PERIODS:
            days = ("this", *days)
        moments = read_moments(days, scene) if read_days(days, scene) else []
    return [_started(Span(until=_utc(each.ends)), each, scene) for each in moments]


def _whole(words: Words) -> Words:
    """What is meant as a whole; empty when nothing is."""
    rest = words[1:] if words[0] in {"for", "during", "over"} else words
    if rest[:2] in _WHOLE:
        return rest[2:]
    if rest[:1] and rest[0] in {"all", "whole", "entire", "full"}:
        return rest[1:]
    if "overnight" in rest:
        return tuple("night" if word == "overnight" else word for word in rest)
    if rest[-2:-1] == ("all",):
        return (*rest[:-2], rest[-1])
    is_one = len(rest) == 1 and rest[0] in PERIODS | PARTS_OF_DAY | {"day"}
    return rest if is_one and rest != words else ()


def _read_day_range(words: Words, scene: Scene) -> list[Span]:
    """``dec 3-5``."""
    words = words[1:] if words[0] in FROM | {"on", "for"} else words
    days = read_day_range(words, scene)
    if days is None:
        return []
    zone = scene.now.tz_id or "UTC"
    spans = []
    for edges in days.options:
        begins, ends = (date.at(MIDNIGHT).assume_tz(zone) for date in edges)
        if ends > scene.now:
            spans.append(_started(Span(until=_utc(ends)), Moment(begins, ends), scene))
    return spans[:1]


def _read_hours_of_a_day(words: Words, scene: Scene) -> list[Span]:
    """``friday from 9am to 6pm``, ``9-5 on friday``: two clock times, and the day of both."""
    midnight = replace(scene, after=scene.now.start_of("day"))
    return _within_the_day(
        [
            (start, ends)
            for day, begins, end in day_and_hours(words, is_24_hours=scene.is_24_hours)
            for start in read_moments((*day, "at", *begins), midnight)
            for ends in _ends(end, replace(scene, after=start.begins, is_second_half=True))
            if start.is_point
        ],
        scene,
    )


def _read_hours(words: Words, scene: Scene) -> list[Span]:
    """``9am to 5pm``, ``9-5``: today, or tomorrow when that is over today."""
    clocks = two_clocks(words, is_24_hours=scene.is_24_hours)
    if clocks is None:
        return []
    midnight = replace(scene, after=scene.now.start_of("day"))
    today, tomorrow = (
        read_moments((day, "at", *clocks[0]), midnight) for day in ("today", "tomorrow")
    )
    hours = []
    for starts in zip(today, tomorrow, strict=True):
        for start in starts:
            second = replace(scene, after=start.begins, is_second_half=True)
            ends = [end for end in _ends(clocks[1], second) if end > scene.now]
            hours += [(start, end) for end in ends]
            if ends:
                break
    return _within_the_day(hours, scene)


def _within_the_day(hours: list[tuple[Moment, ZonedDateTime]], scene: Scene) -> list[Span]:
    """Those that end on the day on which they begin; all when there are none."""
    spans = [
        (_started(Span(until=_utc(end)), start, scene), start.begins.date() == end.date())
        for start, end in hours
    ]
    within = [span for span, is_within in spans if is_within]
    return within or [span for span, _ in spans]


def _read_range(words: Words, scene: Scene) -> list[Span]:
    """A start, then an end or a length; "from" or "starting" before it is optional."""
    is_marked = words[0] in FROM | {"in"}
    body = words[1:] if words[0] in FROM else words
    for cut in range(1, len(body)):
        if spans := _read_halves(body[:cut], body[cut:], scene, lead=words[0] if is_marked else ""):
            return spans
    is_start = is_marked or words in {("now",), ("for", "now")} or words[0] == "at"
    body = body[1:] if body[:1] == ("for",) else body
    if is_start and body and any(m.is_point or is_marked for m in read_moments(body, scene)):
        raise NoEnd(" ".join(words))
    return []


def _read_halves(left: Words, right: Words, scene: Scene, *, lead: str) -> list[Span]:
    starts = _starts(left, scene, lead)
    if not starts:
        return []
    if (len(right) == 1 and right[0] in FOREVER) or (right[0] in UNTIL and right[1:] in _REVOKED):
        return [_started(Span(forever=True), start, scene) for start in starts]
    if right[0] in TO and len(right) > 1:
        return _read_from_to(left, right[1:], scene, lead=lead)
    lengths = read_lengths(right[1:] if right[0] == "for" else right)
    return [_lasting(length, start, scene) for length in lengths for start in starts]


def _starts(words: Words, scene: Scene, lead: str) -> list[Moment]:
    """The moments from which on it goes; "after" a day, from its end."""
    starts = [start for start in read_moments(words, scene) if lead or not start.is_weak]
    return [Moment(start.ends, start.ends) for start in starts] if lead == "after" else starts


def _read_from_to(left: Words, right: Words, scene: Scene, *, lead: str) -> list[Span]:
    """Spans between two moments; those that contain the present go before later ones.

    Without "from", a weak end such as a bare 5 needs a clock time as its start, so that
    "friday - 5 customers" is not a range.
    """
    midnight = replace(scene, after=scene.now.start_of("day"))
    for each in (midnight, scene):
        spans = [
            _started(Span(until=_utc(end)), start, scene)
            for start in _starts(left, each, lead)
            for end in _ends(
                right,
                replace(scene, after=start.begins, is_second_half=True),
                only_clear=not (lead or start.is_point),
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
        if is_marked and len(left) == 1 and left[0] in FOREVER:
            return [_started(Span(forever=True), start, scene) for start in starts]
        is_start = (
            is_marked or right[0] == "in" or all(m.is_point and not m.is_weak for m in starts)
        )
        lengths = read_lengths(left) if is_start else []
        is_counted = words[cut] == "from" and words[0] != "for" and right != ("now",)
        if lengths:
            return [
                span
                for length in lengths
                for start in starts
                for span in (
                    _lasting(length, start, scene),
                    *([_counted(length, start)] if is_counted and length.is_of_days else []),
                )
            ]
    return []


def _counted(length: Length, start: Moment) -> Span:
    """Until so long after a moment; after a day, until the end of the day so much later."""
    return Span(until=_utc(add_length(start.ends, length)))


def _read_bare(words: Words, scene: Scene) -> list[Span]:
    """A day is that stretch, a point is an end; "tomorrow morning" alone can be either."""
    is_whole = words[0] in {"during", "throughout"}
    words = words[1:] if words[0] in _OVER else words
    spans = []
    for moment in read_moments(words, scene) if words else []:
        if moment.is_weak and not is_whole:
            continue
        if moment.is_point:
            spans.append(Span(until=_utc(moment.ends)))
        hours = _HOURS_OF.get(words[-1], 0) if moment.is_point else 0
        if hours or not moment.is_point:
            end = moment.ends.add(hours=hours)
            spans.append(_started(Span(until=_utc(end)), moment, scene))
    return spans


def _lasting(length: Length, start: Moment | None, scene: Scene) -> Span:
    """A length from a start; with calendar months or working days it has a fixed end."""
    if not length.months and not length.workdays:
        return _started(Span(length=length.elapsed), start, scene)
    begins = scene.now if start is None else max(start.begins, scene.now)
    return _started(Span(until=_utc(add_length(begins, length))), start, scene)


def _started(span: Span, start: Moment | None, scene: Scene) -> Span:
    """The span with its start; one that has passed means as soon as approved."""
    if start is None:
        return span
    if start.begins <= scene.now:
        return replace(span, is_at_once=True)
    return Span(span.length, span.until, span.forever, _utc(start.begins))


def _utc(moment: ZonedDateTime) -> datetime:
    return moment.to_instant().to_stdlib()
