"""Changing a request that nobody has answered yet: other terms, in the place of the old ones."""

from datetime import datetime, timedelta

from bot.delegations.asking import Terms, check_reason, under_standing_approval
from bot.delegations.people.departures import decided
from bot.desk import (
    Actor,
    Desk,
    before,
    check_known,
    check_seen,
    check_span,
    locked,
    look,
    only_unanswered,
    verdict,
)
from bot.refusals import NotYours, Refused, Settled
from bot.store import Store
from models.delegation import Delegation, Event
from models.policy import LATELY, MOST_WISHES, Refusal
from models.reminders import next_reminder


async def own_request(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """A request of the actor's that still waits for an answer; nothing is changed.

    Raises NotKnown, NotYours and Settled.
    """
    return await look(desk, lambda store: _own_request(desk, store, actor, delegation_id))


async def change_request(
    desk: Desk, actor: Actor, delegation_id: str, seen: str, terms: Terms
) -> Delegation:
    """Ask for something else, by the rules of a new request; the pair is never free in between.

    The grantor has as long for it as for a new one, and a standing approval that covers it answers
    at once. Raises as :func:`own_request`, Changed and Refused.
    """

    def decide(store: Store) -> Delegation:
        now = desk.now()
        d = _own_request(desk, store, actor, delegation_id)
        check_seen(d, seen)
        check_known(desk, d.team_id, d.grantor_id, d.grantee_id, actor.user_id)
        ruled = verdict(desk, d.grantor_id, d.grantee_id)
        check_reason(ruled, terms.reason)
        check_span(ruled, terms.span, now=now)
        span = terms.span
        if (terms.reason, span.starts, span.length, span.until) == _present(d):
            return d
        _check_often(store, d, desk)
        changed = store.delegations.apply(
            d,
            Event.CHANGE,
            now=now,
            actor=actor.user_id,
            reason=terms.reason,
            starts_at=span.starts,
            length=span.length,
            until=span.until,
            lapses_at=before(span.until, now + desk.policy.pending_ttl),
            remind_at=next_reminder(asked_at=now, sent=d.reminders, zone=d.grantor_zone, now=now),
        )
        return _answered_at_once(desk, store, changed)

    return await decided(desk, actor, decide)


def _answered_at_once(desk: Desk, store: Store, request: Delegation) -> Delegation:
    now = desk.now()
    approved = under_standing_approval(desk, store, request, now)
    if approved.state is request.state:
        return request
    return store.delegations.apply(
        request,
        Event.APPROVE,
        now=now,
        actor=request.grantor_id,
        standing_id=approved.standing_id,
        decided_at=approved.decided_at,
        remind_at=None,
        reminders=0,
        lapses_at=approved.lapses_at,
    )


def _own_request(desk: Desk, store: Store, actor: Actor, delegation_id: str) -> Delegation:
    delegation = locked(store, actor, delegation_id)
    if actor.user_id != delegation.requester_id:
        raise NotYours
    only_unanswered(delegation, desk.now())
    if delegation.agreed_at is not None:
        raise Settled(delegation)
    return delegation


def _present(d: Delegation) -> tuple[str, datetime | None, timedelta | None, datetime | None]:
    return d.reason, d.starts_at, d.length, d.until


def _check_often(store: Store, delegation: Delegation, desk: Desk) -> None:
    """The grantor has to read each change; raises Refused."""
    since = desk.now() - LATELY
    if store.delegations.count_events(delegation.id, Event.CHANGE, since=since) >= MOST_WISHES:
        raise Refused(Refusal.TOO_OFTEN, delegation.grantor_id)
