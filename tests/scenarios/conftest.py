"""A stage for each scenario: on both databases, or on SQLite where the database cannot matter."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.world import World, open_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The usual settings, on both databases."""
    async with open_world(database_url) as opened:
        yield opened


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite database."""
    path = tmp_path / "stage.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def stage(sqlite_url: str) -> AsyncIterator[World]:
    """The usual settings, on SQLite."""
    async with open_world(sqlite_url) as opened:
        yield opened
