"""Rights that end: many at the same second, many at Close's limit, one alone to the millisecond."""

import asyncio
import contextlib
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
from bench.tries import tried
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
    is_of_machine=True,
    how="how late a timer of 2 ms in the bot's own loop was at most, from a moment after its start "
    "until 20 s after the last one is gone, without the time in which other programs had the "
    "processors that it waited for",
)
LONE = Line(
    name="lateness of a lone end, p99",
    unit=Unit.MILLISECONDS,
    goal=20,
    is_of_machine=True,
    how="from its moment to the arrival of the call that deletes it",
)
BEFORE = timedelta(seconds=4)  # so long before the first end the bot is started, at the latest
WRITTEN = 1_000  # rights a second, in the meantime
AFTERWARDS = 20.0  # seconds in which it is still watched: it tells everybody
APART = timedelta(milliseconds=200)
GONE_WITHIN = 240.0  # seconds


async def measure(ground: Ground, size: Size) -> AsyncIterator[Result]:
    """On each database."""
    for kind in size.kinds:
        of = _of(kind, size)
        burst = [(line, of) for line in (BURST, BURST_CALLS, MISSED, STALL)]
        for expected, results in (
            ([(LIMITED, kind)], _limited(ground, kind, size)),
            (burst, _burst(ground, kind, size)),
            ([(LONE, kind)], _lone(ground, kind, size)),
        ):
            async for result in tried(expected, results):
                yield result


def _of(kind: str, size: Size) -> str:
    return f"{kind}, {size.ends:,} ends"


async def _limited(ground: Ground, kind: str, size: Size) -> AsyncIterator[Result]:
    grantors, each = (40, 50) if size.ends >= 10_000 else (40, 5)
    async with open_house(ground, grantors + each) as house:
        pairs = list(product(house.people[:grantors], house.people[grantors:]))
        url, moment = await _given(house, kind, pairs)
        await house.outside.ask("limit", a_second=A_SECOND)
        async with house.bot(url):
            _is_early(moment)
            await _gone(house, moment)
        calls = _calls(house)
        took = calls[-1]["at"] - _monotonic(moment)
        refused = sum(call["status"] == 429 for call in calls)
        answered = len(calls) - refused
    note = f"{took:.1f} s, {answered} calls, {refused} times 429"
    yield Result(LIMITED, kind, [took / (answered / A_SECOND)], note)


async def _burst(ground: Ground, kind: str, size: Size) -> AsyncIterator[Result]:
    each = 50
    grantors = size.ends // each
    async with open_house(ground, grantors + each) as house:
        pairs = list(product(house.people[:grantors], house.people[grantors:]))
        url, moment = await _given(house, kind, pairs)
        async with watched(house, url) as bot:
            await bot.seen()
            _is_early(moment)
            left = await _gone(house, moment)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(house.outside.quiet(1.0), AFTERWARDS)
            seen = await bot.seen()
        calls = _calls(house)
    took = calls[-1]["at"] - _monotonic(moment)
    of = _of(kind, size)
    yield Result(BURST, of, [took])
    yield Result(BURST_CALLS, of, [len(calls) / grantors])
    yield Result(MISSED, of, [left])
    parts = {"of work": seen.work, "of looking for garbage": seen.collection}
    note = ", ".join(f"{seconds * 1000:.0f} ms {part}" for part, seconds in parts.items())
    note = f"{note} in one go at most; {seen.stall_in_all * 1000:.0f} ms with what others took"
    yield Result(STALL, of, [seen.stall * 1000], note)


async def _lone(ground: Ground, kind: str, size: Size) -> AsyncIterator[Result]:
    count = size.lone_ends
    async with open_house(ground, count + 1) as house:
        pairs = [(grantor, house.people[-1]) for grantor in house.people[:count]]
        first = _first(count)
        moments = [first + number * APART for number in range(count)]
        url = await ground.migrated(kind)
        await give(house, url, pairs, lambda: moments)
        async with house.bot(url):
            _is_early(first)
            await _gone(house, moments[-1])
        deletions = [call for call in _calls(house) if call["method"] == "DELETE"]
    late = sorted(
        (call["began"] - _monotonic(moment)) * 1000
        for call, moment in zip(deletions, moments, strict=True)
    )
    p99 = late[min(int(len(late) * 0.99), len(late) - 1)]
    yield Result(LONE, kind, [p99], f"median {late[len(late) // 2]:.1f} ms of {count}")


async def _given(house: House, kind: str, pairs: Sequence[Pair]) -> tuple[str, datetime]:
    """A database in which all of these end at one moment, soon."""
    url = await house.ground.migrated(kind)
    moments: list[datetime] = []

    def ends() -> list[datetime]:
        moments.extend([_first(len(pairs))] * len(pairs))
        return moments

    await give(house, url, pairs, ends)
    return url, moments[0]


def _first(count: int) -> datetime:
    """When so many that are still to be written begin to end."""
    return datetime.now(UTC) + BEFORE + timedelta(seconds=count / WRITTEN)


def _is_early(moment: datetime) -> None:
    """Raises TimeoutError where the first end was over before the bot was ready."""
    if datetime.now(UTC) > moment:
        raise TimeoutError("the bot was not ready when they ended")


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
