"""Claiming what is due: many workers, nothing done twice, nothing left; leases that run out."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from bot.clock import worker as worker_module
from bot.clock.worker import Worker
from bot.store import Database, Store
from bot.store.cards import StaleCard
from models.card import cards
from models.delegation import Delegation, State, delegations
from models.home import Home
from models.rows import to_row
from tests.integration.rows import NOON, add, delegation, get, wear
from tests.patience import MOMENT, PATIENCE

LEASE = timedelta(seconds=6)
HOUR = timedelta(hours=1)


def real_now() -> datetime:
    """What the database's clock shows as well, in tests."""
    return datetime.now(UTC)


@pytest.fixture
async def others(database_url: str) -> AsyncIterator[list[Database]]:
    """Four more doors to the same database, as other processes have them."""
    opened = [Database(database_url) for _ in range(4)]
    yield opened
    for each in opened:
        await each.dispose()


async def claim(database: Database, *, now: datetime = NOON, limit: int = 64) -> list[str]:
    """The ids that one claim gets."""
    rows = await database.run(
        lambda store: store.delegations.due.claim(now=now, lease=LEASE, limit=limit)
    )
    return [row.id for row in rows]


async def claim_cards(
    database: Database, *, now: datetime = NOON, lease: timedelta = LEASE
) -> Sequence[StaleCard]:
    """The cards that one claim gets."""
    return await database.run(lambda store: store.cards.due.claim(now=now, lease=lease, limit=9))


async def test_several_claimers_share_without_overlap(
    database: Database, others: list[Database]
) -> None:
    """Claims at the same moment through separate doors get every due row exactly once."""
    due = [delegation(wake_at=NOON) for _ in range(120)]
    await add(database, *due)

    async def take(door: Database) -> list[str]:
        mine: list[str] = []
        while got := await claim(door, limit=7):
            mine += got
        return mine

    shares = await asyncio.gather(*(take(door) for door in (database, *others)))
    got = [each for share in shares for each in share]
    assert Counter(got) == Counter(row.id for row in due)


async def test_only_what_is_due_is_claimed(database: Database) -> None:
    """Rows of later, rows without a time and leased rows stay; the earliest come first."""
    late = delegation(wake_at=NOON + timedelta(microseconds=1))
    never = delegation(wake_at=None)
    leased = delegation(wake_at=NOON, leased_until=real_now() + timedelta(minutes=1))
    first = delegation(wake_at=NOON - timedelta(hours=2))
    second = delegation(wake_at=NOON - timedelta(hours=1))
    third = delegation(wake_at=NOON)
    await add(database, third, late, never, leased, second, first)
    assert set(await claim(database, limit=2)) == {first.id, second.id}
    assert await claim(database) == [third.id]
    assert await claim(database) == []


async def test_a_lease_that_ran_out_is_claimed_again(database: Database) -> None:
    """The row of a worker that died is free again once its lease is over, not before."""
    row = delegation(wake_at=NOON)
    await add(database, row)
    assert await claim(database) == [row.id]
    assert await claim(database) == []
    await wear(database, -timedelta(hours=1))
    assert await claim(database) == []
    await wear(database, timedelta(hours=1) + LEASE)
    assert await claim(database) == [row.id]


@pytest.mark.parametrize("days", [-3, 3])
async def test_a_lease_is_a_matter_of_the_database(database: Database, days: int) -> None:
    """R2: a process whose clock is days ahead or behind neither takes a row that is leased, nor
    leases one for days."""
    row = delegation(wake_at=NOON - timedelta(days=9))
    await add(database, row)
    assert await claim(database) == [row.id]
    assert await claim(database, now=NOON + timedelta(days=days)) == []
    await database.run(lambda store: store.delegations.due.free(row.id))
    assert await claim(database, now=NOON + timedelta(days=days)) == [row.id]
    stored = await get(database, row)
    assert stored.leased_until is not None
    assert abs(stored.leased_until - real_now() - LEASE) < timedelta(seconds=5)


async def test_a_lease_is_prolonged_only_while_it_is_held(database: Database) -> None:
    """Prolonging keeps a lease, and does not give one to a row that was handed back."""
    held, freed = delegation(wake_at=NOON), delegation(wake_at=NOON)
    await add(database, held, freed)
    await claim(database)
    await database.run(lambda store: store.delegations.due.free(freed.id))
    before = (await get(database, held)).leased_until
    assert before is not None
    minute = timedelta(minutes=1)
    await database.run(
        lambda store: store.delegations.due.prolong([held.id, freed.id], lease=minute)
    )
    after = (await get(database, held)).leased_until
    assert after is not None
    assert after - before > minute - LEASE
    assert (await get(database, freed)).leased_until is None


