"""A signed request changes something once, and is remembered only as long as it could be copied."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.refusals import Replayed
from bot.store import Database, Store
from bot.store.seen_requests import KEPT
from models.seen_request import Arrival, SeenRequest, arriving, seen_requests
from tests.integration.rows import add, delegation

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SIGNATURE, SWEEPER = "1" * 64, "0" * 64


def copy(signature: str = SIGNATURE, at: datetime = NOW) -> AbstractContextManager[None]:
    """One arrival of the request with this signature."""
    return arriving(Arrival(signature, signed_at=at, received_at=at))


def change(store: Store) -> None:
    """Change something."""
    store.homes.open("T1", "U1", now=NOW)


def look(store: Store) -> None:
    """Change nothing."""
    store.delegations.get("nothing", lock=True)


async def remembered(database: Database) -> Sequence[SeenRequest]:
    """Every row."""
    rows = await database.run_connection(
        lambda connection: connection.execute(select(seen_requests)).mappings().all()
    )
    return [SeenRequest(**row) for row in rows]


async def test_a_copy_is_undone(database: Database) -> None:
    """The transaction of a copy is rolled back as a whole, whatever it had done by then."""
    with copy():
        await database.run(change)
    with copy(), pytest.raises(Replayed):
        await database.run(lambda store: store.homes.open("T1", "U2", now=NOW))
    due = await database.run(lambda store: store.homes.due.claim(now=NOW, lease=KEPT, limit=9))
    assert [each.slack_user_id for each in due] == ["U1"]
    [seen] = await remembered(database)
    assert (seen.signature, seen.signed_at) == (SIGNATURE, NOW)


async def test_looking_is_free(database: Database) -> None:
    """A transaction that only reads, or only locks, writes nothing down, as often as it comes."""
    for _ in range(3):
        with copy():
            await database.run(look)
    assert await remembered(database) == []


async def test_one_request_in_many_transactions(database: Database) -> None:
    """A request may change several things, one after the other or all at the same time."""
    with copy():
        await database.run(look)
        await database.run(change)
        await database.run(change)
        await asyncio.gather(*(database.run(change) for _ in range(5)))
    with copy("2" * 64):
        await asyncio.gather(*(database.run(change) for _ in range(5)))
    assert len(await remembered(database)) == 2


async def test_what_was_not_committed_is_not_spent(database: Database) -> None:
    """A request whose transaction failed may be repeated: nothing was done."""

    def fail(store: Store) -> None:
        change(store)
        raise RuntimeError("undone")

    with copy(), pytest.raises(RuntimeError, match="undone"):
        await database.run(fail)
    assert await remembered(database) == []
    with copy():
        await database.run(change)


async def test_of_many_copies_one_counts(database: Database) -> None:
    """Ten copies at the same moment: one commits, nine are refused."""

    async def arrive() -> None:
        with copy():
            await database.run(change)

    outcomes = await asyncio.gather(*(arrive() for _ in range(10)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Replayed) for outcome in outcomes) == 9


async def test_work_without_a_request(database: Database) -> None:
    """What the bot does by itself is not counted."""
    await add(database, delegation())
    await database.run(change)
    assert await remembered(database) == []


async def test_what_a_request_begins_belongs_to_it(database: Database) -> None:
    """A task that was begun for a request and goes on after its answer cannot be repeated."""
    for _ in range(2):
        with copy():
            task = asyncio.create_task(database.run(change))
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    assert isinstance(outcome, Replayed)


async def test_the_old_ones_are_swept_out(database: Database) -> None:
    """Rows go once no signature of their age is accepted any more, and not before."""
    for number, age in enumerate((timedelta(), KEPT, KEPT + timedelta(seconds=1))):
        with copy(str(number + 1) * 64, NOW - age):
            await database.run(change)
    with copy(SWEEPER):
        await database.run(change)
    kept = {each.signature[0] for each in await remembered(database)}
    assert kept == {"0", "1", "2"}
