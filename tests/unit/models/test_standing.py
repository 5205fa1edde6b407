"""What a standing approval covers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.standing import StandingApproval

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STANDING = StandingApproval(
    id="s1",
    team_id="T1",
    grantor_id="U1",
    grantee_id="U2",
    max_length=4 * HOUR,
    until=NOON + 7 * DAY,
    created_at=NOON,
)


@pytest.mark.parametrize(
    ("length", "starts_at", "until", "is_covered"),
    [
        (4 * HOUR, None, None, True),
        (4 * HOUR + timedelta(seconds=1), None, None, False),
        (None, None, None, False),  # without an end
        (HOUR, NOON + DAY, None, True),
        (HOUR, NOON + 7 * DAY - HOUR, None, True),  # ends with the last second
        (HOUR, NOON + 7 * DAY - HOUR + timedelta(seconds=1), None, False),
        (HOUR, NOON + 30 * DAY, None, False),
        (HOUR, NOON - DAY, None, True),  # a start that has passed is now
        (None, None, NOON + 4 * HOUR, True),
        (None, NOON - HOUR, NOON + 4 * HOUR, False),  # all of what runs already counts
        (None, NOON + 7 * DAY - HOUR, NOON + 7 * DAY, True),
        (None, NOON + 7 * DAY - HOUR, NOON + 7 * DAY + timedelta(seconds=1), False),
        (None, NOON + 30 * DAY, NOON + 30 * DAY + HOUR, False),
        (timedelta.max, datetime.max.replace(tzinfo=UTC), None, False),
    ],
)
def test_the_whole_stretch(
    length: timedelta | None, starts_at: datetime | None, until: datetime | None, is_covered: bool
) -> None:
    """S1: it is no longer than agreed, and ends within the standing approval."""
    assert is_covered is STANDING.covers(length=length, starts_at=starts_at, until=until, now=NOON)


def test_one_that_has_ended() -> None:
    """S1: what the grantor took back covers nothing, whatever is left of its time."""
    ended = replace(STANDING, ended_at=NOON)
    assert not ended.covers(length=HOUR, starts_at=None, until=None, now=NOON)


@pytest.mark.parametrize("late", [timedelta(), HOUR])
def test_one_whose_time_is_over(late: timedelta) -> None:
    """S1: from its last moment on it covers nothing, and what began within it neither."""
    over = STANDING.until
    assert not STANDING.covers(length=None, starts_at=over - HOUR, until=over, now=over + late)
