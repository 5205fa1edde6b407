"""The bolt app: one workspace, one shared connection pool, a runner that answers at once."""

import asyncio
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import translate
from bot.slack.runner import PromptListenerRunner

RATE_LIMIT_RETRIES = 1


def web_client(token: str, api_url: str, session: Any, *, patient: bool) -> AsyncWebClient:
    """A Web API client on the shared pool.

    ``patient`` ones wait once when Slack says 429; they are for work that nobody waits for. The
    SDK's default of repeating a post after a broken connection is off: it can post twice.
    """
    handlers: list[AsyncRetryHandler] = []
    if patient:
        handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES))
    return AsyncWebClient(
        token=token,
        base_url=api_url.rstrip("/") + "/",
        session=session,
        retry_handlers=handlers,
    )


class Workspace:
    """Which workspace, and which Enterprise Grid, the bot's token belongs to: asked once.

    Both are None until Slack has said so.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: AuthorizeResult | None = None
        self._asking = asyncio.Lock()
        self.team_id: str | None = None
        self.enterprise_id: str | None = None

    async def authorize(self) -> AuthorizeResult:
        """Bolt's ``authorize``; raises the Slack SDK's errors as long as Slack cannot say."""
        async with self._asking:
            if self._known is None:
                answer = await self._client.auth_test()
                self._known = AuthorizeResult.from_auth_test_response(
                    auth_test_response=answer, bot_token=self._client.token
                )
                self.team_id = answer.get("team_id") or None
                self.enterprise_id = answer.get("enterprise_id") or None
            return self._known

    async def learn(self) -> None:
        """Ask Slack; raises ``bot.slack.errors`` as long as it does not say."""
        try:
            await self.authorize()
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise translate(error) from error


def bolt_app(client: AsyncWebClient, workspace: Workspace, ack_seconds: float) -> AsyncApp:
    """An app without listeners, which have ``ack_seconds`` to acknowledge.

    Requests reach it verified (``bot.slack.edge``).
    """

    async def authorize() -> AuthorizeResult:
        return await workspace.authorize()

    app = AsyncApp(
        client=client,
        authorize=authorize,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        signing_secret="verified before",  # noqa: S106 - bolt wants one; bot.slack.edge verifies
    )
    # Bolt has no setting for its runner (slack_bolt 1.30, app/async_app.py).
    app._async_listener_runner = PromptListenerRunner.in_place_of(  # noqa: SLF001 - as said above
        app.listener_runner, ack_seconds
    )
    return app
