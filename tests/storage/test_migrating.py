"""Migrations by real processes: two at once, and while others work with the database."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from cryptography.fernet import Fernet
from sqlalchemy import Connection
from sqlalchemy.util import await_only

from bot.store import Database
from bot.store.schema import Fit, alembic_config, look
from models.base import new_id
from sandbox.running import ROOT
from tests.conftest import Postgres
from tests.integration.rows import add, delegation
from tests.patience import MOMENT, PATIENCE

SLOWEST = 4.5  # seconds until a statement of another process is given up


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """The address of a database of each kind with nothing in it."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'empty.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    name = new_id()
    postgres.psql(f'CREATE DATABASE "{name}"')
    return database_url.replace("/bot?", f"/{name}?")


@pytest.fixture
def old_url(postgres: Postgres) -> str:
    """The address of a PostgreSQL with a row in it that lacks the newest migrations, the first of
    which wants the table of delegations to itself."""
    url = postgres.create(new_id())

    async def step_back() -> None:
        database = Database(url)
        await add(database, delegation())
        await database.run_connection(lambda each: command.downgrade(alembic_config(each), "0011"))
        await database.dispose()

    asyncio.run(step_back())
    return url


async def migrating(url: str) -> asyncio.subprocess.Process:
    """``python -m bot migrate`` as a process of its own."""
    environment = {
        "PYTHONPATH": str(ROOT),
        "SLACK_BOT_TOKEN": "xoxb-test",
        "SLACK_SIGNING_SECRET": "secret",
        "CLOSE_CLIENT_ID": "id",
        "CLOSE_CLIENT_SECRET": "secret",
        "PUBLIC_URL": "https://bot.example.com",
        "DATABASE_URL": url,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "migrate"),
        env=environment,
        cwd=os.sep,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def test_two_at_once(empty_url: str) -> None:
    """Two releases start on a fresh database at the same moment: both succeed, once."""
    both = [await migrating(empty_url) for _ in range(2)]
    said = [await each.communicate() for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    database = Database(empty_url)
    assert (await look(database)).fit is Fit.READY
    await add(database, delegation())
    await database.dispose()


QUEUED = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
WRITE = "UPDATE delegations SET note = note || '.', version = version + 1"


async def busy(database: Database, until: asyncio.Event) -> list[float]:
    """What an older process does all the time; how many seconds each transaction took."""
    took = []
    while not until.is_set():
        began = time.monotonic()
        await database.run_connection(lambda each: each.exec_driver_sql(WRITE))
        took.append(time.monotonic() - began)
    return took


async def test_under_load(old_url: str) -> None:
    """While processes of before write without a pause, and a backup reads a table, the migration
    gives way and comes through later: no statement of theirs fails, and none waits too long."""
    database, release, done = Database(old_url), asyncio.Event(), asyncio.Event()

    def read(connection: Connection) -> None:
        connection.exec_driver_sql("LOCK TABLE delegations IN ACCESS SHARE MODE")  # as pg_dump
        await_only(release.wait())

    reading = asyncio.create_task(database.run_connection(read, is_patient=True))
    writing = [asyncio.create_task(busy(database, done)) for _ in range(3)]
    process = await migrating(old_url)
    async with asyncio.timeout(PATIENCE):
        while not await is_queued(database):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
        while await is_queued(database) and not any(each.done() for each in writing):  # noqa: ASYNC110
            await asyncio.sleep(MOMENT)
    release.set()
    _, said = await process.communicate()
    done.set()
    took = await asyncio.gather(*writing)
    await reading
    assert process.returncode == 0, said
    assert (await look(database)).fit is Fit.READY
    assert all(each and max(each) < SLOWEST for each in took)
    await database.dispose()


async def is_queued(database: Database) -> bool:
    """Whether somebody waits to have a table to itself."""
    return bool(await database.run_connection(lambda each: each.exec_driver_sql(QUEUED).scalar()))
