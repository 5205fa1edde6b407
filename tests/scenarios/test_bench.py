"""Everything that ``make bench`` starts, once and small: it starts, answers, and lives."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench import commands, company
from bench.fill import fill
from bench.ground import Ground
from bench.house import House, open_house
from bench.lives import AT_ONCE, Contestant, lived
from bench.rounds import QUICK, timed
from bench.watching import watched


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
    size = replace(QUICK, entries=(10, 100))
    peak, rate = [each async for each in company.written_out(house, "sqlite", size)]
    assert "MiB" in peak.note
    assert rate.figure > 0


async def test_a_watched_bot_says_what_it_did(house: House) -> None:
    """It counts, and answers as ever."""
    url = await house.ground.migrated("sqlite")
    await fill(url, 1_000)
    async with watched(house, url) as bot:
        await house.client.command(bot.url, house.people[0].id, "list")
        seen = await bot.seen()
    assert seen.statements > 0
