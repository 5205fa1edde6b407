"""Follows the changes of the sandbox Slack and Close into the journal and to the browsers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from sandbox.page.journal import Journal
from sandbox.page.live import Live
from sandbox.running import House


@contextlib.asynccontextmanager
async def watching(house: House, live: Live, journal: Journal) -> AsyncIterator[None]:
    """For the length of the block."""
    tasks = [
        asyncio.create_task(_watch_slack(house, live, journal)),
        asyncio.create_task(_watch_close(house, live, journal)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch_slack(house: House, live: Live, journal: Journal) -> None:
    with house.slack.subscribe() as changes:
        while True:
            change = await changes.get()
            if change.kind == "call":
                journal.slack_called(change.subject)
            live.touch()


async def _watch_close(house: House, live: Live, journal: Journal) -> None:
    told = len(house.close.calls)
    async with house.close.subscribe() as changes:
        while True:
            await changes.get()
            for call in house.close.calls[told:]:
                journal.close_called(call)
            told = len(house.close.calls)
            live.touch()
