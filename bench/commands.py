"""``/sendas help`` against Bolt with one command: what the framework and our own way in cost."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from bench.client import Answer
from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.rounds import Act, Size, milliseconds, ratio, there_and_back, timed
from bench.running import Running
from bench.tries import tried

ALONE = Line(
    name="`/sendas help`, one at a time",
    unit=Unit.TIMES,
    goal=1.0,
    how="against Bolt with one command that acknowledges with the very same answer before it "
    "returns (`prompt`)",
)
CROWDED = Line(
    name="`/sendas help`, 16 at once",
    unit=Unit.TIMES,
    goal=1.2,
    how="as above",
)
STOCK = Line(
    name="`/sendas help`, one at a time, stock Bolt",
    unit=Unit.TIMES,
    goal=None,
    how="stock Bolt, which looks every 10 ms for the acknowledgement, against the bot",
)
STOCK_CROWDED = Line(
    name="`/sendas help`, 16 at once, stock Bolt", unit=Unit.TIMES, goal=None, how="as above"
)
WARM = 100
MORE = 10  # these are so quick that a round has more of them


def asking(house: House, process: Running) -> Act[str]:
    """What one person does."""

    async def ask(user: str) -> Answer:
        return await house.client.command(process.url, user, "help")

    return ask


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """All three in one run, in turns."""
    expected = [(line, "") for line in (ALONE, STOCK, CROWDED, STOCK_CROWDED)]
    async for result in tried(expected, _measured(ground, size)):
        yield result


async def _measured(ground: Ground, size: Size) -> AsyncIterator[Result]:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(ground, 20))
        users = [each.id for each in house.people]
        bot = await stack.enter_async_context(house.bot(await ground.migrated("sqlite")))
        answer = (await asking(house, bot)(users[0])).text
        prompt, stock = [
            await stack.enter_async_context(house.peer(kind, ANSWER=answer))
            for kind in ("prompt", "stock")
        ]
        acts = [asking(house, each) for each in (bot, prompt, stock)]
        for act in acts:
            await timed(users * (WARM // len(users)), act, 4)
        for at_once, ours, theirs in ((1, ALONE, STOCK), (16, CROWDED, STOCK_CROWDED)):
            many = (users * size.each)[: size.each * MORE * (2 if at_once > 1 else 1)]
            rounds = [
                await there_and_back(number, many, acts, at_once) for number in range(size.rounds)
            ]
            figures = [
                milliseconds([one for each in rounds for one in each[who]]) for who in (0, 1, 2)
            ]
            note = "bot {:.2f}, prompt {:.2f}, stock {:.2f} ms".format(*figures)
            yield Result(ours, "", [ratio(bot, prompt) for bot, prompt, _ in rounds], note)
            yield Result(theirs, "", [ratio(stock, bot) for bot, _, stock in rounds])
