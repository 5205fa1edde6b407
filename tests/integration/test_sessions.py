"""Connections without a network: what is stored for whom, what is ended, and what is waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from bot.close.errors import (
    CloseProblem,
    NotFound,
    ReconnectNeeded,
    RefusedByClose,
    RetryLater,
    Unauthorized,
)
from bot.connections import sessions
from bot.connections.sessions import FINISH, REFRESH_AHEAD, REFRESH_LEASE, STORED, Connections
from bot.connections.vault import Purpose, Vault, owner_of
from bot.ports import Credential, TokenAnswer
from bot.store import Database
from bot.store.connections import Connections as Stored
from models.connection import Connection
from models.revocation import Revocation
from tests.integration.rows import NOON, TEAM, account, connection
from tests.patience import PATIENCE

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
WHO = "U0ADA"
OVER = NOON - timedelta(hours=1)

# What is decided does not depend on the database; the store's own tests have both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def _nothing() -> None:
    """Meanwhile nothing happens."""


@dataclass
class Granting:
    """Close's OAuth: a new pair for each refresh. ``meanwhile`` happens before it answers."""

    asked: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    refuses: Exception | None = None
    meanwhile: Callable[[], Awaitable[None]] = _nothing

    def authorize_url(self, state: str) -> str:
        """Nobody is sent there."""
        raise NotImplementedError

    async def exchange(self, code: str) -> TokenAnswer:
        """Nobody has a code."""
        raise NotImplementedError

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        """The next pair, for an hour."""
        self.asked.append(refresh_token)
        await self.meanwhile()
        number = len(self.asked) + 1
        return TokenAnswer(f"access {number}", f"refresh {number}", 3600, "user_ada", "orga_one")

    async def revoke(self, refresh_token: str) -> None:
        """Ended, unless it is refused."""
        self.revoked.append(refresh_token)
        if self.refuses is not None:
            raise self.refuses


@dataclass
class Stage:
    """Ada's connection, and Close behind it."""

    database: Database
    close: Granting
    vault: Vault
    connections: Connections

    async def stored(self) -> Connection:
        """The connection as it is now."""
        found = await self.database.run(lambda store: store.connections.get(TEAM, WHO))
        assert found is not None
        return found

    async def put(self, secret: bytes, **changes: Any) -> Connection:
        """Ada connects with this."""
        values = {"secret": secret, "access_expires_at": OVER, **changes}
        row = connection(account=account(**values))
        await self.database.run(lambda store: store.connections.put(row))
        return await self.stored()

    def sealed(self, number: int, vault: Vault | None = None) -> bytes:
        """A pair of Ada's."""
        pair = {"access_token": f"access {number}", "refresh_token": f"refresh {number}"}
        return (vault or self.vault).seal(pair, Purpose.TOKENS, OWNER)

    async def refused_later(self) -> list[Revocation]:
        """What Close is still to end."""
        return list(await self.database.run(lambda store: store.revocations.all()))


OWNER = owner_of(connection())


@pytest.fixture
async def stage(database: Database) -> Stage:
    """Her access token has run out."""
    vault, close = Vault([NEW, OLD]), Granting()
    opened = Stage(database, close, vault, Connections(database, vault, close, lambda: NOON))
    await opened.put(opened.sealed(1))
    return opened


async def shown(credential: Credential) -> Credential:
    """What Close is shown."""
    return credential


async def test_what_close_is_shown(stage: Stage) -> None:
    """The newest access token, and for whom it is; the next refresh takes the newest, too."""
    session = await stage.connections.open(TEAM, WHO)
    row = await stage.stored()
    expected = Credential("access 2", connection_id=row.id, organization_id="orga_one")
    assert await session.call(shown) == expected
    expires_at = session.account.access_expires_at
    assert expires_at == NOON + timedelta(hours=1)
    await stage.connections.refresh(session.connection)
    assert stage.close.asked == ["refresh 1", "refresh 2"]


async def test_whoever_was_found_dead_may_be_tried(stage: Stage) -> None:
    """Nobody else opens a session for them; the watch does."""
    await stage.connections.give_up(await stage.stored())
    with pytest.raises(ReconnectNeeded):
        await stage.connections.open(TEAM, WHO)
    row = await stage.stored()
    session = stage.connections.session(replace(row, is_alive=True))
    assert session.account == row.account
    assert (await session.call(shown)).secret == "access 2"


