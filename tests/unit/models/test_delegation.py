"""The life of a delegation: every state with every event, and when it has to be looked at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.account import Account
from models.delegation import (
    OPEN_STATES,
    TRANSITIONS,
    Delegation,
    Event,
    ImpossibleTransition,
    State,
    Trouble,
    default_wake,
    is_possible,
    next_state,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

# Written down a second time, by hand: what is not here cannot happen.
EXPECTED = """
            -           requested   approved    active      ending      ended
request     requested   .           .           .           .           .
grant       approved    .           .           .           .           .
adopt       active      .           .           .           .           .
remind      .           requested   approved    active      ending      .
nudge       .           .           approved    .           .           .
snooze      .           requested   .           .           .           .
change      .           requested   .           .           .           .
agree       .           requested   requested   active      .           .
approve     .           approved    .           .           .           .
deny        .           denied      .           .           .           .
cancel      .           cancelled   cancelled   .           .           .
lapse       .           lapsed      lapsed      .           .           .
attempt     .           .           approved    .           .           .
activate    .           .           active      .           ending      .
fail        .           .           failed      .           .           .
warn        .           .           .           active      .           .
ask_extension .         .           .           active      .           .
extend      .           .           .           active      .           .
decline_extension .     .           .           active      .           .
expire      .           .           ending      ending      .           .
revoke      .           .           ending      ending      .           .
release     .           .           ending      ending      .           .
end         .           .           ending      ending      .           .
withdraw    .           .           ending      .           .           .
unconfirmed .           .           ending      ending      .           .
offboard    .           .           ending      ending      .           .
disconnect  .           .           ending      ending      .           .
uninstall   .           .           ending      ending      .           .
remove      .           .           .           ended       .           .
reappear    .           .           .           .           .           ending
confirm     .           .           .           .           ended       .
"""


def expected() -> dict[tuple[State | None, Event], State]:
    """The table above, cell by cell."""
    header, *lines = [line.split() for line in EXPECTED.strip().splitlines()]
    states = [None if name == "-" else State(name) for name in header]
    return {
        (state, Event(name)): State(cell)
        for name, *cells in lines
        for state, cell in zip(states, cells, strict=True)
        if cell != "."
    }


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("event", Event)
def test_every_state_with_every_event(state: State | None, event: Event) -> None:
    """Each pair leads where the table says, or is refused with both named."""
    after = expected().get((state, event))
    assert is_possible(state, event) is (after is not None)
    if after is None:
        with pytest.raises(ImpossibleTransition, match=event.value) as caught:
            next_state(state, event)
        assert (caught.value.state, caught.value.event) == (state, event)
    else:
        assert next_state(state, event) is after


def test_the_table_knows_every_state_and_event() -> None:
    """No state is missing, and every event can happen somewhere."""
    assert set(TRANSITIONS) == {None, *State}
    assert {event for row in TRANSITIONS.values() for event in row} == set(Event)


def test_closed_is_closed() -> None:
    """What is closed never opens again, except for what Close turns out to hold still."""
    for state in set(State) - set(OPEN_STATES):
        assert set(TRANSITIONS[state]) <= {Event.REAPPEAR}


def test_nothing_but_a_confirmation_ends_what_close_was_asked_for() -> None:
    """From ending there is one way to ended, and it is Close's word."""
    ways = {event for event, after in TRANSITIONS[State.ENDING].items() if after is State.ENDED}
    assert ways == {Event.CONFIRM}


def row(**changes: Any) -> Delegation:
    """A request of two hours that has been looked at once."""
    values: dict[str, Any] = {
        "id": "d",
        "team_id": "T",
        "grantor_id": "U0ADA",
        "grantee_id": "U0BEN",
        "requester_id": "U0BEN",
        "reason": "",
        "length": timedelta(hours=2),
        "state": State.REQUESTED,
        "requested_at": NOON,
        "lapses_at": NOON + timedelta(days=3),
        "identified_at": NOON,
        **changes,
    }
    return Delegation(**values)


