"""Everything that ``make bench`` starts, once and small: it starts, answers, and lives."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from bench import commands, company, exports
from bench.fill import fill, filled
from bench.ground import Ground
from bench.house import House, open_house
from bench.lives import AT_ONCE, Contestant, lived
from bench.rationing import rationed
from bench.rounds import QUICK, timed
from bench.watching import watched
from bot.projections.proof import prove
from bot.store import Database, Store
from models.event import Deed
from sandbox.people import TEAM_ID
from tests.patience import PATIENCE


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Slack and Close in a process of their own, and SQLite."""
    async with open_house(Ground(tmp_path, None), AT_ONCE + 4) as opened:
        yield opened


async def test_floor_and_peers_answer_what_is_signed(house: House) -> None:
    """They are asked as the bot is."""
    async with (
        house.floor("sqlite") as floor,
        house.peer("prompt") as prompt,
        house.peer("stock") as stock,
    ):
        for each in (floor, prompt, stock):
            assert await timed(["U0REP000001"], commands.asking(house, each))


async def test_the_bot_and_the_obvious_build_live_whole_lives(house: House) -> None:
    """One life each, from the ask to the end."""
    url = await house.ground.migrated("sqlite")
    await house.connect(url, house.people[:AT_ONCE])
    async with house.bot(url) as bot, house.obvious(house.people[:AT_ONCE]) as obvious:
        for name, process in (("bot", bot), ("obvious", obvious)):
            one = await lived(house, Contestant(name, [process]), 1, lambda: house.people[-1].id)
            assert one.rate > 0
            assert one.cpu > 0


async def test_a_company_is_seen_by_its_admin(house: House) -> None:
    """The admin's home, everybody's rights and their pages are shown, and ``who`` is answered."""
    size = replace(QUICK, open=100, rounds=1)
    results = [each async for each in company.seen_by_an_admin(house, "sqlite", size)]
    assert len(results) == 4
    assert all(each.figure > 0 for each in results)


async def test_a_log_is_written_out(house: House) -> None:
    """The export of both lengths ends well, and its memory is known."""
    urls = {size: await filled(house.ground, "sqlite", size) for size in (100, 1_000)}
    peak, rate = [each async for each in exports.measure(house, "sqlite", urls)]
    assert "MiB" in peak.note
    assert rate.figure > 0


async def test_a_filled_database_lies_as_one_that_has_grown(
    database: Database, database_url: str
) -> None:
    """Its log is sealed and proven, and so is what is written down afterwards; nothing is due."""
    await fill(database_url, 1_000)

    now = datetime.now(UTC)

    def is_nothing_due(store: Store) -> bool:
        store.seals.seal(store.seals.waiting(limit=10), now=now)
        waiting = (store.delegations, store.cards, store.aftermaths, store.rounds, store.chores)
        earliest = store.oldest([each.due for each in waiting])
        return all(each is None or each > now for each in earliest)

    await database.run(lambda store: store.log.note(Deed.RULES, team_id=TEAM_ID, now=now))
    assert await database.run(is_nothing_due)
    proof = await prove(database)
    assert (proof.holds, proof.entries, proof.waiting) == (True, 1_001, 0)


async def test_who_gives_up_waiting_keeps_nobody_else_from_an_answer(house: House) -> None:
    """What Slack and Close say after a line has failed is heard by the next."""
    given_up = asyncio.create_task(house.outside.ask("held"))
    await asyncio.sleep(0)
    given_up.cancel()
    for _ in range(2):
        assert await house.outside.ask("held") == 0


async def test_a_watched_bot_says_what_it_did(house: House) -> None:
    """It counts, and answers as ever."""
    url = await house.ground.migrated("sqlite")
    await fill(url, 1_000)
    async with watched(house, url) as bot:
        await house.client.command(bot.url, house.people[0].id, "list")
        seen = await bot.seen()
    assert seen.statements > 0


async def test_who_is_rationed_stands_still_and_goes_on(house: House) -> None:
    """It is stopped while it is measured, and as fast as ever afterwards."""
    async with house.floor("sqlite") as floor:
        process = psutil.Process(floor.process.pid)
        async with rationed([floor]), asyncio.timeout(PATIENCE):
            while process.status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(0)
        assert process.status() != psutil.STATUS_STOPPED
