"""How people end a delegation, as the use cases see it: at any point of its life."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.delegations import ending
from bot.desk import Actor, Desk
from bot.refusals import NotKnown, NotYours, Settled
from bot.store import Database
from bot.store.rows import many
from models.delegation import Delegation, Event, State
from models.notice import Notice, NoticeKind, notices
from models.person import Departure
from tests.integration.books import ADA, BEN, CLEO, NEVER, Bench, as_of, bench
from tests.integration.rows import NOON

HOUR = timedelta(hours=1)
NOW = NOON + HOUR
End = Callable[[Desk, Actor, str], Awaitable[Delegation]]

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """An hour after noon."""
    opened = bench(database)
    opened.moment = NOW
    return opened


def over(row: Delegation, state: State, event: Event, by: str | None, **changes: Any) -> Delegation:
    """The row once somebody has ended it."""
    values = {
        "state": state,
        "version": row.version + 1,
        "end_event": event,
        "closed_by": by,
        "ended_at": NOW,
        "wake_at": NOW if state is State.ENDING else None,
        **changes,
    }
    return replace(row, **values)


async def trail(stage: Bench, row: Delegation) -> tuple[Event, str | None]:
    """What the trail says last."""
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    return history[-1].event, history[-1].actor


async def told(stage: Bench) -> list[tuple[NoticeKind, str, str]]:
    """Every notice: its kind, for whom, and about what."""

    def read(connection: Connection) -> list[Notice]:
        return many(connection, Notice, notices.select())

    found: list[Notice] = await stage.database.run_connection(read)
    return sorted((each.kind, each.recipient, each.subject_id) for each in found)


TRIED = {"active_at": None, "association_id": None, "ends_at": None}
ASKED = {"state": State.REQUESTED, **NEVER}
AGREED = {"state": State.APPROVED, **NEVER}
UNDER_WAY = {"state": State.APPROVED, **TRIED}
RUNNING: dict[str, Any] = {"state": State.ACTIVE}
CLOSED = [
    State.ENDING,
    State.ENDED,
    State.DENIED,
    State.CANCELLED,
    State.LAPSED,
    State.FAILED,
]


@pytest.mark.parametrize(
    ("move", "row", "state", "event"),
    [
        ((ending.cancel, BEN, Event.RELEASE), ASKED, State.CANCELLED, Event.CANCEL),
        ((ending.cancel, CLEO, Event.RELEASE), AGREED, State.CANCELLED, Event.CANCEL),
        ((ending.cancel, CLEO, Event.RELEASE), UNDER_WAY, State.ENDING, Event.RELEASE),
        ((ending.release, BEN, Event.RELEASE), AGREED, State.CANCELLED, Event.CANCEL),
        ((ending.release, BEN, Event.RELEASE), UNDER_WAY, State.ENDING, Event.RELEASE),
        ((ending.release, CLEO, Event.RELEASE), RUNNING, State.ENDING, Event.RELEASE),
        ((ending.give_back, BEN, Event.RELEASE), ASKED, State.CANCELLED, Event.CANCEL),
        ((ending.give_back, BEN, Event.RELEASE), AGREED, State.CANCELLED, Event.CANCEL),
        ((ending.give_back, CLEO, Event.RELEASE), RUNNING, State.ENDING, Event.RELEASE),
        ((ending.revoke, ADA, Event.DENY), ASKED, State.DENIED, Event.DENY),
        ((ending.revoke, ADA, Event.REVOKE), AGREED, State.CANCELLED, Event.CANCEL),
        ((ending.revoke, ADA, Event.REVOKE), UNDER_WAY, State.ENDING, Event.REVOKE),
        ((ending.revoke, ADA, Event.REVOKE), RUNNING, State.ENDING, Event.REVOKE),
    ],
)
async def test_taken_back(
    stage: Bench, move: tuple[End, str, Event], row: dict[str, Any], state: State, event: Event
) -> None:
    """What Close was never asked for is over at once; anything else has to be ended there."""
    end, who, cause = move
    before = await stage.row(requester_id=CLEO, note="as it was", **row)
    after = await end(stage.desk, as_of(who), before.id)
    assert after == over(before, state, cause, who)
    assert await stage.present(before) == after
    assert await trail(stage, before) == (event, who)
    assert await told(stage) == []
    assert stage.woken == 1


@pytest.mark.parametrize(
    ("end", "states"),
    [
        (ending.cancel, [State.ACTIVE, *CLOSED]),
        (ending.release, [State.REQUESTED, *CLOSED]),
        (ending.give_back, CLOSED),
        (ending.revoke, CLOSED),
    ],
)
async def test_what_cannot_be_taken_back(stage: Bench, end: End, states: list[State]) -> None:
    """In these states there is nothing for this; what it is instead is said."""
    for state in states:
        row = await stage.row(state=state, grantee_id=f"U{state}", requester_id=BEN)
        who = ADA if end is ending.revoke else BEN
        with pytest.raises(Settled) as settled:
            await end(stage.desk, as_of(who), row.id)
        assert settled.value.state is state
        assert await stage.present(row) == row


@pytest.mark.parametrize("end", [ending.cancel, ending.release, ending.give_back, ending.revoke])
async def test_who_may_take_it_back(stage: Bench, end: End) -> None:
    """Its grantor takes back, its asker gives back, of this workspace and what there is."""
    row = await stage.row(**AGREED)
    is_grantors = end is ending.revoke
    for actor in (as_of(BEN if is_grantors else ADA), as_of(CLEO), Actor("T0OTHER", BEN)):
        with pytest.raises(NotYours):
            await end(stage.desk, actor, row.id)
    with pytest.raises(NotKnown):
        await end(stage.desk, as_of(ADA), "nothing")


async def test_everything_at_once(stage: Bench) -> None:
    """All that is approved or active ends; what ends in Close together is told in one message."""
    asked = await stage.row(grantee_id="U1", **ASKED)
    agreed = await stage.row(grantee_id="U2", **AGREED)
    running = [await stage.row(grantee_id=f"U{n}", requested_at=NOON - n * HOUR) for n in (4, 3)]
    of_others = await stage.row(grantor_id=CLEO, grantee_id=ADA)
    ended, _ = await ending.revoke_all(stage.desk, as_of(ADA))
    with_what = ended[0].ended_with
    assert with_what
    assert list(ended) == [
        over(running[0], State.ENDING, Event.REVOKE, ADA, ended_with=with_what),
        over(running[1], State.ENDING, Event.REVOKE, ADA, ended_with=with_what),
        over(agreed, State.CANCELLED, Event.REVOKE, ADA),
    ]
    assert [await stage.present(each) for each in ended] == list(ended)
    assert await stage.present(asked) == asked
    assert await stage.present(of_others) == of_others
    assert await told(stage) == [(NoticeKind.ENDS, ADA, with_what)]
    assert stage.woken == 1


async def test_what_was_over_already(stage: Bench) -> None:
    """What Close has not confirmed as gone is said apart from what ends now, and only one's own."""
    running = await stage.row(grantee_id="U1")
    before = await stage.row(grantee_id="U2", state=State.ENDING)
    await stage.row(grantee_id="U3", state=State.ENDED)
    await stage.row(grantor_id=CLEO, grantee_id=ADA, state=State.ENDING)
    revoked, over_already = await ending.revoke_all(stage.desk, as_of(ADA))
    assert [each.id for each in revoked] == [running.id]
    assert over_already == [before]


