"""The two databases behind one door: ``await database.run(function)`` is one transaction.

SQLite has one writer, so every transaction is one hop to one thread; PostgreSQL runs the same
function on SQLAlchemy's async engine. (Measured: one hop is 3 to 4 times as fast on SQLite as a
hop per statement.)

Errors name the statement but never its values: those are addresses, reasons and sealed tokens.
"""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.store import Store

Result = TypeVar("Result")
Work = Callable[[Connection], Any]

# PostgreSQL called one of two off that waited for each other: nothing of it was done.
CALLED_OFF = frozenset({"40P01", "40001"})  # deadlock_detected, serialization_failure
DEADLOCKS = 4  # so often a transaction is begun anew
SQLITE_WAIT = 10.0  # seconds another process may hold the file before we give up


class _Backend(Protocol):
    async def run(self, work: Work) -> Any: ...

    async def dispose(self) -> None: ...


class _SqliteBackend:
    """One thread, one connection, one writer; a transaction takes the write lock at its start."""

    def __init__(self, url: URL) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            connect_args={"timeout": SQLITE_WAIT, "check_same_thread": False},
            hide_parameters=True,
        )
        event.listen(self._engine, "connect", _prepare_sqlite)
        event.listen(self._engine, "begin", _begin_immediately)

    async def run(self, work: Work) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, _in_transaction, self._engine, work
        )

    async def dispose(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()


class _PostgresBackend:
    """SQLAlchemy's async engine on asyncpg; row locks coordinate any number of processes."""

    def __init__(self, url: URL) -> None:
        self._engine: AsyncEngine = create_async_engine(
            _asyncpg_url(url),
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    async def run(self, work: Work) -> Any:
        # A commit that was begun is finished even when the caller has gone away meanwhile.
        return await asyncio.shield(self._run(work))

    async def _run(self, work: Work) -> Any:
        for _ in range(DEADLOCKS):
            try:
                return await self._run_once(work)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in CALLED_OFF:
                    raise
                await asyncio.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads load
        return await self._run_once(work)

    async def _run_once(self, work: Work) -> Any:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def dispose(self) -> None:
        await self._engine.dispose()


class Database:
    """Transactions on the database that ``url`` names; accepts the forms that hosts hand out."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
        self.kind = parsed.get_backend_name()
        if self.kind not in ("sqlite", "postgresql"):
            raise ValueError(f"{self.kind} is not supported: use sqlite or postgresql")
        self._backend: _Backend = (
            _SqliteBackend(parsed) if self.kind == "sqlite" else _PostgresBackend(parsed)
        )

    async def run(self, function: Callable[[Store], Result]) -> Result:
        """Run ``function`` in one transaction: all of it is committed, or none."""

        def work(connection: Connection) -> Result:
            store = Store(connection)
            result = function(store)
            store.finish()
            return result

        result: Result = await self.run_connection(work)
        return result

    async def run_connection(self, work: Work) -> Any:
        """The same with the bare connection, for migrations and health checks."""
        return await self._backend.run(work)

    async def dispose(self) -> None:
        """Close all connections."""
        await self._backend.dispose()


def _in_transaction(engine: Engine, work: Work) -> Any:
    with engine.begin() as connection:
        return work(connection)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # sqlite3 must not begin transactions by itself; _begin_immediately does.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _asyncpg_url(url: URL) -> URL:
    """Asyncpg calls ``sslmode`` ``ssl`` and knows no ``channel_binding``; hosts send both."""
    query = {k: v for k, v in url.query.items() if k not in ("sslmode", "channel_binding")}
    if "sslmode" in url.query:
        query["ssl"] = url.query["sslmode"]
    return url.set(drivername="postgresql+asyncpg", query=query)
