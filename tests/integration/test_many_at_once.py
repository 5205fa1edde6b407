"""Hundreds of rights that end together: a handful of statements, not some for each."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.delegations import ending
from bot.delegations.people.departures import carry_out, departed
from bot.delegations.steps import remove
from bot.desk import Actor, Desk
from bot.store import Database, Store
from bot.store.cards import PASSING, TICK
from models.delegation import Delegation, Event, State
from models.person import Departure
from models.policy import Policy
from models.standing import StandingApproval
from tests.integration.rows import NOON, TEAM, add, cards_of, connection, delegation, get
from tests.integration.tools import EverybodyIsHere, tools

MANY = 500
FEW = 20  # statements of one transaction; it was five for each right
# Rights that differ in what changes have statements of their own, and what an end leads to is more.
OF_EVERY_KIND = 24
OF_BOTH = 27
ADA = "U0ADA"


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that is sent meanwhile, to any database."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def given(number: int = MANY, **changes: Any) -> list[Delegation]:
    """So many of Ada's rights: some wait to begin, some ask for more, some were troubled."""
    kinds: list[dict[str, Any]] = [
        {"state": State.ACTIVE, "attempted_at": NOON, "ends_at": NOON + timedelta(hours=2)},
        {"state": State.ACTIVE, "attempted_at": NOON, "is_warned": True, "attempts": 2},
        {"state": State.APPROVED, "decided_at": NOON},
        {"state": State.APPROVED, "decided_at": NOON, "attempted_at": NOON},
    ]
    rows = [kinds[each % len(kinds)] for each in range(number)]
    return [delegation(**{"grantor_id": ADA, **row, **changes}) for row in rows]


async def by_revoke_all(database: Database) -> None:
    """Ada takes everything back."""
    desk = Desk(database, EverybodyIsHere(), Policy(), lambda: NOON, lambda: None)
    revoked, _ = await ending.revoke_all(desk, Actor(TEAM, ADA))
    assert len(revoked) == MANY


async def by_leaving(database: Database) -> None:
    """Ada has left."""
    gone = departed(TEAM, ADA, Departure.LEFT, now=NOON)
    await database.run(lambda store: carry_out(store, Policy(), gone, now=NOON))


async def by_disconnecting(database: Database) -> None:
    """Ada gives her connection up."""
    await database.run(lambda store: store.delegations.end_with_connection(TEAM, ADA, now=NOON))


async def told(database: Database, row: Delegation) -> Event:
    """What the audit trail says last."""
    history = await database.run(lambda store: store.delegations.history(row.id))
    assert len(history) == 2
    return history[-1].event


@pytest.mark.parametrize("end", [by_revoke_all, by_leaving, by_disconnecting])
async def test_all_of_one_grantor(
    database: Database, end: Callable[[Database], Awaitable[None]]
) -> None:
    """R4: 500 rights end with few statements, and each has its audit line and its stale cards."""
    rows = given()
    await add(database, *rows)
    await database.run(lambda store: store.connections.put(connection(slack_user_id=ADA)))
    with counted() as statements:
        await end(database)
    assert len(statements) <= OF_EVERY_KIND, len(statements)
    for row in (rows[0], rows[2], rows[3], rows[-1]):
        after = await get(database, row)
        assert after.state in (State.ENDING, State.CANCELLED)
        assert after.version == row.version + 1
        assert (after.ended_at, after.closed_by) == (NOON, ADA)
        assert await told(database, row) in (Event.CANCEL, after.end_event)
        for card in await cards_of(database, row):
            assert card.wake_at is not None
            assert NOON - TICK <= card.wake_at <= NOON + PASSING


@pytest.mark.parametrize("end", [by_revoke_all, by_leaving, by_disconnecting])
async def test_all_alike(database: Database, end: Callable[[Database], Awaitable[None]]) -> None:
    """R4: 500 rights that are all under way end with a handful of statements."""
    rows = given(state=State.ACTIVE, attempted_at=NOON, is_warned=False, attempts=0)
    await add(database, *rows)
    await database.run(lambda store: store.connections.put(connection(slack_user_id=ADA)))
    with counted() as statements:
        await end(database)
    assert len(statements) <= FEW, len(statements)
    assert {(await get(database, row)).state for row in rows[:4]} == {State.ENDING}


async def test_all_of_one_grantee(database: Database) -> None:
    """R4: whoever has 500 rights of as many grantors leaves with few statements, too; their
    standing approvals and what these covered are among it."""
    rows = [
        delegation(grantee_id=ADA, requester_id=ADA, state=State.ACTIVE, attempted_at=NOON)
        for _ in range(MANY)
    ]
    await add(database, *rows)

    def trust(store: Store) -> None:
        for each in rows:
            store.standing.put(
                StandingApproval(
                    id=f"s{each.id[:20]}",
                    team_id=TEAM,
                    grantor_id=each.grantor_id,
                    grantee_id=ADA,
                    max_length=timedelta(hours=4),
                    until=NOON + timedelta(days=30),
                    created_at=NOON,
                )
            )

    await database.run(trust)
    with counted() as statements:
        await by_leaving(database)
    assert len(statements) <= FEW, len(statements)
    assert {(await get(database, row)).end_event for row in rows[:5]} == {Event.OFFBOARD}
    assert not await database.run(lambda store: store.standing.for_person(TEAM, ADA, now=NOON))


async def test_what_the_clock_ends(database: Database) -> None:
    """R4: a batch whose time is up, and whose end Close has confirmed, is two transactions of a
    few statements each."""
    rows = given(64, state=State.ACTIVE, attempted_at=NOON, ends_at=NOON, leased_until=NOON)
    await add(database, *rows)
    kit = tools(database)
    with counted() as statements:
        over = await remove.ending(kit, rows)
        await remove.confirm(kit, over)
    assert len(over) == len(rows)
    assert len(statements) <= OF_BOTH, len(statements)
    assert {(await get(database, row)).state for row in rows[:4]} == {State.ENDED}
