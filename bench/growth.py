"""What grows with what is stored: each thing that people wait for, beside a thousand delegations
and beside a million. None of it should."""

import asyncio
import itertools
import statistics
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from bench import exports
from bench.fill import fill, filled
from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.outside import soon
from bench.past import FIRST
from bench.rounds import Size
from bench.running import Running
from bench.tries import tried, unmeasured
from bot.store import Database, Store
from bot.store.due import Due
from sandbox.people import DANA

LIST, HOME, ADMIN, ASK, APPROVE, DUE, START, MEMORY = (
    "`/sendas list`",
    "App Home",
    "an admin's App Home",
    "ask",
    "Approve",
    "the look for what is due",
    "start to ready",
    "memory",
)
BESIDE = " beside many delegations"
LINES = {
    what: Line(name=what + BESIDE, unit=Unit.TIMES, goal=1.2, how=how)
    for what, how in {
        LIST: "with the largest number stored against the smallest, in turns; the one who asks "
        "sees as much, and all of it is over, told, and sealed but for a little",
        HOME: "as above, from the visit to the published view",
        ADMIN: "as above, for somebody who sees everybody's rights",
        ASK: "as above, idle",
        APPROVE: "as above, idle",
        DUE: "as above; the one statement that an idle bot repeats",
        START: "as above",
        MEMORY: "as above, after all that",
    }.items()
}
GRANTORS = 12
BETWEEN = 2  # rounds for the sizes between the smallest and the largest: they are for the plot
SETTLED = 2.0  # seconds after a start
GROUP = 900.0  # seconds at most, on one database


@dataclass(frozen=True, slots=True)
class Stored:
    """A bot beside so many delegations, and what it was seen to cost, in milliseconds or MiB, by
    rounds."""

    size: int
    url: str
    bot: Running
    database: Database
    pairs: "itertools.cycle[tuple[str, str]]"
    costs: dict[str, list[float]] = field(default_factory=dict)

    def note(self, what: str, figures: Sequence[float]) -> None:
        """One round's."""
        self.costs.setdefault(what, []).append(statistics.median(figures))


