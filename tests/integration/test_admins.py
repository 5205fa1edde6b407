"""What an admin may end and look at, as the use cases decide it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delegations import admins
from bot.desk import Actor, Desk
from bot.refusals import AdminsOnly, NothingToEnd, NotKnown, NotYours, Refused, Settled
from bot.store import Database
from bot.store.rows import many
from models.base import new_id
from models.delegation import Delegation, Event, State
from models.home import Place
from models.notice import Notice, NoticeKind, notices
from models.policy import REASON_LIMIT, Policy, Refusal
from models.standing import StandingApproval
from tests.integration.rows import NOON, TEAM, add, delegation, get

ADA, BEN, CLEO, DANA, EVE = "U0ADA", "U0BEN", "U0CLEO", "U0DANA", "U0EVE"
ADMIN, OTHER = Actor(TEAM, DANA), Actor(TEAM, EVE)
WHY = "Lost laptop"


@pytest.fixture
def desk(database: Database) -> Desk:
    """A desk at which Dana is an admin."""
    nobody: Any = None
    policy = Policy(admins=frozenset({DANA}))
    return Desk(database, nobody, policy, lambda: NOON, lambda: None)


def row(grantor: str, grantee: str, state: State = State.ACTIVE, **changes: Any) -> Delegation:
    """One of these two; what is approved or active has been asked of Close."""
    begun = {} if state is State.REQUESTED else {"attempted_at": NOON}
    return delegation(grantor_id=grantor, grantee_id=grantee, state=state, **begun, **changes)


def standing(grantor: str, grantee: str) -> StandingApproval:
    """One that holds for a week."""
    return StandingApproval(
        id=new_id(),
        team_id=TEAM,
        grantor_id=grantor,
        grantee_id=grantee,
        max_length=timedelta(hours=1),
        until=NOON + timedelta(days=7),
        created_at=NOON,
    )


async def told(desk: Desk) -> dict[str, NoticeKind]:
    """Who is told something, and of which kind."""
    found = await desk.database.run_connection(
        lambda connection: many(connection, Notice, notices.select())
    )
    return {each.recipient: each.kind for each in found}


UseCase = Callable[[Desk, Actor, str], Awaitable[object]]
USE_CASES: dict[str, UseCase] = {
    "end": lambda desk, actor, row_id: admins.end(desk, actor, row_id, WHY),
    "end_pair": lambda desk, actor, _: admins.end_pair(
        desk, actor, grantee_id=BEN, grantor_id=ADA, reason=WHY
    ),
    "end_all_of": lambda desk, actor, _: admins.end_all_of(desk, actor, ADA, WHY),
    "endable": admins.endable,
    "endable_pair": lambda desk, actor, _: admins.endable_pair(
        desk, actor, grantee_id=BEN, grantor_id=ADA
    ),
    "endable_of": lambda desk, actor, _: admins.endable_of(desk, actor, ADA),
    "rights_of": lambda desk, actor, _: admins.rights_of(desk, actor, ADA),
    "look_at_everybody": lambda desk, actor, _: admins.look_at_everybody(desk, actor),
}


@pytest.mark.parametrize("name", USE_CASES)
async def test_admins_only(desk: Desk, name: str) -> None:
    """Each checks by itself who acts: anybody else is refused, and nothing is changed."""
    one = row(ADA, BEN)
    await add(desk.database, one)
    with pytest.raises(AdminsOnly):
        await USE_CASES[name](desk, OTHER, one.id)
    assert (await get(desk.database, one)).version == one.version
    await USE_CASES[name](desk, ADMIN, one.id)


@pytest.mark.parametrize("name", ["end", "endable"])
async def test_of_this_workspace_only(desk: Desk, name: str) -> None:
    """An admin of one workspace ends nothing in another, and nothing that is not there."""
    one = row(ADA, BEN, team_id="T0OTHER")
    await add(desk.database, one)
    with pytest.raises(NotYours):
        await USE_CASES[name](desk, ADMIN, one.id)
    with pytest.raises(NotKnown):
        await USE_CASES[name](desk, ADMIN, "none")


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (State.REQUESTED, State.CANCELLED),
        (State.APPROVED, State.ENDING),
        (State.ACTIVE, State.ENDING),
        (State.ENDING, None),
        (State.ENDED, None),
        (State.DENIED, None),
    ],
)
async def test_what_can_be_ended(desk: Desk, state: State, ends: State | None) -> None:
    """Whatever is not over; the row says who, when and why."""
    one = row(ADA, BEN, state)
    await add(desk.database, one)
    if ends is None:
        with pytest.raises(Settled):
            await admins.end(desk, ADMIN, one.id, WHY)
        with pytest.raises(Settled):
            await admins.endable(desk, ADMIN, one.id)
        return
    assert (await admins.endable(desk, ADMIN, one.id)).id == one.id
    ended = await admins.end(desk, ADMIN, one.id, WHY)
    assert ended.state is ends
    assert (ended.end_event, ended.closed_by, ended.note) == (Event.END, DANA, WHY)
    assert ended.ended_at == NOON
    assert await get(desk.database, one) == ended


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        ("", Refusal.REASON_MISSING),
        (" \n", Refusal.REASON_MISSING),
        ("\u200b\u2060", Refusal.REASON_MISSING),
        ("x" * (REASON_LIMIT + 1), Refusal.REASON_TOO_LONG),
    ],
)
async def test_a_word_why(desk: Desk, reason: str, refusal: Refusal) -> None:
    """Without one, or with one that no card holds, nothing ends."""
    one = row(ADA, BEN)
    await add(desk.database, one)
    with pytest.raises(Refused) as caught:
        await admins.end(desk, ADMIN, one.id, reason)
    assert caught.value.refusal is refusal
    with pytest.raises(Refused):
        await admins.end_all_of(desk, ADMIN, ADA, reason)
    assert (await get(desk.database, one)).state is State.ACTIVE
    assert (await admins.end(desk, ADMIN, one.id, "x" * REASON_LIMIT)).state is State.ENDING


async def test_the_pair_that_is_meant(desk: Desk) -> None:
    """The right of this grantee for this grantor, and not the other way round."""
    one, back = row(ADA, BEN), row(BEN, ADA)
    await add(desk.database, one, back)
    ended = await admins.end_pair(desk, ADMIN, grantee_id=BEN, grantor_id=ADA, reason=WHY)
    assert ended.id == one.id
    assert (await get(desk.database, back)).state is State.ACTIVE
    with pytest.raises(NothingToEnd) as caught:
        await admins.end_pair(desk, ADMIN, grantee_id=CLEO, grantor_id=ADA, reason=WHY)
    assert caught.value.people == (CLEO, ADA)
    with pytest.raises(Settled):
        await admins.endable_pair(desk, ADMIN, grantee_id=BEN, grantor_id=ADA)


async def test_the_standing_approval_of_the_two(desk: Desk) -> None:
    """It ends with the right, and both hear of it but an admin who is one of them; that of others
    stays."""
    mine, other = standing(ADA, BEN), standing(ADA, CLEO)
    one = row(ADA, BEN)
    await add(desk.database, one)

    def put(store: Any) -> None:
        for each in (mine, other):
            store.standing.put(each)

    await desk.database.run(put)
    await admins.end(desk, ADMIN, one.id, WHY)
    ended = await desk.database.run(lambda store: store.standing.get(mine.id))
    assert ended is not None
    assert (ended.ended_at, ended.ended_by, ended.note) == (NOON, DANA, WHY)
    kept = await desk.database.run(lambda store: store.standing.get(other.id))
    assert kept == other
    assert await told(desk) == {ADA: NoticeKind.STANDING_ENDED, BEN: NoticeKind.STANDING_ENDED}


async def test_an_admin_is_not_told_what_they_did(desk: Desk) -> None:
    """Who ends what they gave themselves, as an admin, hears nothing of it."""
    await desk.database.run(lambda store: store.standing.put(standing(DANA, BEN)))
    ended = await admins.end_all_of(desk, ADMIN, DANA, WHY)
    assert (len(ended.delegations), len(ended.standing)) == (0, 1)
    assert await told(desk) == {BEN: NoticeKind.STANDING_ENDED}


async def test_everything_of_one_person(desk: Desk) -> None:
    """What they give, have and wait for, and requests that they made for others; rights of others
    that they had only asked for go on."""
    theirs = [
        row(ADA, BEN),
        row(CLEO, ADA, State.APPROVED),
        row(EVE, ADA, State.REQUESTED),
        row(ADA, CLEO, State.REQUESTED),
        row(CLEO, BEN, State.REQUESTED, requester_id=ADA),
    ]
    others = [
        row(EVE, BEN, requester_id=ADA),
        row(BEN, CLEO),
        row(ADA, EVE, State.ENDING),
        row(ADA, DANA, State.ENDED),
    ]
    await add(desk.database, *theirs, *others)
    await desk.database.run(lambda store: store.standing.put(standing(BEN, ADA)))
    counted = await admins.endable_of(desk, ADMIN, ADA)
    assert {each.id for each in counted.delegations} == {each.id for each in theirs}
    assert len(counted.standing) == 1
    ended = await admins.end_all_of(desk, ADMIN, ADA, WHY)
    assert {each.id for each in ended.delegations} == {each.id for each in theirs}
    assert {each.note for each in ended.delegations} == {WHY}
    assert [(each.ended_by, each.note) for each in ended.standing] == [(DANA, WHY)]
    for each in others:
        assert (await get(desk.database, each)).state is each.state
    for again in (admins.endable_of(desk, ADMIN, ADA), admins.end_all_of(desk, ADMIN, ADA, WHY)):
        with pytest.raises(NothingToEnd) as caught:
            await again
        assert caught.value.people == (ADA,)


async def test_oneself(desk: Desk) -> None:
    """Everybody sees what there is of themselves, and whether their connection works."""
    one = row(EVE, BEN)
    await add(desk.database, one, row(ADA, BEN))
    mine = await admins.rights_of(desk, OTHER, EVE)
    assert [each.id for each in mine.delegations] == [one.id]
    assert (mine.person_id, mine.is_connected) == (EVE, None)


async def test_the_home_that_an_admin_looks_at(desk: Desk) -> None:
    """It shows everybody's rights from the place on, until they go back to their own."""

    async def at() -> str | None:
        home = await desk.database.run(lambda store: store.homes._get(TEAM, DANA))
        assert home is not None
        return home.everybody_at

    await desk.database.run(lambda store: store.homes.open(TEAM, DANA, now=NOON))
    await admins.look_at_everybody(desk, ADMIN)
    assert await at() == ""
    await admins.look_at_everybody(desk, ADMIN, Place(ADA, BEN))
    assert await at() == f">{ADA}/{BEN}"
    await admins.look_at_own(desk, ADMIN)
    assert await at() is None


async def test_their_own_home_follows_at_once(desk: Desk) -> None:
    """What an admin has ended is gone from the list that they read it in, without any wait."""
    one = replace(row(ADA, BEN))
    await add(desk.database, one)
    await desk.database.run(lambda store: store.homes.open(TEAM, DANA, now=NOON))
    await admins.look_at_everybody(desk, ADMIN)
    [home] = await desk.database.run(
        lambda store: store.homes.due.claim(now=NOON, lease=timedelta(seconds=6), limit=9)
    )
    await desk.database.run(lambda store: store.homes.due.rest(home))
    await admins.end(desk, ADMIN, one.id, WHY)
    [again] = await desk.database.run(
        lambda store: store.homes.due.claim(now=NOON, lease=timedelta(seconds=6), limit=9)
    )
    assert again.slack_user_id == DANA
