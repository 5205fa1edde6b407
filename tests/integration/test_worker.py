"""The worker: wakes, claims, survives its own failures, keeps leases, stops in order."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.clock import worker as worker_module
from bot.clock.scheduler import Clock
from bot.clock.worker import LEASE, Worker
from bot.ports import Now
from bot.store import Database, Store
from bot.store.due import Due
from models.delegation import Delegation, State
from tests.conftest import Postgres
from tests.integration.rows import add, delegation, get, wear
from tests.patience import MOMENT, PATIENCE

HOUR = timedelta(hours=1)


def now() -> datetime:
    """The real present."""
    return datetime.now(UTC)


class Step:
    """Does ``act`` with a row and puts it off for a day; notes what it saw and what failed."""

    def __init__(
        self, database: Database, act: Callable[[Delegation], Awaitable[Any]] | None = None
    ) -> None:
        self._database = database
        self._act = act
        self.done: list[str] = []
        self.failures: list[Exception] = []

    async def take(self, item: Delegation) -> None:
        """Act, and put the row off for a day."""
        if self._act is not None:
            await self._act(item)
        self.done.append(item.id)
        await self._put_off(item, timedelta(days=1))

    async def put_off(self, item: Delegation, error: Exception) -> None:
        """Note the failure; the row is due again in a moment."""
        self.failures.append(error)
        await self._put_off(item, timedelta(milliseconds=20))

    async def _put_off(self, item: Delegation, pause: timedelta) -> None:
        await self._database.run(
            lambda store: store.delegations.postpone(
                item, wake_at=now() + pause, trouble=None, now=now()
            )
        )


def make(database: Database, step: Step, clock: Now = now) -> Worker[Delegation]:
    """A worker for delegations."""
    return Worker("delegations", database, lambda store: store.delegations.due, step, clock)


@asynccontextmanager
async def at_work(worker: Worker[Delegation], *, beat: float = 0.02) -> AsyncIterator[None]:
    """The worker and its clock, until the block is left."""
    clock = Clock(worker._database, now, timedelta(seconds=beat))
    clock.serve(worker)
    clock.start()
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        clock.stop()
        worker.stop()
        await task


async def until(is_so: Callable[[], bool], *, within: float = PATIENCE) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within):
        while not is_so():  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def test_what_is_due_at_the_start_is_done(database: Database) -> None:
    """Rows that became due while nobody ran are done at once."""
    rows = [delegation(wake_at=now() - timedelta(days=2)) for _ in range(3)]
    await add(database, *rows)
    step = Step(database)
    async with at_work(make(database, step)):
        await until(lambda: len(step.done) == 3)
    assert sorted(step.done) == sorted(row.id for row in rows)


async def test_a_row_is_done_when_its_time_comes(database: Database) -> None:
    """A row of a moment from now is done then: not before, and not a whole beat later."""
    soon = now() + timedelta(seconds=0.3)
    await add(database, delegation(wake_at=soon))
    finished: list[datetime] = []

    async def note(_item: Delegation) -> None:
        finished.append(now())

    async with at_work(make(database, Step(database, note)), beat=2 * PATIENCE):
        await until(lambda: bool(finished))
    assert finished[0] >= soon


async def test_a_row_of_another_process_is_noticed(database: Database, database_url: str) -> None:
    """What somebody else wrote is found at the safety beat, without being told."""
    step = Step(database)
    other = Database(database_url)
    async with at_work(make(database, step)):
        await asyncio.sleep(0.05)
        await add(other, delegation(wake_at=now()))
        await until(lambda: len(step.done) == 1)
    await other.dispose()


async def test_one_failing_row_does_not_stop_the_others(database: Database) -> None:
    """A step that raises is put off and tried again; everything else goes on."""
    bad = delegation(wake_at=now() - timedelta(hours=1))
    good = [delegation(wake_at=now()) for _ in range(5)]
    await add(database, bad, *good)
    stumbles = 3

    async def stumble(item: Delegation) -> None:
        nonlocal stumbles
        if item.id == bad.id and stumbles:
            stumbles -= 1
            raise RuntimeError("stumbled")

    step = Step(database, stumble)
    async with at_work(make(database, step)):
        await until(lambda: len(step.done) == 6)
    assert len(step.failures) == 3
    assert (await get(database, bad)).attempts == 4


async def test_a_step_that_cannot_even_fail_keeps_its_row(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When putting off fails too, the lease runs out and the row is claimed again."""
    monkeypatch.setattr(worker_module, "LEASE", timedelta(seconds=0.2))
    await add(database, delegation(wake_at=now()))
    tries = 0

    async def break_down(_item: Delegation) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("broken")

    step = Step(database, break_down)

    async def broken_too(_item: Delegation, _error: Exception) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(step, "put_off", broken_too)
    async with at_work(make(database, step)):
        await until(lambda: len(step.done) == 1)
    assert tries == 2


