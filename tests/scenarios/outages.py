"""The database does not do what it is asked: at once, or only after a while."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import create_async_engine

from tests.scenarios.world import World

BREAK = "ALTER TABLE delegations RENAME TO delegations_away"
MEND = "ALTER TABLE delegations_away RENAME TO delegations"


@asynccontextmanager
async def database_failing(world: World) -> AsyncIterator[None]:
    """Every statement about delegations fails at once."""
    await say(world, BREAK)
    try:
        yield
    finally:
        await say(world, MEND)


async def say(world: World, statement: str) -> None:
    """Say something to the database, past the bot."""
    await world.database.run_connection(lambda each: each.exec_driver_sql(statement))


@asynccontextmanager
async def database_busy(world: World) -> AsyncIterator[Callable[[str], Awaitable[object]]]:
    """Whoever wants to know or change anything about delegations or drafts has to wait.

    Yields a way to say something in the transaction that they wait for.
    """
    url: str = world.values["database_url"]
    if world.database.kind == "sqlite":
        holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")

        async def execute(statement: str) -> object:
            return holder.execute(statement)

        try:
            yield execute
            holder.execute("COMMIT")
        finally:
            holder.close()
        return
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("LOCK TABLE delegations, drafts")
            yield connection.exec_driver_sql
    finally:
        await engine.dispose()
