"""Requests from Slack over a socket that the bot opens: Socket Mode."""

from time import time

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.door import Door


class SocketHandler(AsyncSocketModeHandler):
    """Bolt's handler, with our door before bolt; what is no 200 is not acknowledged."""

    def __init__(
        self, app: AsyncApp, door: Door, app_token: str, web_client: AsyncWebClient
    ) -> None:
        super().__init__(app, app_token, web_client=web_client)
        self._door = door

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        """Answer one envelope."""
        started = time()
        answer = await self._door.admit(req.payload)
        await send_async_response(client, req, answer, started)
