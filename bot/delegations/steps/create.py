"""Approved to active: the association is created in Close, or found to be there already."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.close.errors import (
    CloseError,
    CloseProblem,
    OutcomeUnclear,
    ReconnectNeeded,
    RefusedByClose,
    RetryLater,
)
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations.accounts import Account, Identities, NoAccount
from bot.delegations.steps.moves import Steps
from bot.delegations.steps.remove import is_other_account
from bot.ports import Association
from bot.store import Store
from models.delegation import Delegation, Event, State, Trouble, is_possible


class Associate:
    """One step of an approved delegation."""

    def __init__(self, steps: Steps, identities: Identities) -> None:
        self._steps = steps
        self._identities = identities

    async def __call__(self, delegation: Delegation) -> None:
        if latest_start(delegation) <= self._steps.now():
            event = Event.LAPSE if delegation.attempted_at is None else Event.EXPIRE
            await self._steps.move(delegation, event, end_event=event, ended_at=self._steps.now())
            return
        try:
            association = await self._create_in_time(delegation)
        except (NotConnected, ReconnectNeeded) as error:
            await self._wait_for_connection(delegation, error)
        except NoAccount as error:
            await self._without_account(delegation, error)
        except RefusedByClose as error:
            await self._refused(delegation, error)
        except CloseError as error:
            await self._steps.try_again(delegation, error)
        else:
            if association is not None:
                await self.activate([(delegation, association)])

    async def _create_in_time(self, delegation: Delegation) -> Association | None:
        session = await self._steps.connections.open(delegation.team_id, delegation.grantor_id)
        if delegation.starts_at is not None and delegation.starts_at > self._steps.now():
            await self._steps.wait_until(
                delegation, delegation.starts_at, trouble=None, counts=False
            )
            return None
        return await self._create(session, delegation)

    async def _create(self, session: CloseSession, delegation: Delegation) -> Association | None:
        """The association, made now or by an earlier attempt whose answer was lost.

        None when the delegation was taken back meanwhile, or the association was never ours.
        """
        if not session.connection.is_usable:  # its owner is disconnecting
            raise NotConnected
        if delegation.attempted_at is not None:
            return await self._create_again(session, delegation)
        account = await self._identities.account(session, delegation)
        grantor = session.connection.close_user_id
        if await self._steps.find(session, grantor, account.close_user_id):
            # It was there before we ever asked: not ours to end, so not ours to time-box.
            await self._steps.fail(delegation, Trouble.EXISTED_BEFORE)
            return None
        addresses = await self.addresses(session)
        if addresses == "":
            await self._steps.fail(delegation, Trouble.NO_SENDING_ADDRESS)
            return None
        return await self._attempt(session, delegation, account, addresses)

    async def _create_again(
        self, session: CloseSession, delegation: Delegation
    ) -> Association | None:
        """After an attempt that may have had an effect: what it was for is looked for first.

        Whoever the grantee is by now, this association would be ours to end.
        """
        if is_other_account(session, delegation):
            raise NoAccount(Trouble.OTHER_CLOSE_ACCOUNT)
        made = await self._steps.left(session, delegation)
        if made:
            return made[0]
        account = await self._identities.account(session, delegation)
        if account.close_user_id != delegation.grantee_close_id:
            raise NoAccount(Trouble.GRANTEE_CHANGED)
        return await self._attempt(session, delegation, account, await self.addresses(session))

    async def _attempt(
        self, session: CloseSession, delegation: Delegation, account: Account, addresses: str | None
    ) -> Association | None:
        attempt = await self._steps.move(
            delegation,
            Event.ATTEMPT,
            keep_lease=True,
            was_due=True,
            needs_connection=True,
            **self.attempt(session, delegation, account, addresses),
        )
        if attempt is None:
            return None
        is_first = delegation.attempted_at is None
        return await self._ask_for(session, attempt, is_first=is_first)

    def attempt(
        self, session: CloseSession, delegation: Delegation, account: Account, addresses: str | None
    ) -> dict[str, Any]:
        """What is written down before Close is asked to create the association."""
        now = self._steps.now()
        # Without an account so far the grantor has agreed to one that they have not seen.
        identified_at = delegation.identified_at if delegation.grantee_account else now
        return {
            "attempted_at": now,
            "identified_at": identified_at,
            "attempts": delegation.attempts,
            "organization_id": session.connection.organization_id,
            "grantor_close_id": session.connection.close_user_id,
            "grantee_close_id": account.close_user_id,
            "grantee_account": account.shown,
            "is_grantee_proven": account.is_proven,
            "addresses": addresses or "",
        }

    async def addresses(self, session: CloseSession) -> str | None:
        """The addresses that the grantor can send from, one a line; None when Close does not say.

        Only an outage is worth waiting for: what Close shows here is a help, not a condition.
        """
        grantor = session.connection.close_user_id
        try:
            accounts = await session.call(
                lambda credential: self._steps.close.sending_accounts(credential, grantor)
            )
        except RefusedByClose:
            return None
        except RetryLater as error:
            if error.problem is CloseProblem.UNREADABLE:
                return None
            raise
        return "\n".join(dict.fromkeys(address for each in accounts for address in each.addresses))

    async def _ask_for(
        self, session: CloseSession, attempt: Delegation, *, is_first: bool
    ) -> Association | None:
        grantor, grantee = attempt.grantor_close_id or "", attempt.grantee_close_id or ""
        try:
            return await session.call(
                lambda credential: self._steps.close.create_association(
                    credential, grantor, grantee
                )
            )
        except OutcomeUnclear as unclear:
            await self._steps.note_unclear(attempt)
            return await self._made_unseen(session, attempt, unclear)
        except (NotConnected, CloseError) as error:
            if is_first:
                await self._steps.forget_attempts([attempt])
            if not isinstance(error, RefusedByClose):
                raise
            # A refusal can be Close's word for "exists already" (close.md §3).
            found = await self._steps.left(session, attempt)
            if not found:
                raise
            if is_first:  # somebody else was faster: it is theirs
                await self._steps.fail(attempt, Trouble.EXISTED_BEFORE)
                return None
            return found[0]

    async def _made_unseen(
        self, session: CloseSession, attempt: Delegation, unclear: OutcomeUnclear
    ) -> Association:
        try:
            found = await self._steps.left(session, attempt)
        except RefusedByClose:
            raise unclear from None  # this refusal says nothing about the create
        if not found:
            raise unclear
        return found[0]

    async def _refused(self, delegation: Delegation, error: RefusedByClose) -> None:
        if error.problem is CloseProblem.CLIENT_REJECTED:
            await self._steps.try_again(delegation, error)  # the operator can mend this
        elif delegation.attempted_at is not None:
            self._steps.trouble(error)  # counted in the metrics
            await self._give_up(delegation)
        else:
            await self._steps.fail(delegation, self._steps.trouble(error))

    async def _give_up(self, delegation: Delegation) -> None:
        """An earlier attempt may still take effect: end it properly instead of forgetting it."""
        await self._steps.move(
            delegation, Event.EXPIRE, end_event=Event.FAIL, ended_at=self._steps.now()
        )

    async def activate(self, made: Sequence[tuple[Delegation, Association]]) -> None:
        """Close holds these associations: their clocks start now."""
        now = self._steps.now()

        def activate(store: Store) -> None:
            for delegation, association in sorted(made, key=lambda each: each[0].id):
                self._activate_one(store, delegation, association, now)

        await self._steps.database.run(activate)
        self._steps.metrics.events.labels(Event.ACTIVATE).inc(len(made))

    def _activate_one(
        self, store: Store, delegation: Delegation, association: Association, now: datetime
    ) -> None:
        current = store.delegations.get(delegation.id, lock=True)
        if current is None or not is_possible(current.state, Event.ACTIVATE):
            store.delegations.due.free(delegation.id)
            return
        changes: dict[str, Any] = {"association_id": association.id, "leased_until": None}
        if current.state is State.APPROVED:
            ends_at = current.end_when_active_from(now)
            warn_at = self._steps.policy.warn_at(ends_at, now)
            changes |= {"active_at": now, "ends_at": ends_at, "warn_at": warn_at}
        store.delegations.apply(current, Event.ACTIVATE, now=now, **changes)

    async def _without_account(self, delegation: Delegation, error: NoAccount) -> None:
        if delegation.attempted_at is not None:
            await self._give_up(delegation)
        elif error.trouble is Trouble.GRANTEE_NOT_CONNECTED:
            await self._wait_for(delegation, delegation.grantee_id, error.trouble)
        else:
            await self._steps.fail(delegation, error.trouble)

    async def _wait_for_connection(self, delegation: Delegation, error: Exception) -> None:
        missing = isinstance(error, NotConnected)
        trouble = Trouble.NOT_CONNECTED if missing else Trouble.CONNECTION_LOST
        await self._wait_for(delegation, delegation.grantor_id, trouble)

    async def _wait_for(self, delegation: Delegation, person_id: str, trouble: Trouble) -> None:
        """Until this person connects, or until it lapses; decided under the row's lock, so that
        somebody who connects at this moment is not overlooked."""

        def wait(store: Store) -> None:
            current = store.delegations.get(delegation.id, lock=True)
            if current is None or current.state is not State.APPROVED:
                store.delegations.due.free(delegation.id)
                return
            connection = store.connections.get(current.team_id, person_id)
            now = self._steps.now()
            ready = connection is not None and connection.is_usable
            store.delegations.postpone(
                current,
                wake_at=now if ready else latest_start(current),
                trouble=None if ready else trouble,
                now=now,
            )

        await self._steps.database.run(wait)


def latest_start(delegation: Delegation) -> datetime:
    """When an approval that could not be carried out is given up."""
    if delegation.until is None:
        return delegation.lapses_at
    return min(delegation.lapses_at, delegation.until)
