"""People go first: what nobody waits for waits while one after another is answered, but no end."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.clock import calm as calm_module
from bot.clock import scheduler
from bot.clock.calm import QUICK, Calm
from bot.clock.scheduler import Clock
from bot.store import Database, Store
from bot.store.due import Due
from models.delegation import State
from models.seen_request import Arrival, arriving
from tests.integration.rows import add, delegation
from tests.patience import PATIENCE

HOUR = timedelta(hours=1)


def now() -> datetime:
    """The real present."""
    return datetime.now(UTC)


class Time:
    """What the module reads in place of the real one."""

    def __init__(self) -> None:
        self.present = 100.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.present


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Time that is set."""
    made = Time()
    monkeypatch.setattr(calm_module, "time", made)
    return made


def test_one_alone_is_no_reason_to_wait(time: Time) -> None:
    """While one is answered, and after, it is calm; also when the next comes a little later."""
    calm = Calm()
    for _ in range(2):
        with calm.answering():
            assert calm.is_there
        assert calm.is_there
        time.present += QUICK


def test_one_right_after_another(time: Time) -> None:
    """It is calm again once nobody has followed for a moment."""
    calm = Calm()
    for _ in range(2):
        with calm.answering():
            pass
    assert not calm.is_there
    time.present += QUICK
    assert calm.is_there


def test_two_at_once(time: Time) -> None:
    """It is not calm before both are answered, however long that takes."""
    calm = Calm()
    with calm.answering():
        with calm.answering():
            time.present += 1
            assert not calm.is_there
        time.present += 1
        assert not calm.is_there
    time.present += QUICK
    assert calm.is_there


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where calm does not come, whoever waits for it goes on after a while all the same."""
    monkeypatch.setattr(calm_module, "LONGEST", 0.01)
    monkeypatch.setattr(calm_module, "OUT", 0.01)
    calm = Calm()
    async with asyncio.timeout(PATIENCE):
        with calm.answering(), calm.answering():
            await calm.answers_out()
            await calm.come()


async def test_calm_comes(time: Time) -> None:
    """Whoever waits goes on when the last one was answered and nobody has followed."""
    calm = Calm()
    with ExitStack() as both:
        both.enter_context(calm.answering())
        both.enter_context(calm.answering())
        waiting = asyncio.create_task(calm.come())
        await asyncio.sleep(0)
        assert not waiting.done()
    time.present += QUICK
    async with asyncio.timeout(PATIENCE):
        await waiting


class Crowd(Calm):
    """It is never calm, but who waits for it can be told that it is."""

    is_there = False

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def come(self) -> None:
        """Until it is told so."""
        self.asked.set()
        await self.goes_on.wait()


class Sleeper:
    """Is woken, and does nothing about it."""

    name = "sleeper"
    is_full = False
    on_free: Callable[[], None]

    def __init__(self) -> None:
        self.woken = asyncio.Event()

    def due(self, store: Store) -> Due[Any]:
        """As the worker of delegations."""
        return store.delegations.due

    def wake(self) -> None:
        """Note it."""
        self.woken.set()


async def test_what_is_due_waits_for_people(database: Database) -> None:
    """Nobody is woken for it before it is calm, or the wait is over."""
    await add(database, delegation(state=State.REQUESTED, wake_at=now() - HOUR))
    crowd, sleeper = Crowd(), Sleeper()
    clock = Clock(database, now, HOUR, calm=crowd)
    clock.serve(sleeper)
    clock.start()
    clock.ring()
    async with asyncio.timeout(PATIENCE):
        await crowd.asked.wait()
        assert not sleeper.woken.is_set()
        crowd.goes_on.set()
        await sleeper.woken.wait()
    clock.stop()


async def test_no_look_is_taken_before_it_is_calm(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is answered shares the process with no look at all that is due: that comes when they
    have been answered."""
    await add(database, delegation(state=State.REQUESTED, wake_at=now() - HOUR))
    crowd, looked = Crowd(), asyncio.Event()
    clock = Clock(database, now, HOUR, calm=crowd)
    loop, moments = asyncio.get_running_loop(), clock._moments

    def look(store: Store) -> Mapping[str, datetime | None]:
        loop.call_soon_threadsafe(looked.set)
        return moments(store)

    monkeypatch.setattr(clock, "_moments", look)
    clock.serve(Sleeper())
    clock.start()
    async with asyncio.timeout(PATIENCE):
        await crowd.asked.wait()
        assert not looked.is_set()
        crowd.goes_on.set()
        await looked.wait()
    clock.stop()


