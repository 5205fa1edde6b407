"""How a Slack user object is read: fields can be missing, null or empty (slack.md §9)."""

from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.slack.bolt import Workspace, web_client
from bot.slack.directory import SlackDirectory, person_of
from bot.slack.errors import SlackRetryLater
from models.person import Person
from sandbox.people import BEN
from sandbox.slack import SandboxSlack


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


@pytest.mark.parametrize(
    "odd",
    [
        '{"ok": true}',
        '{"ok": true, "user": {"id": "U0BEN", "profile": "x"}}',
        '{"ok": true, "user": {"id": "U0BEN", "tz": 5}}',
        '{"ok": true, "user": {"id": "U0BEN", "deleted": "no"}}',
        '{"ok": true, "users": ["U0BEN", null]}',
        "[]",
        "[" * 5000,
    ],
)
async def test_an_answer_that_makes_no_sense(odd: str) -> None:
    """Whatever Slack answers, nobody is taken for somebody: it is asked again later."""
    slack = SandboxSlack()
    async with slack.serving(), aiohttp.ClientSession() as session:
        client = web_client(slack.bot_token, slack.api_url, session, patient=False)
        directory = SlackDirectory(client, Workspace(client), lambda: datetime.now(UTC))
        slack.trouble.garble("*", times=2, json=odd)
        with pytest.raises(SlackRetryLater):
            await directory.person(BEN.id)
        with pytest.raises(SlackRetryLater):
            await directory.members("S0SALES")
    await slack.close()
