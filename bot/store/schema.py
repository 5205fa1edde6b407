"""The schema's version: migrating, and knowing whether this release can work with what is there.

Migrations only add (docs/decisions/0011). So a database that a newer release has migrated is fine
for the processes of the older one, as long as it holds all that they use.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

import models
from bot.store.away import DatabaseAway, ReadOnly
from bot.store.database import Database
from bot.store.due import lease_clock
from models.base import metadata

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


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(models.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


async def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema up to ``revision``; safe to run twice, or from two places.

    What a newer release has added stays. Raises DatabaseAway, also when somebody holds a table:
    then nothing has changed, and trying again is right.
    """

    def upgrade(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            connection.exec_driver_sql(TABLE_WAIT)
        if _revision(connection) in {None, *_known()}:
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
def _known() -> tuple[str, ...]:
    """The revisions of this release, the newest first."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return tuple(script.revision for script in scripts.walk_revisions())


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
    return MigrationContext.configure(connection).get_current_revision()


def _fit(connection: Connection) -> Fit:
    revision = _revision(connection)
    if revision == _known()[0]:
        return Fit.READY
    if revision is None or revision in _known():
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
