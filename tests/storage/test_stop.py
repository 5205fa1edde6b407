"""Told to stop at the worst moment: it ends in time, keeps what it promised, and another goes on.

Every test here waits for what the bot waits for before it ends; little of it is work.
"""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

from sandbox.close.trouble import Held
from sandbox.people import ADA, BEN, DANA
from sandbox.running import House, RunningBot, free_port, open_house
from sandbox.slack.delivery import Reply
from tests.integration.wire import open_wire
from tests.patience import PATIENCE
from tests.scenarios.houses import connect, message, rows, wait

WITHIN = 25.0  # seconds, as promised
FOR_EVER = 60.0  # seconds; longer than anybody waits
GONE_ON = 10.0  # seconds until another process has taken back what was due


async def told_to_stop(house: House) -> float:
    """Send SIGTERM; after how many seconds the process has ended."""
    assert house.bot.process_id is not None
    began = time.monotonic()
    os.kill(house.bot.process_id, signal.SIGTERM)
    while house.bot.is_running and time.monotonic() - began < FOR_EVER:  # noqa: ASYNC110 - a process tells nobody
        await asyncio.sleep(0.05)
    return time.monotonic() - began


@asynccontextmanager
async def another(house: House) -> AsyncIterator[RunningBot]:
    """A second process on the same database, as at a roll-out."""
    with free_port() as port:
        folder = house.bot.log.parent / "another"
        folder.mkdir()
        bot = RunningBot(port, house.bot.environment | {"PORT": str(port)}, folder)
        try:
            await bot.start()
            yield bot
        finally:
            await bot.stop()


@asynccontextmanager
async def silent(house: House) -> AsyncIterator[Held]:
    """Neither Close nor Slack answers; the first call to Close tells when it is there."""
    held = house.close.trouble.hold("* /*")
    house.close.trouble.stall("* /*", FOR_EVER, times=1000)
    house.slack.trouble.stall("*", FOR_EVER, times=1000)
    yield held
    held.let_go.set()
    house.close.trouble.clear()
    house.slack.trouble.clear()


async def grant(house: House, **lengths: str) -> None:
    """Ada gives these people rights of these lengths."""
    for handle, length in lengths.items():
        reply = await house.slack.command(ADA, "/sendas", f"grant @{handle} {length} Covering")
        assert reply.ok, reply
    await wait(house, lambda: len(house.close.associations) == len(lengths), "all of them")


async def answers(replies: Iterable[Awaitable[Reply]]) -> list[bool]:
    """Which of these were answered as if all were well."""
    got = await asyncio.gather(*replies, return_exceptions=True)
    return [not isinstance(each, BaseException) and each.ok for each in got]


async def test_under_load(database_url: str) -> None:
    """Close and Slack answer nothing, rights are due, and clicks arrive: the process ends in time,
    each click that was answered is kept, no lease is left, and what was due is taken back by
    another process as soon as Close answers."""
    async with open_house(database_url=database_url) as house:
        await connect(house, ADA)
        await grant(house, ben="10m", cleo="11m", dana="8h")
        async with silent(house) as held:
            house.clock.push(timedelta(minutes=20))
            async with asyncio.timeout(PATIENCE):
                await held.arrived.wait()
            stopping = asyncio.create_task(told_to_stop(house))
            clicks = [house.slack.command(DANA, "/sendas", "release @ada") for _ in range(8)]
            is_answered = any(await answers(clicks))
            assert await stopping < WITHIN
        assert house.bot.exit_status == 0, house.bot.log_tail()
        assert "Traceback" not in house.bot.log_tail()
        stored = {each.grantee_id: each for each in await rows(database_url)}
        assert {each.leased_until for each in stored.values()} == {None}
        assert (stored[DANA.id].closed_by == DANA.id) is is_answered
        async with another(house):
            await wait(house, lambda: len(house.close.associations) <= 1, "what was due")
            await message(house, BEN, "You can no longer send email as")


@asynccontextmanager
async def out_of_reach(database_url: str) -> AsyncIterator[tuple[str, Callable[[], object]]]:
    """The address of the database for a bot, and what puts it out of reach: somebody holds the
    file, or nothing comes through to the server any more, without a word."""
    if database_url.startswith("sqlite"):
        holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        yield database_url, lambda: holder.execute("BEGIN EXCLUSIVE")
        holder.close()
        return
    async with open_wire(database_url) as (wire, near):
        yield near, wire.die


async def test_without_a_database(database_url: str) -> None:
    """The database is out of reach for good; clicks wait for it, and tokens that Close has just
    renewed: the process ends in time, with nothing said to be done that is not stored."""
    async with (
        out_of_reach(database_url) as (near, cut),
        open_house(database_url=near) as house,
    ):
        await connect(house, ADA)
        await grant(house, ben="10m", dana="8h")
        card = await message(house, DANA, "You can send email as")
        held = house.close.trouble.hold("/oauth2/token/")
        house.clock.push(timedelta(hours=2))
        async with asyncio.timeout(PATIENCE):
            await held.arrived.wait()
        cut()
        held.let_go.set()
        clicks = [house.slack.click(DANA, card, "I'm done") for _ in range(8)]
        asking = asyncio.create_task(answers(clicks))
        await wait(house, lambda: "does not answer" in house.bot.log_tail(), "the outage")
        assert await told_to_stop(house) < WITHIN
        assert house.bot.exit_status == 0, house.bot.log_tail()
        assert not any(await asking)
        assert len(house.close.associations) == 2
