"""What grows with what is stored: each thing that people wait for, beside a thousand delegations
and beside a million. None of it should."""

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from bench.fill import FIRST, fill
from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.outside import soon
from bench.rounds import Size
from bench.running import Running
from bot.store import Database, Store
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
        LIST: "with the largest number stored against the smallest; the one who asks sees as much",
        HOME: "as above, from the visit to the published view",
        ADMIN: "as above, for somebody who sees everybody's rights",
        ASK: "as above, idle",
        APPROVE: "as above, idle",
        DUE: "as above; the one statement that an idle bot repeats",
        START: "as above",
        MEMORY: "as above, after all that",
    }.items()
}
READERS = 12
GRANTORS = 12
SETTLED = 2.0  # seconds after a start


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


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database."""
    for kind in size.kinds:
        sizes = size.stored[kind]
        async with open_house(ground, READERS + GRANTORS + 60) as house:
            urls = [await _filled(house, kind, each) for each in sizes]
            starts = await _starts(house, dict(zip(sizes, urls, strict=True)), size.starts)
            async with AsyncExitStack() as stack:
                stored = [
                    await _opened(house, stack, *each) for each in zip(sizes, urls, strict=True)
                ]
                await _rounds(house, stored, size)
        for each in stored:
            each.costs[START] = starts[each.size]
        for what in LINES:
            yield _result(kind, what, stored)


async def _filled(house: House, kind: str, size: int) -> str:
    url = await house.ground.migrated(kind)
    await fill(url, size)
    await house.connect(url, house.people[:GRANTORS])
    return url


async def _starts(house: House, urls: dict[int, str], count: int) -> dict[int, list[float]]:
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


async def _rounds(house: House, stored: Sequence[Stored], size: Size) -> None:
    await asyncio.sleep(SETTLED)
    for number in range(size.rounds + 1):
        for each in stored:
            if number == 1:
                each.costs.clear()  # the round before was to warm up
            await _round(house, each)
    for each in stored:
        each.note(MEMORY, [each.bot.memory])


async def _round(house: House, stored: Stored) -> None:
    readers = [each.id for each in house.people[:READERS]]
    stored.note(LIST, [await _list(house, stored, reader) for reader in readers])
    stored.note(HOME, [await _home(house, stored, reader) for reader in readers[:6]])
    stored.note(ADMIN, [await _home(house, stored, DANA.id) for _ in range(3)])
    asks = [await _ask_and_approve(house, stored) for _ in range(6)]
    stored.note(ASK, [ask for ask, _ in asks])
    stored.note(APPROVE, [approve for _, approve in asks])
    stored.note(DUE, [await _due(stored) for _ in range(10)])


async def _list(house: House, stored: Stored, reader: str) -> float:
    return (await house.client.command(stored.bot.url, reader, "list")).seconds * 1000


async def _home(house: House, stored: Stored, reader: str) -> float:
    published = house.outside.upcoming(
        lambda event: event["kind"] == "home" and event["user"] == reader
    )
    answer = await house.client.open_home(stored.bot.url, reader)
    took = (await soon(published))["at"] - answer.sent
    await house.outside.quiet()
    return float(took * 1000)


async def _ask_and_approve(house: House, stored: Stored) -> tuple[float, float]:
    grantor, asker = next(stored.pairs)
    shown = house.outside.shown(grantor, "Approve")
    asked = await house.client.command(stored.bot.url, asker, f"<@{grantor}> 2h")
    card = await soon(shown)
    await house.outside.quiet()
    payload = await house.outside.ask("click", user=grantor, ts=card["ts"], wanted="Approve")
    approved = await house.client.interaction(stored.bot.url, payload)
    await house.outside.quiet()
    return asked.seconds * 1000, approved.seconds * 1000


async def _due(stored: Stored) -> float:
    def look(store: Store) -> object:
        return store.next_wakes(
            [
                store.delegations.due,
                store.comparisons.due,
                store.rounds.due,
                store.cards.due,
                store.homes.due,
                store.notices.due,
                store.strays.due,
                store.connections.due,
                store.pairings.due,
                store.revocations.due,
            ]
        )

    began = time.monotonic()
    await stored.database.read(look)
    return (time.monotonic() - began) * 1000


def _result(kind: str, what: str, stored: Sequence[Stored]) -> Result:
    least, most = stored[0], stored[-1]
    rounds = [a / b for a, b in zip(most.costs[what], least.costs[what], strict=True)]
    points = [(each.size, statistics.median(each.costs[what])) for each in stored]
    unit = "MiB" if what == MEMORY else "ms"
    note = ", ".join(f"{size:,}: {cost:.1f}" for size, cost in points) + f" {unit}"
    return Result(LINES[what], kind, rounds, note, points)