@pytest.mark.parametrize("state", [State.ENDING, State.ACTIVE])
async def test_an_end_waits_for_nobody(database: Database, state: State) -> None:
    """What somebody ended, and what has run out, is taken away at once, however many come."""
    await add(database, delegation(state=State.REQUESTED, wake_at=now() - HOUR))
    over = {"wake_at": now() - HOUR, "ends_at": now() - HOUR, "grantee_id": "U0OVER"}
    await add(database, delegation(state=state, **over))
    crowd, sleeper = Crowd(), Sleeper()
    clock = Clock(database, now, HOUR, calm=crowd)
    clock.serve(sleeper)
    clock.start()
    clock.ring()
    async with asyncio.timeout(PATIENCE):
        await sleeper.woken.wait()
    clock.stop()
    assert not crowd.asked.is_set()


async def test_a_click_waits_for_no_look(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the clock rests between two looks: what somebody has just clicked is due now."""
    monkeypatch.setattr(scheduler, "APART", HOUR.total_seconds())
    await add(database, delegation(state=State.REQUESTED, wake_at=now() - HOUR))
    sleeper = Sleeper()
    clock = Clock(database, now, HOUR)
    clock.serve(sleeper)
    clock.start()
    async with asyncio.timeout(PATIENCE):
        await sleeper.woken.wait()
        sleeper.woken.clear()
        with arriving(Arrival("0" * 64, signed_at=now(), received_at=now())):
            clock.ring()
        await sleeper.woken.wait()
    clock.stop()


async def test_what_is_due_soon_waits_for_no_rest(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the clock rests between two looks: what is due meanwhile, as it has just seen,
    is not late for it."""
    monkeypatch.setattr(scheduler, "APART", HOUR.total_seconds())
    await add(database, delegation(state=State.REQUESTED, wake_at=now() + timedelta(seconds=0.5)))
    sleeper, clock = Sleeper(), Clock(database, now, HOUR)
    clock.serve(sleeper)
    clock.start()
    async with asyncio.timeout(PATIENCE):
        await sleeper.woken.wait()
    clock.stop()


async def test_a_click_wakes_the_first_without_a_look(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is served first has gone ahead by the time when the others are looked for; what nobody
    clicked wakes nobody for whom nothing is due."""
    first, second, clock = Sleeper(), Sleeper(), Clock(database, now, HOUR)
    second.name = "second"
    went_ahead: asyncio.Queue[bool] = asyncio.Queue()
    moments = clock._moments

    def look(store: Store) -> Mapping[str, datetime | None]:
        loop.call_soon_threadsafe(went_ahead.put_nowait, first.woken.is_set())
        return moments(store)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(clock, "_moments", look)
    clock.serve(first)
    clock.serve(second)
    clock.start()
    async with asyncio.timeout(PATIENCE):
        assert not await went_ahead.get()
        clock.ring()
        assert not await went_ahead.get()
        with arriving(Arrival("0" * 64, signed_at=now(), received_at=now())):
            clock.ring()
        assert await went_ahead.get()
    clock.stop()
    assert not second.woken.is_set()


async def test_a_click_wakes_nobody_who_has_no_hand_free(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They look by themselves when they have one; the look for the others comes all the same."""
    monkeypatch.setattr(scheduler, "APART", HOUR.total_seconds())
    full, second, clock = Sleeper(), Sleeper(), Clock(database, now, HOUR)
    full.is_full, second.name = True, "second"
    clock.serve(full)
    clock.serve(second)
    clock.start()
    with arriving(Arrival("0" * 64, signed_at=now(), received_at=now())):
        clock.ring()
    await add(database, delegation(state=State.REQUESTED, wake_at=now() - HOUR))
    with arriving(Arrival("0" * 64, signed_at=now(), received_at=now())):
        clock.ring()
    async with asyncio.timeout(PATIENCE):
        await second.woken.wait()
    clock.stop()
    assert not full.woken.is_set()