async def test_only_what_is_named_is_prolonged(database: Database) -> None:
    """A worker keeps what it works on: the lease of another one runs out as it should."""
    mine, theirs = delegation(wake_at=NOON), delegation(wake_at=NOON)
    await add(database, mine, theirs)
    await claim(database)
    before = (await get(database, theirs)).leased_until
    await database.run(lambda store: store.delegations.due.prolong([mine.id], lease=HOUR))
    assert (await get(database, theirs)).leased_until == before


async def hurried(database: Database, *rows: Delegation) -> list[datetime | None]:
    """When these are due once all that waits up to an hour is to be tried at noon."""
    await add(database, *rows)
    await database.run(lambda store: store.delegations.due.hurry(now=NOON, within=HOUR))
    return [(await get(database, row)).wake_at for row in rows]


def retried(wake_at: datetime, **changes: Any) -> Delegation:
    """One that has been tried, and waits for the next time."""
    return delegation(**{"state": State.ENDING, "attempts": 1, "wake_at": wake_at, **changes})


async def test_what_is_hurried(database: Database) -> None:
    """What waits for another attempt, within that time to its last moment; nothing that is leased,
    has its time or waits for something else, and what is due already keeps its moment."""
    second = timedelta(seconds=1)
    assert await hurried(
        database,
        retried(NOON + HOUR),
        retried(NOON + HOUR, state=State.APPROVED),
        retried(NOON + HOUR + second),
        retried(NOON - second),
        retried(NOON + HOUR, attempts=0),
        retried(NOON + HOUR, state=State.ACTIVE),
        retried(NOON + HOUR, leased_until=NOON),
    ) == [NOON, NOON, NOON + HOUR + second, NOON - second, *[NOON + HOUR] * 3]


