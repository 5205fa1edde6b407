"""Rights that outlive their end: admins have a list of them, and a new one every day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.delegation import Delegation, State, Trouble

GRACE = timedelta(minutes=15)  # so long Close may be busy or away before anybody is alarmed
DAY = timedelta(days=1)
UNREACHABLE = (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST, Trouble.OTHER_CLOSE_ACCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A right that Close may still hold: one that is over, or one set up there by a leaver.

    ``grantee_id`` is missing for somebody whom nobody finds in Slack, ``over_since`` for what has
    no end here; ``id`` is a delegation's, or with ``is_stray`` a stray's.
    """

    id: str
    grantor_id: str
    grantee_id: str | None
    grantee_name: str = ""
    over_since: datetime | None = None
    trouble: Trouble | None = None
    is_stray: bool = False


def over_since(delegation: Delegation, now: datetime) -> datetime:
    """Since when Close should not hold it any more; ``now`` for what is not over.

    That is the end that was promised, whenever the bot came to notice it.
    """
    d = delegation
    if not d.is_over(now):
        return now
    ends = [moment for moment in (d.ended_at, d.ends_at) if moment is not None]
    return min(ends, default=d.attempted_at or now)


def is_overdue(delegation: Delegation, now: datetime) -> bool:
    """Whether admins should know: it is past its end for longer than a busy Close explains, or
    the bot cannot ask Close about it at all."""
    if delegation.state is not State.ENDING:
        return False
    return delegation.trouble in UNREACHABLE or now - over_since(delegation, now) >= GRACE
