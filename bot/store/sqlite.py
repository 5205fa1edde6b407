"""SQLite: one thread writes, on one connection, and takes the write lock at once; others read.

The file holds sealed tokens, names and reasons, so that only its owner may read it, and what is
deleted is overwritten.
"""

import asyncio
import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event

from bot.store import only_reads
from bot.store.away import NotOurs
from bot.store.only_reads import ONLY_READS
from bot.store.pace import Pace
from bot.store.turns import Kept, Turn, Turns, Work, alone, tell, tell_sqlite

TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
)
LOCK_WAIT = 10.0  # seconds another process may hold the file before we give up
OWNER_ONLY = 0o600
WRITABLE = os.W_OK | os.X_OK  # a folder
IN_MEMORY = (None, "", ":memory:")
CLEAN_EVERY = 60.0  # seconds until what was deleted is gone from the write-ahead log as well
FILES = ("", "-wal", "-shm", "-journal")  # what SQLite makes beside the database
# A write-ahead log that is used up is written over, and cut only when it is cleaned: to the disk, a
# commit that makes a file longer takes twice as long.
PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "synchronous=FULL",
    "secure_delete=ON",
)
# By the number of its schema and one of these it is known to be ours, also where one of them is
# gone; a file without a table is anybody's.
SCHEMA = "alembic_version"
OURS = frozenset({"delegations", "connections"})
CLEANING = (
    "busy_timeout=0",
    "wal_checkpoint(TRUNCATE)",
    f"busy_timeout={LOCK_WAIT * 1000:.0f}",
)
READERS = 2  # at the same time


class SqliteBackend:
    """Implements ``bot.store.database.Backend``: changes take turns, reads have threads apart."""

    listening = None  # one process has the file

    def __init__(self, url: URL, pace: Pace) -> None:
        self._pace = pace
        self._path = _path(url)
        self._engine = _engine(url, _begin_immediately)
        event.listen(self._engine, "connect", _prepare)
        self._kept = Kept(self._engine)
        self._turns = Turns(self._kept, self._clean_now_and_then)
        self._cleaned = time.monotonic()
        # What is in memory is known to one connection only.
        self._readers = None if url.database in IN_MEMORY else Readers(url, pace)

    @property
    def is_missing(self) -> bool:
        """Whether there is no file yet, in a folder where one can be made."""
        path = self._path
        return path is not None and _kind(path) is None and os.access(path.parent, WRITABLE)

    async def run(self, work: Work, *, is_patient: bool) -> Any:
        """One transaction; without patience it has :data:`LONGEST_WAIT`. Raises DatabaseAway."""
        return await self._turns.take(Turn(work, self._pace, is_patient=is_patient))

    async def run_single(self, work: Work) -> Any:
        """The same: what waits at the same time shares a commit. Raises DatabaseAway."""
        return await self.run(work, is_patient=False)

    async def read(self, work: Work, *, at_one_moment: bool) -> Any:
        """What changes nothing: it does not wait for those that do. Raises DatabaseAway."""
        if self._readers is None:
            return await self.run(work, is_patient=False)
        return await self._readers.read(work)

    def _clean_now_and_then(self) -> None:
        """Empty the write-ahead log, unless somebody reads it: then the next time."""
        if time.monotonic() - self._cleaned <= CLEAN_EVERY:
            return
        self._cleaned = time.monotonic()
        self._kept.close()
        connection = self._engine.raw_connection()
        with contextlib.closing(connection), contextlib.suppress(sqlite3.Error):
            cursor = connection.cursor()
            for pragma in CLEANING:
                cursor.execute(f"PRAGMA {pragma}").fetchall()

    def seconds_stuck(self) -> float:
        """How long the transaction at hand has been going on."""
        return self._turns.seconds_stuck()

    async def dispose(self) -> None:
        """Close the file."""
        if self._readers is not None:
            await self._readers.dispose()
        await self._turns.dispose()


class Readers:
    """A few connections that see what was committed when they began, and can change nothing."""

    def __init__(self, url: URL, pace: Pace) -> None:
        self._pace = pace
        self._engine = _engine(url, _begin).execution_options(**ONLY_READS)
        event.listen(self._engine, "connect", _prepare_reader)
        self._threads = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="sqlite-read")
        self._free = [Kept(self._engine) for _ in range(READERS)]
        self._is_over = False

    async def read(self, work: Work) -> Any:
        """Within :data:`LONGEST_WAIT`; raises DatabaseAway."""
        turn = Turn(work, self._pace)
        self._threads.submit(self._take, turn)
        return await turn.wait()

    def _take(self, turn: Turn) -> None:
        kept = self._free.pop()
        try:
            alone(kept, turn)
        finally:
            self._free.append(kept)
            if self._is_over:
                kept.close()
            tell([turn])

    async def dispose(self) -> None:
        """Close the connections; one that still reads keeps its own until it is done."""
        self._is_over = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for kept in tuple(self._free):
            kept.dispose()


def _engine(url: URL, begin: Callable[[Connection], None]) -> Engine:
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": LOCK_WAIT, "check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "begin", begin)
    only_reads.count(engine)
    return engine


def _path(url: URL) -> Path | None:
    """Where the file is; None in memory, and where SQLite is given a URI of its own."""
    name = url.database
    return None if name is None or name in IN_MEMORY or name.startswith("file:") else Path(name)


def _kind(path: Path) -> int | None:
    """What is there; None where nothing is, or nothing can be seen."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return None


def _make_private(
    _dialect: object, _record: object, arguments: list[Any], _options: object
) -> None:
    """Before SQLite creates the file it is there, readable for nobody else; so is what it makes
    beside it, which takes the file's mode (sqlite.org/wal.html). Raises NotOurs of a device."""
    path = str(arguments[0])
    if path == ":memory:" or path.startswith("file:"):
        return
    if _kind(Path(path)) not in (None, stat.S_IFREG, stat.S_IFDIR):
        raise NotOurs
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    except OSError:
        return  # it is there, or SQLite says in its own words why it cannot be


def _tighten_all(connection: Any) -> None:
    """What was there already, once it is known to be ours: any other file that somebody names by
    mistake is left as it is. Raises NotOurs, and what SQLite says of no database."""
    tables = {name for (name,) in connection.execute(TABLES)}
    if tables - {SCHEMA} and (SCHEMA not in tables or tables.isdisjoint(OURS)):
        raise NotOurs
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    for ending in FILES if path else ():
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
    _tighten_all(connection)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def _begin_immediately(connection: Connection) -> None:
    tell_sqlite(connection, "BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    tell_sqlite(connection, "BEGIN")
