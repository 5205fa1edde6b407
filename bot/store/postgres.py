"""PostgreSQL: row locks coordinate any number of processes, and nothing waits for ever.

A peer that vanished without a word (failover, a lost NAT entry) is noticed only by whoever waits
for it, and asking it to cancel would wait as well. So a connection that has been silent for too
long is cut, which ends every wait on it, and the next one is made anew.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from bot.store import only_reads
from bot.store.away import DatabaseAway, ReadOnly
from bot.store.only_reads import EXECUTING, ONLY_READS
from bot.store.pace import Pace
from bot.store.precedence import Precedence
from models.seen_request import current_arrival

Work = Callable[[Connection], Any]
Attempt = Callable[[], Awaitable[Any]]

CONNECTIONS = 20  # of one process at most; they stay
CONNECT_LIMIT = 5.0  # seconds for a free place in the pool, and again for a new connection
STATEMENTS = 500  # that a connection knows: more than there are
SILENCE_LIMIT = 5.0  # seconds that a statement or a commit may take
CLOSE_LIMIT = 5.0  # seconds for saying goodbye
# How statements are carried out that are no transaction together. (An engine of its own for each
# would do the same by listening to itself, which makes all that it does slower.)
SINGLE = {"isolation_level": "AUTOCOMMIT"}
READING = SINGLE | ONLY_READS
AT_ONE_MOMENT = {"isolation_level": "REPEATABLE READ"} | ONLY_READS
# Two transactions waited for each other and one was called off: nothing of it was done.
CALLED_OFF = frozenset({"40P01", "40001"})  # deadlock_detected, serialization_failure
DEADLOCKS = 4  # so often a transaction is begun anew
# The server ends by itself what its client has forgotten: a statement, a transaction with its
# locks, a connection. Its probes also keep entries of NAT and load balancers alive.
SINCE_17 = "WHERE current_setting('server_version_num')::int >= 170000"
SESSION = f"""
    SET statement_timeout = '4.5s';  -- the server is first: the connection lives on
    SET idle_in_transaction_session_timeout = '15s';
    SET tcp_keepalives_idle = '30s';
    SET tcp_keepalives_interval = '10s';
    SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '30s';
    -- Between the parts of a statement a client is neither idle nor at work: only this ends it.
    SELECT set_config('transaction_timeout', '20s', false)
        {SINCE_17};
