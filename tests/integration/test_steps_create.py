"""The beginning of a right, step by step: written down, asked for, found, activated, given up."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.close.errors import (
    CloseProblem,
    OutcomeUnclear,
    ReconnectNeeded,
    RefusedByClose,
    RetryLater,
)
from bot.connections.sessions import CloseSession
from bot.delegations.accounts import GranteeAccount
from bot.delegations.people.eligibility import Look, PeopleUnclear
from bot.delegations.steps import attempts, create, moves, recheck
from bot.delegations.steps.attempts import ARRIVES_WITHIN, SENT_WITHIN, Attempt, Made
from bot.ports import Association, CloseUser, NoAnswer, SendingAccount, Sighting
from bot.store import Database
from models.delegation import Delegation, Event, State, Trouble
from models.person import Person
from models.reminders import next_reminder
from models.standing import StandingApproval
from tests.integration.books import ADA, BEN, CLEO, NEVER, ORGANIZATION, Bench, Gone, bench
from tests.integration.rows import NOON, TEAM
from tests.integration.tools import EverybodyIsHere, person
from tests.patience import PATIENCE

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
INVALID = RefusedByClose(CloseProblem.INVALID, status=400)
EXISTS = RefusedByClose(CloseProblem.EXISTS, status=400)
REJECTED = RefusedByClose(CloseProblem.CLIENT_REJECTED, status=403)
UNCLEAR = OutcomeUnclear(CloseProblem.TIMED_OUT)
DOWN = RetryLater(CloseProblem.UNAVAILABLE, status=503)
BEN_THERE = CloseUser("user_ben", "ben@example.com", "Ben", (ORGANIZATION,))
SHOWN = "Ben, ben@example.com"
ACCOUNT = GranteeAccount("user_ben", SHOWN, is_proven=False)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def stage(database: Database) -> Bench:
    """Ada is connected, and Ben is in her organization."""
    return await furnished(bench(database))


async def furnished(stage: Bench) -> Bench:
    """The same, on this bench."""
    await stage.connect()
    stage.books.members = [BEN_THERE]
    await stage.database.run(lambda store: store.comparisons.plan(TEAM, ADA, now=NOON + 9 * DAY))
    return stage


async def agreed(stage: Bench, **changes: Any) -> Delegation:
    """Ada has approved two hours for Ben; Close was not asked yet."""
    values = {
        "state": State.APPROVED,
        "length": 2 * HOUR,
        "lapses_at": NOON + 3 * DAY,
        "grantee_email": "ben@example.com",
        "grantee_account": SHOWN,
        **NEVER,
        "organization_id": None,
        "grantor_close_id": None,
        "leased_until": NOON,
        **changes,
    }
    return await stage.row(**values)


TRIED = {
    "attempted_at": NOON - SECOND,
    "arrives_until": NOON - SECOND + ARRIVES_WITHIN,
    "organization_id": ORGANIZATION,
    "grantor_close_id": "user_ada",
}


def written(row: Delegation, **changes: Any) -> Delegation:
    """The row once it is written down that Close is about to be asked."""
    values = {
        "version": row.version + 1,
        "attempted_at": NOON,
        "arrives_until": NOON + ARRIVES_WITHIN,
        "organization_id": ORGANIZATION,
        "grantor_close_id": "user_ada",
        "addresses": "ada@example.com",
        "wake_at": NOON,
        **changes,
    }
    return replace(row, **values)


def active(row: Delegation, association_id: str, **changes: Any) -> Delegation:
    """The row once Close holds the association: the clock runs since it was asked."""
    values = {
        "version": row.version + 1,
        "state": State.ACTIVE,
        "association_id": association_id,
        "active_at": NOON,
        "ends_at": NOON + 2 * HOUR,
        "warn_at": NOON + HOUR,
        "remind_at": None,
        "reminders": 0,
        "arrives_until": None,
        "leased_until": None,
        "wake_at": NOON + HOUR,
        **changes,
    }
    return replace(row, **values)


async def trail(stage: Bench, row: Delegation) -> list[Event]:
    """What has happened to it after its beginning."""
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    return [each.event for each in history[1:]]


async def compared(stage: Bench) -> datetime | None:
    """When Close is compared with what is known of Ada."""
    found = await stage.database.run(lambda store: store.comparisons.get(TEAM, ADA))
    return found.wake_at if found else None


async def test_created(stage: Bench) -> None:
    """Written down, asked for, answered: it runs since Close was asked, and is warned in time."""
    row = await agreed(stage, remind_at=NOON, reminders=2, trouble=Trouble.CLOSE_DOWN, attempts=3)
    await create.step(stage.tools, row)
    (made,) = stage.books.held
    assert (made.allowing_user_id, made.allowed_user_id) == ("user_ada", "user_ben")
    expected = active(written(row), made.id, trouble=None, attempts=0)
    assert await stage.present(row) == expected
    assert await trail(stage, row) == [Event.ATTEMPT, Event.ACTIVATE]
    assert stage.books.asked("associations") == [("user_ada", "user_ben", False)]
    assert stage.books.asked("sending_accounts") == [("user_ada",)]
    for event in (Event.ATTEMPT, Event.ACTIVATE):
        value = stage.tools.metrics.registry.get_sample_value(
            "sendas_delegation_events_total", {"event": event}
        )
        assert value == 1
    assert await compared(stage) == NOON + 9 * DAY


class Crowd(EverybodyIsHere):
    """Slack answers once as many are asked as there are to ask."""

    def __init__(self, size: int) -> None:
        self.met = asyncio.Barrier(size)

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """Whoever is asked for."""
        await self.met.wait()
        return person(user_id)


def met(crowd: Crowd, method: Any) -> Any:
    """Close's method, which answers like that."""

    async def answered(*args: Any, **kwargs: Any) -> Any:
        await crowd.met.wait()
        return await method(*args, **kwargs)

    return answered


