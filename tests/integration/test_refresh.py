"""Refreshing tokens: never twice at once, also not by two processes; lost answers; dead grants."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.close.errors import (
    CloseError,
    CloseProblem,
    OutcomeUnclear,
    ReconnectNeeded,
    RetryLater,
    Unauthorized,
)
from bot.close.transport import open_http
from bot.connections.sessions import Connections, NotConnected
from bot.connections.vault import Purpose, Vault, owner
from bot.ports import Credential
from bot.store import Database, Store
from models.connection import Connection
from sandbox.close import SandboxClose
from sandbox.close.trouble import After, Held
from sandbox.people import ADA
from sandbox.serving import serve
from tests.integration.close_world import oauth_client
from tests.integration.outage import Outage
from tests.integration.refresher import TEAM
from tests.integration.rows import account, connection
from tests.patience import MOMENT, PATIENCE

ROOT = Path(__file__).parents[2]
OVER = datetime(2020, 1, 1, tzinfo=UTC)
WHO = "U0ADA"
OWNER = owner(TEAM, WHO, "user_ada")


@dataclass
class Stage:
    """A stored connection whose access token has run out, and the Close that renews it."""

    close: SandboxClose
    close_url: str
    database: Database
    key: str
    connections: Connections
    tokens: tuple[str, str] = ("", "")

    @property
    def refreshes(self) -> int:
        """How often Close was asked for new tokens."""
        return sum(call.path == "/oauth2/token/" for call in self.close.calls)

    async def stored(self) -> Connection:
        """The connection as it is stored now."""
        found = await self.database.run(lambda store: store.connections.get(TEAM, WHO))
        assert found is not None
        return found

    def sealed(self, access_token: str, refresh_token: str | None = None) -> bytes:
        """Tokens as they are stored for Ada."""
        document = {"access_token": access_token, "refresh_token": refresh_token}
        return Vault([self.key]).seal(document, Purpose.TOKENS, OWNER)

    async def put(self, **changes: object) -> None:
        """Store a connection with tokens that Close just gave."""
        tokens = self.close.connect(ADA)
        self.tokens = (str(tokens["access_token"]), str(tokens["refresh_token"]))
        sealed = self.sealed(*self.tokens)
        values = {"secret": sealed, "access_expires_at": OVER, **changes}
        row = connection(account=account(**values))
        await self.database.run(lambda store: store.connections.put(row))

    async def secret(self) -> str:
        """What one session would call Close with."""
        session = await self.connections.open(TEAM, WHO)

        async def ask(credential: Credential) -> str:
            return credential.secret

        return await session.call(ask)

    def works(self, secret: str) -> bool:
        """Whether Close takes this access token."""
        return self.close.state.caller_of_token(secret) == ADA.close_user_id


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Ada is connected, and her access token has run out."""
    close, key = SandboxClose(), Fernet.generate_key().decode()
    async with serve(close.app) as url, open_http() as http:
        oauth = oauth_client(http, url)
        connections = Connections(database, Vault([key]), oauth, lambda: datetime.now(UTC))
        opened = Stage(close, url, database, key, connections)
        await opened.put()
        yield opened


@asynccontextmanager
async def processes(
    stage: Stage, database_url: str, number: int
) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """Real processes that hold the same stale connection and wait for a sign."""
    arguments = (database_url, stage.close_url, stage.key, "3")
    command = (sys.executable, "-m", "tests.integration.refresher", *arguments)
    pipe = asyncio.subprocess.PIPE
    started = [
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
        for _ in range(number)
    ]
    for process in started:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    try:
        yield started
    finally:
        for process in started:
            await process.communicate(b"\n")


async def test_two_processes_refresh_once(stage: Stage, database_url: str) -> None:
    """Six sessions in two processes find the token stale together: one refresh, one new token."""
    stage.close.trouble.stall("/oauth2/token/", 0.2)
    lines: list[bytes] = []
    async with processes(stage, database_url, 2) as started:
        for process in started:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            await process.stdin.drain()
        for process in started:
            assert process.stdout is not None
            lines += [await process.stdout.readline() for _ in range(3)]
    secrets = {line.decode().strip() for line in lines}
    assert stage.refreshes == 1
    assert len(secrets) == 1
    assert stage.works(secrets.pop())


async def test_many_sessions_refresh_once(stage: Stage) -> None:
    """Twenty at once in one process do the same, and the next one needs no refresh at all."""
    secrets = set(await asyncio.gather(*(stage.secret() for _ in range(20))))
    assert stage.refreshes == 1
    assert len(secrets) == 1
    assert await stage.secret() in secrets
    assert stage.refreshes == 1


