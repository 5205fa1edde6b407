"""When a grantor is reminded of an unanswered request: within their working hours. Pure."""

from datetime import UTC, datetime, timedelta

from whenever import Instant, TimeZoneNotFoundError, ZonedDateTime

FIRST = (timedelta(hours=4), timedelta(hours=24))  # after the request; then daily
DAILY = timedelta(hours=24)
OPENS, CLOSES = 9, 18  # o'clock in the grantor's zone
WORKING_DAYS = range(1, 6)  # Monday to Friday


def next_reminder(*, asked_at: datetime, sent: int, zone: str, now: datetime) -> datetime:
    """When the reminder after ``sent`` others is due."""
    wished = asked_at + FIRST[sent] if sent < len(FIRST) else now + DAILY
    return next_working_moment(max(wished, now), zone)


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
