"""Approved to active: the association is created in Close, or found to be there already."""

from datetime import datetime
from typing import Any

from bot.close.errors import (
    CloseError,
    CloseProblem,
    OutcomeUnclear,
    ReconnectNeeded,
    RefusedByClose,
)
from bot.connections import CloseSession, NotConnected
from bot.identities import Identities, NoAccount
from bot.ports import Association
from bot.steps import Steps
from bot.store import Store
from models.delegation import Delegation, Event, State, Trouble, is_possible


class Associate:
    """One step of an approved delegation."""

    def __init__(self, steps: Steps, identities: Identities) -> None:
        self._steps = steps
        self._identities = identities

    async def __call__(self, delegation: Delegation) -> None:
        if _latest_start(delegation) <= self._steps.now():
            event = Event.LAPSE if delegation.attempted_at is None else Event.EXPIRE
            await self._steps.move(delegation, event, end_event=event, ended_at=self._steps.now())
            return
        try:
            association = await self._create_in_time(delegation)
        except (NotConnected, ReconnectNeeded) as error:
            await self._wait_for_connection(delegation, error)
        except NoAccount as error:
            await self._steps.fail(delegation, error.trouble)
        except RefusedByClose as error:
            await self._refused(delegation, error)
        except CloseError as error:
            await self._steps.try_again(delegation, error)
        else:
            if association is not None:
                await self._activate(delegation, association)

    async def _create_in_time(self, delegation: Delegation) -> Association | None:
        session = await self._steps.connections.open(delegation.team_id, delegation.grantor_id)
        now = self._steps.now()
        if delegation.starts_at is not None and delegation.starts_at > now:
            await self._steps.postpone(delegation, delegation.starts_at - now, trouble=None)
            return None
        return await self._create(session, delegation)

    async def _create(self, session: CloseSession, delegation: Delegation) -> Association | None:
        """The association, made now or by an earlier attempt whose answer was lost.

        None when the delegation was taken back meanwhile, or the association was never ours.
        """
        grantor = session.connection.close_user_id
        grantee = await self._identities.grantee(session, delegation)
        found = await self._steps.find(session, grantor, grantee)
        if found and delegation.attempted_at is not None:
            return found[0]
        if found:
            # It was there before we ever asked: not ours to end, so not ours to time-box.
            await self._steps.fail(delegation, Trouble.EXISTED_BEFORE)
            return None
        attempt = await self._steps.move(
            delegation,
            Event.ATTEMPT,
            keep_lease=True,
            attempted_at=self._steps.now(),
            attempts=delegation.attempts,
            organization_id=session.connection.organization_id,
            grantor_close_id=grantor,
            grantee_close_id=grantee,
        )
        if attempt is None:
            return None
        return await self._ask_for(session, attempt, grantor, grantee)

    async def _ask_for(
        self, session: CloseSession, attempt: Delegation, grantor: str, grantee: str
    ) -> Association:
        try:
            return await session.call(
                lambda credential: self._steps.close.create_association(
                    credential, grantor, grantee
                )
            )
        except (OutcomeUnclear, RefusedByClose) as error:
            # A refusal can be Close's word for "exists already" after a lost answer (close.md §3).
            if isinstance(error, OutcomeUnclear):
                await self._steps.note_unclear(attempt)
            found = await self._steps.find(session, grantor, grantee)
            if found:
                return found[0]
            raise

    async def _refused(self, delegation: Delegation, error: RefusedByClose) -> None:
        if error.problem is CloseProblem.CLIENT_REJECTED:
            await self._steps.try_again(delegation, error)  # the operator can mend this
        elif delegation.is_unclear:
            # An earlier attempt may still take effect: end it properly instead of forgetting it.
            await self._steps.move(delegation, Event.EXPIRE, end_event=Event.EXPIRE)
        else:
            await self._steps.fail(delegation, self._steps.trouble(error))

    async def _activate(self, delegation: Delegation, association: Association) -> None:
        now = self._steps.now()

        def activate(store: Store) -> None:
            current = store.delegations.get(delegation.id, lock=True)
            if current is None or not is_possible(current.state, Event.ACTIVATE):
                return
            changes: dict[str, Any] = {"association_id": association.id, "leased_until": None}
            if current.state is State.APPROVED:
                ends_at = current.end_when_active_from(now)
                warn_at = self._steps.policy.warn_at(ends_at, now)
                changes |= {"active_at": now, "ends_at": ends_at, "warn_at": warn_at}
            store.delegations.apply(current, Event.ACTIVATE, now=now, **changes)

        await self._steps.database.run(activate)
        self._steps.metrics.events.labels(Event.ACTIVATE).inc()

    async def _wait_for_connection(self, delegation: Delegation, error: Exception) -> None:
        """Until the grantor connects, or until it lapses; decided under the row's lock, so that a
        grantor who connects at this moment is not overlooked."""
        missing = isinstance(error, NotConnected)
        trouble = Trouble.NOT_CONNECTED if missing else Trouble.CONNECTION_LOST

        def wait(store: Store) -> None:
            current = store.delegations.get(delegation.id, lock=True)
            if current is None or current.state is not State.APPROVED:
                store.delegations.free(delegation.id)
                return
            connection = store.connections.get(current.team_id, current.grantor_id)
            now = self._steps.now()
            ready = connection is not None and connection.is_alive
            store.delegations.postpone(
                current,
                wake_at=now if ready else _latest_start(current),
                trouble=None if ready else trouble,
                now=now,
            )

        await self._steps.database.run(wait)


def _latest_start(delegation: Delegation) -> datetime:
    """When an approval that could not be carried out is given up."""
    if delegation.until is None:
        return delegation.lapses_at
    return min(delegation.lapses_at, delegation.until)
