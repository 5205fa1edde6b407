"""When somebody is reminded of what waits for them: within the grantor's working hours. Pure."""

from datetime import UTC, datetime, timedelta

from whenever import Instant, TimeZoneNotFoundError, ZonedDateTime

FIRST = (timedelta(hours=4), timedelta(hours=24))  # after the request; then daily
DAILY = timedelta(hours=24)
LEAST_BETWEEN = timedelta(hours=4)  # a weekend brings several due moments together
OPENS, CLOSES = 9, 18  # o'clock in the grantor's zone
WORKING_DAYS = range(1, 6)  # Monday to Friday


def next_reminder(*, asked_at: datetime, sent: int, zone: str, now: datetime) -> datetime:
    """When the reminder after ``sent`` others is due; the last of these is sent at ``now``.

    ``asked_at`` is since when somebody waits.
    """
    wished = asked_at + FIRST[sent] if sent < len(FIRST) else now + DAILY
    earliest = now + LEAST_BETWEEN if sent else now
    return next_working_moment(max(wished, earliest), zone)


def snoozed_until(now: datetime, zone: str) -> datetime:
    """This time on the next working day, or as near to it as working hours allow.

    Somebody who says "tomorrow" in the evening means tomorrow, not the day after.
    """
    local = _local(now, zone).add(days=1)
    if local.hour >= CLOSES:
        local = _opening(local)
    return next_working_moment(datetime.fromtimestamp(local.timestamp(), UTC), zone)


def next_workday(moment: datetime, zone: str) -> datetime:
    """When the working day after that of ``moment`` begins."""
    tomorrow = _opening(_local(moment, zone).add(days=1))
    return next_working_moment(datetime.fromtimestamp(tomorrow.timestamp(), UTC), zone)


def put_off_until(
    *, asked_at: datetime, sent: int, remind_at: datetime | None, zone: str
) -> datetime | None:
    """To when the reminder after the first can be put off: by a working day. None where that would
    change nothing: it was done already, or reminders come once a working day anyway."""
    if sent != 1 or remind_at is None:
        return None
    first = next_reminder(asked_at=asked_at, sent=0, zone=zone, now=asked_at)
    second = next_reminder(asked_at=asked_at, sent=1, zone=zone, now=first)
    later = snoozed_until(second, zone)
    return later if remind_at < later else None


def next_working_moment(moment: datetime, zone: str) -> datetime:
    """``moment`` itself in working hours, else the next time that they begin."""
    local = _local(moment, zone)
    if local.hour >= CLOSES:
        local = _opening(local.add(days=1))
    elif local.hour < OPENS:
        local = _opening(local)
    while local.date().day_of_week().value not in WORKING_DAYS:
        local = _opening(local.add(days=1))
    return datetime.fromtimestamp(local.timestamp(), UTC)


def _opening(local: ZonedDateTime) -> ZonedDateTime:
    return local.replace(hour=OPENS, minute=0, second=0, nanosecond=0)


def _local(moment: datetime, zone: str) -> ZonedDateTime:
    instant = Instant(moment)
    try:
        return instant.to_tz(zone)
    except TimeZoneNotFoundError:
        return instant.to_tz("UTC")
