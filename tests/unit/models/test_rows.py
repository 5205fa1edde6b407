"""Values and their rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.delegation import Delegation, Event, ExtensionWish, State
from models.rows import altered, changed_columns, to_row

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
WISH = ExtensionWish(asked_at=NOON, length=timedelta(hours=1))
RIGHT = Delegation(
    id="d1",
    team_id="T0",
    grantor_id="U0ADA",
    grantee_id="U0BEN",
    requester_id="U0BEN",
    reason="",
    state=State.ACTIVE,
    requested_at=NOON,
    lapses_at=NOON,
    extension=WISH,
)
CHANGES: list[dict[str, Any]] = [
    {},
    {"state": State.ENDING, "end_event": Event.REVOKE, "ended_at": NOON},
    {"extension": None},
    {"extension": replace(WISH, length=timedelta(hours=2))},
    {"reason": "a week of leave", "attempts": 3},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_altered(changes: dict[str, Any]) -> None:
    """What is altered is what the standard library makes of the same changes."""
    assert altered(RIGHT, changes) == replace(RIGHT, **changes)


def test_an_unknown_field() -> None:
    """A field that there is not is refused."""
    with pytest.raises(KeyError):
        altered(RIGHT, {"colour": "red"})


@pytest.mark.parametrize("changes", CHANGES)
def test_changed_columns(changes: dict[str, Any]) -> None:
    """Exactly the columns that differ are found, those of parts among them, with what is new."""
    after = replace(RIGHT, **changes)
    old, new = to_row(RIGHT), to_row(after)
    assert changed_columns(RIGHT, after) == {
        name: value for name, value in new.items() if old[name] != value
    }
