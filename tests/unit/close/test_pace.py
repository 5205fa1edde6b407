"""Answers that come at once go on a few at a time."""

import asyncio

from bot.close.pace import AT_ONCE, Pace


async def went_on(pace: Pace, number: int) -> list[list[int]]:
    """Who went on in each round of the loop, of so many that came at once."""
    rounds: list[list[int]] = [[]]

    async def go_on(name: int) -> None:
        await pace.turn()
        rounds[-1].append(name)

    tasks = [asyncio.create_task(go_on(name)) for name in range(number)]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        rounds.append([])
    return [each for each in rounds if each]


async def test_many_at_once() -> None:
    """Never more than a few in one round, in their order, and all of them in the end."""
    number = 3 * AT_ONCE + 1
    rounds = await went_on(Pace(), number)
    assert [name for each in rounds for name in each] == list(range(number))
    assert max(len(each) for each in rounds) == AT_ONCE


async def test_somebody_alone() -> None:
    """Whoever comes alone waits for nobody, also after a crowd."""
    pace = Pace()
    await went_on(pace, 2 * AT_ONCE)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    turn = pace.turn()
    try:
        turn.send(None)
    except StopIteration:
        return
    raise AssertionError("it had to wait")


async def test_somebody_who_gives_up() -> None:
    """Whoever is cancelled while it waits is left out, and holds nobody up."""
    pace, number = Pace(), 2 * AT_ONCE
    tasks = [asyncio.create_task(pace.turn()) for _ in range(number)]
    await asyncio.sleep(0)
    tasks[AT_ONCE].cancel()
    await asyncio.wait(tasks)
    assert [task.cancelled() for task in tasks].count(True) == 1
