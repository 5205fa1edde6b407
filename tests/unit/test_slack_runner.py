"""Events are acknowledged last: one whose work was not done is sent again."""

import asyncio
import logging
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.runner import PromptListenerRunner

EVENT = {"type": "event_callback", "team_id": "T1", "event": {"type": "user_change", "user": {}}}


@pytest.fixture
def app() -> AsyncApp:
    """A bolt app with our runner and nobody to ask."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb", bot_id="B1")

    logging.getLogger("slack_bolt").setLevel(logging.CRITICAL)
    built = AsyncApp(
        authorize=authorize,
        signing_secret="secret",
        request_verification_enabled=False,
        ssl_check_enabled=False,
    )
    built._async_listener_runner = PromptListenerRunner.in_place_of(built.listener_runner)
    return built


async def dispatch(app: AsyncApp, body: dict[str, Any]) -> BoltResponse:
    """What Slack is answered."""
    return await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))


async def test_an_event_is_acknowledged_after_its_work(app: AsyncApp) -> None:
    """The answer to an event waits until its listener has ended."""
    done = []

    async def listener() -> None:
        await asyncio.sleep(0.02)
        done.append(True)

    app.event("user_change")(listener)
    assert (await dispatch(app, EVENT)).status == 200
    assert done == [True]


async def test_an_event_that_failed_is_not_acknowledged(app: AsyncApp) -> None:
    """Slack sends an event again when its listener failed."""

    async def listener() -> None:
        raise RuntimeError

    app.event("user_change")(listener)
    assert (await dispatch(app, EVENT)).status == 500
