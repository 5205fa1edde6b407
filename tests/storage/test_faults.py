"""The storage fails under a working process, which goes on by itself when it is back.

Whatever it is that fails: nothing that was answered is lost, nothing is said to be done that is not
stored, and a right whose end came meanwhile is taken back.
"""

import asyncio
import os
import resource
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial

import httpx
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from sandbox.people import ADA, BEN, DANA
from sandbox.running import House, open_house
from tests.conftest import Postgres
from tests.integration.wire import Wire, open_wire
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.houses import connect, message, rows, wait
from tests.storage.test_stop import answers, grant

AWAY = float(os.environ.get("STORAGE_AWAY", "0"))  # seconds more than it takes to be noticed
FULL = 4096  # bytes that a file may have, so that nothing can be written any more

Fault = Callable[[House], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def disk_full(house: House) -> AsyncIterator[None]:
    """No file of the process may grow, nor be written beyond its first page."""
    process_id = house.bot.process_id
    assert process_id is not None
    _, most = resource.prlimit(process_id, resource.RLIMIT_FSIZE)
    resource.prlimit(process_id, resource.RLIMIT_FSIZE, (FULL, most))
    yield
    resource.prlimit(process_id, resource.RLIMIT_FSIZE, (most, most))


@asynccontextmanager
async def file_locked(house: House) -> AsyncIterator[None]:
    """Another process holds the file."""
    path = house.bot.environment["DATABASE_URL"].removeprefix("sqlite:///")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    yield
    holder.close()


@asynccontextmanager
async def tables_locked(house: House) -> AsyncIterator[None]:
    """Somebody holds a table, so that all connections of the process wait, and none is free."""
    url = house.bot.environment["DATABASE_URL"]
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE delegations")
        yield
    await engine.dispose()


@asynccontextmanager
async def server_gone(_house: House, postgres: Postgres) -> AsyncIterator[None]:
    """The server is stopped, and started again."""
    await asyncio.to_thread(postgres.halt)
    yield
    await asyncio.to_thread(postgres.go_on)


@asynccontextmanager
async def cut_off(_house: House, wire: Wire) -> AsyncIterator[None]:
    """Nothing comes through any more, and nothing says so; later new connections work."""
    wire.die()
    yield
    wire.heal()


async def survives(
    house: House, database_url: str, fault: AbstractAsyncContextManager[None]
) -> None:
    """While it lasts one right ends by its time, and one by a click, or not; then all is well."""
    await connect(house, ADA)
    await grant(house, ben="10m", dana="8h")
    card = await message(house, DANA, "You can send email as")
    async with fault:
        house.clock.push(timedelta(minutes=20))
        clicks = [house.slack.click(DANA, card, "I'm done") for _ in range(24)]
        is_answered = any(await answers(clicks))
        await not_ready(house)
        await asyncio.sleep(AWAY)
        assert len(house.close.associations) == 2
    await wait(house, lambda: len(house.close.associations) < 2, "the first to be gone")
    await message(house, BEN, "You can no longer send email as")
    assert house.bot.is_running
    stored = {each.grantee_id: each for each in await rows(database_url)}
    if is_answered:
        assert stored[DANA.id].closed_by == DANA.id
    await released(house)


async def released(house: House) -> None:
    """Dana gives back what she has, once more where she was told that it did not work: some calls
    may still wait for what was cut off."""
    async with asyncio.timeout(PATIENCE):
        while house.close.associations:
            is_answered = partial(_is_answered, house, told=_sorry(house))
            reply = await house.slack.command(DANA, "/sendas", "release @ada")
            assert reply.ok, reply
            await wait(house, is_answered, "nothing left in Close, or a word that it did not work")


def _is_answered(house: House, *, told: int) -> bool:
    return not house.close.associations or _sorry(house) > told


def _sorry(house: House) -> int:
    """How often Dana was told that something went wrong."""
    shown = (house.slack.read(each, DANA) for each in house.slack.messages(DANA))
    return sum("went wrong" in each for each in shown)


async def not_ready(house: House) -> None:
    """The process says that it cannot work now, and that it lives."""
    async with httpx.AsyncClient(base_url=house.bot.url) as browser, asyncio.timeout(PATIENCE):
        while (await browser.get("/readyz")).status_code != 503:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
        assert (await browser.get("/healthz")).status_code == 200


@pytest.mark.parametrize("fault", [disk_full, file_locked])
async def test_a_file(fault: Fault, sqlite_url: str) -> None:
    """The disk is full, or another process holds the file."""
    async with open_house(database_url=sqlite_url) as house:
        await survives(house, sqlite_url, fault(house))


async def test_a_server_that_is_gone(postgres: Postgres) -> None:
    """PostgreSQL is stopped, and started again."""
    url = postgres.emptied()
    async with open_house(database_url=url) as house:
        await survives(house, url, server_gone(house, postgres))


async def test_a_server_that_is_cut_off(postgres: Postgres) -> None:
    """PostgreSQL vanishes without a reset of any connection."""
    url = postgres.emptied()
    async with open_wire(url) as (wire, near), open_house(database_url=near) as house:
        await survives(house, url, cut_off(house, wire))


async def test_no_connection_is_free(postgres: Postgres) -> None:
    """All connections of the process wait for a table that somebody holds."""
    url = postgres.emptied()
    async with open_house(database_url=url) as house:
        await survives(house, url, tables_locked(house))


async def test_a_file_that_may_only_be_read(sqlite_url: str) -> None:
    """The process waits for it, and says so; once it may be written, the process works."""
    async with open_house(database_url=sqlite_url) as house:
        await house.bot.stop()
        path = sqlite_url.removeprefix("sqlite:///")
        writable = house.bot.environment
        house.bot.environment = {
            **writable,
            "DATABASE_URL": f"sqlite:///file:{path}?mode=ro&uri=true",
        }
        starting = asyncio.create_task(house.bot.start())
        await wait(house, lambda: "waiting for the database" in house.bot.log_tail(), "the wait")
        await not_ready(house)
        starting.cancel()
        await house.bot.stop()
        house.bot.environment = writable
        await house.bot.start()
        await connect(house, ADA)
