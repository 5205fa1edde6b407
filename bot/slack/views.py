"""Views out: modals for whoever has just acted, and App Homes."""

from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.plain import plain
from bot.slack.web_api import call


class Views:
    """Opens and publishes as the bot. Every method raises ``bot.slack.errors``."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def open(self, trigger_id: str, view: View) -> None:
        """Show a modal; ``trigger_id`` is good for three seconds and for one view (slack.md §2)."""
        await call(self._client, "views.open", trigger_id=trigger_id, view=plain(view))

    async def publish(self, slack_user_id: str, view: View) -> None:
        """Show this as the person's App Home; doing it twice changes nothing."""
        await call(self._client, "views.publish", user_id=slack_user_id, view=plain(view))
