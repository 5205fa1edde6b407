"""The schema's version: migrating, and knowing whether this release can work with what is there.

Migrations only add (docs/decisions/0011). So a database that a newer release has migrated is fine
for the processes of the older one, as long as it holds all that they use.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, column, inspect, select, table

import models
from bot.store.away import DatabaseAway, ReadOnly
from bot.store.database import Database
from bot.store.due import lease_clock
from models.base import metadata

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(models.__file__).parent / "migrations"
NAMED = re.compile(r"^revision = \"(\w+)\"$", re.MULTILINE)  # as each migration names itself
VERSION = table("alembic_version", column("version_num"))  # where Alembic keeps the newest of them
LOCK = 7_365_465  # any constant: two releases on PostgreSQL migrate one after the other
# Whoever wants a table to itself has everybody who comes later wait behind it, and the processes
# of before give up a statement after 4.5 s (bot/store/postgres.py). So it is wanted briefly, and
# again a little later.
TABLE_WAIT = "SET LOCAL lock_timeout = '2s'"


class Fit(StrEnum):
    """How the database's schema suits this release."""

    READY = "ready"  # it has every migration of this release; a newer one may have added to it
    BEHIND = "behind"  # migrations of this release are missing
    AHEAD = "ahead"  # a newer release has taken away, or demands, what this one does not know


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the database found. ``skew`` is how far its clock is ahead of ours."""

    fit: Fit
    skew: timedelta

    @property
    def skew_seconds(self) -> float:
        """The same as people read it."""
        return round(self.skew.total_seconds(), 3)


def alembic_config(connection: Connection | None = None) -> "Config":
    """Alembic's configuration, without an ini file."""
    from alembic.config import Config  # noqa: PLC0415 - as in :func:`migrate`

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


async def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema up to ``revision``; safe to run twice, or from two places.

    What a newer release has added stays. Raises DatabaseAway, also when somebody holds a table:
    then nothing has changed, and trying again is right.
    """
    # Only whoever migrates needs Alembic: for `serve` it would be 7 MiB.
    from alembic import command  # noqa: PLC0415

    def upgrade(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            connection.exec_driver_sql(TABLE_WAIT)
        if _revision(connection) in {None, *known()}:
            command.upgrade(alembic_config(connection), revision)

    await database.run_connection(upgrade, is_patient=True)


async def look(database: Database) -> Look:
    """Whether this release can work with the database, and what its clock says.

    Raises DatabaseAway, and other errors where waiting will not help.
    """

    def examine(connection: Connection) -> Look:
        fit = _fit(connection)
        if fit is Fit.READY:
            _check_writable(connection)
        return Look(fit, _skew(connection))

    found: Look = await database.run_connection(examine)
    return found


async def is_current(database: Database) -> bool:
    """Whether the database answers and this release can work with it."""
    try:
        return (await look(database)).fit is Fit.READY
    except DatabaseAway:
        return False


@cache
def known() -> tuple[str, ...]:
    """The revisions of this release, the newest first."""
    scripts = sorted((MIGRATIONS / "versions").glob("*.py"), reverse=True)
    return tuple(name for script in scripts for name in NAMED.findall(script.read_text()))


def _check_writable(connection: Connection) -> None:
    """Raise DatabaseAway, or what becomes it, where nothing can be written: SQLite finds out only
    by writing, and PostgreSQL says so."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
    elif connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on":
        raise ReadOnly


def _skew(connection: Connection) -> timedelta:
    if connection.dialect.name == "sqlite":
        return timedelta()  # it has no clock but ours
    before = datetime.now(UTC)
    there: datetime = connection.execute(select(lease_clock(connection))).scalar_one()
    return there - before - (datetime.now(UTC) - before) / 2


def _revision(connection: Connection) -> str | None:
    """The newest migration that was applied; None before the first one."""
    if not inspect(connection).has_table(VERSION.name):
        return None
    found: str | None = connection.execute(select(VERSION)).scalar()
    return found


def _fit(connection: Connection) -> Fit:
    revision = _revision(connection)
    if revision == known()[0]:
        return Fit.READY
    if revision is None or revision in known():
        return Fit.BEHIND
    return Fit.READY if _holds_all_we_use(connection) else Fit.AHEAD


def _holds_all_we_use(connection: Connection) -> bool:
    found = inspect(connection).get_multi_columns()
    there = {name: columns for (_schema, name), columns in found.items()}
    return all(
        name in there and _suits({column.name for column in table.columns}, there[name])
        for name, table in metadata.tables.items()
    )


def _suits(ours: set[str], theirs: Iterable[Any]) -> bool:
    """Whether all of ours are there, and every other fills itself when a row is written."""
    columns = {each["name"]: each for each in theirs}
    return ours <= columns.keys() and all(
        each["nullable"] or each.get("default") is not None
        for name, each in columns.items()
        if name not in ours
    )
