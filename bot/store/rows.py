"""Rows read as values."""

from typing import TypeVar

from sqlalchemy import Connection, Executable

from models.rows import from_row

Value = TypeVar("Value")


def one(connection: Connection, kind: type[Value], statement: Executable) -> Value | None:
    """The value in the row that ``statement`` finds, if it finds one."""
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else from_row(kind, row)


def many(connection: Connection, kind: type[Value], statement: Executable) -> list[Value]:
    """The values in all rows that ``statement`` finds, in its order."""
    return [from_row(kind, row) for row in connection.execute(statement).mappings()]
