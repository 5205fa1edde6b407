"""How fast this machine is just now: what the floor takes."""

import asyncio
import traceback

from bench.ground import Ground
from bench.house import open_house
from bench.rounds import Size, milliseconds

WARM = 3  # answers that do not count
APART = 0.1  # seconds: an idle machine, as when an ask is measured


async def floor_now(ground: Ground, size: Size) -> float | None:
    """The milliseconds of one answer with a commit on SQLite (``bench/floors.py``); None where it
    cannot be measured, which costs no line its figure."""
    try:
        return await _floor(ground, size.floors)
    except Exception as error:  # noqa: BLE001 - the goals stay where they were set
        traceback.print_exception(error)
        return None


async def _floor(ground: Ground, count: int) -> float:
    took = []
    async with open_house(ground, 2) as house, house.floor("sqlite") as floor:
        grantor, asker = (each.id for each in house.people[:2])
        for _ in range(WARM + count):
            answer = await house.client.command(floor.url, asker, f"<@{grantor}> 2h")
            took.append(answer.seconds)
            await asyncio.sleep(APART)
    return milliseconds(took[WARM:])
