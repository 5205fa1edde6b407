"""A bot that has nothing to do: what it asks its database, what it locks, and what it fills."""

import asyncio
import sys
from collections.abc import AsyncIterator

from bench.ground import Ground
from bench.house import open_house
from bench.lines import Line, Result, Unit
from bench.rounds import Size
from bench.tries import tried
from bench.watching import watched

STATEMENTS = Line(
    name="idle: statements",
    unit=Unit.A_MINUTE,
    goal=None,
    how="of one process, with nothing due",
)
LOCKS = Line(name="idle: write locks", unit=Unit.A_MINUTE, goal=0, how="as above")
MEMORY = Line(
    name="memory, empty",
    unit=Unit.TIMES,
    goal=1.4,
    how="resident, against a process that has imported its libraries (Starlette, uvicorn, Bolt, "
    "SQLAlchemy, asyncpg, httpx, aiohttp, APScheduler, cryptography, pydantic, structlog, "
    "prometheus-client, whenever) and does nothing",
)
SETTLED = 3.0  # seconds after the start
LIBRARIES = """
import aiohttp, apscheduler.schedulers.asyncio, asyncpg, cryptography.fernet, httpx, httpx_aiohttp
import slack_bolt.async_app, slack_sdk, sqlalchemy.ext.asyncio, starlette.applications, uvicorn
import prometheus_client, pydantic, structlog, uvloop, whenever
import psutil
print(psutil.Process().memory_info().rss / 2**20)
"""


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database, at the same time: who does nothing is in nobody's way."""

    async def of(kind: str) -> list[Result]:
        expected = [(line, kind) for line in (STATEMENTS, LOCKS, MEMORY)]
        return [each async for each in tried(expected, _of(ground, kind, size))]

    for results in await asyncio.gather(*(of(kind) for kind in size.kinds)):
        for result in results:
            yield result


async def _of(ground: Ground, kind: str, size: Size) -> AsyncIterator[Result]:
    async with open_house(ground, 0) as house:
        url = await ground.migrated(kind)
        async with watched(house, url) as bot, house.bot(await ground.migrated(kind)) as plain:
            await asyncio.sleep(SETTLED)
            await bot.seen()
            await asyncio.sleep(size.idle)
            seen = await bot.seen()
            memory = plain.memory
        minutes = size.idle / 60
        yield Result(STATEMENTS, kind, [seen.statements / minutes])
        yield Result(LOCKS, kind, [seen.write_locks / minutes])
        libraries = await _libraries()
        note = f"{memory:.0f} MiB, libraries {libraries:.0f} MiB"
        yield Result(MEMORY, kind, [memory / libraries], note)


async def _libraries() -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LIBRARIES, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return float(said)