"""
PATIENT = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    f"SELECT set_config('transaction_timeout', '0', true) {SINCE_17}",
)
# postgresql.org/docs/current/errcodes-appendix.html: connection exceptions, too few resources,
# operator intervention (starting, stopping, cancelled), system errors.
AWAY_CLASSES = ("08", "53", "57", "58")
# Idle or under way for too long, read-only, lock timeout.
AWAY_STATES = frozenset({"25P03", "25P04", "25006", "55P03"})
READ_ONLY = "25006"  # a failover made a standby of the server that we are connected to


class PostgresBackend:
    """Implements ``bot.store.database.Backend`` on SQLAlchemy's async engine and asyncpg."""

    def __init__(self, url: URL, pace: Pace) -> None:
        self._engine: AsyncEngine = create_async_engine(
            _asyncpg_url(url),
            pool_size=CONNECTIONS,
            max_overflow=0,  # one that is closed again has to learn all statements anew
            pool_timeout=CONNECT_LIMIT,
            pool_use_lifo=True,  # few connections, which know what they are asked
            connect_args={"timeout": CONNECT_LIMIT, "prepared_statement_cache_size": STATEMENTS},
            hide_parameters=True,
        )
        self._running: set[asyncio.Task[Any]] = set()
        self._precedence = Precedence()
        self._pace = pace
        # First of all: what SQLAlchemy asks a new connection has its limit, too.
        engine = self._engine.sync_engine
        event.listen(engine, "connect", _prepare, insert=True)
        only_reads.count(engine)
        for each in EXECUTING:
            event.listen(engine, each, _restart_limit)

    async def run(self, work: Work, *, is_patient: bool) -> Any:
        """One transaction; without patience each statement has :data:`SILENCE_LIMIT`.

        Raises DatabaseAway.
        """
        async with self._precedence.turn():
            return await self._in_the_end(
                partial(self._lent, partial(_written, work, is_patient=is_patient))
            )

    async def run_single(self, work: Work) -> Any:
        """Each statement by itself, within :data:`SILENCE_LIMIT`. Raises DatabaseAway."""
        return await self._each_in_turn(work, SINGLE)

    async def read(self, work: Work, *, at_one_moment: bool) -> Any:
        """Each statement by itself, but for ``at_one_moment``: PostgreSQL's usual isolation sees
        the same within a transaction, whose beginning and end cost a round trip each. Raises
        DatabaseAway."""
        return await self._each_in_turn(work, AT_ONE_MOMENT if at_one_moment else READING)

    async def _each_in_turn(self, work: Work, options: Mapping[str, Any]) -> Any:
        async with self._precedence.turn():
            return await self._in_the_end(partial(self._lent, work, **options))

    async def _in_the_end(self, attempt: Attempt) -> Any:
        # A commit that was begun is finished even when the caller has gone away meanwhile.
        task = asyncio.create_task(self._try(attempt))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits gets it as well

    async def _try(self, attempt: Attempt) -> Any:
        """Begun anew where nothing was done: a deadlock, or a connection that had died before."""
        deadlocks, has_reconnected = 0, False
        while True:
            try:
                return await attempt()
            except ReadOnly:
                await self._close_all()  # what is opened next may lead to the server that does
                raise
            except DatabaseAway:
                raise
            except Exception as error:
                if _state(error) in CALLED_OFF and deadlocks < DEADLOCKS:
                    deadlocks += 1
                    await asyncio.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads load
                elif _is_lost(error) and not has_reconnected:
                    has_reconnected = True
                elif _is_away(error):
                    if _state(error) == READ_ONLY:
                        await self._close_all()
                    raise DatabaseAway(_state(error) or type(error).__name__) from error
                else:
                    raise

    async def _lent(self, work: Work, **options: Any) -> Any:
        """All of it in one go: each way into SQLAlchemy and back takes its time. Where the server
        answers many at once, what nobody waits for takes turns."""
        lent = greenlet_spawn(_with_connection, self._engine.sync_engine, work, options)
        return await (self._pace.each_turn(lent) if current_arrival() is None else lent)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Any]:
        """A connection of asyncpg that is kept; it is closed, and not lent to anybody later."""
        async with self._engine.connect() as connection:
            await connection.run_sync(lambda lent: _limit_of(lent).stop())
            driver = (await connection.get_raw_connection()).driver_connection
            try:
                yield driver
            finally:
                await connection.invalidate()

    def seconds_stuck(self) -> float:
        """Never: whatever is stuck is cut."""
        return 0.0

    async def dispose(self) -> None:
        """Let what runs finish, and close all connections."""
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_LIMIT)
        await self._close_all()

    async def _close_all(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await self._engine.dispose()


class _Limit:
    """Cuts one connection when its other end has been silent for too long."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._timer: asyncio.TimerHandle | None = None
        self.is_off = False

    def restart(self) -> None:
        """From now on there is the whole time again."""
        self.stop()
        if not self.is_off:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(SILENCE_LIMIT, self._driver.terminate)

    def stop(self) -> None:
        """Nobody waits for it any more."""
        if self._timer is not None:
            self._timer.cancel()


def _with_connection(engine: Engine, work: Work, options: Mapping[str, Any]) -> Any:
    with engine.connect() as connection:
        if options:
            connection.execution_options(**options)
        limit = _limit_of(connection)
        limit.stop()
        limit.is_off = False
        try:
            return work(connection)
        finally:
            limit.stop()


def _written(work: Work, connection: Connection, *, is_patient: bool) -> Any:
    """One transaction."""
    limit = _limit_of(connection)
    limit.is_off = is_patient
    transaction = connection.begin()
    try:
        for statement in PATIENT if is_patient else ():
            connection.exec_driver_sql(statement)
        result = work(connection)
    except BaseException:
        limit.restart()
        transaction.rollback()
        raise
    limit.restart()
    try:
        transaction.commit()
    except DBAPIError as error:
        if _is_lost(error):
            raise DatabaseAway("nobody knows whether it was committed") from error
        raise
    return result


def _prepare(connection: Any, record: Any) -> None:
    """A new connection: its limit starts at once, and its session is set up."""
    limit = record.record_info[_Limit] = _Limit(connection.driver_connection)
    limit.restart()
    connection.run_async(_set_up)


async def _set_up(driver: Any) -> None:
    await driver.execute(SESSION)


def _restart_limit(_cursor: object, _statement: str, _parameters: object, context: Any) -> None:
    _limit_of(context.root_connection).restart()


def _limit_of(connection: Connection) -> _Limit:
    """Of the pool's own notes: the connection's are not there yet while SQLAlchemy sets it up."""
    limit: _Limit = (connection.connection.record_info or {})[_Limit]
    return limit


def _state(error: Exception) -> str:
    """How PostgreSQL names an error, in five characters; empty when it said nothing."""
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


def _is_lost(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _is_away(error: Exception) -> bool:
    state = _state(error)
    if state.startswith(AWAY_CLASSES) or state in AWAY_STATES:
        return True
    return _is_lost(error) or isinstance(error, PoolExhausted | OSError)


def _asyncpg_url(url: URL) -> URL:
    """Asyncpg calls ``sslmode`` ``ssl`` and knows no ``channel_binding``; hosts send both."""
    query = {k: v for k, v in url.query.items() if k not in ("sslmode", "channel_binding")}
    if "sslmode" in url.query:
        query["ssl"] = url.query["sslmode"]
    return url.set(drivername="postgresql+asyncpg", query=query)
