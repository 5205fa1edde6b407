"""Connections kept alive: whoever calls Close gets a working credential, or a clear error.

Close replaces a refresh token at each use and ends the old one at once (close.md §2.2). So one
process at a time refreshes a connection, under a lease on its row, and the new pair is committed
before it is used.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog

from bot.close.errors import CloseError, CloseProblem, ReconnectNeeded, RefusedByClose, Unauthorized
from bot.connections.vault import Purpose, Undecryptable, Vault, owner_of
from bot.ports import CloseOAuth, Credential, Now, OutsideError, TokenAnswer
from bot.store import Database, Store
from models.account import Account
from models.connection import Connection
from models.revocation import Revocation

Answer = TypeVar("Answer")
Given = ParamSpec("Given")

REFRESH_LEASE = timedelta(seconds=20)  # longer than the longest refresh call
REFRESH_AHEAD = timedelta(minutes=2)  # an access token lives an hour
FINISH = 6.0  # seconds for what is under way when the process stops
STORED = 2 / 3  # of these, for storing it; the rest is for giving up
POLL = 0.05  # seconds between looks while another process refreshes


class NotConnected(OutsideError):
    """This person has never connected, or has disconnected."""


class OtherAccountConnected(OutsideError):
    """This person is connected with another Close account than the one that gave the right: for
    that one Close answers 404 to a delete, which must not be taken for "gone"."""


class Connections:
    """Opens sessions with Close for people who connected."""

    def __init__(self, database: Database, vault: Vault, oauth: CloseOAuth, now: Now) -> None:
        self._database = database
        self._vault = vault
        self._oauth = oauth
        self._now = now
        self._renewing: dict[str, asyncio.Task[Connection]] = {}
        self._held: set[asyncio.Task[Any]] = set()
        self._log = structlog.get_logger("bot.connections.sessions")

    async def open(self, team_id: str, slack_user_id: str) -> "CloseSession":
        """A session for this person; raises NotConnected and ReconnectNeeded."""
        return await self.opened(
            await self._database.read(lambda store: store.connections.get(team_id, slack_user_id))
        )

    async def opened(self, connection: Connection | None) -> "CloseSession":
        """The same for a connection that was read together with something else."""
        if connection is None:
            raise NotConnected
        if not connection.is_alive:
            raise ReconnectNeeded(CloseProblem.GRANT_LOST)
        try:
            shown = self.credential(connection)
        except ReconnectNeeded:  # the keys are lost: note it, or it is tried again at once
            raise await self.give_up(connection) from None
        return CloseSession(self, connection, shown)

    def session(self, connection: Connection) -> "CloseSession":
        """A session that asks Close even when the connection was found dead before."""
        return CloseSession(self, connection)

    def seal_key(self, api_key: str, owner: str) -> bytes:
        """An API key as it is stored."""
        document = {"access_token": api_key, "refresh_token": None}
        return self._vault.seal(document, Purpose.TOKENS, owner)

    async def reseal(self, connection: Connection) -> Connection:
        """The connection with its tokens under the newest key; raises ReconnectNeeded."""
        if self._vault.is_newest(connection.account.secret):
            return connection
        try:
            secret = self._vault.reseal(
                connection.account.secret, Purpose.TOKENS, owner_of(connection)
            )
        except Undecryptable as error:
            raise await self.give_up(connection) from error
        changed = await self._database.run(
            lambda store: store.connections.reseal(connection, secret=secret)
        )
        return changed or await self._current(connection)

    async def revoke(self, sealed: bytes, owner: str) -> None:
        """End the grant behind sealed tokens, at Close; raises CloseError when it may still hold.

        An API key has none: only its owner can delete it. What Close refuses cannot be helped,
        unless it is the bot's own OAuth app that Close refuses: its operator can mend that.
        """
        try:
            refresh_token = self._vault.open(sealed, Purpose.TOKENS, owner)["refresh_token"]
        except (Undecryptable, KeyError):
            return
        if not refresh_token:
            return
        try:
            await self._oauth.revoke(str(refresh_token))
        except RefusedByClose as error:
            if error.problem is CloseProblem.CLIENT_REJECTED:
                raise
        except (ReconnectNeeded, Unauthorized):
            return

    def seal(self, answer: TokenAnswer, owner: str) -> bytes:
        """The tokens as they are stored."""
        document = {"access_token": answer.access_token, "refresh_token": answer.refresh_token}
        return self._vault.seal(document, Purpose.TOKENS, owner)

    def expiry(self, answer: TokenAnswer) -> datetime:
        """When the access token stops working."""
        return self._now() + timedelta(seconds=answer.expires_in)

    def credential(self, connection: Connection) -> Credential:
        """What to show to Close; raises ReconnectNeeded when no key opens it."""
        return Credential(
            self._secret(connection, "access_token"),
            connection.account.is_api_key,
            connection_id=connection.id,
            organization_id=connection.account.organization_id,
        )

    def is_fresh(self, connection: Connection) -> bool:
        """Whether its access token can be used without a refresh."""
        expires_at = connection.account.access_expires_at
        return expires_at is None or expires_at - REFRESH_AHEAD > self._now()

    async def refresh(self, connection: Connection) -> Connection:
        """New tokens in place of this version's, made here or by whoever is at it already."""
        while True:
            held = self._renewing.get(connection.id)
            if held is not None:
                await asyncio.wait([held])
            elif await self._leased(connection):
                # An answer that Close gave must be stored even when the asker has gone away.
                return await asyncio.shield(self._begin_to_renew(connection))
            current = await self._current(connection)
            if current.version != connection.version:
                return current
            if held is None:
                await asyncio.sleep(POLL)

    async def hold(self, storing: Coroutine[Any, Any, Answer], seconds: float) -> Answer:
        """See to it that tokens are stored although whoever asked has gone, or waits no longer.

        Raises TimeoutError after ``seconds``; it goes on all the same.
        """
        task = self._keep(storing)
        async with asyncio.timeout(seconds):
            return await asyncio.shield(task)

    def _keep(self, storing: Coroutine[Any, Any, Answer]) -> "asyncio.Task[Answer]":
        task = asyncio.create_task(storing)
        self._held.add(task)
        task.add_done_callback(self._held.discard)
        return task

    async def finish(self, seconds: float = FINISH) -> None:
        """Wait so long for what is held: what Close answered exists nowhere else."""
        if not self._held:
            return
        _, lost = await asyncio.wait(self._held, timeout=seconds * STORED)
        for task in lost:
            task.cancel()
        if lost:  # for what Close is asked to end at least
            await asyncio.wait(lost, timeout=seconds * (1 - STORED))
            self._log.error("new tokens could not be stored before the end", number=len(lost))

    async def give_up(self, connection: Connection) -> ReconnectNeeded:
        """Mark the connection as dead; returns the error to raise."""
        await self._mark_dead(connection)
        return ReconnectNeeded(CloseProblem.GRANT_LOST)

    async def _leased(self, connection: Connection) -> bool:
        return await self._database.run(
            lambda store: store.connections.lease(connection, lease=REFRESH_LEASE)
        )

    def _begin_to_renew(self, connection: Connection) -> asyncio.Task[Connection]:
        task = self._keep(self._renew(connection))
        self._renewing[connection.id] = task
        task.add_done_callback(lambda _: self._renewing.pop(connection.id))
        return task

    async def _renew(self, connection: Connection) -> Connection:
        used = self._secret(connection, "refresh_token")
        try:
            answer = await self._oauth.refresh(used)
        except ReconnectNeeded:
            if await self._mark_dead(connection) is None:
                # Somebody stored a newer version meanwhile: use that one.
                return await self._current(connection)
            raise
        except CloseError:
            await self._database.run(lambda store: store.connections.unlease(connection))
            raise
        # Close has ended the old pair, and the new one is nowhere but here.
        renewed = await self._database.run_until_stored(
            lambda store: self._stored(store, connection, used, answer)
        )
        return renewed or await self._current(connection)

    def _stored(
        self, store: Store, connection: Connection, used: str, answer: TokenAnswer
    ) -> Connection | None:
        """The new pair over the one that was used up for it, whatever else has changed since.

        None when there is another pair by now, because the person has connected again: then Close
        is to end this one.
        """
        current = store.connections.get(connection.team_id, connection.slack_user_id, lock=True)
        if current is not None and self._holds(current, "access_token", answer.access_token):
            return current  # stored by an attempt whose answer was lost
        if current is None or not self._holds(current, "refresh_token", used):
            store.revocations.add(self._unwanted(connection, answer), wake_at=self._now())
            return None
        return store.connections.renew(
            current,
            secret=self.seal(answer, owner_of(current)),
            access_expires_at=self.expiry(answer),
            checked_at=self._now(),
        )

    def _unwanted(self, connection: Connection, answer: TokenAnswer) -> Revocation:
        return Revocation(
            id=hashlib.sha256(answer.access_token.encode()).hexdigest()[:32],  # the same each time
            team_id=connection.team_id,
            slack_user_id=connection.slack_user_id,
            close_user_id=connection.account.close_user_id,
            secret=self.seal(answer, owner_of(connection)),
            created_at=self._now(),
        )

    def _holds(self, connection: Connection, name: str, token: str) -> bool:
        try:
            return self._secret(connection, name) == token
        except ReconnectNeeded:
            return False

    async def _mark_dead(self, connection: Connection) -> Connection | None:
        now = self._now()
        return await self._database.run(
            lambda store: store.connections.mark_dead(connection, now=now)
        )

    async def _current(self, connection: Connection) -> Connection:
        current = await self._database.read(
            lambda store: store.connections.get(connection.team_id, connection.slack_user_id)
        )
        if current is None:
            raise NotConnected
        if not current.is_alive:
            raise ReconnectNeeded(CloseProblem.GRANT_LOST)
        return current

    def _secret(self, connection: Connection, name: str) -> str:
        try:
            sealed = connection.account.secret
            value = self._vault.open(sealed, Purpose.TOKENS, owner_of(connection))[name]
        except Undecryptable as error:
            raise ReconnectNeeded(CloseProblem.GRANT_LOST) from error
        if not value:
            raise ReconnectNeeded(CloseProblem.GRANT_LOST)
        return str(value)


