"""What the tests of single parts have in common."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bot.connections.links import Links
from bot.connections.sessions import NotConnected
from bot.connections.vault import Vault
from bot.delegations.receipts import Receipts
from bot.projections.cards import CardStep
from bot.projections.showing import Showing
from bot.slack.bolt import web_client
from bot.slack.chat import Messages
from bot.store import Database
from bot.telemetry import Metrics
from sandbox.slack import SandboxSlack
from tests.integration.rows import NOON
from tests.integration.tools import tools


@pytest.fixture
async def slack() -> AsyncIterator[SandboxSlack]:
    """A sandbox Slack with nobody behind it."""
    sandbox = SandboxSlack()
    async with sandbox.serving():
        yield sandbox
    await sandbox.close()


class NobodyConnected:
    """Nothing is asked of Close here."""

    async def open(self, team_id: str, slack_user_id: str) -> None:
        """Nobody has a connection."""
        raise NotConnected


@pytest.fixture
async def step(slack: SandboxSlack, database: Database) -> AsyncIterator[CardStep]:
    """What shows cards in that Slack."""
    async with aiohttp.ClientSession() as session:
        client = web_client(slack.bot_token, slack.api_url, session, patient=False)
        key = Fernet.generate_key().decode()
        links = Links(Vault((key,)), "https://bot.example.com", lambda: NOON)
        showing = Showing(database, Messages(client), links, lambda: NOON, Metrics())
        equipped = tools(database, connections=NobodyConnected())
        yield CardStep(showing, Receipts(equipped), equipped.directory)
