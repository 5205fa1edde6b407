"""Two transactions of which one waits for the other, on PostgreSQL."""

import asyncio
from typing import Any

from sqlalchemy import text

from bot.store import Database
from tests.patience import MOMENT, PATIENCE

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


async def until_it_waits(database: Database, task: asyncio.Task[Any]) -> None:
    """Until this one is done, or some transaction waits for another one's lock."""
    async with asyncio.timeout(PATIENCE):
        while not (task.done() or await _is_any_waiting(database)):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def _is_any_waiting(database: Database) -> bool:
    found = await database.run_connection(lambda each: each.execute(_WAITING).scalar())
    return bool(found)
