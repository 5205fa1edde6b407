"""Encryption keys rotate: rows move to the newest key, and a missing key is said at the start."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, select

from bot.connections.keys import look_through
from bot.connections.vault import Purpose, Vault, owner_of
from bot.delegations.people.retention import hashing
from bot.process.doctor.database import examine_database
from bot.process.doctor.report import Verdict
from bot.process.settings import Settings
from bot.store import Database
from models.connection import connections
from models.delegation import State
from sandbox.people import ADA, BEN, DANA
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import active, connection_of, settled_in, shown
from tests.scenarios.test_pairings import opened_by
from tests.scenarios.world import World, open_world

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


async def test_the_key_of_the_hashes_counts_too(database_url: str) -> None:
    """Whoever looks is told to keep an older key until the key of the hashes has moved on as well;
    then ids are hashed as before."""
    database = Database(database_url)
    before = (await hashing(database, Vault([OLD])))("U0ADA")
    both = Vault([NEW, OLD])
    assert (await look_through(database, both)).older == 1
    await hashing(database, both)
    assert (await look_through(database, both)).older == 0
    assert (await hashing(database, Vault([NEW])))("U0ADA") == before
    await database.dispose()


async def test_a_missing_key_is_found(database_url: str) -> None:
    """Rows that no key opens are counted, and the sentence names the variable."""
    async with open_world(database_url, encryption_keys=(OLD,)) as world:
        await world.connect(ADA)
        assert (await look_through(world.database, Vault([OLD]))).is_fine
        assert (await look_through(world.database, Vault([NEW, OLD]))).problem is None
        problem = (await look_through(world.database, Vault([NEW, OTHER]))).problem
    assert problem is not None
    assert problem.startswith("ENCRYPTION_KEYS")


async def test_a_lost_key_stops_nobody_else(
    database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """R3: with one secret that no key opens the bot starts, ends what it can, says so to admins and
    in the log, and the person concerned connects again."""
    async with open_world(database_url, encryption_keys=(OLD,)) as world:
        await active(world)
        close = world.close
    after: dict[str, Any] = {"encryption_keys": (NEW,), "admins": (DANA.id,)}
    async with open_world(database_url, close=close, **after) as world:
        told = await world.card(DANA, "can't open some of my connections")
        assert "ENCRYPTION_KEYS" in world.slack.read(told, DANA)
        await shown(world, ADA, "Connect Close", "can no longer act for you")
        assert not (await connection_of(world)).is_alive
        assert "ENCRYPTION_KEYS does not open 1 of" in "".join(capfd.readouterr())
        await world.connect(ADA)
        await world.card(ADA, "works again")
        world.clock.push(hours=2)
        await settled_in(world, State.ENDED)
        assert not close.find(ADA, BEN)
    async with open_world(database_url, close=close, **after) as world:
        assert (await connection_of(world)).is_alive
        assert not [m for m in world.slack.messages(DANA) if "can't open some" in m.text]


async def until_alive(world: World) -> None:
    """Wait until the only connection works."""
    async with asyncio.timeout(PATIENCE):
        while not (await connection_of(world)).is_alive:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)


async def test_a_key_that_comes_back(database_url: str) -> None:
    """R3: when the missing key is added after all, what it sealed works again by itself."""
    async with open_world(database_url, encryption_keys=(OLD,)) as world:
        await active(world)
        close = world.close
    async with open_world(database_url, encryption_keys=(NEW,), close=close) as world:
        await shown(world, ADA, "Connect Close", "can no longer act for you")
    async with open_world(database_url, encryption_keys=(NEW, OLD), close=close) as world:
        await until_alive(world)
        world.clock.push(hours=2)
        await settled_in(world, State.ENDED)
        assert not close.find(ADA, BEN)


async def test_a_pairing_that_no_key_opens(database_url: str) -> None:
    """R3: it is nobody's to confirm any more; its person is told, and connects again."""
    dana = (DANA.id,)
    async with open_world(database_url, encryption_keys=(OLD,), admins=dana) as world:
        await opened_by(world, ADA, BEN)
        await shown(world, DANA, "Confirm")
        close = world.close
    async with open_world(database_url, encryption_keys=(NEW,), close=close, admins=dana) as world:
        told = await world.card(ADA, "was not connected")
        assert "encryption key" in world.slack.read(told, ADA)


