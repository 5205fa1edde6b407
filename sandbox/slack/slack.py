"""A local Slack over real HTTP, as strict as the real one (slack.md §1 to §9).

``SandboxSlack`` is the whole of it: people see (``eyes``) and act (``hand``), the bot calls
(``web_api``), and things go wrong on request (``trouble``).
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta

from sandbox.people import PEOPLE, SandboxPerson
from sandbox.serving import serve
from sandbox.slack.delivery import ACK_SECONDS, Delivery, Reply
from sandbox.slack.hand import Hand
from sandbox.slack.installed import is_tab_read_only, manifest_scopes
from sandbox.slack.sockets import SocketHub
from sandbox.slack.trouble import Trouble
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Workspace

SIGNED_WITH = "sandbox-signing-secret"
BOT_BEARER = "xoxb-sandbox-bot"
APP_BEARER = "xapp-sandbox-app"


def real_time() -> datetime:
    """The present moment as an aware UTC datetime."""
    return datetime.now(UTC)


class SandboxSlack(Hand):
    """One fake workspace with one app in it.

    ``now`` rules message times, triggers and response_urls; signatures always carry real time.
    ``scopes`` are what the app was granted: what its manifest asks for, unless others are given.
    ``ack_seconds`` is how long the bot may take to answer, and to use a trigger.
    """

    def __init__(
        self,
        signing_secret: str = SIGNED_WITH,
        bot_token: str = BOT_BEARER,
        people: Iterable[SandboxPerson] = PEOPLE,
        now: Callable[[], datetime] = real_time,
        *,
        app_token: str = APP_BEARER,
        scopes: Iterable[str] | None = None,
        bot_url: str = "",
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self.signing_secret = signing_secret
        self.bot_token = bot_token
        self.app_token = app_token
        self.trouble = Trouble()
        self.sockets = SocketHub()
        workspace = Workspace(people, now, timedelta(seconds=ack_seconds))
        workspace.is_tab_read_only = is_tab_read_only()
        delivery = Delivery(signing_secret, self.sockets, ack_seconds)
        delivery.bot_url = bot_url
        web_api = WebApi(
            workspace,
            self.trouble,
            self.sockets,
            bot_token=bot_token,
            app_token=app_token,
            scopes=manifest_scopes() if scopes is None else frozenset(scopes),
        )
        super().__init__(workspace, delivery, web_api)
        self.app = web_api.application(self.close)

    @property
    def url(self) -> str:
        """This Slack's own address; set it, or use ``serving``, before anybody acts."""
        return self._web_api.url

    @url.setter
    def url(self, url: str) -> None:
        self._web_api.url = url

    @property
    def client_url(self) -> str:
        """Where people see this Slack in a browser; empty when nobody does."""
        return self._web_api.client_url

    @client_url.setter
    def client_url(self, url: str) -> None:
        self._web_api.client_url = url

    @property
    def api_url(self) -> str:
        """What the bot needs as ``SLACK_API_URL``."""
        return f"{self.url}/api/"

    @property
    def bot_url(self) -> str:
        """The bot's base URL; requests go to ``{bot_url}/slack/events``."""
        return self.delivery.bot_url

    @bot_url.setter
    def bot_url(self, url: str) -> None:
        self.delivery.bot_url = url.rstrip("/")

    @property
    def socket_mode(self) -> bool:
        """Whether people's actions go through a connected socket instead of HTTP."""
        return self.delivery.socket_mode

    @socket_mode.setter
    def socket_mode(self, is_on: bool) -> None:
        self.delivery.socket_mode = is_on

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        """Serve this Slack on 127.0.0.1 and yield its base URL."""
        async with serve(self.app, port) as url:
            self.url = url
            yield url

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The signature headers of ``body``; ``timestamp`` in Unix seconds, else real time."""
        return self.delivery.sign(body, timestamp)

    async def post_raw(self, body: bytes, headers: dict[str, str]) -> Reply:
        """Post exactly this to the bot, for attacks and replays."""
        return await self.delivery.post_raw(body, headers)

    async def close(self) -> None:
        """Close the connections to the bot."""
        await self.delivery.close()
