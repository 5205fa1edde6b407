"""How long Slack waits for an answer: from the signed request to the whole HTTP response.

The bot is its own process; the sandbox that measures shares the machine with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bench.stage import askers, crowd
from bench.table import Figure, percentiles
from sandbox.people import ADA, SandboxPerson
from sandbox.running import House, open_house
from sandbox.slack.delivery import Reply
from sandbox.slack.workspace import Message

HELPS = 300
CLICKS = 150
AT_ONCE = (1, 16)
WARM_UP = 30
CARDS_SECONDS = 60.0

Item = TypeVar("Item")


async def measure(database_url: str) -> Sequence[Figure]:
    """``/sendas help``, and Approve clicks, one after the other and 16 at once."""
    people = crowd(CLICKS * len(AT_ONCE))
    reps = askers(people)
    figures = []
    async with open_house(database_url=database_url, people=people) as house:

        async def ask_for_help(person: SandboxPerson) -> Reply:
            return await house.slack.command(person, "/sendas", "help")

        async def approve(card: Message) -> Reply:
            return await house.slack.click(ADA, card, "Approve")

        await _timed(reps[:WARM_UP], ask_for_help, 1)
        for at_once in AT_ONCE:
            took = await _timed(reps[:HELPS], ask_for_help, at_once)
            figures.append(Figure(f"/sendas help, {at_once} at once", percentiles(took)))
        cards = await _cards(house, reps)
        for number, at_once in enumerate(AT_ONCE):
            some = cards[number * CLICKS : (number + 1) * CLICKS]
            took = await _timed(some, approve, at_once)
            figures.append(Figure(f"Approve, {at_once} at once", percentiles(took)))
    return figures


async def _cards(house: House, reps: Sequence[SandboxPerson]) -> list[Message]:
    """One card for Ada from each of them; returns when all are there."""

    async def ask(person: SandboxPerson) -> Reply:
        return await house.slack.command(person, "/sendas", "@ada 2h")

    await _timed(reps, ask, 8)

    def all_there() -> list[Message] | None:
        cards = [each for each in house.slack.messages(ADA) if "Approve" in each.buttons()]
        return cards if len(cards) == len(reps) else None

    return await house.slack.wait_for(all_there, CARDS_SECONDS, "the cards")


async def _timed(
    items: Sequence[Item], act: Callable[[Item], Awaitable[Reply]], at_once: int
) -> list[float]:
    """The seconds that each answer took, with so many on the way at once."""
    waiting = list(items)
    took: list[float] = []

    async def work() -> None:
        while waiting:
            reply = await act(waiting.pop())
            if not reply.ok:
                raise RuntimeError(f"not answered: {reply}")
            took.append(reply.seconds)

    await asyncio.gather(*(work() for _ in range(at_once)))
    return took
