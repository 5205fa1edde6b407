"""How long to wait before trying again. Retries are rows with a ``wake_at``, never sleeps."""

import random
from datetime import timedelta

from bot.close.errors import RetryLater

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=10)


def backoff(attempts: int) -> timedelta:
    """Doubles with each failed attempt up to ten minutes; the upper half of it is random."""
    longest = min(LONGEST, FIRST * 2 ** min(attempts, 20))
    share = random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret
    return timedelta(seconds=longest.total_seconds() * share)


def after(wait: timedelta) -> timedelta:
    """The wait that the other side named, plus up to a second so that not all return at once."""
    return wait + timedelta(seconds=random.uniform(0.05, 1.0))  # noqa: S311


def pause_after(error: Exception, attempts: int) -> timedelta:
    """The wait that Close named with ``error``, or else what ``attempts`` so far make it."""
    wait = error.wait if isinstance(error, RetryLater) else None
    return after(wait) if wait else backoff(attempts)