async def test_looked_up_together(database: Database) -> None:
    """What has to be known is asked at the same time: Slack about both, and Close for its members,
    what it holds of the two, and what the grantor can send from."""
    crowd = Crowd(5)
    stage = await furnished(bench(database, directory=crowd))
    for name in ("users", "associations", "sending_accounts"):
        setattr(stage.books, name, met(crowd, getattr(stage.books, name)))
    row = await agreed(stage, grantee_close_id="user_ben")
    await asyncio.wait_for(create.step(stage.tools, row), PATIENCE)
    assert (await stage.present(row)).state is State.ACTIVE


async def test_an_account_that_nobody_has_seen(stage: Bench) -> None:
    """Only once it is known for which account it is, Close is asked what it holds of the two."""
    row = await agreed(stage, grantee_account=None, grantee_close_id=None)
    stage.books.hold(7)
    await create.step(stage.tools, row)
    assert (await stage.present(row)).trouble is Trouble.EXISTED_BEFORE
    assert stage.books.asked("associations") == [("user_ada", "user_ben", False)]


async def test_looked_up_too_long_ago(stage: Bench) -> None:
    """What was found before a long pause may be so no longer: nothing is written down."""
    real = stage.books.sending_accounts

    async def slow(credential: Any, user_id: str) -> Sequence[SendingAccount]:
        stage.moment += SENT_WITHIN + SECOND
        return await real(credential, user_id)

    stage.books.sending_accounts = slow  # type: ignore[method-assign]  # it takes its time
    row = await agreed(stage)
    with pytest.raises(RetryLater):
        await create.step(stage.tools, row)
    assert await stage.present(row) == row


async def test_the_grantees_own_account(stage: Bench) -> None:
    """An account that its owner connected is proven, and shown as it is there."""
    await stage.connect(BEN)
    row = await agreed(stage, grantee_account=None, grantee_close_id=None)
    stage.wait(seconds=5)
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert after.grantee_account == "user_ben, user_ben@example.com"
    assert (after.grantee_close_id, after.is_grantee_proven) == ("user_ben", True)
    assert after.identified_at == stage.moment  # the grantor has agreed to one unseen
    assert after.ends_at == stage.moment + 2 * HOUR


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"lapses_at": NOON}, {"state": State.LAPSED, "end_event": Event.LAPSE}),
        (
            {"length": None, "until": NOON},
            {"state": State.LAPSED, "end_event": Event.LAPSE},
        ),
        (
            {"lapses_at": NOON, **TRIED},
            {"state": State.ENDING, "end_event": Event.EXPIRE, "trouble": None, "wake_at": NOON},
        ),
    ],
)
async def test_too_late(stage: Bench, changes: dict[str, Any], left: dict[str, Any]) -> None:
    """It lapses with what it waited for; what Close was asked for is ended properly."""
    row = await agreed(stage, trouble=Trouble.NOT_CONNECTED, **changes)
    stage.moment = NOON
    await create.step(stage.tools, row)
    values = {"wake_at": None, **left}
    assert await stage.present(row) == replace(
        row, version=row.version + 1, ended_at=NOON, leased_until=None, **values
    )
    assert stage.books.calls == []


async def test_a_moment_before_it_is_too_late(stage: Bench) -> None:
    """Up to the last moment it is made; the earlier of its two ends counts."""
    row = await agreed(stage, lapses_at=NOON + SECOND)
    assert create.latest_start(row) == NOON + SECOND
    soon = replace(row, length=None, until=NOON + SECOND / 2)
    assert create.latest_start(soon) == NOON + SECOND / 2
    assert create.latest_start(replace(soon, until=NOON + DAY)) == NOON + SECOND
    await create.step(stage.tools, row)
    assert (await stage.present(row)).state is State.ACTIVE


