"""The end of a right, step by step: Close is asked, Close says so, and only then it is over."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.close.errors import (
    CloseProblem,
    NotFound,
    OutcomeUnclear,
    RefusedByClose,
    RetryLater,
)
from bot.connections.sessions import OtherAccountConnected
from bot.delegations.steps import held, moves, remove, settle
from bot.store import Database
from models.comparison import Comparison
from models.delegation import Delegation, Event, Receipt, ReceiptState, State, Trouble
from models.person import Departure
from models.stray import Stray, StrayState
from tests.integration.books import ADA, BEN, CLEO, Bench, bench
from tests.integration.rows import NOON, TEAM

HOUR = timedelta(hours=1)
END = NOON + 2 * HOUR
SECOND = timedelta(seconds=1)
LONG_AFTER = NOON + timedelta(days=1)
GONE = NotFound(CloseProblem.NOT_FOUND, status=404)
REFUSED = RefusedByClose(CloseProblem.FORBIDDEN, status=403)
UNCLEAR = OutcomeUnclear(CloseProblem.TIMED_OUT)
DOWN = RetryLater(CloseProblem.UNAVAILABLE, status=503)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def stage(database: Database) -> Bench:
    """Ada is connected, Close holds her right for Ben, and its time is up."""
    opened = bench(database)
    await opened.connect()
    opened.books.hold(1)
    opened.moment = END
    await database.run(lambda store: store.comparisons.plan(TEAM, ADA, now=LONG_AFTER))
    return opened


async def ending(stage: Bench, **changes: Any) -> Delegation:
    """Ada has taken it back just now."""
    values = {
        "state": State.ENDING,
        "end_event": Event.REVOKE,
        "closed_by": ADA,
        "ended_at": END,
        "leased_until": END,
        **changes,
    }
    return await stage.row(**values)


def confirmed(row: Delegation, at: datetime, **changes: Any) -> Delegation:
    """The row once Close has said that it is gone: a receipt is due."""
    values = {
        "state": State.ENDED,
        "version": row.version + 1,
        "ended_at": at,
        "receipt": Receipt(ReceiptState.DUE),
        "has_twin": False,
        "wake_at": at,
        "leased_until": None,
        **changes,
    }
    return replace(row, **values)


async def compared(stage: Bench) -> datetime | None:
    """When Close is compared with what is known of Ada."""
    found: Comparison | None = await stage.database.run(
        lambda store: store.comparisons.get(TEAM, ADA)
    )
    return found.wake_at if found else None


def count(stage: Bench, event: Event) -> float:
    """How often the metrics counted this."""
    value = stage.tools.metrics.registry.get_sample_value(
        "sendas_delegation_events_total", {"event": event}
    )
    return value or 0.0


async def test_its_time_is_up(stage: Bench) -> None:
    """It expires at the promised end, is deleted by its id, and ends when Close says so."""
    row = await stage.row(leased_until=END)
    stage.moment = END + SECOND / 2
    await remove.step(stage.tools, row)
    assert await stage.present(row) == replace(
        confirmed(row, stage.moment), version=row.version + 2, end_event=Event.EXPIRE
    )
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    assert [(each.event, each.at) for each in history[1:]] == [
        (Event.EXPIRE, stage.moment),
        (Event.CONFIRM, stage.moment),
    ]
    assert stage.books.held == []
    assert stage.books.asked("delete_association") == [("sdas_1",)]
    assert (count(stage, Event.EXPIRE), count(stage, Event.CONFIRM)) == (1, 1)
    late = stage.tools.metrics.registry.get_sample_value("sendas_end_lateness_seconds_sum")
    assert late == 0.5
    assert await compared(stage) == LONG_AFTER


async def test_taken_back(stage: Bench) -> None:
    """What is ending already is only confirmed; it is late for nobody."""
    row = await ending(stage)
    await remove.step(stage.tools, row)
    assert await stage.present(row) == confirmed(row, END)
    samples = stage.tools.metrics.registry.get_sample_value("sendas_end_lateness_seconds_count")
    assert samples == 0


async def test_prolonged_in_the_last_second(stage: Bench) -> None:
    """Whoever gave more time after it was claimed wins over the clock: nothing is deleted."""
    claimed = await stage.row()
    await stage.database.run(
        lambda store: store.delegations.apply(
            claimed, Event.EXTEND, now=END - SECOND, ends_at=END + HOUR
        )
    )
    before = await stage.present(claimed)
    await remove.step(stage.tools, claimed)
    assert await stage.present(claimed) == before
    assert stage.books.ids() == ["sdas_1"]
    assert count(stage, Event.EXPIRE) == 0


async def test_close_was_never_asked(stage: Bench) -> None:
    """Then nobody's connection is needed, nothing is counted, and it is over at once."""
    row = await ending(
        stage,
        grantor_id=CLEO,
        attempted_at=None,
        grantor_close_id=None,
        active_at=None,
        association_id=None,
        ends_at=None,
    )
    await remove.step(stage.tools, row)
    assert await stage.present(row) == confirmed(row, END, receipt=None, wake_at=None)
    assert stage.books.calls == []


