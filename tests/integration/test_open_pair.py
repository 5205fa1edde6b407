"""At most one open delegation for a pair: the constraint, also when many ask at once."""

import asyncio

import pytest

from bot.store import Database
from bot.store.delegations import PairTaken
from models.delegation import OPEN_STATES, State
from tests.integration.rows import NOON, add, cards_of, delegation

PAIR = {"grantor_id": "U0ADA", "grantee_id": "U0BEN"}


async def test_many_at_once_leave_one(database: Database, database_url: str) -> None:
    """Ten inserts through two doors: one is stored, nine hear that the pair is taken."""
    other = Database(database_url)
    doors = [database, other] * 5
    results = await asyncio.gather(
        *(add(door, delegation(**PAIR)) for door in doors), return_exceptions=True
    )
    await other.dispose()
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, PairTaken) for result in results) == 9
    found = await database.run(lambda store: store.delegations.open_for_person("T0TEAM", "U0ADA"))
    assert len(found) == 1


@pytest.mark.parametrize("state", State)
async def test_which_states_take_the_pair(database: Database, state: State) -> None:
    """Every open state takes the pair, every closed one leaves it free."""
    await add(database, delegation(**PAIR, state=state))
    taken = await database.run(
        lambda store: store.delegations.open_for_pair("T0TEAM", "U0ADA", "U0BEN")
    )
    if state in OPEN_STATES:
        assert taken is not None
        with pytest.raises(PairTaken):
            await add(database, delegation(**PAIR))
    else:
        assert taken is None
        await add(database, delegation(**PAIR))


async def test_what_is_another_pair(database: Database) -> None:
    """The other direction, another grantee and another workspace are other pairs."""
    await add(
        database,
        delegation(**PAIR),
        delegation(grantor_id="U0BEN", grantee_id="U0ADA"),
        delegation(grantor_id="U0ADA", grantee_id="U0CLEO"),
        delegation(**PAIR, team_id="T0OTHER"),
    )
    open_now = await database.run(
        lambda store: store.delegations.open_for_person("T0TEAM", "U0ADA")
    )
    assert len(open_now) == 3


async def test_a_refused_insert_leaves_nothing_behind(database: Database) -> None:
    """When the pair is taken neither cards nor audit rows of the second one are stored."""
    await add(database, delegation(**PAIR))
    second = delegation(**PAIR)
    with pytest.raises(PairTaken):
        await add(database, second)
    assert await cards_of(database, second) == []
    assert await database.run(lambda store: store.delegations.history(second.id)) == []
    assert await database.read(lambda store: store.next_wakes([store.delegations.due])[0]) != NOON