async def test_too_early(stage: Bench) -> None:
    """It waits for its start, and that is no attempt."""
    row = await agreed(stage, starts_at=NOON + HOUR, trouble=Trouble.CLOSE_DOWN)
    await create.step(stage.tools, row)
    assert await stage.present(row) == replace(
        row, version=row.version + 1, wake_at=NOON + HOUR, leased_until=None, trouble=None
    )
    stage.moment = NOON + HOUR
    await create.step(stage.tools, await stage.present(row))
    after = await stage.present(row)
    assert (after.state, after.ends_at) == (State.ACTIVE, NOON + 3 * HOUR)


async def waiting(stage: Bench, row: Delegation, trouble: Trouble, **changes: Any) -> None:
    """The row waits for somebody to connect."""
    after = await stage.present(row)
    assert after == replace(
        row,
        version=row.version + 1,
        trouble=trouble,
        attempts=row.attempts + 1,
        leased_until=None,
        remind_at=after.remind_at,
        wake_at=after.wake_at,
        **changes,
    )
    assert after.remind_at is not None
    hourly = [NOON + HOUR] if trouble not in GRANTORS else []
    assert after.wake_at == min(row.lapses_at, after.remind_at, *hourly)


GRANTORS = (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST)


async def test_nobody_is_connected(stage: Bench) -> None:
    """It waits for the grantor, who is reminded, until it lapses."""
    row = await agreed(stage, grantor_id=CLEO)
    await create.step(stage.tools, row)
    await waiting(stage, row, Trouble.NOT_CONNECTED)
    short = await agreed(stage, grantor_id="U0DAN", lapses_at=NOON + SECOND)
    await create.step(stage.tools, short)
    await waiting(stage, short, Trouble.NOT_CONNECTED)


async def test_reminders_count_from_the_decision(stage: Bench) -> None:
    """Whoever has to connect is reminded as long after it was agreed to, not after the last one."""
    row = await agreed(
        stage,
        grantor_id=CLEO,
        decided_at=NOON - DAY,
        trouble=Trouble.NOT_CONNECTED,
        remind_at=NOON,
    )
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert after.reminders == 1
    assert after.remind_at == next_reminder(
        asked_at=NOON - DAY, sent=1, zone=row.grantor_zone, now=NOON
    )
    assert after.remind_at != next_reminder(asked_at=NOON, sent=1, zone=row.grantor_zone, now=NOON)


async def test_the_connection_is_lost(stage: Bench) -> None:
    """The same, in its own words."""
    connection = await stage.connect()
    await stage.database.run(lambda store: store.connections.mark_dead(connection, now=NOON))
    row = await agreed(stage)
    await create.step(stage.tools, row)
    await waiting(stage, row, Trouble.CONNECTION_LOST)


async def test_the_grantor_is_leaving(stage: Bench) -> None:
    """Whoever is disconnecting gives nothing new."""
    connection = await stage.connect()
    leaving = replace(connection, leaving_at=NOON)
    await stage.database.run(lambda store: store.connections.put(leaving))
    row = await agreed(stage)
    await create.step(stage.tools, row)
    assert (await stage.present(row)).trouble is Trouble.NOT_CONNECTED
    assert stage.books.calls == []


@pytest.mark.parametrize(
    ("email", "trouble"),
    [
        ("nobody@example.com", Trouble.GRANTEE_NOT_IN_CLOSE),
        (None, Trouble.GRANTEE_WITHOUT_EMAIL),
    ],
)
async def test_the_grantee_is_not_found(stage: Bench, email: str | None, trouble: Trouble) -> None:
    """It waits for the grantee, with a look now and then at what others can change."""
    row = await agreed(stage, grantee_email=email)
    await create.step(stage.tools, row)
    await waiting(stage, row, trouble)


async def test_connected_just_now(stage: Bench) -> None:
    """Somebody who connects at this moment is not overlooked: it is due at once."""
    row = await agreed(stage, grantee_email="nobody@example.com", trouble=Trouble.CLOSE_DOWN)
    real = stage.books.users

    async def users(credential: Any) -> Sequence[CloseUser]:
        await stage.connect(BEN)
        return await real(credential)

    stage.books.users = users  # type: ignore[method-assign]  # they connect meanwhile
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.wake_at, after.trouble, after.leased_until) == (NOON, None, None)


async def test_taken_back_while_somebody_is_waited_for(stage: Bench) -> None:
    """What was taken back meanwhile is left as it is, without a lease."""
    row = await agreed(stage, grantee_email="nobody@example.com")
    real = stage.books.users

    async def users(credential: Any) -> Sequence[CloseUser]:
        await stage.database.run(
            lambda store: store.delegations.apply(row, Event.CANCEL, now=NOON, ended_at=NOON)
        )
        return await real(credential)

    stage.books.users = users  # type: ignore[method-assign]  # it is taken back meanwhile
    await create.step(stage.tools, row)
    assert await stage.present(row) == replace(
        row,
        version=row.version + 1,
        state=State.CANCELLED,
        ended_at=NOON,
        wake_at=None,
        leased_until=None,
    )


