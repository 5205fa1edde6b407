"""The figures that are counted in the database, brought up to date before they are read."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.ports import Now
from bot.store import Database, Store
from bot.telemetry import Metrics


class Figures:
    """Counts connections, and delegations that outlive their end."""

    def __init__(self, database: Database, metrics: Metrics, now: Now) -> None:
        self._database = database
        self._metrics = metrics
        self._now = now
        self._log = structlog.get_logger("bot.web.figures")

    async def measure(self) -> None:
        """Set the gauges; without a database they keep what they last showed."""
        try:
            await self._database.run(self._count)
        except (SQLAlchemyError, OSError):
            self._log.warning("figures could not be counted")

    def _count(self, store: Store) -> None:
        self._metrics.overdue.set(store.delegations.count_late(now=self._now()))
        for state, number in store.connections.count().items():
            self._metrics.connections.labels(state).set(number)