class CloseSession:
    """Calls to Close in one person's name, with the token refreshed when it has to be."""

    def __init__(
        self, connections: Connections, connection: Connection, shown: Credential | None = None
    ) -> None:
        self._connections = connections
        self.connection = connection
        self._credential = shown

    @property
    def account(self) -> Account:
        """In whose name Close is asked."""
        return self.connection.account

    async def call(
        self,
        ask: Callable[Concatenate[Credential, Given], Awaitable[Answer]],
        *args: Given.args,
        **kwargs: Given.kwargs,
    ) -> Answer:
        """``await ask(credential, …)``; on a 401 refresh once and try once more.

        Raises ReconnectNeeded when that does not help, and whatever else ``ask`` raises.
        """
        if not self._connections.is_fresh(self.connection):
            await self._refresh(self.connection)
        used = self.connection
        try:
            return await ask(self._shown(), *args, **kwargs)
        except Unauthorized:
            await self._refresh(used)
        renewed = self.connection
        try:
            return await ask(self._shown(), *args, **kwargs)
        except Unauthorized as error:
            raise await self._connections.give_up(renewed) from error

    def _shown(self) -> Credential:
        """What to show to Close: it is opened once, and once more after a refresh."""
        if self._credential is None:
            self._credential = self._connections.credential(self.connection)
        return self._credential

    async def _refresh(self, used: Connection) -> None:
        """In place of what was used: another call of this session may have done so by now."""
        if used.account.is_api_key:
            raise await self._connections.give_up(used)
        self.connection = await self._connections.refresh(used)
        self._credential = None
