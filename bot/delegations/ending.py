"""How people end a delegation, at any point of its life.

Taking a right away means the same whatever has changed since the button was read, so nothing is
compared with what was seen: a click that takes away always counts.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.desk import Actor, Desk, as_asker, as_grantor, change, only_in
from bot.store import Store
from models.delegation import Delegation, Event, State
from models.person import Departure


async def cancel(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The asker takes the request back. Raises NotKnown, NotYours and Settled."""
    return await _end_as_asker(desk, actor, delegation_id, State.REQUESTED, State.APPROVED)


async def release(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The grantee is done before the time is up. Raises NotKnown, NotYours and Settled."""
    return await _end_as_asker(desk, actor, delegation_id, State.APPROVED, State.ACTIVE)


async def give_back(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The asker wants out, whatever it is by now. Raises NotKnown, NotYours and Settled."""
    return await _end_as_asker(
        desk, actor, delegation_id, State.REQUESTED, State.APPROVED, State.ACTIVE
    )


async def revoke(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The grantor takes it back, whatever it is by now. Raises NotKnown, NotYours and Settled."""

    def decide(store: Store) -> Delegation:
        delegation = as_grantor(store, actor, delegation_id)
        only_in(delegation, State.REQUESTED, State.APPROVED, State.ACTIVE)
        now = desk.now()
        if delegation.state is State.REQUESTED:
            return _close(store, delegation, Event.DENY, actor.user_id, now=now)
        return end(store, delegation, Event.REVOKE, actor.user_id, now=now)

    return await change(desk, decide)


async def revoke_all(desk: Desk, actor: Actor) -> Sequence[Delegation]:
    """The grantor takes back everything that is approved or active."""

    def revoke(store: Store) -> Sequence[Delegation]:
        revoked, now = [], desk.now()  # one moment for all, so that all are due together
        for each in store.delegations.open_for_person(actor.team_id, actor.user_id):
            current = store.delegations.get(each.id, lock=True)
            if current is None or current.grantor_id != actor.user_id:
                continue
            if current.state in (State.APPROVED, State.ACTIVE):
                revoked.append(end(store, current, Event.REVOKE, actor.user_id, now=now))
        return revoked

    return await change(desk, revoke)


async def _end_as_asker(desk: Desk, actor: Actor, delegation_id: str, *states: State) -> Delegation:
    def decide(store: Store) -> Delegation:
        delegation = as_asker(store, actor, delegation_id)
        only_in(delegation, *states)
        return end(store, delegation, Event.RELEASE, actor.user_id, now=desk.now())

    return await change(desk, decide)


def end(
    store: Store,
    delegation: Delegation,
    cause: Event,
    closed_by: str | None,
    *,
    now: datetime,
    departure: Departure | None = None,
) -> Delegation:
    """What Close was never asked for is cancelled; anything else has to be ended there.

    ``departure`` is how whoever ended it did so, when that was by leaving.
    """
    was_asked_for = delegation.attempted_at is not None
    is_cancelled = delegation.state is State.REQUESTED or not was_asked_for
    event = Event.CANCEL if is_cancelled else cause
    return _close(store, delegation, event, closed_by, now=now, cause=cause, departure=departure)


def _close(
    store: Store,
    delegation: Delegation,
    event: Event,
    closed_by: str | None,
    *,
    now: datetime,
    cause: Event | None = None,
    departure: Departure | None = None,
) -> Delegation:
    """``cause`` is why, when that is more than the event itself says."""
    return store.delegations.apply(
        delegation,
        event,
        now=now,
        actor=closed_by,
        end_event=cause or event,
        closed_by=closed_by,
        departure=departure,
        ended_at=now,
    )