@pytest.mark.parametrize(("number", "slots"), [(20, 1), (21, 2), (41, 3), (401, 20)])
async def test_how_many_are_hurried_at_once(database: Database, number: int, slots: int) -> None:
    """Twenty, half a second later twenty more, the earliest first; of very many as many more at a
    time as it takes to have tried all within ten seconds."""
    rows = [retried(NOON + timedelta(seconds=1 + each)) for each in range(number)]
    values = [to_row(row) for row in reversed(rows)]
    await database.run_connection(
        lambda connection: connection.execute(delegations.insert(), values)
    )
    await database.run(lambda store: store.delegations.due.hurry(now=NOON, within=HOUR))
    found = await database.run(lambda store: [store.delegations.get(row.id) for row in rows])
    moments = [row.wake_at for row in found if row is not None and row.wake_at is not None]
    assert len(moments) == number
    assert moments == sorted(moments)
    half = timedelta(seconds=0.5)
    assert sorted(set(moments)) == [NOON + each * half for each in range(slots)]
    assert max(Counter(moments).values()) == max(20, -(-number // 20))


async def test_what_is_due_takes_no_turn(database: Database) -> None:
    """Beside what is due at this moment twenty are hurried to it."""
    rows = [retried(NOON + timedelta(seconds=1)) for _ in range(20)]
    assert await hurried(database, retried(NOON), *rows) == [NOON] * 21


async def test_everything_can_be_hurried_where_nothing_is_said(database: Database) -> None:
    """A table whose rows are all alike needs no word on which are retried."""
    await add(database, delegation())
    later = NOON + timedelta(minutes=1)
    await database.run_connection(
        lambda connection: connection.execute(cards.update().values(wake_at=later, attempts=1))
    )
    await database.run(lambda store: store.cards.due.hurry(now=NOON, within=HOUR))
    assert {card.wake_at for card in await claim_cards(database)} == {NOON}


async def test_what_is_doubted(database: Database) -> None:
    """Of what is named, what waits for its first attempt counts as tried once; nothing else."""
    named = [
        delegation(wake_at=NOON),
        delegation(wake_at=NOON, state=State.ACTIVE),
        delegation(wake_at=None),
        delegation(wake_at=NOON, attempts=5),
    ]
    await add(database, *named)
    is_requested = delegations.c.state == State.REQUESTED
    await database.run(lambda store: store.delegations.due.doubt(is_requested))
    assert [(await get(database, row)).attempts for row in named] == [1, 0, 0, 5]
    await database.run(lambda store: store.delegations.due.doubt())
    assert [(await get(database, row)).attempts for row in named] == [1, 1, 0, 5]


async def test_put_off(database: Database) -> None:
    """The lease is given back with the new moment and whatever else is said, of this row alone."""
    row, other = delegation(wake_at=NOON), delegation(wake_at=NOON)
    await add(database, row, other)
    claimed = await database.run(
        lambda store: store.delegations.due.claim(now=NOON, lease=LEASE, limit=9)
    )
    mine = next(each for each in claimed if each.id == row.id)
    later = NOON + HOUR
    await database.run(lambda store: store.delegations.due.put_off(mine, wake_at=later, attempts=7))
    after = await get(database, row)
    assert (after.wake_at, after.leased_until, after.attempts) == (later, None, 7)
    kept = await get(database, other)
    assert (kept.wake_at, kept.attempts) == (NOON, 0)
    assert kept.leased_until is not None


async def test_rest(database: Database) -> None:
    """Nothing is due any more, nothing was tried, and what else is said is written."""
    row = delegation(wake_at=NOON, attempts=5)
    await add(database, row)
    await database.run(lambda store: store.delegations.due.rest(row, note="done"))
    after = await get(database, row)
    assert (after.wake_at, after.attempts, after.note) == (None, 0, "done")


async def test_free(database: Database) -> None:
    """A lease that is given back leaves everything else, and every other lease."""
    one, other = delegation(wake_at=NOON), delegation(wake_at=NOON)
    await add(database, one, other)
    await claim(database)
    await database.run(lambda store: store.delegations.due.free(one.id))
    assert await get(database, one) == one
    assert (await get(database, other)).leased_until is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_rows_that_another_transaction_holds_are_skipped(
    database: Database, others: list[Database]
) -> None:
    """A claim, a prolongation and a start do not wait for a row that is locked: they take the
    others. SQLite locks no rows."""
    held, free, leased = retried(NOON), retried(NOON), retried(NOON, leased_until=NOON)
    await add(database, held, free, leased)
    locked, finish = asyncio.Event(), asyncio.Event()

    def hold(store: Store) -> None:
        store.delegations.lock_all([held.id, leased.id])
        locked.set()
        await_only(finish.wait())

    holding = asyncio.create_task(others[0].run(hold))
    await locked.wait()
    before = NOON - HOUR
    try:
        async with asyncio.timeout(PATIENCE):
            await database.run(lambda store: store.delegations.due.hurry(now=before, within=HOUR))
            assert (await get(database, free)).wake_at == before
            assert await claim(database) == [free.id]
            await database.run(
                lambda store: store.delegations.due.prolong([leased.id, free.id], lease=HOUR)
            )
    finally:
        finish.set()
        await holding
    assert [await get(database, each) for each in (held, leased)] == [held, leased]
    assert set(await claim(database)) == {held.id, leased.id}


async def test_the_earliest_come_first(database: Database) -> None:
    """The moment counts before all else; of one moment those come together that can share a call,
    whenever they were stored."""
    grantors = ["U3", "U1", "U2", "U1", "U2"]
    rows = [delegation(wake_at=NOON, grantor_id=each) for each in grantors]
    first = delegation(wake_at=NOON - HOUR, grantor_id="U9")
    await add(database, *rows, first)
    assert await claim(database, limit=1) == [first.id]
    assert set(await claim(database, limit=2)) == {rows[1].id, rows[3].id}
    assert set(await claim(database, limit=2)) == {rows[2].id, rows[4].id}


async def test_what_can_share_a_step_is_claimed_with_it(database: Database) -> None:
    """Whatever of the same grantors is over by now, and that nobody has: nothing of others,
    nothing that runs on, and nothing that only waits for its receipt."""
    over: dict[str, Any] = {"state": State.ENDING, "wake_at": NOON}
    run_out: dict[str, Any] = {"state": State.ACTIVE, "wake_at": NOON, "ends_at": NOON}
    first = delegation(grantee_id="U0", grantor_id="U1", **over)
    same = [
        delegation(grantee_id="U2", grantor_id="U1", **over),
        delegation(grantee_id="U3", grantor_id="U1", **run_out),
    ]
    others = [
        delegation(grantee_id="U4", grantor_id="U2", **over),
        delegation(grantee_id="U5", grantor_id="U1", **{**over, "wake_at": NOON + HOUR}),
        delegation(grantee_id="U6", grantor_id="U1", **{**run_out, "ends_at": NOON + HOUR}),
        delegation(grantee_id="U7", grantor_id="U1", **{**over, "state": State.ENDED}),
        delegation(grantee_id="U8", grantor_id="U1", **over, leased_until=real_now() + HOUR),
    ]
    await add(database, first, *same, *others)

    def claim_with(store: Store) -> list[str]:
        found = store.delegations.due.claim_with([first], now=NOON, lease=LEASE)
        return [each.id for each in found]

    assert set(await database.run(claim_with)) == {first.id, *(each.id for each in same)}
    assert await database.run(claim_with) == []


async def test_next_wake_is_the_earliest_free_row(database: Database) -> None:
    """The clock is set to the first unleased row; with none there is nothing to set."""
    assert await database.read(lambda store: store.next_wakes([store.delegations.due])[0]) is None
    soon = NOON + timedelta(seconds=5)
    await add(
        database,
        delegation(wake_at=NOON + timedelta(hours=1)),
        delegation(wake_at=soon),
        delegation(wake_at=NOON, leased_until=real_now() + LEASE),
        delegation(wake_at=None),
    )
    assert await database.read(lambda store: store.next_wakes([store.delegations.due])[0]) == soon


async def test_claims_of_cards_count_attempts(database: Database) -> None:
    """Each claim of a card counts, so that the next one notices an attempt that died half-way."""
    await add(database, delegation())
    for attempt in (1, 2):
        claimed = await claim_cards(database, lease=timedelta())
        assert [card.attempts for card in claimed] == [attempt, attempt]


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({"shown_version": 7}, True),
        ({"attempts": 2}, False),
        ({"message_ts": "1.2"}, False),
        ({"told": "approved"}, False),
        (None, False),
    ],
)
async def test_whether_a_card_is_still_claimed(
    database: Database, changes: dict[str, Any] | None, *, is_ours: bool
) -> None:
    """It is until another process has claimed it, or has shown it, or it is gone."""
    await add(database, delegation())
    mine, other = await claim_cards(database)
    whose = cards.c.id == mine.id
    change = cards.delete() if changes is None else cards.update().values(**changes)
    await database.run_connection(lambda connection: connection.execute(change.where(whose)))
    found = await database.run(
        lambda store: [store.cards.due.is_still_claimed(card) for card in (mine, other)]
    )
    assert found == [is_ours, True]


