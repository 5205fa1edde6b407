"""One arena for all attacks of a run, and a stage of their own for those that need it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.attacks.arena import Arena, Cast, open_arena
from tests.scenarios.world import World, open_world

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is shared lives in one event loop, so all of them run in it."""
    in_one_loop = pytest.mark.asyncio(loop_scope="package")
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(in_one_loop, append=False)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared_arena(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Arena]:
    """The real process."""
    path = tmp_path_factory.mktemp("arena") / "arena.db"
    shutil.copy(migrated_sqlite, path)
    async with open_arena(f"sqlite:///{path}") as opened:
        yield opened


@pytest.fixture
def arena(shared_arena: Arena) -> Iterator[Arena]:
    """The real process; whatever is done to it, it writes neither a traceback nor an error."""
    before = shared_arena.log_length()
    yield shared_arena
    written = shared_arena.log(before)
    assert "Traceback" not in written, written
    assert '"level": "error"' not in written, written
    assert shared_arena.house.bot.is_running


@pytest.fixture
def cast(arena: Arena) -> Cast:
    """People that no other attack is about."""
    return arena.cast()


@pytest_asyncio.fixture(loop_scope="package")
async def stage(sqlite_url: str) -> AsyncIterator[World]:
    """A bot with an empty database and a clock of its own."""
    async with open_world(sqlite_url) as opened:
        yield opened
