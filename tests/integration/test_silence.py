"""A database that has gone without a word: every wait has an end, and what is new works at once."""

import asyncio
import re
import shutil
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from bot.store import Database, DatabaseAway, postgres, sqlite, turns
from bot.store.schema import is_current
from tests.conftest import Postgres
from tests.integration.rows import add, delegation, get
from tests.integration.wire import Wire, open_wire
from tests.patience import MOMENT, PATIENCE

pytestmark = pytest.mark.usefixtures("new_connections")

LIMIT = 0.5  # seconds
MANY = 80  # that wait at once: one after the other they would outlast all patience


@pytest.fixture
def server_url(postgres: Postgres) -> str:
    """The address of a migrated, empty PostgreSQL."""
    return postgres.emptied()


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits short enough to wait for."""
    for name in ("CONNECT_LIMIT", "SILENCE_LIMIT", "CLOSE_LIMIT"):
        monkeypatch.setattr(postgres, name, LIMIT)


@pytest.fixture
async def wired(server_url: str) -> AsyncIterator[tuple[Wire, Database]]:
    """A database at the far end of a wire."""
    async with open_wire(server_url) as (wire, near):
        database = Database(near)
        yield wire, database
        await database.dispose()


def one(connection: Connection) -> Any:
    """Ask for nothing in particular."""
    return connection.execute(text("SELECT 1")).scalar()


async def works_again(database: Database) -> None:
    """What is new works, as soon as this machine is not too busy for these short limits."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(DatabaseAway):
                assert await database.run_connection(one) == 1
                return