async def test_nobody_to_ask_for(stage: Bench) -> None:
    """Without a connection it stays, says so, and is tried again."""
    row = await ending(stage, grantor_id=CLEO)
    await remove.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.trouble) == (State.ENDING, Trouble.NOT_CONNECTED)
    assert (after.attempts, after.leased_until) == (1, None)
    assert stage.books.calls == []


@pytest.mark.parametrize(
    "changes", [{"grantor_close_id": "user_x"}, {"organization_id": "orga_two"}]
)
async def test_another_account(stage: Bench, changes: dict[str, str]) -> None:
    """To another account Close says 404, which must not be taken for gone: it is not even asked."""
    row = await ending(stage, **changes)
    with pytest.raises(OtherAccountConnected):
        await remove.session_for(stage.tools, row)
    await remove.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.trouble) == (State.ENDING, Trouble.OTHER_CLOSE_ACCOUNT)
    assert stage.books.calls == []


async def test_an_account_that_was_not_noted(stage: Bench) -> None:
    """What an earlier release did not write down is no other account."""
    row = await ending(stage, grantor_close_id=None, organization_id=None)
    session = await remove.session_for(stage.tools, row)
    assert session.account.close_user_id == "user_ada"


@pytest.mark.parametrize("error", [DOWN, REFUSED, UNCLEAR, GONE])
async def test_it_is_still_there(stage: Bench, error: Exception) -> None:
    """Whatever Close said to the delete: what it shows is not gone, and it is tried again."""
    row = await ending(stage)
    stage.books.says("delete_association", error)
    await remove.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.attempts) == (State.ENDING, 1)
    assert after.wake_at is not None
    assert END < after.wake_at <= END + 2 * SECOND
    assert stage.books.ids() == ["sdas_1"]


@pytest.mark.parametrize("error", [REFUSED, UNCLEAR])
async def test_the_answer_was_lost(stage: Bench, error: Exception) -> None:
    """Close did it and did not say so: it is looked for by its id and in the list, then it ends."""
    row = await ending(stage)
    stage.books.says("delete_association", error, acts=True)
    await remove.step(stage.tools, row)
    assert await stage.present(row) == confirmed(row, END)
    assert stage.books.asked("association") == [("sdas_1", True)]
    assert stage.books.asked("associations")[0] == ("user_ada", "user_ben", True)


async def test_seen_by_its_id_alone(stage: Bench) -> None:
    """A list that does not show it proves nothing while Close knows the id."""
    row = await ending(stage)
    stage.books.says("delete_association", REFUSED)
    stage.books.held = [replace(stage.books.held[0], allowed_user_id="user_x")]
    await remove.step(stage.tools, row)
    assert (await stage.present(row)).state is State.ENDING


async def test_seen_in_the_list_alone(stage: Bench) -> None:
    """A 404 for the id proves nothing while the list shows it."""
    row = await ending(stage)
    stage.books.says("delete_association", REFUSED)
    stage.books.says("association", GONE)
    await remove.step(stage.tools, row)
    assert (await stage.present(row)).state is State.ENDING


async def test_deleted_says_what_close_said(stage: Bench) -> None:
    """Confirmed, gone without a word, contradicted, or refused while it is there."""
    session = await stage.tools.connections.open(TEAM, ADA)
    pair = {"grantor": "user_ada", "grantee": "user_ben"}
    stage.books.says("delete_association", GONE)
    with pytest.raises(OutcomeUnclear) as contradicted:
        await held.deleted(stage.tools, session, "sdas_1", **pair)
    assert contradicted.value.problem is CloseProblem.UNEXPECTED
    assert contradicted.value.status == 404
    stage.books.says("delete_association", REFUSED)
    with pytest.raises(RefusedByClose):
        await held.deleted(stage.tools, session, "sdas_1", **pair)
    assert await held.deleted(stage.tools, session, "sdas_1", **pair)
    assert not await held.deleted(stage.tools, session, "sdas_1", **pair)


