"""The grantor's answers to a request: approve, deny, or later.

Each answers what its ``seen`` is the mark of (``models.mark``), and nothing else.
"""

from dataclasses import replace
from datetime import datetime

from bot.delegations.asking import seconds
from bot.delegations.people.departures import decided
from bot.desk import (
    Actor,
    Desk,
    as_grantor,
    before,
    change,
    check_known,
    check_proven,
    check_seen,
    check_span,
    check_still_fits,
    last_start,
    look,
    only_unanswered,
    verdict,
)
from bot.refusals import LapsesBefore, Refused, Settled
from bot.store import Store
from bot.times.saying import write_span
from bot.times.span import Span
from models.delegation import Asked, Delegation, Event
from models.mark import mark_of
from models.policy import REASON_LIMIT, Refusal
from models.reminders import snoozed_until


async def answerable(desk: Desk, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """A request that still waits for the actor's answer; nothing is changed.

    Raises NotKnown, NotYours, Settled and Changed.
    """
    return await look(desk, lambda store: asked(desk, store, actor, delegation_id, seen))


async def approve(
    desk: Desk,
    actor: Actor,
    delegation_id: str,
    seen: str,
    span: Span | None = None,
    note: str = "",
) -> Delegation:
    """The grantor says yes, as asked or for another time, perhaps with a word to it. Raises as
    :func:`answerable`, Refused.

    Another time that names no start of its own leaves the start that was asked for. If one of the
    people is known to have left, that is carried out instead. Where a rule asks for a second yes,
    it waits for that.
    """
    check_note(note)

    def decide(store: Store) -> Delegation:
        delegation = asked(desk, store, actor, delegation_id, seen)
        return approved(desk, store, actor, delegation, span, note)

    return await decided(desk, actor, decide)


def asked(desk: Desk, store: Store, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """The row under lock, if it waits for this answer; raises as :func:`answerable`."""
    delegation = as_grantor(store, actor, delegation_id)
    only_unanswered(delegation, desk.now())
    if delegation.agreed_at is not None:
        raise Settled(delegation)
    check_seen(delegation, seen)
    return delegation


def approved(
    desk: Desk,
    store: Store,
    actor: Actor,
    delegation: Delegation,
    span: Span | None = None,
    note: str = "",
) -> Delegation:
    """The same within a transaction that holds the row; raises Refused."""
    d = delegation
    check_known(desk, d.team_id, d.grantor_id, d.grantee_id, d.requester_id)
    now = desk.now()
    agreed = _agreed(delegation, span, now)
    check = check_still_fits if span is None else check_span
    ruled = verdict(desk, d.grantor_id, d.grantee_id)
    check(ruled, agreed, now=now)
    wanted = {"id": d.id, "seen": mark_of(d), "span": write_span(span) if span else ""}
    confirms = {"do": "approve", "grantees": [d.grantee_id], "note": note, **wanted}
    check_proven(desk, actor, agreed, confirms, now=now)
    event, changes = Event.APPROVE, {"decided_at": now, "lapses_at": last_start(desk, agreed, now)}
    if ruled.second is not None:
        lapses_at = before(agreed.until, now + desk.policy.pending_ttl)
        event = Event.AGREE
        changes = {"agreed_at": now, "lapses_at": lapses_at, **seconds(ruled.second)}
    return store.delegations.apply(
        delegation,
        event,
        now=now,
        actor=actor.user_id,
        starts_at=agreed.starts,
        length=agreed.length,
        until=agreed.until,
        note=note,
        asked=_asked(delegation, agreed, now),
        remind_at=None,
        reminders=0,
        **changes,
    )


async def deny(
    desk: Desk, actor: Actor, delegation_id: str, seen: str, note: str = ""
) -> Delegation:
    """The grantor says no, perhaps with a word why. Raises as :func:`answerable`, Refused."""
    check_note(note)

    def decide(store: Store) -> Delegation:
        delegation = asked(desk, store, actor, delegation_id, seen)
        now = desk.now()
        return store.delegations.apply(
            delegation,
            Event.DENY,
            now=now,
            actor=actor.user_id,
            note=note,
            closed_by=actor.user_id,
            ended_at=now,
        )

    return await change(desk, decide)


def check_note(note: str) -> None:
    """Whether a word with a decision is short enough; raises Refused."""
    if len(note) > REASON_LIMIT:
        raise Refused(Refusal.REASON_TOO_LONG)


async def snooze(desk: Desk, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """The grantor wants to be reminded when the button says, or else on the next working day.

    Raises as :func:`answerable`, and LapsesBefore when that would be too late.
    """

    def decide(store: Store) -> Delegation:
        delegation = asked(desk, store, actor, delegation_id, seen)
        now = desk.now()
        remind_at = delegation.put_off_until or snoozed_until(now, delegation.grantor_zone)
        if remind_at >= delegation.lapses_at:
            raise LapsesBefore(delegation)
        return store.delegations.apply(
            delegation, Event.SNOOZE, now=now, actor=actor.user_id, remind_at=remind_at
        )

    return await change(desk, decide)


def _asked(delegation: Delegation, agreed: Span, now: datetime) -> Asked | None:
    """What was asked for, if the grantor agreed to something longer or shorter."""
    if (agreed.length, agreed.until) == (delegation.length, delegation.until):
        return None
    return Asked(now, delegation.length, delegation.until)


def _agreed(delegation: Delegation, span: Span | None, now: datetime) -> Span:
    starts = delegation.starts_at
    if span is None:
        return Span(length=delegation.length, until=delegation.until, starts=starts)
    names_start = span.starts is not None or span.is_at_once
    if not names_start and starts is not None and starts > now:
        return replace(span, starts=starts)
    return span
