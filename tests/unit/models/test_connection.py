"""When a connection is looked at: daily, and before each moment that depends on it."""

from datetime import UTC, datetime, timedelta

import pytest

from models.account import Account
from models.connection import (
    AFTER_APPROVAL,
    DAILY,
    FRESH_FOR_THE_END,
    JITTER,
    RECENT,
    Connection,
    checkpoints,
    next_check,
)
from models.delegation import Delegation, State

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACCOUNT = Account(
    close_user_id="user_1",
    organization_id="orga_1",
    email="ada@example.com",
    name="Ada",
    is_api_key=False,
    secret=b"",
)


def connection(*, checked_at: datetime | None = NOON) -> Connection:
    """A connection that was made at noon."""
    return Connection(
        id="c",
        team_id="T",
        slack_user_id="U",
        account=ACCOUNT,
        connected_at=NOON,
        checked_at=checked_at,
    )


def delegation(state: State, **times: datetime | None) -> Delegation:
    """A delegation that was asked for at noon."""
    return Delegation(
        id="d",
        team_id="T",
        grantor_id="U",
        grantee_id="V",
        requester_id="V",
        reason="",
        state=state,
        requested_at=NOON,
        lapses_at=NOON + timedelta(days=3),
        **times,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("length", "ahead"),
    [
        (timedelta(days=8), timedelta(days=2)),
        (timedelta(hours=8), timedelta(hours=2)),
        (timedelta(hours=4), HOUR),
        (timedelta(hours=2), HOUR),
        (timedelta(minutes=10), HOUR),
    ],
)
def test_a_quarter_before_the_end_but_at_least_an_hour(length: timedelta, ahead: timedelta) -> None:
    """The first look is early enough to reconnect; the second is just before the end."""
    active = delegation(State.ACTIVE, active_at=NOON, ends_at=NOON + length)
    assert checkpoints(active) == [
        NOON + length - ahead,
        NOON + length - FRESH_FOR_THE_END,
    ]


def test_an_approval_is_followed_by_a_look() -> None:
    """Also when it begins much later: then once more before it begins."""
    later = NOON + timedelta(days=2)
    approved = delegation(State.APPROVED, decided_at=NOON, starts_at=later)
    assert checkpoints(approved) == [NOON + AFTER_APPROVAL, later - HOUR]


@pytest.mark.parametrize("state", [s for s in State if s not in (State.APPROVED, State.ACTIVE)])
def test_nothing_else_needs_a_look(state: State) -> None:
    """Neither what was never approved nor what is over; an end that goes on asks by itself."""
    assert checkpoints(delegation(state, ends_at=NOON)) == []


def test_daily_without_anything_to_serve() -> None:
    """A connection that serves nothing is kept alive all the same, in less than a day."""
    assert next_check(connection(), []) == NOON + DAILY
    assert next_check(connection(), [], jitter=HOUR) == NOON + DAILY + HOUR
    longest = next_check(connection(), [], jitter=JITTER)
    assert longest < NOON + timedelta(days=1)


def test_the_earliest_moment_that_was_not_served_counts() -> None:
    """A look shortly before a moment serves it; jitter never puts off such a moment."""
    end = NOON + timedelta(hours=2)
    active = delegation(State.ACTIVE, active_at=NOON, ends_at=end)
    assert next_check(connection(), [active], jitter=HOUR) == end - HOUR
    served = connection(checked_at=end - HOUR - RECENT)
    assert next_check(served, [active]) == end - FRESH_FOR_THE_END
    assert next_check(connection(checked_at=end), [active]) == end + DAILY


def test_a_moment_that_was_missed_is_due_now() -> None:
    """After a pause of the bot the look is made late rather than never."""
    active = delegation(State.ACTIVE, active_at=NOON, ends_at=NOON + timedelta(hours=2))
    missed = connection(checked_at=NOON - timedelta(days=2))
    assert next_check(missed, [active]) < NOON
