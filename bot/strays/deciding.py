"""The use cases for strays: what a grantor decides about a right that the bot did not make."""

from dataclasses import replace

from bot.desk import Actor, Base
from bot.refusals import ConnectFirst, NotYours, OtherAccount, Refused, StrayDecided
from bot.store import Store
from bot.store.delegations import PairTaken
from bot.times.span import Span
from models.base import new_id
from models.delegation import Delegation, Event, State
from models.policy import Refusal
from models.stray import Stray, StrayState

UNDECIDED = (StrayState.FOUND, StrayState.KEPT)


class Strays(Base):
    """Keep, remove, give an end; and look again."""

    async def check(self, actor: Actor) -> bool:
        """Have the actor's rights in Close compared at once, and the actor told how it came out.

        False when there is no connection to compare with.
        """

        def plan(store: Store) -> bool:
            connection = store.connections.get(actor.team_id, actor.user_id)
            if connection is None or not connection.is_alive:
                return False
            now = self._now()
            store.comparisons.plan(actor.team_id, actor.user_id, now=now, asked_at=now)
            return True

        is_planned = await self._database.run(plan)
        self._wake()
        return is_planned

    async def keep(self, actor: Actor, stray_id: str) -> Stray:
        """Leave it as it is. Raises NotYours and StrayDecided."""
        return await self._decide(actor, stray_id, StrayState.KEPT)

    async def remove(self, actor: Actor, stray_id: str) -> Stray:
        """Have it removed in Close.

        Raises NotYours, StrayDecided, ConnectFirst and OtherAccount.
        """
        return await self._decide(actor, stray_id, StrayState.REMOVING)

    async def adoptable(self, actor: Actor, stray_id: str) -> Stray:
        """A stray that the actor can give an end.

        Raises NotYours, StrayDecided, ConnectFirst and OtherAccount.
        """

        def read(store: Store) -> Stray:
            stray = self._mine(store, actor, stray_id)
            _check_account(store, stray)
            return stray

        return await self._database.run(read)

    async def adopt(self, actor: Actor, stray_id: str, span: Span) -> Delegation:
        """Make it a delegation that ends; raises as :meth:`adoptable`, Refused and AlreadyOpen."""
        await self._check(actor, await self.adoptable(actor, stray_id), span)

        def adopt(store: Store) -> Delegation:
            stray = self._mine(store, actor, stray_id)
            delegation = self._adopted(stray, span)
            self._check_pair_is_free(store, delegation)
            store.delegations.add(
                delegation,
                event=Event.ADOPT,
                actor=actor.user_id,
                audit_channel=self._audit_channel,
            )
            store.strays.decide(
                stray, StrayState.ADOPTED, now=self._now(), delegation_id=delegation.id
            )
            _check_account(store, stray)  # last: connections are locked after delegations
            return delegation

        try:
            adopted = await self._database.run(adopt)
        except PairTaken:
            pair = self._adopted(await self.adoptable(actor, stray_id), span)
            await self._database.run(lambda store: self._check_pair_is_free(store, pair))
            raise
        self._wake()
        return adopted

    async def _decide(self, actor: Actor, stray_id: str, state: StrayState) -> Stray:
        def decide(store: Store) -> Stray:
            stray = self._mine(store, actor, stray_id)
            store.strays.decide(stray, state, now=self._now())
            if state is StrayState.REMOVING:
                _check_account(store, stray)
            return stray

        stray = await self._database.run(decide)
        self._wake()
        return stray

    def _mine(self, store: Store, actor: Actor, stray_id: str) -> Stray:
        stray = store.strays.get(stray_id, lock=True)
        if stray is None or (stray.team_id, stray.grantor_id) != (actor.team_id, actor.user_id):
            raise NotYours
        if stray.state not in UNDECIDED:
            raise StrayDecided(stray)
        return stray

    async def _check(self, actor: Actor, stray: Stray, span: Span) -> None:
        if stray.grantee_id is None:
            raise Refused(Refusal.UNKNOWN_PERSON)
        if span.length is None and span.until is None:
            raise Refused(Refusal.PERMANENT)
        self._check_span(span, now=self._now())
        await self._check_person(actor.team_id, stray.grantee_id)

    def _adopted(self, stray: Stray, span: Span) -> Delegation:
        now = self._now()
        name, email = stray.grantee_name, stray.grantee_email
        delegation = Delegation(
            id=new_id(),
            team_id=stray.team_id,
            grantor_id=stray.grantor_id,
            grantee_id=stray.grantee_id or "",
            requester_id=stray.grantor_id,
            grantee_email=email or None,
            reason="",
            length=span.length,
            until=span.until,
            state=State.ACTIVE,
            requested_at=now,
            lapses_at=now,
            decided_at=now,
            attempted_at=now,
            active_at=now,
            identified_at=now,
            grantee_account=f"{name}, {email}" if email else name or None,
            is_grantee_proven=stray.is_grantee_proven,
            association_id=stray.association_id,
            organization_id=stray.organization_id,
            grantor_close_id=stray.grantor_close_id,
            grantee_close_id=stray.grantee_close_id,
        )
        return self._with_end(delegation)

    def _with_end(self, delegation: Delegation) -> Delegation:
        now = delegation.requested_at
        ends_at = delegation.end_when_active_from(now)
        warn_at = self._policy.warn_at(ends_at, now)
        return replace(delegation, ends_at=ends_at, warn_at=warn_at, wake_at=warn_at or ends_at)


def _check_account(store: Store, stray: Stray) -> None:
    """Whether the grantor's connection can act on it. Its row stays locked, so that this and a
    disconnection at the same moment do not both succeed. Raises ConnectFirst and OtherAccount."""
    connection = store.connections.get(stray.team_id, stray.grantor_id, lock=True)
    if connection is None or not connection.is_usable:
        raise ConnectFirst
    if not stray.belongs_to(connection.close_user_id, connection.organization_id):
        raise OtherAccount
