"""Answers that only the person who acted sees: over a ``response_url``, or in their DM."""

import asyncio
from typing import Any

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.errors import SlackError
from bot.slack.message import Message
from bot.slack.plain import plain
from bot.slack.web_api import NOT_JSON, call, needed

AT_ONCE = 0.5  # seconds: the answer is due, and is only left out where that is quickly known
MOST_KEPT = 5_000


class Responses:
    """Uses the shared connection pool; a lost answer is logged, never raised."""

    def __init__(self, session: aiohttp.ClientSession, client: AsyncWebClient) -> None:
        self._session = session
        self._client = client
        self._conversations: dict[str, str] = {}  # with each person
        self._log = structlog.get_logger("bot.slack.responses")

    async def whisper(
        self, response_url: str | None, said: str | Message, *, in_place: bool = False
    ) -> None:
        """Show it to the person who clicked, or ``in_place`` of what they clicked on."""
        if not response_url:
            return
        message = said if isinstance(said, Message) else None
        client = AsyncWebhookClient(response_url, session=self._session, retry_handlers=[])
        try:
            answer = await client.send(
                text=message.text if message else str(said),
                blocks=message.blocks if message else None,
                response_type="ephemeral",
                replace_original=in_place,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, *NOT_JSON) as error:
            self._log.warning("an answer was lost", error=type(error).__name__)
            return
        if answer.status_code != 200:
            self._log.warning("an answer was not taken", status=answer.status_code)

    async def is_where_cards_are(self, user_id: str, channel_id: str) -> bool:
        """Whether this is the bot's own conversation with the person; False as well when Slack
        does not say at once."""
        if user_id not in self._conversations:
            try:
                async with asyncio.timeout(AT_ONCE):
                    opened = await call(self._client, "conversations.open", users=user_id)
                own = needed(opened, "channel", "id")
            except (SlackError, TimeoutError):
                return False
            if len(self._conversations) >= MOST_KEPT:
                self._conversations.clear()
            self._conversations[user_id] = own
        return self._conversations[user_id] == channel_id

    async def tell(self, body: dict[str, Any], said: str | Message) -> None:
        """Answer whoever acted, wherever they did.

        App Homes, forms and global shortcuts come without a ``response_url`` (slack.md §2): there
        the answer is a direct message.
        """
        if body.get("response_url"):
            await self.whisper(body["response_url"], said)
            return
        person = body.get("user_id") or (body.get("user") or {}).get("id")
        if not person:
            return
        message = said if isinstance(said, Message) else Message(said, [])
        shown = {"blocks": plain(message.blocks)} if message.blocks else {}
        try:
            await call(
                self._client, "chat.postMessage", channel=str(person), text=message.text, **shown
            )
        except SlackError as error:
            self._log.warning("an answer was lost", error=error.code)
