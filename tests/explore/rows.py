"""The database of the search: one SQLite in memory; its rows are taken out and put back as values.

A snapshot is the rows themselves, shared between all states that have the same; putting one back
writes only the tables that differ. (Measured against ``serialize`` and ``deserialize``: those make
SQLite read its schema anew each time, which takes longer than all of a transaction.)
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, cast

from sqlalchemy import StaticPool, create_engine

from bot.store import Store
from models.base import metadata

TableRows = tuple[tuple[Any, ...], ...]
Snapshot = tuple[TableRows, ...]  # one of each table that is kept


class Rows:
    """Runs transactions on any snapshot; none of them leaves anything behind but its result."""

    def __init__(self, tables: Sequence[str]) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        with engine.begin() as connection:
            metadata.create_all(connection)
        self._connection = engine.connect()
        self._raw = cast("sqlite3.Connection", self._connection.connection.driver_connection)
        self._raw.isolation_level = None
        self.tables = tuple(tables)
        self._interned: dict[Any, Any] = {}
        self._there: list[TableRows] = [() for _ in tables]
        self._select = [f"SELECT * FROM {table} ORDER BY rowid" for table in tables]
        self._delete = [f"DELETE FROM {table}" for table in tables]
        self._insert = [
            f"INSERT INTO {table} VALUES ({', '.join('?' * len(metadata.tables[table].columns))})"
            for table in tables
        ]

    @property
    def empty(self) -> Snapshot:
        """A new database."""
        return tuple(() for _ in self.tables)

    def transact(
        self, before: Snapshot, function: Callable[[Store], Any]
    ) -> tuple[Any, Exception | None, Snapshot]:
        """What it returned, or raised, and the rows afterwards."""
        self._put(before)
        raw = self._raw
        raw.execute("BEGIN")
        changes = raw.total_changes
        try:
            store = Store(self._connection)
            result = function(store)
            store.finish()
            after = before if raw.total_changes == changes else self._taken(before)
        except Exception as error:  # noqa: BLE001 - whatever it is, the coroutine is given it
            return None, error, before
        finally:
            raw.execute("ROLLBACK")
        return result, None, after

    def _taken(self, before: Snapshot) -> Snapshot:
        found = []
        for select, old in zip(self._select, before, strict=True):
            new = tuple(self._raw.execute(select).fetchall())
            found.append(old if new == old else self.same(new))
        return cast("Snapshot", self.same(tuple(found)))

    def same(self, value: Any) -> Any:
        """The one object that stands for all equal ones."""
        return self._interned.setdefault(value, value)

    def _put(self, wanted: Snapshot) -> None:
        for place, rows in enumerate(wanted):
            if self._there[place] is not rows:
                self._raw.execute(self._delete[place])
                self._raw.executemany(self._insert[place], rows)
                self._there[place] = rows