async def test_the_new_pair_is_stored_before_it_is_used(stage: Stage) -> None:
    """Whoever calls Close with a renewed token could be killed: the row has it already."""
    session = await stage.connections.open(TEAM, WHO)
    seen: list[Connection] = []

    async def ask(_credential: Credential) -> None:
        seen.append(await stage.stored())

    await session.call(ask)
    assert seen[0].version == 2
    assert seen[0].refreshing_until is None
    assert seen[0].account.access_expires_at
    assert seen[0].account.access_expires_at > datetime.now(UTC)


@pytest.mark.parametrize("how", [After.CUT, After.GARBAGE, After.TRUNCATED])
async def test_a_lost_answer_ends_in_a_clear_error(stage: Stage, how: After) -> None:
    """The new pair never came: unclear once, and then the person has to connect again."""
    stage.close.trouble.after("/oauth2/token/", how)
    with pytest.raises(OutcomeUnclear):
        await stage.secret()
    assert (await stage.stored()).refreshing_until is None
    with pytest.raises(ReconnectNeeded):
        await stage.secret()
    assert not (await stage.stored()).is_alive
    before = stage.refreshes
    with pytest.raises(ReconnectNeeded):
        await stage.secret()
    assert stage.refreshes == before


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_refresh_that_was_not_done_can_be_repeated(stage: Stage, status: int) -> None:
    """Close was busy or away: the connection lives, and the next attempt succeeds."""
    stage.close.trouble.fail("/oauth2/token/", status, headers={"retry-after": "0"})
    with pytest.raises((RetryLater, OutcomeUnclear)):
        await stage.secret()
    assert (await stage.stored()).is_alive
    assert stage.works(await stage.secret())


async def test_a_grant_that_is_gone_marks_the_connection(stage: Stage) -> None:
    """``invalid_grant`` is final: the connection is dead, for everybody who waits as well."""
    stage.close.revoke_tokens(ADA)
    results = await asyncio.gather(*(stage.secret() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, ReconnectNeeded) for result in results)
    assert stage.refreshes == 1
    assert not (await stage.stored()).is_alive


async def test_an_application_that_is_rejected_is_nobodys_reconnect(stage: Stage) -> None:
    """``invalid_client`` is the operator's to mend: the person's connection stays alive."""
    stage.close.trouble.fail("/oauth2/token/", 401, body=b'{"error": "invalid_client"}')
    with pytest.raises(CloseError):
        await stage.secret()
    assert (await stage.stored()).is_alive


async def test_a_reconnection_meanwhile_wins(stage: Stage) -> None:
    """The person connects again while an old refresh fails: the new tokens are used."""
    refresh = stage.close.trouble.hold("/oauth2/token/")
    stage.close.revoke_tokens(ADA)
    waiting = asyncio.create_task(stage.secret())
    await refresh.arrived.wait()
    await stage.put(access_expires_at=datetime.now(UTC) + timedelta(hours=1))
    refresh.let_go.set()
    assert stage.works(await waiting)
    assert (await stage.stored()).is_alive


async def test_a_reconnection_meanwhile_is_not_overwritten(stage: Stage) -> None:
    """The old refresh succeeds after the person connected again: their new tokens stay."""
    refresh = stage.close.trouble.hold("/oauth2/token/")
    waiting = asyncio.create_task(stage.secret())
    await refresh.arrived.wait()
    await stage.put(access_expires_at=datetime.now(UTC) + timedelta(hours=1))
    fresh = await stage.stored()
    refresh.let_go.set()
    assert stage.works(await waiting)
    assert await stage.stored() == fresh


async def test_whoever_asks_may_go_away(stage: Stage) -> None:
    """A refresh that was begun is stored even when its caller is cancelled in between."""
    refresh = stage.close.trouble.hold("/oauth2/token/")
    asking = asyncio.create_task(stage.secret())
    await refresh.arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    refresh.let_go.set()
    async with asyncio.timeout(PATIENCE):
        while (await stage.stored()).version == 1:  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    assert stage.works(await stage.secret())
    assert stage.refreshes == 1


async def renewing(stage: Stage) -> tuple["asyncio.Task[str]", Held]:
    """Somebody asks, and Close is about to answer with new tokens, once it is let go."""
    refresh = stage.close.trouble.hold("/oauth2/token/")
    asking = asyncio.create_task(stage.secret())
    async with asyncio.timeout(PATIENCE):
        await refresh.arrived.wait()
    return asking, refresh


async def answered_without_a_database(refresh: Held, outage: Outage) -> None:
    """Close answers while the database is away; somebody has tried to store what it said."""
    outage.is_on = True
    refresh.let_go.set()
    async with asyncio.timeout(PATIENCE):
        await outage.met.wait()


