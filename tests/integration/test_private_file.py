"""The SQLite file: nobody else reads it, and what was deleted is not in it any more."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store import Database, sqlite
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
