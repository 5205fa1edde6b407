"""A bot at work, and what it says of itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.deploy.told import Told, told
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.world import World, open_world


@pytest.fixture
async def stage(sqlite_url: str) -> AsyncIterator[World]:
    """The usual settings, on SQLite."""
    async with open_world(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def known(stage: World) -> Told:
    """What the bot says at ``/metrics``, once its database has answered."""
    async with asyncio.timeout(PATIENCE):
        while "sendas_connections{" not in (text := (await stage.figures()).text):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    return told(text)
