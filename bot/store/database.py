"""The two databases behind one door: ``await database.run(function)`` is one transaction.

SQLite has one writer, so every transaction is one hop to one thread; PostgreSQL runs the same
function on SQLAlchemy's async engine. (Measured: one hop is 3 to 4 times as fast on SQLite as a
hop per statement.)

Errors name the statement but never its values: those are addresses, reasons and sealed tokens.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, make_url

from bot.store.away import DatabaseAway
from bot.store.others import Listening, Others
from bot.store.pace import Pace
from bot.store.postgres import PostgresBackend
from bot.store.sqlite import SqliteBackend
from bot.store.store import Store
from models.seen_request import current_arrival

Result = TypeVar("Result")
Work = Callable[[Connection], Any]

SOON = 0.1  # seconds until the next attempt to store what exists nowhere else,
LATER = 1.0  # and at most
GO_ON_AT_ONCE = 2  # of what nobody waits for, each time that the loop goes round
STUCK = 60.0  # seconds; a transaction that goes on for so long never ends


class Backend(Protocol):
    """One kind of database. Every wait has a limit; beyond it DatabaseAway is raised."""

    @property
    def listening(self) -> Listening | None:
        """A connection on which other processes are heard; None where there are none."""

    async def run(self, work: Work, *, is_patient: bool) -> Any:
        """One transaction; ``is_patient`` takes the limits away."""

    async def run_single(self, work: Work) -> Any:
        """One statement, which is a transaction by itself."""

    async def read(self, work: Work, *, at_one_moment: bool) -> Any:
        """What changes nothing; it waits for nobody who does."""

    def seconds_stuck(self) -> float:
        """For how long the transaction that blocks all others has been going on."""

    async def dispose(self) -> None:
        """Close all connections."""


class Database:
    """Transactions on the database that ``url`` names; accepts the forms that hosts hand out.

    Whatever comes back to somebody who is not in Slack goes on at its ``pace``.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
        self.kind = parsed.get_backend_name()
        if self.kind not in ("sqlite", "postgresql"):
            raise ValueError(f"{self.kind} is not supported: use sqlite or postgresql")
        self.pace = Pace(GO_ON_AT_ONCE)
        backend = SqliteBackend if self.kind == "sqlite" else PostgresBackend
        self._backend: Backend = backend(parsed, self.pace)

    async def run(self, function: Callable[[Store], Result]) -> Result:
        """Run ``function`` in one transaction: all of it is committed, or none.

        For a signed request that is not spent yet, the first transaction that changes anything
        spends it (``bot.store.seen_requests``). Raises Replayed, and DatabaseAway when the database
        does not answer in time.
        """
        arrival = current_arrival()
        if arrival is None or arrival.is_spent:
            return await self._run(function)

        def once(store: Store) -> tuple[Result, bool]:
            result = function(store)
            store.log.write()  # what is written down is a change, too
            return result, store.seen_requests.spend(arrival)

        result, is_spent = await self._run(once)
        if is_spent:
            arrival.is_spent = True
        return result

    async def read(
        self, function: Callable[[Store], Result], *, at_one_moment: bool = False
    ) -> Result:
        """Run ``function``, which changes nothing and locks nothing, on what is committed by now.

        With ``at_one_moment`` nothing that is committed meanwhile is seen. It never waits for those
        that change something. Raises DatabaseAway.
        """
        result: Result = await self._backend.read(
            lambda connection: function(Store(connection)), at_one_moment=at_one_moment
        )
        return result

    async def run_single(self, function: Callable[[Store], Result]) -> Result:
        """The same for a function of one statement, which needs no transaction around it: beginning
        and ending one costs PostgreSQL a round trip each. Another statement is one by itself.

        ``function`` may have been committed once already when it runs again. Raises DatabaseAway.
        """
        result: Result = await self._backend.run_single(_whole(function))
        return result

    async def run_patiently(self, function: Callable[[Store], Result]) -> Result:
        """The same without a limit, where nobody waits and nothing else is done meanwhile."""
        result: Result = await self.run_connection(_whole(function), is_patient=True)
        return result

    async def _run(self, function: Callable[[Store], Result]) -> Result:
        result: Result = await self.run_connection(_whole(function))
        return result

    async def run_until_stored(self, function: Callable[[Store], Result]) -> Result:
        """The same, tried again until the database takes it: for what exists nowhere else.

        ``function`` may have been committed once already when it runs again.
        """
        pause = SOON
        while True:
            try:
                return await self.run(function)
            except DatabaseAway:
                structlog.get_logger("bot.store.database").warning("held until it can be stored")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LATER)

    async def run_connection(self, work: Work, *, is_patient: bool = False) -> Any:
        """The same with the bare connection, for migrations and health checks.

        ``is_patient`` takes the limits away: a migration may take its time.
        """
        return await self._backend.run(work, is_patient=is_patient)

    @property
    def is_missing(self) -> bool:
        """Whether there is no file yet: opening it would make one."""
        return isinstance(self._backend, SqliteBackend) and self._backend.is_missing

    def others(self) -> Others:
        """The other processes that work on the same database."""
        return Others(self._backend.listening)

    @property
    def is_stuck(self) -> bool:
        """Whether it will never answer this process again, whatever becomes of the database."""
        return self._backend.seconds_stuck() > STUCK

    async def dispose(self) -> None:
        """Close all connections."""
        await self._backend.dispose()


def _whole(function: Callable[[Store], Result]) -> Work:
    """With what a transaction does at last, whatever it was for."""

    def work(connection: Connection) -> Result:
        store = Store(connection)
        result = function(store)
        store.finish()
        return result

    return work