async def test_a_silent_server_is_given_up(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: connections that died without a reset are dropped, and a new one does the same work."""
    for name in ("CONNECT_LIMIT", "SILENCE_LIMIT"):  # what is new works, on a busy machine, too
        monkeypatch.setattr(postgres, name, 4 * LIMIT)
    async with open_wire(server_url) as (wire, near):
        database = Database(near)
        await asyncio.gather(*(database.run_connection(one) for _ in range(8)))
        wire.die()
        wire.heal()
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            found = await asyncio.gather(*(database.run_connection(one) for _ in range(8)))
        assert found == [1] * 8
        assert time.monotonic() - began >= LIMIT
        await database.dispose()


async def test_a_server_that_stays_away(wired: tuple[Wire, Database]) -> None:
    """R1: as long as nothing comes through, whoever asks gets one clear error in limited time."""
    wire, database = wired
    await database.run_connection(one)
    wire.die()
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(
            *(database.run_connection(one) for _ in range(MANY)), return_exceptions=True
        )
    assert {type(each) for each in answers} == {DatabaseAway}
    wire.heal()
    await works_again(database)


@pytest.mark.parametrize("answers", range(9))
async def test_a_server_that_dies_while_it_is_met(
    wired: tuple[Wire, Database], answers: int
) -> None:
    """R1: a first connection that stops answering anywhere in its set-up is given up as well."""
    wire, database = wired
    wire.die_after(answers)
    async with asyncio.timeout(PATIENCE):
        try:
            await database.run_connection(one)
        except DatabaseAway:
            wire.heal()
    await works_again(database)


async def test_an_unanswered_commit_is_not_repeated(
    wired: tuple[Wire, Database], server_url: str
) -> None:
    """R1: when the answer to a commit is lost, nobody knows: it is said, and not done twice."""
    wire, database = wired
    row, times = delegation(), 0
    await add(database, row)

    def write(connection: Connection) -> None:
        nonlocal times
        times += 1
        connection.execute(text("UPDATE delegations SET note = note || 'x'"))
        wire.die()

    with pytest.raises(DatabaseAway):
        await database.run_connection(write)
    assert times == 1


@pytest.mark.parametrize("sent", ["nothing", "half a statement"])
async def test_what_a_lost_client_has_locked(
    wired: tuple[Wire, Database], monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    """A client that vanished within a transaction holds its rows for a limited time, wherever in
    the protocol it was: what is locked is not claimed, and its right would not end."""
    monkeypatch.setattr(postgres, "SESSION", re.sub(r"'(15|20)s'", "'1s'", postgres.SESSION))
    wire, database = wired
    row = delegation()
    await add(database, row)

    def vanish(connection: Connection) -> None:
        connection.execute(text("UPDATE delegations SET note = 'x'"))
        if sent == "nothing":
            wire.die()
        else:
            wire.die_after(0)
        connection.execute(text("SELECT 1 AS never_prepared_before"))

    with pytest.raises(DatabaseAway):
        await database.run_connection(vanish)
    wire.heal()
    free = text("SELECT count(*) FROM (SELECT 1 FROM delegations FOR UPDATE SKIP LOCKED)")
    async with asyncio.timeout(PATIENCE):
        while not await database.run_connection(lambda each: each.execute(free).scalar()):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def test_a_statement_has_its_limit(wired: tuple[Wire, Database]) -> None:
    """R1: one that takes too long is ended on the server, and the connection lives on."""
    _, database = wired
    with pytest.raises(DatabaseAway):
        await database.run_connection(lambda each: each.execute(text("SELECT pg_sleep(9)")))
    assert await database.run_connection(one) == 1


async def test_a_migration_may_take_its_time(wired: tuple[Wire, Database]) -> None:
    """What is patient has no limit, and whatever comes after it has one again."""
    _, database = wired

    def wait(connection: Connection) -> Any:
        connection.execute(text(f"SELECT pg_sleep({3 * LIMIT})"))
        return connection.execute(text("SHOW statement_timeout")).scalar()

    assert await database.run_connection(wait, is_patient=True) == "0"
    show = await database.run_connection(
        lambda each: each.execute(text("SHOW statement_timeout")).scalar()
    )
    assert show == "4500ms"


async def test_a_client_that_vanished_holds_no_locks(server_url: str) -> None:
    """R1: the server ends a transaction whose client says nothing more, and frees its rows."""
    database = Database(server_url)
    shown = await database.run_connection(
        lambda each: each.execute(text("SHOW idle_in_transaction_session_timeout")).scalar()
    )
    await database.dispose()
    assert shown == "15s"


async def test_a_pool_without_a_free_place(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: who finds every connection taken waits for a limited time, and is told."""
    for name in ("CONNECT_LIMIT", "SILENCE_LIMIT"):  # twenty are made on a machine that is busy
        monkeypatch.setattr(postgres, name, 4 * LIMIT)
    waiting = text("SELECT pg_advisory_xact_lock(1)")
    database, holder = Database(server_url), await asyncpg.connect(server_url)
    try:
        await holder.execute("SELECT pg_advisory_lock(1)")
        async with asyncio.TaskGroup() as holding:
            for place in range(1, 21):
                holding.create_task(
                    database.run_connection(lambda each: each.execute(waiting), is_patient=True)
                )
                await _until_so_many_wait(holder, place)
            with pytest.raises(DatabaseAway):
                await database.run_connection(one)
            await holder.execute("SELECT pg_advisory_unlock(1)")
        assert await database.run_connection(one) == 1
    finally:
        await holder.close()
        await database.dispose()


async def _until_so_many_wait(driver: Any, number: int) -> None:
    asked = """
        SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
    """
    async with asyncio.timeout(PATIENCE):
        while await driver.fetchval(asked) < number:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def test_a_server_that_became_a_standby(server_url: str, postgres: Postgres) -> None:
    """R1: a server that takes no changes any more counts as away; the next connection is new."""
    database = Database(server_url)
    name = server_url.partition("@/")[2].partition("?")[0]
    row = delegation()
    await add(database, row)
    for is_on in (True, False):
        word = "on" if is_on else "off"
        postgres.psql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {word}')
        if is_on:
            await database.dispose()  # what is connected now is connected to the standby
            with pytest.raises(DatabaseAway):
                await add(database, delegation())
    await add(database, delegation())
    assert await get(database, row) == row
    await database.dispose()


async def test_a_start_that_waits_for_a_writable_server(
    server_url: str, postgres: Postgres
) -> None:
    """Whoever only looks notices as well when the server takes changes again."""
    database = Database(server_url)
    name = server_url.partition("@/")[2].partition("?")[0]
    seen = []
    for word in ("on", "off"):
        postgres.psql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {word}')
        seen.append(await is_current(database))
    await database.dispose()
    assert seen == [False, True]


@pytest.mark.parametrize(("user", "name"), [("nobody", "bot"), ("postgres", "nowhere")])
async def test_what_a_server_says_at_the_door(server_url: str, user: str, name: str) -> None:
    """What no waiting mends is not taken for an outage."""
    url = make_url(server_url).set(username=user, database=name)
    database = Database(url.render_as_string(hide_password=False))
    with pytest.raises(DBAPIError) as caught:
        await database.run_connection(one)
    assert not isinstance(caught.value, DatabaseAway)
    await database.dispose()


async def test_a_file_that_somebody_holds(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: while another process holds the SQLite file, everybody is told in limited time; nothing
    of what they asked for is done later."""
    monkeypatch.setattr(sqlite, "LOCK_WAIT", LIMIT)
    monkeypatch.setattr(turns, "LONGEST_WAIT", 2 * LIMIT)
    path = shutil.copy(migrated_sqlite, tmp_path / "held.db")
    database, row = Database(f"sqlite:///{path}"), delegation()
    await add(database, row)
    holder = create_engine(f"sqlite:///{path}", isolation_level=None).connect()
    holder.exec_driver_sql("BEGIN IMMEDIATE")
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(
            *(add(database, delegation()) for _ in range(MANY)), return_exceptions=True
        )
    assert {type(each) for each in answers} == {DatabaseAway}
    holder.exec_driver_sql("ROLLBACK")
    holder.close()
    assert await get(database, row) == row
    count = await database.run_connection(
        lambda each: each.exec_driver_sql("SELECT count(*) FROM delegations").scalar()
    )
    assert count == 1
    await database.dispose()


async def test_a_file_that_hangs(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: a disk that never answers stops nobody for ever, and the process knows that it is so."""
    monkeypatch.setattr(turns, "LONGEST_WAIT", LIMIT)
    monkeypatch.setattr("bot.store.database.STUCK", LIMIT)
    path = shutil.copy(migrated_sqlite, tmp_path / "hanging.db")
    database, answered = Database(f"sqlite:///{path}"), threading.Event()
    was_stuck = database.is_stuck
    try:
        for _ in range(2):
            with pytest.raises(DatabaseAway):
                await database.run_connection(lambda _: answered.wait())
        assert (was_stuck, database.is_stuck) == (False, True)
    finally:
        answered.set()
    monkeypatch.setattr(turns, "LONGEST_WAIT", PATIENCE)
    assert await database.run_connection(one) == 1
    assert not database.is_stuck
    await database.dispose()
