"""What the bot reaches outside with: its database, Close, and Slack. Opened and closed together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.close.client import CloseClient
from bot.close.limits import Limiter
from bot.close.oauth import CloseOAuthClient
from bot.close.transport import open_http
from bot.connections.links import Links
from bot.connections.vault import Vault
from bot.ports import Now
from bot.process.farewell import CLOSING, Farewell
from bot.process.settings import Settings
from bot.slack.bolt import web_client
from bot.store import Database

SLACK_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
LONGEST_TURN = timedelta(seconds=5)  # for a call to Close to wait for its turn


@dataclass(frozen=True, slots=True)
class Outside:
    """One of each for the whole process.

    ``quick`` is for whoever waits for an answer; ``patient`` waits once when Slack says 429.
    """

    settings: Settings
    now: Now
    database: Database
    vault: Vault
    links: Links
    close: CloseClient
    oauth: CloseOAuthClient
    session: aiohttp.ClientSession
    quick: AsyncWebClient
    patient: AsyncWebClient


@asynccontextmanager
async def open_outside(settings: Settings, now: Now, farewell: Farewell) -> AsyncIterator[Outside]:
    """Everything open until the context ends."""
    database = Database(settings.database_url.get_secret_value())
    vault = Vault(settings.keys)
    links = Links(vault, settings.public_url, now)
    token, api_url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    limits = Limiter(max_wait=LONGEST_TURN)
    try:
        async with (
            aiohttp.ClientSession(timeout=SLACK_TIMEOUT) as session,
            open_http(database.pace.turn) as http,
        ):
            yield Outside(
                settings=settings,
                now=now,
                database=database,
                vault=vault,
                links=links,
                close=CloseClient(http, settings.close_api_url, limits),
                oauth=CloseOAuthClient(
                    http,
                    api_url=settings.close_api_url,
                    app_url=settings.close_app_url,
                    client_id=settings.close_client_id,
                    client_secret=settings.close_client_secret.get_secret_value(),
                    redirect_uri=links.callback,
                    limits=limits,
                ),
                session=session,
                quick=web_client(token, api_url, session, patient=False),
                patient=web_client(token, api_url, session, patient=True),
            )
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(farewell.left(CLOSING, keeping=0)):
                await database.dispose()
