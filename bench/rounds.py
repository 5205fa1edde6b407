"""Two contestants take turns, so that whatever else the machine does falls on both."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.client import Answer
from bench.ground import KINDS

Item = TypeVar("Item")
Act = Callable[[Item], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: ``bench-quick`` does less of everything."""

    floors: int  # answers of the floor, before each part that is measured in time
    rounds: int
    each: int  # requests in one round
    kinds: Sequence[str]  # of databases
    stored: Mapping[str, Sequence[int]]  # delegations, on each database
    starts: int
    lives: int
    rounds_of_lives: int
    ends: int  # at one second
    lone_ends: int
    at_one_word: int  # rights of one person
    open: int  # rights of a company
    idle: float  # seconds to watch a bot that has nothing to do


WHOLE = Size(
    floors=30,
    rounds=5,
    each=15,
    kinds=KINDS,
    stored=dict.fromkeys(KINDS, (1_000, 100_000, 1_000_000)),
    starts=3,
    lives=120,
    rounds_of_lives=3,
    ends=10_000,
    lone_ends=150,
    at_one_word=500,
    open=10_000,
    idle=30.0,
)
QUICK = Size(
    floors=10,
    rounds=1,
    each=6,
    kinds=KINDS[:1],
    stored={"sqlite": (1_000, 5_000)},
    starts=1,
    lives=16,
    rounds_of_lives=1,
    ends=400,
    lone_ends=4,
    at_one_word=50,
    open=300,
    idle=2.0,
)


async def timed(items: Sequence[Item], act: Act[Item], at_once: int = 1) -> list[float]:
    """The seconds that each answer took, with so many on the way at once."""
    waiting, took = list(items), []

    async def work() -> None:
        while waiting:
            took.append((await act(waiting.pop())).seconds)

    await asyncio.gather(*(work() for _ in range(at_once)))
    return took


async def there_and_back(
    number: int, items: Sequence[Item], acts: Sequence[Act[Item]], at_once: int
) -> list[list[float]]:
    """What each of these took in this round, in their order. Every other round goes the other way
    round: whoever comes after a slow one finds the caches cold."""
    took: dict[int, list[float]] = {}
    order = range(len(acts))
    for place in order if number % 2 == 0 else reversed(order):
        took[place] = await timed(items, acts[place], at_once)
    return [took[place] for place in order]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times theirs ours is, by the medians of one round."""
    return statistics.median(ours) / statistics.median(theirs)


def milliseconds(seconds: Sequence[float]) -> float:
    """The median in milliseconds."""
    return statistics.median(seconds) * 1000
