"""The limiter, with time in the hands of the test."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from bot.close.errors import RetryLater
from bot.close.headers import LONGEST_WAIT
from bot.close.limits import Group, Limiter
from bot.close.transport import Answer
from tests.patience import PATIENCE

ADA = Group("write /send_as/", "ada")
BEN = Group("write /send_as/", "ben")
OTHER = Group("read /user/", "ada")


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the present moment."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    """Return a fresh clock."""
    return Time()


@pytest.fixture
def limiter(time: Time) -> Limiter:
    """Return a limiter that lives by that clock."""
    return Limiter(monotonic=time.monotonic, sleep=time.sleep)


def answer(status: int = 200, **headers: str) -> Answer:
    """Return an answer with headers."""
    return Answer(status, httpx.Headers(headers), b"")


def told(remaining: int, reset: float, status: int = 200) -> Answer:
    """Return an answer that tells the limit."""
    return answer(status, ratelimit=f"limit=20, remaining={remaining}, reset={reset}")


async def pass_through(limiter: Limiter, group: Group, seen: Answer) -> None:
    """Make one request."""
    async with limiter.turn(group) as learn:
        learn(seen)


async def test_it_waits_for_the_window_when_nothing_remains(limiter: Limiter, time: Time) -> None:
    """After a header with nothing remaining, the next request waits until the reset."""
    await pass_through(limiter, ADA, told(0, 1.5))
    await pass_through(limiter, ADA, told(19, 1))
    assert sum(time.slept) == pytest.approx(1.5)


async def test_it_does_not_wait_while_something_remains(limiter: Limiter, time: Time) -> None:
    """Requests below the limit go at once."""
    for remaining in range(19, 0, -1):
        await pass_through(limiter, ADA, told(remaining, 1))
    assert time.slept == []


async def test_a_long_429_is_handed_to_the_caller(limiter: Limiter) -> None:
    """A wait over the longest is not slept through: the caller learns how long it is."""
    await pass_through(limiter, ADA, answer(429, **{"retry-after": "60"}))
    with pytest.raises(RetryLater) as caught:
        await pass_through(limiter, ADA, answer())
    assert caught.value.wait == timedelta(seconds=60)


@pytest.mark.parametrize("reset", ["1" + 12 * "0", "9" * 300])
async def test_an_endless_window_ends(limiter: Limiter, time: Time, reset: str) -> None:
    """Whatever end of a window Close names, the caller hears of minutes, and then it goes on."""
    seen = answer(200, ratelimit=f"limit=20, remaining=0, reset={reset}")
    await pass_through(limiter, ADA, seen)
    with pytest.raises(RetryLater) as caught:
        await pass_through(limiter, ADA, answer())
    assert caught.value.wait is not None
    assert caught.value.wait <= LONGEST_WAIT
    time.now += LONGEST_WAIT.total_seconds()
    await pass_through(limiter, ADA, answer())


async def test_a_short_429_is_waited_out(limiter: Limiter, time: Time) -> None:
    """After a short wait the request goes by itself, and not a moment earlier."""
    await pass_through(limiter, ADA, answer(429, **{"retry-after": "1"}))
    await pass_through(limiter, ADA, answer())
    assert time.now >= 1001


async def test_a_429_stops_its_group_for_everybody_only_briefly(
    limiter: Limiter, time: Time
) -> None:
    """One credential's long wait does not keep other people's revocations waiting for minutes."""
    await pass_through(limiter, ADA, answer(429, **{"retry-after": "300"}))
    await pass_through(limiter, BEN, answer())
    assert 0 < sum(time.slept) <= 2


async def test_another_endpoint_group_is_free(limiter: Limiter, time: Time) -> None:
    """A 429 of one endpoint group says nothing about another."""
    await pass_through(limiter, ADA, answer(429, **{"retry-after": "300"}))
    await pass_through(limiter, OTHER, answer())
    assert time.slept == []


async def test_requests_on_the_way_count(limiter: Limiter) -> None:
    """With two remaining, a third request is not sent while two are on their way."""
    await pass_through(limiter, ADA, told(2, 1000))
    running = 0
    most = 0

    async def one() -> None:
        nonlocal running, most
        async with limiter.turn(ADA) as learn:
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            running -= 1
            learn(told(2, 1000))

    await asyncio.gather(*(one() for _ in range(2)))
    results = await asyncio.gather(*(one() for _ in range(6)), return_exceptions=True)
    assert most == 2
    assert any(result is None for result in results)


async def test_a_late_answer_does_not_raise_the_number_again(limiter: Limiter, time: Time) -> None:
    """Within one window the lowest number counts, in whatever order the answers arrive."""
    async with limiter.turn(ADA) as first, limiter.turn(ADA) as second:
        second(told(0, 1))
        first(told(19, 1))
    await pass_through(limiter, ADA, told(19, 1))
    assert sum(time.slept) == pytest.approx(1)


async def test_revocations_go_first() -> None:
    """Of those who wait, the urgent one passes before those who came earlier."""
    limiter = Limiter(max_wait=timedelta(seconds=5))
    order: list[str] = []
    async with limiter.turn(ADA) as learn:
        learn(told(0, 0.5))

    async def one(name: str, *, urgent: bool) -> None:
        async with limiter.turn(ADA, urgent=urgent) as learn:
            order.append(name)
            learn(told(1, 0.01))

    tasks = [asyncio.create_task(one(f"usual {n}", urgent=False)) for n in range(4)]
    await asyncio.sleep(0)  # they are waiting now
    tasks.append(asyncio.create_task(one("urgent", urgent=True)))
    await asyncio.gather(*tasks)
    assert order.index("urgent") <= 1
    assert len(order) == 5


async def test_a_cancelled_waiter_does_not_block_the_queue() -> None:
    """When one who waits is cancelled, those behind still get their turn."""
    limiter = Limiter(max_wait=timedelta(seconds=5))
    async with limiter.turn(ADA) as learn:
        learn(told(0, 0.5))
    tasks = [asyncio.create_task(pass_through(limiter, ADA, told(9, 0.1))) for _ in range(4)]
    await asyncio.sleep(0)  # they are waiting now
    tasks[0].cancel()
    tasks[2].cancel()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE)
    assert [isinstance(each, asyncio.CancelledError) for each in results] == [
        True,
        False,
        True,
        False,
    ]


async def test_nobody_waits_in_line_longer_than_allowed() -> None:
    """A long line is cut: those at its end are told to come back instead of holding a lease."""
    limiter = Limiter(max_wait=timedelta(seconds=0.1))
    async with limiter.turn(ADA) as learn:
        learn(told(0, 0.09))
    results = await asyncio.gather(
        *(pass_through(limiter, ADA, told(0, 0.09)) for _ in range(4)), return_exceptions=True
    )
    assert [result for result in results if isinstance(result, RetryLater)]
    assert None in results


async def test_without_headers_a_429_is_followed_by_single_steps(limiter: Limiter) -> None:
    """After a 429 without numbers one request at a time finds the way, then more again."""
    await pass_through(limiter, ADA, answer(429, **{"retry-after": "0"}))
    for _ in range(10):
        await pass_through(limiter, ADA, answer())
    async with limiter.turn(ADA), limiter.turn(ADA), limiter.turn(ADA):
        pass


async def test_forgotten_gates_do_not_pile_up(limiter: Limiter) -> None:
    """A thousand old access tokens leave no thousand gates behind."""
    for number in range(3000):
        await pass_through(limiter, Group("read /me/", str(number)), answer())
    assert len(limiter._gates) <= 1001


async def test_another_organization_is_free(limiter: Limiter, time: Time) -> None:
    """What one organization has used up says nothing about another."""
    await pass_through(limiter, Group("write /send_as/", "ada", "orga_1"), told(0, 2))
    await pass_through(limiter, Group("write /send_as/", "eli", "orga_2"), answer())
    assert time.slept == []
    await pass_through(limiter, Group("write /send_as/", "ben", "orga_1"), answer())
    assert sum(time.slept) == pytest.approx(2)


async def test_a_group_without_credential_has_one_gate(limiter: Limiter) -> None:
    """What all share is counted once, and its long 429 is kept in full."""
    await pass_through(limiter, Group("/oauth2/token/"), answer(429, **{"retry-after": "60"}))
    with pytest.raises(RetryLater) as caught:
        await pass_through(limiter, Group("/oauth2/token/"), answer())
    assert caught.value.wait == timedelta(seconds=60)
