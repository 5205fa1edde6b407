"""Which workspace the bot works for, as far as Slack has said; and what bolt need not say."""

from typing import Any, cast
from unittest.mock import MagicMock

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.bolt import Workspace, bolt_app
from bot.slack.errors import SlackError


class Slack:
    """Answers with what is planned, one after the other."""

    base_url = "https://slack.com/api/"

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    async def auth_test(self) -> Any:
        """The next answer."""
        return self._next()

    async def bots_info(self, *, bot: str) -> Any:
        """The next answer, to who is asked for."""
        assert bot == OURS["bot_id"]
        return self._next()

    def _next(self) -> Any:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refused(error: str) -> SlackApiError:
    """What the SDK raises where Slack says no."""
    answer = {"ok": False, "error": error}
    return SlackApiError("refused", answer)  # type: ignore[no-untyped-call]  # as in the SDK


async def learnt(*answers: Any) -> Workspace:
    """The workspace after so many attempts."""
    workspace = Workspace(cast("AsyncWebClient", Slack(*answers)))
    for _ in answers:
        try:
            await workspace.learn()
        except SlackError:
            continue
    return workspace


OURS = {"team_id": "T1", "user_id": "U0BOT", "bot_id": "B1"}
GRID = {**OURS, "enterprise_id": "E1"}


@pytest.mark.parametrize(
    ("answer", "team_id", "enterprise_id", "is_ours"),
    [
        (OURS, "T1", None, True),
        (OURS, "T2", None, False),
        (OURS, "T2", "E1", False),
        (OURS, None, None, True),
        (GRID, "T1", "E1", True),
        (GRID, "T1", None, True),
        (GRID, "T2", "E1", True),
        (GRID, "E1", None, True),
        (GRID, None, "E1", True),
        (GRID, "T2", "E2", False),
        (GRID, "T2", None, False),
        ({**OURS, "enterprise_id": ""}, "T2", "", False),
        (refused("fatal_error"), "T2", "E2", True),
    ],
)
async def test_whose_payload_it_is(
    answer: Any, team_id: str | None, enterprise_id: str | None, is_ours: bool
) -> None:
    """P4: our workspace and our own Grid; as long as nobody knows which these are, everybody."""
    workspace = await learnt(answer)
    assert workspace.is_ours(team_id, enterprise_id) is is_ours


@pytest.mark.parametrize(
    ("answers", "is_known"),
    [
        ([OURS], True),
        ([refused("invalid_auth")], False),
        ([refused("account_inactive")], False),
        ([refused("fatal_error")], None),
        ([refused("ratelimited")], None),
        ([TimeoutError()], None),
        ([ValueError("not JSON")], None),
        ([AttributeError("a list has no get")], None),
        ([[]], None),
        ([{"ok": True}], None),
        ([{"team_id": None}], None),
        ([refused("invalid_auth"), refused("fatal_error")], None),
        ([refused("invalid_auth"), OURS], True),
        ([OURS, refused("invalid_auth")], True),
    ],
)
async def test_what_is_known(answers: list[Any], is_known: bool | None) -> None:
    """K2: a token that Slack refuses is told from a Slack that does not answer."""
    assert (await learnt(*answers)).is_known is is_known


async def test_the_way_back_to_slack() -> None:
    """The address names our app and workspace; as long as Slack does not say which app we are
    there is none, and it is asked once more the next time, and then never again."""
    answers = [OURS, refused("ratelimited"), {"bot": None}, {"bot": {"app_id": "A1"}}]
    workspace = Workspace(cast("AsyncWebClient", Slack(*answers)))
    assert await workspace.address() is None
    await workspace.learn()
    found = [await workspace.address() for _ in range(4)]
    assert found == [None, None, *["https://slack.com/app_redirect?app=A1&team=T1"] * 2]


async def test_two_false_alarms(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Bolt warns at each start that it will not use a token which we gave it otherwise; that is
    left out, and every other warning of it is not."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-test")
    app = bolt_app(AsyncWebClient("xoxb-test"), MagicMock(), 1.0)
    assert not caplog.messages
    app._framework_logger.warning("something else")
    assert caplog.messages == ["something else"]