async def test_whether_a_row_without_a_message_is_still_claimed(database: Database) -> None:
    """Where a row is never shown, only the claims of others count."""
    row = delegation()
    await add(database, row)
    later = replace(row, attempts=row.attempts + 1)
    found = await database.run(
        lambda store: [store.delegations.due.is_still_claimed(each) for each in (row, later)]
    )
    assert found == [True, False]


async def test_a_card_changed_while_it_was_shown_stays_stale(database: Database) -> None:
    """Saving what was shown does not swallow a change that came meanwhile, whoever is first."""
    row = delegation()
    await add(database, row)
    claimed = await claim_cards(database)
    later = NOON + timedelta(seconds=1)
    await database.run(lambda store: store.cards.mark_stale(row.id, now=later))
    await database.run(lambda store: store.cards.due.put_off(claimed[0], wake_at=None))
    await database.run(lambda store: store.cards.save(claimed[1], shown_version=row.version - 1))
    stored = await database.run_connection(
        lambda connection: connection.execute(cards.select()).mappings().all()
    )
    assert [card["wake_at"] for card in stored] == [later, later]


class Step:
    """Takes a row off the list and notes that it did."""

    def __init__(self, database: Database, done: list[str], stumbles: int = 0) -> None:
        self._database = database
        self._done = done
        self._stumbles = stumbles

    async def take(self, item: Delegation) -> None:
        """Note the row and put it off for a day, after the stumbles that were asked for."""
        if self._stumbles:
            self._stumbles -= 1
            raise RuntimeError("stumbled")
        self._done.append(item.id)
        await asyncio.sleep(0)
        await self._database.run(
            lambda store: store.delegations.postpone(
                item, wake_at=NOON + timedelta(days=1), trouble=None, now=NOON
            )
        )

    async def put_off(self, item: Delegation, error: Exception) -> None:
        """Leave the row due."""
        await self._database.run(lambda store: store.delegations.due.free(item.id))


