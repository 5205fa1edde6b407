"""Rights that outlive their end: admins hear of each, whatever the cause, and again every day."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.store import Store
from models.delegation import Delegation, State
from models.notice import NoticeKind

GRACE = timedelta(minutes=15)  # so long Close may be busy or away before anybody is alarmed
DAY = timedelta(days=1)


def over_since(delegation: Delegation, now: datetime) -> datetime:
    """Since when Close should not hold it any more; ``now`` for what is not over."""
    if delegation.state is not State.ENDING:
        return now
    return delegation.ended_at or delegation.ends_at or delegation.attempted_at or now


def is_overdue(delegation: Delegation, now: datetime) -> bool:
    """Whether it is past its end for longer than a busy Close explains."""
    return now - over_since(delegation, now) >= GRACE


def tell_admins(
    store: Store, delegation: Delegation, admins: Iterable[str], *, now: datetime
) -> None:
    """Once now, and once more for each day that it lasts."""
    days = (now - over_since(delegation, now)) // DAY
    store.notices.tell(
        NoticeKind.OVERDUE,
        team_id=delegation.team_id,
        recipients=sorted(admins),
        subject_id=delegation.id,
        incident=f"late:{days}",
        now=now,
    )
