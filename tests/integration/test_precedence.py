"""Who goes first on PostgreSQL: what nobody waits for has few places, and requests need none."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.store import precedence
from bot.store.precedence import PLACES, Precedence
from models.seen_request import Arrival, arriving
from tests.patience import PATIENCE

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Crowd:
    """Transactions that go on until they are told; ``inside`` are those that have begun."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.is_crowded = asyncio.Event()
        self._precedence = Precedence()
        self._free = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, name: str) -> None:
        """One more wants to begin."""
        self._tasks.append(asyncio.create_task(self._work(name)))

    async def go(self) -> None:
        """All of them may end, and do."""
        self._free.set()
        await asyncio.gather(*self._tasks)

    async def _work(self, name: str) -> None:
        async with self._precedence.turn():
            self.inside.append(name)
            if len(self.inside) > PLACES:
                self.is_crowded.set()
            await self._free.wait()


async def test_somebody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much the workers have to do, only some of it is under way beside a request, which
    begins at once; all of it is done in the end."""
    monkeypatch.setattr(precedence, "LONGEST_BEHIND", PATIENCE)  # however busy this machine is
    crowd = Crowd()
    for _ in range(2 * PLACES):
        crowd.add("card")
    with arriving(Arrival("ask", signed_at=NOON, received_at=NOON)):
        crowd.add("ask")
    await asyncio.sleep(0)
    assert crowd.inside == ["card"] * PLACES + ["ask"]
    await crowd.go()
    assert crowd.inside.count("card") == 2 * PLACES


async def test_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where those that have a place do not come to an end, the others begin without one."""
    monkeypatch.setattr(precedence, "LONGEST_BEHIND", 0.0)
    crowd = Crowd()
    for _ in range(PLACES + 1):
        crowd.add("card")
    await crowd.is_crowded.wait()
    await crowd.go()