async def test_what_is_urgent(stage: Bench) -> None:
    """A look takes its turn at Close with all the others, unless it is said to be urgent."""
    row = await stage.row()
    session = await stage.tools.connections.open(TEAM, ADA)
    await held.of_pair(stage.tools, session, "user_ada", "user_ben")
    await held.of_attempt(stage.tools, session, row)
    await held.is_unknown(stage.tools, session, "sdas_1")
    asked = [*stage.books.asked("associations"), *stage.books.asked("association")]
    assert [each[-1] for each in asked] == [False] * 3


async def test_of_whom_close_is_asked(stage: Bench) -> None:
    """Close is asked for what the grantor has given, and not for everybody's."""
    session = await stage.tools.connections.open(TEAM, ADA)
    assert [each.id for each in await held.by_grantor(stage.tools, session)] == ["sdas_1"]
    assert stage.books.asked("associations") == [("user_ada", None, False)]


async def test_what_is_not_seen_may_be_too_new(stage: Bench) -> None:
    """Close's reads may lag: what was made a moment ago, and is not shown, is looked for again."""
    stage.books.held = []
    made = END - moves.SETTLE
    row = await ending(stage, attempted_at=made + SECOND, trouble=Trouble.CLOSE_DOWN)
    await remove.step(stage.tools, row)
    assert await stage.present(row) == replace(
        row, wake_at=END + SECOND, attempts=1, leased_until=None
    )
    old = await ending(stage, grantee_id=CLEO, attempted_at=made)
    await remove.step(stage.tools, old)
    assert (await stage.present(old)).state is State.ENDED


async def test_another_of_the_two(stage: Bench) -> None:
    """What is not ours stays, is noted, and Close is compared at once."""
    stage.books.hold(2)
    row = await ending(stage)
    await remove.step(stage.tools, row)
    assert await stage.present(row) == confirmed(row, END, has_twin=True)
    assert stage.books.ids() == ["sdas_2"]
    assert await compared(stage) == END


async def test_no_time_for_a_look(stage: Bench) -> None:
    """What is over goes first: while others wait for their end nobody looks for another one."""
    stage.books.hold(2)
    row = await ending(stage)
    await ending(stage, grantee_id=CLEO)
    await remove.step(stage.tools, row)
    assert await stage.present(row) == confirmed(row, END, has_twin=None)
    assert not stage.books.asked("associations")


async def test_a_look_that_fails(stage: Bench) -> None:
    """An end that Close has confirmed does not wait for what else Close may hold."""
    row = await ending(stage)
    stage.books.says("associations", DOWN)
    await remove.step(stage.tools, row)
    assert await stage.present(row) == confirmed(row, END, has_twin=None)


async def test_the_effect_of_a_create_that_was_lost(stage: Bench) -> None:
    """What is found where nothing was answered is ours: taken over, then deleted by its id."""
    row = await ending(stage, association_id=None, active_at=None, ends_at=None)
    await remove.step(stage.tools, row)
    taken = await stage.present(row)
    assert taken == replace(
        row,
        version=row.version + 1,
        association_id="sdas_1",
        is_taken_over=True,
        wake_at=END,
        leased_until=None,
    )
    assert stage.books.asked("associations") == [("user_ada", "user_ben", True)]
    await remove.step(stage.tools, taken)
    assert await stage.present(row) == confirmed(taken, END, receipt=None, wake_at=None)
    assert stage.books.held == []


async def test_one_more_may_have_taken_effect(stage: Bench) -> None:
    """The known one goes first, then the other, and that is all that there was."""
    stage.books.hold(2)
    row = await ending(stage, is_unclear=True, arrives_until=END)
    await remove.step(stage.tools, row)
    taken = await stage.present(row)
    assert (taken.association_id, taken.is_unclear, taken.state) == (
        "sdas_2",
        False,
        State.ENDING,
    )
    assert stage.books.ids() == ["sdas_2"]
    await remove.step(stage.tools, taken)
    assert (await stage.present(row)).state is State.ENDED
    assert stage.books.held == []


