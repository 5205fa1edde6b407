"""Rows read as values, and whether there are any."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Select,
    Table,
    bindparam,
    literal,
    literal_column,
    select,
)
from sqlalchemy.exc import MultipleResultsFound

from bot.store.executing import execute, prepared
from bot.store.only_reads import only_reads
from models.rows import reader

Value = TypeVar("Value")

MOST_PARAMETERS = 1_000  # in one statement; both databases have a limit


# The first row. Where the number is a parameter, PostgreSQL expects a tenth of all rows, and so,
# where there are many, makes a new plan each time: that takes longer than to carry it out.
FIRST = literal_column("1", Integer)


def one(
    connection: Connection, kind: type[Value], statement: Executable, **parameters: object
) -> Value | None:
    """The value in the row that ``statement`` finds, if it finds one."""
    found = many(connection, kind, statement, **parameters)
    if len(found) > 1:
        raise MultipleResultsFound
    return found[0] if found else None


def many(
    connection: Connection, kind: Callable[..., Value], statement: Executable, **parameters: object
) -> list[Value]:
    """The values in all rows that ``statement`` finds, in its order."""
    found = execute(connection, statement, parameters)
    read = reader(kind, tuple(found.names))
    return [read(row) for row in found.rows]


def by_id(
    connection: Connection, kind: type[Value], table: Table, row_id: str, *, lock: bool = False
) -> Value | None:
    """The value with this id; with ``lock`` nobody else changes it before the transaction ends,
    unless that only reads."""
    statement = _by_id(table, lock=lock and not only_reads(connection))
    return one(connection, kind, statement, row_id=row_id)


@prepared
def _by_id(table: Table, *, lock: bool) -> Executable:
    statement = select(table).where(table.c.id == bindparam("row_id"))
    return statement.with_for_update(key_share=True) if lock else statement


def ids_in_order(
    table: Table, *conditions: ColumnElement[bool], by: Column[str] | None = None
) -> Select[tuple[str]]:
    """The ids of all rows of which this is true, for a statement that writes them.

    They are locked in a fixed order first, by their ids or ``by`` another column: two that write
    many rows never wait for each other.
    """
    order = table.c.id if by is None else by
    locked = select(table.c.id).where(*conditions).order_by(order).with_for_update().cte("locked")
    return select(locked.c.id)


def by_team(people: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Sequence[str]]]:
    """Each workspace with these of its people, in order and a few at a time: pairs of columns are
    compared with a list of pairs one by one, and not found by an index, on SQLite."""
    for team_id, theirs in groupby(sorted(set(people)), itemgetter(0)):
        for some in batched([person for _, person in theirs]):
            yield team_id, some


def filled(rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """New rows without the columns that are empty in all of them: these are so anyway, and each
    that is written takes its time."""
    used = {name for row in rows for name, value in row.items() if value is not None}
    names = [name for name in rows[0] if name in used]
    return [{name: row[name] for name in names} for row in rows]


def is_any(connection: Connection, *conditions: ColumnElement[bool]) -> bool:
    """Whether there is a row of which all this is true."""
    return connection.execute(select(literal(1)).where(*conditions).limit(1)).first() is not None


def batched(values: Sequence[Value], size: int = MOST_PARAMETERS) -> Iterator[Sequence[Value]]:
    """The same values, a few at a time."""
    return (values[start : start + size] for start in range(0, len(values), size))
