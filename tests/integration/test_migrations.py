"""Migrations: up, down, up again, and no difference to the tables in the code."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

import models.card
import models.connection
import models.delegation
import models.event  # noqa: F401 - each import adds its tables to the metadata
from bot.store import Database
from bot.store.schema import alembic_config, is_current, migrate
from models.base import metadata, new_id
from tests.integration.rows import add, cards_of, delegation


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """A migrated database of its own, because these tests change its tables."""
    if database_url.startswith("sqlite"):
        return database_url
    own: str = request.getfixturevalue("postgres").create(new_id())
    return own


async def tables(database: Database) -> set[str]:
    """The names of all tables."""
    names = await database.run_connection(lambda each: inspect(each).get_table_names())
    return set(names)


async def downgrade(database: Database) -> None:
    """Take every migration back."""
    await database.run_connection(lambda each: command.downgrade(alembic_config(each), "base"))


async def test_up_down_up(database: Database) -> None:
    """Every migration can be taken back completely and applied again, with rows in the tables."""
    before = await tables(database)
    assert {"delegations", "cards", "connections", "events"} <= before
    await add(database, delegation())
    await downgrade(database)
    assert await tables(database) <= {"alembic_version"}
    assert not await is_current(database)
    await migrate(database)
    assert await tables(database) == before
    assert await is_current(database)
    await add(database, delegation())


async def test_one_step_at_a_time_with_rows(database: Database) -> None:
    """Each migration can be taken back and applied again over rows that refer to each other."""
    row = delegation()
    await add(database, row)
    for _ in range(len(revisions()) - 1):
        await database.run_connection(lambda each: command.downgrade(alembic_config(each), "-1"))
    for revision in revisions():
        await migrate(database, revision)
    assert await is_current(database)
    found = await database.run(lambda store: store.delegations.get(row.id))
    assert found is not None
    assert len(await cards_of(database, row)) == 2


def revisions() -> list[str]:
    """Every migration, the first one first."""
    scripts = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    """A second release step finds nothing to do and loses nothing."""
    row = delegation()
    await add(database, row)
    await migrate(database)
    assert await database.run(lambda store: store.delegations.get(row.id)) is not None


async def test_the_schema_is_what_the_code_says(database: Database) -> None:
    """Autogenerate compares the migrated database with the metadata and finds nothing."""

    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await database.run_connection(compare) == []


async def test_partial_indexes_have_their_condition(database: Database) -> None:
    """The pair is unique only while it is open, which autogenerate does not compare."""

    def conditions(connection: Connection) -> str:
        if connection.dialect.name == "sqlite":
            sql = "SELECT sql FROM sqlite_master WHERE name = 'uq_delegations_open_pair'"
        else:
            sql = "SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_delegations_open_pair'"
        return str(connection.exec_driver_sql(sql).scalar())

    definition = await database.run_connection(conditions)
    assert "UNIQUE" in definition
    for state in ("requested", "approved", "active", "ending"):
        assert f"'{state}'" in definition
    assert "'ended'" not in definition


async def test_an_empty_database_is_not_current(tmp_path: Path) -> None:
    """Before the first migration the bot says so instead of failing at the first click."""
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert not await is_current(database)
    await database.dispose()


async def test_a_database_that_cannot_be_reached_is_not_current() -> None:
    """Readiness is a no, not an exception."""
    database = Database("postgres://nobody@127.0.0.1:1/nothing")
    assert not await is_current(database)
    await database.dispose()


@pytest.mark.parametrize("url", ["mysql://host/db", "mssql://host/db"])
def test_other_databases_are_refused(url: str) -> None:
    """Only SQLite and PostgreSQL are promised, so nothing else is tried."""
    with pytest.raises(ValueError, match="not supported"):
        Database(url)
