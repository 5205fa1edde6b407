"""A stage for each scenario: on both databases, or on SQLite where the database cannot matter."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from bot.close import client as close_client
from bot.close.transport import Answer, Request, send
from bot.slack import directory
from tests.patience import PATIENCE
from tests.scenarios.world import World, open_world


@pytest.fixture(autouse=True)
def patient_with_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy for a second and a half is no Slack that does not answer."""
    monkeypatch.setattr(directory, "PATIENCE", PATIENCE)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The usual settings, on both databases."""
    async with open_world(database_url) as opened:
        yield opened


@pytest.fixture
async def stage(sqlite_url: str) -> AsyncIterator[World]:
    """The usual settings, on SQLite."""
    async with open_world(sqlite_url) as opened:
        yield opened


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes to Close time out after a fraction of a second instead of ten."""

    async def hurried(
        http: httpx.AsyncBaseTransport, request: Request, *, within: timedelta
    ) -> Answer:
        is_write = request.method in ("POST", "DELETE")
        return await send(http, request, within=timedelta(seconds=0.5) if is_write else within)

    monkeypatch.setattr(close_client, "send", hurried)