async def test_two_that_were_lost(stage: Bench) -> None:
    """Where nothing is known, and more than one may have taken effect, one more is expected."""
    row = await ending(stage, association_id=None, is_unclear=True, arrives_until=END)
    await remove.step(stage.tools, row)
    assert (await stage.present(row)).is_unclear


async def test_what_the_grantor_was_asked_about_is_not_ours(stage: Bench) -> None:
    """A stray that is known is left alone, whatever may have been lost."""
    row = await ending(stage, association_id=None, active_at=None, arrives_until=END)
    await keep_stray(stage, "sdas_1")
    await remove.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.has_twin) == (State.ENDED, True)
    assert stage.books.ids() == ["sdas_1"]


async def keep_stray(stage: Bench, association_id: str) -> None:
    """Ada was asked about this one."""
    stray = Stray(
        id="stray",
        team_id=TEAM,
        grantor_id=ADA,
        grantee_id=BEN,
        association_id=association_id,
        organization_id="orga_one",
        grantor_close_id="user_ada",
        grantee_close_id="user_ben",
        grantee_name="Ben",
        is_grantee_proven=False,
        grantee_email="ben@example.com",
        state=StrayState.FOUND,
        found_at=NOON,
    )
    await stage.database.run(lambda store: store.strays.add(stray))


async def test_what_an_ended_one_had_is_not_ours(stage: Bench) -> None:
    """Close may still show it for a moment."""
    await stage.row(state=State.ENDED, wake_at=None)
    row = await ending(stage, association_id=None, active_at=None, arrives_until=END)
    await remove.step(stage.tools, row)
    assert (await stage.present(row)).state is State.ENDED
    assert stage.books.ids() == ["sdas_1"]


async def test_held_although_it_was_confirmed(stage: Bench) -> None:
    """Confirmed once, and there all the same: this time a look has to confirm it."""
    row = await ending(stage, trouble=Trouble.STILL_THERE)
    stage.books.says("association", GONE)
    stage.books.says("delete_association", GONE, acts=True)
    await remove.step(stage.tools, row)
    assert (await stage.present(row)).state is State.ENDED


async def test_still_held_after_its_delete(stage: Bench) -> None:
    """Close confirms the delete and still lists it: it is looked at again a moment later."""
    row = await ending(stage, trouble=Trouble.STILL_THERE)
    shown = stage.books.held[0]
    real = stage.books.delete_association

    async def delete(credential: Any, association_id: str) -> None:
        await real(credential, association_id)
        stage.books.held.append(shown)

    stage.books.delete_association = delete  # type: ignore[method-assign]  # it keeps showing it
    await remove.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.trouble) == (State.ENDING, Trouble.STILL_THERE)
    assert after.wake_at == END + moves.SETTLE


async def test_an_unanswered_end_is_compared_later(stage: Bench) -> None:
    """Against all likelihood one more may come: Close is compared once more, a minute later."""
    stage.books.held = []
    row = await ending(stage, association_id=None, active_at=None, arrives_until=END)
    await remove.step(stage.tools, row)
    assert (await stage.present(row)).state is State.ENDED
    assert await compared(stage) == END + remove.LOOK_AFTER


async def test_ends_of_several(stage: Bench) -> None:
    """Those whose time is up together are told in one message; what was granted together, too."""
    rows = [
        await stage.row(grantee_id=f"U{number}", **changes)
        for number, changes in enumerate(
            (
                {},
                {"bundle_id": "asked"},
                {"bundle_id": "given", "requester_id": ADA},
                {"bundle_id": "given", "requester_id": ADA},
            )
        )
    ]
    waiting = await ending(stage, grantee_id=CLEO)
    over = await remove.ending(stage.tools, [*rows, waiting])
    assert [each.id for each in over] == [*(each.id for each in rows), waiting.id]
    alone, asked, given, same, left = [each.ended_with for each in over]
    assert alone == asked
    assert alone not in (None, "given")
    assert (given, same, left) == ("given", "given", None)
    assert [each.ended_at for each in over] == [END] * 5
    assert [each.end_event for each in over] == [Event.EXPIRE] * 4 + [Event.REVOKE]
    assert count(stage, Event.EXPIRE) == 4


