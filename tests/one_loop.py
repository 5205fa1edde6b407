"""All tests of a process run in one event loop, and keep its connections to PostgreSQL.

To begin a connection, and to read and plan each statement anew on it, takes the server longer than
all that most tests ask of it. Whatever else a test leaves behind in the loop ends with it, as if
the loop were closed; and what it leaves open is an error of that test.
"""

import asyncio
from asyncio.runners import _cancel_all_tasks  # type: ignore[attr-defined]
from collections import defaultdict
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import (
    AsyncAdapt_asyncpg_connection,
    AsyncAdapt_asyncpg_dbapi,
)
from sqlalchemy.util import await_only

from tests.patience import MOMENT

PATIENT_FOR = 10.0  # seconds until what was closed is gone: the other end may be a busy process
RESET_LIMIT = 5.0  # seconds


class Kept:
    """Connections to one database that are lent to whoever asks next, as good as new.

    While it is not ``on``, each is begun and closed as ever.
    """

    def __init__(self) -> None:
        self.on = True
        self._idle: defaultdict[str, list[Any]] = defaultdict(list)
        self._kinds: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def keep(self, database_url: str, loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on all that lead straight there, and are begun in this loop."""
        url = make_url(database_url)
        straight = (url.query["host"], url.database)
        begin: Any = AsyncAdapt_asyncpg_dbapi.connect
        end: Any = AsyncAdapt_asyncpg_connection.close

        def connect(dbapi: Any, *args: Any, **options: Any) -> Any:
            leads_there = (options["host"], options["database"]) == straight
            if not (self.on and leads_there and asyncio.get_running_loop() is loop):
                return begin(dbapi, *args, **options)
            kind = repr(sorted(options.items()))
            idle = self._idle[kind]
            while idle:
                if not (taken := idle.pop())._connection.is_closed():
                    return taken
            begun = begin(dbapi, *args, **options)
            self._kinds[begun._connection] = kind
            return begun

        def close(connection: Any) -> None:
            driver = connection._connection
            if driver not in self._kinds or driver.is_closed():
                end(connection)
                return
            connection.rollback()
            await_only(driver.reset(timeout=RESET_LIMIT))
            connection.isolation_level = connection._isolation_setting = None
            connection.readonly = connection.deferrable = False
            self._idle[self._kinds[driver]].append(connection)

        monkeypatch.setattr(AsyncAdapt_asyncpg_dbapi, "connect", connect)
        monkeypatch.setattr(AsyncAdapt_asyncpg_connection, "close", close)

    def let_go(self) -> None:
        """Cut those that nobody uses now."""
        for driver in self._drivers():
            driver.terminate()
        self._idle.clear()

    def pids(self) -> list[int]:
        """Whom the server has for each that is not lent."""
        return [driver.get_server_pid() for driver in self._drivers()]

    def files(self) -> set[int]:
        """The numbers of their sockets."""
        return {each._transport.get_extra_info("socket").fileno() for each in self._drivers()}

    def _drivers(self) -> list[Any]:
        every = [each._connection for idle in self._idle.values() for each in idle]
        return [driver for driver in every if not driver.is_closed()]


class OneLoop:
    """The loop; its connections are ``kept``."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._own = self._watched()
        self.kept = Kept()

    def keep(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keep connections to this database."""
        self.kept.keep(database_url, self._loop, monkeypatch)

    def clear(self) -> None:
        """End what a test has left behind. Raises AssertionError of what it has left open."""
        _cancel_all_tasks(self._loop)
        if self._loop._asyncgens:
            self._loop.run_until_complete(self._close_generators())
        for timer in self._loop._scheduled:
            timer.cancel()
        for number in list(self._loop._signal_handlers):
            self._loop.remove_signal_handler(number)
        self._loop.set_exception_handler(None)
        ends = self._loop.time() + PATIENT_FOR
        while left := self._watched() - self._own - self.kept.files():
            if self._loop.time() > ends:
                break
            self._loop.run_until_complete(asyncio.sleep(MOMENT / 20))
        kept = [self._loop._selector.get_key(number) for number in left]
        for number in left:  # is nobody else's error
            self._loop._remove_reader(number)
            self._loop._remove_writer(number)
        assert not kept, kept

    async def _close_generators(self) -> None:
        closing = [each.aclose() for each in self._loop._asyncgens]
        await asyncio.gather(*closing, return_exceptions=True)

    def _watched(self) -> set[int]:
        return set(self._loop._selector.get_map())