async def test_an_api_key_is_sealed_for_its_owner(stage: Stage) -> None:
    """Like tokens, with none to refresh it by; for nobody else it opens."""
    sealed = stage.connections.seal_key("api_key", OWNER)
    document = stage.vault.open(sealed, Purpose.TOKENS, OWNER)
    assert document == {"access_token": "api_key", "refresh_token": None}
    row = await stage.put(sealed, is_api_key=True, access_expires_at=None)
    shown_to_close = stage.connections.credential(row)
    assert (shown_to_close.secret, shown_to_close.is_api_key) == ("api_key", True)
    other = replace(row, slack_user_id="U0BEN")
    with pytest.raises(ReconnectNeeded):
        stage.connections.credential(other)


@pytest.mark.parametrize(
    ("left", "is_fresh"),
    [
        (None, True),
        (REFRESH_AHEAD + timedelta(seconds=1), True),
        (REFRESH_AHEAD, False),
        (timedelta(), False),
    ],
)
async def test_fresh(stage: Stage, left: timedelta | None, *, is_fresh: bool) -> None:
    """A token is renewed a while before it runs out, and a key never."""
    row = connection(account=account(access_expires_at=None if left is None else NOON + left))
    assert stage.connections.is_fresh(row) is is_fresh


async def test_to_the_newest_key(stage: Stage) -> None:
    """The same tokens under the first key, once."""
    row = await stage.put(stage.sealed(1, Vault([OLD])))
    moved = await stage.connections.reseal(row)
    assert moved == await stage.stored()
    assert Vault([NEW]).open(moved.account.secret, Purpose.TOKENS, OWNER) == stage.vault.open(
        row.account.secret, Purpose.TOKENS, OWNER
    )
    assert await stage.connections.reseal(moved) is moved


async def test_to_the_newest_key_meanwhile(stage: Stage) -> None:
    """Whoever has connected again has newer tokens: those stay."""
    row = await stage.put(stage.sealed(1, Vault([OLD])))
    newer = await stage.put(stage.sealed(5))
    assert await stage.connections.reseal(row) == newer == await stage.stored()


async def test_what_no_key_opens(stage: Stage) -> None:
    """The connection is dead, and its owner has to connect again."""
    lost = Vault([Fernet.generate_key().decode()])
    row = await stage.put(stage.sealed(1, lost))
    with pytest.raises(ReconnectNeeded):
        await stage.connections.reseal(row)
    assert not (await stage.stored()).is_alive
    await stage.connections.revoke(row.account.secret, OWNER)
    await stage.connections.revoke(stage.connections.seal_key("api_key", OWNER), OWNER)
    await stage.connections.revoke(stage.sealed(1), "somebody else")
    assert stage.close.revoked == []


async def test_two_calls_of_a_session_are_refused(stage: Stage) -> None:
    """One refresh serves both: a second one would end the tokens that the first is using again."""
    await stage.put(stage.sealed(1), access_expires_at=None)
    session = await stage.connections.open(TEAM, WHO)
    renewed = asyncio.Event()

    async def ask(credential: Credential, *, is_slow: bool) -> str:
        if credential.secret == "access 1":
            if is_slow:
                await renewed.wait()
            raise Unauthorized(CloseProblem.UNAUTHORIZED)
        renewed.set()
        return credential.secret

    calls = (session.call(ask, is_slow=each) for each in (True, False))
    assert await asyncio.wait_for(asyncio.gather(*calls), PATIENCE) == ["access 2"] * 2
    assert stage.close.asked == ["refresh 1"]


REJECTED = RefusedByClose(CloseProblem.CLIENT_REJECTED, status=401)


@pytest.mark.parametrize(
    ("answer", "is_raised"),
    [
        (None, False),
        (NotFound(CloseProblem.NOT_FOUND, status=404), False),
        (ReconnectNeeded(CloseProblem.GRANT_LOST), False),
        (Unauthorized(CloseProblem.UNAUTHORIZED), False),
        (REJECTED, True),
        (RetryLater(CloseProblem.UNAVAILABLE), True),
    ],
)
async def test_a_grant_is_ended(stage: Stage, answer: Exception | None, *, is_raised: bool) -> None:
    """By its refresh token; raised is what may be helped, now or when the app is mended."""
    stage.close.refuses = answer
    expected = pytest.raises(type(answer)) if answer and is_raised else nullcontext()
    with expected:
        await stage.connections.revoke(stage.sealed(7), OWNER)
    assert stage.close.revoked == ["refresh 7"]


