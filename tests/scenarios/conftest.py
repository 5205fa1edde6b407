"""A stage for each scenario, on both databases."""

from collections.abc import AsyncIterator

import pytest

from tests.scenarios.world import World, open_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The usual settings."""
    async with open_world(database_url) as opened:
        yield opened
