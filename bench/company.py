"""A whole company: ten thousand rights that are open, seen by an admin."""

import asyncio
import statistics
from collections.abc import AsyncIterator

from bench.fill import filled
from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.outside import soon
from bench.rounds import Size
from bench.running import Running
from bench.tries import tried
from sandbox.people import DANA

LINES = HOME, ALL, PAGE, WHO = (
    Line(
        name="an admin's App Home",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="from the visit to the published view",
    ),
    Line(
        name="everybody's rights in it",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="from the click to the published view, with all counts",
    ),
    Line(
        name="their next page",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="as above",
    ),
    Line(
        name="`/sendas who @person`",
        unit=Unit.MILLISECONDS,
        goal=100,
        how="from the command to its answer, asked by an admin",
    ),
)
# Buttons of the admin's home, and by which it is known what it shows.
EVERYBODYS, FURTHER, BACK, OWN = "Everybody's rights", "More", "Back", "Back to my own"
AROUND = 10  # delegations that are stored, for each that is open
SETTLED = 2.0  # seconds after a start
ASKED = 8  # times, in a round


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database."""
    for kind in size.kinds:
        async for result in tried([(line, kind) for line in LINES], _of(ground, kind, size)):
            yield result


async def _of(ground: Ground, kind: str, size: Size) -> AsyncIterator[Result]:
    async with open_house(ground, ASKED) as house:
        async for result in seen_by_an_admin(house, kind, size):
            yield result


async def seen_by_an_admin(house: House, kind: str, size: Size) -> AsyncIterator[Result]:
    """Homes and ``who``, beside so many rights that are open."""
    url = await filled(house.ground, kind, size.open * AROUND)
    rounds: dict[Line, list[float]] = {line: [] for line in LINES}
    async with house.bot(url) as bot:
        await asyncio.sleep(SETTLED)
        for number in range(size.rounds + 1):
            took: dict[Line, list[float]] = {line: [] for line in rounds}
            for each in house.people[:ASKED]:
                took[HOME].append(await _home(house, bot, "", shows=EVERYBODYS))
                took[ALL].append(await _home(house, bot, EVERYBODYS, shows=OWN))
                took[PAGE].append(await _home(house, bot, FURTHER, shows=BACK))
                took[WHO].append(await _who(house, bot, each.id))
            for line, figures in took.items():
                if number:  # the round before was to warm up
                    rounds[line].append(statistics.median(figures))
    for line, figures in rounds.items():
        yield Result(line, kind, figures, f"{size.open:,} open of {size.open * AROUND:,} stored")


async def _home(house: House, bot: Running, button: str, *, shows: str) -> float:
    """Milliseconds from a click on this button, or from a visit, until the admin's home is
    published with what it leads to."""
    published = house.outside.upcoming(
        lambda event: (
            event["kind"] == "home" and event["user"] == DANA.id and shows in event["buttons"]
        )
    )
    if button:
        payload = await house.outside.ask("click_home", user=DANA.id, wanted=button, value=None)
        answer = await house.client.interaction(bot.url, payload)
    else:
        answer = await house.client.open_home(bot.url, DANA.id)
    took = (await soon(published))["at"] - answer.sent
    await house.outside.quiet()
    return float(took * 1000)


async def _who(house: House, bot: Running, person_id: str) -> float:
    """Milliseconds until the admin reads what there is of this person."""
    answer = await house.client.command(bot.url, DANA.id, f"who <@{person_id}>")
    await house.outside.quiet()
    return answer.seconds * 1000
