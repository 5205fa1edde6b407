"""The figures that are counted in the database, brought up to date before they are read."""

from datetime import datetime, timedelta

import structlog

from bot.ports import Now
from bot.store import Database, DatabaseAway, Store
from bot.telemetry import Metrics
from bot.web.cached import Cached

LATELY = timedelta(days=7)


class Figures:
    """Counts connections, and delegations that outlive their end; at most once a second."""

    def __init__(self, database: Database, metrics: Metrics, now: Now) -> None:
        self._database = database
        self._metrics = metrics
        self._now = now
        self._cached = Cached(self._look)

    async def measure(self) -> bool:
        """Set the gauges; while the database does not answer they keep what they last showed.

        False where it refuses: nobody knows then whether what is shown is still so.
        """
        return await self._cached.answer() is not False

    async def _look(self) -> bool:
        try:
            await self._database.read(self._count)
        except DatabaseAway:
            return True  # /readyz says so
        except Exception as error:  # noqa: BLE001 - whatever it is, there are no figures
            log = structlog.get_logger("bot.web.figures")
            log.warning("the database cannot be counted", error=type(error).__name__)
            return False
        return True

    def _count(self, store: Store) -> None:
        self._metrics.overdue.set(store.delegations.count_late(now=self._now()))
        self._leavers(store, self._now())
        for state, number in store.connections.count().items():
            self._metrics.connections.labels(state).set(number)

    def _leavers(self, store: Store, now: datetime) -> None:
        leaving = store.departures.leaving()
        gone = store.departures.gone(since=now - LATELY, until=now)
        took = [each.gone_at - each.found_at for each in gone if each.gone_at is not None]
        self._metrics.leaving.set(len(leaving))
        waits = (now - leaving[0]).total_seconds() if leaving else 0
        self._metrics.leaving_longest.set(max(waits, 0))
        self._metrics.leaving_took.set(max(took, default=timedelta()).total_seconds())
