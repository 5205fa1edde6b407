"""What every table shares: one MetaData, naming of constraints, and UTC times on both databases."""

import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Index, MetaData, text
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# Of a column that holds what is personal and no id of Slack: once its row is erased, it is empty.
PERSONAL = {"personal": True}


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows of which ``where`` is true. SQLite uses it only where a question has the
    very same words (sqlite.org/partialindex.html)."""
    condition = text(where)
    return Index(name, *columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def new_id() -> str:
    """A random, unguessable id: 22 characters that are safe in URLs and in Slack's block ids."""
    return secrets.token_urlsafe(16)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite stores no zone, so it is taken off and put back there."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database, in UTC; raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """From the database, aware and in UTC whatever zone the server speaks. A row has many, so
        each is read in one go; what asyncpg reads is so as it is."""
        return _from_text if dialect.name == "sqlite" else None


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


class Length(TypeDecorator[timedelta]):
    """A duration, stored as whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """To the database, in seconds; what is below a second is cut off."""
        return None if value is None else int(value.total_seconds())

    def process_result_value(self, value: Any, dialect: Dialect) -> timedelta | None:
        """From the database, where it is a number of seconds."""
        return None if value is None else timedelta(seconds=value)


def words(kind: type[StrEnum]) -> Enum:
    """A column of fixed words, stored as text: a new word needs no migration."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )
