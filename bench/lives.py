"""Whole lives, 16 at once: asked, approved, active, revoked, ended; on one and two processes, and
by the obvious build."""

import asyncio
import itertools
import os
import statistics
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass

from bench.before import open_before
from bench.client import Answer, NotAnswered
from bench.ground import KINDS, Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.outside import LONGEST, Event, soon
from bench.rationing import rationed
from bench.rounds import Size
from bench.running import Running
from bench.tries import tried, unmeasured

HOW = "ask, approve, active, revoke, ended; Slack and Close run on the same machine"
RATE = {
    kind: Line(
        name="whole lives, 16 at once",
        unit=Unit.A_SECOND,
        goal=goal,
        is_least=True,
        is_of_machine=True,
        how=HOW,
    )
    for kind, goal in (("sqlite", 37.5), ("postgresql", 19))
}
CPU = {
    kind: Line(
        name="processor time of one life",
        unit=Unit.MILLISECONDS,
        goal=goal,
        is_of_machine=True,
        how="of the bot's processes; not of the database's, Slack's or Close's",
    )
    for kind, goal in (("sqlite", 30), ("postgresql", 45))
}
BEFORE_RATE = Line(
    name="whole lives against 0.1.0",
    unit=Unit.TIMES,
    goal=None,
    how="the bot as it was before (`bench/before.py`), in turns with it; that one does not look "
    "for what goes on after a life",
)
BEFORE_CPU = Line(
    name="processor time of one life against 0.1.0", unit=Unit.TIMES, goal=None, how="as above"
)
PROGRAMS = 4  # at work at the same time: two bots, PostgreSQL, and Slack with Close
TWO = Line(
    name="whole lives, two processes against one",
    unit=Unit.TIMES,
    goal=1.7 if (os.cpu_count() or 1) >= PROGRAMS else None,
    is_least=True,
    how="on one PostgreSQL; where four programs share fewer cores it shows what those are worth, "
    "and has no goal: the next line shows what a process gives",
)
TWO_SLOW = Line(
    name="whole lives, two slow processes against one",
    unit=Unit.TIMES,
    goal=1.7,
    is_least=True,
    how="as above, where each works for a quarter of the time and is stopped for the rest, so that "
    "there are cores enough for all (`bench/rationing.py`)",
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
# A line, where, and whose lives it is about: of two, the first against the second.
Said = tuple[Line, str, Sequence[str]]
AT_ONCE = 16
ASKERS = 400
CHANGED = "This changed while you were reading"
READING = 0.1  # seconds that somebody needs to see what has changed


@dataclass(frozen=True, slots=True)
class Contestant:
    """One bot, in as many processes as it has."""

    name: str
    processes: Sequence[Running]
    is_slow: bool = False  # each of them has a share of a processor
    lives_less: bool = False  # in the same time: a third has to do

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return sum(each.cpu for each in self.processes)

    def at_its_pace(self) -> AbstractAsyncContextManager[None]:
        """While it is measured."""
        return rationed(self.processes) if self.is_slow else nullcontext()


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

    async with contestant.at_its_pace(), asyncio.TaskGroup() as everybody:
        for each in house.people[:AT_ONCE]:
            everybody.create_task(go_on(each.id))
    took = time.monotonic() - began
    await house.outside.quiet(0.3)
    return Lived(lives / took, (contestant.cpu - before) / lives * 1000, life.again)


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """All contestants in turns."""
    said = [each for each in SAID if each[1] in size.kinds]
    async for result in tried([(line, of) for line, of, _ in said], _measured(ground, size, said)):
        yield result


async def _measured(ground: Ground, size: Size, said: Sequence[Said]) -> AsyncIterator[Result]:
    failed: dict[str, Exception] = {}
    async with open_house(ground, AT_ONCE + ASKERS) as house, AsyncExitStack() as stack:
        askers = itertools.cycle([each.id for each in house.people[AT_ONCE:]])
        contestants = await _contestants(house, stack, size)
        rounds: dict[str, list[Lived]] = {each.name: [] for each in contestants}
        for number in range(size.rounds_of_lives + 1):
            for each in contestants:
                if each.name in failed:
                    continue
                try:
                    one = await lived(house, each, _lives(size, number, each), lambda: next(askers))
                except Exception as error:  # noqa: BLE001 - the others go on
                    traceback.print_exception(error)
                    failed[each.name] = error
                else:
                    rounds[each.name] += [one] if number else []
    for line, of, names in said:
        errors = [failed[name] for name in names if name in failed]
        if errors:
            yield unmeasured(line, of, errors[0])
        else:
            yield _result(line, of, [rounds[name] for name in names])


def _lives(size: Size, number: int, contestant: Contestant) -> int:
    """How many in this round; the one before the first is to warm up."""
    lives = size.lives if number else AT_ONCE
    return max(lives // 3, AT_ONCE) if contestant.lives_less else lives


async def _contestants(house: House, stack: AsyncExitStack, size: Size) -> list[Contestant]:
    grantors = house.people[:AT_ONCE]
    found = []
    for name, kind, count in (
        ("sqlite", "sqlite", 1),
        ("postgresql", "postgresql", 1),
        ("two", "postgresql", 2),
    ):
        if kind not in size.kinds:
            continue
        url = await house.ground.migrated(kind)
        await house.connect(url, grantors)
        bots = [await stack.enter_async_context(house.bot(url)) for _ in range(count)]
        found.append(Contestant(name, bots))
        if kind == "postgresql":
            found.append(Contestant(f"{name}, slow", bots, is_slow=True, lives_less=True))
    for kind in size.kinds:
        before = await stack.enter_async_context(open_before(house, kind, grantors))
        found.append(Contestant(f"before, {kind}", [before], lives_less=True))
    obvious = await stack.enter_async_context(house.obvious(grantors))
    return [*found, Contestant("obvious", [obvious])]


def _again(lived: Sequence[Lived]) -> str:
    count = sum(each.again for each in lived)
    return f"{count} not answered in time" if count else ""


SAID: Sequence[Said] = (
    *((line, kind, (kind,)) for kind in KINDS for line in (RATE[kind], CPU[kind])),
    *(
        (line, kind, (kind, f"before, {kind}"))
        for kind in KINDS
        for line in (BEFORE_RATE, BEFORE_CPU)
    ),
    (TWO, "postgresql", ("two", "postgresql")),
    (TWO_SLOW, "postgresql", ("two, slow", "postgresql, slow")),
    (OBVIOUS, "sqlite", ("sqlite", "obvious")),
    (OBVIOUS_CPU, "sqlite", ("sqlite", "obvious")),
)


def _result(line: Line, of: str, lived: Sequence[Sequence[Lived]]) -> Result:
    own, is_cpu = lived[0], line in (*CPU.values(), OBVIOUS_CPU, BEFORE_CPU)
    figures = [[each.cpu if is_cpu else each.rate for each in rounds] for rounds in lived]
    if len(lived) == 1:
        return Result(line, of, figures[0], "" if is_cpu else _again(own))
    ratios = [a / b for a, b in zip(*figures, strict=True)]
    return Result(line, of, ratios, _beside(line, own, lived[1]))


def _beside(line: Line, own: Sequence[Lived], other: Sequence[Lived]) -> str:
    if line in (TWO, TWO_SLOW):
        return f"{statistics.median(each.cpu for each in own):.0f} ms of CPU each"
    if line in (OBVIOUS, BEFORE_RATE):
        return f"it lives {statistics.median(each.rate for each in other):.1f}/s"
    return f"it needs {statistics.median(each.cpu for each in other):.0f} ms"
