"""Since when something is over: the end that was promised, whenever it was noticed."""

from datetime import datetime, timedelta

import pytest

from models.delegation import Event, State
from models.overdue import GRACE, is_overdue, over_since
from tests.integration.rows import NOON, delegation

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("ends_at", "ended_at", "since"),
    [
        (NOON, NOON + HOUR, NOON),  # expired while the bot was away for an hour
        (NOON + HOUR, NOON, NOON),  # revoked an hour before its end
        (None, NOON, NOON),  # forever, and revoked
        (NOON, None, NOON),
    ],
)
def test_over_since(ends_at: datetime | None, ended_at: datetime | None, since: datetime) -> None:
    """R5: the promised end, or the moment of whoever ended it before."""
    row = delegation(state=State.ENDING, end_event=Event.EXPIRE, ends_at=ends_at, ended_at=ended_at)
    assert over_since(row, NOON + 9 * HOUR) == since
    assert is_overdue(row, since + GRACE)
    assert not is_overdue(row, since + GRACE - timedelta(seconds=1))