async def test_a_database_that_is_away_for_a_moment(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claims that fail are tried again at the next beat."""
    await add(database, delegation(wake_at=now()))
    step = Step(database)
    real, failures = database.run, 0

    async def sometimes(function: Callable[..., Any]) -> Any:
        nonlocal failures
        if failures < 3:
            failures += 1
            raise OSError("away")
        return await real(function)

    monkeypatch.setattr(database, "run", sometimes)
    async with at_work(make(database, step)):
        await until(lambda: len(step.done) == 1)
    assert failures == 3


async def leased_anew(database: Database, row: Delegation) -> None:
    """Wait until the row's lease has most of its length before it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            until = (await get(database, row)).leased_until
            if until is not None and until > now() + LEASE * 0.8:
                return
            await asyncio.sleep(MOMENT)


async def test_a_long_step_keeps_its_lease(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a step runs longer than a lease, nobody else gets its row."""
    monkeypatch.setattr(worker_module, "BEAT", 0.05)
    row = delegation(wake_at=now())
    await add(database, row)
    starts, finish = 0, asyncio.Event()

    async def take_long(_item: Delegation) -> None:
        nonlocal starts
        starts += 1
        await finish.wait()

    step = Step(database, take_long)
    first, second = (make(database, step) for _ in range(2))
    async with at_work(first), at_work(second):
        for _ in range(4):
            await leased_anew(database, row)
            await wear(database, LEASE / 2)
        await leased_anew(database, row)
        finish.set()
        await until(lambda: len(step.done) == 1)
    assert starts == 1


async def test_a_clock_that_jumps_does_not_start_a_step_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jump ends the lease of a row that this worker is still working on."""
    await add(database, delegation(wake_at=now()))
    ahead = timedelta()
    running, starts = asyncio.Event(), 0

    async def take_long(_item: Delegation) -> None:
        nonlocal starts
        starts += 1
        running.set()
        await asyncio.sleep(0.3)

    step = Step(database, take_long)
    worker = make(database, step)
    monkeypatch.setattr(worker, "_now", lambda: now() + ahead)
    async with at_work(worker):
        await running.wait()
        ahead = timedelta(minutes=1)
        await until(lambda: len(step.done) == 1)
    assert starts == 1


async def test_many_rows_are_done_side_by_side(database: Database) -> None:
    """Waiting for Close in one step does not hold up the others, within a fixed number."""
    rows = [delegation(wake_at=now()) for _ in range(100)]
    await add(database, *rows)
    running, most = 0, 0

    async def wait(_item: Delegation) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    step = Step(database, wait)
    async with at_work(make(database, step)):
        await until(lambda: len(step.done) == 100)
    assert len(set(step.done)) == 100
    assert 8 < most <= worker_module.MOST_AT_ONCE


async def test_stopping_lets_running_steps_finish(database: Database) -> None:
    """At the end nothing new is claimed, and what runs is finished and committed."""
    row = delegation(wake_at=now())
    await add(database, row)
    started = asyncio.Event()

    async def wait(_item: Delegation) -> None:
        started.set()
        await asyncio.sleep(0.2)

    step = Step(database, wait)
    async with at_work(make(database, step)):
        await started.wait()
    assert step.done == [row.id]
    assert (await get(database, row)).leased_until is None
    later = delegation(wake_at=now())
    await add(database, later)
    await asyncio.sleep(0.1)
    assert step.done == [row.id]


async def test_stopping_does_not_wait_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K1: a step that does not end in time is ended, and its row can be claimed at once."""
    monkeypatch.setattr(worker_module, "PATIENCE", 0.1)
    row = delegation(wake_at=now())
    await add(database, row)
    started = asyncio.Event()

    async def hang(_item: Delegation) -> None:
        started.set()
        await asyncio.Event().wait()

    async with at_work(make(database, Step(database, hang))):
        await started.wait()
    assert (await get(database, row)).leased_until is None
    step = Step(database)
    async with at_work(make(database, step)):
        await until(lambda: step.done == [row.id])


async def test_a_step_has_its_limit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """R1: a step that would never end is ended, put off, and taken again later."""
    monkeypatch.setattr(worker_module, "LONGEST_STEP", MOMENT)
    row = delegation(wake_at=now())
    await add(database, row)
    times = 0

    async def hang_once(_item: Delegation) -> None:
        nonlocal times
        times += 1
        if times == 1:
            try:
                await asyncio.Event().wait()
            finally:  # the next one has all the time that it needs
                monkeypatch.setattr(worker_module, "LONGEST_STEP", PATIENCE)

    step = Step(database, hang_once)
    async with at_work(make(database, step)):
        await until(lambda: step.done == [row.id])
    assert [type(error) for error in step.failures] == [worker_module.StepTooLong]


async def test_a_beat_that_hangs_is_given_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: one prolongation that gets no answer does not cost the lease: the next comes in time."""
    monkeypatch.setattr(worker_module, "BEAT", 0.05)
    row = delegation(wake_at=now())
    await add(database, row)
    starts, finish = 0, asyncio.Event()

    async def take_long(_item: Delegation) -> None:
        nonlocal starts
        starts += 1
        await finish.wait()

    step = Step(database, take_long)
    first, second = make(database, step), make(database, step)
    real, hung = first._prolong, 0

    async def hang_sometimes(ids: Any) -> None:
        nonlocal hung
        hung += 1
        if hung == 1:
            await asyncio.Event().wait()
        await real(ids)

    monkeypatch.setattr(first, "_prolong", hang_sometimes)
    monkeypatch.setattr(second, "_prolong", hang_sometimes)
    async with at_work(first), at_work(second):
        await until(lambda: hung > 2)
        await wear(database, LEASE / 2)
        await leased_anew(database, row)
        finish.set()
        await until(lambda: len(step.done) == 1)
    assert starts == 1


async def test_a_beat_that_has_died_ends_the_worker(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: a worker that cannot keep what it works on does not go on without being noticed."""
    worker = make(database, Step(database))

    async def die() -> None:
        raise RuntimeError("no more")

    monkeypatch.setattr(worker, "_keep_leases", die)
    with pytest.raises(RuntimeError):
        await worker.run()
    assert worker.has_ended


async def test_processes_whose_clocks_differ(database: Database) -> None:
    """R2: two processes whose clocks are two hours apart do nothing twice."""
    rows = [delegation(wake_at=now() - timedelta(hours=2)) for _ in range(20)]
    await add(database, *rows)

    async def take_a_while(_item: Delegation) -> None:
        await asyncio.sleep(0.5)

    step = Step(database, take_a_while)
    ahead, behind = make(database, step), make(database, step)
    ahead._now, behind._now = (lambda: now() + HOUR), (lambda: now() - HOUR)
    async with at_work(ahead), at_work(behind):
        await until(lambda: len(step.done) >= len(rows))
        await asyncio.sleep(0.2)
    assert sorted(step.done) == sorted(row.id for row in rows)


async def test_a_start_tries_what_waits(database: Database) -> None:
    """K12: after a start what waits for another attempt is tried at once; what has its time does
    not come earlier."""
    later, much_later = now() + timedelta(minutes=9), now() + timedelta(hours=9)
    waiting = [
        delegation(state=state, attempts=9, wake_at=later)
        for state in (State.APPROVED, State.ENDING)
    ]
    resting = [
        delegation(state=State.ENDING, attempts=0, wake_at=later),
        delegation(state=State.ACTIVE, attempts=9, wake_at=later),
        delegation(state=State.APPROVED, attempts=9, wake_at=much_later),
    ]
    await add(database, *waiting, *resting)
    step = Step(database)
    async with at_work(make(database, step)):
        await until(lambda: len(step.done) == 2)
        await asyncio.sleep(0.1)
    assert sorted(step.done) == sorted(row.id for row in waiting)


async def test_a_start_does_not_try_all_at_once(database: Database) -> None:
    """K12: of many that wait a few are tried now, the rest within seconds."""
    moment = now()
    rows = [
        delegation(state=State.ENDING, attempts=9, wake_at=moment + timedelta(minutes=9))
        for _ in range(50)
    ]
    await add(database, *rows)
    await database.run(
        lambda store: store.delegations.due.hurry(now=moment, within=timedelta(minutes=20))
    )
    waits = sorted([(await get(database, row)).wake_at or moment for row in rows])
    assert waits[:20] == [moment] * 20
    assert moment < waits[-1] <= moment + timedelta(seconds=10)


async def test_a_worker_that_dies_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker cancelled in the middle of a step leaves a row that the next one finishes."""
    monkeypatch.setattr(worker_module, "LEASE", timedelta(seconds=0.2))
    row = delegation(wake_at=now())
    await add(database, row)
    started = asyncio.Event()

    async def hang(_item: Delegation) -> None:
        started.set()
        await asyncio.sleep(60)

    first = make(database, Step(database, hang))
    dying = asyncio.create_task(first.run())
    await started.wait()
    dying.cancel()
    for task in list(first._running.values()):
        task.cancel()
    with suppress(asyncio.CancelledError):
        await dying
    step = Step(database)
    async with at_work(make(database, step)):
        await until(lambda: step.done == [row.id])


async def test_a_row_that_is_due_before_its_step_has_ended(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step gives its row back, due at once, and the same worker claims it before that step has
    come to its end: it is taken then, and not when that lease has run out."""
    monkeypatch.setattr(worker_module, "LEASE", HOUR)
    row = delegation(wake_at=now())
    await add(database, row)
    taken: list[str] = []

    async def give_back(item: Delegation) -> None:
        taken.append(item.id)
        if len(taken) > 1:
            return
        await database.run(lambda store: store.delegations.due.free(item.id))
        worker.wake()
        while (await get(database, item)).leased_until is None:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
        raise RuntimeError("an end that changes nothing")

    step = Step(database, give_back)
    monkeypatch.setattr(step, "put_off", _nothing)
    worker = make(database, step)
    async with at_work(worker):
        await until(lambda: step.done == [row.id])
    assert taken == [row.id, row.id]


async def _nothing(_item: Delegation, _error: Exception) -> None:
    """The row stays as it is."""


class Sleeper:
    """Is woken, and does nothing about it."""

    name = "sleeper"
    is_full = False
    on_free: Callable[[], None]

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.woken = asyncio.Event()

    def due(self, store: Store) -> Due[Any]:
        """As the worker of delegations."""
        return store.delegations.due

    def wake(self) -> None:
        """Note who calls."""
        self.threads.append(threading.get_ident())
        self.woken.set()


async def test_the_clock_wakes_in_the_loops_own_thread(database: Database) -> None:
    """An ``asyncio.Event`` may be set only there; APScheduler would use a thread for it."""
    clock, sleeper = Clock(database, now, timedelta(seconds=0.02)), Sleeper()
    clock.serve(sleeper)
    was_ticking = clock.is_ticking
    clock.start()
    assert (was_ticking, clock.is_ticking) == (False, True)
    await add(database, delegation(wake_at=now()))
    async with asyncio.timeout(PATIENCE):
        await sleeper.woken.wait()
    clock.stop()
    assert set(sleeper.threads) == {threading.get_ident()}


async def test_a_row_that_somebody_holds_is_not_asked_for_without_a_pause(
    database: Database,
) -> None:
    """R4: what is due, and locked by another transaction, is looked at some times a second."""
    await add(database, delegation(wake_at=now() - HOUR))
    clock, sleeper = Clock(database, now, HOUR), Sleeper()
    clock.serve(sleeper)
    clock.start()
    clock.ring()
    await asyncio.sleep(0.5)
    assert len(sleeper.threads) <= 12
    await until(lambda: len(sleeper.threads) > 1)
    clock.stop()


async def test_a_full_worker_is_not_woken(database: Database) -> None:
    """Whoever has enough to do looks for more once a step has ended, and not before."""
    await add(database, delegation(wake_at=now() - HOUR))
    clock, sleeper = Clock(database, now, HOUR), Sleeper()
    sleeper.is_full = True
    clock.serve(sleeper)
    clock.start()
    clock.ring()
    await asyncio.sleep(0.2)
    assert not sleeper.threads
    sleeper.is_full = False
    sleeper.on_free()
    async with asyncio.timeout(PATIENCE):
        await sleeper.woken.wait()
    clock.stop()


async def test_others_hear_of_what_is_too_much_for_this_process(database: Database) -> None:
    """What can be done here wakes nobody else; what finds every hand taken here does, once."""
    told: list[int] = []
    await add(database, delegation(wake_at=now() - HOUR))
    clock, sleeper = Clock(database, now, HOUR, lambda: told.append(1)), Sleeper()
    clock.serve(sleeper)
    clock.start()
    clock.ring()
    async with asyncio.timeout(PATIENCE):
        await sleeper.woken.wait()
    assert not told
    sleeper.is_full = True
    clock.ring()
    await until(lambda: bool(told))
    clock.look()
    await asyncio.sleep(0.2)
    clock.stop()
    assert len(told) == 1


async def test_idle_takes_no_write_lock(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing is due, the database is only read from."""
    await add(database, delegation(wake_at=now() + HOUR))
    looks, changes = 0, 0
    read, run = database.read, database.run

    async def count_read(function: Callable[[Store], Any]) -> Any:
        nonlocal looks
        looks += 1
        return await read(function)

    async def count_run(function: Callable[[Store], Any]) -> Any:
        nonlocal changes
        changes += 1
        return await run(function)

    monkeypatch.setattr(database, "read", count_read)
    monkeypatch.setattr(database, "run", count_run)
    async with at_work(make(database, Step(database))):
        await until(lambda: looks >= 20)
    assert changes == 1  # a start tries what waits


async def test_another_process_is_woken(postgres: Postgres) -> None:
    """What one process says is due is done by another at once, long before its safety beat."""
    url = postgres.emptied()
    here, there = Database(url), Database(url)
    step, said = Step(there), here.others()
    worker, heard = make(there, step), there.others()
    clock = Clock(there, now, HOUR)
    clock.serve(worker)
    clock.start()
    tasks = [
        asyncio.create_task(each)
        for each in (worker.run(), heard.run(clock.look), said.run(lambda: None))
    ]
    try:
        await until(lambda: worker._has_hurried)
        await add(here, delegation(wake_at=now()))
        async with asyncio.timeout(PATIENCE):
            while not step.done:
                said.tell()  # it may not have begun to listen
                await asyncio.sleep(MOMENT)
    finally:
        clock.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(here.dispose(), there.dispose())