async def test_what_was_sealed_before_there_were_labels(database_url: str) -> None:
    """R8: it opens as before, and carries its purpose and owner soon after the start."""
    async with open_world(database_url, encryption_keys=(OLD,)) as world:
        await active(world)
        close, stored = world.close, await connection_of(world)
        tokens = Vault([OLD]).open(stored.account.secret, Purpose.TOKENS, owner_of(stored))
        plain = Fernet(OLD).encrypt(json.dumps(tokens).encode())
        await world.database.run_connection(
            lambda each: each.execute(connections.update().values(secret=plain))
        )
    async with open_world(database_url, encryption_keys=(OLD,), close=close) as world:
        async with asyncio.timeout(PATIENCE):
            while not Vault([OLD]).is_newest(await secret_of(world.database)):  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(MOMENT)
        world.clock.push(hours=2)
        await settled_in(world, State.ENDED)
        assert not close.find(ADA, BEN)


async def test_anothers_secret_is_refused(database_url: str) -> None:
    """R8: Ada's sealed tokens in Ben's row do not act in Ben's name, nor in Ada's."""
    async with open_world(database_url) as world:
        await world.connect(ADA)
        await world.connect(BEN)

        def swap(connection: Connection) -> None:
            mine = connections.c.slack_user_id == ADA.id
            secret = connection.execute(select(connections.c.secret).where(mine)).scalar_one()
            row = connections.update().where(connections.c.slack_user_id == BEN.id)
            connection.execute(row.values(secret=secret))

        await world.database.run_connection(swap)
        await world.sendas(BEN, "grant @cleo 2h Covering")
        await shown(world, BEN, "Connect Close")
        assert not world.close.associations


async def test_a_client_secret_of_before(database_url: str) -> None:
    """While the OAuth app has another secret than the bot, nobody loses their connection or is
    asked to connect; with the right one everything goes on, and what was lent ends."""
    kept: dict[str, Any] = {"encryption_keys": (OLD,)}
    async with open_world(database_url, **kept) as world:
        await active(world)
        close = world.close
    async with open_world(
        database_url, close=close, close_client_secret="of-before", **kept
    ) as world:
        before = len(close.calls)
        world.clock.push(hours=2)
        await close.wait_for(
            lambda: any(each.path == "/oauth2/token/" for each in close.calls[before:]),
            what="a refresh",
        )
        assert (await connection_of(world)).is_alive
        assert not [each for each in world.slack.messages(ADA) if "Connect Close" in each.buttons()]
        assert close.find(ADA, BEN)
    async with open_world(database_url, close=close, **kept) as world:
        world.clock.push(hours=2)
        await settled_in(world, State.ENDED)
        assert not close.find(ADA, BEN)


async def test_a_signing_secret_of_before(sqlite_url: str) -> None:
    """What is signed with another secret is refused and changes nothing, whatever it was before."""
    kept: dict[str, Any] = {"encryption_keys": (OLD,)}
    async with open_world(sqlite_url, **kept) as world:
        await active(world)
        close = world.close
    async with open_world(
        sqlite_url, close=close, slack_signing_secret="a-new-one", **kept
    ) as world:
        assert (await world.slack.command(ADA, "/sendas", "revoke all")).status == 401
        assert (await world.only()).state is State.ACTIVE
    async with open_world(sqlite_url, close=close, **kept) as world:
        await world.sendas(ADA, "revoke all")
        await settled_in(world, State.ENDED)
        assert not close.find(ADA, BEN)


async def test_doctor_says_so(sqlite_url: str) -> None:
    """How many connections no key opens, and nothing when all is well."""
    async with open_world(sqlite_url, encryption_keys=(OLD,)) as world:
        await world.connect(ADA)
    said = {each.subject: each for each in await examine_database(settings_for(sqlite_url, NEW))}
    assert said["Encryption keys"].verdict is Verdict.WRONG
    assert "ENCRYPTION_KEYS does not open 1 of" in said["Encryption keys"].says
    found = await examine_database(settings_for(sqlite_url, OLD))
    assert not any(each.is_failure for each in found)
