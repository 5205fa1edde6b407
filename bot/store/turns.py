"""One transaction after another on SQLite, and one commit for all that wait at the same time.

SQLite has one writer, and a commit that is on the disk takes longer than all the statements before
it. So one thread takes whatever waits: each has a savepoint of its own, so that one that fails
takes nothing else along, and nobody hears before all of it is committed.

What somebody in Slack waits for goes before what nobody waits for, and is committed at once.
"""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.store.away import DatabaseAway
from bot.store.pace import Pace
from models.seen_request import current_arrival

Work = Callable[[Connection], Any]

LONGEST_WAIT = 15.0  # seconds for a transaction in all, those before it included
LONGEST_TOGETHER = 0.05  # seconds; whoever comes later waits for the next commit
LONGEST_BEHIND = 0.1  # seconds that others may go before what nobody waits for
# sqlite.org/rescode.html: busy, locked, read-only, I/O error, disk full.
AWAY_CODES = frozenset({5, 6, 8, 10, 13})


class Turn:
    """One transaction that waits for its turn; nobody wants it any more once it is given up.

    ``is_patient`` is for one that may take its time, and has a commit of its own. Who waits for it
    goes on at the ``pace`` of all that nobody in Slack waits for.
    """

    def __init__(self, work: Work, pace: Pace, *, is_patient: bool = False) -> None:
        self.work = work
        self._pace = pace
        self.is_patient = is_patient
        self.is_urgent = current_arrival() is not None and not is_patient
        self.is_given_up = False
        self._came = time.monotonic()
        self.loop = asyncio.get_running_loop()
        self._done: asyncio.Future[Any] = self.loop.create_future()
        self._result: Any = None
        self._error: BaseException | None = None

    async def wait(self) -> Any:
        """What came of it; without patience within :data:`LONGEST_WAIT`. Raises DatabaseAway."""
        wait = None if self.is_patient else self.loop.call_later(LONGEST_WAIT, self._too_late)
        try:
            result = await self._done
        except (DBAPIError, sqlite3.Error) as error:
            if is_away(error):
                raise DatabaseAway("the file cannot be used now") from error
            raise
        finally:
            self.is_given_up = True
            if wait is not None:
                wait.cancel()
        if not self.is_urgent:
            await self._pace.turn()
        return result

    def _too_late(self) -> None:
        if not self._done.done():
            self._done.set_exception(DatabaseAway("no turn in time"))

    @property
    def is_overdue(self) -> bool:
        """Whether enough others have gone before it."""
        return time.monotonic() - self._came > LONGEST_BEHIND

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

    def settle(self) -> None:
        """Say what came of it, in the loop that waits for it."""
        if self._done.done():  # nobody waits any more
            return
        if self._error is None:
            self._done.set_result(self._result)
        else:
            self._done.set_exception(self._error)


class Kept:
    """A connection that one transaction leaves to the next, all in one thread: to take one from the
    engine and give it back costs a small transaction a fifth of its time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction; whatever ends it otherwise than well ends the connection, too."""
        connection = self._connection = self._connection or self._engine.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give it back to the engine."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def dispose(self) -> None:
        """Close the file."""
        self.close()
        self._engine.dispose()


def tell(turns: Sequence[Turn]) -> None:
    """Say to each what came of it, in the loop that waits for all of them; from any thread. Whoever
    is waited for in Slack hears first."""
    turns[0].loop.call_soon_threadsafe(_settle, sorted(turns, key=lambda turn: not turn.is_urgent))


def _settle(turns: Sequence[Turn]) -> None:
    for turn in turns:
        turn.settle()


class Turns:
    """The turns of one thread; ``after`` is called there once in a while, when nobody waits."""

    def __init__(self, engine: Kept, after: Callable[[], None]) -> None:
        self._engine = engine
        self._after = after
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._urgent: deque[Turn] = deque()
        self._waiting: deque[Turn] = deque()
        self._lock = threading.Lock()
        self._is_at_work = False
        self._began: float | None = None

    async def take(self, turn: Turn) -> Any:
        """Wait for the turn, and for its commit."""
        with self._lock:
            (self._urgent if turn.is_urgent else self._waiting).append(turn)
            is_at_work = self._is_at_work
        if not is_at_work:  # else it is found by whoever is
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
        """In the thread, until nobody waits."""
        while turns := self._first():
            with suppress(Exception):  # who waited was told, and the others still have their turn
                self._take(turns)

    def _take(self, turns: list[Turn]) -> None:
        self._began = None if turns[0].is_patient else time.monotonic()
        try:
            if turns[0].is_patient or not (self._urgent or self._waiting):
                alone(self._engine, turns[0])
            else:
                together(self._engine, turns, self._more)
        finally:
            tell(turns)
            self._after()
            self._began = None

    def _first(self) -> list[Turn]:
        with self._lock:
            is_overdue = bool(self._waiting) and self._waiting[0].is_overdue
            queue = self._waiting if is_overdue or not self._urgent else self._urgent
            self._is_at_work = bool(queue)
            return [queue.popleft()] if queue else []

    def _more(self, turns: Sequence[Turn]) -> Turn | None:
        """The next that can be taken along with these."""
        with self._lock:
            if self._urgent:
                return self._urgent.popleft()
            is_there = bool(self._waiting) and not self._waiting[0].is_patient
            is_awaited = any(each.is_urgent for each in turns)
            return self._waiting.popleft() if is_there and not is_awaited else None


def alone(engine: Engine | Kept, turn: Turn) -> None:
    """One transaction for this one only."""
    try:
        turn.check()  # else each that waits behind a lock would wait for it anew
        with engine.begin() as connection:
            turn.take(connection)
    except Exception as error:  # noqa: BLE001 - whoever waits has to hear
        turn.fail(error)


def together(engine: Kept, turns: list[Turn], more: Callable[[list[Turn]], Turn | None]) -> None:
    """One transaction for the first of ``turns``, and for what ``more`` adds to them meanwhile."""
    until = time.monotonic() + LONGEST_TOGETHER
    try:
        turns[0].check()
        with engine.begin() as connection:
            _take(turns[0], connection)
            while time.monotonic() < until and (turn := more(turns)):
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
