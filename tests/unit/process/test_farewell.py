"""The time that all parts of a stop share."""

import asyncio

import pytest

from bot.process import watchdog
from bot.process.commands import service
from bot.process.farewell import CLOSING, STORING, WITHIN, Farewell
from bot.process.watchdog import Watchdog
from tests.patience import PATIENCE


async def test_what_is_left() -> None:
    """Nobody gets more than they want, nor what is kept for those after; together it is no more
    than the whole."""
    farewell = Farewell()
    assert not farewell.told.is_set()
    assert farewell.left(1.0, keeping=STORING) == 1.0
    assert farewell.told.is_set()
    assert 0 < farewell.left(2 * WITHIN, keeping=CLOSING) <= WITHIN - CLOSING
    assert farewell.left(1.0, keeping=2 * WITHIN) == 0.0


async def test_a_second_word() -> None:
    """Being told again gives no more time."""
    farewell = Farewell()
    farewell.begin()
    left = farewell.left(WITHIN, keeping=0)
    farewell.begin()
    assert farewell.left(WITHIN, keeping=0) <= left


async def test_the_watchdog_is_no_reason_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """However seldom it looks: once the word is given nobody waits for its next look, and it has
    been told that this is the end."""
    monkeypatch.setattr(watchdog, "LOOK_EVERY", 3600.0)
    dog, farewell = Watchdog(), Farewell()
    feeding = asyncio.create_task(service._feed(dog, farewell))
    await asyncio.sleep(0)
    farewell.begin()
    async with asyncio.timeout(PATIENCE):
        await feeding
    assert dog._patience == service.STOPPING
