"""How long to wait before trying again. Retries are rows with a ``wake_at``, never sleeps."""

import random
from datetime import timedelta

from bot.ports import OutsideError

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=10)


def backoff(attempts: int) -> timedelta:
    """Doubles with each failed attempt up to ten minutes; the upper half of it is random."""
    longest = min(LONGEST, FIRST * 2 ** min(attempts, 20))
    share = random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret
    return timedelta(seconds=longest.total_seconds() * share)


def pause_after(error: Exception, attempts: int) -> timedelta:
    """The wait that the other side named with ``error``, or else what ``attempts`` so far make it.

    Up to a second is added to a named wait, so that not all return at once.
    """
    wait = error.wait if isinstance(error, OutsideError) else None
    if wait:
        return wait + timedelta(seconds=random.uniform(0.05, 1.0))  # noqa: S311 - spreads load
    return backoff(attempts)