@pytest.mark.parametrize("is_tried", [False, True])
@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"grantee_close_id": "user_else"}, Trouble.GRANTEE_CHANGED),
        ({"grantee_close_id": "user_ada", "grantee_id": ADA}, Trouble.SAME_CLOSE_ACCOUNT),
    ],
)
async def test_no_waiting_would_help(
    stage: Bench, changes: dict[str, Any], trouble: Trouble, *, is_tried: bool
) -> None:
    """It fails; what Close was asked for before may still take effect, and is ended instead."""
    row = await agreed(stage, **changes, **(TRIED if is_tried else {}))
    await create.step(stage.tools, row)
    ended = replace(row, version=row.version + 1, ended_at=NOON, leased_until=None)
    if is_tried:
        expected = replace(ended, state=State.ENDING, end_event=Event.FAIL)
    else:
        expected = replace(ended, state=State.FAILED, trouble=trouble, wake_at=None)
    assert await stage.present(row) == expected
    assert not stage.books.asked("create_association")


async def test_the_grantee_waits_no_more_once_tried(stage: Bench) -> None:
    """Nobody is waited for where Close was asked before: what there may be is ended."""
    row = await agreed(stage, grantee_email="nobody@example.com", **TRIED)
    await create.step(stage.tools, row)
    assert (await stage.present(row)).state is State.ENDING


async def test_it_existed_before(stage: Bench) -> None:
    """Not ours to end, so not ours to time-box."""
    stage.books.hold(7)
    row = await agreed(stage)
    await create.step(stage.tools, row)
    assert await stage.present(row) == replace(
        row,
        version=row.version + 1,
        state=State.FAILED,
        trouble=Trouble.EXISTED_BEFORE,
        ended_at=NOON,
        wake_at=None,
        leased_until=None,
    )
    assert stage.books.ids() == ["sdas_7"]


async def test_close_still_shows_an_ended_one(stage: Bench) -> None:
    """One of ours that has ended is waited for, and Close is compared; one beside it is not."""
    stage.books.hold(1)
    await stage.row(state=State.ENDED, wake_at=None)
    row = await agreed(stage, trouble=Trouble.CLOSE_DOWN)
    await create.step(stage.tools, row)
    assert await stage.present(row) == replace(
        row,
        version=row.version + 1,
        trouble=None,
        wake_at=NOON + create.SHOWN_AGAIN,
        leased_until=None,
    )
    assert await compared(stage) == NOON + moves.SETTLE
    stage.books.hold(2)
    await create.step(stage.tools, await stage.present(row))
    assert (await stage.present(row)).trouble is Trouble.EXISTED_BEFORE


async def test_nothing_to_send_from(stage: Bench) -> None:
    """A right that opens no address is not made."""
    stage.books.sending = ()
    row = await agreed(stage)
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.trouble) == (State.FAILED, Trouble.NO_SENDING_ADDRESS)
    assert stage.books.held == []


@pytest.mark.parametrize("error", [INVALID, RetryLater(CloseProblem.UNREADABLE)])
async def test_close_does_not_say_what_one_sends_from(stage: Bench, error: Exception) -> None:
    """What Close shows there is a help, not a condition."""
    stage.books.says("sending_accounts", error)
    row = await agreed(stage)
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.addresses) == (State.ACTIVE, "")


async def test_an_outage_is_waited_for(stage: Bench) -> None:
    """It is for the worker to try again."""
    row = await agreed(stage)
    stage.books.says("sending_accounts", DOWN)
    with pytest.raises(RetryLater):
        await create.step(stage.tools, row)
    assert await stage.present(row) == row


async def test_each_address_once(stage: Bench) -> None:
    """As Close lists them, one a line."""
    stage.books.sending = ("b@example.com", "a@example.com", "b@example.com")
    session = await stage.tools.connections.open(TEAM, ADA)
    found = await create.sending_addresses(stage.tools, session)
    assert found == "b@example.com\na@example.com"


async def test_the_answer_is_lost(stage: Bench) -> None:
    """Close acted: what is found is taken over, and Close is compared when all has arrived."""
    stage.books.says("create_association", UNCLEAR, acts=True)
    row = await agreed(stage)
    await create.step(stage.tools, row)
    (made,) = stage.books.held
    assert await stage.present(row) == active(written(row), made.id, is_taken_over=True)
    assert await compared(stage) == NOON + ARRIVES_WITHIN


