"""Several rights of one grantor at the same moment: one call, and each has its own fate."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.close.errors import CloseProblem, OutcomeUnclear, RefusedByClose, RetryLater
from bot.delegations.people.eligibility import Look
from bot.delegations.steps import attempts, bulk, moves
from bot.delegations.steps.attempts import ARRIVES_WITHIN, SENT_WITHIN
from bot.ports import Association, CloseUser
from bot.store import Database
from models.delegation import Delegation, Event, Receipt, ReceiptState, State, Trouble
from tests.integration.books import ADA, BEN, CLEO, NEVER, ORGANIZATION, Bench, bench
from tests.integration.rows import NOON, TEAM

HOUR = timedelta(hours=1)
END = NOON + 2 * HOUR
SECOND = timedelta(seconds=1)
INVALID = RefusedByClose(CloseProblem.INVALID, status=400)
UNCLEAR = OutcomeUnclear(CloseProblem.TIMED_OUT)
DOWN = RetryLater(CloseProblem.UNAVAILABLE, status=503)
DAN = "U0DAN"
PEOPLE = {BEN: "user_ben", CLEO: "user_cleo", DAN: "user_dan"}

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def stage(database: Database) -> Bench:
    """Ada is connected, and three others are in her organization."""
    opened = bench(database)
    await opened.connect()
    opened.books.members = [
        CloseUser(close_id, f"{close_id}@example.com", close_id, (ORGANIZATION,))
        for close_id in PEOPLE.values()
    ]
    return opened


async def given(stage: Bench, who: str, **changes: Any) -> Delegation:
    """A right of theirs that is over, and that Close still holds."""
    number = list(PEOPLE).index(who)
    held = Association(f"sdas_{number}", ORGANIZATION, "user_ada", PEOPLE[who])
    stage.books.held.append(held)
    values = {
        "grantee_id": who,
        "grantee_close_id": PEOPLE[who],
        "association_id": held.id,
        "state": State.ENDING,
        "end_event": Event.REVOKE,
        "ended_at": END,
        "wake_at": END,
        **changes,
    }
    stage.moment = END
    return await stage.row(**values)


async def wanted(stage: Bench, who: str, **changes: Any) -> Delegation:
    """A right of theirs that is approved."""
    values = {
        "grantee_id": who,
        "state": State.APPROVED,
        "length": 2 * HOUR,
        "lapses_at": NOON + 9 * HOUR,
        "grantee_email": f"{PEOPLE[who]}@example.com",
        "grantee_account": f"{PEOPLE[who]}, {PEOPLE[who]}@example.com",
        "grantee_close_id": PEOPLE[who],
        **NEVER,
        "organization_id": None,
        "grantor_close_id": None,
        **changes,
    }
    return await stage.row(**values)


async def states(stage: Bench, rows: Sequence[Delegation]) -> list[State]:
    """Where each is now."""
    return [(await stage.present(row)).state for row in rows]


async def test_all_end_with_one_call(stage: Bench) -> None:
    """Close is asked once for all, and each is confirmed; nothing is on its way any more."""
    rows = [await given(stage, who) for who in PEOPLE]
    await bulk.step(stage.tools, rows)
    assert stage.books.asked("change_associations") == [((), tuple(PEOPLE.values()))]
    assert stage.books.held == []
    for row in rows:
        assert await stage.present(row) == replace(
            row,
            version=row.version + 1,
            state=State.ENDED,
            has_twin=False,
            receipt=Receipt(ReceiptState.DUE),
            arrives_until=None,
        )


async def test_those_whose_time_is_up(stage: Bench) -> None:
    """Active ones expire first, and what was prolonged meanwhile is left out."""
    rows = [
        await given(stage, who, state=State.ACTIVE, ends_at=END, ended_at=None, end_event=None)
        for who in PEOPLE
    ]
    await stage.database.run(
        lambda store: store.delegations.apply(rows[0], Event.EXTEND, now=END, ends_at=END + HOUR)
    )
    await bulk.step(stage.tools, rows)
    assert await states(stage, rows) == [State.ACTIVE, State.ENDED, State.ENDED]
    assert stage.books.ids() == ["sdas_0"]
    calls = len(stage.books.calls)
    await bulk.step(stage.tools, rows[:1])
    assert len(stage.books.calls) == calls


async def test_one_is_left_of_two(stage: Bench) -> None:
    """What was prolonged meanwhile does not hold up the only other one."""
    over = {"state": State.ACTIVE, "ends_at": END, "ended_at": None, "end_event": None}
    rows = [await given(stage, who, **over) for who in (BEN, CLEO)]
    await stage.database.run(
        lambda store: store.delegations.apply(rows[0], Event.EXTEND, now=END, ends_at=END + HOUR)
    )
    await bulk.step(stage.tools, rows)
    assert await states(stage, rows) == [State.ACTIVE, State.ENDED]


async def test_what_is_not_known_to_be_ours_goes_alone(stage: Bench) -> None:
    """Where Close holds another one of the two people, only a delete by id is safe."""
    rows = [await given(stage, who) for who in PEOPLE]
    stage.books.held.append(Association("sdas_9", ORGANIZATION, "user_ada", "user_ben"))
    stage.books.held.append(Association("sdas_8", ORGANIZATION, "user_x", "user_cleo"))
    await bulk.step(stage.tools, rows)
    assert stage.books.asked("change_associations") == [((), ("user_cleo", "user_dan"))]
    assert stage.books.asked("delete_association") == [("sdas_0",)]
    assert stage.books.ids() == ["sdas_9", "sdas_8"]
    assert await states(stage, rows) == [State.ENDED] * 3


async def test_nothing_there_to_withdraw(stage: Bench) -> None:
    """What Close does not show goes alone, too, and nobody is named to Close."""
    rows = [await given(stage, who) for who in PEOPLE]
    stage.books.held = []
    await bulk.step(stage.tools, rows)
    assert not stage.books.asked("change_associations")
    assert await states(stage, rows) == [State.ENDED] * 3


async def test_what_close_leaves_over(stage: Bench) -> None:
    """Its answer is compared person by person: who is still in it goes on alone."""
    rows = [await given(stage, who) for who in PEOPLE]
    real = stage.books.change_associations

    async def change(credential: Any, **who: Any) -> Sequence[Association]:
        left = stage.books.held[0]
        await real(credential, **who)
        stage.books.held.append(left)
        return [left]

    stage.books.change_associations = change  # type: ignore[method-assign]  # it leaves one over
    await bulk.step(stage.tools, rows)
    assert stage.books.asked("delete_association") == [("sdas_0",)]
    assert await states(stage, rows) == [State.ENDED] * 3


async def test_a_refused_withdrawal(stage: Bench) -> None:
    """Then each goes alone, and nothing is on its way."""
    rows = [await given(stage, who) for who in PEOPLE]
    stage.books.says("change_associations", INVALID)
    await bulk.step(stage.tools, rows)
    assert len(stage.books.asked("delete_association")) == 3
    assert await states(stage, rows) == [State.ENDED] * 3
    assert [(await stage.present(row)).arrives_until for row in rows] == [None] * 3


async def test_a_withdrawal_that_was_not_sent(stage: Bench) -> None:
    """All of it is tried again later, and nothing is on its way."""
    rows = [await given(stage, who) for who in PEOPLE]
    stage.books.says("change_associations", DOWN)
    await bulk.step(stage.tools, rows)
    for row in rows:
        after = await stage.present(row)
        assert (after.state, after.attempts, after.arrives_until) == (State.ENDING, 1, None)
    assert len(stage.books.held) == 3


async def test_a_lost_answer_to_a_withdrawal(stage: Bench) -> None:
    """What a list shows no more is gone, unless it is too new for one; the rest goes alone. That
    something may still arrive is remembered."""
    rows = [
        await given(stage, BEN),
        await given(stage, CLEO, attempted_at=END - moves.SETTLE),
        await given(stage, DAN, attempted_at=END - moves.SETTLE + SECOND),
    ]
    stage.books.says("change_associations", UNCLEAR, acts=True)
    stage.books.says("delete_association", DOWN)
    await bulk.step(stage.tools, rows)
    assert await states(stage, rows) == [State.ENDED, State.ENDED, State.ENDING]
    until = END + ARRIVES_WITHIN
    assert [(await stage.present(row)).arrives_until for row in rows] == [until] * 3
    assert stage.books.asked("delete_association") == [("sdas_2",)]


async def test_a_lost_withdrawal(stage: Bench) -> None:
    """What is still shown is deleted one by one."""
    rows = [await given(stage, who) for who in PEOPLE]
    stage.books.says("change_associations", UNCLEAR)
    await bulk.step(stage.tools, rows)
    assert len(stage.books.asked("delete_association")) == 3
    assert await states(stage, rows) == [State.ENDED] * 3


async def test_nobody_is_connected_to_end_them(stage: Bench) -> None:
    """Each is put off with the same word."""
    rows = [await given(stage, who, grantor_id=DAN) for who in (BEN, CLEO)]
    await bulk.step(stage.tools, rows)
    for row in rows:
        after = await stage.present(row)
        assert (after.trouble, after.attempts) == (Trouble.NOT_CONNECTED, 1)


async def test_what_has_changed_is_not_withdrawn(stage: Bench) -> None:
    """A row that somebody has dealt with meanwhile is not named to Close."""
    rows = [await given(stage, who) for who in (BEN, CLEO)]
    await stage.database.run(
        lambda store: store.delegations.apply(
            rows[0], Event.CONFIRM, now=END, wake_at=None, leased_until=None
        )
    )
    await bulk.step(stage.tools, rows)
    assert stage.books.asked("change_associations") == [((), ("user_cleo",))]


async def test_all_begin_with_one_call(stage: Bench) -> None:
    """Close is asked once for all, and each runs since then."""
    rows = [await wanted(stage, who) for who in PEOPLE]
    await bulk.step(stage.tools, rows)
    (call,) = stage.books.asked("change_associations")
    assert (sorted(call[0]), call[1]) == (sorted(PEOPLE.values()), ())
    for row in rows:
        after = await stage.present(row)
        assert (after.state, after.ends_at) == (State.ACTIVE, END)
        assert (after.is_taken_over, after.addresses) == (False, "ada@example.com")
        assert after.association_id in [
            each.id for each in stage.books.held if each.allowed_user_id == row.grantee_close_id
        ]


async def test_who_goes_alone(stage: Bench) -> None:
    """Who has one already, has no account, or has the account of another one in the same call."""
    stage.books.held.append(Association("sdas_9", ORGANIZATION, "user_ada", "user_ben"))
    taken = await wanted(stage, BEN)
    lost = await wanted(stage, CLEO, grantee_email="nobody@example.com", grantee_close_id=None)
    one = await wanted(stage, DAN)
    await bulk.step(stage.tools, [taken, lost, one])
    assert stage.books.asked("change_associations") == [(("user_dan",), ())]
    assert await states(stage, [taken, lost, one]) == [
        State.FAILED,
        State.APPROVED,
        State.ACTIVE,
    ]
    assert (await stage.present(taken)).trouble is Trouble.EXISTED_BEFORE
    assert (await stage.present(lost)).trouble is Trouble.GRANTEE_NOT_IN_CLOSE


async def test_two_for_one_account(stage: Bench) -> None:
    """Two people of Slack with one account of Close: the call names it once."""
    one = await wanted(stage, BEN)
    same = await wanted(
        stage,
        CLEO,
        grantee_email="user_ben@example.com",
        grantee_account="user_ben, user_ben@example.com",
        grantee_close_id="user_ben",
    )
    await bulk.step(stage.tools, [one, same])
    assert stage.books.asked("change_associations") == [(("user_ben",), ())]
    assert len(stage.books.held) == 1
    assert await states(stage, [one, same]) == [State.ACTIVE, State.FAILED]
    assert (await stage.present(same)).trouble is Trouble.EXISTED_BEFORE


async def test_two_for_one_account_and_a_lost_call(stage: Bench) -> None:
    """While the call for the account may still arrive, nothing more is asked for the account."""
    one = await wanted(stage, BEN)
    same = await wanted(
        stage,
        CLEO,
        grantee_email="user_ben@example.com",
        grantee_account="user_ben, user_ben@example.com",
        grantee_close_id="user_ben",
    )
    stage.books.says("change_associations", UNCLEAR)
    await bulk.step(stage.tools, [one, same])
    assert not stage.books.asked("create_association")
    assert (await stage.present(same)).wake_at == NOON + ARRIVES_WITHIN


async def test_nothing_to_send_from(stage: Bench) -> None:
    """Each fails alone, with the same word."""
    stage.books.sending = ()
    rows = [await wanted(stage, who) for who in (BEN, CLEO)]
    await bulk.step(stage.tools, rows)
    assert [(await stage.present(row)).trouble for row in rows] == [Trouble.NO_SENDING_ADDRESS] * 2
    assert stage.books.held == []


async def test_a_refused_call(stage: Bench) -> None:
    """As if nothing had been attempted, each goes alone."""
    rows = [await wanted(stage, who) for who in (BEN, CLEO)]
    stage.books.says("change_associations", INVALID)
    await bulk.step(stage.tools, rows)
    assert len(stage.books.asked("create_association")) == 2
    assert await states(stage, rows) == [State.ACTIVE] * 2
    assert [(await stage.present(row)).is_unclear for row in rows] == [False] * 2


async def test_a_call_that_was_refused_and_done(stage: Bench) -> None:
    """What is there all the same counts as ours."""
    rows = [await wanted(stage, who) for who in (BEN, CLEO)]
    stage.books.says("change_associations", INVALID, acts=True)
    await bulk.step(stage.tools, rows)
    assert not stage.books.asked("create_association")
    after = [await stage.present(row) for row in rows]
    assert [(each.state, each.is_taken_over) for each in after] == [(State.ACTIVE, True)] * 2


async def test_a_lost_call(stage: Bench) -> None:
    """Close may still act on it: what is there is taken over, what is not is only put off."""
    rows = [await wanted(stage, who) for who in (BEN, CLEO)]
    real = stage.books.change_associations

    async def change(credential: Any, **who: Any) -> Sequence[Association]:
        await real(credential, **who)
        stage.books.held = [each for each in stage.books.held if each.allowed_user_id == "user_ben"]
        raise UNCLEAR

    stage.books.change_associations = change  # type: ignore[method-assign]  # half of it is done
    await bulk.step(stage.tools, rows)
    there, missing = [await stage.present(row) for row in rows]
    assert (there.state, there.is_taken_over) == (State.ACTIVE, True)
    assert (missing.state, missing.attempts) == (State.APPROVED, 1)
    assert missing.attempted_at == NOON
    assert not stage.books.asked("create_association")


async def test_a_call_that_was_not_sent(stage: Bench) -> None:
    """As if nothing had been attempted: all are put off."""
    rows = [await wanted(stage, who) for who in (BEN, CLEO)]
    stage.books.says("change_associations", DOWN)
    await bulk.step(stage.tools, rows)
    for row in rows:
        after = await stage.present(row)
        assert (after.state, after.attempts, after.attempted_at) == (State.APPROVED, 1, None)


async def test_a_call_that_comes_too_late(stage: Bench) -> None:
    """What was written down too long ago is not sent."""
    rows = [await wanted(stage, who) for who in (BEN, CLEO)]
    session = await stage.tools.connections.open(TEAM, ADA)
    ready = await bulk._ready(stage.tools, session, rows, ())
    written = await attempts.written(stage.tools, session, ready, None, Look())
    stage.moment = NOON + SENT_WITHIN + SECOND
    await bulk._ask_for(stage.tools, session, written)
    assert stage.books.held == []
    assert [(await stage.present(row)).attempted_at for row in rows] == [None] * 2


async def test_nobody_is_connected(stage: Bench) -> None:
    """What is wrong is wrong for each: each waits in its own words."""
    rows = [await wanted(stage, who, grantor_id="U0EVE") for who in (BEN, CLEO)]
    await bulk.step(stage.tools, rows)
    assert [(await stage.present(row)).trouble for row in rows] == [Trouble.NOT_CONNECTED] * 2


async def test_the_grantor_is_leaving(stage: Bench) -> None:
    """Whoever is disconnecting gives nothing new, together or alone."""
    connection = await stage.connect()
    leaving = replace(connection, leaving_at=NOON)
    await stage.database.run(lambda store: store.connections.put(leaving))
    rows = [await wanted(stage, who) for who in (BEN, CLEO)]
    await bulk.step(stage.tools, rows)
    assert [(await stage.present(row)).trouble for row in rows] == [Trouble.NOT_CONNECTED] * 2
    assert stage.books.calls == []


async def test_nobody_is_left_to_ask_for(stage: Bench) -> None:
    """Where all were taken back meanwhile Close is not asked."""
    rows = [await wanted(stage, who) for who in (BEN, CLEO)]
    await stage.database.run(
        lambda store: store.delegations.apply_all(
            [(row, {"ended_at": NOON}) for row in rows], Event.CANCEL, now=NOON
        )
    )
    await bulk.step(stage.tools, rows)
    assert not stage.books.asked("change_associations")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"state": State.ENDING}, ("end", TEAM, ADA, "user_ada", ORGANIZATION)),
        ({"ends_at": NOON}, ("end", TEAM, ADA, "user_ada", ORGANIZATION)),
        ({"ends_at": NOON + SECOND}, None),
        (
            {"state": State.ENDING, "grantor_close_id": None, "organization_id": None},
            ("end", TEAM, ADA, "", ""),
        ),
        ({"state": State.ENDING, "association_id": None}, None),
        ({"state": State.ENDING, "is_unclear": True}, None),
        ({"state": State.ENDED}, None),
    ],
)
async def test_which_end_together(
    stage: Bench, changes: dict[str, Any], key: tuple[str, ...] | None
) -> None:
    """Those of one account that are over, and of which all that Close may hold is known."""
    assert bulk.key(await stage.row(**changes), NOON) == key


@pytest.mark.parametrize(
    ("changes", "is_together"),
    [
        ({}, True),
        ({"starts_at": NOON}, True),
        ({"starts_at": NOON + SECOND}, False),
        ({"lapses_at": NOON}, False),
        ({"lapses_at": NOON + SECOND}, True),
        ({"until": NOON, "length": None}, False),
        ({"attempted_at": NOON}, False),
        ({"state": State.REQUESTED}, False),
    ],
)
async def test_which_begin_together(
    stage: Bench, changes: dict[str, Any], *, is_together: bool
) -> None:
    """Those of one grantor that can begin now, and for which Close was not asked yet."""
    row = await wanted(stage, BEN, **changes)
    assert bulk.key(row, NOON) == (("make", TEAM, ADA) if is_together else None)
