"""Standing approvals of one pair that are kept at the same moment."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from bot.delegations.extending import extend
from bot.desk import Actor, Desk
from bot.store import Database, Store
from bot.times.span import Span
from models.base import new_id
from models.delegation import State
from models.mark import mark_of
from models.policy import Policy
from models.standing import StandingApproval
from tests.conftest import Postgres
from tests.integration.locks import until_it_waits
from tests.integration.rows import NOON, TEAM, add, delegation, get
from tests.integration.tools import EverybodyIsHere

ADA, BEN = "U0ADA", "U0BEN"


def standing(hours: int) -> StandingApproval:
    """Ada's word for Ben, for so many hours at a time."""
    return StandingApproval(
        id=new_id(),
        team_id=TEAM,
        grantor_id=ADA,
        grantee_id=BEN,
        max_length=timedelta(hours=hours),
        until=NOON + timedelta(days=7),
        created_at=NOON,
    )


async def both(database: Database, *works: Callable[[Store], object]) -> None:
    """Two transactions that overlap: each stays open for a while after its work."""

    def slow(work: Callable[[Store], object]) -> Callable[[Connection], None]:
        def run(connection: Connection) -> None:
            work(Store(connection))
            if database.kind == "postgresql":
                connection.execute(text("SELECT pg_sleep(0.1)"))

        return run

    await asyncio.gather(*(database.run_connection(slow(work)) for work in works))


async def test_two_at_once(database: Database) -> None:
    """R4: neither fails, one of them holds, and the other has ended."""
    one, other = standing(1), standing(2)
    await both(
        database, lambda store: store.standing.put(one), lambda store: store.standing.put(other)
    )
    [kept] = await database.run(lambda store: store.standing.for_person(TEAM, ADA, now=NOON))
    replaced = one if kept.id == other.id else other
    after = await database.run(lambda store: store.standing.get(replaced.id))
    assert after is not None
    assert after.ended_at == NOON


async def test_two_first_comparisons_at_once(database: Database) -> None:
    """R4: a first comparison that two plan at the same moment is one comparison."""

    def plan(store: Store) -> None:
        store.comparisons.plan(TEAM, ADA, now=NOON)

    await both(database, plan, plan)
    assert await database.run(lambda store: store.comparisons.get(TEAM, ADA)) is not None


async def test_one_that_is_being_ended_extends_nothing(postgres: Postgres) -> None:
    """Ben asks for more time while Ada's end of her standing approval is not committed yet: he
    waits for that, and it is a wish that she reads, not her word any more."""
    database, word = Database(postgres.emptied()), standing(4)
    running = delegation(
        grantor_id=ADA,
        grantee_id=BEN,
        requester_id=BEN,
        state=State.ACTIVE,
        active_at=NOON,
        ends_at=NOON + timedelta(hours=1),
    )
    await add(database, running)
    await database.run(lambda store: store.standing.put(word))
    ended, committing = asyncio.Event(), asyncio.Event()

    def end(store: Store) -> None:
        store.standing.end(word, now=NOON)
        ended.set()
        await_only(committing.wait())

    desk = Desk(database, EverybodyIsHere(), Policy(), lambda: NOON, lambda: None)
    more = Span(length=timedelta(hours=1))
    ending = asyncio.create_task(database.run(end))
    await ended.wait()
    asking = asyncio.create_task(extend(desk, Actor(TEAM, BEN), running.id, mark_of(running), more))
    await until_it_waits(database, asking)
    committing.set()
    await asyncio.gather(ending, asking)
    after = await get(database, running)
    assert after.ends_at == running.ends_at
    assert after.extension is not None
    await database.dispose()