@pytest.mark.parametrize("answers", [[], [INVALID]])
async def test_the_call_is_lost(stage: Bench, answers: list[Exception]) -> None:
    """Nothing is found, or Close does not say: it stays unclear, and nothing is forgotten."""
    stage.books.says("create_association", UNCLEAR)
    row = await agreed(stage)
    real = stage.books.associations
    looks = 0

    async def look(credential: Any, **pair: Any) -> Sequence[Association]:
        nonlocal looks
        looks += 1
        if looks == 2 and answers:
            raise answers[0]
        return await real(credential, **pair)

    stage.books.associations = look  # type: ignore[method-assign]  # the second look fails
    with pytest.raises(OutcomeUnclear):
        await create.step(stage.tools, row)
    assert await stage.present(row) == written(row)


async def test_found_at_the_next_try(stage: Bench) -> None:
    """What came of an earlier attempt is looked for first; its clock runs since that attempt."""
    row = await agreed(stage, **TRIED)
    stage.books.hold(1)
    await create.step(stage.tools, row)
    began = NOON - SECOND
    assert await stage.present(row) == active(
        row,
        "sdas_1",
        is_taken_over=True,
        active_at=began,
        ends_at=began + 2 * HOUR,
        warn_at=began + HOUR,
        wake_at=began + HOUR,
    )
    assert not stage.books.asked("create_association")


async def test_asked_once_more(stage: Bench) -> None:
    """Nothing is found: it is asked for again, and the first may still take effect, too."""
    row = await agreed(stage, **TRIED)
    await create.step(stage.tools, row)
    after = await stage.present(row)
    (made,) = stage.books.held
    once_more = written(row, is_unclear=True)
    expected = active(once_more, made.id, is_unclear=True, arrives_until=NOON + ARRIVES_WITHIN)
    assert after == replace(expected, wake_at=NOON + ARRIVES_WITHIN)


async def test_asked_once_more_after_the_first_has_arrived(stage: Bench) -> None:
    """What can arrive no more leaves nothing unsure."""
    row = await agreed(stage, **TRIED)
    stage.moment = NOON + HOUR
    await create.step(stage.tools, row)
    assert not (await stage.present(row)).is_unclear


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"organization_id": "orga_two"}, Trouble.OTHER_CLOSE_ACCOUNT),
        ({"grantor_close_id": "user_x"}, Trouble.OTHER_CLOSE_ACCOUNT),
    ],
)
async def test_another_account_than_before(
    stage: Bench, changes: dict[str, Any], trouble: Trouble
) -> None:
    """With another account nothing can be looked for: what there may be is ended."""
    row = await agreed(stage, **{**TRIED, **changes})
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.end_event) == (State.ENDING, Event.FAIL)
    assert stage.books.calls == []


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (INVALID, Trouble.CLOSE_INVALID),
        (RefusedByClose(CloseProblem.PLAN_LIMIT), Trouble.CLOSE_PLAN_LIMIT),
    ],
)
async def test_refused(stage: Bench, error: Exception, trouble: Trouble) -> None:
    """Close refuses for good: as if it had not been attempted, it fails with Close's reason."""
    stage.books.says("create_association", error)
    row = await agreed(stage)
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.trouble, after.ended_at) == (State.FAILED, trouble, NOON)
    assert (after.attempted_at, after.arrives_until, after.is_unclear) == (None, None, False)


async def test_refused_because_it_exists(stage: Bench) -> None:
    """Its reads may lag: it is looked for once more, and fails when that finds nothing either."""
    stage.books.says("create_association", EXISTS, EXISTS)
    row = await agreed(stage)
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.trouble) == (State.APPROVED, Trouble.CLOSE_EXISTS)
    assert (after.wake_at, after.attempted_at) == (NOON + moves.SETTLE, None)
    await create.step(stage.tools, after)
    after = await stage.present(row)
    assert (after.state, after.trouble) == (State.FAILED, Trouble.CLOSE_EXISTS)


async def test_refused_because_somebody_was_faster(stage: Bench) -> None:
    """The first attempt is refused, and one is there: it is theirs."""
    stage.books.says("create_association", EXISTS, acts=True)
    row = await agreed(stage)
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.trouble) == (State.FAILED, Trouble.EXISTED_BEFORE)


async def test_refused_because_the_first_attempt_worked(stage: Bench) -> None:
    """A later attempt is refused, and one is there: it is ours."""
    stage.books.says("create_association", EXISTS, acts=True)
    row = await agreed(stage, **TRIED)
    await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.is_taken_over) == (State.ACTIVE, True)
    assert after.active_at == NOON - SECOND


async def test_our_app_is_refused(stage: Bench) -> None:
    """The operator can mend that: it is tried again, as if it had not been attempted."""
    stage.books.says("create_association", REJECTED)
    row = await agreed(stage)
    with pytest.raises(RefusedByClose):
        await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.state, after.attempted_at) == (State.APPROVED, None)


@pytest.mark.parametrize("error", [DOWN, ReconnectNeeded(CloseProblem.GRANT_LOST)])
async def test_nothing_was_sent(stage: Bench, error: Exception) -> None:
    """Close did nothing: as if it had not been attempted."""
    stage.books.says("create_association", error)
    row = await agreed(stage)
    if isinstance(error, RetryLater):
        with pytest.raises(RetryLater):
            await create.step(stage.tools, row)
    else:
        await create.step(stage.tools, row)
    after = await stage.present(row)
    assert (after.attempted_at, after.arrives_until) == (None, None)
    assert after.state is State.APPROVED


