"""INSERT … ON CONFLICT: both databases know it, and SQLAlchemy has it once for each."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_into(table: Table, kind: str) -> Any:
    """The beginning of such a statement for this kind of database."""
    return _INSERT[kind](table)
