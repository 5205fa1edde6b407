"""Whole lives, 16 at once: asked, approved, active, revoked, ended; on one and two processes, and
by the obvious build."""

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bench.client import Answer, NotAnswered
from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.outside import LONGEST, Event, soon
from bench.rounds import Size
from bench.running import Running

HOW = "ask, approve, active, revoke, ended; Slack and Close run on the same machine"
RATE = {
    "sqlite": Line(
        name="whole lives, 16 at once", unit=Unit.A_SECOND, goal=37.5, is_least=True, how=HOW
    ),
    "postgresql": Line(
        name="whole lives, 16 at once", unit=Unit.A_SECOND, goal=19, is_least=True, how=HOW
    ),
}
CPU = {
    "sqlite": Line(
        name="processor time of one life",
        unit=Unit.MILLISECONDS,
        goal=30,
        how="of the bot's processes; not of the database's, Slack's or Close's",
    ),
    "postgresql": Line(
        name="processor time of one life", unit=Unit.MILLISECONDS, goal=45, how="as above"
    ),
}
TWO = Line(
    name="whole lives, two processes against one",
    unit=Unit.TIMES,
    goal=1.7,
    is_least=True,
    how="on one PostgreSQL; where the cores are fewer than the processes they hide what it gives",
)
OBVIOUS = Line(
    name="whole lives against the obvious build",
    unit=Unit.TIMES,
    goal=None,
    how="Bolt, ORM, a job an expiry in a job store, no outbox (`bench/obvious.py`), on SQLite",
)
OBVIOUS_CPU = Line(
    name="processor time of one life against the obvious build",
    unit=Unit.TIMES,
    goal=None,
    how="as above; the bot also keeps an audit trail, looks before it creates, and reads back",
)
AT_ONCE = 16
ASKERS = 400
CHANGED = "This changed while you were reading"
READING = 0.1  # seconds that somebody needs to see what has changed


@dataclass(frozen=True, slots=True)
class Contestant:
    """One bot, in as many processes as it has."""

    name: str
    processes: Sequence[Running]

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return sum(each.cpu for each in self.processes)


@dataclass(frozen=True, slots=True)
class Lived:
    """What one round of lives took: how many a second, milliseconds of processor each, and how
    often something was not answered."""

    rate: float
    cpu: float
    again: int


class Life:
    """One life after another with one bot; each of its processes is sent the next request."""

    def __init__(self, house: House, contestant: Contestant) -> None:
        self.again = 0  # how often somebody had to click again
        self._house = house
        self._urls = itertools.cycle([each.url for each in contestant.processes])

    async def live(self, grantor: str, grantee: str) -> None:
        """From the ask until the grantor reads that it is over."""
        outside, client = self._house.outside, self._house.client
        asked = outside.shown(grantor, "Approve")
        await self._insist(lambda: client.command(next(self._urls), grantee, f"<@{grantor}> 2h"))
        active = outside.shown(grantor, "Revoke", "can send email as")
        await self._approve(grantor, (await soon(asked))["ts"], active)
        ended = outside.shown(grantor, text="no longer")
        await self._click(grantor, (await soon(active))["ts"], "Revoke")
        await soon(ended)

    async def _approve(self, grantor: str, ts: str, active: "asyncio.Future[Event]") -> None:
        """Click until it counts: what has changed since it was read is shown anew."""
        while not active.done():
            changed = self._house.outside.shown(grantor, text=CHANGED)
            await self._click(grantor, ts, "Approve")
            both = (active, changed)
            await asyncio.wait(both, timeout=LONGEST, return_when=asyncio.FIRST_COMPLETED)
            if not changed.done():
                changed.cancel()
                return
            await asyncio.sleep(READING)

    async def _click(self, user: str, ts: str, button: str) -> None:
        payload = await self._house.outside.ask("click", user=user, ts=ts, wanted=button)
        client = self._house.client
        await self._insist(lambda: client.interaction(next(self._urls), payload))

    async def _insist(self, act: Callable[[], Awaitable[Answer]]) -> None:
        """Do it again where Slack would say that it did not work."""
        while True:
            try:
                await act()
            except NotAnswered:
                self.again += 1
                await asyncio.sleep(READING)
            else:
                return


async def lived(
    house: House, contestant: Contestant, lives: int, asker: Callable[[], str]
) -> Lived:
    """So many lives, 16 at once, each with a grantor of its own."""
    life, left = Life(house, contestant), lives
    before, began = contestant.cpu, time.monotonic()

    async def go_on(grantor: str) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await life.live(grantor, asker())

    await asyncio.gather(*(go_on(each.id) for each in house.people[:AT_ONCE]))
    took = time.monotonic() - began
    await house.outside.quiet(0.3)
    return Lived(lives / took, (contestant.cpu - before) / lives * 1000, life.again)


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """All contestants in turns."""
    async with open_house(ground, AT_ONCE + ASKERS) as house, AsyncExitStack() as stack:
        askers = itertools.cycle([each.id for each in house.people[AT_ONCE:]])
        contestants = await _contestants(house, stack)
        for each in contestants:
            await lived(house, each, AT_ONCE, lambda: next(askers))
        rounds: dict[str, list[Lived]] = {each.name: [] for each in contestants}
        for _ in range(size.rounds_of_lives):
            for each in contestants:
                one = await lived(house, each, size.lives, lambda: next(askers))
                rounds[each.name].append(one)
        for result in _results(rounds):
            yield result


async def _contestants(house: House, stack: AsyncExitStack) -> list[Contestant]:
    grantors = house.people[:AT_ONCE]
    found = []
    for name, kind, count in (
        ("sqlite", "sqlite", 1),
        ("postgresql", "postgresql", 1),
        ("two", "postgresql", 2),
    ):
        url = await house.ground.migrated(kind)
        await house.connect(url, grantors)
        bots = [await stack.enter_async_context(house.bot(url)) for _ in range(count)]
        found.append(Contestant(name, bots))
    obvious = await stack.enter_async_context(house.obvious(grantors))
    return [*found, Contestant("obvious", [obvious])]


def _again(lived: Sequence[Lived]) -> str:
    count = sum(each.again for each in lived)
    return f"{count} not answered in time" if count else ""


def _results(rounds: dict[str, list[Lived]]) -> list[Result]:
    results = []
    obvious = rounds["obvious"]
    for kind in ("sqlite", "postgresql"):
        results += [
            Result(RATE[kind], kind, [each.rate for each in rounds[kind]], _again(rounds[kind])),
            Result(CPU[kind], kind, [each.cpu for each in rounds[kind]]),
        ]
    pairs = list(zip(rounds["sqlite"], obvious, strict=True))
    two = zip(rounds["two"], rounds["postgresql"], strict=True)
    two_cpu = statistics.median(each.cpu for each in rounds["two"])
    rate, cpu = (statistics.median(getattr(o, n) for o in obvious) for n in ("rate", "cpu"))
    return [
        *results,
        Result(
            TWO, "postgresql", [a.rate / b.rate for a, b in two], f"{two_cpu:.0f} ms of CPU each"
        ),
        Result(OBVIOUS, "sqlite", [a.rate / b.rate for a, b in pairs], f"it lives {rate:.1f}/s"),
        Result(OBVIOUS_CPU, "sqlite", [a.cpu / b.cpu for a, b in pairs], f"it needs {cpu:.0f} ms"),
    ]
