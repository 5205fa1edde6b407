"""Encryption keys rotate: rows move to the newest key, and a missing key is said at the start."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bot.connections.keys import keys_problem
from bot.connections.vault import Vault
from bot.process import cli, doctor
from bot.process.settings import Settings
from bot.store import Database
from models.connection import connections
from models.delegation import State
from sandbox.people import ADA, BEN
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, settled_in
from tests.scenarios.world import open_world

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


async def secret_of(database: Database) -> bytes:
    """What is stored of the only connection's tokens."""

    def read(connection: Any) -> bytes:
        return bytes(connection.execute(connections.select()).one().secret)

    found: bytes = await database.run_connection(read)
    return found


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite database."""
    path = tmp_path / "keys.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


def settings_for(database_url: str, *keys: str) -> Settings:
    """Complete settings with these keys."""
    return Settings(
        _env_file=None,
        slack_bot_token="xoxb-test",
        slack_signing_secret="secret",
        close_client_id="oa2client_1",
        close_client_secret="secret",
        public_url="https://bot.example.com",
        database_url=database_url,
        encryption_keys=keys,
    )


async def test_rotation(database_url: str) -> None:
    """With ``ENCRYPTION_KEYS=new,old`` rows are re-encrypted in the background; then the old key
    can go, and what was lent before still ends in time."""
    async with open_world(database_url, encryption_keys=(OLD,)) as world:
        await active(world)
        close = world.close
    async with open_world(database_url, encryption_keys=(NEW, OLD), close=close) as world:
        async with asyncio.timeout(PATIENCE):
            newest = Vault([NEW])
            while not newest.is_newest(await secret_of(world.database)):  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(MOMENT)
        refreshes = [call for call in close.calls if call.path == "/oauth2/token/"]
        assert len(refreshes) == 1  # re-encrypting needs nothing of Close
    async with open_world(database_url, encryption_keys=(NEW,), close=close) as world:
        world.clock.push(hours=2)
        await settled_in(world, State.ENDED)
        assert not close.find(ADA, BEN)


async def test_a_missing_key_is_found(database_url: str) -> None:
    """Rows that no key opens are counted, and the sentence names the variable."""
    async with open_world(database_url, encryption_keys=(OLD,)) as world:
        await world.connect(ADA)
        assert await keys_problem(world.database, Vault([OLD])) is None
        assert await keys_problem(world.database, Vault([NEW, OLD])) is None
        problem = await keys_problem(world.database, Vault([NEW, OTHER]))
    assert problem is not None
    assert problem.startswith("ENCRYPTION_KEYS")


async def test_serve_and_doctor_say_so(
    sqlite_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither starts with a stack trace later: one line, and a status of failure."""
    # It is for the whole process, and would log into this test's closed output ever after.
    monkeypatch.setattr(cli, "configure_logging", lambda: None)
    async with open_world(sqlite_url, encryption_keys=(OLD,)) as world:
        await world.connect(ADA)
    assert await cli.serve(settings_for(sqlite_url, NEW)) == 4
    said = capsys.readouterr().err
    assert "ENCRYPTION_KEYS" in said
    assert "Traceback" not in said
    assert "ENCRYPTION_KEYS" in (await doctor._database(settings_for(sqlite_url, NEW)) or "")
    assert await doctor._database(settings_for(sqlite_url, OLD)) is None
