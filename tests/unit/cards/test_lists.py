"""``/sendas list``: what it names beyond the open delegations."""

from datetime import UTC, datetime, timedelta

from bot.cards.lists import overview
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
    """The App Home sends its readers here for those that it has no room for."""
    text = overview([], "U0ADA", standing=[approval(1), approval(2, grantor="U0CLEO")])
    assert "you approve the requests of <@U0BEN1> without a click" in text
    assert "<@U0CLEO> approves your requests" in text


def test_many_standing_approvals_still_fit() -> None:
    """What has no room is counted, and the whole stays below Slack's 4,000 characters."""
    text = overview([], "U0ADA", standing=[approval(number) for number in range(100)])
    assert len(text) < 4000
    assert "more." in text
