"""What every step shares: putting a row off, the word for it, who is reminded, and giving up."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.close.errors import CloseProblem, OutcomeUnclear, RefusedByClose, RetryLater
from bot.connections.sessions import NotConnected, OtherAccountConnected
from bot.delegations.people.eligibility import PeopleUnclear
from bot.delegations.steps import moves
from bot.delegations.steps.moves import IDLE, QUIET_ATTEMPTS, QUIET_WAITS
from bot.store import Database
from bot.store.rows import many
from models.delegation import Delegation, Event, State, Trouble
from models.notice import Notice, NoticeKind, notices
from models.policy import Policy
from tests.integration.books import ADA, CLEO, Bench, bench
from tests.integration.rows import NOON, TEAM

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WAIT = timedelta(seconds=40)
BUSY = RetryLater(CloseProblem.RATE_LIMITED, status=429, wait=WAIT)
HELD_BACK = RetryLater(CloseProblem.RATE_LIMITED, wait=WAIT)
DOWN = RetryLater(CloseProblem.UNAVAILABLE, status=503)
FORBIDDEN = RefusedByClose(CloseProblem.FORBIDDEN, status=403)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stage(database: Database) -> Bench:
    """Cleo is an admin."""
    return bench(database, policy=Policy(admins=frozenset({CLEO})))


async def ending(stage: Bench, **changes: Any) -> Delegation:
    """Taken back at noon."""
    values = {
        "state": State.ENDING,
        "end_event": Event.REVOKE,
        "ended_at": NOON,
        "leased_until": NOON,
        **changes,
    }
    return await stage.row(**values)


@pytest.mark.parametrize(
    ("error", "attempts", "word"),
    [
        (NotConnected(), 0, Trouble.NOT_CONNECTED),
        (OtherAccountConnected(), 0, Trouble.OTHER_CLOSE_ACCOUNT),
        (FORBIDDEN, 0, Trouble.CLOSE_FORBIDDEN),
        (RefusedByClose(CloseProblem.UNEXPECTED), 0, Trouble.CLOSE_UNEXPECTED),
        (ZeroDivisionError(), 0, Trouble.UNKNOWN),
        # A hiccup is not worth a word, being asked to wait even less.
        (DOWN, QUIET_ATTEMPTS - 1, Trouble.CLOSE_INVALID),
        (DOWN, QUIET_ATTEMPTS, Trouble.CLOSE_DOWN),
        (OutcomeUnclear(CloseProblem.TIMED_OUT), QUIET_ATTEMPTS - 1, Trouble.CLOSE_INVALID),
        (OutcomeUnclear(CloseProblem.TIMED_OUT), QUIET_ATTEMPTS, Trouble.CLOSE_DOWN),
        (BUSY, QUIET_WAITS - 1, Trouble.CLOSE_INVALID),
        (BUSY, QUIET_WAITS, Trouble.CLOSE_BUSY),
        (PeopleUnclear(), QUIET_ATTEMPTS - 1, Trouble.CLOSE_INVALID),
        (PeopleUnclear(), QUIET_ATTEMPTS, Trouble.SLACK_SILENT),
        (PeopleUnclear(WAIT), QUIET_WAITS - 1, Trouble.CLOSE_INVALID),
        (PeopleUnclear(WAIT), QUIET_WAITS, Trouble.SLACK_SILENT),
    ],
)
async def test_the_word_for_it(
    stage: Bench, error: Exception, attempts: int, word: Trouble
) -> None:
    """Each error has its word, and what passes by itself says nothing at first."""
    row = await ending(stage, trouble=Trouble.CLOSE_INVALID, attempts=attempts)
    await moves.put_off(stage.tools, row, error)
    after = await stage.present(row)
    is_new = word is not Trouble.CLOSE_INVALID
    assert (after.trouble, after.version) == (word, row.version + is_new)
    assert (after.attempts, after.leased_until) == (attempts + 1, None)


@pytest.mark.parametrize(
    ("error", "attempts", "least", "most"),
    [
        (DOWN, 0, SECOND / 2, SECOND),
        (DOWN, 5, 16 * SECOND, 32 * SECOND),
        (BUSY, 5, WAIT, WAIT + SECOND),
    ],
)
async def test_for_how_long(
    stage: Bench, error: Exception, attempts: int, least: timedelta, most: timedelta
) -> None:
    """As long as Close asked for, or a little longer each time."""
    row = await ending(stage, attempts=attempts)
    await moves.put_off(stage.tools, row, error)
    after = await stage.present(row)
    assert after.wake_at is not None
    assert NOON + least <= after.wake_at <= NOON + most


async def test_what_was_not_sent_was_no_attempt(stage: Bench) -> None:
    """Our own limiter had no turn left."""
    row = await ending(stage, attempts=3)
    await moves.put_off(stage.tools, row, HELD_BACK)
    assert (await stage.present(row)).attempts == 3
    assert moves.was_held_back(HELD_BACK)
    assert not moves.was_held_back(BUSY)
    assert not moves.was_held_back(RetryLater(CloseProblem.UNREACHABLE))
    assert not moves.was_held_back(PeopleUnclear(WAIT))


async def test_what_close_did_is_counted(stage: Bench) -> None:
    """By its problem, and nothing that others did."""
    for error in (FORBIDDEN, FORBIDDEN, NotConnected(), PeopleUnclear()):
        moves.trouble_of(stage.tools, error)
    registry = stage.tools.metrics.registry
    name = "sendas_close_failures_total"
    assert registry.get_sample_value(name, {"problem": "forbidden"}) == 2


async def test_moved_on_meanwhile(stage: Bench) -> None:
    """Somebody has moved it on: only its lease is given back."""
    row = await stage.row(leased_until=NOON)
    await stage.database.run(
        lambda store: store.delegations.apply(row, Event.REVOKE, now=NOON, ended_at=NOON)
    )
    before = await stage.present(row)
    await moves.wait_until(stage.tools, row, NOON + HOUR, trouble=None)
    assert await stage.present(row) == replace(before, leased_until=None)


FIRST = NOON + 4 * HOUR


async def test_who_has_to_connect_is_reminded(stage: Bench) -> None:
    """Some hours after it began to wait, then daily; each reminder is counted and told."""
    row = await ending(stage)
    await moves.put_off(stage.tools, row, NotConnected())
    waiting = await stage.present(row)
    assert (waiting.remind_at, waiting.reminders) == (FIRST, 0)
    stage.moment = FIRST - SECOND
    await moves.put_off(stage.tools, waiting, NotConnected())
    waiting = await stage.present(row)
    assert (waiting.remind_at, waiting.reminders, waiting.attempts) == (FIRST, 0, 2)
    stage.moment = FIRST
    await moves.put_off(stage.tools, waiting, NotConnected())
    told = await stage.present(row)
    assert (told.remind_at, told.reminders) == (NOON + DAY, 1)
    assert (told.trouble, told.attempts) == (Trouble.NOT_CONNECTED, 3)
    assert told.version == row.version + 2  # the trouble is news once, and so is the reminder
    history = await stage.database.run(lambda store: store.delegations.history(row.id))
    assert [each.event for each in history[1:]] == [Event.REMIND]


async def test_another_trouble_begins_anew(stage: Bench) -> None:
    """Who waits for something else now is not reminded at once."""
    row = await ending(stage, trouble=Trouble.CONNECTION_LOST, remind_at=NOON - HOUR, reminders=2)
    await moves.put_off(stage.tools, row, NotConnected())
    assert (await stage.present(row)).remind_at == FIRST


async def test_nobody_is_reminded_of_what_they_cannot_mend(stage: Bench) -> None:
    """Close is down, or it is not an end that waits: then nobody is."""
    row = await ending(stage)
    await moves.put_off(stage.tools, row, FORBIDDEN)
    assert (await stage.present(row)).remind_at is None
    running = await stage.row(grantee_id=CLEO)
    await moves.wait_until(stage.tools, running, NOON + HOUR, trouble=Trouble.NOT_CONNECTED)
    assert (await stage.present(running)).remind_at is None


async def overdue(stage: Bench) -> list[str]:
    """The admins who were told that something is overdue."""

    def read(connection: Connection) -> list[Notice]:
        return many(connection, Notice, notices.select())

    found: list[Notice] = await stage.database.run_connection(read)
    return [each.recipient for each in found if each.kind is NoticeKind.OVERDUE_LIST]


async def test_admins_hear_of_what_is_late(stage: Bench) -> None:
    """At once where the bot cannot ask, after a while where Close is busy, and only of ends."""
    running = await stage.row(grantee_id=CLEO, trouble=Trouble.NOT_CONNECTED)
    await moves.wait_until(stage.tools, running, NOON, trouble=Trouble.NOT_CONNECTED)
    row = await ending(stage)
    await moves.put_off(stage.tools, row, DOWN)
    assert await overdue(stage) == []
    stage.moment = NOON + 15 * MINUTE
    await moves.put_off(stage.tools, await stage.present(row), DOWN)
    assert await overdue(stage) == [CLEO]


async def test_whoever_may_not_is_looked_at(stage: Bench) -> None:
    """Close forbids it: perhaps its owner is nobody there any more."""
    await stage.connect()
    row = await ending(stage)

    async def looked_at() -> Any:
        found = await stage.database.run(lambda store: store.connections.get(TEAM, ADA))
        assert found is not None
        return found.wake_at

    await moves.put_off(stage.tools, row, DOWN)
    assert await looked_at() != NOON
    await moves.put_off(stage.tools, await stage.present(row), FORBIDDEN)
    assert await looked_at() == NOON


@pytest.mark.parametrize(
    ("changes", "wake_at"),
    [
        ({"warn_at": NOON + HOUR}, NOON + HOUR),
        ({"warn_at": NOON + MINUTE / 2}, NOON + IDLE),
        ({"state": State.ENDING}, NOON + IDLE),
        ({"ends_at": None}, None),
        ({"state": State.ENDED}, None),
    ],
)
async def test_nothing_is_to_be_done(stage: Bench, changes: dict[str, Any], wake_at: Any) -> None:
    """It is due when its state says so, but never at once: it would be claimed again and again."""
    row = await stage.row(leased_until=NOON, **changes)
    await moves.free(stage.tools, row)
    assert await stage.present(row) == replace(row, wake_at=wake_at, leased_until=None)


async def test_refused_for_good(stage: Bench) -> None:
    """It fails with Close's word, and that is counted."""
    row = await stage.row(state=State.APPROVED, leased_until=NOON)
    await moves.fail(stage.tools, row, Trouble.CLOSE_INVALID)
    assert await stage.present(row) == replace(
        row,
        version=row.version + 1,
        state=State.FAILED,
        trouble=Trouble.CLOSE_INVALID,
        ended_at=NOON,
        wake_at=None,
        leased_until=None,
    )
    value = stage.tools.metrics.registry.get_sample_value(
        "sendas_delegation_events_total", {"event": Event.FAIL}
    )
    assert value == 1


