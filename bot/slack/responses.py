"""Answers over a ``response_url``: only the person who clicked sees them."""

import aiohttp
import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient


class Responses:
    """Uses the shared connection pool; a lost answer is logged, never raised."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._log = structlog.get_logger("bot.slack.responses")

    async def whisper(self, response_url: str | None, text: str) -> None:
        """Show ``text`` to the person who clicked; what they clicked on stays as it is."""
        if not response_url:
            return
        client = AsyncWebhookClient(response_url, session=self._session, retry_handlers=[])
        try:
            answer = await client.send(text=text, response_type="ephemeral", replace_original=False)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._log.warning("an answer was lost", error=type(error).__name__)
            return
        if answer.status_code != 200:
            self._log.warning("an answer was not taken", status=answer.status_code)
