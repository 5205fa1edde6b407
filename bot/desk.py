"""What every use case needs: who acts, what they may touch, and one transaction for the change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.ports import Directory, Now
from bot.refusals import AlreadyOpen, NoSuchDelegation, NotYours, Refused, Settled
from bot.store import Database, Store
from bot.times.span import Span
from models.delegation import Delegation, State
from models.person import Person
from models.policy import Policy, Refusal, length_refusal, reason_refusal, who_refusal


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, as Slack signed it; never taken from a button's value."""

    team_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What every use case works with. ``wake`` tells the workers that something became due."""

    database: Database
    directory: Directory
    policy: Policy
    now: Now
    wake: Callable[[], None]
    audit_channel: str | None = None


class Base:
    """Shared by the use cases. ``wake`` tells the workers that something became due."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        policy: Policy,
        now: Now,
        wake: Callable[[], None],
        *,
        audit_channel: str | None = None,
    ) -> None:
        self._database = database
        self._directory = directory
        self._policy = policy
        self._now = now
        self._wake = wake
        self._audit_channel = audit_channel

    async def get(self, actor: Actor, delegation_id: str) -> Delegation:
        """A delegation that the actor has a part in; raises NotYours."""

        def read(store: Store) -> Delegation:
            found = store.delegations.get(delegation_id)
            if found is None or found.team_id != actor.team_id:
                raise NotYours
            if actor.user_id not in (found.grantor_id, found.grantee_id, found.requester_id):
                raise NotYours
            return found

        return await self._database.run(read)

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

    async def _change(self, decide: Callable[[Store], Delegation]) -> Delegation:
        changed = await self._database.run(decide)
        self._wake()
        return changed

    def _check_span(self, span: Span, *, now: datetime) -> None:
        refusal = length_refusal(
            self._policy, length=span.length, starts_at=span.starts, until=span.until, now=now
        )
        if refusal:
            raise Refused(refusal)

    def _check_latest(self, ends_at: datetime | None, *, now: datetime) -> None:
        """What was long enough when it was asked for may have become short while it waited."""
        refusal = length_refusal(self._policy, length=None, starts_at=None, until=ends_at, now=now)
        if refusal not in (None, Refusal.TOO_SHORT):
            raise Refused(refusal)

    def _check_reason(self, reason: str) -> None:
        refusal = reason_refusal(self._policy, reason)
        if refusal:
            raise Refused(refusal)

    async def _check_person(self, team_id: str, user_id: str) -> Person:
        person = await self._directory.person(user_id)
        refusal = who_refusal(person, team_id)
        if person is None or refusal:
            raise Refused(refusal or Refusal.UNKNOWN_PERSON, user_id)
        return person

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

    def _check_pair_is_free(self, store: Store, new: Delegation) -> None:
        taken = store.delegations.open_for_pair(new.team_id, new.grantor_id, new.grantee_id)
        if taken:
            raise AlreadyOpen(taken)
