"""How people end a delegation, at any point of its life."""

from collections.abc import Sequence
from datetime import datetime

from bot.connections.leaving import give_up
from bot.desk import Actor, Base
from bot.store import Store
from models.delegation import Delegation, Event, State


class Ending(Base):
    """Cancel, release, revoke; and what happens when somebody leaves or disconnects."""

    async def cancel(self, actor: Actor, delegation_id: str) -> Delegation:
        """The asker takes the request back. Raises NotYours and Settled."""
        return await self._change(
            lambda store: self._end_as_asker(
                store, actor, delegation_id, State.REQUESTED, State.APPROVED
            )
        )

    async def release(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantee is done before the time is up. Raises NotYours and Settled."""
        return await self._change(
            lambda store: self._end_as_asker(
                store, actor, delegation_id, State.APPROVED, State.ACTIVE
            )
        )

    async def give_back(self, actor: Actor, delegation_id: str) -> Delegation:
        """The asker wants out, whatever it is by now. Raises NotYours and Settled."""
        return await self._change(
            lambda store: self._end_as_asker(
                store, actor, delegation_id, State.REQUESTED, State.APPROVED, State.ACTIVE
            )
        )

    async def revoke(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantor takes it back, whatever it is by now. Raises NotYours and Settled."""

        def decide(store: Store) -> Delegation:
            delegation = self._as_grantor(store, actor, delegation_id)
            self._only_in(delegation, State.REQUESTED, State.APPROVED, State.ACTIVE)
            if delegation.state is State.REQUESTED:
                return self._close(store, delegation, Event.DENY, actor.user_id)
            return self._end(store, delegation, Event.REVOKE, actor.user_id)

        return await self._change(decide)

    async def revoke_all(self, actor: Actor) -> Sequence[Delegation]:
        """The grantor takes back everything that is approved or active."""

        def revoke(store: Store) -> Sequence[Delegation]:
            revoked, now = [], self._now()  # one moment for all, so that all are due together
            for each in store.delegations.open_for_person(actor.team_id, actor.user_id):
                current = store.delegations.get(each.id, lock=True)
                if current is None or current.grantor_id != actor.user_id:
                    continue
                if current.state in (State.APPROVED, State.ACTIVE):
                    revoked.append(self._end(store, current, Event.REVOKE, actor.user_id, now))
            return revoked

        revoked = await self._database.run(revoke)
        self._wake()
        return revoked

    async def offboard(self, team_id: str, user_id: str) -> None:
        """Somebody has left: end everything that they give, have or wait for, and every standing
        approval that names them; then their connection is given up. All of it or nothing."""

        def offboard(store: Store) -> None:
            now = self._now()  # one moment for all, so that all are due together
            store.standing.end_all(team_id, user_id, now=now)
            for each in store.delegations.open_for_person(team_id, user_id):
                current = store.delegations.get(each.id, lock=True)
                if current is None or current.state is State.ENDING:
                    continue
                if user_id in (current.grantor_id, current.grantee_id):
                    self._end(store, current, Event.OFFBOARD, None, now)
            give_up(store, team_id, user_id, now=now)

        await self._database.run(offboard)
        self._wake()

    def _end_as_asker(
        self, store: Store, actor: Actor, delegation_id: str, *states: State
    ) -> Delegation:
        delegation = self._as_asker(store, actor, delegation_id)
        self._only_in(delegation, *states)
        return self._end(store, delegation, Event.RELEASE, actor.user_id)

    def _end(
        self,
        store: Store,
        delegation: Delegation,
        event: Event,
        closed_by: str | None,
        now: datetime | None = None,
    ) -> Delegation:
        """What Close was never asked for is cancelled; anything else has to be ended there."""
        was_asked_for = delegation.attempted_at is not None
        cause = event
        if delegation.state is State.REQUESTED or not was_asked_for:
            event = Event.CANCEL
        return self._close(store, delegation, event, closed_by, now, cause=cause)

    def _close(
        self,
        store: Store,
        delegation: Delegation,
        event: Event,
        closed_by: str | None,
        now: datetime | None = None,
        *,
        cause: Event | None = None,
    ) -> Delegation:
        """``cause`` is why, when that is more than the event itself says."""
        now = now or self._now()
        return store.delegations.apply(
            delegation,
            event,
            now=now,
            actor=closed_by,
            end_event=cause or event,
            closed_by=closed_by,
            ended_at=now,
        )
