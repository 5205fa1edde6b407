"""APScheduler wakes the workers: at the earliest ``wake_at``, and at a safety interval.

It holds no state of its own. What is due is in the database and stays due until it is done, so a
restart loses nothing and a missed beat only costs a moment.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.ports import Now

SAFETY_INTERVAL = timedelta(seconds=2)  # notices rows that another process wrote and left
HELD = timedelta(milliseconds=50)  # until another look at a row that another transaction holds


class Sleeper(Protocol):
    """A worker, as the clock sees it."""

    name: str
    on_idle: Callable[[datetime | None], None]

    def wake(self) -> None:
        """Look for due rows now."""


class Clock:
    """One job for each worker's next due row, and one that wakes all of them now and then."""

    def __init__(self, now: Now, beat: timedelta = SAFETY_INTERVAL) -> None:
        self._now = now
        self._beat = beat
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ticking."""
        self._scheduler.shutdown(wait=False)

    @property
    def is_ticking(self) -> bool:
        """Whether workers are being woken."""
        return bool(self._scheduler.running)

    def serve(self, worker: Sleeper) -> None:
        """Wake ``worker`` whenever one of its rows is due, and at the safety interval."""
        worker.on_idle = lambda moment: self._wake_at(worker, moment)
        self._scheduler.add_job(
            _wake,
            "interval",
            seconds=self._beat.total_seconds(),
            args=[worker],
            id=f"{worker.name}:safety",
        )

    def _wake_at(self, worker: Sleeper, moment: datetime | None) -> None:
        if moment is None or moment - self._now() > self._beat:
            return  # the safety beat comes first
        # The bot's clock may be ahead of the machine's (in tests): only the difference counts.
        wait = moment - self._now()
        if wait <= timedelta():  # due, and not to be had: somebody is just writing it
            wait = HELD
        self._scheduler.add_job(
            _wake,
            "date",
            run_date=datetime.now(UTC) + wait,
            args=[worker],
            id=f"{worker.name}:due",
            replace_existing=True,
        )


async def _wake(worker: Sleeper) -> None:
    """A coroutine, because APScheduler calls plain functions in a thread (executors/asyncio.py),
    and an ``asyncio.Event`` may be set only in its own loop."""
    worker.wake()
