"""Rights that end: many at the same second, many at Close's limit, one alone to the millisecond."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

from bench.ground import Ground
from bench.house import House, open_house
from bench.lines import Line, Result, Unit
from bench.outside import Event
from bench.rights import Pair, give
from bench.rounds import Size
from bench.watching import watched

A_SECOND = 20  # requests that Close takes
LIMITED = Line(
    name="ends of 40 grantors with 50 rights each at 20 calls a second",
    unit=Unit.TIMES,
    goal=1.1,
    how="from their moment to the last one gone, against the calls that were made ÷ 20 a second",
)
BURST = Line(
    name="all ends at one second: until the last one is gone",
    unit=Unit.SECONDS,
    goal=None,
    how="10,000 rights of 200 grantors; Close answers at once and has no limit",
)
BURST_CALLS = Line(
    name="all ends at one second: calls to Close for each grantor",
    unit=Unit.CALLS,
    goal=2,
    how="one that withdraws, one that reads back",
)
MISSED = Line(
    name="all ends at one second: rights that are still there",
    unit=Unit.CALLS,
    goal=0,
    how="held by Close when nothing happens any more",
)
STALL = Line(
    name="all ends at one second: longest stall of the event loop",
    unit=Unit.MILLISECONDS,
    goal=20,
    how="how late a timer of 2 ms in the same loop was at most",
)
LONE = Line(
    name="lateness of a lone end, p99",
    unit=Unit.MILLISECONDS,
    goal=20,
    how="from its moment to the arrival of the call that deletes it",
)
BEFORE = timedelta(seconds=6)  # so long before the first end the bot is started
APART = timedelta(milliseconds=200)
GONE_WITHIN = 240.0  # seconds


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database."""
    for kind in size.kinds:
        yield await _limited(ground, kind, size)
        for result in await _burst(ground, kind, size):
            yield result
        yield await _lone(ground, kind, size)


async def _limited(ground: Ground, kind: str, size: Size) -> Result:
    grantors, each = (40, 50) if size.ends >= 10_000 else (40, 5)
    async with open_house(ground, grantors + each) as house:
        pairs = list(product(house.people[:grantors], house.people[grantors:]))
        url, moment = await _given(house, kind, pairs)
        await house.outside.ask("limit", a_second=A_SECOND)
        async with house.bot(url):
            await _gone(house, moment)
        calls = _calls(house)
        took = calls[-1]["at"] - _monotonic(moment)
        refused = sum(call["status"] == 429 for call in calls)
        answered = len(calls) - refused
    note = f"{took:.1f} s, {answered} calls, {refused} times 429"
    return Result(LIMITED, kind, [took / (answered / A_SECOND)], note)


async def _burst(ground: Ground, kind: str, size: Size) -> list[Result]:
    each = 50
    grantors = size.ends // each
    async with open_house(ground, grantors + each) as house:
        pairs = list(product(house.people[:grantors], house.people[grantors:]))
        url, moment = await _given(house, kind, pairs)
        async with watched(house, url) as bot:
            await bot.seen()
            left = await _gone(house, moment)
            await house.outside.quiet(1.0)
            seen = await bot.seen()
        calls = _calls(house)
    took = calls[-1]["at"] - _monotonic(moment)
    of = f"{kind}, {size.ends:,} ends"
    return [
        Result(BURST, of, [took]),
        Result(BURST_CALLS, of, [len(calls) / grantors]),
        Result(MISSED, of, [left]),
        Result(STALL, of, [seen.stall * 1000], f"{seen.work * 1000:.0f} ms of work in one go"),
    ]


async def _lone(ground: Ground, kind: str, size: Size) -> Result:
    count = size.lone_ends
    async with open_house(ground, count + 1) as house:
        pairs = [(grantor, house.people[-1]) for grantor in house.people[:count]]
        first = datetime.now(UTC) + BEFORE + timedelta(seconds=count / 500)
        moments = [first + number * APART for number in range(count)]
        url = await ground.migrated(kind)
        await give(house, url, pairs, moments)
        async with house.bot(url):
            await _gone(house, moments[-1])
        deletions = [call for call in _calls(house) if call["method"] == "DELETE"]
    late = sorted(
        (call["began"] - _monotonic(moment)) * 1000
        for call, moment in zip(deletions, moments, strict=True)
    )
    p99 = late[min(int(len(late) * 0.99), len(late) - 1)]
    return Result(LONE, kind, [p99], f"median {late[len(late) // 2]:.1f} ms of {count}")


async def _given(house: House, kind: str, pairs: Sequence[Pair]) -> tuple[str, datetime]:
    """A database in which all of these end at one moment, soon."""
    url = await house.ground.migrated(kind)
    moment = datetime.now(UTC) + BEFORE + timedelta(seconds=len(pairs) / 500)
    await give(house, url, pairs, [moment] * len(pairs))
    return url, moment


async def _gone(house: House, moment: datetime) -> int:
    """Wait until nothing is left, or for long enough; returns what is."""
    await asyncio.sleep(max(0.0, _monotonic(moment) - time.monotonic()))
    left, deadline = 1, time.monotonic() + GONE_WITHIN
    while left and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        left = await house.outside.ask("held")
    return left


def _calls(house: House) -> list[Event]:
    """What Close was asked until the last right was gone."""
    calls = house.outside.close_calls()
    last = max(number for number, call in enumerate(calls) if _takes_away(call))
    return calls[: last + 1]


def _takes_away(call: Event) -> bool:
    is_write = call["method"] == "DELETE" or str(call["path"]).endswith("/bulk/")
    return is_write and int(call["status"]) < 300


def _monotonic(moment: datetime) -> float:
    return moment.timestamp() - time.time() + time.monotonic()