Failed = dict[str, Exception]


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database; both are filled at the same time, before anything is measured."""
    filling = {kind: asyncio.create_task(_filled(ground, kind, size)) for kind in size.kinds}
    await asyncio.wait(filling.values())
    for kind in size.kinds:
        expected = [(line, kind) for line in (*LINES.values(), *exports.LINES)]
        async for result in tried(expected, _of(ground, kind, size, filling[kind]), seconds=GROUP):
            yield result


async def _filled(ground: Ground, kind: str, size: Size) -> dict[int, str]:
    """A database of each size; nobody else wants the largest, so it is not copied."""
    *smaller, largest = size.stored[kind]
    urls = {each: await filled(ground, kind, each) for each in smaller}
    urls[largest] = await ground.migrated(kind)
    await fill(urls[largest], largest)
    return urls


async def _of(
    ground: Ground, kind: str, size: Size, filling: Awaitable[Mapping[int, str]]
) -> AsyncIterator[Result]:
    urls = await filling
    async with open_house(ground, GRANTORS + 72) as house:
        for url in urls.values():
            await house.connect(url, house.people[:GRANTORS])
        starts = await _starts(house, urls, size.starts - 1)
        failed: Failed = {}
        async with AsyncExitStack() as stack:
            stored = [await _opened(house, stack, *each) for each in urls.items()]
            await _rounds(house, stored, size, failed)
        for each in stored:
            each.costs[START] = [*starts[each.size], each.bot.start * 1000]
        for what, line in LINES.items():
            if what in failed:
                yield unmeasured(line, kind, failed[what])
            else:
                yield _result(kind, what, stored)
        async for result in exports.measure(house, kind, urls):
            yield result


async def _starts(house: House, urls: Mapping[int, str], count: int) -> dict[int, list[float]]:
    """Milliseconds from the start to ready."""
    starts: dict[int, list[float]] = {size: [] for size in urls}
    for _ in range(count):
        for size, url in urls.items():
            async with house.bot(url) as bot:
                starts[size].append(bot.start * 1000)
    return starts


async def _opened(house: House, stack: AsyncExitStack, size: int, url: str) -> Stored:
    bot = await stack.enter_async_context(house.bot(url))
    database = Database(url)
    stack.push_async_callback(database.dispose)
    return Stored(size, url, bot, database, itertools.cycle(_pairs(house)))


def _pairs(house: House) -> list[tuple[str, str]]:
    """Grantors and askers between whom nothing is open."""
    everybody = list(enumerate(house.people))
    return [
        (grantor.id, asker.id)
        for place, asker in everybody[GRANTORS:]
        for number, grantor in everybody[:GRANTORS]
        if place - number not in FIRST
    ]


async def _rounds(house: House, stored: Sequence[Stored], size: Size, failed: Failed) -> None:
    await asyncio.sleep(SETTLED)
    for number in range(size.rounds + 1):
        if number == 1:  # the round before was to warm up
            for each in stored:
                each.costs.clear()
        both = [stored[0], stored[-1]]
        await _round(house, stored if number <= BETWEEN else both, failed)
    for each in stored:
        each.note(MEMORY, [each.bot.memory])


async def _round(house: House, stored: Sequence[Stored], failed: Failed) -> None:
    """Each thing a few times; what fails is not tried again."""
    for names, count, act in ACTS:
        if failed.keys().isdisjoint(names):
            try:
                await _in_turns(house, stored, names, count, act)
            except Exception as error:  # noqa: BLE001 - the others are measured all the same
                traceback.print_exception(error)
                failed.update(dict.fromkeys(names, error))


async def _in_turns(
    house: House, stored: Sequence[Stored], names: Sequence[str], count: int, act: "Act"
) -> None:
    """One size after the other, so that whatever else the machine does falls on all; there and
    back, for what one bot still does is in the way of the next."""
    figures: list[list[tuple[float, ...]]] = [[] for _ in stored]
    for number in range(count):
        turns = list(zip(stored, figures, strict=True))
        for each, own in reversed(turns) if number % 2 else turns:
            own.append(await act(house, each, number))
    for each, own in zip(stored, figures, strict=True):
        for name, few in zip(names, zip(*own, strict=True), strict=True):
            each.note(name, few)


async def _list(house: House, stored: Stored, number: int) -> tuple[float]:
    reader = house.people[number].id
    return ((await house.client.command(stored.bot.url, reader, "list")).seconds * 1000,)


async def _home(house: House, stored: Stored, number: int) -> tuple[float]:
    return (await _published(house, stored, house.people[number].id),)


async def _admin(house: House, stored: Stored, _number: int) -> tuple[float]:
    return (await _published(house, stored, DANA.id),)


async def _published(house: House, stored: Stored, reader: str) -> float:
    published = house.outside.upcoming(
        lambda event: event["kind"] == "home" and event["user"] == reader
    )
    answer = await house.client.open_home(stored.bot.url, reader)
    took = (await soon(published))["at"] - answer.sent
    await house.outside.quiet()
    return float(took * 1000)


async def _ask_and_approve(house: House, stored: Stored, _number: int) -> tuple[float, float]:
    grantor, asker = next(stored.pairs)
    shown = house.outside.shown(grantor, "Approve")
    asked = await house.client.command(stored.bot.url, asker, f"<@{grantor}> 2h")
    card = await soon(shown)
    await house.outside.quiet()
    payload = await house.outside.ask("click", user=grantor, ts=card["ts"], wanted="Approve")
    approved = await house.client.interaction(stored.bot.url, payload)
    await house.outside.quiet()
    return asked.seconds * 1000, approved.seconds * 1000


async def _due(_house: House, stored: Stored, _number: int) -> tuple[float]:
    def look(store: Store) -> object:
        tables = (getattr(store, name) for name in dir(store) if not name.startswith("_"))
        found = (getattr(each, "due", None) for each in tables)
        return store.next_wakes([each for each in found if isinstance(each, Due)])

    began = time.monotonic()
    await stored.database.read(look)
    return ((time.monotonic() - began) * 1000,)


Act = Callable[[House, Stored, int], Awaitable[tuple[float, ...]]]
# What is measured, how often in a round, and how.
ACTS: Sequence[tuple[Sequence[str], int, Act]] = (
    ((LIST,), 12, _list),
    ((HOME,), 6, _home),
    ((ADMIN,), 3, _admin),
    ((ASK, APPROVE), 6, _ask_and_approve),
    ((DUE,), 10, _due),
)


def _result(kind: str, what: str, stored: Sequence[Stored]) -> Result:
    least, most = stored[0], stored[-1]
    rounds = [a / b for a, b in zip(most.costs[what], least.costs[what], strict=True)]
    points = [(each.size, statistics.median(each.costs[what])) for each in stored]
    unit = "MiB" if what == MEMORY else "ms"
    note = ", ".join(f"{size:,}: {cost:.1f}" for size, cost in points) + f" {unit}"
    return Result(LINES[what], kind, rounds, note, points)
