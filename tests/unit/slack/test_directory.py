"""How a Slack user object is read: fields can be missing, null or empty (slack.md §9)."""

from typing import Any

import pytest

from bot.slack.directory import person_of
from models.person import Person


def read(own_enterprise: str | None = None, **changes: Any) -> Person:
    """A user object with these differences."""
    user = {
        "id": "U0BEN",
        "team_id": "T0TEAM",
        "profile": {"email": "ben@example.com", "display_name": "ben"},
        "is_email_confirmed": True,
        **changes,
    }
    return person_of(user, own_enterprise=own_enterprise)


@pytest.mark.parametrize("confirmed", [False, None, "", 0])
def test_an_address_that_is_not_confirmed(confirmed: object) -> None:
    """P3: it counts as none, and so does one of which nothing is said."""
    assert read().email == "ben@example.com"
    assert read(is_email_confirmed=confirmed).email is None
    unsaid = {"id": "U0BEN", "profile": {"email": "ben@example.com"}}
    assert person_of(unsaid).email is None


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ({"enterprise_id": "E0NORTH"}, "E0NORTH", True),
        ({"enterprise_id": "E0SOUTH"}, "E0NORTH", False),
        ({"enterprise_id": "E0NORTH"}, None, False),
        ({"enterprise_id": ""}, None, False),
        ({"enterprise_id": None}, "E0NORTH", False),
        (None, "E0NORTH", False),
        (None, None, False),
    ],
)
def test_colleagues(theirs: dict[str, Any] | None, ours: str | None, *, expected: bool) -> None:
    """P4: only who is of the same Enterprise Grid is a colleague; without one nobody is."""
    assert read(enterprise_user=theirs, own_enterprise=ours).is_colleague is expected


@pytest.mark.parametrize("field", ["is_restricted", "is_ultra_restricted"])
def test_guests(field: str) -> None:
    """Both kinds of guests are guests."""
    for said in (True, False, None):
        changes: dict[str, Any] = {field: said}
        assert read(**changes).is_guest is (said is True)
