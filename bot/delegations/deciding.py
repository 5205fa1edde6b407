"""The grantor's answers to a request: approve, deny, or later."""

from dataclasses import replace
from datetime import datetime

from bot.delegations.asking import last_start
from bot.delegations.people.departures import decided
from bot.desk import Actor, Desk, as_grantor, change, check_known, check_span, only_in
from bot.refusals import LapsesBefore, Refused
from bot.store import Store
from bot.times.span import Span
from models.delegation import Delegation, Event, State
from models.policy import REASON_LIMIT, Refusal
from models.reminders import snoozed_until


async def approve(
    desk: Desk, actor: Actor, delegation_id: str, span: Span | None = None
) -> Delegation:
    """The grantor says yes, as asked or for another time. Raises NotYours, Settled, Refused.

    Another time that names no start of its own leaves the start that was asked for. If one of the
    people is known to have left, that is carried out instead.
    """

    def decide(store: Store) -> Delegation:
        delegation = as_grantor(store, actor, delegation_id)
        only_in(delegation, State.REQUESTED)
        d = delegation
        check_known(desk, d.team_id, d.grantor_id, d.grantee_id, d.requester_id)
        now = desk.now()
        agreed = _agreed(delegation, span, now)
        if span is not None:
            check_span(desk, agreed, now=now)
        return store.delegations.apply(
            delegation,
            Event.APPROVE,
            now=now,
            actor=actor.user_id,
            starts_at=agreed.starts,
            length=agreed.length,
            until=agreed.until,
            decided_at=now,
            remind_at=None,
            lapses_at=last_start(desk, agreed, now),
        )

    return await decided(desk, actor, decide)


async def deny(desk: Desk, actor: Actor, delegation_id: str, note: str = "") -> Delegation:
    """The grantor says no, perhaps with a word why. Raises NotYours, Settled, Refused."""
    if len(note) > REASON_LIMIT:
        raise Refused(Refusal.REASON_TOO_LONG)

    def decide(store: Store) -> Delegation:
        delegation = as_grantor(store, actor, delegation_id)
        only_in(delegation, State.REQUESTED)
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


async def snooze(desk: Desk, actor: Actor, delegation_id: str) -> Delegation:
    """The grantor wants to be reminded on the next working day.

    Raises NotYours, Settled, and LapsesBefore when that would be too late.
    """

    def decide(store: Store) -> Delegation:
        delegation = as_grantor(store, actor, delegation_id)
        only_in(delegation, State.REQUESTED)
        now = desk.now()
        remind_at = snoozed_until(now, delegation.grantor_zone)
        if remind_at >= delegation.lapses_at:
            raise LapsesBefore(delegation)
        return store.delegations.apply(
            delegation, Event.SNOOZE, now=now, actor=actor.user_id, remind_at=remind_at
        )

    return await change(desk, decide)


def _agreed(delegation: Delegation, span: Span | None, now: datetime) -> Span:
    starts = delegation.starts_at
    if span is None:
        return Span(length=delegation.length, until=delegation.until, starts=starts)
    if span.starts is None and starts is not None and starts > now:
        return replace(span, starts=starts)
    return span
