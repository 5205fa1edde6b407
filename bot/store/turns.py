"""One transaction after another on SQLite, and one commit for all that wait at the same time.

SQLite has one writer, and a commit that is on the disk takes longer than all the statements before
it. So one thread takes whatever waits: each has a savepoint of its own, so that one that fails
takes nothing else along, and nobody hears before all of it is committed.
"""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.store.away import DatabaseAway

Work = Callable[[Connection], Any]

LONGEST_WAIT = 15.0  # seconds for a transaction in all, those before it included
LONGEST_TOGETHER = 0.05  # seconds; whoever comes later waits for the next commit
# sqlite.org/rescode.html: busy, locked, read-only, I/O error, disk full.
AWAY_CODES = frozenset({5, 6, 8, 10, 13})


class Turn:
    """One transaction that waits for its turn; nobody wants it any more once it is given up.

    ``is_patient`` is for one that may take its time, and has a commit of its own.
    """

    def __init__(self, work: Work, *, is_patient: bool = False) -> None:
        self.work = work
        self.is_patient = is_patient
        self.is_given_up = False
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[Any] = self._loop.create_future()
        self._result: Any = None
        self._error: BaseException | None = None

    async def wait(self) -> Any:
        """What came of it; without patience within :data:`LONGEST_WAIT`. Raises DatabaseAway."""
        try:
            async with asyncio.timeout(None if self.is_patient else LONGEST_WAIT):
                return await self._done
        except TimeoutError as error:
            raise DatabaseAway("no turn in time") from error
        except (DBAPIError, sqlite3.Error) as error:
            if is_away(error):
                raise DatabaseAway("the file cannot be used now") from error
            raise
        finally:
            self.is_given_up = True

    def check(self) -> None:
        """Raise DatabaseAway where whoever asked was told that nothing was done."""
        if self.is_given_up:
            raise DatabaseAway("given up while it waited for the file")

    def take(self, connection: Connection) -> None:
        """Do it, and keep what comes of it."""
        self.check()
        self._result = self.work(connection)

    def fail(self, error: BaseException) -> None:
        """Nothing of it was done. Where nothing at all is stored, that is the answer, whatever it
        said itself: it may have seen what others did, which is not so now."""
        self._error = error

    def tell(self) -> None:
        """Say what came of it, in the loop that waits for it."""
        self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self._done.done():  # nobody waits any more
            return
        if self._error is None:
            self._done.set_result(self._result)
        else:
            self._done.set_exception(self._error)


class Turns:
    """The turns of one thread; ``after`` is called there once in a while, when nobody waits."""

    def __init__(self, engine: Engine, after: Callable[[], None]) -> None:
        self._engine = engine
        self._after = after
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._waiting: deque[Turn] = deque()
        self._lock = threading.Lock()
        self._began: float | None = None

    async def take(self, turn: Turn) -> Any:
        """Wait for the turn, and for its commit."""
        with self._lock:
            self._waiting.append(turn)
        self._thread.submit(self._work)
        return await turn.wait()

    def seconds_stuck(self) -> float:
        """How long the transaction at hand has been going on."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    async def dispose(self) -> None:
        """Close the file."""
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        await asyncio.wait([closing], timeout=LONGEST_WAIT)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _work(self) -> None:
        """In the thread: all that waits by now; each that came asks for this, and finds nothing
        left where it was taken along."""
        turns = self._first()
        if not turns:
            return
        self._began = None if turns[0].is_patient else time.monotonic()
        try:
            if turns[0].is_patient or not self._waiting:
                alone(self._engine, turns[0])
            else:
                together(self._engine, turns, self._more)
        finally:
            for turn in turns:
                turn.tell()
            self._after()
            self._began = None

    def _first(self) -> list[Turn]:
        with self._lock:
            return [self._waiting.popleft()] if self._waiting else []

    def _more(self) -> Turn | None:
        """The next that can be taken along."""
        with self._lock:
            is_there = bool(self._waiting) and not self._waiting[0].is_patient
            return self._waiting.popleft() if is_there else None


def alone(engine: Engine, turn: Turn) -> None:
    """One transaction for this one only."""
    try:
        turn.check()  # else each that waits behind a lock would wait for it anew
        with engine.begin() as connection:
            turn.take(connection)
    except Exception as error:  # noqa: BLE001 - whoever waits has to hear
        turn.fail(error)


def together(engine: Engine, turns: list[Turn], more: Callable[[], Turn | None]) -> None:
    """One transaction for the first of ``turns``, and for what ``more`` adds to them meanwhile."""
    until = time.monotonic() + LONGEST_TOGETHER
    try:
        turns[0].check()
        with engine.begin() as connection:
            _take(turns[0], connection)
            while time.monotonic() < until and (turn := more()):
                turns.append(turn)
                _take(turn, connection)
    except Exception as error:  # noqa: BLE001 - nothing is stored
        for each in turns:
            each.fail(error)


def _take(turn: Turn, connection: Connection) -> None:
    """Within a savepoint; raises what ends the transaction of all."""
    tell_sqlite(connection, "SAVEPOINT turn")
    try:
        turn.take(connection)
    except Exception as error:
        if isinstance(error, DBAPIError) and is_away(error):
            raise  # SQLite may have ended the transaction (sqlite.org/lang_transaction.html)
        tell_sqlite(connection, "ROLLBACK TO turn")
        turn.fail(error)
    tell_sqlite(connection, "RELEASE turn")


def tell_sqlite(connection: Connection, word: str) -> None:
    """What brackets every transaction, without what SQLAlchemy does about a statement: that would
    take twenty times as long. Raises sqlite3.Error."""
    driver: Any = connection.connection.driver_connection
    driver.execute(word)


def is_away(error: DBAPIError | sqlite3.Error) -> bool:
    """Whether the file cannot be used now."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in AWAY_CODES