@pytest.mark.parametrize(
    ("state", "is_freed"),
    [(State.ACTIVE, True), (State.APPROVED, False), (State.ENDING, False)],
)
async def test_decided_from_an_old_copy(stage: Bench, state: State, *, is_freed: bool) -> None:
    """It is called off; the lease is only kept where somebody else may ask Close just now."""
    row = await stage.row(state=state, leased_until=NOON)
    await moves.wait_until(stage.tools, row, NOON, trouble=Trouble.CLOSE_DOWN)
    await stage.database.run(
        lambda store: store.delegations.due.claim(now=NOON, lease=HOUR, limit=9)
    )
    before = await stage.present(row)
    event = Event.FAIL if state is State.APPROVED else Event.CONFIRM
    await moves.move(stage.tools, row, Event.EXTEND if state is State.ACTIVE else event)
    assert await stage.present(row) == (replace(before, leased_until=None) if is_freed else before)
    value = stage.tools.metrics.registry.get_sample_value(
        "sendas_delegation_events_total", {"event": event}
    )
    assert not value


async def test_what_is_gone_or_in_another_state(stage: Bench) -> None:
    """Also called off: what is in another state by now is free, and what is gone is no error."""
    row = await stage.row(state=State.APPROVED, leased_until=NOON)
    await stage.database.run(
        lambda store: store.delegations.apply(row, Event.REVOKE, now=NOON, ended_at=NOON)
    )
    await moves.move(stage.tools, row, Event.ACTIVATE)
    after = await stage.present(row)
    assert (after.state, after.leased_until) == (State.ENDING, None)
    await moves.move(stage.tools, replace(row, id="nothing"), Event.ACTIVATE)
