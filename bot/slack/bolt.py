"""The bolt app: one workspace, one shared connection pool, a runner that answers at once."""

import asyncio
import logging
from typing import Any
from urllib.parse import urlencode, urljoin

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.logger.messages import (
    warning_client_prioritized_and_token_skipped,
    warning_token_skipped,
)
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import STANDING, SlackError, SlackUnclear, translate
from bot.slack.indexed import IndexedApp
from bot.slack.runner import Fallbacks, PromptListenerRunner

RATE_LIMIT_RETRIES = 1
# Bolt finds SLACK_BOT_TOKEN by itself, and warns that it goes by what we gave it: as it should.
FALSE_ALARMS = (warning_client_prioritized_and_token_skipped(), warning_token_skipped())


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

    Both are None until Slack has said so, which can take as long as Slack is away. Nobody has to
    wait for it: until then every payload that Slack signed counts as ours.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._asking = asyncio.Lock()
        self.team_id: str | None = None
        self.enterprise_id: str | None = None
        self._bot_id: str | None = None
        self._app_id: str | None = None
        self._is_refused = False

    async def learn(self) -> None:
        """Ask Slack; raises ``bot.slack.errors`` as long as it does not say."""
        async with self._asking:
            if self.team_id is None:
                self.team_id, self.enterprise_id = await self._ask()

    async def is_installed(self) -> bool:
        """Whether Slack takes our token now; raises ``bot.slack.errors`` where it does not say."""
        try:
            await self._ask()
        except SlackError as error:
            if error.code in STANDING:
                return False
            raise
        return True

    async def _ask(self) -> tuple[str, str | None]:
        try:
            answer = await self._client.auth_test()
            team_id, enterprise_id = answer.get("team_id"), answer.get("enterprise_id")
            self._bot_id = answer.get("bot_id")
        except Exception as error:  # also what the SDK makes of an answer that is no object
            failure = translate(error)
            self._is_refused = failure.code in STANDING
            raise failure from error
        if not team_id:
            raise SlackUnclear("no_team_named")
        return str(team_id), enterprise_id or None

    async def address(self) -> str | None:
        """Where a browser opens our app in Slack (docs.slack.dev, Deep linking); None as long as
        Slack does not say which app we are."""
        async with self._asking:
            if self._app_id is None and self._bot_id is not None:
                self._app_id = await self._ask_app(self._bot_id)
        if self._app_id is None:
            return None
        query = urlencode({"app": self._app_id, "team": self.team_id})
        return urljoin(self._client.base_url, f"/app_redirect?{query}")

    async def _ask_app(self, bot_id: str) -> str | None:
        try:
            answer = await self._client.bots_info(bot=bot_id)
            return str(answer["bot"]["app_id"])
        except Exception:  # noqa: BLE001 - also no object, as above; only a link will be missing
            return None

    @property
    def is_known(self) -> bool | None:
        """Whether Slack takes our token; None as long as it has not said."""
        return True if self.team_id is not None else (False if self._is_refused else None)

    def is_ours(self, team_id: str | None, enterprise_id: str | None) -> bool:
        """Whether a payload is for this installation: for our workspace, or our own Grid."""
        if self.team_id is None or team_id in (None, self.team_id):
            return True
        return self.enterprise_id is not None and self.enterprise_id in (team_id, enterprise_id)


def bolt_app(client: AsyncWebClient, fallbacks: Fallbacks, ack_seconds: float) -> AsyncApp:
    """An app without listeners, which have ``ack_seconds`` to acknowledge.

    Requests reach it verified and read (``bot.slack.door``).
    """

    async def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
        """There is one token, and Slack need not be asked whose it is."""
        return AuthorizeResult(team_id=team_id, enterprise_id=enterprise_id, bot_token=client.token)

    logging.getLogger(f"slack_bolt.{AsyncApp.__name__}").addFilter(_is_no_false_alarm)
    app = IndexedApp(
        name="Send-As",  # else Bolt reads the source of everything on the stack to find one
        client=client,
        authorize=authorize,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,  # we listen to nothing that the bot itself does
        attaching_function_token_enabled=False,
        signing_secret="verified before",  # noqa: S106 - bolt wants one; bot.slack.edge verifies
    )
    # Bolt has no setting for its runner (slack_bolt 1.30, app/async_app.py).
    app._async_listener_runner = PromptListenerRunner.in_place_of(  # noqa: SLF001 - as said above
        app.listener_runner, fallbacks, ack_seconds
    )
    return app


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
    return record.getMessage() not in FALSE_ALARMS
