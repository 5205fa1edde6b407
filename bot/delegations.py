"""The use cases: what people do with a delegation. Each is named by its verb, authorises the
actor itself, and returns once the new state is committed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.ports import Directory, Now
from bot.refusals import AlreadyOpen, NoSuchDelegation, NotYours, Refused, Settled
from bot.spans import Span
from bot.store import Database, Store
from bot.store.delegations import PairTaken
from models.base import new_id
from models.delegation import Delegation, Event, State
from models.person import Person
from models.policy import Policy, Refusal, length_refusal, reason_refusal, who_refusal


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, as Slack signed it; never taken from a button's value."""

    team_id: str
    user_id: str


class Delegations:
    """What people can do. ``wake`` tells the worker that something became due."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        policy: Policy,
        now: Now,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._directory = directory
        self._policy = policy
        self._now = now
        self._wake = wake

    async def request(
        self, actor: Actor, *, grantor_id: str, span: Span, reason: str
    ) -> Delegation:
        """Ask to send as the grantor. Raises Refused and AlreadyOpen."""
        if grantor_id == actor.user_id:
            raise Refused(Refusal.ONESELF, grantor_id)
        self._check_terms(span, reason)
        await self._check_person(actor.team_id, grantor_id)
        grantee = await self._check_person(actor.team_id, actor.user_id)
        now = self._now()
        lapses_at = now + self._policy.pending_ttl
        delegation = Delegation(
            id=new_id(),
            team_id=actor.team_id,
            grantor_id=grantor_id,
            grantee_id=actor.user_id,
            requester_id=actor.user_id,
            grantee_email=grantee.email,
            reason=reason,
            starts_at=span.starts,
            length=span.length,
            until=span.until,
            state=State.REQUESTED,
            requested_at=now,
            lapses_at=min(lapses_at, span.until) if span.until else lapses_at,
            wake_at=min(lapses_at, span.until) if span.until else lapses_at,
        )
        return await self._add(delegation, actor)

    async def approve(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantor says yes. Raises NotYours and Settled."""

        def decide(store: Store) -> Delegation:
            delegation = self._as_grantor(store, actor, delegation_id)
            self._only_in(delegation, State.REQUESTED)
            now = self._now()
            return store.delegations.apply(
                delegation,
                Event.APPROVE,
                now=now,
                actor=actor.user_id,
                decided_at=now,
                lapses_at=max(now, delegation.starts_at or now) + self._policy.pending_ttl,
            )

        return await self._change(decide)

    async def deny(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantor says no. Raises NotYours and Settled."""

        def decide(store: Store) -> Delegation:
            delegation = self._as_grantor(store, actor, delegation_id)
            self._only_in(delegation, State.REQUESTED)
            return self._close(store, delegation, Event.DENY, actor)

        return await self._change(decide)

    async def cancel(self, actor: Actor, delegation_id: str) -> Delegation:
        """The asker takes the request back. Raises NotYours and Settled."""

        def decide(store: Store) -> Delegation:
            delegation = self._as_asker(store, actor, delegation_id)
            self._only_in(delegation, State.REQUESTED, State.APPROVED)
            return self._end(store, delegation, Event.RELEASE, actor)

        return await self._change(decide)

    async def release(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantee is done before the time is up. Raises NotYours and Settled."""

        def decide(store: Store) -> Delegation:
            delegation = self._as_asker(store, actor, delegation_id)
            self._only_in(delegation, State.APPROVED, State.ACTIVE)
            return self._end(store, delegation, Event.RELEASE, actor)

        return await self._change(decide)

    async def give_back(self, actor: Actor, delegation_id: str) -> Delegation:
        """The asker wants out, whatever it is by now. Raises NotYours and Settled."""

        def decide(store: Store) -> Delegation:
            delegation = self._as_asker(store, actor, delegation_id)
            self._only_in(delegation, State.REQUESTED, State.APPROVED, State.ACTIVE)
            return self._end(store, delegation, Event.RELEASE, actor)

        return await self._change(decide)

    async def revoke(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantor takes it back, whatever it is by now. Raises NotYours and Settled."""

        def decide(store: Store) -> Delegation:
            delegation = self._as_grantor(store, actor, delegation_id)
            if delegation.state is State.REQUESTED:
                return self._close(store, delegation, Event.DENY, actor)
            self._only_in(delegation, State.APPROVED, State.ACTIVE)
            return self._end(store, delegation, Event.REVOKE, actor)

        return await self._change(decide)

    async def between(self, actor: Actor, *, grantor_id: str, grantee_id: str) -> Delegation:
        """The open delegation of a pair; raises NoSuchDelegation."""
        found = await self._database.run(
            lambda store: store.delegations.open_for_pair(actor.team_id, grantor_id, grantee_id)
        )
        if found is None:
            raise NoSuchDelegation
        return found

    async def list_open(self, actor: Actor) -> Sequence[Delegation]:
        """Everything open that concerns the actor, oldest first."""
        return await self._database.run(
            lambda store: store.delegations.open_for_person(actor.team_id, actor.user_id)
        )

    async def _add(self, delegation: Delegation, actor: Actor) -> Delegation:
        def add(store: Store) -> Delegation:
            self._check_pair_is_free(store, delegation)
            return store.delegations.add(delegation, event=Event.REQUEST, actor=actor.user_id)

        try:
            return await self._change(add)
        except PairTaken:  # the other request committed between our look and our insert
            await self._database.run(lambda store: self._check_pair_is_free(store, delegation))
            raise

    async def _change(self, decide: Callable[[Store], Delegation]) -> Delegation:
        changed = await self._database.run(decide)
        self._wake()
        return changed

    def _check_terms(self, span: Span, reason: str) -> None:
        refusal = reason_refusal(self._policy, reason) or length_refusal(
            self._policy,
            length=span.length,
            starts_at=span.starts,
            until=span.until,
            now=self._now(),
        )
        if refusal:
            raise Refused(refusal)

    async def _check_person(self, team_id: str, user_id: str) -> Person:
        person = await self._directory.person(user_id)
        refusal = who_refusal(person, team_id)
        if person is None or refusal:
            raise Refused(refusal or Refusal.UNKNOWN_PERSON, user_id)
        return person

    def _check_pair_is_free(self, store: Store, new: Delegation) -> None:
        taken = store.delegations.open_for_pair(new.team_id, new.grantor_id, new.grantee_id)
        if taken:
            raise AlreadyOpen(taken)

    def _as_grantor(self, store: Store, actor: Actor, delegation_id: str) -> Delegation:
        delegation = self._locked(store, actor, delegation_id)
        if actor.user_id != delegation.grantor_id:
            raise NotYours
        return delegation

    def _as_asker(self, store: Store, actor: Actor, delegation_id: str) -> Delegation:
        delegation = self._locked(store, actor, delegation_id)
        if actor.user_id not in (delegation.grantee_id, delegation.requester_id):
            raise NotYours
        return delegation

    def _locked(self, store: Store, actor: Actor, delegation_id: str) -> Delegation:
        delegation = store.delegations.get(delegation_id, lock=True)
        if delegation is None or delegation.team_id != actor.team_id:
            raise NotYours
        return delegation

    def _only_in(self, delegation: Delegation, *states: State) -> None:
        if delegation.state not in states:
            raise Settled(delegation)

    def _end(self, store: Store, delegation: Delegation, event: Event, actor: Actor) -> Delegation:
        """What Close was never asked for is cancelled; anything else has to be ended there."""
        if delegation.state is State.REQUESTED or delegation.attempted_at is None:
            event = Event.CANCEL
        return self._close(store, delegation, event, actor)

    def _close(
        self, store: Store, delegation: Delegation, event: Event, actor: Actor
    ) -> Delegation:
        now = self._now()
        return store.delegations.apply(
            delegation,
            event,
            now=now,
            actor=actor.user_id,
            end_event=event,
            closed_by=actor.user_id,
            ended_at=now,
        )
