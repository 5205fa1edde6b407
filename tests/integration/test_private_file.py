"""The SQLite file: nobody else reads it, and what was deleted is not in it any more."""

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from bot.process.fit import NotReady, fit_of
from bot.store import Database, DatabaseAway, NotOurs, sqlite
from bot.store.schema import migrate
from tests.integration.rows import account, connection

SECRET = b"gAAAA-a-sealed-token"


def modes(folder: Path) -> dict[str, str]:
    """Who may do what with each file."""
    return {each.name: oct(stat.S_IMODE(each.stat().st_mode)) for each in folder.iterdir()}


def found(folder: Path) -> list[str]:
    """The files that hold the secret."""
    return [each.name for each in folder.iterdir() if SECRET in each.read_bytes()]


def _run(script: str, path: Path) -> None:
    """In another process."""
    subprocess.run([sys.executable, "-c", script, path], check=True)  # noqa: S603 - our own words


async def store(database: Database, secret: bytes) -> None:
    """Ada's tokens are these."""
    row = connection(account=account(secret=secret))
    await database.run(lambda store: store.connections.put(row))


async def test_a_new_file(tmp_path: Path) -> None:
    """R8: whatever the umask allows, the file and those beside it are their owner's."""
    before = os.umask(0)
    try:
        database = Database(f"sqlite:///{tmp_path / 'new.db'}")
        await migrate(database)
        await store(database, SECRET)
        assert modes(tmp_path) == dict.fromkeys(("new.db", "new.db-wal", "new.db-shm"), "0o600")
        await database.dispose()
    finally:
        os.umask(before)


async def test_a_file_of_before(tmp_path: Path, migrated_sqlite: Path) -> None:
    """R8: a file that everybody could read is tightened when it is opened."""
    path = shutil.copy(migrated_sqlite, tmp_path / "old.db")
    for ending in ("", "-wal", "-shm"):
        beside = tmp_path / f"old.db{ending}"
        beside.touch()
        beside.chmod(0o644)
    database = Database(f"sqlite:///{path}")
    await store(database, SECRET)
    assert set(modes(tmp_path).values()) == {"0o600"}
    await database.dispose()


ANOTHERS = "CREATE TABLE places (url TEXT)"
FILES: dict[str, Callable[[Path], object]] = {
    "is no SQLite database": lambda path: path.write_text("root:x:0:0:\n" * 100),
    "is not the bot's": lambda path: sqlite3.connect(path).execute(ANOTHERS).connection.close(),
    "it holds something else": os.mkfifo,
    "cannot be opened": Path.mkdir,
}


@pytest.mark.parametrize("said", FILES)
async def test_a_file_of_somebody_else(tmp_path: Path, said: str) -> None:
    """Whatever is named as the database by mistake stays as it is, whoever looks at it or would
    migrate it, with a sentence that says what it is."""
    path = tmp_path / "theirs"
    FILES[said](path)
    path.chmod(0o755)
    before = path.read_bytes() if path.is_file() else None
    for _ in range(2):
        database = Database(f"sqlite:///{path}")
        with pytest.raises(NotReady, match=said):
            await fit_of(database)
        with pytest.raises((NotOurs, DatabaseError)):
            await migrate(database)
        await database.dispose()
    assert modes(tmp_path) == {"theirs": "0o755"}
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize("is_folder", [False, True])
async def test_what_is_no_database_stays_as_it_is(tmp_path: Path, is_folder: bool) -> None:
    """Whoever names another file by mistake, or a folder, is told, and others still can use it."""
    path = tmp_path / "passwd"
    path.mkdir() if is_folder else path.write_text("root:x:0:0:\n" * 100)
    path.chmod(0o755)
    database = Database(f"sqlite:///{path}")
    with pytest.raises((DatabaseAway, DatabaseError)):
        await store(database, SECRET)
    await database.dispose()
    assert modes(tmp_path) == {"passwd": "0o755"}


@pytest.mark.parametrize(
    ("tables", "is_ours"),
    [
        (("alembic_version", "places"), False),
        (("delegations",), False),
        (("alembic_version", "connections", "places"), True),
        (("alembic_version",), True),
    ],
)
async def test_whose_a_file_is(tmp_path: Path, tables: Sequence[str], is_ours: bool) -> None:
    """It is ours by the number of a schema and a table of ours, also where another one is gone."""
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path)) as connection:
        for name in tables:
            connection.execute(f"CREATE TABLE {name} (id TEXT)")
    database = Database(f"sqlite:///{path}")
    with nullcontext() if is_ours else pytest.raises(NotOurs):
        await database.run_connection(lambda _: None)
    await database.dispose()


async def test_what_is_deleted_is_gone(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: forgotten tokens are overwritten in the file, and leave its log soon after."""
    path = shutil.copy(migrated_sqlite, tmp_path / "bot.db")
    database = Database(f"sqlite:///{path}")
    await store(database, SECRET * 100)
    assert found(tmp_path)
    await store(database, b"")
    monkeypatch.setattr(sqlite, "CLEAN_EVERY", 0.0)
    for _ in range(2):  # it is cleaned behind the one, before the other
        await database.run(lambda store: store.connections.all())
    assert found(tmp_path) == []
    await database.dispose()
    assert found(tmp_path) == []


async def test_the_file_stays_locked(tmp_path: Path, migrated_sqlite: Path) -> None:
    """Another process that is done with the file does not take the log for its own to remove: what
    is written from then on would be lost."""
    path = Path(shutil.copy(migrated_sqlite, tmp_path / "bot.db"))
    database = Database(f"sqlite:///{path}")
    await store(database, SECRET)
    for _ in range(4):  # and its readers open it as well
        await database.read(lambda store: store.connections.all())
    look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA user_version')"
    await asyncio.to_thread(_run, f"{look}; c.close()", path)
    assert "bot.db-wal" in modes(tmp_path)
    await database.dispose()


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Nothing is made on the way: SQLite says in its own words that it cannot open the file."""
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'bot.db'}")
    with pytest.raises(Exception, match="unable to open"):
        await store(database, SECRET)
    await database.dispose()
    assert modes(tmp_path) == {}
