"""What every step of the worker shares: moving the row on, putting it off, asking Close what is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.clock.backoff import backoff, pause_after
from bot.close.errors import CloseError, CloseProblem, OutcomeUnclear, RetryLater
from bot.connections.sessions import CloseSession, Connections, NotConnected
from bot.ports import Association, Close, Now
from bot.store import Database, Store
from bot.telemetry import Metrics
from models.delegation import Delegation, Event, State, Trouble
from models.overdue import is_overdue
from models.policy import Policy

# After a create whose answer was lost, Close may still act on it: "gone" counts only after this.
SETTLE = timedelta(seconds=15)
QUIET_WAITS = 20  # being asked to wait is how a rate limit works; this often it is a trouble
QUIET_ATTEMPTS = 2  # a hiccup shorter than this many attempts is not worth a word on the card

TROUBLES = {
    CloseProblem.RATE_LIMITED: Trouble.CLOSE_BUSY,
    CloseProblem.UNAVAILABLE: Trouble.CLOSE_DOWN,
    CloseProblem.UNREADABLE: Trouble.CLOSE_DOWN,
    CloseProblem.UNREACHABLE: Trouble.CLOSE_DOWN,
    CloseProblem.TIMED_OUT: Trouble.CLOSE_DOWN,
    CloseProblem.INVALID: Trouble.CLOSE_INVALID,
    CloseProblem.PLAN_LIMIT: Trouble.CLOSE_PLAN_LIMIT,
    CloseProblem.FORBIDDEN: Trouble.CLOSE_FORBIDDEN,
    CloseProblem.NOT_FOUND: Trouble.CLOSE_NOT_FOUND,
    CloseProblem.GRANT_LOST: Trouble.CONNECTION_LOST,
    CloseProblem.CLIENT_REJECTED: Trouble.CLOSE_APP_REJECTED,
}


class Steps:
    """The tools of every step of a delegation."""

    def __init__(
        self,
        database: Database,
        connections: Connections,
        close: Close,
        policy: Policy,
        now: Now,
        metrics: Metrics,
    ) -> None:
        self.database = database
        self.connections = connections
        self.close = close
        self.policy = policy
        self.now = now
        self.metrics = metrics
        self._log = structlog.get_logger("bot.delegations.steps.moves")

    async def find(
        self, session: CloseSession, grantor: str, grantee: str, *, urgent: bool = False
    ) -> Sequence[Association]:
        """What Close holds for this pair now; urgent when a revocation needs to know."""
        found = await session.call(
            lambda credential: self.close.associations(
                credential, allowing_user_id=grantor, allowed_user_id=grantee, urgent=urgent
            )
        )
        pair = (grantor, grantee)
        return [each for each in found if (each.allowing_user_id, each.allowed_user_id) == pair]

    async def left(
        self, session: CloseSession, delegation: Delegation, *, urgent: bool = False
    ) -> Sequence[Association]:
        """What Close holds now of what it was asked to create for this delegation."""
        grantor, grantee = delegation.grantor_close_id, delegation.grantee_close_id
        if grantor is None or grantee is None:
            return []  # written down with the first attempt: without them there was none
        return await self.find(session, grantor, grantee, urgent=urgent)

    async def move(
        self,
        delegation: Delegation,
        event: Event,
        *,
        keep_lease: bool = False,
        was_due: bool = False,
        needs_connection: bool = False,
        **changes: Any,
    ) -> Delegation | None:
        """Apply ``event`` unless somebody else was faster; then None.

        ``was_due`` is for what only the clock causes: any change since the claim calls it off, so
        that an extension in the last second wins over the expiry, and that of two who attempt the
        same create one does. ``needs_connection`` is for what must not begin while the grantor is
        disconnecting; the row's lock orders the two.
        """
        moved = await self.move_all(
            [(delegation, changes)],
            event,
            keep_lease=keep_lease,
            was_due=was_due,
            needs_connection=needs_connection,
        )
        return moved[0] if moved else None

    async def move_all(
        self,
        wanted: Sequence[tuple[Delegation, Mapping[str, Any]]],
        event: Event,
        *,
        keep_lease: bool = False,
        was_due: bool = False,
        needs_connection: bool = False,
    ) -> Sequence[Delegation]:
        """The same for several delegations in one transaction, each with its own changes."""
        lease = {} if keep_lease else {"leased_until": None}

        def move(store: Store, delegation: Delegation, **changes: Any) -> Delegation | None:
            current = store.delegations.get(delegation.id, lock=True)
            is_same = current is not None and current.state is delegation.state
            is_changed = current is not None and current.version != delegation.version
            if (
                current is None
                or not is_same
                or (was_due and is_changed)
                or (needs_connection and not _is_usable(store, current, changes))
            ):
                if not (is_same and event is Event.ATTEMPT and is_changed):
                    store.delegations.due.free(delegation.id)  # else it is with whoever attempts it
                return None
            return store.delegations.apply(current, event, now=self.now(), **changes)

        def move_each(store: Store) -> Sequence[Delegation]:
            # Always in the same order: two groups must not wait for each other's row locks.
            ordered = sorted(wanted, key=lambda each: each[0].id)
            moved = [move(store, row, **lease, **changes) for row, changes in ordered]
            return [each for each in moved if each is not None]

        moved = await self.database.run(move_each)
        self.metrics.events.labels(event).inc(len(moved))
        return moved

    async def free(self, delegation: Delegation) -> None:
        """Give the lease back; nothing is to be done."""
        await self.database.run(lambda store: store.delegations.due.free(delegation.id))

    async def fail(self, delegation: Delegation, trouble: Trouble) -> None:
        """Close refused, for good."""
        await self.move(delegation, Event.FAIL, trouble=trouble, ended_at=self.now())

    async def try_again(self, delegation: Delegation, error: Exception) -> None:
        """Put it off for as long as Close asked, or a little longer each time."""
        pause = pause_after(error, delegation.attempts)
        trouble: Trouble | None = self.trouble(error)
        is_told_when = isinstance(error, RetryLater) and error.wait is not None
        quiet = QUIET_WAITS if is_told_when else QUIET_ATTEMPTS
        if isinstance(error, RetryLater | OutcomeUnclear) and delegation.attempts < quiet:
            trouble = delegation.trouble
        await self.postpone(delegation, pause, trouble=trouble, counts=not was_held_back(error))

    async def postpone(
        self,
        delegation: Delegation,
        pause: timedelta,
        *,
        trouble: Trouble | None,
        counts: bool = True,
    ) -> None:
        """Put it off, unless somebody moved it on meanwhile. ``counts`` as one more attempt."""
        await self.wait_until(delegation, self.now() + pause, trouble=trouble, counts=counts)

    async def wait_until(
        self,
        delegation: Delegation,
        moment: datetime,
        *,
        trouble: Trouble | None,
        counts: bool = True,
    ) -> None:
        """Look at it again at this moment, unless somebody moves it on before."""

        def postpone(store: Store) -> None:
            current = store.delegations.get(delegation.id, lock=True)
            if current is None or current.state is not delegation.state:
                store.delegations.due.free(delegation.id)
                return
            late = store.delegations.postpone(
                current, wake_at=moment, trouble=trouble, now=self.now(), counts=counts
            )
            self._note_late(store, late)

        await self.database.run(postpone)

    def _note_late(self, store: Store, delegation: Delegation) -> None:
        """What should be over and is not: Close is asked whether the grantor is still somebody
        there, and after a while admins hear of it."""
        if delegation.state is not State.ENDING:
            return
        now = self.now()
        if is_overdue(delegation, now):
            store.notices.tell_overdue(delegation, self.policy.admins, now=now)
        if delegation.trouble is Trouble.CLOSE_FORBIDDEN:
            store.connections.look_by(delegation.team_id, delegation.grantor_id, moment=now)

    async def put_off(self, delegation: Delegation, error: Exception) -> None:
        """A step ended in a way that nobody foresaw: keep it, and try again later."""
        self._log.error("step failed", delegation=delegation.id, exc_info=error)
        await self.postpone(delegation, backoff(delegation.attempts), trouble=Trouble.UNKNOWN)

    async def forget_attempts(self, attempts: Sequence[Delegation]) -> Sequence[Delegation]:
        """As if these had not been attempted: Close has said that none of them had an effect."""

        def forget(store: Store) -> None:
            for each in sorted(attempts, key=lambda each: each.id):
                store.delegations.forget_attempt(each)

        await self.database.run(forget)
        return [replace(each, attempted_at=None) for each in attempts]

    async def note_unclear(self, attempt: Delegation) -> None:
        """Remember that a create may have had an effect that nobody saw."""
        await self.database.run(lambda store: store.delegations.note_unclear(attempt.id))

    def trouble(self, error: Exception) -> Trouble:
        """The word for this error on the card, counted in the metrics."""
        if isinstance(error, NotConnected):
            return Trouble.NOT_CONNECTED
        if not isinstance(error, CloseError):
            return Trouble.UNKNOWN
        self.metrics.close_failures.labels(error.problem).inc()
        return TROUBLES.get(error.problem, Trouble.CLOSE_UNEXPECTED)


def was_held_back(error: Exception) -> bool:
    """Whether our own limiter had no turn left: nothing was sent, so it was no attempt."""
    return isinstance(error, RetryLater) and error.wait is not None and error.status is None


def _is_usable(store: Store, delegation: Delegation, changes: Mapping[str, Any]) -> bool:
    """Whether the grantor is still connected, and with the account that is about to be asked."""
    connection = store.connections.get(delegation.team_id, delegation.grantor_id, lock=True)
    if connection is None or not connection.is_usable:
        return False
    asked = (changes.get("grantor_close_id"), changes.get("organization_id"))
    return asked in (
        (None, None),
        (connection.close_user_id, connection.organization_id),
    )