async def test_one_that_ends_alone(stage: Bench) -> None:
    """Beside a bundle one right ends alone, with its own message."""
    row = await stage.row(grantee_id="U1")
    given = await stage.row(grantee_id="U2", bundle_id="given", requester_id=ADA)
    over = await remove.ending(stage.tools, [row, given])
    assert [each.ended_with for each in over] == [None, "given"]
    assert await remove.ending(stage.tools, []) == []


async def test_who_ended_it_stays(stage: Bench) -> None:
    """What Close confirms changes neither who ended it nor how; an admin's word is over."""
    row = await ending(stage, departure=Departure.LEFT, confirmed_by=CLEO)
    await remove.step(stage.tools, row)
    assert await stage.present(row) == confirmed(row, END, confirmed_by=None)


async def test_what_is_unsure_is_settled(stage: Bench) -> None:
    """Of an active right the other one is taken away by its id, and the right goes on."""
    stage.books.hold(2)
    stage.moment = NOON + HOUR
    row = await stage.row(
        is_unclear=True, arrives_until=NOON, warn_at=NOON + HOUR + SECOND, leased_until=NOON
    )
    await settle.step(stage.tools, row)
    assert stage.books.ids() == ["sdas_1"]
    assert await stage.present(row) == replace(
        row,
        version=row.version + 1,
        is_unclear=False,
        arrives_until=None,
        leased_until=None,
        wake_at=NOON + HOUR + SECOND,
    )


async def test_only_one_can_have_come_of_it(stage: Bench) -> None:
    """Any more than one were made by somebody else: they stay."""
    stage.books.hold(2)
    stage.books.hold(3)
    row = await stage.row(is_unclear=True, arrives_until=NOON)
    await settle.step(stage.tools, row)
    assert stage.books.ids() == ["sdas_1", "sdas_3"]
    await keep_stray(stage, "sdas_3")
    await settle.step(stage.tools, await stage.present(row))
    assert stage.books.ids() == ["sdas_1", "sdas_3"]


async def test_settling_what_has_changed(stage: Bench) -> None:
    """What was changed meanwhile is looked at anew: its lease is given back, and that is all."""
    claimed = await stage.row(is_unclear=True, arrives_until=NOON, leased_until=END)
    await stage.database.run(
        lambda store: store.delegations.apply(claimed, Event.WARN, now=NOON, is_warned=True)
    )
    before = await stage.present(claimed)
    await settle.step(stage.tools, claimed)
    assert await stage.present(claimed) == replace(before, leased_until=None)


@pytest.mark.parametrize(
    ("changes", "moment"),
    [
        ({}, None),
        ({"warn_at": NOON + SECOND / 4}, NOON + SECOND / 4),
        ({"ends_at": NOON + SECOND / 4}, NOON + SECOND / 4),
        ({"ends_at": None}, None),
    ],
)
async def test_settling_waits_for_close(
    stage: Bench, changes: dict[str, Any], moment: datetime | None
) -> None:
    """While Close does not say, it is tried again, but never later than the end or its warning."""
    stage.moment = NOON
    row = await stage.row(
        is_unclear=True, arrives_until=NOON, trouble=Trouble.CLOSE_BUSY, **changes
    )
    stage.books.says("associations", DOWN)
    await settle.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.is_unclear, after.attempts, after.trouble) == (True, 1, None)
    if moment is not None:
        assert after.wake_at == moment
    else:
        assert after.wake_at is not None
        assert NOON + SECOND / 2 <= after.wake_at <= NOON + SECOND


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({"is_unclear": True, "arrives_until": NOON}, True),
        ({"is_unclear": True, "arrives_until": NOON + SECOND}, False),
        ({"is_unclear": True}, True),
        ({"is_unclear": False}, False),
        ({"is_unclear": False, "arrives_until": NOON}, False),
    ],
)
async def test_when_it_can_be_settled(
    stage: Bench, changes: dict[str, Any], *, is_due: bool
) -> None:
    """Once nothing can arrive any more, and only where something is unsure."""
    row = await stage.row(**changes)
    assert settle.is_due(row, NOON) is is_due


async def test_what_is_no_guess_any_more_is_looked_up(stage: Bench) -> None:
    """A restore forgot that Close was asked for this: what Close holds for the two is told, and
    nothing is confirmed without a look."""
    row = await ending(stage, association_id=None, attempted_at=None, grantor_close_id="user_ada")
    await remove.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.has_twin) == (State.ENDED, True)
    assert len(stage.books.held) == 1
