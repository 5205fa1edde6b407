"""The watch: every connection is tried at least daily, and before each moment that depends on it.

A connection that Close no longer accepts becomes an incident: the grantor is told while there is
time to mend it, admins are told once a right outlives its end, and the watch keeps trying. A
connection that its owner gives up is revoked and forgotten once nothing depends on it.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.clock.backoff import backoff, pause_after
from bot.close.errors import CloseError, CloseProblem, ReconnectNeeded, RefusedByClose
from bot.connections.revoking import not_kept
from bot.connections.sessions import CloseSession, Connections, NotConnected
from bot.connections.vault import owner_of
from bot.ports import Close, Now
from bot.store import Database, Store
from models.connection import JITTER, Connection, checkpoints, next_check
from models.delegation import Delegation, State, Trouble
from models.notice import NoticeKind
from models.overdue import DAY, over_since

GIVE_WAY = timedelta(seconds=5)  # while rights are to be taken back, a routine look can wait
BETWEEN_DOUBTS = timedelta(minutes=1)  # a 403 while ending has the connection looked at


@dataclass(frozen=True, slots=True)
class Watch:
    """The worker's step for one leased connection."""

    database: Database
    connections: Connections
    close: Close
    admins: frozenset[str]
    now: Now
    on_change: Callable[[], None]

    async def take(self, connection: Connection) -> None:
        """Try the connection if that is due, tell whom it concerns, and say when to look next."""
        try:
            await self._look(connection)
        finally:
            self.on_change()

    async def _look(self, connection: Connection) -> None:
        try:
            if connection.leaving_at is not None and await self._is_free(connection):
                await self._forget(connection)
                return
            if connection.is_usable and await self._are_ends_due(connection):
                await self._wait(connection, GIVE_WAY, attempts=connection.attempts)
                return
            await self._try(connection)
        except (ReconnectNeeded, NotConnected):
            pass  # stored by whoever found out; told below
        await self.database.run(lambda store: self._conclude(store, connection))

    async def _try(self, connection: Connection) -> None:
        """Refresh its tokens and ask Close who it is; raises what Close says."""
        now = self.now()
        connection = await self.connections.reseal(connection)
        if connection.is_alive and not await self._is_due(connection):
            return
        if not connection.account.is_api_key:
            connection = await self.connections.refresh(connection)
        session = self.connections.session(connection)
        if not await self._is_member(session):
            raise await self.connections.give_up(session.connection)
        await self.database.run(lambda store: self._accepted(store, connection, now))

    async def _is_member(self, session: CloseSession) -> bool:
        """Somebody who was removed can get a 401 or a 403 (close.md §2.1); a 401 raises."""
        try:
            user = await session.call(self.close.me)
        except RefusedByClose as error:
            if error.problem is CloseProblem.FORBIDDEN:
                return False
            raise
        account = session.account
        return user.id == account.close_user_id and account.organization_id in user.organization_ids

    async def _is_due(self, connection: Connection) -> bool:
        now = self.now()
        served = await self.database.read(lambda store: _served(store, connection))
        if next_check(connection, served) <= now:
            return True
        checked = connection.checked_at or connection.connected_at
        return checked + BETWEEN_DOUBTS <= now and any(map(_is_doubt, served))

    def _accepted(self, store: Store, connection: Connection, now: datetime) -> None:
        """Close accepts it. If it did not before, whatever waits for it goes on."""
        team_id, person = connection.team_id, connection.slack_user_id
        if not connection.is_alive:
            structlog.get_logger("bot.connections.watch").info(
                "a connection works again", id=connection.id
            )
            store.delegations.wake_for_person(team_id, person, now=now)
            store.strays.wake_for_person(team_id, person, now=now)
            store.aftermaths.wake_for_person(team_id, person, now=now)
            store.notices.mark_stale(connection.id, now=now)
            # What was said to be gone while nobody could ask is looked up.
            store.comparisons.plan(team_id, person, now=now)
        store.connections.mark_checked(connection, now=now)

    def _conclude(self, store: Store, connection: Connection) -> None:
        """Under the row's lock: what became due meanwhile either sees this, or is seen here."""
        current = store.connections.get(connection.team_id, connection.slack_user_id, lock=True)
        if current is None:
            return
        now, served = self.now(), _served(store, current)
        attempts = 0
        jitter = JITTER * random.random()  # noqa: S311 - spreads load, keeps no secret
        wake_at: datetime | None = next_check(current, served, jitter=jitter)
        if not current.is_alive:
            self._tell(store, current, served, now=now)
            attempts = current.attempts + 1
            wake_at = now + backoff(attempts) if served else None
        if current.leaving_at is not None:
            attempts = current.attempts + 1
            wake_at = now + backoff(attempts)  # the last end wakes it as well
        store.connections.schedule(current.id, wake_at=wake_at, attempts=attempts)

    def _tell(
        self, store: Store, connection: Connection, served: Sequence[Delegation], *, now: datetime
    ) -> None:
        """The grantor hears of it once when it dies, and once more when it begins to matter; of
        what is past its end their card tells them, and then each day. Admins hear of that too."""
        untold = [each for each in served if _needs_a_word(each, now)]
        soon = any(moment <= now for each in untold for moment in checkpoints(each))
        late_days = max(((now - over_since(each, now)) // DAY for each in served), default=0)
        urgency = f"late:{late_days}" if late_days else "soon" if soon else "first"
        died = connection.died_at or connection.connected_at
        if untold:
            store.notices.tell(
                NoticeKind.CONNECTION_LOST,
                team_id=connection.team_id,
                recipients=[connection.slack_user_id],
                subject_id=connection.id,
                incident=f"{died.timestamp():.0f}:{urgency}",
                now=now,
            )
        if any(each.state is State.ENDING for each in served):
            store.notices.tell_overdue(connection.team_id, self.admins, now=now)

    async def put_off(self, connection: Connection, error: Exception) -> None:
        """Try again when Close may answer."""
        if isinstance(error, CloseError):
            structlog.get_logger("bot.connections.watch").warning(
                "a connection could not be tried", problem=error.problem
            )
        attempts = connection.attempts + 1
        await self._wait(connection, pause_after(error, attempts), attempts=attempts)

    async def _wait(self, connection: Connection, pause: timedelta, *, attempts: int) -> None:
        wake_at = self.now() + pause
        await self.database.run(
            lambda store: store.connections.due.put_off(
                connection, wake_at=wake_at, attempts=attempts
            )
        )

    async def _are_ends_due(self, connection: Connection) -> bool:
        person = (connection.team_id, connection.slack_user_id)
        now, organization = self.now(), connection.account.organization_id
        return await self.database.read(
            lambda store: store.receipts.are_ends_due(*person, organization, now=now)
        )

    async def _is_free(self, connection: Connection) -> bool:
        """Whether nothing depends on it any more, a receipt that is being made and what goes on
        after a right included; what still begins is ended as well. While its owner is just
        connecting again it is not ended: what they get could end with it (close.md §2.2)."""

        def look(store: Store) -> bool:
            team_id, person = connection.team_id, connection.slack_user_id
            store.delegations.end_with_connection(
                team_id, person, now=self.now(), only_attempted=True
            )
            current = store.connections.get(team_id, person, lock=True)
            is_leaving = current is not None and current.leaving_at is not None
            is_needed = (
                _held(_served(store, connection))
                or store.receipts.is_due(team_id, person)
                or store.strays.are_removing(team_id, person)
                or store.aftermaths.are_at_work(team_id, person)
                or store.revocations.is_undecided(connection.account.close_user_id)
            )
            return is_leaving and not is_needed

        return await self.database.run(look)

    async def _forget(self, connection: Connection) -> None:
        """Revoked at Close first; raises CloseError as long as that cannot be said.

        With somebody else on the same Close account, or an admin asked about it, it waits for the
        last of them: it could end theirs.
        """
        close_user_id = connection.account.close_user_id
        is_shared = await self.database.read(
            lambda store: (
                store.connections.is_shared(connection)
                or store.pairings.is_waiting_with(close_user_id)
            )
        )
        if not is_shared:
            await self.connections.revoke(connection.account.secret, owner_of(connection))
        kind = _farewell(connection, is_shared=is_shared)

        def forget(store: Store) -> None:
            current = store.connections.get(connection.team_id, connection.slack_user_id)
            if current is None or not store.connections.remove(connection, now=self.now()):
                store.connections.schedule(connection.id, wake_at=self.now(), attempts=0)
                return
            account, now = connection.account, self.now()
            if is_shared:
                not_kept(store, connection.team_id, connection.slack_user_id, account, now=now)
            store.revocations.wake_for_account(account.close_user_id, now=now)
            store.notices.tell(
                kind,
                team_id=connection.team_id,
                recipients=[connection.slack_user_id],
                subject_id=connection.id,
                incident=f"{self.now().timestamp():.0f}",
                now=self.now(),
            )

        await self.database.run(forget)
        structlog.get_logger("bot.connections.watch").info(
            "disconnected", team=connection.team_id, user=connection.slack_user_id
        )


def _farewell(connection: Connection, *, is_shared: bool) -> NoticeKind:
    if connection.account.is_api_key:
        return NoticeKind.KEY_FORGOTTEN
    return NoticeKind.TOKENS_FORGOTTEN if is_shared else NoticeKind.DISCONNECTED


def _served(store: Store, connection: Connection) -> Sequence[Delegation]:
    return store.delegations.served_by(connection.team_id, connection.slack_user_id)


def _held(served: Sequence[Delegation]) -> bool:
    """Whether Close may still know of one of these."""
    return any(each.attempted_at is not None or each.state is State.ENDING for each in served)


def _needs_a_word(delegation: Delegation, now: datetime) -> bool:
    """Whether its card does not say by itself, or not any more, that the connection is needed."""
    if delegation.state is State.ENDING:
        return now - over_since(delegation, now) >= DAY
    return delegation.trouble not in (Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST)


def _is_doubt(delegation: Delegation) -> bool:
    """Whether Close forbade to end it: somebody who was removed can get a 403 (close.md §2.1)."""
    return delegation.state is State.ENDING and delegation.trouble is Trouble.CLOSE_FORBIDDEN
