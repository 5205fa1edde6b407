"""A look that others wait for: how many are made, and how long anybody waits."""

import asyncio

import pytest

from bot.web import cached
from bot.web.cached import Cached
from tests.patience import MOMENT, PATIENCE


async def test_nobody_waits_for_a_look_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is told within the limit, which is less than a second, that it takes long; all
    share the one look, and hear what it found once it has ended."""
    assert cached.LIMIT < 1
    monkeypatch.setattr(cached, "LIMIT", MOMENT)
    looks, ends = 0, asyncio.Event()

    async def look() -> str:
        nonlocal looks
        looks += 1
        await ends.wait()
        return "found"

    seen = Cached(look)
    async with asyncio.timeout(PATIENCE):
        assert await asyncio.gather(*(seen.answer() for _ in range(20))) == [None] * 20
        ends.set()
        await asyncio.wait([seen._looking] if seen._looking else [])
    assert await seen.answer() == "found"
    assert looks == 1


async def test_a_look_is_shared_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is good for as long as it is kept, and then looked for anew."""
    numbers = iter(range(10))

    async def look() -> int:
        return next(numbers)

    seen = Cached(look)
    monkeypatch.setattr(cached, "KEPT_FOR", PATIENCE)
    assert [await seen.answer() for _ in range(3)] == [0, 0, 0]
    monkeypatch.setattr(cached, "KEPT_FOR", -1.0)
    assert await seen.answer() == 1
