"""How people end a delegation, at any point of its life.

Taking a right away means the same whatever has changed since the button was read, so nothing is
compared with what was seen: a click that takes away always counts.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.desk import Actor, Desk, as_asker, as_grantor, change, only_in
from bot.store import Store
from models.base import new_id
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
            changes = _closing(Event.DENY, actor.user_id, now=now)
            return store.delegations.apply(
                delegation, Event.DENY, now=now, actor=actor.user_id, **changes
            )
        return end(store, delegation, Event.REVOKE, actor.user_id, now=now)

    return await change(desk, decide)


async def revoke_all(desk: Desk, actor: Actor) -> tuple[Sequence[Delegation], Sequence[Delegation]]:
    """The grantor takes back everything that is approved or active; returns that, and what was over
    already and Close has not confirmed as gone."""

    def revoke(store: Store) -> tuple[Sequence[Delegation], Sequence[Delegation]]:
        given = store.delegations.running(actor.team_id, actor.user_id)
        before = store.delegations.ending(actor.team_id, actor.user_id)
        revoked = end_all(store, given, Event.REVOKE, actor.user_id, now=desk.now())
        return revoked, before

    return await change(desk, revoke)


async def revoke_bundle(desk: Desk, actor: Actor, bundle_id: str) -> Sequence[Delegation]:
    """The grantor takes back all that is left of what they granted together."""

    def revoke(store: Store) -> Sequence[Delegation]:
        running = store.delegations.running(actor.team_id, actor.user_id)
        given = [each for each in running if each.bundle_id == bundle_id]
        return end_all(store, given, Event.REVOKE, actor.user_id, now=desk.now())

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
    return end_all(store, [delegation], cause, closed_by, now=now, departure=departure)[0]


def end_all(
    store: Store,
    delegations: Sequence[Delegation],
    cause: Event,
    closed_by: str | None,
    *,
    now: datetime,
    departure: Departure | None = None,
    note: str | None = None,
) -> Sequence[Delegation]:
    """The same for many at one moment, so that all are due together; with few statements.

    ``note`` is why an admin ended them.
    """
    changes = _closing(cause, closed_by, now=now, departure=departure)
    if note is not None:
        changes["note"] = note
    ended: list[Delegation] = []
    for event in (Event.CANCEL, cause):
        these = [each for each in delegations if _ends_by(each, cause) is event]
        staying = [each for each in these if cause is Event.REVOKE or each.grantor_id != closed_by]
        several = {} if event is Event.CANCEL else _ended_with(store, staying, now)
        wanted = [
            (each, changes | {"ended_with": several.get((each.team_id, each.grantor_id))})
            for each in these
        ]
        ended += store.delegations.apply_all(wanted, event, now=now, actor=closed_by)
    return sorted(ended, key=lambda each: (each.requested_at, each.id))


def _ended_with(
    store: Store, delegations: Sequence[Delegation], now: datetime
) -> Mapping[tuple[str, str], str]:
    """What ends together, by workspace and grantor; nothing for whose right ends alone."""
    by_grantor: defaultdict[tuple[str, str], list[Delegation]] = defaultdict(list)
    for each in delegations:
        by_grantor[each.team_id, each.grantor_id].append(each)
    several = {whose: new_id() for whose, theirs in by_grantor.items() if len(theirs) > 1}
    for whose, ended_with in several.items():
        store.notices.tell_ends(*whose, ended_with, now=now)
    return several


def _ends_by(delegation: Delegation, cause: Event) -> Event:
    is_asked_for = delegation.state is State.ACTIVE or delegation.attempted_at is not None
    is_cancelled = delegation.state is State.REQUESTED or not is_asked_for
    return Event.CANCEL if is_cancelled else cause


def _closing(
    cause: Event, closed_by: str | None, *, now: datetime, departure: Departure | None = None
) -> dict[str, Any]:
    return {
        "end_event": cause,
        "closed_by": closed_by,
        "departure": departure,
        "ended_at": now,
    }