async def test_one_that_ends_alone(stage: Bench) -> None:
    """Beside what is only cancelled one right ends alone: its own card tells it."""
    await stage.row(grantee_id="U2", **AGREED)
    running = await stage.row()
    await ending.revoke_all(stage.desk, as_of(ADA))
    assert (await stage.present(running)).ended_with is None
    assert await told(stage) == []


async def test_a_bundle(stage: Bench) -> None:
    """What was granted together ends together, and nothing else; by its grantor alone."""
    one, other = [
        await stage.row(grantee_id=f"U{number}", bundle_id="b1", requester_id=ADA)
        for number in range(2)
    ]
    alone = await stage.row(bundle_id="b2", requester_id=ADA)
    assert not await ending.revoke_bundle(stage.desk, as_of(BEN), "b1")
    ended = await ending.revoke_bundle(stage.desk, as_of(ADA), "b1")
    assert {each.id for each in ended} == {one.id, other.id}
    assert {each.closed_by for each in ended} == {ADA}
    assert {each.end_event for each in ended} == {Event.REVOKE}
    assert await stage.present(alone) == alone


async def test_several_grantors_at_once(stage: Bench) -> None:
    """Each grantor has a message of their own, where several of theirs end; a departure is kept."""
    rows = [
        await stage.row(grantor_id=grantor, grantee_id=grantee)
        for grantor, grantee in ((ADA, "U1"), (ADA, "U2"), (CLEO, "U1"), (CLEO, "U2"), (BEN, "U1"))
    ]
    ended = await stage.database.run(
        lambda store: ending.end_all(
            store, rows, Event.OFFBOARD, "U1", now=NOW, departure=Departure.LEFT
        )
    )
    together = {each.grantor_id: each.ended_with for each in ended}
    assert together[BEN] is None
    assert together[ADA] != together[CLEO]
    by_id = {each.id: each for each in ended}
    for row in rows:
        shared = together[row.grantor_id]
        changes = {"departure": Departure.LEFT, "ended_with": shared}
        assert by_id[row.id] == over(row, State.ENDING, Event.OFFBOARD, "U1", **changes)
    assert await told(stage) == sorted(
        (NoticeKind.ENDS, who, together[who] or "") for who in (ADA, CLEO)
    )


async def test_whoever_left_reads_of_nothing(stage: Bench) -> None:
    """The grantor who is gone gets no message about all that ends with them."""
    rows = [await stage.row(grantee_id=f"U{number}") for number in range(2)]
    ended = await stage.database.run(
        lambda store: ending.end_all(
            store, rows, Event.OFFBOARD, ADA, now=NOW, departure=Departure.LEFT
        )
    )
    assert [each.ended_with for each in ended] == [None, None]
    assert await told(stage) == []


async def test_what_ends_is_due_together(stage: Bench) -> None:
    """One alone, by nobody in particular."""
    row = await stage.row()
    after = await stage.database.run(
        lambda store: ending.end(store, row, Event.DISCONNECT, None, now=NOW)
    )
    assert after == over(row, State.ENDING, Event.DISCONNECT, None)
    left = await stage.row(grantee_id=CLEO)
    gone = await stage.database.run(
        lambda store: ending.end(
            store, left, Event.OFFBOARD, CLEO, now=NOW, departure=Departure.GUEST
        )
    )
    assert gone.departure is Departure.GUEST
