"""Answers that come at once go on a few at a time."""

import asyncio

import pytest

from bot.store.pace import Pace

AT_ONCE = 4


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
    rounds = await went_on(Pace(AT_ONCE), number)
    assert [name for each in rounds for name in each] == list(range(number))
    assert max(len(each) for each in rounds) == AT_ONCE


async def test_somebody_alone() -> None:
    """Whoever comes alone waits for nobody, also after a crowd."""
    pace = Pace(AT_ONCE)
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
    pace, number = Pace(AT_ONCE), 2 * AT_ONCE
    tasks = [asyncio.create_task(pace.turn()) for _ in range(number)]
    await asyncio.sleep(0)
    tasks[AT_ONCE].cancel()
    await asyncio.wait(tasks)
    assert [task.cancelled() for task in tasks].count(True) == 1


async def test_work_that_waits_several_times() -> None:
    """Each time that such work goes on it takes a turn, and its result and errors are its own."""
    pace, rounds = Pace(AT_ONCE), [0]
    answers = [asyncio.get_running_loop().create_future() for _ in range(2)]

    async def work(name: int) -> int:
        for each in answers:
            try:
                await each
            except LookupError:
                rounds[-1] += 1
                raise
            rounds[-1] += 1
        return name

    async def paced(name: int) -> int:
        return await pace.each_turn(work(name))

    tasks = [asyncio.create_task(paced(name)) for name in range(3 * AT_ONCE)]
    await asyncio.sleep(0)
    answers[0].set_result(None)
    while sum(rounds) < len(tasks):
        await asyncio.sleep(0)
        rounds.append(0)
    assert max(rounds) <= AT_ONCE
    answers[1].set_exception(LookupError("for all of them"))
    await asyncio.wait(tasks)
    assert all(isinstance(task.exception(), LookupError) for task in tasks)
    assert await pace.each_turn(work_of_nothing()) == "done"


async def work_of_nothing() -> str:
    """It never waits."""
    return "done"


@pytest.mark.parametrize("is_answered", [False, True])
async def test_work_that_is_called_off(*, is_answered: bool) -> None:
    """Work hears that it is called off, while it waits for an answer and while it waits for its
    turn; and nobody who comes later is held up."""
    pace, loop, heard = Pace(1), asyncio.get_running_loop(), []
    answers = [loop.create_future() for _ in range(4)]

    async def work(number: int) -> None:
        try:
            await answers[number]
        except asyncio.CancelledError:
            heard.append(number)
            raise

    async def paced(number: int) -> None:
        await pace.each_turn(work(number))

    tasks = [asyncio.create_task(paced(number)) for number in range(4)]
    await asyncio.sleep(0)
    for answer in answers if is_answered else ():
        answer.set_result(None)
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.wait([tasks[2]])
    for answer in answers:
        if not answer.done():
            answer.set_result(None)
    await asyncio.gather(*(tasks[number] for number in (0, 1, 3)))
    assert heard == [2]
