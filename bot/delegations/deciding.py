"""The answers to a request: approve, deny, or, by the grantor alone, later.

Whoever the grantor has named may answer in their place (bot/delegations/who_answers.py). Each
answers what its ``seen`` is the mark of (``models.mark``), and nothing else.
"""

from dataclasses import replace
from datetime import datetime

from bot.delegations.asking import seconds
from bot.delegations.who_answers import (
    Answering,
    agreed,
    answering,
    check_rules,
    check_within,
    in_place,
)
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
from models.deputy import Deputy
from models.mark import mark_of
from models.policy import REASON_LIMIT, Refusal
from models.reminders import snoozed_until


async def answerable(desk: Desk, actor: Actor, delegation_id: str, seen: str) -> Answering:
    """A request that still waits for the actor's answer; nothing is changed.

    Raises NotKnown, NotYours, DeputyNoMore, Settled and Changed.
    """
    return await look(desk, lambda store: _asked_of(desk, store, actor, delegation_id, seen))


async def approve(
    desk: Desk,
    actor: Actor,
    delegation_id: str,
    seen: str,
    span: Span | None = None,
    note: str = "",
) -> Delegation:
    """A yes, as asked or for another time, perhaps with a word to it. Raises as
    :func:`answerable`, Refused, ConfirmFirst and NotForDeputies.

    Another time that names no start of its own leaves the start that was asked for. If one of the
    people is known to have left, that is carried out instead. Where a rule asks for a second yes,
    it waits for that.
    """
    check_note(note)

    def decide(store: Store) -> Delegation:
        delegation, deputy = _asked_of(desk, store, actor, delegation_id, seen)
        return approved(desk, store, actor, delegation, span, note, deputy=deputy)

    return await agreed(desk, actor, delegation_id, decide)


def asked(desk: Desk, store: Store, actor: Actor, delegation_id: str, seen: str) -> Delegation:
    """The row under lock, if it waits for the answer of the actor, who is its grantor; raises as
    :func:`answerable`."""
    delegation = as_grantor(store, actor, delegation_id)
    _check_waits(desk, delegation)
    check_seen(delegation, seen)
    return delegation


def _asked_of(desk: Desk, store: Store, actor: Actor, delegation_id: str, seen: str) -> Answering:
    """The same of whoever may answer."""
    delegation, deputy = answering(desk, store, actor, delegation_id)
    _check_waits(desk, delegation)
    check_seen(delegation, seen, deputy)
    return Answering(delegation, deputy)


def _check_waits(desk: Desk, delegation: Delegation) -> None:
    only_unanswered(delegation, desk.now())
    if delegation.agreed_at is not None:
        raise Settled(delegation)


def approved(
    desk: Desk,
    store: Store,
    actor: Actor,
    delegation: Delegation,
    span: Span | None = None,
    note: str = "",
    *,
    deputy: Deputy | None = None,
) -> Delegation:
    """The same within a transaction that holds the row; raises Refused and NotForDeputies."""
    d = delegation
    check_known(desk, d.team_id, d.grantor_id, d.grantee_id, d.requester_id)
    now = desk.now()
    agreed_to = _agreed(delegation, span, now)
    check = check_still_fits if span is None else check_span
    ruled = verdict(desk, d.grantor_id, d.grantee_id)
    check_rules(desk, ruled, deputy)
    check(ruled, agreed_to, now=now)
    if deputy is None:
        wanted = {"id": d.id, "seen": mark_of(d), "span": write_span(span) if span else ""}
        confirms = {"do": "approve", "grantees": [d.grantee_id], "note": note, **wanted}
        check_proven(desk, actor, agreed_to, confirms, now=now)
    else:
        check_within(desk, ruled, deputy, agreed_to, since=None, now=now)
    last = None if deputy is None else deputy.until
    lapses_at = before(last, last_start(desk, agreed_to, now))
    event, changes = Event.APPROVE, {"decided_at": now, "lapses_at": lapses_at}
    if ruled.second is not None:
        lapses_at = before(last, before(agreed_to.until, now + desk.policy.pending_ttl))
        event = Event.AGREE
        changes = {"agreed_at": now, "lapses_at": lapses_at, **seconds(ruled.second)}
    return store.delegations.apply(
        delegation,
        event,
        now=now,
        actor=actor.user_id,
        starts_at=agreed_to.starts,
        length=agreed_to.length,
        until=agreed_to.until,
        note=note,
        asked=_asked(delegation, agreed_to, now),
        remind_at=None,
        reminders=0,
        **in_place(store, d, deputy, now=now),
        **changes,
    )


async def deny(
    desk: Desk, actor: Actor, delegation_id: str, seen: str, note: str = ""
) -> Delegation:
    """A no, perhaps with a word why. Raises as :func:`answerable`, Refused."""
    check_note(note)

    def decide(store: Store) -> Delegation:
        d, deputy = _asked_of(desk, store, actor, delegation_id, seen)
        check_rules(desk, verdict(desk, d.grantor_id, d.grantee_id), deputy)
        now = desk.now()
        return store.delegations.apply(
            d,
            Event.DENY,
            now=now,
            actor=actor.user_id,
            note=note,
            closed_by=actor.user_id,
            ended_at=now,
            **in_place(store, d, deputy, now=now),
        )

    return await agreed(desk, actor, delegation_id, decide)


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