@pytest.mark.parametrize("with_what", ["key", "tokens", "what no key opens"])
async def test_whoever_connects_again_meanwhile(stage: Stage, with_what: str) -> None:
    """What they connected with stays, and Close is to end what it gave to the bot after all."""
    sealed = {
        "key": stage.connections.seal_key("api_key", OWNER),
        "tokens": stage.sealed(9),
        "what no key opens": stage.sealed(9, Vault([Fernet.generate_key().decode()])),
    }[with_what]

    async def again() -> None:
        await stage.put(sealed, access_expires_at=None, is_api_key=with_what == "key")

    stage.close.meanwhile = again
    renewed = await stage.connections.refresh(await stage.stored())
    assert renewed == await stage.stored()
    assert renewed.account.secret == sealed
    (unwanted,) = await stage.refused_later()
    await stage.connections.revoke(unwanted.secret, OWNER)
    assert stage.close.revoked == ["refresh 2"]
    assert len(unwanted.id) == 32
    assert (unwanted.created_at, unwanted.wake_at) == (NOON, NOON)


async def test_whoever_is_in_the_same_process_is_not_looked_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait for the one refresh, and do not ask the database for the right to one as well."""
    row, asked, door = await stage.stored(), asyncio.Event(), asyncio.Event()
    leases, real = [], Stored.lease

    def lease(store: Stored, row: Connection, **how_long: timedelta) -> bool:
        leases.append(row)
        return real(store, row, **how_long)

    async def until_all_wait() -> None:
        asked.set()
        await door.wait()

    monkeypatch.setattr(Stored, "lease", lease)
    stage.close.meanwhile = until_all_wait
    waiting = [asyncio.create_task(stage.connections.refresh(row))]
    await asked.wait()
    waiting += [asyncio.create_task(stage.connections.refresh(row)) for _ in range(2)]
    await asyncio.sleep(0)
    door.set()
    renewed = await asyncio.gather(*waiting)
    assert [each.version for each in renewed] == [2] * 3
    assert (leases, stage.close.asked) == ([row], ["refresh 1"])


async def test_another_process_is_looked_for_now_and_then(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks there is a pause; the database has others to serve."""
    row = await stage.stored()
    await stage.database.run(lambda store: store.connections.lease(row, lease=REFRESH_LEASE))
    pauses = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            await stage.database.run(lambda store: store.connections.unlease(row))

    monkeypatch.setattr(asyncio, "sleep", pause)
    async with asyncio.timeout(PATIENCE):
        await stage.connections.refresh(row)
    assert pauses == [sessions.POLL] * 3


async def test_what_is_held_goes_on(stage: Stage) -> None:
    """Whoever asked gets the answer, or waits no longer; it is stored all the same."""
    door = asyncio.Event()

    async def storing() -> str:
        await door.wait()
        return "stored"

    with pytest.raises(TimeoutError):
        await stage.connections.hold(storing(), 0.0)
    finishing = asyncio.create_task(stage.connections.finish())
    again = asyncio.create_task(stage.connections.hold(storing(), PATIENCE))
    await asyncio.sleep(0)
    assert not finishing.done()
    door.set()
    assert await again == "stored"
    await finishing
    with capture_logs() as logs:
        await stage.connections.finish()
    assert logs == []


async def test_what_cannot_be_stored_is_given_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most of the time that a process has to stop is for storing, the rest for Close; then the log
    says how many were lost."""
    real, limits = asyncio.wait, []

    async def wait(tasks: Any, **limit: float | None) -> Any:
        limits.append(limit.get("timeout"))
        return await real(tasks, timeout=0)

    with pytest.raises(TimeoutError):
        await stage.connections.hold(asyncio.Event().wait(), 0.0)
    monkeypatch.setattr(asyncio, "wait", wait)
    with capture_logs() as logs:
        await stage.connections.finish()
    assert limits == [FINISH * STORED, pytest.approx(FINISH * (1 - STORED))]
    told = {"event": "new tokens could not be stored before the end", "number": 1}
    assert logs == [{**told, "log_level": "error"}]
