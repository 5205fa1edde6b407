"""How people end a delegation, at any point of its life; and what happens when somebody leaves."""

from collections.abc import Sequence
from datetime import datetime

from bot.connections.leaving import give_up
from bot.desk import Actor, Desk, as_asker, as_grantor, change, only_in
from bot.store import Store
from models.delegation import Delegation, Event, State


async def cancel(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The asker takes the request back. Raises NotYours and Settled."""
    return await _end_as_asker(desk, actor, delegation_id, State.REQUESTED, State.APPROVED)


async def release(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The grantee is done before the time is up. Raises NotYours and Settled."""
    return await _end_as_asker(desk, actor, delegation_id, State.APPROVED, State.ACTIVE)


async def give_back(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The asker wants out, whatever it is by now. Raises NotYours and Settled."""
    return await _end_as_asker(
        desk, actor, delegation_id, State.REQUESTED, State.APPROVED, State.ACTIVE
    )


async def revoke(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The grantor takes it back, whatever it is by now. Raises NotYours and Settled."""

    def decide(store: Store) -> Delegation:
        delegation = as_grantor(store, actor, delegation_id)
        only_in(delegation, State.REQUESTED, State.APPROVED, State.ACTIVE)
        now = desk.now()
        if delegation.state is State.REQUESTED:
            return _close(store, delegation, Event.DENY, actor.user_id, now=now)
        return _end(store, delegation, Event.REVOKE, actor.user_id, now=now)

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
                revoked.append(_end(store, current, Event.REVOKE, actor.user_id, now=now))
        return revoked

    return await change(desk, revoke)


async def offboard(desk: Desk, team_id: str, user_id: str) -> None:
    """Somebody has left: end everything that they give, have or wait for, and every standing
    approval that names them; then their connection is given up. All of it or nothing."""

    def end_all(store: Store) -> None:
        now = desk.now()  # one moment for all, so that all are due together
        store.standing.end_all(team_id, user_id, now=now)
        for each in store.delegations.open_for_person(team_id, user_id):
            current = store.delegations.get(each.id, lock=True)
            if current is None or current.state is State.ENDING:
                continue
            if user_id in (current.grantor_id, current.grantee_id):
                _end(store, current, Event.OFFBOARD, None, now=now)
        give_up(store, team_id, user_id, now=now)

    await change(desk, end_all)


async def _end_as_asker(desk: Desk, actor: Actor, delegation_id: str, *states: State) -> Delegation:
    def decide(store: Store) -> Delegation:
        delegation = as_asker(store, actor, delegation_id)
        only_in(delegation, *states)
        return _end(store, delegation, Event.RELEASE, actor.user_id, now=desk.now())

    return await change(desk, decide)


def _end(
    store: Store, delegation: Delegation, cause: Event, closed_by: str | None, *, now: datetime
) -> Delegation:
    """What Close was never asked for is cancelled; anything else has to be ended there."""
    was_asked_for = delegation.attempted_at is not None
    is_cancelled = delegation.state is State.REQUESTED or not was_asked_for
    event = Event.CANCEL if is_cancelled else cause
    return _close(store, delegation, event, closed_by, now=now, cause=cause)


def _close(
    store: Store,
    delegation: Delegation,
    event: Event,
    closed_by: str | None,
    *,
    now: datetime,
    cause: Event | None = None,
) -> Delegation:
    """``cause`` is why, when that is more than the event itself says."""
    return store.delegations.apply(
        delegation,
        event,
        now=now,
        actor=closed_by,
        end_event=cause or event,
        closed_by=closed_by,
        ended_at=now,
    )
