"""When a review opens, what it asks about, and what follows while nobody answers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.delegation import Delegation, State
from models.need import Need
from models.review import (
    Cause,
    Item,
    Move,
    Review,
    ReviewRules,
    cause_to_open,
    end_of,
    is_reviewed,
    next_move,
)
from models.standing import StandingApproval
from tests.integration.rows import TEAM, delegation

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
RULES = ReviewRules()
ENDS = ReviewRules(ends=True)
LONG_AGO = NOON - 400 * DAY


def right(age: float = 100, **changes: object) -> Delegation:
    """A right until revoked, which Close has held for so many days."""
    values = {"state": State.ACTIVE, "active_at": NOON - age * DAY, "ends_at": None, **changes}
    return delegation(**values)


def item(age: float = 100, known: Mapping[str, datetime] | None = None) -> Item:
    """The same, with what is known of its need."""
    return Item(right(age), Need(id="d", **known) if known else None)


def review(**changes: object) -> Review:
    """One that was never opened, of an installation of long ago."""
    row = Review(id="r", team_id=TEAM, grantor_id="U0ADA", installed_at=LONG_AGO)
    return replace(row, **changes)  # type: ignore[arg-type]


def opened(**changes: object) -> Review:
    """One that was opened at noon."""
    return review(number=1, opened_at=NOON, moved_at=NOON, messages=1, **changes)


@pytest.mark.parametrize(
    ("row", "is_asked"),
    [
        (right(), True),
        (right(1, ends_at=NOON + 6 * DAY), False),
        (right(1, ends_at=NOON + 6 * DAY + timedelta(seconds=1)), True),
        (right(state=State.ENDING), False),
        (right(state=State.APPROVED), False),
    ],
)
def test_which_rights(row: Delegation, *, is_asked: bool) -> None:
    """Those until revoked and for more than a week, as long as they are active."""
    assert is_reviewed(row) is is_asked


def test_the_first_review() -> None:
    """It comes REVIEW_EVERY after the oldest of it was given."""
    assert cause_to_open(review(), [item(29.9), item(3)], RULES, NOON) is None
    assert cause_to_open(review(), [item(30), item(3)], RULES, NOON) is Cause.REGULAR
    assert cause_to_open(review(), [], RULES, NOON) is None
    assert cause_to_open(review(), [item(30)], replace(RULES, every=None), NOON) is None


def test_the_next_review() -> None:
    """It comes REVIEW_EVERY after the last; what was given since then has its own time."""
    assert cause_to_open(review(closed_at=NOON - 29 * DAY), [item()], RULES, NOON) is None
    assert cause_to_open(review(closed_at=NOON - 30 * DAY), [item()], RULES, NOON) is Cause.REGULAR
    assert cause_to_open(review(closed_at=NOON - 90 * DAY), [item(2)], RULES, NOON) is None


def test_the_first_week() -> None:
    """Nothing that is older than the installation is asked about within its first week."""
    fresh = review(installed_at=NOON)
    assert cause_to_open(fresh, [item()], RULES, NOON + 7 * DAY - timedelta(seconds=1)) is None
    assert cause_to_open(fresh, [item()], RULES, NOON + 7 * DAY) is Cause.REGULAR
    soon = replace(RULES, every=2 * DAY)
    assert cause_to_open(fresh, [item(-1)], soon, NOON + 3 * DAY) is Cause.REGULAR


@pytest.mark.parametrize(
    ("known", "cause"),
    [
        ({}, None),
        ({"asked_from": NOON - 100 * DAY, "asked_until": NOON}, Cause.UNUSED),
        ({"asked_from": NOON - 13 * DAY, "asked_until": NOON}, None),
        ({"asked_from": NOON - 14 * DAY, "asked_until": NOON}, Cause.UNUSED),
        ({"asked_from": NOON - 100 * DAY, "asked_until": NOON - 4 * DAY}, None),
        (
            {
                "asked_from": NOON - 100 * DAY,
                "asked_until": NOON,
                "used_at": NOON - 13 * DAY,
            },
            None,
        ),
        (
            {
                "asked_from": NOON - 100 * DAY,
                "asked_until": NOON,
                "kept_at": NOON - 13 * DAY,
            },
            None,
        ),
        (
            {
                "asked_from": NOON - 100 * DAY,
                "asked_until": NOON,
                "used_at": NOON - 20 * DAY,
                "kept_at": NOON - 14 * DAY,
            },
            Cause.UNUSED,
        ),
    ],
)
def test_unused(known: dict[str, datetime], cause: Cause | None) -> None:
    """Only what is known not to have been used for UNUSED_AFTER, and was not kept since."""
    row = review(closed_at=NOON - 20 * DAY)
    assert cause_to_open(row, [item(known=known)], RULES, NOON) is cause
    assert cause_to_open(row, [item(known=known)], replace(RULES, unused_after=None), NOON) is None


def test_a_standing_approval_is_never_unused() -> None:
    """It is no right: it waits for the regular review."""
    standing = StandingApproval(
        id="s",
        team_id=TEAM,
        grantor_id="U0ADA",
        grantee_id="U0BEN",
        max_length=DAY,
        until=NOON + 90 * DAY,
        created_at=NOON - 25 * DAY,
    )
    never = Item(standing, Need(id="s", asked_from=NOON - 25 * DAY))
    assert never.unused_since(NOON) == never.began_at
    assert cause_to_open(review(), [never], RULES, NOON) is None


def test_what_an_open_review_is_about() -> None:
    """What began before it and was not kept since it was opened."""
    row = opened()
    assert row.asks_about(item())
    assert row.asks_about(item(known={"kept_at": NOON - DAY}))
    assert not row.asks_about(item(known={"kept_at": NOON}))
    assert not row.asks_about(item(-1))
    assert not review().asks_about(item())


def test_the_moves() -> None:
    """A reminder after a quarter of the time, another after half, then admins, then the end."""
    row = opened()
    row = replace(row, ends_at=end_of(row, ENDS, NOON))
    assert row.ends_at == NOON + 14 * DAY
    expected: tuple[tuple[Move, dict[str, Any]], ...] = (
        (Move.REMIND, {"reminders": 1}),
        (Move.REMIND, {"reminders": 2}),
        (Move.TELL_ADMINS, {"told_at": NOON}),
        (Move.END, {}),
    )
    last = NOON
    for wanted, changes in expected:
        move, at = next_move(row, ENDS)
        assert move is wanted
        assert at > last
        assert at.weekday() < 5
        last, row = at, replace(row, moved_at=at, **changes)
        if wanted is Move.REMIND:
            assert end_of(row, ENDS, at) == row.ends_at
    assert last == row.ends_at


def test_without_an_end_it_is_asked_anew() -> None:
    """Where nothing ends, the same is asked again when it is time."""
    row = opened(reminders=2, told_at=NOON + 11 * DAY)
    assert end_of(row, RULES, NOON) is None
    assert next_move(row, RULES) == (Move.ASK_ANEW, NOON + 30 * DAY)


def test_after_a_pause_of_the_bot() -> None:
    """What comes late does not come at once after another: the end moves, as was announced."""
    row = opened(ends_at=NOON + 14 * DAY)
    late = NOON + 35 * DAY
    row = replace(row, reminders=1, moved_at=late)
    row = replace(row, ends_at=end_of(row, ENDS, late))
    _, second = next_move(row, ENDS)
    assert second - late >= RULES.grace / 8
    assert row.ends_at is not None
    assert row.ends_at - late >= 3 * RULES.grace / 8


def test_only_an_open_review_moves() -> None:
    """Whoever asks what is next of a closed one has made a mistake."""
    with pytest.raises(ValueError, match="open"):
        next_move(review(), RULES)
