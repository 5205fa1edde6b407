"""Who finds which delegation, and whose accounts still wait for an admin."""

from typing import Any

import pytest

from bot.delegations import finding
from bot.desk import Actor
from bot.refusals import NoSuchDelegation, NotKnown, NotYours, Thing
from bot.store import Database, Store
from models.base import new_id
from models.delegation import State
from models.pairing import Pairing, Verdict
from tests.integration.books import ADA, BEN, CLEO, Bench, as_of, bench
from tests.integration.rows import NOON, TEAM, account

DORA = "U0DORA"
STRANGER = Actor("T0OTHER", ADA)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """Nothing is there yet."""
    return bench(database)


async def test_by_its_id(stage: Bench) -> None:
    """Whoever has a part in it finds it, and nobody else, here or in another workspace."""
    row = await stage.row(requester_id=CLEO)
    for who in (ADA, BEN, CLEO):
        assert await finding.get(stage.desk, as_of(who), row.id) == row
    for actor in (as_of(DORA), STRANGER):
        with pytest.raises(NotYours):
            await finding.get(stage.desk, actor, row.id)
    with pytest.raises(NotKnown) as caught:
        await finding.get(stage.desk, as_of(ADA), "nothing")
    assert caught.value.thing is Thing.REQUEST


async def test_by_its_pair(stage: Bench) -> None:
    """In this direction, in this workspace, while it is open."""
    row = await stage.row()
    await stage.row(grantee_id=CLEO, state=State.ENDED, ended_at=NOON)
    pair: dict[str, Any] = {"grantor_id": ADA, "grantee_id": BEN}
    assert await finding.between(stage.desk, as_of(BEN), **pair) == row
    turned: dict[str, Any] = {"grantor_id": BEN, "grantee_id": ADA}
    over: dict[str, Any] = {"grantor_id": ADA, "grantee_id": CLEO}
    for actor, other in ((as_of(BEN), turned), (as_of(ADA), over), (STRANGER, pair)):
        with pytest.raises(NoSuchDelegation):
            await finding.between(stage.desk, actor, **other)


async def test_with_a_person(stage: Bench) -> None:
    """Everything open of the two, whatever their parts; nobody is asked for about themselves."""
    given = await stage.row()
    got = await stage.row(grantor_id=BEN, grantee_id=ADA, requester_id=ADA)
    asked = await stage.row(grantor_id=CLEO, grantee_id=DORA, requester_id=BEN)
    for_ada = await stage.row(grantor_id=CLEO, grantee_id=ADA, requester_id=ADA)
    mine = [given, got, for_ada]

    async def found(who: str, person: str) -> set[str]:
        return {each.id for each in await finding.open_with(stage.desk, as_of(who), person)}

    everything = await finding.list_open(stage.desk, as_of(ADA))
    assert {each.id for each in everything} == {each.id for each in mine}
    assert await finding.list_open(stage.desk, STRANGER) == []
    assert await found(ADA, BEN) == {given.id, got.id}
    assert await found(BEN, ADA) == {given.id, got.id}
    assert await found(ADA, CLEO) == {for_ada.id}
    assert await found(DORA, BEN) == {asked.id}
    for who, person in ((ADA, DORA), (ADA, ADA), (DORA, "U0NOBODY")):
        with pytest.raises(NoSuchDelegation):
            await finding.open_with(stage.desk, as_of(who), person)


@pytest.mark.parametrize("waiting", [(), (ADA,), (BEN,), (ADA, BEN)])
async def test_whose_account_waits(stage: Bench, waiting: tuple[str, ...]) -> None:
    """Of the grantors and grantees of these, and of nobody else, in this workspace."""
    row = await stage.row(requester_id=CLEO)
    there = [(TEAM, who, Verdict.WAITING) for who in (*waiting, CLEO)]
    there += [("T0OTHER", who, Verdict.WAITING) for who in (ADA, BEN)]
    there += [(TEAM, who, Verdict.CONFIRMED) for who in (ADA, BEN)]

    def connect(store: Store) -> None:
        for team, who, verdict in there:
            store.pairings.add(pairing(team_id=team, slack_user_id=who, verdict=verdict))

    await stage.database.run(connect)
    assert await finding.unconfirmed(stage.desk, as_of(ADA), [row]) == set(waiting)


def pairing(**changes: Any) -> Pairing:
    """Somebody has connected an account of their own."""
    mine = account(close_user_id=new_id())
    return Pairing(id=new_id(), slack_email=None, account=mine, created_at=NOON, **changes)
