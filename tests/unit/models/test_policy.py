"""Who may ask whom, for how long, and with which reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.person import Person
from models.policy import (
    DEPARTURES,
    MOST_LATELY_FOR_ONE,
    MOST_OPEN,
    MOST_OPEN_FOR_ONE,
    REASON_LIMIT,
    Policy,
    Refusal,
    crowd_refusal,
    is_too_much,
    length_refusal,
    reason_refusal,
    who_refusal,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = Person(
    id="U0ADA",
    team_id="T0TEAM",
    name="Ada",
    email=None,
    time_zone="UTC",
    is_bot=False,
    is_deactivated=False,
    is_guest=False,
    is_stranger=False,
)
WHO = [
    ({}, None),
    ({"is_bot": True}, Refusal.BOT),
    ({"is_deactivated": True}, Refusal.DEACTIVATED),
    ({"is_guest": True}, Refusal.GUEST),
    ({"is_stranger": True}, Refusal.STRANGER),
    ({"team_id": "T0OTHER"}, Refusal.STRANGER),
    ({"team_id": ""}, Refusal.STRANGER),
    ({"team_id": "T0OTHER", "is_colleague": True}, None),
    ({"team_id": "T0OTHER", "is_colleague": True, "is_guest": True}, Refusal.GUEST),
    ({"team_id": "T0OTHER", "is_colleague": True, "is_stranger": True}, Refusal.STRANGER),
    ({"is_deactivated": True, "is_bot": True}, Refusal.DEACTIVATED),
    ({"is_guest": True, "is_stranger": True}, Refusal.STRANGER),
]


@pytest.mark.parametrize(("changes", "refusal"), WHO)
def test_who_may_take_part(changes: dict[str, Any], refusal: Refusal | None) -> None:
    """Only living, human, full members of this workspace may; the weightiest reason is named."""
    assert who_refusal(replace(ADA, **changes), "T0TEAM") is refusal


def test_nobody_is_unknown() -> None:
    """An id that Slack does not know is nobody."""
    assert who_refusal(None, "T0TEAM") is Refusal.UNKNOWN_PERSON


def refusal(policy: Policy | None = None, **span: Any) -> Refusal | None:
    """What the policy says to a stretch of time that is asked for at noon."""
    values = {"length": None, "starts_at": None, "until": None, **span}
    return length_refusal(policy or Policy(), now=NOON, **values)


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LENGTHS = [
    ({"length": 5 * MINUTE}, None),
    ({"length": 5 * MINUTE - timedelta(seconds=1)}, Refusal.TOO_SHORT),
    ({"length": 30 * DAY}, None),
    ({"length": 30 * DAY + timedelta(seconds=1)}, Refusal.TOO_LONG),
    ({"until": NOON + 5 * MINUTE}, None),
    ({"until": NOON + MINUTE}, Refusal.TOO_SHORT),
    ({"until": NOON - MINUTE}, Refusal.TOO_SHORT),
    ({"until": NOON + 30 * DAY}, None),
    ({"until": NOON + 31 * DAY}, Refusal.TOO_LONG),
    ({"starts_at": NOON + 60 * DAY, "until": NOON + 61 * DAY}, None),
    ({"starts_at": NOON + DAY, "until": NOON + DAY + MINUTE}, Refusal.TOO_SHORT),
    ({"starts_at": NOON + DAY, "length": 2 * DAY}, None),
    ({}, None),
]


@pytest.mark.parametrize(("span", "expected"), LENGTHS)
def test_how_long(span: dict[str, Any], expected: Refusal | None) -> None:
    """Limits are inclusive, and are measured from the start where there is one."""
    assert refusal(**span) is expected


def test_without_an_end_only_where_it_is_allowed() -> None:
    """``ALLOW_PERMANENT=false`` refuses what has neither length nor end, and nothing else."""
    house = Policy(allow_permanent=False)
    assert refusal(house) is Refusal.PERMANENT
    assert refusal(house, length=DAY) is None


@given(seconds=st.integers(min_value=-(10**9), max_value=10**9))
def test_any_length_is_in_or_out(seconds: int) -> None:
    """Whatever the length: it is within the limits, or the side that it misses is named."""
    length = timedelta(seconds=seconds)
    answer = refusal(length=length)
    assert (answer is None) == (5 * MINUTE <= length <= 30 * DAY)
    assert (answer is Refusal.TOO_SHORT) == (length < 5 * MINUTE)


def test_reasons() -> None:
    """A reason may be required; it may never be longer than a card can hold."""
    assert reason_refusal(Policy(), "") is None
    assert reason_refusal(Policy(require_reason=True), "") is Refusal.REASON_MISSING
    assert reason_refusal(Policy(require_reason=True), "x") is None
    for blank in (" ", "\n", "\u200b", " \u2003\t"):  # nothing that can be read
        assert reason_refusal(Policy(require_reason=True), blank) is Refusal.REASON_MISSING
    assert reason_refusal(Policy(), "x" * REASON_LIMIT) is None
    assert reason_refusal(Policy(), "x" * (REASON_LIMIT + 1)) is Refusal.REASON_TOO_LONG


def test_when_the_end_is_announced() -> None:
    """A warning comes before the end, unless the end is that near from the start, or never."""
    policy = Policy(remind_before=timedelta(hours=1))
    assert policy.warn_at(NOON + timedelta(hours=3), NOON) == NOON + timedelta(hours=2)
    assert policy.warn_at(NOON + timedelta(hours=1), NOON) is None
    assert policy.warn_at(None, NOON) is None


CROWDS = [
    ((MOST_OPEN - 1, MOST_OPEN_FOR_ONE - 1, MOST_LATELY_FOR_ONE - 1), None),
    ((MOST_OPEN, 0, 0), Refusal.TOO_MANY_OPEN),
    ((MOST_OPEN - 1, MOST_OPEN_FOR_ONE, 0), Refusal.TOO_MANY_FOR_ONE),
    ((0, 0, MOST_LATELY_FOR_ONE), Refusal.TOO_OFTEN),
]


@pytest.mark.parametrize(("counted", "expected"), CROWDS)
def test_how_much_one_may_ask(counted: tuple[int, int, int], expected: Refusal | None) -> None:
    """S3: what is at a limit waits; the widest limit is named first."""
    in_all, for_one, lately = counted
    refusal = crowd_refusal(open_in_all=in_all, open_for_one=for_one, lately_for_one=lately)
    assert refusal is expected


@pytest.mark.parametrize(
    ("lost", "total", "expected"),
    [(0, 0, False), (5, 5, False), (6, 6, True), (6, 59, True), (6, 60, False), (101, 1000, True)],
)
def test_what_an_admin_has_to_agree_to(lost: int, total: int, *, expected: bool) -> None:
    """Five, or a tenth where that is more, end without a question."""
    assert is_too_much(lost, total) is expected


def test_every_reason_to_refuse_somebody_is_a_departure() -> None:
    """Whatever keeps somebody from taking part also ends what they have."""
    refusals = {expected for _, expected in WHO if expected} | {Refusal.UNKNOWN_PERSON}
    assert refusals == set(DEPARTURES)
