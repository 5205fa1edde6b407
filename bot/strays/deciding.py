"""The use cases for strays: what a grantor decides about a right that the bot did not make.

Each decides about what its ``seen`` is the mark of (``models.mark``): a right that somebody made by
hand is not the bot's to take away on a misunderstanding.
"""

from dataclasses import replace

from bot.delegations.people.departures import still_here
from bot.desk import (
    Actor,
    Desk,
    change,
    check_pair_is_free,
    check_seen,
    check_span,
    learn_groups,
    look,
    verdict,
)
from bot.refusals import (
    ConnectFirst,
    NotKnown,
    NotYours,
    OtherAccount,
    Refused,
    StrayDecided,
    Thing,
)
from bot.store import Store
from bot.store.delegations import PairTaken
from bot.times.span import Span
from models.account import described
from models.base import new_id
from models.delegation import Delegation, Event, State
from models.policy import Refusal
from models.stray import Stray, StrayState

UNDECIDED = (StrayState.FOUND, StrayState.KEPT)


async def check(desk: Desk, actor: Actor) -> bool:
    """Have the actor's rights in Close compared at once, and the actor told how it came out.

    False when there is no connection to compare with.
    """

    def plan(store: Store) -> bool:
        connection = store.connections.get(actor.team_id, actor.user_id)
        now = desk.now()
        if connection is None or not connection.is_alive:
            store.rounds.plan(actor.team_id, now=now)  # who has left can be said all the same
            return False
        store.comparisons.plan(actor.team_id, actor.user_id, now=now, asked_at=now)
        return True

    return await change(desk, plan)


async def keep(desk: Desk, actor: Actor, stray_id: str, seen: str) -> Stray:
    """Leave it as it is. Raises NotKnown, NotYours, StrayDecided and Changed."""
    return await _decide(desk, actor, stray_id, seen, StrayState.KEPT)


async def remove(desk: Desk, actor: Actor, stray_id: str, seen: str) -> Stray:
    """Have it removed in Close; raises as :func:`keep`, ConnectFirst and OtherAccount."""
    return await _decide(desk, actor, stray_id, seen, StrayState.REMOVING)


async def single_out(desk: Desk, actor: Actor, stray_id: str) -> Stray:
    """Take one out of the list of many, to decide about it in a message of its own: whatever was
    read there, that says how it is.

    Raises NotKnown, NotYours and StrayDecided.
    """

    def take_out(store: Store) -> Stray:
        stray = _undecided(store, actor, stray_id)
        now = desk.now()
        store.strays.single_out(stray, now=now)
        comparison = store.comparisons.get(actor.team_id, actor.user_id)
        if comparison is not None:
            store.notices.mark_stale(comparison.id, now=now)
        return stray

    return await change(desk, take_out)


async def adoptable(desk: Desk, actor: Actor, stray_id: str, seen: str) -> Stray:
    """A stray that the actor can give an end; nothing is changed.

    Raises NotKnown, NotYours, StrayDecided, Changed, Refused, ConnectFirst and OtherAccount.
    """

    def read(store: Store) -> Stray:
        stray = _mine(store, actor, stray_id, seen)
        if stray.grantee_id is None:
            raise Refused(Refusal.UNKNOWN_PERSON)
        _check_account(store, stray)
        return stray

    return await look(desk, read)


async def adopt(desk: Desk, actor: Actor, stray_id: str, seen: str, span: Span) -> Delegation:
    """Make it a delegation that ends; raises as :func:`adoptable`, and AlreadyOpen."""
    await _check(desk, actor, await adoptable(desk, actor, stray_id, seen), span)

    def adopt_it(store: Store) -> Delegation:
        stray = _mine(store, actor, stray_id, seen)
        delegation = _adopted(desk, stray, span)
        check_pair_is_free(store, delegation)
        store.delegations.add(
            delegation, event=Event.ADOPT, actor=actor.user_id, audit_channel=desk.audit_channel
        )
        store.strays.decide(
            stray,
            StrayState.ADOPTED,
            now=desk.now(),
            by=actor.user_id,
            delegation_id=delegation.id,
        )
        _check_account(store, stray)  # last: connections are locked after delegations
        return delegation

    try:
        return await change(desk, adopt_it)
    except PairTaken:
        pair = _adopted(desk, await adoptable(desk, actor, stray_id, seen), span)
        await desk.database.read(lambda store: check_pair_is_free(store, pair))
        raise


async def _decide(desk: Desk, actor: Actor, stray_id: str, seen: str, state: StrayState) -> Stray:
    def decide(store: Store) -> Stray:
        stray = _mine(store, actor, stray_id, seen)
        store.strays.decide(stray, state, now=desk.now(), by=actor.user_id)
        if state is StrayState.REMOVING:
            _check_account(store, stray)
        return stray

    return await change(desk, decide)


def _mine(store: Store, actor: Actor, stray_id: str, seen: str) -> Stray:
    stray = _undecided(store, actor, stray_id)
    check_seen(stray, seen, store.departures.reason(stray.team_id, stray.grantee_id))
    return stray


def _undecided(store: Store, actor: Actor, stray_id: str) -> Stray:
    stray = store.strays.get(stray_id, lock=True)
    if stray is None:
        raise NotKnown(Thing.STRAY)
    if (stray.team_id, stray.grantor_id) != (actor.team_id, actor.user_id):
        raise NotYours
    if stray.state not in UNDECIDED:
        raise StrayDecided(stray)
    return stray


async def _check(desk: Desk, actor: Actor, stray: Stray, span: Span) -> None:
    if span.starts is not None:
        raise Refused(Refusal.RUNS_ALREADY)
    if span.length is None and span.until is None:
        raise Refused(Refusal.PERMANENT)
    await learn_groups(desk)
    ruled = verdict(desk, stray.grantor_id, stray.grantee_id or "")
    check_span(ruled, span, now=desk.now())
    await still_here(desk, actor.team_id, stray.grantee_id or "")


def _adopted(desk: Desk, stray: Stray, span: Span) -> Delegation:
    now = desk.now()
    delegation = Delegation(
        id=new_id(),
        team_id=stray.team_id,
        grantor_id=stray.grantor_id,
        grantee_id=stray.grantee_id or "",
        requester_id=stray.grantor_id,
        grantee_email=stray.grantee_email or None,
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
        grantee_account=described(stray.grantee_name, stray.grantee_email) or None,
        is_grantee_proven=stray.is_grantee_proven,
        association_id=stray.association_id,
        organization_id=stray.organization_id,
        grantor_close_id=stray.grantor_close_id,
        grantee_close_id=stray.grantee_close_id,
    )
    ends_at = delegation.end_when_active_from(now)
    warn_at = desk.policy.warn_at(ends_at, now)
    # Slack is asked afresh at once: what it said minutes ago was enough for the answer.
    return replace(delegation, ends_at=ends_at, warn_at=warn_at, is_unchecked=True, wake_at=now)


def _check_account(store: Store, stray: Stray) -> None:
    """Whether the grantor's connection can act on it. Its row stays locked, so that this and a
    disconnection at the same moment do not both succeed. Raises ConnectFirst and OtherAccount."""
    connection = store.connections.get(stray.team_id, stray.grantor_id, lock=True)
    if connection is None or not connection.is_usable:
        raise ConnectFirst
    if not stray.belongs_to(connection.account):
        raise OtherAccount
