"""SQLite: one thread, one connection, one writer; a transaction takes the write lock at once.

The file holds sealed tokens, names and reasons, so that only its owner may read it, and what is
deleted is overwritten.
"""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from bot.store.away import DatabaseAway

Work = Callable[[Connection], Any]

LOCK_WAIT = 10.0  # seconds another process may hold the file before we give up
LONGEST_WAIT = 15.0  # seconds for a transaction in all, those before it included
OWNER_ONLY = 0o600
CLEAN_EVERY = 60.0  # seconds until what was deleted is gone from the write-ahead log as well
FILES = ("", "-wal", "-shm", "-journal")  # what SQLite makes beside the database
PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "synchronous=FULL",
    "secure_delete=ON",
    "journal_size_limit=0",  # a log that is used up is cut, too
)
CLEANING = (
    "busy_timeout=0",
    "wal_checkpoint(TRUNCATE)",
    f"busy_timeout={LOCK_WAIT * 1000:.0f}",
)
# sqlite.org/rescode.html: busy, locked, read-only, I/O error, disk full.
AWAY_CODES = frozenset({5, 6, 8, 10, 13})


class SqliteBackend:
    """Implements ``bot.store.database.Backend``."""

    def __init__(self, url: URL) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            connect_args={"timeout": LOCK_WAIT, "check_same_thread": False},
            hide_parameters=True,
        )
        self._began: float | None = None
        self._cleaned = time.monotonic()
        event.listen(self._engine, "do_connect", _make_private)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin_immediately)

    async def run(self, work: Work, *, is_patient: bool) -> Any:
        """One transaction; without patience it has :data:`LONGEST_WAIT`. Raises DatabaseAway."""
        turn = _Turn(self._engine, work, is_patient=is_patient)
        waiting = asyncio.get_running_loop().run_in_executor(self._thread, self._take, turn)
        try:
            async with asyncio.timeout(None if is_patient else LONGEST_WAIT):
                return await waiting
        except TimeoutError as error:
            turn.is_given_up = True
            raise DatabaseAway("no turn in time") from error
        except DBAPIError as error:
            if _is_away(error):
                raise DatabaseAway("the file cannot be used now") from error
            raise

    def _take(self, turn: "_Turn") -> Any:
        self._began = None if turn.is_patient else time.monotonic()
        try:
            return turn.take()
        finally:
            if time.monotonic() - self._cleaned > CLEAN_EVERY:
                self._clean()
            self._began = None

    def _clean(self) -> None:
        """Empty the write-ahead log, unless somebody reads it: then the next time."""
        self._cleaned = time.monotonic()
        connection = self._engine.raw_connection()
        with contextlib.closing(connection), contextlib.suppress(sqlite3.Error):
            cursor = connection.cursor()
            for pragma in CLEANING:
                cursor.execute(f"PRAGMA {pragma}").fetchall()

    def seconds_stuck(self) -> float:
        """How long the transaction at hand has been going on."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    async def dispose(self) -> None:
        """Close the file."""
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                await closing
        self._thread.shutdown(wait=False, cancel_futures=True)


class _Turn:
    """One transaction that waits for its turn; nobody wants it any more once it is given up."""

    def __init__(self, engine: Engine, work: Work, *, is_patient: bool) -> None:
        self._engine = engine
        self._work = work
        self.is_patient = is_patient
        self.is_given_up = False

    def take(self) -> Any:
        self._check()  # else each that waits behind a lock would wait for it anew
        with self._engine.begin() as connection:
            self._check()
            return self._work(connection)

    def _check(self) -> None:
        if self.is_given_up:  # whoever asked was told that nothing was done
            raise DatabaseAway("given up while it waited for the file")


def _is_away(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in AWAY_CODES


def _make_private(
    _dialect: object, _record: object, arguments: list[Any], _options: object
) -> None:
    """Before SQLite creates the file it is there, readable for nobody else; so is what it makes
    beside it, which takes the file's mode (sqlite.org/wal.html)."""
    path = str(arguments[0])
    if path == ":memory:" or path.startswith("file:"):
        return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
    except OSError:
        return  # SQLite says it in its own words
    for ending in FILES:
        _tighten(Path(path + ending))


def _tighten(path: Path) -> None:
    try:
        if path.exists() and path.stat().st_mode & 0o077:
            path.chmod(OWNER_ONLY)
    except OSError as error:
        structlog.get_logger("bot.store.sqlite").warning(
            "others can read the database", path=str(path), error=type(error).__name__
        )


def _prepare(connection: Any, _record: object) -> None:
    # sqlite3 must not begin transactions by itself; _begin_immediately does.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
