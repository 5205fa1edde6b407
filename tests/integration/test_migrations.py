"""Migrations: up, down, up again, and no difference to the tables in the code."""

import subprocess
import sys
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
from bot.store.schema import Fit, alembic_config, is_current, known, look, migrate
from models.base import metadata, new_id
from tests.conftest import Postgres
from tests.integration.rows import add, cards_of, delegation

ADDING_FROM = "0003"  # those after it only add


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """A migrated database of its own, because these tests change its tables."""
    if database_url.startswith("sqlite"):
        return database_url
    own: str = request.getfixturevalue("postgres").create(new_id())
    return own


@pytest.fixture
def own_postgres(postgres: Postgres) -> str:
    """The same, of PostgreSQL only."""
    return postgres.create(new_id())


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


def columns(connection: Connection) -> dict[str, dict[str, bool]]:
    """Each table's columns, and whether a row can be written without naming it."""
    found = inspect(connection).get_multi_columns()
    return {
        str(table): {
            each["name"]: each["nullable"] or each.get("default") is not None for each in of_table
        }
        for (_schema, table), of_table in found.items()
    }


async def test_migrations_only_add(database: Database) -> None:
    """The release before works with the schema of each next one: what it uses is there, and what
    it does not know fills itself (docs/decisions/0011)."""
    await database.run_connection(lambda each: command.downgrade(alembic_config(each), ADDING_FROM))
    before = await database.run_connection(columns)
    for revision in revisions()[revisions().index(ADDING_FROM) + 1 :]:
        await migrate(database, revision)
        after = await database.run_connection(columns)
        for table, used in before.items():
            assert used.keys() <= after[table].keys(), (revision, table)
            new = after[table].keys() - used.keys()
            assert all(after[table][name] for name in new), (revision, table)
        before = after


NEWER = "9999_newer"
ADDITIONS = {
    "a table": ("CREATE TABLE more (id INTEGER PRIMARY KEY)",),
    "a column": ("ALTER TABLE cards ADD COLUMN more TEXT",),
    "a column with a default": ("ALTER TABLE cards ADD COLUMN more TEXT NOT NULL DEFAULT 'x'",),
}
DEMANDS = {
    "less columns": ("ALTER TABLE cards DROP COLUMN told",),
    "less tables": ("DROP TABLE drafts",),
    "a renamed column": ("ALTER TABLE cards RENAME COLUMN told TO heard",),
}


async def migrated_by_a_newer_release(database: Database, *statements: str) -> None:
    """What a release that is not written yet does to the schema."""

    def change(connection: Connection) -> None:
        for statement in (*statements, f"UPDATE alembic_version SET version_num = '{NEWER}'"):
            connection.exec_driver_sql(statement)

    await database.run_connection(change)


@pytest.mark.parametrize("what", ADDITIONS)
async def test_a_newer_release_has_added(database: Database, what: str) -> None:
    """The process of before is ready, works, and may even start again; migrating leaves it be."""
    await migrated_by_a_newer_release(database, *ADDITIONS[what])
    assert (await look(database)).fit is Fit.READY
    await add(database, delegation())
    await migrate(database)
    assert await is_current(database)


@pytest.mark.parametrize("what", DEMANDS)
async def test_a_newer_release_has_taken_away(database: Database, what: str) -> None:
    """What the process of before uses is not there any more: it is not ready, and says so."""
    await migrated_by_a_newer_release(database, *DEMANDS[what])
    assert (await look(database)).fit is Fit.AHEAD
    assert not await is_current(database)


async def test_a_newer_release_demands(own_postgres: str) -> None:
    """A new column that every row must name: the process of before could not write any. SQLite
    cannot add such a column."""
    database = Database(own_postgres)
    demand = "ALTER TABLE cards ADD COLUMN more TEXT NOT NULL"
    await migrated_by_a_newer_release(database, demand)
    assert (await look(database)).fit is Fit.AHEAD
    await database.dispose()


async def test_an_older_schema_is_behind(database: Database) -> None:
    """With migrations missing the process is not ready."""
    await database.run_connection(lambda each: command.downgrade(alembic_config(each), "-1"))
    assert (await look(database)).fit is Fit.BEHIND
    await migrate(database)


def test_the_newest_is_known_without_alembic() -> None:
    """What a process takes for the newest migration is what Alembic does, in the same order."""
    assert list(known()) == revisions()[::-1]


def test_serving_does_without_alembic() -> None:
    """Only whoever migrates pays for Alembic, in memory and in the time that a start takes."""
    looking = "import sys, bot.process.commands.service; print('alembic' in sys.modules)"
    command_line = [sys.executable, "-c", looking]
    said = subprocess.run(command_line, capture_output=True, check=True)  # noqa: S603 - our own
    assert said.stdout.strip() == b"False"


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