async def session_of(stage: Bench) -> CloseSession:
    """A session of Ada's."""
    return await stage.tools.connections.open(TEAM, ADA)


async def write(stage: Bench, *rows: Delegation) -> Sequence[Attempt]:
    """Write these down, Ben's for his account, and each other for one of their own."""
    accounts = {BEN: ACCOUNT}
    wanted = [
        (row, accounts.get(row.grantee_id) or replace(ACCOUNT, close_user_id=row.grantee_id))
        for row in rows
    ]
    look = await recheck.look_at(stage.tools, rows)
    return await attempts.written(stage.tools, await session_of(stage), wanted, None, look)


async def test_what_is_written_down(stage: Bench) -> None:
    """In one order, as they were and as they are; without addresses there are none."""
    rows = [await agreed(stage, grantee_id=f"U{number}") for number in range(3)]
    made = await write(stage, *sorted(rows, key=lambda row: row.id, reverse=True))
    assert [each.before for each in made] == sorted(rows, key=lambda row: row.id)
    for each in made:
        close_id = each.before.grantee_id
        assert each.row == written(each.before, addresses="", grantee_close_id=close_id)
        assert await stage.present(each.before) == each.row
    assert all(each.is_first for each in made)
    stage.moment = NOON + HOUR
    again = await write(stage, made[0].row)
    assert not again[0].is_first
    assert await attempts.written(stage.tools, await session_of(stage), [], None, Look()) == []


async def test_what_has_changed_is_not_written_down(stage: Bench) -> None:
    """Taken back: the lease is free. Tried by another process: the lease is theirs."""
    taken, tried = await agreed(stage), await agreed(stage, grantee_id=CLEO)

    def meddle(store: Any) -> None:
        store.delegations.apply(taken, Event.CANCEL, now=NOON, ended_at=NOON)
        store.delegations.apply(tried, Event.ATTEMPT, now=NOON, attempted_at=NOON)

    await stage.database.run(meddle)
    assert await write(stage, taken, tried) == []
    assert (await stage.present(taken)).leased_until is None
    assert (await stage.present(tried)).leased_until == NOON


async def test_something_may_still_arrive_for_the_pair(stage: Bench) -> None:
    """Until then nothing new is asked for: the row waits, and that is no attempt."""
    later = NOON + SECOND
    await stage.row(state=State.ENDED, arrives_until=later, wake_at=None)
    row = await agreed(stage, trouble=Trouble.CLOSE_DOWN)
    assert await write(stage, row) == []
    assert await stage.present(row) == replace(row, wake_at=later, leased_until=None)
    stage.moment = later
    assert len(await write(stage, await stage.present(row))) == 1


@pytest.mark.parametrize(
    ("until", "wake_at"), [(NOON + HOUR, NOON + 5 * SECOND), (NOON + SECOND, NOON + SECOND)]
)
async def test_too_much_may_still_arrive(stage: Bench, until: datetime, wake_at: datetime) -> None:
    """While two of its own may, it is looked at every few seconds, and at the last such moment."""
    tried = {**TRIED, "is_unclear": True, "arrives_until": until}
    row = await agreed(stage, **tried)
    assert await write(stage, row) == []
    assert await stage.present(row) == replace(row, wake_at=wake_at, leased_until=None)


async def test_nothing_may_arrive_any_more(stage: Bench) -> None:
    """At the very moment until when two of its own could, a third is asked for."""
    row = await agreed(stage, **{**TRIED, "is_unclear": True, "arrives_until": NOON})
    assert len(await write(stage, row)) == 1


async def test_two_attempts_at_one_moment(stage: Bench) -> None:
    """The second is told from the first by its moment, also where the clock goes back."""
    for ahead in (timedelta(0), SECOND):
        before = {**TRIED, "attempted_at": NOON + ahead}
        row = await agreed(stage, grantee_id=f"U{ahead.seconds}", **before)
        made = await write(stage, row)
        assert made[0].row.attempted_at == NOON + ahead + timedelta(microseconds=1)


@pytest.mark.parametrize("change", ["gone", "dead", "leaving", "other"])
async def test_the_connection_has_changed(stage: Bench, change: str) -> None:
    """Whoever disconnects, or connects another account, while it is looked up: it is due anew."""
    row = await agreed(stage)
    session = await session_of(stage)
    connection = session.connection

    def meddle(store: Any) -> None:
        other = replace(connection.account, organization_id="orga_two")
        if change == "dead":
            store.connections.mark_dead(connection, now=NOON)
        elif change == "leaving":
            store.connections.put(replace(connection, leaving_at=NOON))
        elif change == "other":
            store.connections.put(replace(connection, account=other))
        else:
            store.connections.put(replace(connection, leaving_at=NOON))
            leaving = store.connections.get(TEAM, ADA)
            store.connections.remove(leaving, now=NOON)

    await stage.database.run(meddle)
    assert await attempts.written(stage.tools, session, [(row, ACCOUNT)], None, Look()) == []
    assert await stage.present(row) == replace(row, leased_until=None)


