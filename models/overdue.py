"""Rights that outlive their end: admins hear of each, whatever the cause, and again every day."""

from datetime import datetime, timedelta

from models.delegation import Delegation

GRACE = timedelta(minutes=15)  # so long Close may be busy or away before anybody is alarmed
DAY = timedelta(days=1)


def over_since(delegation: Delegation, now: datetime) -> datetime:
    """Since when Close should not hold it any more; ``now`` for what is not over."""
    if not delegation.is_over(now):
        return now
    return delegation.ended_at or delegation.ends_at or delegation.attempted_at or now


def is_overdue(delegation: Delegation, now: datetime) -> bool:
    """Whether it is past its end for longer than a busy Close explains."""
    return now - over_since(delegation, now) >= GRACE