async def test_new_tokens_are_held_until_they_are_stored(stage: Stage, outage: Outage) -> None:
    """K9: the database is away just when Close has rotated the tokens: they are stored once it is
    back, and whoever asked gets them."""
    asking, refresh = await renewing(stage)
    await answered_without_a_database(refresh, outage)
    assert not asking.done()
    outage.is_on = False
    assert stage.works(await asking)
    assert (await stage.stored()).version == 2
    assert stage.works(await stage.secret())
    assert stage.refreshes == 1


@pytest.mark.parametrize("what", ["found dead", "resealed", "nothing", "leased"])
async def test_held_tokens_win(stage: Stage, outage: Outage, database_url: str, what: str) -> None:
    """K9: whatever another process has done meanwhile to the connection with the tokens that are
    used up, the only good ones replace them."""
    other = Database(database_url)
    asking, refresh = await renewing(stage)
    row = await stage.stored()

    def interfere(store: Store) -> None:
        if what == "found dead":
            store.connections.mark_dead(row, now=datetime.now(UTC))
        if what == "resealed":
            store.connections.reseal(row, secret=stage.sealed(*stage.tokens))
        if what == "leased":
            store.connections.unlease(row)
            store.connections.lease(row, lease=timedelta(seconds=20))

    await other.run(interfere)
    await answered_without_a_database(refresh, outage)
    outage.is_on = False
    assert stage.works(await asking)
    stored = await stage.stored()
    assert stored.refreshing_until is None
    if what == "found dead":  # the watch tries it at once, and finds that it works
        assert stored.wake_at is not None
        assert stored.wake_at <= datetime.now(UTC)
    else:
        assert stage.works(await stage.secret())
    await other.dispose()


async def test_a_stopping_process_stores_first(stage: Stage, outage: Outage) -> None:
    """K9, K1: what Close answers is waited for, and stored, before the process ends."""
    asking, refresh = await renewing(stage)
    asking.cancel()
    stopping = asyncio.create_task(stage.connections.finish())
    await answered_without_a_database(refresh, outage)
    assert not stopping.done()
    outage.is_on = False
    await stopping
    assert (await stage.stored()).version == 2


async def test_a_process_that_died_while_refreshing(stage: Stage) -> None:
    """Its lease runs out, and somebody else refreshes."""
    stored = await stage.stored()
    assert await stage.database.run(
        lambda store: store.connections.lease(stored, lease=timedelta(seconds=0.5))
    )
    assert stage.works(await stage.secret())


async def test_401_refreshes_once_and_tries_once_more(stage: Stage) -> None:
    """A token that Close refuses although it looked fresh is renewed; a second 401 is final."""
    await stage.put(access_expires_at=datetime.now(UTC) + timedelta(hours=1))
    session = await stage.connections.open(TEAM, WHO)
    asked: list[str] = []

    async def ask(credential: Credential) -> None:
        asked.append(credential.secret)
        raise Unauthorized(CloseProblem.UNAUTHORIZED, status=401)

    with pytest.raises(ReconnectNeeded):
        await session.call(ask)
    assert len(set(asked)) == 2
    assert stage.refreshes == 1
    assert not (await stage.stored()).is_alive


async def test_an_api_key_is_never_refreshed(stage: Stage) -> None:
    """A refused key can only be replaced by its owner."""
    await stage.put(
        secret=stage.sealed(stage.close.api_key(ADA)), is_api_key=True, access_expires_at=None
    )
    session = await stage.connections.open(TEAM, WHO)

    async def refused(credential: Credential) -> None:
        assert credential.is_api_key
        raise Unauthorized(CloseProblem.UNAUTHORIZED, status=401)

    with pytest.raises(ReconnectNeeded):
        await session.call(refused)
    assert stage.refreshes == 0


async def test_nobody_who_never_connected(stage: Stage) -> None:
    """Without a row there is no session."""
    with pytest.raises(NotConnected):
        await stage.connections.open(TEAM, "U0NOBODY")


async def test_a_second_key_reads_what_the_first_wrote(stage: Stage) -> None:
    """Rotation: a new first key encrypts from now on, the old one still decrypts."""
    newer = Fernet.generate_key().decode()
    both = Connections(
        stage.database,
        Vault([newer, stage.key]),
        stage.connections._oauth,
        lambda: datetime.now(UTC),
    )
    stage = replace(stage, connections=both)
    assert stage.works(await stage.secret())
    secret = (await stage.stored()).account.secret
    assert Vault([newer]).open(secret, Purpose.TOKENS, OWNER)["access_token"]
