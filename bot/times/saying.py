"""How a time is said back to a person, and written so that it can be read again."""

from datetime import UTC, datetime, timedelta

from whenever import Instant, TimeZoneNotFoundError, ZonedDateTime

from bot.times.places import Place, say_offset
from bot.times.span import UNIT_SECONDS, Span

_NEAR = {"today", "tomorrow"}


def local_time(moment: datetime, zone: str) -> ZonedDateTime:
    """The moment in the person's zone, or in UTC when the zone's name is unknown."""
    instant = Instant(moment)
    try:
        return instant.to_tz(zone)
    except TimeZoneNotFoundError:
        return instant.to_tz("UTC")


def say_length(length: timedelta) -> str:
    """A length in words, down to whole seconds: ``2 hours 30 minutes``."""
    parts = [
        f"{count} {unit}" if count == 1 else f"{count} {unit}s" for unit, count in _units(length)
    ]
    return " ".join(parts) or "0 seconds"


def write_length(length: timedelta) -> str:
    """A positive length in the compact form that ``parse_duration`` reads: ``1d12h``."""
    return "".join(f"{count}{unit[0]}" for unit, count in _units(length)) or "0s"


def say_weekday(moment: datetime, zone: str) -> str:
    """A moment of the coming week in ``zone``: ``Monday at 09:00``."""
    local = local_time(moment, zone)
    return f"{local.date().format('EEEE')} at {_say_clock(local)}"


def say_span(span: Span, *, now: datetime, zone: str) -> str:
    """The span as it is confirmed to a person in ``zone``, in words that ``read_span`` reads.

    ``for 2 hours``, ``until Friday 27 November, 17:00 your time``, ``until revoked``, ``from
    tomorrow, 09:00 until Friday 27 November, 18:00 your time``, ``on Friday 27 November from 14:00
    until 16:00 your time``, ``for all of Monday 30 November, your time``. The year is said only
    when it is not the present one, and what another clock shows only when that was named: ``until
    today, 18:00 your time (17:00 in Chicago)``. Where a clock time happens twice, and one offset
    does not hold for both ends, both are said in UTC: what is behind the one counts for the other.
    """
    whose = _whose_time(now, zone)
    if _has_two_offsets(span, zone):
        zone = whose = "UTC"
    whose += _say_beside(span, now, zone)
    if span.starts is None:
        return _say_end(span, now, zone, whose)
    if span.until is not None and _is_within_one_day(span.starts, span.until, zone):
        return _say_within_day(span.starts, span.until, now, zone, whose)
    start = f"from {_say_moment(span.starts, now, zone)}"
    if span.until is not None:
        return f"{start} {_say_end(span, now, zone, whose)}"
    return f"{start} {whose}, {_say_end(span, now, zone, whose)}"


def write_span(span: Span) -> str:
    """The span as text without a zone, to the second, that ``read_span`` reads back unchanged.

    Meant for what has to be carried, such as the value of a choice between two readings.
    """
    if span.until is not None:
        end = f"until {_write_moment(span.until)}"
    elif span.length is not None:
        end = (
            write_length(span.length) if span.starts is None else f"for {write_length(span.length)}"
        )
    else:
        end = "forever"
    return end if span.starts is None else f"from {_write_moment(span.starts)} {end}"


def _units(length: timedelta) -> list[tuple[str, int]]:
    """Counts of each unit; weeks only when nothing else is left, as "10 days" reads better."""
    rest = max(0, length // timedelta(seconds=1))
    if rest % UNIT_SECONDS["week"] == 0 and rest:
        return [("week", rest // UNIT_SECONDS["week"])]
    counts = []
    for unit in ("day", "hour", "minute", "second"):
        count, rest = divmod(rest, UNIT_SECONDS[unit])
        if count:
            counts.append((unit, count))
    return counts


def _say_end(span: Span, now: datetime, zone: str, whose: str) -> str:
    if span.length is not None:
        return f"for {say_length(span.length)}"
    if span.until is None:
        return "until revoked"
    local = local_time(span.until, zone)
    if local == local.start_of("day"):
        last = local_time(span.until - timedelta(seconds=1), zone)
        return f"until the end of {_say_day(last, now, zone)}, {whose}"
    return f"until {_say_moment(span.until, now, zone)} {whose}"


def _has_two_offsets(span: Span, zone: str) -> bool:
    """Whether an offset has to be said that is not that of both ends."""
    ends = [local_time(each, zone) for each in (span.starts, span.until) if each is not None]
    return any(each.is_repeated() for each in ends) and len({each.offset for each in ends}) > 1


def _is_within_one_day(starts: datetime, until: datetime, zone: str) -> bool:
    last = until - timedelta(seconds=1)
    return local_time(starts, zone).date() == local_time(last, zone).date()


def _say_within_day(starts: datetime, until: datetime, now: datetime, zone: str, whose: str) -> str:
    begins, ends = local_time(starts, zone), local_time(until, zone)
    day = _say_day(begins, now, zone)
    if begins == begins.start_of("day") and ends == ends.start_of("day"):
        return f"for all of {day}, {whose}"
    end = "midnight" if ends == ends.start_of("day") else _say_clock(ends)
    on_day = day if day in _NEAR else f"on {day}"
    return f"{on_day} from {_say_clock(begins)} until {end} {whose}"


def _say_beside(span: Span, now: datetime, zone: str) -> str:
    """What the clock that was named shows, in brackets."""
    moments = [each for each in (span.starts, span.until) if each is not None]
    if span.place is None or not span.place.said or not moments:
        return ""
    shown = [_say_there(each, span.place, now, zone) for each in moments]
    return f" ({'–'.join(shown)} {span.place.said})"


def _say_there(moment: datetime, place: Place, now: datetime, zone: str) -> str:
    there, here = place.local(moment), local_time(moment, zone)
    clock = f"{there.hour:02}:{there.minute:02}"
    return clock if there.date() == here.date() else f"{_say_day(there, now, zone)}, {clock}"


def _say_moment(moment: datetime, now: datetime, zone: str) -> str:
    local = local_time(moment, zone)
    return f"{_say_day(local, now, zone)}, {_say_clock(local)}"


def _say_clock(local: ZonedDateTime) -> str:
    """Hours and minutes; a clock time that happens twice that day also names its offset."""
    clock = f"{local.hour:02}:{local.minute:02}"
    if local.second:
        clock += f":{local.second:02}"
    if not local.is_repeated():
        return clock
    name = local.tz_abbrev()
    if not name.isalpha():
        name = say_offset(timedelta(seconds=local.offset.total("seconds")))
    return f"{clock} ({name})"


def _say_day(local: ZonedDateTime, now: datetime, zone: str) -> str:
    today = local_time(now, zone).date()
    near = {today: "today", today.next_day(): "tomorrow"}
    if local.date() in near:
        return near[local.date()]
    return local.date().format("EEEE D MMMM" if local.year == today.year else "EEEE D MMMM YYYY")


def _whose_time(now: datetime, zone: str) -> str:
    return "your time" if local_time(now, zone).tz_id == zone else "UTC"


def _write_moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
