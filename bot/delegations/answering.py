"""The grantor's answers to a request."""

from datetime import timedelta
from typing import Any

from bot.delegations.asking import last_start
from bot.delegations.base import Actor, Base
from bot.refusals import Refused
from bot.spans import Span
from bot.store import Store
from models.delegation import Delegation, Event, State
from models.policy import REASON_LIMIT, Refusal
from models.reminders import next_working_moment

SNOOZE = timedelta(hours=24)


class Answering(Base):
    """Approve, deny, or later."""

    async def approve(
        self, actor: Actor, delegation_id: str, span: Span | None = None
    ) -> Delegation:
        """The grantor says yes, as asked or for another time. Raises NotYours, Settled, Refused."""
        if span is not None:
            self._check_span(span, now=self._now())

        def decide(store: Store) -> Delegation:
            delegation = self._as_grantor(store, actor, delegation_id)
            self._only_in(delegation, State.REQUESTED)
            agreed = span or Span(
                length=delegation.length, until=delegation.until, starts=delegation.starts_at
            )
            now = self._now()
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
                lapses_at=last_start(agreed, now, self._policy.pending_ttl),
            )

        return await self._change(decide)

    async def deny(self, actor: Actor, delegation_id: str, note: str = "") -> Delegation:
        """The grantor says no, perhaps with a word why. Raises NotYours, Settled, Refused."""
        if len(note) > REASON_LIMIT:
            raise Refused(Refusal.REASON_TOO_LONG)

        def decide(store: Store) -> Delegation:
            delegation = self._as_grantor(store, actor, delegation_id)
            self._only_in(delegation, State.REQUESTED)
            now = self._now()
            return store.delegations.apply(
                delegation, Event.DENY, now=now, actor=actor.user_id, note=note, **over(actor, now)
            )

        return await self._change(decide)

    async def snooze(self, actor: Actor, delegation_id: str) -> Delegation:
        """The grantor wants to be reminded a day later. Raises NotYours and Settled."""

        def decide(store: Store) -> Delegation:
            delegation = self._as_grantor(store, actor, delegation_id)
            self._only_in(delegation, State.REQUESTED)
            now = self._now()
            return store.delegations.apply(
                delegation,
                Event.SNOOZE,
                now=now,
                actor=actor.user_id,
                remind_at=next_working_moment(now + SNOOZE, delegation.grantor_zone),
            )

        return await self._change(decide)


def over(actor: Actor, now: Any) -> dict[str, Any]:
    """What is written down when a person ends something."""
    return {"closed_by": actor.user_id, "ended_at": now}
