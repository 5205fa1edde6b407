"""``/sendas list``: what it names beyond the open delegations."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.cards.lists import LIST_BACK, LIST_MORE, overview
from bot.slack.message import Message
from models.standing import StandingApproval

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def approval(number: int, *, grantor: str = "U0ADA") -> StandingApproval:
    """A standing approval of up to four hours at a time."""
    return StandingApproval(
        id=f"s{number}",
        team_id="T0",
        grantor_id=grantor,
        grantee_id=f"U0BEN{number}",
        max_length=timedelta(hours=4),
        until=NOW + timedelta(days=30),
        created_at=NOW,
    )


def test_standing_approvals_are_listed() -> None:
    """They stand below what is open, in both directions."""
    theirs = replace(approval(2, grantor="U0CLEO"), grantee_id="U0ADA")
    text = overview([], "U0ADA", standing=[approval(1), theirs])
    assert isinstance(text, str)
    assert "You always approve <@U0BEN1>" in text
    assert "<@U0CLEO> always approves you" in text


def test_every_line_is_on_a_page() -> None:
    """S4: of 500 standing approvals each is reached with More, within Slack's limits."""
    standing = [approval(number) for number in range(500)]
    seen: list[str] = []
    page = 0
    while True:
        shown = overview([], "U0ADA", standing=standing, page=page)
        assert isinstance(shown, Message)
        assert len(shown.text) < 4000
        assert len(shown.blocks) <= 50
        seen += re.findall("U0BEN[0-9]+", shown.text)
        buttons = [each["action_id"] for each in shown.blocks[-1].to_dict()["elements"]]
        assert (LIST_BACK in buttons) is (page > 0)
        if LIST_MORE not in buttons:
            break
        page += 1
    assert seen == [each.grantee_id for each in standing]
    assert overview([], "U0ADA", standing=standing, page=page + 7) == shown


def test_with_one_person() -> None:
    """S4: only what a person has a part in, or a sentence that there is nothing."""
    standing = [approval(number) for number in range(500)]
    found = overview([], "U0ADA", standing=standing, person_id="U0BEN77")
    assert isinstance(found, str)
    assert found.count("always approve") == 1
    nothing = overview([], "U0ADA", standing=standing, person_id="U0X")
    assert nothing == "Nothing is open with <@U0X>."