LATER = NOON + timedelta(hours=1)
WAKES = [
    ({"identified_at": None}, NOON),
    ({}, NOON + timedelta(days=3)),
    ({"remind_at": LATER}, LATER),
    ({"remind_at": NOON + timedelta(days=9)}, NOON + timedelta(days=3)),
    ({"state": State.APPROVED}, NOON),
    ({"state": State.ENDING}, NOON),
    ({"state": State.ACTIVE, "ends_at": LATER}, LATER),
    ({"state": State.ACTIVE, "ends_at": LATER, "warn_at": NOON}, NOON),
    ({"state": State.ACTIVE, "ends_at": None}, None),
    ({"state": State.ACTIVE, "ends_at": LATER, "is_unchecked": True}, NOON),
    ({"state": State.ACTIVE, "ends_at": LATER, "is_unclear": True, "arrives_until": NOON}, NOON),
    ({"state": State.ACTIVE, "ends_at": LATER, "arrives_until": NOON}, LATER),
    ({"state": State.ENDED, "ends_at": LATER}, None),
    ({"state": State.DENIED}, None),
    ({"state": State.CANCELLED}, None),
    ({"state": State.LAPSED}, None),
    ({"state": State.FAILED}, None),
]


@pytest.mark.parametrize(("changes", "wake"), WAKES)
def test_when_it_is_looked_at_next(changes: dict[str, Any], wake: datetime | None) -> None:
    """What is open has a moment, permanent and closed rows have none."""
    assert default_wake(row(**changes), NOON) == wake


def test_when_it_ends() -> None:
    """A length runs from the association's first moment, an end stays where it is."""
    assert row().end_when_active_from(LATER) == LATER + timedelta(hours=2)
    assert row(length=None, until=LATER).end_when_active_from(NOON) == LATER
    assert row(length=None).end_when_active_from(NOON) is None


@pytest.mark.parametrize("state", State)
def test_what_is_open(state: State) -> None:
    """Open is what can still lead to an association, or still has one."""
    names = {"requested", "approved", "active", "ending"}
    assert row(state=state).is_open is (state.value in names)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("changes", "is_passing"),
    [
        ({"state": State.REQUESTED}, False),
        ({"state": State.APPROVED}, True),
        ({"state": State.APPROVED, "trouble": Trouble.NOT_CONNECTED}, False),
        ({"state": State.APPROVED, "starts_at": NOON}, True),
        ({"state": State.APPROVED, "starts_at": NOON + timedelta(microseconds=1)}, False),
        ({"state": State.ACTIVE}, False),
        ({"state": State.ENDING}, True),
        ({"state": State.ENDING, "trouble": Trouble.CLOSE_DOWN}, False),
        ({"state": State.ENDED}, False),
    ],
)
def test_what_passes(changes: dict[str, Any], *, is_passing: bool) -> None:
    """What is being set up or taken away passes; what waits for somebody, or lasts, does not."""
    assert row(**changes).is_passing(NOON) is is_passing


@pytest.mark.parametrize(
    ("changes", "has_run_out", "is_over"),
    [
        ({"state": State.ACTIVE, "ends_at": LATER}, False, False),
        ({"state": State.ACTIVE, "ends_at": NOON + SECOND}, False, False),
        ({"state": State.ACTIVE, "ends_at": NOON}, True, True),
        ({"state": State.ACTIVE, "ends_at": NOON - SECOND}, True, True),
        ({"state": State.ACTIVE, "ends_at": None}, False, False),
        ({"state": State.ENDING, "ends_at": LATER}, False, True),
        ({"state": State.ENDING, "ends_at": None}, False, True),
        ({"state": State.ENDED, "ends_at": NOON}, False, False),
        ({"state": State.REQUESTED}, False, False),
    ],
)
def test_whose_time_is_up(changes: dict[str, Any], *, has_run_out: bool, is_over: bool) -> None:
    """What is active runs out at its very end, and what is ending is over whatever its end is."""
    delegation = row(**changes)
    assert (delegation.has_run_out(NOON), delegation.is_over(NOON)) == (has_run_out, is_over)


def test_whose_account_close_was_asked_with() -> None:
    """The same user in the same organization; another one of either is another account."""
    account = Account(
        close_user_id="user_ada",
        organization_id="orga_one",
        email="ada@example.com",
        name="Ada",
        is_api_key=False,
        secret=b"",
    )
    made = row(grantor_close_id="user_ada", organization_id="orga_one")
    assert made.belongs_to(account)
    assert not replace(made, grantor_close_id="user_ben").belongs_to(account)
    assert not replace(made, organization_id="orga_two").belongs_to(account)


def test_which_associations_are_known() -> None:
    """The one that is in force, and one that was made besides; no others."""
    made = row(association_id="asso_one", surplus_id="asso_two")
    known = [each for each in ("asso_one", "asso_two", "asso_three") if made.is_known(each)]
    assert known == ["asso_one", "asso_two"]
