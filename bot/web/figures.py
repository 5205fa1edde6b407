"""The figures that are counted in the database, brought up to date before they are read."""

import contextlib

from bot.ports import Now
from bot.store import Database, DatabaseAway, Store
from bot.telemetry import Metrics
from bot.web.cached import Cached


class Figures:
    """Counts connections, and delegations that outlive their end; at most once a second."""

    def __init__(self, database: Database, metrics: Metrics, now: Now) -> None:
        self._database = database
        self._metrics = metrics
        self._now = now
        self._cached = Cached(self._look)

    async def measure(self) -> None:
        """Set the gauges; without a database they keep what they last showed."""
        await self._cached.answer()

    async def _look(self) -> None:
        with contextlib.suppress(DatabaseAway):  # /readyz says so
            await self._database.run(self._count)

    def _count(self, store: Store) -> None:
        self._metrics.overdue.set(store.delegations.count_late(now=self._now()))
        for state, number in store.connections.count().items():
            self._metrics.connections.labels(state).set(number)