class Asked(Gone):
    """Slack says so when it is asked."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person:
        """They are deactivated."""
        return person(user_id, is_deactivated=user_id == self._who)


@pytest.mark.parametrize("who", [ADA, BEN])
async def test_slack_is_asked_before_it_is_made(database: Database, who: str) -> None:
    """Whoever has left by now: what they have ends, and Close is not asked."""
    stage = await furnished(bench(database, directory=Asked(who)))
    row = await agreed(stage)
    other = await agreed(stage, grantor_id=CLEO, grantee_id="U0DAN")
    assert len(await write(stage, row)) == 0
    after = await stage.present(row)
    assert (after.state, after.end_event) == (State.CANCELLED, Event.OFFBOARD)
    assert await stage.present(other) == other


class Nobody(EverybodyIsHere):
    """Slack does not know one of them."""

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """Ben is nobody."""
        return None if user_id == BEN else person(user_id)


async def test_slack_does_not_know_somebody(database: Database) -> None:
    """That may be an outage: it waits a minute, while the round finds out."""
    stage = await furnished(bench(database, directory=Nobody()))
    row = await agreed(stage)
    assert await write(stage, row) == []
    assert await stage.present(row) == replace(
        row,
        version=row.version + 1,
        trouble=Trouble.PERSON_UNKNOWN,
        attempts=1,
        wake_at=NOON + timedelta(minutes=1),
        leased_until=None,
    )


class Silent(EverybodyIsHere):
    """Slack does not answer; what it said before may be known."""

    def __init__(self, *, is_known: bool) -> None:
        self._is_known = is_known

    async def person(self, user_id: str, *, afresh: bool = False) -> Person:
        """No answer."""
        raise NoAnswer

    def known(self, user_id: str) -> Any:
        """What it said within the last minutes."""
        return Sighting(person(user_id)) if self._is_known else None


async def test_slack_does_not_answer(database: Database) -> None:
    """On what it said a moment ago the right is made, and Slack asked again; else it waits."""
    stage = await furnished(bench(database, directory=Silent(is_known=True)))
    row = await agreed(stage)
    (made,) = await write(stage, row)
    assert made.row == written(row, addresses="", is_unchecked=True)


async def test_slack_has_never_answered(database: Database) -> None:
    """Nothing is made of people of whom nothing is known."""
    stage = await furnished(bench(database, directory=Silent(is_known=False)))
    row = await agreed(stage)
    with pytest.raises(PeopleUnclear):
        await write(stage, row)
    assert await stage.present(row) == row


async def test_what_was_written_down_too_long_ago(stage: Bench) -> None:
    """It could arrive later than is reckoned with: it is not sent any more."""
    (made,) = await write(stage, await agreed(stage))
    session = await session_of(stage)
    stage.moment = NOON + SENT_WITHIN + SECOND
    with pytest.raises(RetryLater) as refused:
        await attempts.asked(stage.tools, session, made)
    assert refused.value.problem is CloseProblem.TIMED_OUT
    assert stage.books.held == []
    stage.moment = NOON + SENT_WITHIN
    assert (await attempts.asked(stage.tools, session, made)).allowed_user_id == "user_ben"
    with pytest.raises(RetryLater):
        attempts.check_in_time(stage.tools, None)


async def test_attempts_that_had_no_effect(stage: Bench) -> None:
    """They are forgotten; what was taken back meanwhile is free, and left to its own end."""
    rows = [await agreed(stage, grantee_id=f"U{number}") for number in range(2)]
    again = await agreed(stage, grantee_id="U9", **TRIED)
    one, other, third = await write(stage, *rows, again)
    found = {each.before.grantee_id: each for each in (one, other, third)}
    await stage.database.run(
        lambda store: store.delegations.apply(
            found["U1"].row, Event.REVOKE, now=NOON, ended_at=NOON
        )
    )
    stage.moment = NOON + HOUR
    (latest,) = await write(stage, found["U9"].row)
    left = await attempts.had_no_effect(stage.tools, [found["U0"], found["U1"], latest])
    assert sorted(each.grantee_id for each in left) == ["U0", "U9"]
    first = await stage.present(rows[0])
    assert (first.attempted_at, first.arrives_until, first.is_unclear) == (None, None, False)
    assert first.leased_until == NOON
    taken = await stage.present(rows[1])
    assert (taken.attempted_at, taken.leased_until) == (None, None)
    ninth = await stage.present(again)
    assert ninth.attempted_at == NOON
    assert ninth.arrives_until == NOON + ARRIVES_WITHIN


async def make(stage: Bench, row: Delegation, *, is_answer: bool = True) -> None:
    """Close holds sdas_1 for it."""
    found = Association("sdas_1", ORGANIZATION, "user_ada", "user_ben")
    await attempts.activate(stage.tools, [Made(row, found, is_answer=is_answer)])


async def test_activated_when_it_was_over(stage: Bench) -> None:
    """What is noticed after its end has ended: it is never shown as active."""
    row = await agreed(stage, **TRIED)
    stage.moment = NOON - SECOND + 2 * HOUR
    await make(stage, row)
    assert await stage.present(row) == active(
        row,
        "sdas_1",
        state=State.ENDING,
        active_at=NOON - SECOND,
        ends_at=stage.moment,
        warn_at=None,
        end_event=Event.EXPIRE,
        ended_at=stage.moment,
        wake_at=stage.moment,
    )


async def test_activated_after_a_later_attempt(stage: Bench) -> None:
    """The answer to the first of two: the earlier one counts, and the later is unsure."""
    first = await agreed(stage, **TRIED)
    await write(stage, first)
    await make(stage, first)
    after = await stage.present(first)
    assert (after.active_at, after.is_unclear) == (NOON - SECOND, True)
    assert after.arrives_until == NOON + ARRIVES_WITHIN


async def test_activated_without_an_attempt(stage: Bench) -> None:
    """What nobody wrote down begins now."""
    row = await agreed(stage)
    await make(stage, row)
    assert await stage.present(row) == active(row, "sdas_1")


@pytest.mark.parametrize("is_answer", [False, True])
async def test_activated_while_it_ends(stage: Bench, *, is_answer: bool) -> None:
    """Taken back meanwhile: now it is known what there is to delete."""
    row = await agreed(stage, state=State.ENDING, **TRIED)
    await make(stage, row, is_answer=is_answer)
    assert await stage.present(row) == replace(
        row,
        version=row.version + 1,
        association_id="sdas_1",
        is_taken_over=not is_answer,
        leased_until=None,
        wake_at=NOON,
    )


@pytest.mark.parametrize("state", [State.ACTIVE, State.ENDING])
@pytest.mark.parametrize("is_answer", [False, True])
@pytest.mark.parametrize("known", ["sdas_1", "sdas_2"])
async def test_activated_a_second_time(
    stage: Bench, state: State, known: str, *, is_answer: bool
) -> None:
    """Another one than the known one is to be taken away; a guess, or the same one, is nothing."""
    row = await stage.row(state=state, association_id=known, leased_until=NOON)
    await make(stage, row, is_answer=is_answer)
    after = await stage.present(row)
    if is_answer and known != "sdas_1":
        doubtful = replace(row, is_unclear=True, arrives_until=NOON, wake_at=NOON)
        assert after == replace(doubtful, version=row.version + 1, surplus_id="sdas_1")
    else:
        assert after == replace(row, leased_until=None)


@pytest.mark.parametrize("is_answer", [False, True])
@pytest.mark.parametrize("known", [None, "sdas_1"])
async def test_activated_after_its_end(stage: Bench, known: str | None, *, is_answer: bool) -> None:
    """Close answers only now: Close is compared at once, and the id is known."""
    row = await stage.row(state=State.ENDED, association_id=known, wake_at=None)
    await make(stage, row, is_answer=is_answer)
    after = await stage.present(row)
    is_news = is_answer and known is None
    assert after.association_id == ("sdas_1" if is_news else known)
    assert await compared(stage) == (NOON if is_news else NOON + 9 * DAY)


async def test_nothing_is_activated_of_what_is_not_there(stage: Bench) -> None:
    """A row that is gone is no error."""
    row = await agreed(stage)
    await make(stage, replace(row, id="nothing"))
    assert await stage.present(row) == row


@pytest.mark.parametrize(
    ("changes", "ends_at"),
    [
        ({}, NOON + HOUR),
        ({"length": None}, NOON + HOUR),
        ({"length": HOUR / 2}, NOON + HOUR / 2),
        ({"standing_id": "another"}, NOON + 2 * HOUR),
        ({"standing_id": None}, NOON + 2 * HOUR),
    ],
)
async def test_it_ends_with_the_standing_approval(
    stage: Bench, changes: dict[str, Any], ends_at: datetime
) -> None:
    """Nothing outlasts the grantor's word, however late it began."""
    standing = StandingApproval(
        id="s1",
        team_id=TEAM,
        grantor_id=ADA,
        grantee_id=BEN,
        max_length=4 * HOUR,
        until=NOON + HOUR,
        created_at=NOON,
    )
    await stage.database.run(lambda store: store.standing.put(standing))
    row = await agreed(stage, **{"standing_id": "s1", **changes})
    await make(stage, row)
    assert (await stage.present(row)).ends_at == ends_at
