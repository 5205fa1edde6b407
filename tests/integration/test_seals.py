"""Seals: what they cover, in which order entries may come, and what is said aloud."""

import asyncio
import io
import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.util import await_only

from bot.store import Database, Store
from bot.store.seals import Line
from bot.telemetry import say_aloud
from models.chore import ChoreKind
from models.event import Deed
from models.particulars import digest
from models.seal import Seal
from tests.integration.locks import until_it_waits
from tests.integration.rows import NOON, TEAM, add, delegation

LEASE = timedelta(seconds=6)


async def sealed(database: Database, *, limit: int = 100) -> Seal | None:
    """Seal what waits."""
    return await database.run(
        lambda store: store.seals.seal(store.seals.waiting(limit=limit), now=NOON)
    )


async def lines(database: Database) -> Sequence[Line]:
    """The whole log."""
    return await database.read(lambda store: store.seals.page(after=0, limit=1000))


async def test_what_is_new_is_sealed(database: Database) -> None:
    """Each entry is covered once, and nothing more waits."""
    await add(database, delegation(), delegation())
    first = await sealed(database)
    assert await sealed(database) is None
    await add(database, delegation())
    second = await sealed(database)
    assert first is not None
    assert second is not None
    assert (first.number, first.amount, first.entries) == (1, 2, 2)
    assert (second.number, second.amount, second.entries) == (2, 1, 3)
    places = [each.sealing.seal for each in await lines(database) if each.sealing is not None]
    assert places == [1, 1, 2]
    assert await database.run(lambda store: store.seals.last()) == second
    assert await database.run(lambda store: store.seals.waiting_since()) is None


async def test_a_few_at_a_time(database: Database) -> None:
    """What waits can be sealed in parts, the oldest first."""
    await add(database, *(delegation() for _ in range(5)))
    since = await database.run(lambda store: store.seals.waiting_since())
    assert since == NOON
    found = [await sealed(database, limit=2) for _ in range(3)]
    assert [each.amount for each in found if each is not None] == [2, 2, 1]


async def test_a_late_one_is_in_the_next(database: Database) -> None:
    """An entry whose transaction commits after others with higher ids were sealed is covered by the
    next seal."""
    if database.kind == "sqlite":
        pytest.skip("SQLite has one writer: no transaction commits late")
    slow, begun, release = delegation(), asyncio.Event(), asyncio.Event()

    def linger(store: Any) -> None:
        store.log.note(Deed.RULES, team_id=TEAM, now=NOON, subject_id=slow.id)
        store.log.write()
        begun.set()
        await_only(release.wait())

    lingering = asyncio.create_task(database.run(linger))
    await begun.wait()
    await add(database, delegation())
    first = await sealed(database)
    release.set()
    await lingering
    second = await sealed(database)
    assert first is not None
    assert second is not None
    assert second.amount == 1
    assert second.last_id < first.last_id
    assert await sealed(database) is None


async def test_two_that_seal_at_the_same_moment(database: Database) -> None:
    """Nothing is sealed twice, and neither fails: what the other has sealed is left out, and the
    chain goes on with what is new."""
    await add(database, delegation())
    before = await database.read(lambda store: store.seals.waiting(limit=10))
    await sealed(database)
    assert await database.run(lambda store: store.seals.seal(before, now=NOON)) is None
    await add(database, delegation())
    new = await database.read(lambda store: store.seals.waiting(limit=10))
    seal = await database.run(lambda store: store.seals.seal([*before, *new], now=NOON))
    assert seal is not None
    assert (seal.number, seal.amount, seal.entries) == (2, 1, 2)
    places = [each.sealing.seal for each in await lines(database) if each.sealing is not None]
    assert places == [1, 2]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_one_that_seals_is_waited_for(database: Database) -> None:
    """While one seal is not committed yet, another over the same entries waits for it, and covers
    nothing. SQLite has one writer."""
    await add(database, delegation())
    waiting = await database.read(lambda store: store.seals.waiting(limit=10))
    sealing, committing = asyncio.Event(), asyncio.Event()

    def linger(store: Store) -> Seal | None:
        seal = store.seals.seal(waiting, now=NOON)
        sealing.set()
        await_only(committing.wait())
        return seal

    first = asyncio.create_task(database.run(linger))
    await sealing.wait()
    second = asyncio.create_task(database.run(lambda store: store.seals.seal(waiting, now=NOON)))
    await until_it_waits(database, second)
    committing.set()
    assert [await first is None, await second is None] == [False, True]
    chain = await database.read(lambda store: store.seals.chain(after=0, limit=10))
    assert [each.number for each in chain] == [1]


async def test_what_an_older_release_wrote_is_laid_beside(database: Database) -> None:
    """Its actor stands beside before it is sealed, with a digest in the entry."""
    row = delegation()
    await add(database, row)
    old = (
        "INSERT INTO events (delegation_id, at, event, state, actor) VALUES"
        f" ('{row.id}', '2026-11-23 12:00:01', 'approve', 'approved', 'U0ADA')"
    )
    await database.run_connection(lambda each: each.exec_driver_sql(old))
    await sealed(database)
    line = (await lines(database))[-1]
    assert line.beside is not None
    assert line.sealing is not None
    assert line.beside.actor == "U0ADA"
    assert line.entry.actor is None
    assert line.entry.actor_digest == digest(line.beside.actor_salt or b"", "U0ADA")
    assert line.sealing.seal == 1
    history = await database.run(lambda store: store.delegations.history(row.id))
    assert history[-1].actor == "U0ADA"


async def test_nobody_is_woken_for_nothing(database: Database) -> None:
    """While nothing is new, the chore is due for nobody; with the next entry it is."""

    def plan(store: Any) -> None:
        store.chores.plan(ChoreKind.SEAL, wake_at=NOON)

    await database.run(plan)

    def due(store: Any) -> tuple[Any, Any]:
        return (
            store.next_wakes([store.chores.due])[0],
            store.chores.due.claim(now=NOON, lease=LEASE, limit=5),
        )

    assert await database.run(due) == (None, [])
    await add(database, delegation())
    moment, [claimed] = await database.run(due)
    assert (moment, claimed.kind) == (NOON, ChoreKind.SEAL)


async def test_planning_again_changes_nothing(database: Database) -> None:
    """What is planned stays as it is; what rests is planned anew."""

    def plan(store: Any) -> Any:
        store.chores.plan(ChoreKind.HEAD, wake_at=NOON)
        store.chores.plan(ChoreKind.HEAD, wake_at=NOON + LEASE)
        return store.chores.get(ChoreKind.HEAD)

    chore = await database.run(plan)
    assert chore.wake_at == NOON

    def rest(store: Any) -> Any:
        store.chores.done(chore, now=NOON, wake_at=None)
        store.chores.plan(ChoreKind.HEAD, wake_at=NOON + LEASE)
        return store.chores.get(ChoreKind.HEAD)

    again = await database.run(rest)
    assert (again.wake_at, again.done_at) == (NOON + LEASE, NOON)

    def drop(store: Any) -> Any:
        store.chores.drop(ChoreKind.HEAD)
        return store.chores.get(ChoreKind.HEAD)

    assert await database.run(drop) is None


def test_one_line_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said aloud is a JSON line under the logger ``audit``, and nothing else."""
    out, logger = io.StringIO(), logging.getLogger("audit")
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(out)])
    monkeypatch.setattr(logger, "level", logging.INFO)
    monkeypatch.setattr(logger, "propagate", False)
    say_aloud({"id": 1, "what": "approve"})
    assert json.loads(out.getvalue()) == {"logger": "audit", "id": 1, "what": "approve"}