async def test_several_workers_do_everything_once(
    database: Database, others: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five workers on five doors, some of whose steps fail: each row is done exactly once."""
    monkeypatch.setattr(
        worker_module, "LEASE", timedelta(minutes=1)
    )  # however busy this machine is
    due = [delegation(wake_at=NOON) for _ in range(150)]
    await add(database, *due)
    done: list[str] = []
    workers = [
        Worker(
            f"w{number}",
            door,
            lambda store: store.delegations.due,
            Step(door, done, stumbles=3),
            lambda: NOON,
        )
        for number, door in enumerate((database, *others))
    ]
    for worker in workers:
        worker.on_free = worker.wake  # for want of a clock
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    async with asyncio.timeout(PATIENCE):
        while len(done) < len(due):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    for worker in workers:
        worker.stop()
    await asyncio.gather(*tasks)
    assert Counter(done) == Counter(row.id for row in due)


async def test_an_overtaken_home_is_shown_again(database: Database) -> None:
    """K4: somebody else has published a change and rests; who was paused for longer than its lease
    publishes an older home last, so it is due once more. Untouched rows rest."""

    async def claimed() -> Sequence[Home]:
        return await database.run(  # with a lease that has run out
            lambda store: store.homes.due.claim(now=NOON, lease=-LEASE, limit=9)
        )

    await database.run(lambda store: store.homes.open("T0TEAM", "U0ADA", now=NOON))
    (overtaken,) = await claimed()
    await database.run(lambda store: store.homes.turn("T0TEAM", "U0ADA", page=1, now=NOON))
    (home,) = await claimed()
    await database.run(lambda store: store.homes.due.rest(home))
    assert not await claimed()
    await database.run(lambda store: store.homes.due.rest(overtaken))
    (again,) = await claimed()
    await database.run(lambda store: store.homes.due.rest(again))
    assert not await claimed()


HOW_DURABLE = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}


async def test_a_lease_does_not_wait_for_the_disk(database: Database) -> None:
    """On PostgreSQL the commit of a lease is not waited for until the disk has it; that of a claim
    which counts as an attempt is, and so is everything on SQLite, and whatever comes after."""
    await add(database, delegation(wake_at=NOON))

    def how(connection: Connection) -> str:
        return str(connection.scalar(text(HOW_DURABLE[database.kind])))

    def claimed(connection: Connection) -> Sequence[str]:
        store, found = Store(connection), []
        for due in (store.cards.due, store.delegations.due):
            assert due.claim(now=NOON, lease=LEASE, limit=9)
            found.append(how(connection))
        return found

    usual = await database.run_connection(how)
    lightly = "off" if database.kind == "postgresql" else usual
    assert await database.run_connection(claimed) == [usual, lightly]
    assert await database.run_connection(how) == usual != "off"


async def test_a_change_for_later_keeps_its_moment(database: Database) -> None:
    """What was changed meanwhile is due when the change says so, not when it was claimed."""
    later = NOON + HOUR
    await database.run(lambda store: store.homes.open("T0TEAM", "U0ADA", now=NOON))
    (home,) = await database.run(
        lambda store: store.homes.due.claim(now=NOON, lease=LEASE, limit=9)
    )
    await database.run(lambda store: store.homes.turn("T0TEAM", "U0ADA", page=1, now=later))
    await database.run(lambda store: store.homes.due.rest(home))
    assert await database.read(lambda store: store.next_wakes([store.homes.due])[0]) == later


async def test_a_word_of_a_newer_release(database: Database) -> None:
    """R4: a row that a newer release wrote with a word that this one does not know, before it was
    taken back, keeps no other row from being done, and nobody spins for it."""
    newer, ours = delegation(wake_at=NOON), delegation(wake_at=NOON)
    await add(database, newer, ours)
    await database.run_connection(
        lambda connection: connection.execute(
            text("UPDATE delegations SET trouble = 'not_yet_known' WHERE id = :id"),
            {"id": newer.id},
        )
    )
    assert await claim(database) == [ours.id]
    assert await claim(database) == []
    assert await database.read(lambda store: store.next_wakes([store.delegations.due])[0]) is None
